"""An activation as a layer of its own does what it does inside of a dense layer."""

import copy
import pickle

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS, MLP, ActivationLayer, BatchNorm, Dense, Dropout, LayerNorm
from mlp.core.activations import LeakyReLU, ReLU
from tests.core.cases import PAIRS, Exponential, Sine, apart, network, targets
from tests.core.normalized import SMOOTH

FUSED = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "mse"),
    ("identity", "squared_error"),
]


def small(*layers, loss="mse", n_in=3, replicas=None):
    net = MLP([Dense(n_in, 4), *layers, Dense(4, 2)], loss, seed=0)
    return net.replicate(replicas) if replicas else net


# --- the same as inside of a dense layer


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("replicas", [None, 3])
@pytest.mark.parametrize(
    "hidden", [*ACTIVATIONS, Sine(), Exponential()], ids=[*ACTIVATIONS, "sine", "exp"]
)
def test_a_hidden_one_has_the_bits_of_the_dense_layer_with_that_activation(hidden, replicas, dtype):
    rng = np.random.default_rng(0)
    sizes = [4, 6, 5, 3]
    net = network(
        sizes, hidden, "tanh", "mse", rng=rng, replicas=replicas, dtype=dtype, dropout=0.2
    )
    other = apart(net)
    for rows in (7, 300, 7):
        X, Y = rng.normal(size=(rows, 4)), rng.normal(size=(rows, 3))
        losses = [one.loss_and_grad(X, Y, rng=np.random.default_rng(1)) for one in (net, other)]
        assert np.array_equal(losses[0], losses[1])
        assert other.grad.tobytes() == net.grad.tobytes()
        assert other.predict(X).tobytes() == net.predict(X).tobytes()
        assert np.array_equal(other.evaluate(X, Y), net.evaluate(X, Y))
        dX = [one.input_gradient(X, Y, rng=np.random.default_rng(1)) for one in (net, other)]
        assert dX[0].tobytes() == dX[1].tobytes()


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_a_last_one_gives_loss_and_gradient_of_the_dense_layer(output, loss, replicas):
    rng = np.random.default_rng(0)
    net = network([4, 6, 3], "tanh", output, loss, rng=rng, replicas=replicas)
    other = apart(net)
    X, Y = rng.normal(size=(9, 4)), targets(loss, rng, 9, 3)
    weight = rng.uniform(0.0, 2.0, 9)
    np.testing.assert_allclose(
        other.loss_and_grad(X, Y, weight), net.loss_and_grad(X, Y, weight), rtol=1e-13
    )
    np.testing.assert_allclose(other.grad, net.grad, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(other.predict(X), net.predict(X), rtol=1e-13)


# --- the pair with a loss


@pytest.mark.parametrize(("output", "loss"), FUSED)
def test_a_last_one_is_fused_with_its_loss_and_a_hidden_one_is_not(output, loss):
    net = MLP([Dense(2, 3), ActivationLayer(output), Dense(3, 3), ActivationLayer(output)], loss)
    X, Y = np.eye(2), np.full((2, 3), 0.5 if output == "sigmoid" else 1 / 3)
    net.loss_and_grad(X, Y)
    last, factor = net.layers[-1], 2 / 3 if loss == "mse" else 1.0
    np.testing.assert_allclose(last.dZ, factor * (last.A - Y) / 2, rtol=1e-15)
    assert mlp.check_gradients(net, X, Y).error < 1e-6
    other = net.copy()
    other.loss_and_grad(X, Y)
    assert np.array_equal(other.layers[-1].dZ, last.dZ)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_cross_entropy_is_exact_at_huge_logits(dtype):
    layers = [Dense(3, 3, weights=np.eye(3), bias=False), ActivationLayer("softmax")]
    net = MLP(layers, "cross_entropy", dtype=dtype)
    Z = [[1e4, -1e4, 0.0]] * 3
    assert [net.evaluate(Z[:1], [label]) for label in range(3)] == [0.0, 2e4, 1e4]
    assert np.array_equal(net.input_gradient(Z, [0, 1, 2]) * 3, [[0, 0, 0], [1, -1, 0], [1, 0, -1]])


def test_binary_cross_entropy_is_exact_at_huge_logits():
    layers = [Dense(1, 1, weights=[[1.0]], bias=False), ActivationLayer("sigmoid")]
    net = MLP(layers, "binary_cross_entropy")
    losses = [net.evaluate([[z]], [[y]]) for z in (1e4, -1e4) for y in (1.0, 0.0)]
    assert losses == [0.0, 1e4, 1e4, 0.0]


def test_the_layer_before_keeps_its_outputs_though_the_loss_writes_over_logits():
    layers = [Dense(3, 3, weights=np.eye(3), bias=False), ActivationLayer("softmax")]
    net, X = MLP(layers, "cross_entropy"), np.array([[1.0, 2.0, 4.0]])
    net.loss_and_grad(X, [1])
    dense, last = net.layers
    assert np.array_equal(dense.A, X)
    assert np.array_equal(last.Z, X)
    assert np.array_equal(last.A_in, X)
    np.testing.assert_allclose(last.A, np.exp(X) / np.exp(X).sum(), rtol=1e-15)


# --- finite differences


def random_layers(rng, replicas):
    """Draw a network in which activations stand before, between and behind other layers."""
    make = (
        lambda: ActivationLayer(str(rng.choice(SMOOTH))),
        lambda: ActivationLayer((Sine(), Exponential())[rng.integers(2)]),
        lambda: BatchNorm(eps=0.1),
        lambda: LayerNorm(0.1),
        lambda: Dropout(0.3),
    )
    layers, width = [], int(rng.integers(1, 5))
    for n_out in rng.integers(1, 5, rng.integers(1, 4)):
        layers += [make[i]() for i in rng.integers(0, len(make), rng.integers(0, 4))]
        layers.append(Dense(width, int(n_out), str(rng.choice(["identity", "tanh"]))))
        width = int(n_out)
    layers += [LayerNorm(0.1), ActivationLayer(str(rng.choice(SMOOTH)))][rng.integers(2) :]
    net = MLP(layers, str(rng.choice(["mse", "squared_error"])), seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = rng.normal(0.0, 0.7, net.theta.shape)
    return net


@pytest.mark.parametrize("seed", range(60))
def test_the_gradient_of_any_structure_is_exact(seed):
    rng = np.random.default_rng([2, seed])
    replicas = (None, 1, 3)[seed % 3]
    net = random_layers(rng, replicas)
    lead = () if replicas is None or seed % 2 else (replicas,)
    X, Y = rng.normal(size=(*lead, 6, net.n_in)), rng.normal(size=(6, net.n_out))
    error, where = mlp.check_gradients(net, X, Y)
    assert error < 1e-6, (net, where)


@pytest.mark.parametrize("first", ["softmax", "sigmoid", "elu", "relu"])
def test_as_the_first_layer_it_serves_inputs_that_replicas_share(first):
    rng = np.random.default_rng(0)
    net = MLP([ActivationLayer(first), Dense(3, 2, "tanh")], "mse", seed=0).replicate(3)
    net.theta = rng.normal(size=net.theta.shape)
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    assert mlp.check_gradients(net, X, Y).error < 1e-6
    shared, dX = net.loss_and_grad(X, Y), net.input_gradient(X, Y)
    assert dX.shape == (3, 5, 3)
    assert net.layers[0].A.shape == (5, 3)
    assert net.layers[0].dZ.shape == (3, 5, 3)
    own = np.stack([X] * 3)
    assert np.array_equal(net.loss_and_grad(own, Y), shared)
    assert np.array_equal(net.input_gradient(own, Y), dX)


def test_a_wrong_gradient_is_found(monkeypatch):
    net, X, Y = small(ActivationLayer("tanh")), np.eye(3), np.ones((3, 2))
    assert mlp.check_gradients(net, X, Y).error < 1e-6

    def wrong(layer, dA, need_dA_in=True):
        return dA

    monkeypatch.setattr(ActivationLayer, "backward", wrong)
    assert mlp.check_gradients(net, X, Y).error > 1e-3


# --- what it tells of itself


def test_its_numbers_are_those_of_the_last_pass():
    net = small(BatchNorm(), ActivationLayer("relu"))
    layer = net.layers[2]
    for name in ("A_in", "Z", "A", "dZ"):
        with pytest.raises(AttributeError, match=r"^ActivationLayer\('relu'\) has no A_in, Z, A"):
            getattr(layer, name)
    net.loss_and_grad(np.eye(3), np.ones((3, 2)))
    assert layer.A_in is layer.Z is net.layers[1].A
    assert np.array_equal(layer.A, np.maximum(layer.Z, 0.0))
    dense = net.layers[3]
    np.testing.assert_allclose(layer.dZ, (dense.dZ @ dense.W.T) * (layer.Z > 0), rtol=1e-12)


def test_it_is_shown_by_the_call_that_makes_it_and_has_no_parameters():
    assert repr(ActivationLayer("ReLU")) == "ActivationLayer('relu')"
    assert repr(ActivationLayer(LeakyReLU(0.3))) == "ActivationLayer('leaky_relu')"
    assert "Sine object" in repr(ActivationLayer(Sine()))
    lines = small(BatchNorm(), ActivationLayer("relu")).summary().splitlines()
    assert lines[3].split() == ["ActivationLayer('relu')", "4", "0"]


@pytest.mark.parametrize(
    ("activation", "error", "message"),
    [
        ("rlu", ValueError, r"^activation: received 'rlu', expected one of .*did you mean 'relu'"),
        (3, TypeError, "^activation: received 3, expected a name"),
        (None, TypeError, "^activation: received None, expected a name"),
        (ReLU, TypeError, "^activation: received <class .*ReLU'>, expected a name"),
    ],
)
def test_what_is_no_activation_is_refused(activation, error, message):
    with pytest.raises(error, match=message):
        ActivationLayer(activation)


def test_networks_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="^layers: received no layer with widths"):
        MLP([ActivationLayer("relu")])
    with pytest.raises(ValueError, match=r"'cross_entropy' after ActivationLayer\('relu'\)"):
        MLP([Dense(2, 3), ActivationLayer("relu")], "cross_entropy")
    layer = small(ActivationLayer("relu")).layers[1]
    with pytest.raises(ValueError, match="already belongs to a network"):
        small(layer)


# --- copies


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize(
    "how",
    [
        MLP.copy,
        lambda net: pickle.loads(pickle.dumps(net)),  # noqa: S301
        lambda net: net.astype(net.dtype),
    ],
)
def test_a_copy_goes_on_with_the_same_bits_and_shares_nothing(how, replicas):
    layers = [Dense(3, 4), BatchNorm(), ActivationLayer("gelu"), Dense(4, 2)]
    net = MLP([*layers, ActivationLayer("softmax")], "cross_entropy", seed=0)
    net = net.replicate(replicas) if replicas else net
    X = np.random.default_rng(0).normal(size=(5, 3))
    net.loss_and_grad(X, [0, 1, 0, 1, 1])
    other = how(net)
    assert np.array_equal(other.loss_and_grad(X, [0] * 5), net.loss_and_grad(X, [0] * 5))
    assert np.array_equal(other.grad, net.grad)
    for mine, its in zip(net.layers[2::2], other.layers[2::2], strict=True):
        assert not np.shares_memory(mine.A, its.A)
        assert mine.activation is not its.activation


def test_a_copied_layer_belongs_to_no_network_and_has_an_activation_of_its_own():
    net = small(ActivationLayer(LeakyReLU(0.3)), replicas=2)
    net.predict(np.eye(3))
    layer = copy.copy(net.layers[1])
    assert not layer.is_bound
    assert layer.activation is not net.layers[1].activation
    assert layer.activation.slope == 0.3
    with pytest.raises(AttributeError, match="before a pass"):
        _ = layer.A
    assert small(layer).predict(np.eye(3)).shape == (3, 2)


def test_two_layers_of_one_object_have_work_arrays_of_their_own():
    relu = ReLU()
    net = small(ActivationLayer(relu), ActivationLayer(relu))
    assert net.layers[1].activation is not net.layers[2].activation
    assert mlp.check_gradients(net, np.eye(3), np.ones((3, 2))).error < 1e-6


def test_as_the_first_layer_it_has_no_derivative_of_its_input():
    net = mlp.MLP([mlp.ActivationLayer("tanh"), mlp.Dense(2, 1)], seed=0)
    net.loss_and_grad([[1.0, 2.0]], [[0.0]])
    with pytest.raises(AttributeError, match="no pass has gone back through it"):
        _ = net.layers[0].dZ
