"""The learning-rate sweep: one vectorized run, in which each replica is its run alone."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    Callback,
    Dense,
    EarlyStopping,
    Penalty,
    Trainer,
    TrainingDiverged,
)
from mlp.optim import Exponential, make_optimizer
from mlp.studies.sweep import DOCUMENT_RATES, learning_rate_sweep


def chart_network(dtype="float64"):
    """The network of the published chart: 2-2-2, sigmoid, no biases."""
    return MLP(
        [
            Dense(2, 2, "sigmoid", weights=[[0.15, 0.25], [0.20, 0.30]], bias=False),
            Dense(2, 2, "sigmoid", weights=[[0.40, 0.50], [0.45, 0.55]], bias=False),
        ],
        "squared_error",
        dtype=dtype,
    )


CHART_X, CHART_T = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])


def labels(n, n_in, n_out):
    rng = np.random.default_rng(11)
    return rng.normal(size=(n, n_in)), rng.integers(0, n_out, n)


def chart(dtype):
    return chart_network(dtype), CHART_X, CHART_T, {}


def chart_over_rows(batch_size):
    def make(dtype):
        rng = np.random.default_rng(11)
        return (
            chart_network(dtype),
            rng.uniform(size=(9, 2)),
            rng.uniform(size=(9, 2)),
            {"batch_size": batch_size},
        )

    return make


def classifier(sizes, hidden, **layers):
    def make(dtype):
        net = MLP.from_sizes(
            sizes, hidden, "softmax", "cross_entropy", dtype=dtype, seed=3, **layers
        )
        X, y = labels(100, sizes[0], sizes[-1])
        return net, X, y, {"batch_size": 32}

    return make


PROBLEMS = {
    "the chart": chart,
    "2-2-2 batch 1": chart_over_rows(1),
    "2-2-2 full batch": chart_over_rows(None),
    "10-16-3 tanh": classifier([10, 16, 3], "tanh"),
    "64-32-10 relu": classifier([64, 32, 10], "relu"),
    "10-16-3 with dropout": classifier([10, 16, 3], "tanh", dropout=0.3),
}
RATES = (0.1, 0.02, 0.3)


class Losses(Callback):
    """The full training loss before training and after each epoch."""

    def __init__(self, *data, penalty=None):
        self.data, self.penalty, self.losses = data, penalty, []

    def on_start(self, trainer):
        self.losses.append(trainer.net.evaluate(*self.data, penalty=self.penalty))

    def on_epoch_end(self, trainer):
        self.on_start(trainer)


def run_alone(net, X, Y, rate, epochs, optimizer="sgd", sample_weight=None, **options):
    """Train a copy by a plain Trainer; return it and its losses, NaN from a divergence."""
    net = net.copy()
    penalty = Penalty(options.get("l1", 0.0), options.get("l2", 0.0))
    recorder = Losses(X, Y, sample_weight, penalty=penalty)
    method = make_optimizer(optimizer, lr=rate)
    options = {"batch_size": None, "seed": 0} | options
    try:
        Trainer(net, method, callbacks=[recorder], **options).fit(
            X, Y, epochs, sample_weight=sample_weight
        )
    except TrainingDiverged:
        recorder.losses += [np.nan] * (epochs + 1 - len(recorder.losses))
    return net, recorder.losses


def assert_runs_are_those_alone(result, net, X, Y, epochs, **options):
    for k, rate in enumerate(result.rates):
        own, losses = run_alone(net, X, Y, rate, epochs, **options)
        assert np.array_equal(result.network(k).theta, own.theta)
        assert np.array_equal(result.losses[k, 0], losses, equal_nan=True)
        assert np.array_equal(result.loss[k], losses, equal_nan=True)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", PROBLEMS)
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
    assert tuple(result.rates) == DOCUMENT_RATES == (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
    assert result.loss.shape == (6, 101)
    assert result.loss[:, 0].tolist() == [0.24251985734837728] * 6
    after_100 = [
        0.1335106073346252,
        0.07916642312214675,
        0.029166680235883584,
        0.0163866284770309,
        0.012395124175369723,
        0.005160108602350808,
    ]
    assert np.allclose(result.final, after_100, rtol=0, atol=1e-12)
    # a higher rate is better after every epoch
    assert (np.diff(result.loss[:, 1:], axis=0) < 0).all()
    assert result.best == 2.0


def test_what_the_caller_gave_is_not_changed():
    net, X, y, options = PROBLEMS["10-16-3 with dropout"]("float64")
    net.loss_and_grad(X, y)
    method = SGD(0.123, momentum=0.9)
    rates = np.array(RATES)
    before = [net.theta.copy(), net.grad.copy(), X.copy(), y.copy(), rates.copy()]
    generator = net._rng.bit_generator.state
    result = learning_rate_sweep(
        net, X, y, rates, 2, optimizer=method, seeds=2, validation=(X, y), **options
    )
    after = [net.theta, net.grad, X, y, rates]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert net._rng.bit_generator.state == generator
    assert (method.lr, method.steps, method.state) == (0.123, 0, {})
    rates[:] = 0.0
    assert tuple(result.rates) == RATES


def test_an_optimizer_that_was_used_before_starts_anew():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    used = make_optimizer("adam")
    Trainer(net.copy(), used).fit(X, y)
    steps = used.steps
    result = learning_rate_sweep(net, X, y, RATES, 2, optimizer=used, **options)
    fresh = learning_rate_sweep(net, X, y, RATES, 2, optimizer="adam", **options)
    assert np.array_equal(result.losses, fresh.losses)
    assert used.steps == steps > 0


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


GIVEN = chart_network()
DRAWN = MLP.from_sizes([2, 2], seed=0)
BAD = {
    "a negative rate": (ValueError, "rates", {"rates": [0.1, -0.1]}),
    "a rate of zero": (ValueError, "rates", {"rates": [0.0]}),
    "NaN": (ValueError, "rates", {"rates": [0.1, np.nan]}),
    "infinity": (ValueError, "rates", {"rates": [np.inf]}),
    "no rates": (ValueError, "rates", {"rates": []}),
    "one number": (ValueError, r"rates.*\(\), expected \(n_rates,\)", {"rates": 0.1}),
    "a rate twice": (ValueError, "rates.*0.2, 0.1.*each rate once", {"rates": [0.1, 0.2, 0.1]}),
    "no executor": (TypeError, "executor: received 4, expected an Executor", {"executor": 4}),
    "half a pair": (TypeError, "validation: received tuple of 1", {"validation": (1,)}),
    "a matrix": (ValueError, r"rates.*\(1, 2\)", {"rates": [[0.1, 0.2]]}),
    "words": (TypeError, "rates", {"rates": ["0.1"]}),
    "a schedule": (ValueError, "schedule", {"optimizer": SGD(Exponential(0.1, 0.9))}),
    "an unknown optimizer": (ValueError, "adam", {"optimizer": "adamm"}),
    "replicas": (TypeError, "replicas", {"net": DRAWN.replicate(2)}),
    "no network": (TypeError, "net", {"net": "net"}),
    "no epochs": (ValueError, "epochs", {"epochs": 0}),
    "half an epoch": (TypeError, "epochs", {"epochs": 0.5}),
    "no seeds": (ValueError, "seeds", {"seeds": 0}),
    "seeds for given weights": (ValueError, "given", {"net": GIVEN, "seeds": 2}),
    "a negative seed": (ValueError, "seed", {"seed": -1}),
    "no seed": (TypeError, "seed", {"seed": None}),
    "an empty batch": (ValueError, "batch_size", {"batch_size": 0}),
    "a negative l2": (ValueError, "l2", {"l2": -1.0}),
    "inputs that do not fit": (ValueError, r"X.*\(1, 3\)", {"X": np.ones((1, 3))}),
    "targets that do not fit": (ValueError, r"Y.*\(2, 2\)", {"Y": np.ones((2, 2))}),
    "weights that do not fit": (ValueError, "sample_weight", {"sample_weight": [1.0, 1.0]}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_what_came_and_what_was_expected(case):
    error, message, changes = BAD[case]
    arguments = {"net": DRAWN, "X": CHART_X, "Y": CHART_T, "epochs": 2} | changes
    with pytest.raises(error, match=message):
        learning_rate_sweep(**arguments)


def test_validation_data_that_does_not_fit_is_refused_before_the_training():
    class Never:
        _max_workers = 1

        def map(self, *_):
            raise AssertionError("the training has begun")

    with pytest.raises(ValueError, match=r"X.*\(1, 3\)"):
        learning_rate_sweep(
            DRAWN, CHART_X, CHART_T, executor=Never(), validation=(np.ones((1, 3)), CHART_T)
        )


def test_one_seed_is_enough_for_given_weights():
    result = learning_rate_sweep(GIVEN, CHART_X, CHART_T, [0.5], 1, seeds=1)
    assert result.losses.shape == (1, 1, 2)


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
