"""The worked examples that the package implements, figure by figure."""

import numpy as np
import pytest

from mlp.core import MLP, Dense
from tests.chart import FIRST_ERROR, LAST_ERRORS, chart_network

X, T = [[0.05, 0.10]], [[0.01, 0.99]]


def two_layers(W1, W2, b1=False, b2=False, **kind):
    layers = [
        Dense(2, 2, "sigmoid", weights=W1, bias=b1, **kind),
        Dense(2, 2, "sigmoid", weights=W2, bias=b2, **kind),
    ]
    return MLP(layers, "squared_error")


def update(net, x, t, lr, times=1):
    """Take steps of plain gradient descent; return the error before the last of them."""
    for _ in range(times):
        error = net.loss_and_grad(x, t)
        net.theta -= lr * net.grad
    return error


def assert_agrees(found, printed, digits):
    assert np.abs(np.asarray(found) - printed).max() <= 0.5000001 * 10.0**-digits


def numerical_example():
    return two_layers(
        [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]], 0.30, 0.70, train_bias=False
    )


def mazur(**kind):
    return two_layers(
        [[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]], 0.35, 0.60, **kind
    )


def test_the_example_with_biases_has_its_forward_values():
    net = numerical_example()
    assert_agrees(net.predict(X), [[0.7729496792, 0.7830229097]], 10)
    hidden, output = net.layers
    assert_agrees(hidden.A, [[0.5823675407, 0.5841905229]], 10)
    assert_agrees(output.A, [[0.7729496792, 0.7830229097]], 10)
    assert_agrees([[0.05, 0.10]] @ hidden.W + hidden.b, [[0.3325, 0.34]], 15)
    assert_agrees(net.evaluate(X, T), 0.3124658644, 10)
    assert_agrees((output.A - T) ** 2 / 2, [[0.2910461065, 0.0214197580]], 10)


def test_the_example_with_biases_takes_its_step():
    net = numerical_example()
    update(net, X, T, lr=0.5)
    hidden, output = net.layers
    assert_agrees(output.dW[0, 0], 0.0779769774, 10)
    assert_agrees(output.W, [[0.3610115113, 0.4602394774], [0.4608894658, 0.5602715300]], 10)
    assert_agrees(hidden.W, [[0.1497705604, 0.1997108892], [0.2495411209, 0.2994217784]], 10)
    assert np.array_equal(hidden.b, [0.30, 0.30])
    assert np.array_equal(output.b, [0.70, 0.70])


def test_the_error_of_the_document_is_that_of_two_wrong_wires():
    """Its text takes both wires of y1 from h1: 0.7676 is not the output of the network."""
    h1, h2 = 0.5823675407, 0.5841905229
    wrong = 1 / (1 + np.exp(-(0.40 * h1 + 0.45 * h1 + 0.70)))
    assert_agrees(wrong, 0.7676, 4)
    y1 = 1 / (1 + np.exp(-(0.40 * h1 + 0.50 * h2 + 0.70)))
    assert_agrees(numerical_example().predict(X)[0, 0], y1, 9)


def test_mazurs_network_has_its_forward_values():
    net = mazur(train_bias=False)
    assert_agrees(net.predict(X), [[0.7513650696, 0.7729284653]], 10)
    assert_agrees(net.layers[0].A[0, 0], 0.5932699921, 10)
    assert_agrees(net.loss_and_grad(X, T), 0.2983711088, 10)


def test_mazurs_network_takes_its_step():
    net = mazur(train_bias=False)
    update(net, X, T, lr=0.5)
    hidden, output = net.layers
    assert_agrees(output.W, [[0.3589164797, 0.5113012702], [0.4086661861, 0.5613701211]], 10)
    assert_agrees(hidden.W, [[0.1497807161, 0.2497511436], [0.1995614323, 0.2995022873]], 10)
    assert_agrees(net.evaluate(X, T), 0.2910277737, 10)


def test_mazurs_network_with_trained_biases_has_its_error_after_a_step():
    net = mazur()
    update(net, X, T, lr=0.5)
    assert_agrees(net.evaluate(X, T), 0.2804714468, 10)


def test_mazurs_network_ends_where_he_says_after_ten_thousand_updates():
    net = mazur(train_bias=False)
    last = update(net, X, T, lr=0.5, times=10_000)
    assert last == pytest.approx(3.510854812e-05, rel=2e-10)  # after 9,999
    assert net.evaluate(X, T) == pytest.approx(3.510187783e-05, rel=2e-10)
    assert_agrees(net.predict(X), [[0.0159136204, 0.9840642735]], 10)


