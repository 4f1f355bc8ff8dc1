"""Ensembles: each independent member is its run alone, and the mean and spread are theirs."""

import copy
import pickle

import numpy as np
import pytest

import mlp
from tests.training.small import DTYPES, OPTIMIZERS, classes, classifier, numbers, optimizer

K = 4


def start(net, k, seed=0):
    """Return the network that member k starts as, by the docstring of `Ensemble`."""
    alone = net.copy()
    if k:
        alone.initialize(np.random.default_rng([seed, k]))
    return alone


def assert_members_are_runs_alone(net, optimizer_of, rows, X, y, epochs, patience=None, **settings):
    """Train an ensemble and each member alone, and compare all bits."""
    ensemble = mlp.Ensemble(net, K, rows=rows, seed=3)
    monitor = "val_loss" if rows == "folds" else "loss"

    def stopping():
        return [] if patience is None else [mlp.EarlyStopping(monitor, patience)]

    callbacks = stopping()
    history = ensemble.fit(X, y, epochs, optimizer_of(), callbacks=callbacks, **settings)
    weights = ensemble.row_weights(len(X), y)
    stopped = []
    for k in range(K):
        alone, own = start(net, k, seed=3), stopping()
        options = {} if rows == "all" else {"sample_weight": weights[k]}
        if rows == "folds":
            held_out = ensemble.row_folds(len(X), y) == k
            options["validation"] = (X[held_out], y[held_out])
        trainer = mlp.Trainer(alone, optimizer_of(), callbacks=own, **settings)
        found = trainer.fit(X, y, epochs, **options)
        assert np.array_equal(ensemble.replica(k).theta, alone.theta)
        assert np.array_equal(ensemble.replica(k).fixed, alone.fixed)
        for name in found.keys() - {"seconds", "lr"}:
            assert [entry[k] for entry in history[name]][: len(found["loss"])] == found[name]
        stopped += [one.best_epoch for one in own]
    if patience is not None:
        assert callbacks[0].best_epoch.tolist() == stopped
    return stopped


KINDS = ("all", "bootstrap", "folds")
CASES = [(name, KINDS[(i + j) % 3], DTYPES[j]) for i, name in enumerate(OPTIMIZERS) for j in (0, 1)]


@pytest.mark.parametrize(("name", "rows", "dtype"), CASES)
def test_each_independent_member_is_its_run_alone(name, rows, dtype):
    X, y = classes()
    net = classifier(dtype, dropout=0.2)
    settings = {"batch_size": 16, "l2": 0.01, "clip_norm": 0.5, "seed": 2}
    assert_members_are_runs_alone(net, lambda: optimizer(name), rows, X, y, 3, **settings)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("rows", ["bootstrap", "folds"])
def test_each_member_stops_early_on_its_own(rows, normalization):
    X, y = classes(n=60)
    net = classifier(normalization=normalization)
    settings = {"batch_size": 16, "metrics": ["accuracy"]}
    best = assert_members_are_runs_alone(
        net, lambda: mlp.Adam(0.1), rows, X, y, 25, patience=3, **settings
    )
    assert rows == "bootstrap" or len(set(best)) > 1


def test_a_bootstrap_sample_is_a_run_on_the_rows_that_it_holds():
    X, y = classes()
    net = classifier()
    ensemble = mlp.Ensemble(net, K, rows="bootstrap")
    ensemble.fit(X, y, 20, mlp.SGD(0.5), batch_size=None)
    counts = ensemble.row_weights(len(X)).astype(int)
    assert (counts.sum(axis=1) == len(X)).all()
    assert len({row.tobytes() for row in counts}) == K
    for k in range(K):
        rows, alone = np.repeat(np.arange(len(X)), counts[k]), start(net, k)
        mlp.Trainer(alone, mlp.SGD(0.5), batch_size=None).fit(X[rows], y[rows], 20)
        assert np.allclose(alone.theta, ensemble.replica(k).theta, rtol=0, atol=1e-12)


def test_a_member_of_folds_never_sees_its_fold():
    X, y = classes(n=43)
    net = classifier()
    ensemble = mlp.Ensemble(net, K, rows="folds")
    history = ensemble.fit(X, y, 20, mlp.SGD(0.5), batch_size=None)
    folds = ensemble.row_folds(43, y)
    assert sorted(np.bincount(folds)) == [10, 11, 11, 11]
    for label in range(3):
        assert np.ptp(np.bincount(folds[y == label], minlength=K)) <= 1
    for k in range(K):
        seen, alone = folds != k, start(net, k)
        trainer = mlp.Trainer(alone, mlp.SGD(0.5), batch_size=None)
        own = trainer.fit(X[seen], y[seen], 20, validation=(X[~seen], y[~seen]))
        assert np.allclose(alone.theta, ensemble.replica(k).theta, rtol=0, atol=1e-12)
        assert np.allclose([entry[k] for entry in history["val_loss"]], own["val_loss"])


