"""Activation layers in a file."""

import numpy as np
import pytest

import mlp
from mlp import MLP, SGD, ActivationLayer, BatchNorm, Dense, Trainer
from mlp.core import ACTIVATIONS
from mlp.core.activations import ELU, LeakyReLU
from tests.core.cases import Sine
from tests.files.forge import assert_same, contents, forge_declared
from tests.files.refused import assert_refused


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, LeakyReLU(0.3), ELU(1 / 3)], ids=str)
def test_a_trained_network_comes_back_and_is_trained_on_bit_for_bit(tmp_path, activation, replicas):
    layers = [Dense(3, 4), BatchNorm(), ActivationLayer(activation), Dense(4, 2)]
    net = MLP([*layers, ActivationLayer("softmax")], "cross_entropy", seed=0)
    net = net.replicate(replicas) if replicas else net
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    Trainer(net, SGD(0.1), batch_size=6).fit(X, y, 2)
    net.save(tmp_path / "net.npz")
    other = mlp.load(tmp_path / "net.npz")
    assert_same(net, other)
    for one in (net, other):
        Trainer(one, SGD(0.1), batch_size=6).fit(X, y, 2)
    assert_same(net, other)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_what_from_sizes_makes_can_be_saved_and_drawn_anew(tmp_path, normalization):
    net = MLP.from_sizes([3, 4, 2], normalization=normalization, dropout=0.1, seed=0)
    net.save(tmp_path / "net.npz")
    other = mlp.load(tmp_path / "net.npz")
    assert_same(net, other)
    net.initialize(7)
    other.initialize(7)
    assert_same(net, other)


def test_an_activation_of_ones_own_is_not_saved(tmp_path):
    net = MLP([Dense(2, 2), ActivationLayer(Sine())], seed=0)
    with pytest.raises(TypeError, match=r"^layers\[1\].activation: received .*Sine"):
        net.save(tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("config", "params", "reason"),
    [
        ({}, {}, r"layers\[1\].config: received \[\], expected activation"),
        ({"activation": "relu"}, {}, "activation.name: received None, expected str"),
        ({"activation": {"name": "rlu"}}, {}, "activation.name: received 'rlu', expected one of"),
        ({"activation": {"name": "elu"}}, {}, r"received \['name'\], expected name, alpha"),
        (
            {"activation": {"name": "elu", "alpha": -1.0}},
            {},
            "alpha: received -1.0, expected a finite number > 0",
        ),
        ({"activation": {"name": "relu"}}, {"W": 1.0}, r"layers\[1\].params: received"),
    ],
)
def test_descriptions_that_cannot_be_are_refused(tmp_path, config, params, reason):
    path = tmp_path / "net.npz"
    MLP([Dense(2, 2), ActivationLayer("relu")], seed=0).save(path)
    description, members = contents(path)
    description["layers"][1] |= {"config": config, "params": params}
    assert_refused(forge_declared(path, description, members), reason)


def test_a_file_of_nothing_but_activations_is_refused(tmp_path):
    path = tmp_path / "net.npz"
    MLP([Dense(2, 2), ActivationLayer("relu")], seed=0).save(path)
    description, _ = contents(path)
    del description["layers"][0]
    assert_refused(forge_declared(path, description, {}), "received no layer with widths")
