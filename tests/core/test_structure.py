"""The layers that `MLP.from_sizes` makes of widths."""

import numpy as np
import pytest

import mlp
from mlp.core import MLP, ActivationLayer, BatchNorm, Dense, LayerNorm
from tests.core.cases import Sine

SIZES = [4, 6, 5, 3]


def kinds(net):
    return [type(layer).__name__ for layer in net.layers]


def test_without_normalization_there_are_dense_layers_with_activations():
    net = MLP.from_sizes(SIZES, "tanh", seed=0)
    assert kinds(net) == ["Dense"] * 3
    same = MLP.from_sizes(SIZES, "tanh", normalization=None, seed=0)
    plain = MLP([Dense(4, 6, "tanh"), Dense(6, 5, "tanh"), Dense(5, 3)], seed=0)
    assert same.theta.tobytes() == net.theta.tobytes() == plain.theta.tobytes()
    assert repr(same) == repr(net) == repr(plain)


@pytest.mark.parametrize(("name", "kind"), [("batch", BatchNorm), ("Layer", LayerNorm)])
def test_each_hidden_layer_normalises_before_its_activation_and_dropout_comes_last(name, kind):
    net = MLP.from_sizes(SIZES, "tanh", "sigmoid", "mse", normalization=name, dropout=0.2, seed=0)
    hidden = ["Dense", kind.__name__, "ActivationLayer", "Dropout"]
    assert kinds(net) == [*hidden, *hidden, "Dense"]
    assert [net.layers[i].activation.name for i in (0, 2, 4, 6, 8)] == [
        "identity", "tanh", "identity", "tanh", "sigmoid",
    ]  # fmt: skip
    assert net.layers[1].width == 6


def test_a_batch_norm_takes_the_place_of_the_bias_and_a_layer_norm_does_not():
    batch, layer = (MLP.from_sizes(SIZES, normalization=n, seed=0) for n in ("batch", "layer"))
    assert [dense.bias is None for dense in batch.layers[::3]] == [True, True, False]
    assert not any(dense.bias is None for dense in layer.layers[::3])


@pytest.mark.parametrize(
    "hidden", ["relu", "tanh", "gelu", Sine()], ids=["relu", "tanh", "gelu", "sine"]
)
def test_the_first_weights_of_a_seed_are_those_without_normalization(hidden):
    plain = MLP.from_sizes(SIZES, hidden, seed=5)
    for name in ("batch", "layer"):
        net = MLP.from_sizes(SIZES, hidden, normalization=name, seed=5)
        assert net.weights.tobytes() == plain.weights.tobytes()
        assert isinstance(net.layers[2], ActivationLayer)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_gradient_is_exact(normalization, dtype):
    net = MLP.from_sizes(
        SIZES, "tanh", "softmax", "cross_entropy",
        normalization=normalization, dropout=0.2, dtype=dtype, seed=0,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    assert mlp.check_gradients(net, X, y).error < 1e-6
    assert mlp.check_gradients(net.replicate(2), X, y).error < 1e-6


def test_a_network_without_hidden_layers_has_none_to_normalise():
    assert kinds(MLP.from_sizes([4, 3], normalization="batch", seed=0)) == ["Dense"]


@pytest.mark.parametrize(
    ("normalization", "error", "message"),
    [
        ("group", ValueError, "^normalization: received 'group', expected one of batch, layer"),
        (True, TypeError, "^normalization: received True, expected one of batch, layer"),
        (BatchNorm, TypeError, "^normalization: received <class .*, expected one of batch, layer"),
    ],
)
def test_an_unknown_normalization_is_refused(normalization, error, message):
    with pytest.raises(error, match=message):
        MLP.from_sizes(SIZES, normalization=normalization)


def test_each_hidden_layer_may_have_its_own_activation():
    net = MLP.from_sizes([2, 3, 4, 1], ["tanh", "gelu"], "sigmoid", seed=0)
    assert [layer.activation.name for layer in net.layers] == ["tanh", "gelu", "sigmoid"]
    same = MLP.from_sizes([2, 3, 4, 1], ("tanh", "tanh"), seed=0)
    assert (same.theta == MLP.from_sizes([2, 3, 4, 1], "tanh", seed=0).theta).all()
    with pytest.raises(ValueError, match="hidden: received 1 activations, expected 2, one for"):
        MLP.from_sizes([2, 3, 4, 1], ["tanh"])
