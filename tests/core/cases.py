"""Networks and data for the tests of this folder."""

import copy
from itertools import pairwise

import numpy as np

from mlp.core import ACTIVATIONS, LOSSES, MLP, ActivationLayer, Dense, Dropout, make_activation

ANY_OUTPUT = ("squared_error", "mse", "mae", "huber", "pinball")


class Sine:
    """An activation of one's own, whose derivative needs Z."""

    def forward(self, Z, out):
        np.sin(Z, out=out)

    def backward(self, dA, Z, A, out):
        np.cos(Z, out=out)
        out *= dA


class Exponential:
    """An activation of one's own, whose derivative needs A alone."""

    name = "exp"
    needs_z = False

    def forward(self, Z, out):
        np.exp(Z, out=out)

    def backward(self, dA, Z, A, out):
        np.multiply(dA, A, out=out)


def is_defined(activation, loss):
    """Whether the loss has a meaning for the outputs of this activation.

    For poisson a bias makes the outputs positive, whatever the activation.
    """
    if loss in ("cross_entropy", "binary_cross_entropy"):
        return activation in ("sigmoid", "softmax")
    return True


PAIRS = [(a, loss) for loss in LOSSES for a in ACTIVATIONS if is_defined(a, loss)]


def targets(loss, rng, rows, n_out):
    """Draw targets ``(rows, n_out)`` from the domain of the loss."""
    if loss == "cross_entropy":
        return rng.dirichlet(np.ones(n_out), rows) if n_out > 1 else np.ones((rows, 1))
    if loss == "binary_cross_entropy":
        return rng.uniform(0.1, 0.9, (rows, n_out))
    if loss == "poisson":
        return rng.integers(0, 5, (rows, n_out)).astype(float)
    return rng.normal(size=(rows, n_out))


def network(
    sizes, hidden, output, loss, *, rng, replicas=None, dtype="float64", dropout=0.0, **dense
):
    """Make a network whose parameters are all random, biases too."""
    layers = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(Dense(n_in, n_out, hidden, **dense))
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(sizes[-2], sizes[-1], output, **dense))
    net = MLP(layers, loss, dtype=dtype, seed=0)
    if replicas:
        net = net.replicate(replicas)
    net.theta = rng.normal(0.0, 0.6, net.theta.shape)
    if loss == "poisson":
        net.layers[-1].b += 3.0
    return net


def apart(net):
    """Return the same network with the activation of each dense layer as a layer of its own."""
    layers = []
    for layer in net.layers:
        if isinstance(layer, Dense):
            layers += [Dense(layer.n_in, layer.n_out), ActivationLayer(layer.activation)]
        else:
            layers.append(copy.copy(layer))
    other = MLP(layers, net.loss, dtype=net.dtype, seed=0)
    other = other.replicate(net.replicas) if net.replicas else other
    other.theta = net.theta
    return other


def distance_to_kinks(net, X, Y, l1=False):
    """Return how near a number is to a point where the reported loss has no derivative."""
    A, distance = X, np.inf
    for layer in net.layers:
        Z = A @ layer.W + layer.b[..., None, :]
        if layer.activation.name in ("relu", "leaky_relu"):
            distance = min(distance, np.abs(Z).min())
        A = np.empty_like(Z)
        make_activation(layer.activation.name).forward(Z, out=A)
    if net.loss.name in ("mae", "pinball"):
        distance = min(distance, np.abs(A - Y).min())
    if net.loss.name == "huber":
        distance = min(distance, np.abs(np.abs(A - Y) - 1.0).min())
    if net.loss.name == "poisson":
        distance = min(distance, A.min() - 0.1)  # at small rates the curvature is enormous
    return min(distance, np.abs(net.weights).min()) if l1 else distance


def case(sizes, hidden, output, loss, *, rows, replicas, shared_X=True, l1=False, seed=0):
    """Draw a network and data that are not near a kink: the first good draw of this seed."""
    rng = np.random.default_rng(seed)
    while True:
        net = network(sizes, hidden, output, loss, rng=rng, replicas=replicas)
        lead = () if shared_X or not replicas else (replicas,)
        X = rng.normal(size=(*lead, rows, sizes[0]))
        Y = targets(loss, rng, rows, sizes[-1])
        if distance_to_kinks(net, X, Y, l1) > 1e-3:
            return net, X, Y


def assert_same_bits(net, X, Y, weight=None, penalty=None):
    """Compare loss, gradients, predictions and evaluation with those of each replica alone."""
    rng = np.random.default_rng
    losses = net.loss_and_grad(X, Y, weight, penalty=penalty, rng=rng(5))
    grad, outputs = net.grad.copy(), net.predict(X)
    evaluated = net.evaluate(X, Y, weight, penalty=penalty)
    dX = net.input_gradient(X, Y, weight, rng=rng(5))
    assert losses.shape == evaluated.shape == (net.replicas,)
    for k in range(net.replicas):
        alone = net.replica(k)
        own = X[k] if X.ndim == 3 else X
        row_weight = weight[k] if np.ndim(weight) == 2 else weight
        loss = alone.loss_and_grad(own, Y, row_weight, penalty=penalty, rng=rng(5))
        assert type(loss) is float
        assert losses[k] == loss
        assert np.array_equal(grad[k], alone.grad)
        assert np.array_equal(outputs[k], alone.predict(own))
        assert evaluated[k] == alone.evaluate(own, Y, row_weight, penalty=penalty)
        assert np.array_equal(dX[k], alone.input_gradient(own, Y, row_weight, rng=rng(5)))
