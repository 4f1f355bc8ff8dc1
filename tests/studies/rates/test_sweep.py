"""The learning-rate sweep: one vectorized run, in which each replica is its run alone."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    Callback,
    EarlyStopping,
    Penalty,
    Trainer,
)
from mlp.studies.rates.sweep import DOCUMENT_RATES, learning_rate_sweep
from tests.chart import CHART_T, CHART_X, FIRST_ERROR, LAST_ERRORS, chart_network
from tests.studies.rates.sweeps import (
    PROBLEMS,
    RATES,
    assert_runs_are_those_alone,
    labels,
    run_alone,
)

# every pair of problem and optimizer, of problem and dtype, and of optimizer and dtype
PAIRS = [
    (problem, ("float32", "float64")[(i + j) % 2], optimizer)
    for i, problem in enumerate(PROBLEMS)
    for j, optimizer in enumerate(("sgd", "momentum", "adam"))
]


@pytest.mark.parametrize(("problem", "dtype", "optimizer"), PAIRS)
def test_each_run_of_a_sweep_is_its_run_alone(problem, dtype, optimizer):
    net, X, Y, options = PROBLEMS[problem](dtype)
    result = learning_rate_sweep(net, X, Y, RATES, 3, optimizer=optimizer, **options)
    assert result.loss.shape == (3, 4)
    assert_runs_are_those_alone(result, net, X, Y, 3, optimizer=optimizer, **options)
    assert len({float(loss) for loss in result.final}) == 3  # the rates do make a difference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {"l2": 0.01, "clip_norm": 0.3},
        {"l1": 0.002},
        {"clip_norm": 0.05},
        {"shuffle": False},
        {"seed": 8},
        {"sample_weight": np.linspace(0, 2, 100)},
    ],
    ids=lambda options: " ".join(options),
)
def test_with_every_option_of_the_trainer_too(options, dtype):
    net, X, y, _ = PROBLEMS["10-16-3 tanh"](dtype)
    result = learning_rate_sweep(net, X, y, RATES, 3, 32, "momentum", **options)
    options = {"optimizer": "momentum", "batch_size": 32} | options
    assert_runs_are_those_alone(result, net, X, y, 3, **options)
    plain = learning_rate_sweep(net, X, y, RATES, 3, 32, "momentum")
    assert not np.array_equal(plain.networks.theta, result.networks.theta)


@pytest.mark.parametrize("batch_size", [None, 100])
def test_the_losses_of_full_batches_are_those_without_dropout(batch_size):
    net, X, y, _ = PROBLEMS["10-16-3 with dropout"]("float64")
    result = learning_rate_sweep(net, X, y, RATES, 3, batch_size)
    assert_runs_are_those_alone(result, net, X, y, 3, batch_size=batch_size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_several_seeds_give_replicas_rate_after_rate_with_the_same_starts(dtype):
    net, X, y, options = PROBLEMS["10-16-3 tanh"](dtype)
    result = learning_rate_sweep(net, X, y, RATES, 2, seeds=3, seed=5, **options)
    assert result.losses.shape == (3, 3, 3)
    starts = [net.copy()]
    for i in (1, 2):
        starts.append(net.copy())
        starts[i].initialize(np.random.default_rng([5, i]))
    for k, rate in enumerate(RATES):
        for s, start in enumerate(starts):
            own, losses = run_alone(start, X, y, rate, 2, seed=5, **options)
            assert np.array_equal(result.networks.theta[3 * k + s], own.theta)
            assert np.array_equal(result.network(k, s).theta, own.theta)
            assert np.array_equal(result.losses[k, s], losses)
    assert len(set(result.losses[0, :, 0])) == 3
    assert np.array_equal(result.loss, np.median(result.losses, axis=1))
    single = learning_rate_sweep(net, X, y, RATES, 2, seed=5, **options)
    assert np.array_equal(single.losses[:, 0], result.losses[:, 0])


def processes(max_workers):
    return ProcessPoolExecutor(max_workers, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("make", [ThreadPoolExecutor, processes])
def test_with_an_executor_the_bits_are_the_same(make):
    net, X, y, _ = PROBLEMS["10-16-3 with dropout"]("float64")
    rates = (0.1, 1e300, 0.02, 0.3, 0.01)
    options = {"batch_size": 32, "seeds": 2, "validation": (X[:20], y[:20])}
    here = learning_rate_sweep(net, X, y * 0, rates, 2, **options)
    with make(max_workers=2) as executor:
        there = learning_rate_sweep(net, X, y * 0, rates, 2, executor=executor, **options)
    assert np.array_equal(here.networks.theta, there.networks.theta)
    assert np.array_equal(here.losses, there.losses, equal_nan=True)
    assert np.array_equal(here.val_losses, there.val_losses, equal_nan=True)
    assert np.array_equal(here.diverged_at, there.diverged_at)
    assert np.array_equal(here.rates, there.rates)


def test_more_workers_than_runs_are_no_trouble():
    here = learning_rate_sweep(chart_network(), CHART_X, CHART_T, [0.5], 2)
    with ThreadPoolExecutor(max_workers=4) as executor:
        there = learning_rate_sweep(chart_network(), CHART_X, CHART_T, [0.5], 2, executor=executor)
    assert np.array_equal(here.losses, there.losses)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_rate_that_diverges_is_marked_and_leaves_the_others_alone(dtype, optimizer):
    net = MLP.from_sizes([10, 16, 3], "identity", "identity", "mse", dtype=dtype, seed=0)
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(100, 10)), rng.normal(size=(100, 3))
    rates = (0.01, 1e30 if dtype == "float32" else 1e300, 0.002)
    result = learning_rate_sweep(net, X, Y, rates, 4, 32, optimizer)
    options = {"optimizer": optimizer, "batch_size": 32}
    assert_runs_are_those_alone(result, net, X, Y, 4, **options)
    assert result.status == ["completed", "diverged", "completed"]
    epoch = int(result.diverged_at[1, 0])
    assert epoch >= 1
    assert np.isnan(result.loss[1, epoch:]).all()
    assert np.isfinite(result.loss[1, :epoch]).all()
    assert np.isfinite(result.network(1).theta).all()
    without = learning_rate_sweep(net, X, Y, (0.01, 0.002), 4, 32, optimizer)
    assert np.array_equal(without.loss, result.loss[[0, 2]])
    assert np.array_equal(without.networks.theta, result.networks.theta[[0, 2]])


def test_a_sweep_in_which_every_rate_diverges_ends_early_and_says_so():
    net = MLP.from_sizes([4, 3], loss="mse", seed=0)
    X = np.random.default_rng(0).normal(size=(20, 4))
    result = learning_rate_sweep(net, X, X[:, :3], (1e3, 1e4), 20_000)
    assert result.status == ["diverged"] * 2
    assert np.isnan(result.best)
    assert np.isnan(result.loss[:, -1]).all()
    assert 0 < result.diverged_at.max() < 1000


def test_column_0_is_the_loss_before_any_update_and_column_e_that_after_e_epochs():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    result = learning_rate_sweep(net, X, y, RATES, 3, l2=0.1, **options)
    assert np.array_equal(result.loss[:, 0], [net.evaluate(X, y, penalty=Penalty(l2=0.1))] * 3)
    trained = net.copy()
    trainer = Trainer(trained, SGD(RATES[0]), l2=0.1, **options)
    for epoch in (1, 2, 3):
        trainer.fit(X, y)
        assert result.loss[0, epoch] == trained.evaluate(X, y, penalty=Penalty(l2=0.1))


def test_the_chart_of_the_documents_has_these_true_numbers():
    result = learning_rate_sweep(chart_network(), CHART_X, CHART_T)
    assert tuple(result.rates) == DOCUMENT_RATES == tuple(LAST_ERRORS)
    assert result.loss.shape == (6, 101)
    assert result.loss[:, 0].tolist() == [FIRST_ERROR] * 6
    assert np.allclose(result.final, list(LAST_ERRORS.values()), rtol=0, atol=1e-12)
    # a higher rate is better after every epoch
    assert (np.diff(result.loss[:, 1:], axis=0) < 0).all()
    assert result.best == 2.0


def test_rates_are_compared_on_validation_data_if_there_is_any():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    X_val, y_val = labels(40, 10, 3)
    y_val = (y_val + 1) % 3
    result = learning_rate_sweep(net, X, y, RATES, 3, validation=(X_val, y_val), **options)
    for k in range(3):
        assert result.val_losses[k, 0] == result.network(k).evaluate(X_val, y_val)
    assert np.array_equal(result.final, result.val_losses[:, 0])
    assert result.best == RATES[int(np.argmin(result.val_losses))]
    assert result.best != RATES[int(np.argmin(result.loss[:, -1]))]
    plain = learning_rate_sweep(net, X, y, RATES, 3, **options)
    assert plain.val_losses is None
    assert np.array_equal(plain.losses, result.losses)


def test_where_callbacks_stop_the_runs_the_last_loss_stands_for_the_rest():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    stop = Callback()
    stop.on_epoch_end = lambda trainer: trainer.stop() if trainer.epoch == 2 else None
    whole = learning_rate_sweep(net, X, y, RATES, 2, **options)
    result = learning_rate_sweep(net, X, y, RATES, 5, callbacks=[stop], **options)
    assert result.status == ["completed"] * 3
    assert np.array_equal(result.loss[:, :3], whole.loss)
    assert np.array_equal(result.loss[:, 3:], whole.loss[:, [2, 2, 2]])
    assert result.best == whole.best


def test_each_rate_stops_early_by_itself_and_is_compared_with_its_best_weights():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    train, held_out = (X[:60], y[:60]), (X[60:], y[60:])
    callbacks = [EarlyStopping(patience=3)]
    rates = [0.1, 2.0]
    result = learning_rate_sweep(
        net, *train, rates, 30, validation=held_out, callbacks=callbacks, **options
    )
    for k, rate in enumerate(rates):
        own = net.copy()
        trainer = Trainer(own, SGD(rate), callbacks=[EarlyStopping(patience=3)], **options)
        history = trainer.fit(*train, 30, validation=held_out)
        assert np.array_equal(result.network(k).theta, own.theta)
        assert result.val_losses[k, 0] == min(history["val_loss"])
        assert result.loss[k, -1] == own.evaluate(*train)
