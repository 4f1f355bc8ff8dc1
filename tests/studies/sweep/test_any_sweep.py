"""A sweep over any parameters: each run is, bit for bit, a trainer with them alone."""

import numpy as np
import pytest

import mlp
from mlp import MLP, EarlyStopping, ReduceLROnPlateau
from mlp.optim import Adam, Cosine, Exponential
from tests.studies.sweep.runs_alone import assert_runs_are_those_alone, data, network

X, Y = data()
HELD_OUT = data(n=20, seed=1)
NUMBERS = {
    "sgd": {"lr": [0.05, 0.2], "momentum": [0.0, 0.9]},
    "nesterov": {"lr": [0.05, 0.2], "momentum": [0.3, 0.9]},
    "rmsprop": {"alpha": [0.5, 0.99], "eps": [1e-8, 0.1], "momentum": [0.0, 0.5]},
    "adagrad": {"lr_decay": [0.0, 0.1], "initial_accumulator": [0.0, 1.0], "eps": [1e-10, 0.1]},
    "adam": {"beta1": [0.5, 0.9], "beta2": [0.9, 0.999], "eps": [1e-8, 0.01]},
    "adamw": {"lr": [0.01, 0.1], "weight_decay": [0.0, 0.1]},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", NUMBERS)
def test_numbers_of_an_optimizer(optimizer, dtype):
    net = network(dtype)
    runs = mlp.sweep(
        net, X, Y, NUMBERS[optimizer], 2, 32, optimizer, validation=HELD_OUT, metrics=["accuracy"]
    )
    assert len(runs) == 2 ** len(NUMBERS[optimizer])
    assert_runs_are_those_alone(
        runs, net, 2, optimizer=optimizer, validation=HELD_OUT, metrics=["accuracy"]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_of_the_trainer_and_seeds(dtype):
    parameters = {
        "l1": [0.0, 0.01],
        "l2": [0.0, 0.1],
        "clip_norm": [None, 0.1],
        "dropout": [0.0, 0.1, 0.5],
    }
    net = network(dtype)
    runs = mlp.sweep(net, X, Y, parameters, 2, seeds=2, validation=HELD_OUT)
    assert len(runs) == 48
    assert_runs_are_those_alone(runs, net, 2, validation=HELD_OUT)


def test_structure_and_numbers_in_one_grid():
    parameters = {
        "hidden": [(8,), (6, 4), 3],
        "activation": ["tanh", "relu"],
        "lr": [0.05, 0.2],
    }
    net = network()

    def first(values, s):
        hidden = values["hidden"]
        sizes = [5, *((hidden,) if isinstance(hidden, int) else hidden), 3]
        made = MLP.from_sizes(
            sizes,
            values["activation"],
            "softmax",
            "cross_entropy",
            dropout=0.2,
            normalization="batch",
            seed=7,
        )
        if s:
            made.initialize(np.random.default_rng([7, s]))
        return made

    runs = mlp.sweep(net, X, Y, parameters, 2, seeds=2, seed=7, validation=HELD_OUT)
    assert_runs_are_those_alone(runs, net, 2, first, validation=HELD_OUT, seed=7)
    assert runs.network(4 * 2).layers[0].n_out == 6


def test_optimizers_batch_sizes_and_seeds_of_the_order():
    parameters = {
        "optimizer": ["sgd", "adam", Adam(0.1, eps=0.01)],
        "batch_size": [16, None],
        "seed": [0, 1],
        "lr": [0.01, 0.1],
    }
    net = network()
    runs = mlp.sweep(net, X, Y, parameters, 2)
    assert_runs_are_those_alone(runs, net, 2)
    assert len({tuple(row) for row in runs.columns["loss"].tolist()}) == len(runs)


def test_schedules_by_name_and_as_rates():
    net = network()
    runs = mlp.sweep(net, X, Y, {"lr": [0.1, 0.01], "schedule": ["cosine", "one_cycle", "step"]}, 3)
    assert_runs_are_those_alone(runs, net, 3)
    rates = [0.05, Exponential(0.1, 0.9), Exponential(0.1, 0.8), Cosine(0.2, 9, 0.01), _third]
    runs = mlp.sweep(net, X, Y, {"lr": rates, "momentum": [0.0, 0.9]}, 3, schedule=None)
    assert_runs_are_those_alone(runs, net, 3)
    runs = mlp.sweep(net, X, Y, {"lr": [0.1, 0.2]}, 3, schedule="linear_warmup")
    for k, lr in enumerate([0.1, 0.2]):
        assert runs.history(k)["lr"][-1] == lr
    assert runs.history(1)["lr"][0] == 0.2


def _third(step):
    return 0.1 / (step + 1)


def test_losses_start_from_the_weights_of_the_network():
    def first(values, s):
        layers = [mlp.Dense(5, 8, "tanh"), mlp.Dense(8, 3, "sigmoid")]
        made = MLP(layers, values["loss"], seed=1)
        made.theta = net.theta
        return made

    net = MLP.from_sizes([5, 8, 3], "tanh", "sigmoid", "mse", seed=3)
    targets = np.eye(3)[Y]
    parameters = {"loss": ["mse", "binary_cross_entropy"], "lr": [0.1, 0.5]}
    runs = mlp.sweep(net, X, targets, parameters, 2)
    for k, values in enumerate(runs.parameters):
        own = first(values, 0)
        mlp.Trainer(own, mlp.SGD(values["lr"])).fit(X, targets, 2)
        assert np.array_equal(runs.network(k).theta, own.theta)


def test_dropout_is_added_to_a_network_without():
    net = network(dropout=0.0, normalization=None)
    runs = mlp.sweep(net, X, Y, {"dropout": [0.0, 0.1, 0.4]}, 2)

    def first(values, s):
        made = network(dropout=0.5, normalization=None)
        made.theta = net.theta
        return made

    assert_runs_are_those_alone(runs, net, 2, first)
    plain = mlp.sweep(net, X, Y, {"l2": [0.0]}, 2)
    assert np.array_equal(plain.network(0).theta, runs.network(0).theta)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("restore_best", [True, False])
def test_each_run_stops_by_itself_and_costs_no_more(restore_best, dtype):
    net = network(dtype)
    huge = 1e30 if dtype == "float32" else 1e300
    parameters = {"lr": [1e-4, 0.05, 0.3, 1.0, huge], "momentum": [0.0, 0.9]}
    callbacks = [
        EarlyStopping(patience=2, restore_best=restore_best),
        ReduceLROnPlateau(patience=1, factor=0.5),
    ]
    sizes = []
    watched = {"validation": HELD_OUT, "callbacks": callbacks}
    original = mlp.studies.sweep.recorder.compact

    def compact(trainer, rows):
        original(trainer, rows)
        sizes.append(trainer.net.replicas)

    mlp.studies.sweep.recorder.compact = compact
    try:
        runs = mlp.sweep(net, X, Y, parameters, 12, seeds=2, **watched)
    finally:
        mlp.studies.sweep.recorder.compact = original
    assert sizes == sorted(sizes, reverse=True)
    assert 0 < min(sizes) < 10
    if restore_best:
        assert_runs_are_those_alone(runs, net, 12, **watched)
    assert set(runs.status) >= {"stopped", "diverged", "completed"}
