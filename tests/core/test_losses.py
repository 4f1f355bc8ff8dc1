"""Losses against formulas written naively; the fused pairs against the full chain rule."""

import math

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS, LOSSES, MLP, Dense, make_activation, make_loss
from mlp.core.losses import Huber
from tests import reference
from tests.core.cases import network, targets

FUSED = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "squared_error"),
    ("identity", "mse"),
]


class Same:
    """An activation that is another one, and not known as such: no pair is fused with it."""

    def __init__(self, name):
        self.inner, self.went_back = make_activation(name), False

    def forward(self, Z, out):
        self.inner.forward(Z, out)

    def backward(self, dA, Z, A, out):
        self.inner.backward(dA, Z, A, out)
        self.went_back = True


def from_logits(Z, output, loss, dtype="float64"):
    """Return a network whose logits are its inputs."""
    n = np.shape(Z)[-1]
    return MLP([Dense(n, n, output, weights=np.eye(n), bias=False)], loss, dtype=dtype)


@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (6, 4), (2, 6, 4)])
def test_rows_and_gradient_are_those_of_the_naive_formula(name, shape):
    rng = np.random.default_rng(0)
    A = rng.dirichlet(np.ones(shape[-1] + 1), shape[:-1])[..., :-1] * 1.7 + 1e-3
    A = np.minimum(A, 0.98)
    Y = targets(name, rng, shape[-2], shape[-1]) + (0 if "entropy" in name else 0.5)
    rows, dA = np.full(shape[:-1], np.nan), np.full(shape, np.nan)
    make_loss(name).rows(A, Y, out=rows)
    make_loss(name).gradient(A, Y, out=dA)
    value, slope = reference.LOSSES[name]
    for at in np.ndindex(shape[:-1]):
        assert rows[at] == pytest.approx(value(A[at], Y[at[-1]]), rel=1e-13)
        assert np.allclose(dA[at], slope(A[at], Y[at[-1]]), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.0])
