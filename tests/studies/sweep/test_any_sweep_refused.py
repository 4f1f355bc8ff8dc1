"""Parameters and arguments that no sweep can have are rejected before any training."""

import numpy as np
import pytest

import mlp
from mlp import Callback, search
from mlp.optim import Adam
from tests.studies.sweep.runs_alone import data, network

X, Y = data()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameters: received none"),
        ([], "parameters: received"),
        (3, "parameters: received 3, expected a dict of lists"),
        ([3], "parameters: received 3 in the list, expected a dict"),
        ({"lrr": [0.1]}, "parameters: received 'lrr', expected lr, momentum.*did you mean"),
        ({"lr": 0.1}, "lr: received 0.1, expected a sequence of values"),
        ({"lr": []}, "lr: received no values"),
        ({"lr": [-0.1, 0.1]}, "lr: received"),
        ({"lr": [0.1, None]}, "lr: received"),
        ({"lr": [0.1, "high"]}, "lr: received"),
        ({"lr": [np.nan]}, "lr: received"),
        ({"momentum": [0.0, 1.0]}, "momentum: received"),
        ({"beta1": [0.9]}, "beta1: received it for SGD, expected one of lr, momentum"),
        ({"optimizer": ["adam"], "momentum": [0.9]}, "momentum: received it for Adam"),
        ({"optimizer": ["adm"]}, "optimizer: received 'adm'.*did you mean 'adam'"),
        ({"optimizer": [3]}, "optimizer: received 3"),
        ({"l2": [0.1, -0.1]}, "l2: received"),
        ({"clip_norm": [0.0, 1.0]}, "clip_norm: received"),
        ({"dropout": [0.1, 1.0]}, "rate: received"),
        ({"hidden": [(0,)]}, "n_out: received 0"),
        ({"hidden": ["wide"]}, "received"),
        ({"activation": ["rely"]}, "activation: received 'rely'"),
        ({"normalization": ["group"]}, "normalization: received 'group'"),
        ({"loss": ["poison"]}, "loss: received 'poison'"),
        ({"batch_size": [0]}, "batch_size: received 0"),
        ({"batch_size": [23]}, "batch_size: received 23"),
        ({"seed": [-1]}, "seed: received -1"),
        ({"schedule": ["sine"]}, "schedule: received 'sine'"),
        ({"nesterov": [True]}, "momentum: received 0.0 with nesterov=True"),
        ({"centered": [True]}, "centered: received it for SGD"),
        ({"nesterov": [1], "momentum": [0.9]}, "nesterov: received 1, expected True or False"),
    ],
    ids=str,
)
def test_parameters(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        mlp.sweep(network(), X, Y, parameters, callbacks=[NeverCalled()])


class NeverCalled(Callback):
    def on_start(self, trainer):
        raise RuntimeError("training began")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs: received 0"),
        ({"seeds": 0}, "seeds: received 0"),
        ({"seed": -1}, "seed: received -1"),
        ({"validation": 3}, "validation: received int"),
        ({"validation": (X[:, 1:], Y)}, "X: received shape"),
        ({"metrics": ["acuracy"]}, "metric: received 'acuracy'"),
        ({"metrics": ["r2"]}, "r2: received targets"),
        ({"callbacks": [3]}, "callbacks: received 3"),
        ({"optimizer": Adam([0.1, 0.2])}, "expected one rate; sweep over 'lr'"),
        ({"shuffle": 1}, "shuffle: received 1"),
        ({"sample_weight": [1.0]}, "sample_weight: received shape"),
    ],
    ids=str,
)
def test_other_arguments(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        mlp.sweep(network(), X, Y, {"lr": [0.1]}, **{"callbacks": [NeverCalled()]} | arguments)


def test_networks_that_cannot_change_their_layers():
    net = mlp.MLP([mlp.Dense(5, 8, "tanh"), mlp.Dense(8, 3, "softmax")], "cross_entropy", seed=0)
    mlp.sweep(net, X, Y, {"hidden": [(4,)]}, 1)  # as MLP.from_sizes makes it
    odd = mlp.MLP([mlp.LayerNorm(), mlp.Dense(5, 3, "softmax")], "cross_entropy", seed=0)
    for parameters in ({"hidden": [(4,)]}, {"dropout": [0.1]}):
        with pytest.raises(
            ValueError, match=r"net: received .*, expected layers as MLP.from_sizes"
        ):
            mlp.sweep(odd, X, Y, parameters, 1)
    with pytest.raises(TypeError, match="net: received .*, expected an MLP without replicas"):
        mlp.sweep(net.replicate(2), X, Y, {"lr": [0.1]})


def test_a_loss_that_has_no_meaning_for_the_outputs():
    net = mlp.MLP.from_sizes([5, 3], loss="mse", seed=0)
    with pytest.raises(ValueError, match="loss"):
        mlp.sweep(net, X, np.eye(3)[Y], {"loss": ["mse", "cross_entropy"]}, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: search.paired({"a": [1], "b": [1, 2]}), "expected equally many"),
        (lambda: search.random(0, {"lr": [1]}), "n: received 0"),
        (lambda: search.random(2, {"lr": 0.1}), "lr: received 0.1"),
        (lambda: search.random(2, {}), "parameters: received none"),
        (lambda: search.grid({"lr": search.uniform(0.0, 1.0)}), "random draws from it"),
        (lambda: search.uniform(1.0, 1.0), "high: received 1.0"),
        (lambda: search.log_uniform(0.0, 1.0), "low: received 0.0"),
        (lambda: search.grid({1: [2]}), "parameters: received"),
        (lambda: search.grid({"lr": np.ones((2, 2))}), r"lr: received shape \(2, 2\)"),
    ],
)
def test_searches(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_random_runs_are_a_prefix_of_more_of_them_and_lie_in_their_range():
    parameters = {"lr": search.log_uniform(1e-4, 1.0), "l2": search.uniform(0.0, 0.1), "n": [1, 2]}
    runs = search.random(500, parameters, seed=3)
    assert search.random(20, parameters, seed=3) == runs[:20]
    assert search.random(20, parameters, seed=4) != runs[:20]
    rates = np.log10([run["lr"] for run in runs])
    assert -4 < rates.min() < -3.9
    assert -0.1 < rates.max() < 0
    assert abs(np.median(rates) + 2) < 0.3
    assert {run["n"] for run in runs} == {1, 2}
