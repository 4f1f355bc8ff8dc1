"""Arguments of another kind than expected: the error says what came and what was expected."""

import copy

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, Dropout, Trainer
from mlp.core import ACTIVATIONS, make_activation

ERRORS = (ValueError, TypeError)
X = np.eye(2)


def network(**options):
    return MLP([Dense(2, 3, "tanh"), Dense(3, 2)], **({"seed": 0} | options))


@pytest.mark.parametrize("seed", [-1, "a", 1.5, True, np.int64(-2)])
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: network(seed=seed),
        lambda seed: MLP.from_sizes([2, 2], seed=seed),
        lambda seed: network().initialize(seed),
        lambda seed: Trainer(network(), seed=seed),
    ],
)
def test_a_seed_is_a_whole_number_from_zero(make, seed):
    message = "seed: received .*, expected a whole number >= 0, a numpy Generator or None"
    with pytest.raises(ERRORS, match=message):
        make(seed)


def test_a_seed_may_be_a_numpy_number_and_a_generator_goes_on():
    assert np.array_equal(network(seed=np.uint8(3)).theta, network(seed=3).theta)
    rng = np.random.default_rng(3)
    assert np.array_equal(network(seed=rng).theta, network(seed=3).theta)
    assert not np.array_equal(network(seed=rng).theta, network(seed=3).theta)
    assert not np.array_equal(network(seed=None).theta, network(seed=None).theta)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(Dense(2, 2)), "layers: received Dense.*, expected a sequence of layers"),
        (lambda: MLP(None), "layers: received None, expected a sequence of layers"),
        (lambda: MLP("relu"), "layers: received 'relu', expected a sequence of layers"),
        (lambda: MLP.from_sizes(5), "sizes: received 5, expected a sequence of at least two"),
        (lambda: MLP.from_sizes("22"), "sizes: received '22', expected a sequence of"),
        (lambda: Trainer(network(), callbacks=None), "callbacks: received None, expected a seq"),
        (lambda: Trainer(network(), shuffle="no"), "shuffle: received 'no', expected True or"),
        (lambda: Dense(2, 2, train_bias="no"), "train_bias: received 'no', expected True or"),
        (lambda: Dense(2, 2, share_bias=1), "share_bias: received 1, expected True or False"),
        (lambda: mlp.check_gradients("x", X, X), "net: received 'x', expected an MLP"),
        (lambda: mlp.check_gradients(network(), X, X, seed=-1), "seed: received -1, expected"),
        (
            lambda: Trainer(network()).fit(X, X, validation=(1,)),
            r"validation: received tuple of 1, expected a tuple \(X, Y\)",
        ),
        (
            lambda: Trainer(network()).fit(X, X, validation=X),
            r"validation: received ndarray, expected a tuple \(X, Y\)",
        ),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(call, message):
    with pytest.raises(ERRORS, match=f"^{message}"):
        call()


def test_numpys_booleans_are_booleans():
    given = Dense(2, 2, bias=np.True_, train_bias=np.False_, share_bias=np.True_)
    assert np.array_equal(MLP([given], seed=0).layers[0].b, [0.0])
    assert given.train_bias is False
    assert Dense(2, 2, bias=np.False_).bias is None


def test_layers_and_widths_may_come_from_any_iterable():
    assert repr(MLP(Dense(2, 2) for _ in range(2))) == repr(MLP([Dense(2, 2), Dense(2, 2)]))
    assert repr(MLP.from_sizes(np.array([2, 2]))) == repr(MLP.from_sizes((2, 2)))


@pytest.mark.parametrize("name", ["A_in", "Z", "A", "dZ"])
def test_the_arrays_of_a_pass_are_not_there_before_one(name):
    for layer in (Dense(2, 2), network().layers[0]):
        with pytest.raises(AttributeError, match=r"Dense\(2, .*\) has no .* before a pass"):
            getattr(layer, name)
    net = network()
    net.loss_and_grad(X, X)
    assert getattr(net.layers[0], name).shape[0] == 2


def test_masked_entries_are_not_taken_for_numbers():
    hidden = np.ma.masked_array(X, mask=X > 0)
    for call in (
        lambda: network().predict(hidden),
        lambda: network().loss_and_grad(X, hidden),
        lambda: network().loss_and_grad(X, X, hidden[0]),
        lambda: Dense(2, 2, weights=hidden),
        lambda: Trainer(network()).fit(hidden, X),
    ):
        with pytest.raises(ValueError, match="received masked entries, expected numbers"):
            call()
    assert np.array_equal(network().predict(np.ma.masked_array(X)), network().predict(X))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_an_activation_stays_finite_up_to_half_of_the_range(name, dtype):
    most = 0.5 * np.finfo(dtype).max
    Z = np.array([[-most, -1.0, 0.0, 1.0, most]], dtype)
    A, dZ = np.empty_like(Z), np.empty_like(Z)
    activation = make_activation(name)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        activation.forward(Z, out=A)
        activation.backward(np.ones_like(Z), Z, A, out=dZ)
    assert np.isfinite(A).all()
    assert np.isfinite(dZ).all()


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_loss_of_logits_is_exact_up_to_half_of_the_range(output, loss, dtype):
    most = 0.45 * float(np.finfo(dtype).max)
    layer = Dense(2, 2, output, weights=np.eye(2), bias=False)
    net = MLP([layer], loss, dtype=dtype)
    with np.errstate(over="raise", invalid="raise"):
        assert net.loss_and_grad([[most, -most]], [[1.0, 0.0]]) == 0.0
        wrong = net.evaluate([[most, -most]], [[0.0, 1.0]])
    assert wrong == pytest.approx(2.0 * most, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [{}, {"share_bias": True}, {"train_bias": False}])
def test_a_copied_layer_starts_from_the_numbers_of_the_trained_one(bias, kind, dtype):
    net = MLP([Dense(2, 3, "silu", bias=bias, **kind), Dense(3, 1)], seed=0, dtype=dtype)
    Trainer(net, mlp.SGD(0.1)).fit(X, X[:, :1], epochs=3)
    layer = copy.copy(net.layers[0])
    assert not layer.is_bound
    assert layer.has_given_weights
    assert layer.activation is not net.layers[0].activation  # its work arrays are its own
    other = MLP([layer, Dense(3, 2)], seed=1, dtype=dtype)
    assert np.array_equal(other.layers[0].W, net.layers[0].W)
    if bias:
        assert np.array_equal(other.layers[0].b, net.layers[0].b)
    other.theta += 1.0
    other.initialize(2)  # what was given as numbers returns to these
    assert np.array_equal(other.layers[0].W, net.layers[0].W)


def test_a_copied_layer_that_was_in_no_network_draws_its_weights_as_before():
    layer = Dense(2, 3, "relu", bias=0.5)
    net, other = MLP([layer], seed=0), MLP([copy.copy(Dense(2, 3, "relu", bias=0.5))], seed=0)
    assert np.array_equal(net.theta, other.theta)


def test_a_layer_of_replicas_is_not_copied_alone():
    net = network().replicate(2)
    with pytest.raises(ValueError, match="of 2 replicas, expected a layer of one network"):
        copy.copy(net.layers[0])
    assert copy.copy(net.replica(1).layers[0]).has_given_weights
    assert copy.copy(net).replicas == 2
    assert copy.copy(Dropout(0.5)).rate == 0.5