def test_huber_is_a_square_up_to_delta_and_a_line_beyond(delta):
    A, Y = np.array([[delta / 2, -delta / 2, 5.0, -7.0]]), np.zeros((1, 4))
    rows, dA = np.empty(1), np.empty_like(A)
    Huber(delta).rows(A, Y, out=rows)
    Huber(delta).gradient(A, Y, out=dA)
    square, lines = delta**2 / 4, delta * (5 - delta / 2) + delta * (7 - delta / 2)
    assert rows[0] == pytest.approx((square + lines) / 4, rel=1e-14)
    assert np.allclose(dA[0] * 4, [delta / 2, -delta / 2, delta, -delta], rtol=1e-15)
    with pytest.raises(ValueError, match="delta: received 0, expected"):
        Huber(0)


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("output", "loss"), FUSED)
def test_a_fused_pair_equals_the_full_chain_rule(output, loss, weighted, replicas):
    rng = np.random.default_rng(0)
    fused = network([3, 5, 4], "tanh", output, loss, rng=rng, replicas=replicas)
    full = network([3, 5, 4], "tanh", Same(output), loss, rng=rng, replicas=replicas)
    full.theta = fused.theta
    X, Y = rng.normal(size=(7, 3)), targets(loss, rng, 7, 4)
    weight = rng.uniform(0.1, 2.0, 7) if weighted else None
    assert np.allclose(
        fused.loss_and_grad(X, Y, weight), full.loss_and_grad(X, Y, weight), rtol=1e-12
    )
    assert full.layers[-1].activation.went_back
    assert np.allclose(fused.grad, full.grad, rtol=1e-12, atol=1e-15)
    assert np.allclose(
        fused.input_gradient(X, Y, weight), full.input_gradient(X, Y, weight), 1e-12, 1e-15
    )
    assert np.allclose(fused.predict(X), full.predict(X), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_cross_entropy_is_exact_at_huge_logits(dtype):
    Z = [[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]
    net = from_logits(Z, "softmax", "cross_entropy", dtype)
    losses = [net.evaluate(Z[i : i + 1], [label]) for i, label in enumerate([0, 1, 2, 1])]
    assert losses[:3] == [0.0, 2e4, 1e4]
    assert losses[3] == pytest.approx(math.log(3), rel=1e-6)
    dZ = net.input_gradient(Z, [0, 1, 2, 1]) * 4
    third = 1 / 3
    expected = [[0, 0, 0], [1, -1, 0], [1, 0, -1], [third, third - 1, third]]
    assert np.allclose(dZ, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_binary_cross_entropy_is_exact_at_huge_logits(dtype):
    Z, Y = [[1e4], [1e4], [-1e4], [-1e4]], [[1.0], [0.0], [1.0], [0.0]]
    net = from_logits(Z, "sigmoid", "binary_cross_entropy", dtype)
    losses = [net.evaluate([z], [y]) for z, y in zip(Z, Y, strict=True)]
    assert losses == [0.0, 1e4, 1e4, 0.0]
    assert np.allclose(net.input_gradient(Z, Y) * 4, [[0], [1], [-1], [0]], atol=1e-30)


@pytest.mark.parametrize(("dtype", "digits"), [("float64", 1e-14), ("float32", 1e-6)])
@pytest.mark.parametrize("z", [1.0, 10.0, 20.0, 40.0, 80.0])
def test_binary_cross_entropy_keeps_its_digits_where_the_answer_is_nearly_right(z, dtype, digits):
    net = from_logits([[z]], "sigmoid", "binary_cross_entropy", dtype)
    exact = math.log1p(math.exp(-z))
    assert net.evaluate([[z]], [[1.0]]) == pytest.approx(exact, rel=digits)
    assert net.evaluate([[-z]], [[0.0]]) == pytest.approx(exact, rel=digits)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "cross_entropy"),
        ("softmax", "binary_cross_entropy"),
        ("relu", "poisson"),
        ("identity", "poisson"),
    ],
)
def test_a_pair_that_is_not_fused_stays_finite_at_the_edge(output, loss, dtype):
    Z = np.array([[1e4, -1e4], [-1e4, 1e4], [0.0, 1.0]])
    net = from_logits(Z, output, loss, dtype)
    Y = [[1.0, 0.0]] * 3
    assert math.isfinite(net.loss_and_grad(Z, Y))
    assert np.isfinite(net.grad).all()


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("output", [a for a in ACTIVATIONS if a not in ("sigmoid", "softmax")])
def test_a_logarithm_of_outputs_that_are_no_probabilities_is_refused(output, loss):
    layer = Dense(2, 2, output)
    with pytest.raises(ValueError, match=f"'{loss}' after .*'{output}'.*sigmoid and softmax give"):
        MLP([Dense(2, 2), layer], loss)
    assert MLP([layer], "poisson").n_out == 2  # the layer can still be used


@pytest.mark.parametrize("output", list(ACTIVATIONS))
def test_what_an_activation_says_of_its_outputs_is_true(output):
    activation = make_activation(output)
    Z = np.linspace(-30.0, 30.0, 600).reshape(-1, 3)
    A = np.empty_like(Z)
    activation.forward(Z, out=A)
    if activation.outputs == "any number":
        assert A.min() < 0
    else:
        highest = {"probabilities": 1.0, "numbers >= 0": np.inf}[activation.outputs]
        assert 0.0 <= A.min() <= A.max() <= highest


def test_an_activation_or_a_loss_of_ones_own_is_not_refused():
    class Half(type(make_activation("identity"))):
        """Its outputs are not those of the class that it derives from."""

        def forward(self, Z, out):
            out[...] = 0.5

    class Own(type(make_loss("cross_entropy"))):
        pass

    assert MLP([Dense(2, 2, Half())], "cross_entropy").n_out == 2
    assert MLP([Dense(2, 2)], Own()).n_out == 2


