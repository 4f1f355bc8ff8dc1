"""The matrix form and a naive network of single numbers agree; what must not matter does not."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mlp.core import ACTIVATIONS, Penalty
from tests import reference
from tests.core.cases import PAIRS, network, targets

ordinary = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def problems(draw, pairs=PAIRS):
    """Draw a network and data that fit together: ``(net, X, Y, weight, rng)``."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    output, loss = draw(st.sampled_from(pairs))
    if (output, loss) == ("softmax", "binary_cross_entropy"):
        sizes[-1] += 1  # of one unit, softmax is 1, and log(1 - A) has no meaning
    hidden = draw(st.sampled_from(list(ACTIVATIONS)))
    replicas = draw(st.none() | st.integers(1, 3))
    rows = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    net = network(sizes, hidden, output, loss, rng=rng, replicas=replicas)
    lead = () if replicas is None or draw(st.booleans()) else (replicas,)
    X = rng.normal(size=(*lead, rows, sizes[0]))
    weight = rng.uniform(0.0, 3.0, rows) if draw(st.booleans()) else None
    return net, X, targets(loss, rng, rows, sizes[-1]), weight, rng


def with_the_first_row_again(X, Y, moved_by=0.0):
    again = X[..., :1, :] + moved_by
    return np.concatenate([X, again], axis=-2), np.concatenate([Y, Y[:1]])


def weights_or_ones(weight, rows):
    return np.ones(rows) if weight is None else weight


@ordinary
@given(problems())
def test_loss_gradients_and_predictions_are_those_of_the_naive_network(problem):
    net, X, Y, weight, _ = problem
    if net.loss.name == "poisson" and np.min(net.predict(X)) < 1e-3:
        net.layers[-1].b += 30.0  # a naive logarithm wants positive rates
    losses, outputs = np.atleast_1d(net.loss_and_grad(X, Y, weight)), net.predict(X)
    dX = net.input_gradient(X, Y, weight)
    for k in range(net.replicas or 1):
        one = () if net.replicas is None else (k,)
        own = X[k] if X.ndim == 3 else X
        naive = [(n.W[one], n.b[one], n.activation.name) for n in net.layers]
        loss, dWs, dbs, dx = reference.loss_and_gradients(naive, net.loss.name, own, Y, weight)
        assert_allclose(losses[k], loss, rtol=1e-11, atol=1e-14)
        assert_allclose(outputs[one], reference.predict(naive, own), rtol=1e-12, atol=1e-14)
        for layer, dW, db in zip(net.layers, dWs, dbs, strict=True):
            assert_allclose(layer.dW[one], dW, rtol=1e-9, atol=1e-12)
            assert_allclose(layer.db[one], db, rtol=1e-9, atol=1e-12)
        assert_allclose(dX[one], dx, rtol=1e-9, atol=1e-12)


@ordinary
@given(problems())
def test_the_order_of_the_rows_does_not_matter(problem):
    net, X, Y, weight, rng = problem
    loss, grad = net.loss_and_grad(X, Y, weight), net.grad.copy()
    order = rng.permutation(len(Y))
    permuted = None if weight is None else weight[order]
    assert_allclose(net.loss_and_grad(X[..., order, :], Y[order], permuted), loss, rtol=1e-12)
    assert_allclose(net.grad, grad, rtol=1e-10, atol=1e-12)
    outputs = net.predict(X)
    assert_allclose(net.predict(X[..., order, :]), outputs[..., order, :], rtol=1e-12, atol=1e-14)


@ordinary
@given(problems(), st.integers(1, 5))
def test_a_batch_is_the_weighted_mean_of_its_parts(problem, cut):
    net, X, Y, weight, _ = problem
    n = len(Y)
    assume(n > 1)
    cut = min(cut, n - 1)
    loss, grad = net.loss_and_grad(X, Y, weight), net.grad.copy()
    mean_loss, mean_grad = 0.0, np.zeros_like(grad)
    for part in (slice(0, cut), slice(cut, n)):
        own = None if weight is None else weight[part]
        share = len(Y[part]) / n
        mean_loss = mean_loss + share * net.loss_and_grad(X[..., part, :], Y[part], own)
        mean_grad += share * net.grad
    assert_allclose(mean_loss, loss, rtol=1e-12, atol=1e-14)
    assert_allclose(mean_grad, grad, rtol=1e-10, atol=1e-12)


