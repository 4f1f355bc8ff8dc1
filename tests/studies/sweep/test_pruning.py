"""Pruning ends runs of which others are better; the others are not touched."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mlp
from mlp import EarlyStopping
from mlp.studies.sweep.search import Halving
from tests.studies.sweep.runs_alone import data, network
from tests.studies.sweep.test_engines import assert_same

pytestmark = pytest.mark.slow

X, Y = data()
HELD_OUT = data(n=20, seed=1)
PARAMETERS = {
    "lr": [1e-4, 1e-3, 0.01, 0.05, 0.1, 0.3, 1.0, 1e300],
    "momentum": [0.0, 0.9],
    "hidden": [(8,), (6, 4)],
}
SEEDS, EPOCHS = 3, 9


def swept(prune=None, **options):
    options = {"epochs": EPOCHS, "seeds": SEEDS, "validation": HELD_OUT} | options
    return mlp.sweep(network(), X, Y, PARAMETERS, prune=prune, **options)


@pytest.fixture(scope="module")
def whole():
    return swept()


def expected_lengths(runs, halving, quantity="val_loss"):
    """Return in which epoch each run ends, from the sweep in which none is pruned."""
    n_sets = len(runs.parameters)
    ends, alive = np.full(n_sets, EPOCHS), list(range(n_sets))
    for rung in (1, 3):
        scores = {}
        for i in alive:
            values = runs.columns[quantity][i * SEEDS : (i + 1) * SEEDS, rung - 1]
            scores[i] = np.median(np.where(np.isnan(values), np.inf, values))
        finite = [i for i in alive if np.isfinite(scores[i])]
        if halving.asha:
            stay = []
            for n, i in enumerate(finite, start=1):
                seen = finite[:n]
                rank = sorted(seen, key=lambda j: (scores[j], j)).index(i)
                stay += [i] * (rank < -(-n // 3))
        else:
            ranked = sorted(finite, key=lambda i: (scores[i], i))
            stay = sorted(ranked[: -(-len(finite) // 3)])
        for i in set(alive) - set(stay):
            ends[i] = rung
        alive = stay
    return np.minimum(np.repeat(ends, SEEDS), runs.epochs)


@pytest.mark.parametrize("prune", ["halving", "asha"])
def test_the_best_go_on_with_the_same_bits(whole, prune):
    runs = swept(prune)
    assert runs.epochs.tolist() == expected_lengths(whole, Halving(asha=prune == "asha")).tolist()
    for k in range(len(runs)):
        n = runs.epochs[k]
        assert np.array_equal(runs.columns["val_loss"][k, :n], whole.columns["val_loss"][k, :n])
        assert np.isnan(runs.columns["val_loss"][k, n:]).all()
        if runs.status[k] == "completed":
            assert np.array_equal(runs.network(k).theta, whole.network(k).theta)
    assert {"pruned", "completed", "diverged"} == set(runs.status)
    assert runs.best.parameters in [runs.parameters[k // SEEDS] for k in range(len(runs))]
    assert runs.status[runs.best.run] == "completed"
    assert runs.epochs.sum() < 0.6 * whole.epochs.sum()


def test_pruned_runs_keep_their_last_weights():
    runs, short = swept("halving"), swept(epochs=1)
    pruned = [k for k in range(len(runs)) if runs.status[k] == "pruned" and runs.epochs[k] == 1]
    assert pruned
    for k in pruned:
        assert np.array_equal(runs.network(k).theta, short.network(k).theta)


def test_the_decision_does_not_depend_on_the_engine(halved):
    with ThreadPoolExecutor(3) as executor:
        assert_same(swept("halving", executor=executor), halved)


def test_another_quantity_and_early_stopping():
    options = {"metrics": ["accuracy"], "callbacks": [EarlyStopping(patience=2)]}
    runs = swept(Halving(by="val_accuracy", factor=2, first=2), **options)
    whole = swept(**options)
    for k in range(len(runs)):
        n = runs.epochs[k]
        assert n <= whole.epochs[k]
        assert np.array_equal(runs.columns["loss"][k, :n], whole.columns["loss"][k, :n])
        if runs.status[k] in ("completed", "stopped"):
            assert np.array_equal(runs.network(k).theta, whole.network(k).theta)
            assert runs.kept_epoch[k] == whole.kept_epoch[k]


@pytest.fixture(scope="module")
def halved():
    return swept("halving")


@pytest.mark.parametrize("n", [3, 12])  # in the first stage, and in the last
def test_it_continues_after_ctrl_c(halved, tmp_path, monkeypatch, n):
    path, counted = tmp_path / "sweep.npz", []
    original = mlp.studies.sweep.recorder.RunRecorder.on_epoch_end

    def press(recorder, trainer):
        original(recorder, trainer)
        counted.append(1)
        if len(counted) == n:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(mlp.studies.sweep.recorder.RunRecorder, "on_epoch_end", press)
        with pytest.raises(KeyboardInterrupt):
            swept("halving", checkpoint=path)
    assert_same(swept("halving", checkpoint=path), halved)
    assert_same(swept("halving", checkpoint=path), halved)
    with pytest.raises(ValueError, match="prune: received"):
        swept(checkpoint=path)


def test_rungs_and_survivors():
    assert Halving().rungs(27) == [1, 3, 9]
    assert Halving(first=3).rungs(27) == [3, 9]
    assert Halving(factor=2).rungs(20) == [1, 2, 5, 10]
    assert Halving().rungs(2) == []
    scores = np.array([3.0, 1.0, 2.0, 1.0, np.inf])
    assert Halving().survivors(scores).tolist() == [False, True, False, True, False]
    assert Halving(asha=True).survivors(scores).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("prune", "message"),
    [
        ("half", "prune: received 'half', expected one of halving, asha"),
        (3, "prune: received 3, expected 'halving'"),
        (Halving(by="accuracy"), "by: received 'accuracy', expected one of loss, val_loss"),
    ],
    ids=str,
)
def test_what_is_no_pruning_is_rejected(prune, message):
    with pytest.raises((ValueError, TypeError), match=message):
        swept(prune)


@pytest.mark.parametrize("options", [{"factor": 1}, {"first": 0}, {"asha": "yes"}], ids=str)
def test_settings_that_cannot_be_are_rejected(options):
    with pytest.raises((ValueError, TypeError), match="received"):
        Halving(**options)