def test_a_loss_of_ones_own_may_take_labels():
    class Miss:
        takes_labels = True

        def rows(self, A, Y, out):
            out[...] = (Y * (1.0 - A)).sum(axis=-1)

        def gradient(self, A, Y, out):
            out[...] = -Y

    class Named(Miss):
        takes_labels, name = False, "cross_entropy"

    X = np.eye(3)
    net = MLP([Dense(3, 3, "softmax")], Miss(), seed=0)
    assert net.evaluate(X, [0, 1, 2]) == net.evaluate(X, np.eye(3))
    assert mlp.check_gradients(net, X, [0, 1, 2]).error < 1e-6
    with pytest.raises(ValueError, match="Y: received shape"):  # a name alone says nothing
        MLP([Dense(3, 3)], Named()).evaluate(X, [0, 1, 2])


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.uint64])
def test_labels_are_one_hot_rows_are_probabilities(output, kind):
    rng = np.random.default_rng(0)
    net = network([3, 4], "tanh", output, "cross_entropy", rng=rng)
    X, labels = rng.normal(size=(6, 3)), np.array([0, 3, 1, 1, 2, 0])
    by_labels = net.loss_and_grad(X, labels.astype(kind)), net.grad.copy()
    by_rows = net.loss_and_grad(X, np.eye(4)[labels]), net.grad.copy()
    by_ints = net.loss_and_grad(X, np.eye(4, dtype=int)[labels].tolist()), net.grad.copy()
    for other in (by_rows, by_ints):
        assert other[0] == by_labels[0]
        assert np.array_equal(other[1], by_labels[1])
    # a mixture of two classes has the mixture of their losses
    mixed = net.evaluate(X, 0.25 * np.eye(4)[labels] + 0.75 * np.eye(4)[labels[::-1]])
    parts = 0.25 * net.evaluate(X, labels) + 0.75 * net.evaluate(X, labels[::-1])
    assert mixed == pytest.approx(parts, rel=1e-14)


def test_boolean_labels_are_two_classes():
    net = network([3, 2], "tanh", "softmax", "cross_entropy", rng=np.random.default_rng(0))
    X = np.eye(3)
    assert net.evaluate(X, [True, False, True]) == net.evaluate(X, [1, 0, 1])


@pytest.mark.parametrize("n_out", [1, 3])
def test_mse_is_twice_squared_error_over_the_outputs(n_out):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, n_out))
    half, mean = (
        network([2, n_out], "tanh", "tanh", loss, rng=np.random.default_rng(1))
        for loss in ("squared_error", "mse")
    )
    assert mean.loss_and_grad(X, Y) == pytest.approx(2 / n_out * half.loss_and_grad(X, Y))
    assert np.allclose(mean.grad, 2 / n_out * half.grad, rtol=1e-14)


def test_any_object_with_the_two_methods_is_a_loss():
    class Quartic:
        def rows(self, A, Y, out):
            out[...] = ((A - Y) ** 4).sum(axis=-1)

        def gradient(self, A, Y, out):
            out[...] = 4 * (A - Y) ** 3

    net = MLP([Dense(1, 1, weights=[[2.0]])], Quartic())
    assert net.loss_and_grad([[1.0], [1.0]], [[1.0], [2.0]]) == 0.5
    assert np.array_equal(net.grad, [2.0, 2.0])
    assert "Quartic" in repr(net)


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_the_logarithm_goes_on_as_its_tangent_where_there_is_none(name):
    least, Y = 1e-154, np.array([[1.0]])
    for a in (least, 0.5 * least, 0.0, -1.0, -1e4):
        A, rows, dA = np.array([[a]]), np.empty(1), np.empty((1, 1))
        make_loss(name).rows(A, Y, out=rows)
        make_loss(name).gradient(A, Y, out=dA)
        assert rows[0] == pytest.approx(-(math.log(least) + (a - least) / least), rel=1e-14)
        assert dA[0, 0] == pytest.approx(-1 / least, rel=1e-14)
    if name == "binary_cross_entropy":  # the other logarithm, of 1 - A
        make_loss(name).rows(np.array([[3.0]]), 0 * Y, out=rows)
        make_loss(name).gradient(np.array([[3.0]]), 0 * Y, out=dA)
        assert rows[0] == pytest.approx(2 / least, rel=1e-12)
        assert dA[0, 0] == pytest.approx(1 / least, rel=1e-14)


def test_a_negative_rate_counts_as_zero_under_the_logarithm_of_poisson():
    A, Y = np.array([[-2.0, -2.0]]), np.array([[3.0, 0.0]])
    rows, dA = np.empty(1), np.empty((1, 2))
    make_loss("poisson").rows(A, Y, out=rows)
    make_loss("poisson").gradient(A, Y, out=dA)
    assert rows[0] == pytest.approx((-4.0 - 3.0 * math.log(1e-8)) / 2, rel=1e-14)
    assert np.array_equal(dA, [[0.5, 0.5]])
