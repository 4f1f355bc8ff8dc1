"""What the settings stand for: data, network and trainer, and the script that makes the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core import MLP, ActivationLayer, BatchNorm, Dense, Dropout, Layer, LayerNorm
from mlp.datasets import Dataset, circles, load_digits, moons, spirals, split_rows, xor
from mlp.optim import Optimizer, make_optimizer
from mlp.playground.settings import Settings
from mlp.studies.examples import Example, load_example
from mlp.tables import Standardizer
from mlp.training import Trainer


@dataclass(frozen=True, eq=False)
class Task:
    """The data of a run.

    Attributes
    ----------
    X, Y : ndarray
        The inputs ``(n, n_in)`` and the targets in the form that the loss expects.
    y : ndarray (n,)
        The class numbers, or the numbers to predict.
    held_out : tuple of X, Y, y, or None
        The rows that are not trained on.
    classes : tuple of str
        Empty if the targets are numbers.
    columns : tuple of str
        The names of the inputs.
    n_out : int
        The outputs that the network needs.
    example : Example or None
        The worked example that it belongs to.
    """

    X: NDArray[Any]
    Y: NDArray[Any]
    y: NDArray[Any]
    held_out: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    n_out: int
    example: Example | None = None


def make_task(settings: Settings) -> Task:
    """Return the data that the settings describe.

    Raises
    ------
    ValueError
        If the rows cannot be split as asked.
    """
    if settings.example:
        example = load_example(settings.example)
        columns = tuple(f"x{i + 1}" for i in range(example.x.shape[1]))
        y, n_out = example.t[:, 0], example.t.shape[1]
        return Task(example.x, example.t, y, None, (), columns, n_out, example)
    X, y, classes, columns = _read(settings)
    n_out = _n_out(settings, len(classes))
    Y = np.eye(n_out)[y] if _is_one_hot(settings, n_out) else y
    if not settings.held_out:
        return Task(X, Y, y, None, classes, columns, n_out)
    labels: NDArray[Any] | None = y if classes else None
    rows, others = split_rows(len(X), settings.held_out, settings.seed, labels)
    held_out = X[others], Y[others], y[others]
    return Task(X[rows], Y[rows], y[rows], held_out, classes, columns, n_out)


def _read(
    settings: Settings,
) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...], tuple[str, ...]]:
    """Return inputs, targets, and the names of classes and columns."""
    if settings.data == "regression":
        X = np.linspace(-1.0, 1.0, settings.n)[:, np.newaxis]
        rng = np.random.default_rng(settings.seed)
        y: NDArray[Any] = np.sin(np.pi * X[:, 0]) + settings.noise * rng.standard_normal(settings.n)
        return X, y, (), ("x",)
    if settings.rows is not None:
        rows = settings.rows
        X = np.array(rows.X)
        y = np.array(rows.y, dtype=np.int64 if rows.classes else np.float64)
        if rows.standardize:
            X = Standardizer.fit(X).transform(X)
            if not rows.classes:
                y = Standardizer.fit(y[:, np.newaxis]).transform(y[:, np.newaxis])[:, 0]
        return X, y, rows.classes, rows.columns
    data = _draw(settings)
    classes = tuple(map(str, range(data.n_classes)))
    return data.X, data.y, classes, data.feature_names


def _draw(settings: Settings) -> Dataset:
    n, noise, seed = settings.n, settings.noise, settings.seed
    if settings.data == "digits":
        return load_digits()
    if settings.data == "spirals":
        return spirals(n // 2, noise=noise, seed=seed)
    return {"xor": xor, "moons": moons, "circles": circles}[settings.data](
        n, noise=noise, seed=seed
    )


def _n_out(settings: Settings, n_classes: int) -> int:
    is_one = n_classes <= 2 and settings.output != "softmax" and settings.loss != "cross_entropy"
    return 1 if is_one else max(n_classes, 1)


def _is_one_hot(settings: Settings, n_out: int) -> bool:
    return n_out > 1 and settings.loss != "cross_entropy"


def make_network(settings: Settings, task: Task) -> MLP:
    """Return the network of the settings with its first weights.

    Raises
    ------
    ValueError
        If the output and the loss do not go together.
    """
    if task.example is not None:
        return load_example(task.example.name).network
    layers = [_LAYERS[name](*given, **options) for name, given, options in _recipe(settings, task)]
    return MLP(layers, settings.loss, seed=settings.seed)


_LAYERS: dict[str, Callable[..., Layer]] = {
    "Dense": Dense,
    "BatchNorm": BatchNorm,
    "LayerNorm": LayerNorm,
    "ActivationLayer": ActivationLayer,
    "Dropout": Dropout,
}


def _recipe(
    settings: Settings, task: Task
) -> Iterator[tuple[str, tuple[Any, ...], dict[str, bool]]]:
    """Yield name, arguments and options of each layer, for the network and for its script."""
    n_in, normalization = task.X.shape[1], settings.normalization
    for units, activation in settings.hidden:
        if normalization == "none":
            yield "Dense", (n_in, units, activation), {}
        else:
            # the shift of a BatchNorm does what a bias before it would do
            yield "Dense", (n_in, units), {} if normalization == "layer" else {"bias": False}
            yield {"batch": "BatchNorm", "layer": "LayerNorm"}[normalization], (), {}
            yield "ActivationLayer", (activation,), {}
        if settings.dropout:
            yield "Dropout", (settings.dropout,), {}
        n_in = units
    yield "Dense", (n_in, task.n_out, settings.output), {}


def _as_code(name: str, given: tuple[Any, ...], options: dict[str, bool]) -> str:
    arguments = [f'"{value}"' if isinstance(value, str) else repr(value) for value in given]
    arguments += [f"{key}={value!r}" for key, value in options.items()]
    return f"mlp.{name}({', '.join(arguments)})"


def make_step(settings: Settings) -> Optimizer:
    """Return the optimizer of the settings."""
    return make_optimizer(settings.optimizer, lr=settings.lr)


def make_trainer(settings: Settings, net: MLP) -> Trainer:
    """Return the trainer of the settings."""
    return Trainer(
        net,
        make_step(settings),
        batch_size=settings.batch_size or None,
        seed=settings.seed,
        l1=settings.l1,
        l2=settings.l2,
    )


def script(settings: Settings, epochs: int, model: str = "") -> str:
    """Return a Python script that trains the same network and prints the same loss.

    Parameters
    ----------
    settings : Settings
        All of them are written out as numbers and known names.
    epochs : int
        How long it trains.
    model : str
        The file that training starts from, if not from the first weights.
    """
    task = make_task(settings)
    lines = ["import mlp", ""]
    if settings.data in ("regression", "rows") or _is_one_hot(settings, task.n_out):
        lines.insert(0, "import numpy as np")
    if settings.example:
        lines += [
            f'example = mlp.examples.load_example("{settings.example}")',
            "X, y, net = example.x, example.t, example.network",
        ]
    else:
        lines += [*_data_lines(settings, task), ""]
        lines += ["net = mlp.MLP(", "    ["]
        lines += [f"        {_as_code(*layer)}," for layer in _recipe(settings, task)]
        lines += ["    ],", f'    loss="{settings.loss}",', f"    seed={settings.seed},", ")"]
    if model:
        lines.append(f'net = mlp.load("{model}")  # the file that the page has read or written')
    lines += [
        "trainer = mlp.Trainer(",
        "    net,",
        f"    mlp.{make_step(settings)!r},",
        f"    batch_size={settings.batch_size or None},",
        f"    seed={settings.seed},",
        f"    l1={settings.l1!r},",
        f"    l2={settings.l2!r},",
        ")",
    ]
    held_out = ", validation=(X_val, y_val)" if settings.held_out and not settings.example else ""
    lines.append(f"history = trainer.fit(X, y, epochs={epochs}{held_out})")
    lines.append('print("loss:", net.evaluate(X, y, penalty=trainer.penalty))')
    return "\n".join(lines) + "\n"


def _data_lines(settings: Settings, task: Task) -> list[str]:
    n, noise, seed, rows = settings.n, settings.noise, settings.seed, settings.rows
    lines = {
        "xor": [f"X, y = mlp.datasets.xor({n}, noise={noise!r}, seed={seed})"],
        "moons": [f"X, y = mlp.datasets.moons({n}, noise={noise!r}, seed={seed})"],
        "circles": [f"X, y = mlp.datasets.circles({n}, noise={noise!r}, seed={seed})"],
        "spirals": [f"X, y = mlp.datasets.spirals({n // 2}, noise={noise!r}, seed={seed})"],
        "digits": ["X, y = mlp.datasets.load_digits()"],
        "regression": [
            f"rng = np.random.default_rng({seed})",
            f"X = np.linspace(-1.0, 1.0, {n})[:, np.newaxis]",
            f"y = np.sin(np.pi * X[:, 0]) + {noise!r} * rng.standard_normal({n})",
        ],
    }.get(settings.data, [])
    if rows is not None:
        lines = ["X = np.array(", "    ["]
        lines += [f"        {list(row)!r}," for row in rows.X]
        lines += ["    ]", ")", f"y = np.array({list(rows.y)!r})"]
        if rows.standardize:
            lines.append("X = mlp.tables.Standardizer.fit(X).transform(X)")
            if not rows.classes:
                lines.append(
                    "y = mlp.tables.Standardizer.fit(y[:, None]).transform(y[:, None])[:, 0]"
                )
    if settings.held_out:
        labels = ", labels=y" if task.classes else ""
        lines.append(
            "rows, others = mlp.datasets.split_rows("
            f"len(X), {settings.held_out!r}, seed={seed}{labels})"
        )
    if _is_one_hot(settings, task.n_out):
        lines.append(f"y = np.eye({task.n_out})[y]")
    if settings.held_out:
        lines += ["X_val, y_val = X[others], y[others]", "X, y = X[rows], y[rows]"]
    return lines