def test_the_example_without_biases_has_all_its_eight_digits():
    x, t = [[0.1, 0.2]], [[0.4, 0.6]]
    W1, W2 = np.array([[0.30, 0.40], [0.25, 0.35]]), [[0.45, 0.70], [0.40, 0.60]]
    net = two_layers(W1, W2)
    assert_agrees(net.predict(x), [[0.60944600, 0.66384491]], 8)
    hidden, output = net.layers
    assert_agrees(x @ W1, [[0.08, 0.11]], 15)
    assert_agrees(hidden.A, [[0.51998934, 0.52747230]], 8)
    assert_agrees(hidden.A @ W2, [[0.44498412, 0.68047592]], 8)
    assert_agrees((output.A - t) ** 2 / 2, [[0.02193381, 0.00203809]], 8)
    assert_agrees(update(net, x, t, lr=0.5), 0.02397190, 8)
    assert_agrees(output.W, [[0.43703857, 0.69629578], [0.38685205, 0.59624247]], 8)
    assert_agrees(hidden.W, [[0.29959556, 0.39964496], [0.24919112, 0.34928991]], 8)
    assert_agrees(net.evaluate(x, t), 0.02323634, 8)


def relu_network(loss):
    rng = np.random.default_rng(3)
    layers = [Dense(3, 4, "relu"), Dense(4, 5, "relu"), Dense(5, 3, "softmax")]
    net = MLP(layers, loss, seed=7)
    net.theta = rng.normal(size=net.theta.shape)
    return net, rng.normal(size=(6, 3)), np.eye(3)[rng.integers(0, 3, 6)]


def test_the_matrix_form_gives_every_gradient_of_three_layers():
    net, X, label = relu_network("cross_entropy")
    net.loss_and_grad(X, label)
    (W1, W2, W3), (b1, b2, b3) = ([getattr(n, k) for n in net.layers] for k in "Wb")
    h1 = X @ W1 + b1
    A1 = np.maximum(h1, 0)
    h2 = A1 @ W2 + b2
    A2 = np.maximum(h2, 0)
    y = np.exp(A2 @ W3 + b3)
    y /= y.sum(axis=1, keepdims=True)
    dz3 = (y - label) / 6
    dz2 = (dz3 @ W3.T) * (h2 > 0)
    dz1 = (dz2 @ W2.T) * (h1 > 0)
    for layer, A_in, dz in zip(net.layers, (X, A1, A2), (dz1, dz2, dz3), strict=True):
        assert np.allclose(layer.dW, A_in.T @ dz, rtol=1e-13, atol=1e-16)
        assert np.allclose(layer.db, dz.sum(axis=0), rtol=1e-13, atol=1e-16)
        assert np.allclose(layer.dZ, dz, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize(("loss", "factor"), [("squared_error", 1.0), ("mse", 2 / 3)])
def test_squared_error_after_softmax_takes_the_full_jacobian(loss, factor):
    net, X, label = relu_network(loss)
    net.loss_and_grad(X, label)
    y, dZ = net.predict(X), net.layers[-1].dZ
    jacobians = np.einsum("nj,jk->njk", y, np.eye(3)) - np.einsum("nj,nk->njk", y, y)
    exact = np.einsum("nj,njk->nk", factor * (y - label), jacobians) / 6
    assert np.allclose(dZ, exact, rtol=1e-12, atol=1e-16)
    assert np.abs(dZ - factor * (y - label) / 6).max() > 0.01  # the document's constant 1


def test_the_chart_starts_at_its_error():
    assert chart_network().evaluate(X, T) == pytest.approx(FIRST_ERROR, rel=1e-15)


def test_the_gradients_of_w3_and_w4_use_their_own_hidden_unit():
    net = chart_network()
    net.loss_and_grad(X, T)
    hidden, output = net.layers
    dE_dh = output.dZ @ output.W.T
    h = hidden.A
    i = np.array([0.05, 0.10])
    assert np.allclose(hidden.dW[:, 1], i * dE_dh[0, 1] * h[0, 1] * (1 - h[0, 1]), rtol=1e-14)
    slip = i * dE_dh[0, 1] * h[0, 0] * (1 - h[0, 0])
    assert np.abs(hidden.dW[:, 1] / slip - 1).max() > 1e-4


@pytest.mark.parametrize(("lr", "error"), LAST_ERRORS.items())
def test_the_chart_ends_at_the_true_error_of_each_learning_rate(lr, error):
    net = chart_network()
    update(net, X, T, lr, times=100)
    assert net.evaluate(X, T) == pytest.approx(error, rel=1e-13)
