"""The public surface, found by introspection, with valid arguments for each of its callables.

A new public name is found here without being listed. What may be missing is a value for a
required parameter of a name that is new: `NeedsValue` then says what to add to `VALUES`.
"""

import inspect
from dataclasses import dataclass, is_dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import MappingProxyType, ModuleType
from typing import is_typeddict

import numpy as np
import pytest

import mlp
import mlp.sklearn
from mlp.core import Activation, Initializer, Layer, Loss, Penalty
from mlp.core.arrays import Workspace
from mlp.studies.tabular.reading import open_data
from mlp.training.callbacks.base import Saver

X = np.linspace(-1.0, 1.0, 18).reshape(6, 3)
Y = np.array([0, 1, 1, 0, 1, 0])
OUTPUTS = np.array([[0.9, 0.1], [0.2, 0.8]] * 3)

# The package calls these on objects that it is given: activations, layers, callbacks and so on.
# Their arguments are the package's own.
BASES = (Workspace, Activation, Layer, Loss, Initializer, Penalty, mlp.Metric, mlp.Callback, Saver)
HOOKS = {name for base in BASES for name in vars(base) if not name.startswith("_")}


class NeedsValue(LookupError):
    """A required parameter has no value here."""


def network():
    return mlp.MLP.from_sizes([3, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)


def trainer():
    return mlp.Trainer(network(), mlp.SGD(0.1))


def member_layers():
    layers = [mlp.core.SharedDense(2, 3, 4), mlp.core.MemberDense(2, 4, 1)]
    return mlp.MLP(layers, seed=0).layers


def ensemble():
    return mlp.Ensemble(network(), 2, rows="folds")


def named_columns():
    return {name: column.copy() for name, column in zip("abc", X.T, strict=True)}


def tabular_model():
    from mlp.studies.table_model import TableModel

    inputs = mlp.tables.InputEncoder(["a", "b", "c"], gaps=[])
    target = mlp.tables.ClassTarget("y", mlp.tables.Labels(("0", "1")))
    return TableModel(ensemble(), inputs, target, [], [], mlp.tables.Dialect())


def tabular():
    return mlp.TabularModel(tabular_model(), "quick", 0, ["done"], {})


def tabular_estimator(kind):
    return kind("quick").fit(X, Y)


def history():
    return trainer().fit(X, Y)


def sweep_result():
    return mlp.learning_rate_sweep(network(), X, Y, [0.1, 0.2], epochs=2)


def sweep_runs():
    return mlp.sweep(network(), X, Y, {"lr": [0.1, 0.2]}, epochs=2)


def finder_result():
    return mlp.find_learning_rate(network(), np.tile(X, (20, 1)), np.tile(Y, 20), steps=60)


def step():
    return mlp.trace(network(), X[0], [1.0, 0.0])


def recorder():
    found = mlp.LayerRecorder(X)
    mlp.Trainer(network(), callbacks=[found]).fit(X, Y)
    return found


def weight_recorder():
    found = mlp.WeightRecorder()
    mlp.Trainer(network(), callbacks=[found]).fit(X, Y)
    return found


def batches():
    rows = mlp.training.data.Rows(X, 3, X.dtype)
    return mlp.training.Batches(rows, Y, None, n_out=2, batch_size=2, shuffle=True)


def table():
    numbers = np.arange(18.0).reshape(6, 3)
    return mlp.tables.Table.from_arrays(numbers, Y.astype(str), "a table", ["a", "b", "c"])


class Frame:
    """A frame as polars makes it."""

    columns = ("a", "b")
    shape = (2, 2)

    def __len__(self):
        return 2

    def to_series(self, i):
        return self

    def to_numpy(self):
        return np.array([0.5, 1.5])


def encoder():
    return mlp.tables.InputEncoder.fit(table(), ["a", "b"], np.arange(6))


def file(name, content):
    path = Path(name).resolve()
    path.write_text(content, encoding="utf-8")
    return path


def model_file():
    network().save("model.npz")
    return "model.npz"


def archive_file():
    mlp.files.write_archive("archive.npz", "numbers", 1, {"odd": X})
    return "archive.npz"


def checkpoint_file():
    mlp.Trainer(network(), mlp.SGD(0.1), callbacks=[mlp.Checkpoint("run.npz")]).fit(X, Y)
    return "run.npz"


def data_file():
    np.savez("data.npz", X=X, y=Y)
    return "data.npz"


def sklearn_estimator():
    pytest.importorskip("sklearn", reason="scikit-learn is missing")
    return mlp.export.to_sklearn(network())


def torch_module():
    pytest.importorskip("torch", reason="PyTorch is missing")
    return network().to_torch()


def safetensors_file():
    mlp.export.to_safetensors(network(), "net.safetensors")
    return "net.safetensors"


def onnx_file():
    pytest.importorskip("onnx", reason="onnx is missing")
    mlp.export.to_onnx(network(), "net.onnx")
    return "net.onnx"


def theta():
    return np.ones(4)


def estimator(kind):
    return kind([4], activation="tanh", tol=1e9, n_iter_no_change=1, random_state=0).fit(X, Y)


def classifier():
    return estimator(mlp.sklearn.MLPClassifier)


def regressor():
    return estimator(partial(mlp.sklearn.MLPRegressor, "mse"))


def estimator_file(fitted):
    fitted.save("estimator.npz")
    return "estimator.npz"


def csv_file():
    return file("table.csv", "a,b,c\n1,2,3\n4,5,6\n")


# A value for each required parameter: under its own name, or under the last parts of the names
# of its callable. Optional parameters are left at their defaults, unless they are listed.
VALUES = {
    "K": lambda: 2,
    "members": lambda: 2,
    "n_rows": lambda: 6,
    "nets": lambda: [network()],
    "X": lambda: X.copy(),
    "Y": lambda: Y.copy(),
    "activation": lambda: "relu",
    "batch_size": lambda: 2,
    "codes": lambda: np.array([0, 1, 0]),
    "column": lambda: "a",
    "columns": lambda: ["a"],
    "dtype": lambda: "float32",
    "epochs": lambda: 1,
    "fraction": lambda: 0.5,
    "gamma": lambda: 0.5,
    "grad": theta,
    "history": history,
    "index": lambda: 0,
    "k": lambda: 1,
    "kind": lambda: "numbers",
    "labels": lambda: mlp.tables.Labels(("0", "1")),
    "layers": lambda: [mlp.Dense(3, 2)],
    "lr": lambda: 0.1,
    "lr_max": lambda: 0.1,
    "matrix": lambda: np.array([[3, 1], [0, 2]]),
    "n": lambda: 6,
    "n_in": lambda: 3,
    "n_out": lambda: 2,
    "name": lambda: "a",
    "from_arrays.names": lambda: ["a", "b", "c"],
    "names": lambda: ["a", "b"],
    "net": network,
    "network": network,
    "outputs": lambda: OUTPUTS.copy(),
    "path": lambda: "written",
    "rate": lambda: 0.5,
    "rates": lambda: np.array([0.1, 0.2]),
    "reason": lambda: "a reason",
    "record": recorder,
    "rng": lambda: np.random.default_rng(0),
    "rows": lambda: np.arange(6),
    "schedule": lambda: mlp.optim.Constant(0.1),
    "shuffle": lambda: True,
    "sizes": lambda: [3, 2],
    "source": lambda: "a table",
    "step": lambda: 0,
    "step_size": lambda: 2,
    "steps": lambda: 4,
    "t": lambda: [1.0, 0.0],
    "table": table,
    "targets": lambda: Y.copy(),
    "theta": theta,
    "trace": step,
    "trainer": trainer,
    "version": lambda: 1,
    "versions": lambda: [1],
    "wanted": lambda: ["a"],
    "weight": lambda: None,
    "words": lambda: ["0", "1", "1"],
    "x": lambda: X[0].copy(),
    "y": lambda: Y.copy(),
    "Batches.X": lambda: mlp.training.data.Rows(X, 3, X.dtype),
    "Batches.rest.done": lambda: 0,
    "CSVFile.path": csv_file,
    "CSVFile.find.columns": lambda: ["a"],
    "CSVFile.refer.columns": lambda: [0],
    "CellError.with_remedies.remedies": list,
    "Dataset.n_classes": lambda: 2,
    "MLP.replica.k": lambda: 1,
    "MLPClassifier.load.path": lambda: estimator_file(classifier()),
    "MLPRegressor.load.path": lambda: estimator_file(regressor()),
    "SweepResult.network.rate_index": lambda: 0,
    "Table.words.name": lambda: "y",
    "codes.name": lambda: "y",
    "from_frame.frame": Frame,
    "known_codes.name": lambda: "y",
    "match.also": list,
    "match.source": lambda: "a table",
    "plot_decision_boundary.X": lambda: X[:, :2].copy(),
    "plot_decision_boundary.net": lambda: mlp.MLP.from_sizes([2, 3, 1], seed=0),
    "plot_layers.record": lambda: recorder().record,
    "plot_weights.shape": lambda: (1, 3),
    "ClassTarget.names": lambda: ("target",),
    "Dialect.from_dict.saved": lambda: mlp.tables.Dialect().to_dict(),
    "History.from_json.source": lambda: history().to_json(),
    "History.from_tree.tree": lambda: history().to_tree(),
    "History.replace_by.other": history,
    "InputEncoder.categories": dict,
    "InputEncoder.from_dict.saved": lambda: encoder().to_dict(),
    "InputEncoder.numbers": lambda: ["a"],
    "InputEncoder.standardizer": lambda: None,
    "InputEncoder.fill": lambda: None,
    "LayerRecord.from_json.source": lambda: recorder().record.to_json(),
    "LayerRecord.widths": lambda: [4, 2],
    "LayerRecord.names": lambda: ["dense", "dense"],
    "Parameter.initial": lambda: np.zeros,
    "Parameter.shape": lambda: (2,),
    "Parameter.check.place": lambda: "a place",
    "Parameter.check.values": theta,
    "RobustScaler.mean": lambda: np.zeros(3),
    "RobustScaler.scale": lambda: np.ones(3),
    "RobustScaler.from_moments.mean": lambda: np.zeros(3),
    "RobustScaler.from_moments.scale": lambda: np.ones(3),
    "Standardizer.mean": lambda: np.zeros(3),
    "Standardizer.scale": lambda: np.ones(3),
    "Standardizer.from_moments.mean": lambda: np.zeros(3),
    "Standardizer.from_moments.scale": lambda: np.ones(3),
    "NumberTarget.standardizer": lambda: None,
    "SweepRuns.best_by.name": lambda: "loss",
    "SweepRuns.from_json.source": lambda: sweep_runs().to_json(),
    "Table.columns": lambda: {"a": np.ones(3)},
    "Table.lines": lambda: np.arange(3),
    "Table.place.row": lambda: 0,
    "Trainer.resume.epochs": lambda: 2,
    "Trainer.resume.path": checkpoint_file,
    "TrainingDiverged.batch": lambda: 1,
    "TrainingDiverged.epoch": lambda: 1,
    "TrainingDiverged.layer": lambda: "a layer",
    "View.doc": lambda: "",
    "View.key": lambda: "W",
    "View.kind": lambda: "params",
    "datasets.load.name": lambda: "xor",
    "find_learning_rate.steps": lambda: 10,
    "from_onnx.path": onnx_file,
    "from_safetensors.path": safetensors_file,
    "from_sklearn.estimator": sklearn_estimator,
    "from_torch.module": torch_module,
    "learning_rate_sweep.epochs": lambda: 2,
    "sweep.epochs": lambda: 2,
    "sweep.parameters": lambda: {"lr": [0.1, 0.2]},
    "load.path": model_file,
    "PiecewiseLinear.knots": lambda: [[0.0, 1.0]],
    "of_quantiles.bins": lambda: 4,
    "pool.outputs": lambda: np.stack([OUTPUTS, OUTPUTS]),
    "load_state_dict.tensors": lambda: mlp.export.state_dict(network()),
    "load_example.name": lambda: "mazur",
    "load_state_dict.saved": lambda: {"steps": 0, "state": {}},
    "make_activation.spec": lambda: "relu",
    "make_initializer.spec": lambda: "zeros",
    "make_loss.spec": lambda: "mse",
    "make_metric.spec": lambda: "mae",
    "make_optimizer.spec": lambda: "adam",
    "make_schedule.name": lambda: "cosine",
    "open_table.path": csv_file,
    "optimizer_from_config.config": lambda: mlp.Adam(0.1).config(),
    "plot_learning_rate_finder.result": finder_result,
    "plot_learning_rates.result": sweep_result,
    "plot_sweep.runs": sweep_runs,
    "read_frame.path": csv_file,
    "read_archive.path": archive_file,
    "read_csv.path": csv_file,
    "read_model.path": model_file,
    "read_safetensors.path": safetensors_file,
    "read_npz.path": data_file,
    "rebuild.content": lambda: mlp.files.describe(network()),
    "save_figure.ax_or_fig": mlp.plotting.new_axes,
    "save_figure.path": lambda: "figure.svg",
    "save_animation.frames": lambda: [recorder().plot] * 2,
    "save_animation.path": lambda: "frames.gif",
    "WeightRecorder.animate.path": lambda: "epochs.gif",
    "WeightRecorder.animate.plot": lambda: mlp.plotting.plot_network,
    "schedule_from_config.config": lambda: mlp.optim.Constant(0.1).config(),
    "target_from_dict.saved": lambda: mlp.tables.ClassTarget(
        "y", mlp.tables.Labels(("0", "1"))
    ).to_dict(),
    "tabular.data": lambda: ({"a": X[:, 0], "b": X[:, 1]}, np.array([*"abbaba"])),
    "tabular.effort": lambda: "quick",
    "TabularModel.model": tabular_model,
    "TabularModel.effort": lambda: "quick",
    "TabularModel.seed": lambda: 0,
    "TabularModel.lines": lambda: ["done"],
    "TabularModel.split": dict,
    "TabularModel.evaluate.data": lambda: named_columns() | {"y": [*"010101"]},
    "TabularModel.score.data": lambda: named_columns() | {"y": [*"010101"]},
    "TabularModel.predict.data": named_columns,
    "TabularModel.predict_proba.data": named_columns,
    "TabularModel.predict_spread.data": named_columns,
    "read_mixed.reader": lambda: open_data(named_columns()),
    "read_mixed.targets": lambda: ["c"],
    "theme.name": lambda: "dark",
    "with_columns.columns": lambda: {"a": np.ones(6)},
    "with_numbers.name": lambda: "y",
    "with_task.targets": lambda: ["y"],
    "write_archive.content": lambda: {"odd": X},
}

# Objects with methods, for a class or for one method; by default, the class is called with the
# values above.
OBJECTS = {
    mlp.MLP: network,
    mlp.core.SharedDense: lambda: member_layers()[0],
    mlp.core.MemberDense: lambda: member_layers()[1],
    mlp.Ensemble: ensemble,
    mlp.MLP.replica: lambda: network().replicate(2),
    mlp.Trainer: trainer,
    mlp.History: history,
    mlp.sklearn.MLPClassifier: classifier,
    mlp.sklearn.MLPRegressor: regressor,
    mlp.sklearn.TabularClassifier: lambda: tabular_estimator(mlp.sklearn.TabularClassifier),
    mlp.sklearn.TabularRegressor: lambda: tabular_estimator(mlp.sklearn.TabularRegressor),
    mlp.TabularModel: tabular,
    mlp.LayerRecorder: recorder,
    mlp.WeightRecorder: weight_recorder,
    mlp.studies.FinderResult: finder_result,
    mlp.studies.SweepResult: sweep_result,
    mlp.SweepRuns: sweep_runs,
    mlp.studies.Trace: step,
    mlp.tables.InputEncoder: encoder,
    mlp.tables.Table: table,
    mlp.tables.ClassTarget: lambda: mlp.tables.target_from_dict(VALUES["target_from_dict.saved"]()),
    mlp.tables.NumberTarget: lambda: mlp.tables.NumberTarget(
        ["a", "b"], mlp.tables.Standardizer(np.zeros(2), np.ones(2))
    ),
    mlp.tables.CellError: lambda: mlp.tables.CellError("what", "a", is_missing=False),
    mlp.tables.Remedy: lambda: mlp.tables.Remedy("text", ["a"], "reads words"),
    mlp.tables.TableError: lambda: mlp.tables.TableError("what"),
    mlp.tables.Labels: lambda: mlp.tables.Labels(("0", "1")),
    mlp.tables.CSVFile: lambda: mlp.tables.CSVFile(csv_file()),
    mlp.datasets.Dataset: mlp.datasets.xor,
    mlp.training.Batches: batches,
    mlp.training.LayerRecord: lambda: recorder().record,
}


@dataclass(frozen=True)
class Call:
    """A public callable: a function, a class, or a method of a class."""

    name: str
    function: object
    owner: type | None = None

    @property
    def parameters(self):
        found = inspect.signature(self.function).parameters.values()
        return [p for p in found if p.name not in ("self", "cls") and p.kind != p.VAR_KEYWORD]

    @property
    def documented(self):
        """The text that names exceptions other than ValueError and TypeError."""
        docs = [inspect.getdoc(self.function), self.owner and inspect.getdoc(self.owner)]
        return " ".join(filter(None, docs))

    def value(self, parameter):
        parts = [*self.name.split("."), parameter.name]
        for start in range(len(parts)):
            if ".".join(parts[start:]) in VALUES:
                return VALUES[".".join(parts[start:])]
        if parameter.default is not parameter.empty:
            return None
        key = ".".join(parts[-2:])
        raise NeedsValue(f'add a valid value to VALUES in tests/surface.py: "{key}": lambda: ...')

    def arguments(self):
        """Return fresh valid arguments: those without a default, and those that are listed."""
        values = {p.name: self.value(p) for p in self.parameters if p.kind != p.VAR_POSITIONAL}
        optional = {p.name for p in self.parameters if p.default is not p.empty}
        qualified = {p for p in optional if ".".join((*self.name.split(".")[-1:], p)) in VALUES}
        return {p: v() for p, v in values.items() if v and (p not in optional or p in qualified)}

    def on_fresh_object(self):
        """Return what is called, of an object of its own."""
        is_bound = self.owner is None or isinstance(
            inspect.getattr_static(self.owner, self.function.__name__), classmethod | staticmethod
        )
        if is_bound:
            return self.function
        if self.function in OBJECTS or self.owner in OBJECTS:
            owner = OBJECTS.get(self.function, OBJECTS.get(self.owner))()
        else:
            owner = self.owner(**Call(name_of(self.owner), self.owner).arguments())
        return getattr(owner, self.function.__name__)


def name_of(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def is_record(thing):
    """Whether objects of a class are results, which only the package makes and nothing checks."""
    is_plain = is_dataclass(thing) and not hasattr(thing, "__post_init__")
    return is_plain or issubclass(thing, tuple | BaseException) or thing.__name__.endswith("Result")


def namespaces():
    yield mlp
    for found in walk_packages(mlp.__path__, "mlp."):
        is_private = any(part.startswith("_") or part == "cli" for part in found.name.split("."))
        if (found.ispkg or found.name == "mlp.files") and not is_private:
            yield import_module(found.name)


def surface():
    """Return every public callable, by name."""
    calls = {}
    for namespace in namespaces():
        for name in namespace.__all__:
            thing = getattr(namespace, name)
            if isinstance(thing, ModuleType) or not callable(thing):
                continue
            if getattr(thing, "__module__", "").partition(".")[0] != "mlp":
                continue
            for call in of_thing(thing):
                calls[call.name] = call
    return dict(sorted(calls.items()))


def of_thing(thing):
    if not inspect.isclass(thing):
        yield Call(name_of(thing), thing)
        return
    if is_typeddict(thing) or getattr(thing, "_is_protocol", False):
        return  # a type for annotations
    if inspect.isabstract(thing):
        return
    if not is_record(thing):
        yield Call(name_of(thing), thing)
    for name in dir(thing):
        method = getattr(thing, name)
        is_own = getattr(method, "__module__", None) and method.__module__.startswith("mlp")
        if name.startswith("_") or name in HOOKS or not callable(method) or not is_own:
            continue
        yield Call(f"{name_of(thing)}.{name}", method, thing)


SURFACE = MappingProxyType(surface())
