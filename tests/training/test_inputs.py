"""The data that training takes, and what it refuses."""

import numpy as np
import pytest

from mlp import MLP, SGD, Adam, Callback, Dense, Trainer
from tests.layouts import LAYOUTS
from tests.training.small import (
    classes,
    classifier,
    numbers,
    optimizer,
    regressor,
    same_columns,
    state_of,
)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("kind", LAYOUTS)
def test_inputs_of_any_kind_give_the_same_bits_and_are_never_written_to(kind, shuffle):
    X, Y = numbers()
    weight = np.random.default_rng(1).uniform(size=len(X))
    plain, net = regressor(), regressor()
    expected = Trainer(plain, SGD(0.1), batch_size=16, shuffle=shuffle).fit(
        X, Y, 2, sample_weight=weight, validation=(X, Y)
    )
    given = [LAYOUTS[kind](array) for array in (X, Y, weight)]
    before = [np.array(array) for array in given]
    history = Trainer(net, SGD(0.1), batch_size=16, shuffle=shuffle).fit(
        given[0], given[1], 2, sample_weight=given[2], validation=(given[0], given[1])
    )
    assert np.array_equal(net.theta, plain.theta)
    assert same_columns(history, expected, ("loss", "val_loss"))
    assert all(np.array_equal(a, b) for a, b in zip(before, given, strict=True))


def test_a_memory_mapped_file_is_read_and_stays_as_it_is(tmp_path):
    X, Y = numbers()
    np.save(tmp_path / "X.npy", X)
    bytes_before = (tmp_path / "X.npy").read_bytes()
    plain, net = regressor(), regressor()
    Trainer(plain, SGD(0.1)).fit(X, Y, 2)
    Trainer(net, SGD(0.1)).fit(np.load(tmp_path / "X.npy", mmap_mode="r"), Y, 2)
    assert np.array_equal(net.theta, plain.theta)
    assert (tmp_path / "X.npy").read_bytes() == bytes_before


