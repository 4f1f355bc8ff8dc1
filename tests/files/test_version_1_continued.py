"""A run and a sweep that version 1 left unfinished are finished, with the numbers of its own.

Both files were written where something cut in: the run's by a kill in the fourth batch of
epoch 5, the sweep's by Ctrl-C in epoch 4. The numbers in data/continued_1.json are those with
which version 1 itself finished them. Other machines round otherwise, hence the tolerance.
"""

import json
from pathlib import Path
from shutil import copy

import numpy as np
import pytest

import mlp

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "continued_1.json").read_text(encoding="utf-8"))
CLOSE = {"rtol": 1e-6, "atol": 1e-9}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (60, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return X[:44], y[:44], (X[44:], y[44:])


def test_a_run_goes_on_from_the_middle_of_an_epoch_until_early_stopping_ends_it(tmp_path, data):
    layers = [
        mlp.Dense(2, 6, bias=False),
        mlp.BatchNorm(),
        mlp.ActivationLayer("tanh"),
        mlp.Dropout(0.1),
        mlp.Dense(6, 2, "softmax"),
    ]
    net = mlp.MLP(layers, loss="cross_entropy", seed=1)
    path = copy(DATA / "checkpoint_1_stopping.npz", tmp_path)
    stopping, batches = mlp.EarlyStopping(patience=5), []
    count = mlp.LambdaCallback(on_batch_end=lambda run: batches.append((run.epoch, run.batch)))
    trainer = mlp.Trainer(
        net,
        mlp.Adam(0.05),
        batch_size=8,
        shuffle=True,
        seed=5,
        l2=1e-3,
        metrics=["accuracy"],
        callbacks=[stopping, mlp.Checkpoint(path, every_batches=1), count],
    )
    X, y, held_out = data
    history = trainer.resume(path, X, y, epochs=40, validation=held_out)
    expected = EXPECTED["run"]
    assert batches[:3] == [(5, 4), (5, 5), (5, 6)]
    assert (stopping.best_epoch, stopping.stopped_epoch) == (
        expected["best_epoch"],
        expected["stopped_epoch"],
    )
    assert trainer.optimizer.steps == expected["steps"]
    assert set(history) == {*expected["history"], "seconds"}
    for name, column in expected["history"].items():
        np.testing.assert_allclose(history[name], column, **CLOSE, err_msg=name)
    np.testing.assert_allclose(net.theta, expected["theta"], **CLOSE)
    np.testing.assert_allclose(net.fixed, expected["fixed"], **CLOSE)


def test_a_sweep_goes_on_where_it_was_interrupted(tmp_path, data):
    net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=2)
    epochs = []
    count = mlp.LambdaCallback(on_epoch_end=lambda trainer: epochs.append(trainer.epoch))
    result = mlp.learning_rate_sweep(
        net,
        *data[:2],
        rates=[0.01, 0.1, 1.0],
        epochs=9,
        batch_size=11,
        optimizer="adam",
        seeds=2,
        callbacks=[count],
        checkpoint=copy(DATA / "sweep_1.npz", tmp_path),
    )
    assert epochs == [5, 6, 7, 8, 9]
    assert (result.status, result.best) == (EXPECTED["sweep"]["status"], EXPECTED["sweep"]["best"])
    np.testing.assert_allclose(result.losses, EXPECTED["sweep"]["losses"], **CLOSE)
