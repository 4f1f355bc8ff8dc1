"""A checkpoint of another run, or a damaged one, is refused by name, and nothing is changed."""

import copy

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    Checkpoint,
    Dense,
    Dropout,
    EarlyStopping,
    FileFormatError,
    LambdaCallback,
    ProgressBar,
    ReduceLROnPlateau,
    Trainer,
)
from mlp.optim import Adam, Cosine
from tests.training.kinds import DATA, HELD_OUT, assert_same_run, interrupted_after
from tests.training.small import state_of

X, y = DATA
WEIGHTS = np.linspace(0.5, 1.5, len(X))


def layers(hidden="tanh", width=6, rate=0.3):
    return [Dense(4, width, hidden), Dropout(rate), Dense(width, 3, "softmax")]


class Mine:
    """A schedule of one's own."""

    def __init__(self, lr=0.05):
        self.lr = lr

    def __call__(self, step):
        return self.lr / (1 + step)


PARTS = {
    "layers": layers,
    "loss": "cross_entropy",
    "dtype": "float64",
    "K": None,
    "net_rng": 1,
    "optimizer": lambda: Adam(0.05),
    "callbacks": lambda: [EarlyStopping(patience=5), ReduceLROnPlateau(patience=2)],
    "options": {"batch_size": 8, "l2": 0.01, "clip_norm": 1.0, "metrics": ["accuracy"]},
}


def make(**changes):
    parts = PARTS | changes
    net = MLP(parts["layers"](), parts["loss"], dtype=parts["dtype"], seed=parts["net_rng"])
    net = net if parts["K"] is None else net.replicate(parts["K"])
    return Trainer(net, parts["optimizer"](), **parts["options"], callbacks=parts["callbacks"]())