@pytest.mark.parametrize("given", ["float16", "float32", "int8", "uint16", "bool"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_of_another_type_are_taken_as_the_networks(dtype, given):
    X = np.random.default_rng(0).integers(0, 2, (20, 4)).astype(given)
    Y = np.random.default_rng(1).integers(0, 2, (20, 3)).astype(given)
    plain, net = regressor(dtype), regressor(dtype)
    Trainer(plain, SGD(0.1)).fit(X.astype(dtype), Y.astype(dtype), 2)
    Trainer(net, SGD(0.1)).fit(X, Y, 2)
    assert np.array_equal(net.theta, plain.theta)
    assert net.theta.dtype == dtype


X, y = classes()
Y = np.eye(3)[y]
NAN = np.where(np.arange(50) == 7, np.nan, X.T).T

BAD_FITS = {
    "one sample without rows": (ValueError, "shape", {"X": X[0]}),
    "too few columns": (ValueError, r"\(50, 3\).*\(n, 4\)", {"X": X[:, :3]}),
    "no rows": (ValueError, "no rows", {"X": X[:0], "Y": Y[:0]}),
    "NaN": (ValueError, "nan", {"X": NAN}),
    "infinity in the targets": (ValueError, "inf", {"Y": np.where(Y > 0, np.inf, Y)}),
    "too few targets": (ValueError, r"\(49, 3\)", {"Y": Y[:49]}),
    "a column of labels": (ValueError, r"\(50, 1\)", {"Y": y[:, None]}),
    "a label too large": (ValueError, "from 0 to 2", {"Y": np.where(y == 0, 3, y)}),
    "a negative label": (ValueError, "-1", {"Y": y - 1}),
    "rows that are no probabilities": (ValueError, "sum", {"Y": 2 * Y}),
    "words": (TypeError, "real numbers", {"X": X.astype(str)}),
    "complex numbers": (TypeError, "complex", {"X": X + 1j}),
    "rows of different lengths": (ValueError, "X", {"X": [[1.0], [1.0, 2.0]]}),
    "weights for other rows": (ValueError, "sample_weight", {"sample_weight": np.ones(49)}),
    "negative weights": (ValueError, "sample_weight", {"sample_weight": -np.ones(50)}),
    "NaN as a weight": (ValueError, "sample_weight", {"sample_weight": np.full(50, np.nan)}),
    "negative epochs": (ValueError, "epochs", {"epochs": -1}),
    "half an epoch": (TypeError, "epochs", {"epochs": 1.5}),
    "True epochs": (TypeError, "epochs", {"epochs": True}),
    "validation that is no pair": (TypeError, "validation", {"validation": X}),
    "validation of three": (TypeError, "validation", {"validation": (X, y, y)}),
    "validation that does not fit": (ValueError, r"\(50, 2\)", {"validation": (X[:, :2], y)}),
    "NaN in the validation": (ValueError, "nan", {"validation": (NAN, y)}),
}


class Called(Callback):
    calls = 0

    def on_start(self, trainer):
        self.calls += 1


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_data_is_refused_before_anything_is_changed(case):
    error, message, changes = BAD_FITS[case]
    called = Called()
    trainer = Trainer(classifier(), Adam(0.1), callbacks=[called])
    trainer.fit(X, y, 2)
    before = state_of(trainer)
    arguments = {"X": X, "Y": y, "epochs": 1} | changes
    with pytest.raises(error, match=message):
        trainer.fit(**arguments)
    assert state_of(trainer) == before
    assert called.calls == 1
    trainer.fit(X, y, 1)  # and the run goes on as if nothing had happened
    whole = Trainer(classifier(), Adam(0.1))
    whole.fit(X, y, 3)
    assert np.array_equal(trainer.net.theta, whole.net.theta)


def test_targets_of_shape_n_are_a_column_for_one_output_and_never_broadcast():
    one, other = (
        Trainer(MLP([Dense(4, 1)], "mse", seed=0), SGD(0.1)).fit(X, Y) for Y in (X[:, 0], X[:, :1])
    )
    assert same_columns(one, other)
    with pytest.raises(ValueError, match=r"\(50,\) of float64, expected"):
        Trainer(regressor(), SGD(0.1)).fit(X, X[:, 0])


BAD_TRAINERS = {
    "no network": (TypeError, "net", {"net": "net"}),
    "an unknown optimizer": (ValueError, "momentum", {"optimizer": "momentun"}),
    "a number as optimizer": (TypeError, "optimizer", {"optimizer": 0.1}),
    "an empty batch": (ValueError, "batch_size", {"batch_size": 0}),
    "a negative batch": (ValueError, "batch_size", {"batch_size": -1}),
    "half a batch": (TypeError, "batch_size", {"batch_size": 0.5}),
    "a negative l1": (ValueError, "l1", {"l1": -0.1}),
    "an infinite l2": (ValueError, "l2", {"l2": np.inf}),
    "a word as l2": (TypeError, "l2", {"l2": "0.1"}),
    "clip_norm zero": (ValueError, "clip_norm", {"clip_norm": 0.0}),
    "a negative clip_norm": (ValueError, "clip_norm", {"clip_norm": -1.0}),
    "clip_norm NaN": (ValueError, "clip_norm", {"clip_norm": np.nan}),
    "clip_norm infinite": (ValueError, "clip_norm", {"clip_norm": np.inf}),
    "a word as clip_norm": (TypeError, "clip_norm", {"clip_norm": "1"}),
    "a negative seed": (ValueError, None, {"seed": -1}),
    "a word as seed": (TypeError, None, {"seed": "0"}),
}


@pytest.mark.parametrize("case", BAD_TRAINERS)
def test_a_trainer_says_what_it_cannot_take(case):
    error, message, changes = BAD_TRAINERS[case]
    net = classifier()
    with pytest.raises(error, match=message):
        Trainer(**{"net": net, "optimizer": "sgd"} | changes)
    assert np.array_equal(net.theta, classifier().theta)


@pytest.mark.parametrize("replicas", [None, 2])
def test_rates_for_another_number_of_replicas_are_refused_before_anything_is_changed(replicas):
    net = classifier() if replicas is None else classifier().replicate(replicas)
    called = Called()
    trainer = Trainer(net, SGD([0.1, 0.2, 0.3]), callbacks=[called])
    before = state_of(trainer)
    with pytest.raises(ValueError, match=r"lr.*\(3,\)"):
        trainer.fit(X, y)
    assert state_of(trainer) == before
    assert called.calls == 0


@pytest.mark.parametrize("sizes", [[4, 3], [4, 6, 3]], ids=["other sizes", "the same sizes"])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_an_optimizer_that_moved_another_network_is_refused(name, sizes):
    used = optimizer(name)
    Trainer(regressor(), used).fit(X, Y)
    trainer = Trainer(MLP.from_sizes(sizes, output="softmax", loss="cross_entropy"), used)
    before = state_of(trainer)
    with pytest.raises(ValueError, match=r"reset\(\)"):
        trainer.fit(X, y)
    assert state_of(trainer) == before
    used.reset()
    assert trainer.fit(X, y).status == "completed"