def test_linear_members_find_the_least_squares_of_their_bootstrap_samples():
    X, _ = numbers(n=80)
    Y = X @ np.arange(1.0, 13.0).reshape(4, 3) + numbers(n=80, seed=1)[1]
    net = mlp.MLP([mlp.Dense(4, 3)], "squared_error", seed=0)
    ensemble = mlp.Ensemble(net, K, rows="bootstrap")
    ensemble.fit(X, Y, 400, mlp.SGD(0.3), batch_size=None)
    design = np.column_stack([X, np.ones(80)])
    for k, weight in enumerate(ensemble.row_weights(80)):
        root = np.sqrt(weight)[:, None]
        exact = np.linalg.lstsq(root * design, root * Y)[0]
        layer = ensemble.replica(k).layers[0]
        assert np.allclose(np.vstack([layer.W, layer.b]), exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize("members", ["independent", "shared"])
def test_prediction_and_spread_are_the_mean_and_the_deviation_of_the_members(members):
    X, y = classes()
    ensemble = mlp.Ensemble(classifier(dropout=0.1), K, members=members)
    ensemble.fit(X, y, 3, "adam")
    of_members = np.array([ensemble.replica(k).predict(X) for k in range(K)])
    assert np.allclose(ensemble.predict_members(X), of_members, rtol=0, atol=1e-15)
    assert np.allclose(ensemble.predict(X), of_members.sum(axis=0) / K)
    spread = np.sqrt(((of_members - of_members.mean(axis=0)) ** 2).sum(axis=0) / K)
    assert np.allclose(ensemble.predict_spread(X), spread)
    assert spread.min() > 0.0
    mean = of_members.mean(axis=0)
    assert np.isclose(ensemble.evaluate(X, y), -np.log(mean[np.arange(50), y]).mean())
    weight = np.arange(50.0)
    expected = -(weight * np.log(mean[np.arange(50), y])).mean()
    assert np.isclose(ensemble.evaluate(X, y, weight), expected)


@pytest.mark.parametrize("rows", ["all", "bootstrap", "folds"])
def test_members_that_share_weights_are_trained_by_one_run(rows):
    X, y = classes(n=90)
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    ensemble = mlp.Ensemble(classifier(), K, members="shared", rows=rows)
    stopping = mlp.EarlyStopping("val_loss" if rows == "folds" else "loss", 20)
    history = ensemble.fit(
        X, y, 40, mlp.Adam(0.05), metrics=["accuracy"], callbacks=[stopping], batch_size=30
    )
    assert isinstance(history["loss"][-1], float)
    assert ensemble.net.members == K
    assert (ensemble.predict(X).argmax(axis=1) == y).mean() > 0.9
    if rows == "folds":
        folds, scores = ensemble.row_folds(90, y), []
        for k in range(K):
            own = folds == k
            scores.append(ensemble.replica(k).evaluate(X[own], y[own]))
        assert np.isclose(stopping.best, np.mean(scores))


def test_metrics_of_members_that_share_weights_are_those_of_their_mean():
    X, y = classes()
    ensemble = mlp.Ensemble(classifier(), K, members="shared")
    history = ensemble.fit(X, y, 2, validation=(X, y), metrics=["accuracy"])
    right = ensemble.predict(X).argmax(axis=1) == y
    assert history["val_accuracy"][-1] == right.mean()


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301


@pytest.mark.parametrize("rows", ["all", "bootstrap", "folds"])
@pytest.mark.parametrize("members", ["independent", "shared"])
def test_an_ensemble_is_saved_copied_and_pickled(members, rows, tmp_path):
    X, y = classes()
    net = classifier("float32", dropout=0.1)
    net.feature_names = ["a", "b", "c", "d"]
    ensemble = mlp.Ensemble(net, K, members=members, rows=rows, seed=7)
    ensemble.fit(X, y, 2)
    ensemble.save(tmp_path / "ensemble.npz", metadata={"what": "a test"})
    loaded, metadata = mlp.files.read_model(tmp_path / "ensemble.npz")
    assert metadata == {"what": "a test"}
    for again in (loaded, copy.copy(ensemble), pickled(ensemble)):
        assert type(again) is mlp.Ensemble
        assert repr(again) == repr(ensemble)
        assert again.net.feature_names == ["a", "b", "c", "d"]
        assert np.array_equal(again.predict_members(X), ensemble.predict_members(X))
        assert np.array_equal(again.row_weights(50), ensemble.row_weights(50))
        again.fit(X, y)
        assert not np.array_equal(again.net.theta, ensemble.net.theta)
    loaded.save(tmp_path / "again.npz")
    assert mlp.load(tmp_path / "again.npz").size == K


def test_an_interrupted_run_is_resumed_bit_for_bit(tmp_path):
    X, y = classes()
    ensembles = [mlp.Ensemble(classifier(), K, rows="folds") for _ in range(2)]
    whole = ensembles[0].fit(X, y, 6, "adam", callbacks=[mlp.EarlyStopping()])
    for epochs in (3, 6):
        callbacks = [mlp.EarlyStopping(), mlp.Checkpoint(tmp_path / "run.npz")]
        trainer = ensembles[1].trainer("adam", callbacks=callbacks)
        history = trainer.resume(tmp_path / "run.npz", X, y, epochs, missing_ok=True)
    assert np.array_equal(ensembles[0].net.theta, ensembles[1].net.theta)
    assert np.array_equal(history["val_loss"], whole["val_loss"])


def test_weights_of_rows_and_classes_multiply_those_of_the_members():
    X, y = classes()
    net, weight = classifier(), np.random.default_rng(0).uniform(0.5, 2.0, 50)
    ensemble = mlp.Ensemble(net, K, rows="bootstrap")
    ensemble.fit(X, y, 3, sample_weight=weight, class_weight="balanced")
    for k, counts in enumerate(ensemble.row_weights(50)):
        alone = start(net, k)
        mlp.Trainer(alone).fit(X, y, 3, sample_weight=weight * counts, class_weight="balanced")
        assert np.array_equal(alone.theta, ensemble.replica(k).theta)


def test_a_member_that_diverges_is_named_and_leaves_the_others_alone():
    X, Y = numbers()
    net = mlp.MLP.from_sizes([4, 6, 3], "identity", seed=1)
    ensemble = mlp.Ensemble(net, 3)
    with pytest.warns(UserWarning, match=r"members \[1\] of 3 have diverged"):
        history = ensemble.fit(X, Y, 5, mlp.SGD(np.array([0.01, 1e300, 0.01])))
    assert history.diverged_at[1] > 0
    alone = start(net, 2)
    mlp.Trainer(alone, mlp.SGD(0.01)).fit(X, Y, 5)
    assert np.array_equal(ensemble.replica(2).theta, alone.theta)
    assert np.isfinite(ensemble.net.theta).all()


def test_networks_of_a_sweep_make_an_ensemble():
    X, y = classes()
    runs = mlp.sweep(classifier(), X, y, {"lr": [0.1, 0.5]}, epochs=2, seeds=2)
    nets = [runs.network(k) for k in range(4)]
    ensemble = mlp.Ensemble.from_networks(nets)
    for k, net in enumerate(nets):
        assert np.array_equal(ensemble.replica(k).theta, net.theta)
    assert ensemble.predict(X).shape == (50, 3)


def test_data_that_is_read_a_batch_at_a_time(tmp_path):
    X, y = classes()
    np.save(tmp_path / "X.npy", X)
    source = np.load(tmp_path / "X.npy", mmap_mode="r")
    of_array, of_map = (mlp.Ensemble(classifier(), K, rows="bootstrap") for _ in range(2))
    of_array.fit(X, y, 2)
    of_map.fit(source, y, 2)
    assert np.array_equal(of_array.net.theta, of_map.net.theta)
    folds = mlp.Ensemble(classifier(), K, rows="folds")
    with pytest.raises(TypeError, match="X: received a memmap, .* or validation data"):
        folds.fit(source, y)
    folds.fit(source, y, validation=(X, y))


def test_a_notebook_shows_what_it_is():
    text = mlp.Ensemble(classifier(), K, rows="folds")._repr_html_()
    assert "Ensemble of 4 independent members, rows: folds" in text
    assert "<svg" in text


GIVEN = mlp.MLP([mlp.Dense(4, 3, weights=np.ones((4, 3)))])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mlp.Ensemble(classifier(), 0), ValueError, "size: received 0"),
        (lambda: mlp.Ensemble(classifier().replicate(2)), TypeError, "net: received"),
        (lambda: mlp.Ensemble(classifier(), members="both"), ValueError, "members: received"),
        (lambda: mlp.Ensemble(classifier(), rows="some"), ValueError, "rows: received 'some'"),
        (lambda: mlp.Ensemble(classifier(), 1, rows="folds"), ValueError, "size: received 1"),
        (lambda: mlp.Ensemble(GIVEN), ValueError, "whose weights were all given"),
        (lambda: mlp.Ensemble(classifier(), 2).row_folds(5), ValueError, "rows='folds'"),
        (lambda: mlp.Ensemble(classifier(), 2).replica(2), ValueError, "k: received 2"),
        (
            lambda: mlp.Ensemble(classifier(normalization="batch"), members="shared"),
            ValueError,
            "BatchNorm",
        ),
        (
            lambda: mlp.Ensemble(classifier(), 8, rows="folds").fit(*classes(n=7)),
            ValueError,
            "X: received 7 rows, expected 8",
        ),
        (lambda: mlp.Ensemble(classifier()).fit(*classes(), speed=2), TypeError, "speed"),
        (lambda: mlp.Ensemble.from_networks([]), ValueError, "nets: received none"),
        (lambda: mlp.Ensemble.from_networks([classifier(), GIVEN]), ValueError, "the structure"),
        (
            lambda: mlp.export.to_c(mlp.Ensemble(classifier(), 2), "net.h"),
            TypeError,
            "received Ensemble, expected an MLP; ensemble.replica",
        ),
        (lambda: mlp.Trainer(mlp.Ensemble(classifier(), 2)), TypeError, "net: received"),
    ],
)
def test_what_does_not_fit_is_rejected(call, error, message):
    with pytest.raises(error, match=message):
        call()