@ordinary
@given(problems([("softmax", "cross_entropy"), ("softmax", "squared_error")]), st.floats(-50, 50))
def test_a_shift_of_all_logits_does_not_matter_to_softmax(problem, shift):
    net, X, Y, weight, _ = problem
    loss, grad, outputs = net.loss_and_grad(X, Y, weight), net.grad.copy(), net.predict(X)
    net.layers[-1].b += shift
    assert_allclose(net.loss_and_grad(X, Y, weight), loss, rtol=1e-9, atol=1e-12)
    assert_allclose(net.grad, grad, rtol=1e-9, atol=1e-12)
    assert_allclose(net.predict(X), outputs, rtol=1e-11)


@ordinary
@given(problems(), st.floats(0.01, 100.0))
def test_scaling_all_sample_weights_scales_loss_and_gradient(problem, factor):
    net, X, Y, weight, _ = problem
    weight = weights_or_ones(weight, len(Y))
    loss, grad = net.loss_and_grad(X, Y, weight), net.grad.copy()
    assert_allclose(net.loss_and_grad(X, Y, factor * weight), factor * loss, rtol=1e-12)
    assert_allclose(net.grad, factor * grad, rtol=1e-10, atol=1e-12)


@ordinary
@given(problems())
def test_weights_of_one_are_no_weights_and_a_weight_of_two_is_the_row_twice(problem):
    net, X, Y, _, _ = problem
    n = len(Y)
    loss, grad = net.loss_and_grad(X, Y), net.grad.copy()
    assert_allclose(net.loss_and_grad(X, Y, np.ones(n)), loss, rtol=1e-13, atol=1e-15)
    assert_allclose(net.grad, grad, rtol=1e-11, atol=1e-13)
    weight = np.ones(n)
    weight[0] = 2.0
    weighted = n * np.asarray(net.loss_and_grad(X, Y, weight)), n * net.grad
    X, Y = with_the_first_row_again(X, Y)
    assert_allclose((n + 1) * np.asarray(net.loss_and_grad(X, Y)), weighted[0], rtol=1e-12)
    assert_allclose((n + 1) * net.grad, weighted[1], rtol=1e-10, atol=1e-11)


@ordinary
@given(problems())
def test_a_row_of_weight_zero_is_as_good_as_absent(problem):
    net, X, Y, _, _ = problem
    n = len(Y)
    loss, grad = net.loss_and_grad(X, Y), net.grad.copy()
    X, Y = with_the_first_row_again(X, Y, moved_by=1.0)
    weight = np.append(np.ones(n), 0.0)
    assert_allclose((n + 1) / n * np.asarray(net.loss_and_grad(X, Y, weight)), loss, rtol=1e-12)
    assert_allclose((n + 1) / n * net.grad, grad, rtol=1e-10, atol=1e-12)


@ordinary
@given(problems(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_penalty_is_added_to_the_loss_and_to_its_gradient(problem, l1, l2):
    net, X, Y, weight, _ = problem
    loss, grad = net.loss_and_grad(X, Y, weight), net.grad.copy()
    theta, n = net.theta, net.weights.shape[-1]
    extra = l1 * np.abs(theta[..., :n]).sum(axis=-1) + l2 / 2 * (theta[..., :n] ** 2).sum(axis=-1)
    penalty = Penalty(l1=l1, l2=l2)
    assert_allclose(
        net.loss_and_grad(X, Y, weight, penalty=penalty), loss + extra, rtol=1e-12, atol=1e-14
    )
    assert_allclose(net.evaluate(X, Y, weight, penalty=penalty), loss + extra, 1e-12, 1e-14)
    grad[..., :n] += l1 * np.sign(theta[..., :n]) + l2 * theta[..., :n]
    assert_allclose(net.grad, grad, rtol=1e-12, atol=1e-14)


@ordinary
@given(problems())
def test_a_second_pass_overwrites_the_gradient(problem):
    net, X, Y, weight, _ = problem
    loss, grad = net.loss_and_grad(X, Y, weight), net.grad.copy()
    net.grad[...] = np.nan
    assert np.array_equal(net.loss_and_grad(X, Y, weight), loss)
    assert np.array_equal(net.grad, grad)