def options(**changes):
    return {"options": PARTS["options"] | changes}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The checkpoint of a run that was interrupted in its third epoch."""
    path = tmp_path_factory.mktemp("run") / "run.npz"
    part = make()
    part.callbacks += [Checkpoint(path), interrupted_after(10)]
    part.fit(X, y, 6, validation=HELD_OUT)
    return path


def assert_refused(trainer, path, error, message, data=DATA, epochs=6, **fit):
    """Fail unless the trainer refuses the file and stays as it is."""
    fit = {"validation": HELD_OUT} | fit
    trainer.net.grad[...] = 1.0
    kept = [copy.deepcopy(callback.state_dict()) for callback in trainer.callbacks]
    before, rng = state_of(trainer), trainer.net._rng.bit_generator.state
    held = path.read_bytes()
    with pytest.raises(error, match=message) as caught:
        trainer.resume(path, *data, epochs, **fit)
    assert type(caught.value) is error
    assert state_of(trainer) == before
    assert trainer.net._rng.bit_generator.state == rng
    assert trainer.optimizer.lr_scale == 1.0
    assert [callback.state_dict() for callback in trainer.callbacks] == kept
    assert path.read_bytes() == held


OTHERS = {
    "width": ({"layers": lambda: layers(width=7)}, r"network.layers\[0\].n_out: received 7, expe"),
    "activation": (
        {"layers": lambda: layers("relu")},
        r"network.layers\[0\].activation.class: received 'ReLU', expected 'Tanh'",
    ),
    "dropout": (
        {"layers": lambda: layers(rate=0.4)},
        r"layers\[1\].rate: received 0.4, expected 0.",
    ),
    "fewer layers": (
        {"layers": lambda: layers()[::2]},
        r"network.layers: received \[Dense, Dense\], expected \[Dense, Dropout, Dense\]",
    ),
    "bias": (
        {"layers": lambda: [Dense(4, 6, "tanh", train_bias=False), *layers()[1:]]},
        r"network.layers\[0\].train_bias: received False, expected True",
    ),
    "loss": (
        {"loss": "mse"},
        "network.loss.class: received 'MeanSquaredError', expected 'CrossEntropy'",
    ),
    "dtype": ({"dtype": "float32"}, "network.dtype: received 'float32', expected 'float64'"),
    "replicas": ({"K": 2}, "network.replicas: received 2, expected None"),
    "optimizer": (
        {"optimizer": lambda: SGD(0.05)},
        "optimizer.class: received 'SGD', expected 'Adam'",
    ),
    "rate": ({"optimizer": lambda: Adam(0.1)}, "optimizer.lr: received 0.1, expected 0.05"),
    "schedule": (
        {"optimizer": lambda: Adam(Cosine(0.05, 24))},
        "optimizer.lr: received Cosine, expected 0.05",
    ),
    "betas": (
        {"optimizer": lambda: Adam(0.05, betas=(0.8, 0.999))},
        r"optimizer.betas\[0\]: received 0.8, expected 0.9",
    ),
    "batch size": (options(batch_size=4), "batch_size: received 4, expected 8"),
    "no batches": (options(batch_size=None), "batch_size: received None, expected 8"),
    "order": (options(shuffle=False), "shuffle: received False, expected True"),
    "l1": (options(l1=0.1), "l1: received 0.1, expected 0.0"),
    "l2": (options(l2=0.1), "l2: received 0.1, expected 0.01"),
    "clip": (options(clip_norm=None), "clip_norm: received None, expected 1.0"),
    "metrics": (options(metrics=[]), r"metrics: received \[\], expected \['accuracy'\]"),
    "generator": (
        options(seed=np.random.Generator(np.random.PCG64DXSM(0))),
        "random: received 'PCG64DXSM', expected 'PCG64'",
    ),
    "network's generator": (
        {"net_rng": np.random.Generator(np.random.PCG64DXSM(0))},
        "network.random: received 'PCG64DXSM', expected 'PCG64'",
    ),
    "callback": (
        {"callbacks": lambda: [EarlyStopping(patience=5)]},
        r"callbacks: received \[EarlyStopping\], expected \[EarlyStopping, ReduceLROnPlateau\]",
    ),
    "patience": (
        {"callbacks": lambda: [EarlyStopping(patience=6), ReduceLROnPlateau(patience=2)]},
        "EarlyStopping.patience: received 6, expected 5",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_differs_is_named(path, name):
    changes, message = OTHERS[name]
    data = (X, np.eye(3)[y]) if name == "loss" else DATA
    held_out = (HELD_OUT[0], np.eye(3)[HELD_OUT[1]]) if name == "loss" else HELD_OUT
    message = f"run.npz: is of another run: .*{message}"
    assert_refused(make(**changes), path, ValueError, message, data, validation=held_out)


DATA_OF_OTHERS = {
    "other inputs": ((X + 1e-9, y), {}, "data.X: received other numbers than before"),
    "other labels": ((X, np.roll(y, 1)), {}, "data.Y: received other numbers than before"),
    "rows in another order": ((X[::-1], y[::-1]), {}, "data.X: received other numbers"),
    "fewer rows": ((X[1:], y[1:]), {}, r"data.X: received shape \(25, 4\), expected shape \(26, 4"),
    "weights": (
        DATA,
        {"sample_weight": WEIGHTS},
        r"data.weight: received shape \(26,\), expected N",
    ),
    "class weights": (DATA, {"class_weight": "balanced"}, "data.weight: received shape"),
    "other held-out data": (
        DATA,
        {"validation": (X, y)},
        r"validation.X: received shape \(26, 4\)",
    ),
    "no held-out data": (DATA, {"validation": None}, r"validation: received None, expected shape"),
}


@pytest.mark.parametrize("name", DATA_OF_OTHERS)
def test_other_data_is_refused(path, name):
    data, changes, message = DATA_OF_OTHERS[name]
    trainer = make(callbacks=list) if name == "no held-out data" else make()
    assert_refused(trainer, path, ValueError, message, data, **changes)


def test_several_differences_are_named_together(path):
    trainer = make(**options(batch_size=4, l2=0.0))
    assert_refused(trainer, path, ValueError, "batch_size: .* expected 8; l2: received 0.0, exp")


def test_a_function_of_ones_own_as_schedule_is_known_by_what_it_gives(tmp_path):
    path = tmp_path / "run.npz"
    part = make(optimizer=lambda: Adam(Mine()))
    part.callbacks += [Checkpoint(path), interrupted_after(10)]
    part.fit(X, y, 6, validation=HELD_OUT)
    message = "schedule.rate: received 0.006.*, expected 0.005"
    assert_refused(make(optimizer=lambda: Adam(Mine(0.06))), path, ValueError, message)
    make(optimizer=lambda: Adam(Mine())).resume(path, X, y, 6, validation=HELD_OUT)


def test_callbacks_without_a_state_may_come_and_go(path):
    whole, rest = make(), make()
    whole.fit(X, y, 6, validation=HELD_OUT)
    rest.callbacks = [LambdaCallback(), ProgressBar(), *rest.callbacks]
    rest.resume(path, X, y, 6, validation=HELD_OUT)
    assert_same_run(rest, whole)


def test_memory_maps_are_known_by_their_shape(tmp_path, path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    whole, rest = make(), make()
    whole.fit(X, y, 6, validation=HELD_OUT)
    rest.resume(path, mapped, y, 6, validation=HELD_OUT)
    assert_same_run(rest, whole)
    message = r"data.X: received shape \(25, 4\), expected shape \(26, 4\)"
    assert_refused(make(), path, ValueError, message, (mapped[1:], y[1:]))


@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_fewer_epochs_than_there_were_are_refused(path, epochs):
    message = f"epochs: received {epochs}, expected at least 3, which .*run.npz has reached"
    assert_refused(make(), path, ValueError, message, epochs=epochs)


def test_bad_data_is_refused_before_the_file_is_looked_at(path):
    assert_refused(make(), path, ValueError, "X: received shape", (X[:, 1:], y))
    with pytest.raises(TypeError, match="missing_ok: received 1, expected True or False"):
        make().resume(path, X, y, 6, missing_ok=1)


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError, match="run.npz"):
        make().resume(path, X, y, 6, validation=HELD_OUT)
    message = "callbacks: received no Checkpoint that writes .*run.npz, expected one"
    with pytest.raises(ValueError, match=message):
        make().resume(path, X, y, 6, validation=HELD_OUT, missing_ok=True)


def test_a_damaged_file_is_refused_wherever_the_damage_is(tmp_path, path):
    data, damaged = path.read_bytes(), tmp_path / "run.npz"
    for at in range(0, len(data), 97):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
        assert_refused(make(), damaged, FileFormatError, "run.npz: ")
    for size in range(0, len(data), 997):
        damaged.write_bytes(data[:size])
        assert_refused(make(), damaged, FileFormatError, "run.npz: ")


def test_a_model_is_no_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    make().net.save(path)
    assert_refused(make(), path, FileFormatError, "has the format 'mlp-model', expected 'mlp-check")
