"""A sweep that was interrupted continues from its files with bit-identical results."""

import os
import signal

import numpy as np
import pytest

import mlp
from mlp import EarlyStopping, FileFormatError, LambdaCallback
from tests.studies.sweep.runs_alone import data, network
from tests.studies.sweep.test_engines import assert_same

pytestmark = pytest.mark.slow

X, Y = data()
HELD_OUT = data(n=20, seed=1)
PARAMETERS = {"lr": [0.01, 0.1, 0.5, 1.0, 1e300], "momentum": [0.0, 0.9], "batch_size": [16, 32]}


def swept(path=None, interrupt=None, parameters=PARAMETERS, **options):
    callbacks = [EarlyStopping(patience=2)]
    if interrupt is not None:
        callbacks.append(interrupt)
    options = {"epochs": 10, "seeds": 2} | options
    return mlp.sweep(
        network(),
        X,
        Y,
        parameters,
        validation=HELD_OUT,
        callbacks=callbacks,
        checkpoint=path,
        **options,
    )


@pytest.fixture(scope="module")
def expected():
    return swept()


def ctrl_c_after(n, method="on_batch_end"):
    def press(trainer):
        counted.append(1)
        if len(counted) == n:
            os.kill(os.getpid(), signal.SIGINT)

    counted = []
    callback = LambdaCallback(**{method: press})
    callback.__class__ = type("Press", (LambdaCallback,), {"__deepcopy__": lambda self, memo: self})
    return callback


@pytest.mark.parametrize("n", [1, 7, 23, 47, 80])
def test_it_continues_after_ctrl_c(expected, tmp_path, n):
    path = tmp_path / "sweep.npz"
    with pytest.raises(KeyboardInterrupt):
        swept(path, ctrl_c_after(n))
    assert_same(swept(path), expected)


def test_it_continues_where_the_stack_has_shrunk(expected, tmp_path, monkeypatch):
    """EarlyStopping alone lets a stack shrink, and its files are those of the smaller one."""
    path, calls = tmp_path / "sweep.npz", []
    original = mlp.studies.sweep.recorder.compact

    def compact(trainer, rows):
        original(trainer, rows)
        calls.append(len(rows))
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(mlp.studies.sweep.recorder, "compact", compact)
    with pytest.raises(KeyboardInterrupt):
        swept(path)
    assert calls[-1] < calls[0]
    assert_same(swept(path), expected)


def test_after_the_end_it_returns_at_once(expected, tmp_path):
    path = tmp_path / "sweep.npz"
    swept(path)
    never = LambdaCallback(on_epoch_begin=lambda trainer: 1 / 0)
    assert_same(swept(path, never), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 11}, "epochs: received 11, expected 10"),
        ({"seeds": 3}, "seeds: received 3, expected 2"),
        ({"seed": 1}, "seed: received 1, expected 0"),
        ({"parameters": PARAMETERS | {"lr": [0.1]}}, "parameters: received"),
        ({"optimizer": mlp.SGD(nesterov=True, momentum=0.5)}, "nesterov"),
    ],
    ids=str,
)
def test_that_of_another_sweep_is_rejected(tmp_path, changes, message):
    small = {"parameters": {"lr": [0.1, 0.2], "momentum": [0.5, 0.9]}}
    path = tmp_path / "sweep.npz"
    swept(path, **small | {"epochs": 10})
    with pytest.raises(ValueError, match=message):
        swept(path, **small | changes)


def test_files_that_are_damaged_or_of_another_kind_are_rejected(tmp_path):
    path, small = tmp_path / "sweep.npz", {"lr": [0.1]}
    swept(path, parameters=small)
    (piece,) = tmp_path.glob("sweep.1-of-*.npz")
    content = piece.read_bytes()
    piece.write_bytes(content[:-100])
    with pytest.raises(FileFormatError):
        swept(path, parameters=small)
    mlp.learning_rate_sweep(network(), X, Y, [0.1], 2, checkpoint=piece.with_name("other.npz"))
    piece.write_bytes(piece.with_name("other.npz").read_bytes())
    with pytest.raises(ValueError, match="expected the runs of a stack"):
        swept(path, parameters=small)
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        swept(path, parameters=small)
    assert np.isfinite(swept(tmp_path / "third.npz", parameters=small).best.value)
