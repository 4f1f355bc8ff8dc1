"""Networks to trace."""

import numpy as np

from mlp import MLP, Dense
from mlp.studies.chain_rule import trace
from mlp.studies.examples import load_example

X, T = [[0.3, -0.7]], [[0.2, 0.8]]
ONE_HOT = [[0.0, 1.0]]


def network(hidden, output, loss, *, dtype="float64", **settings):
    layers = [Dense(2, 3, hidden, **settings), Dense(3, 2, output, **settings)]
    net = MLP(layers, loss, dtype=dtype, seed=3)
    net.theta += 0.1  # no bias stays at zero
    return net


def trace_example(name):
    example = load_example(name)
    return trace(example.network, example.x, example.t, example.lr, names=example.weight_names)


class OwnActivation:
    """Couples the units: a_k = z_k * mean(z); the derivative needs Z."""

    def forward(self, Z, out):
        mean = Z.mean(axis=-1, keepdims=True)
        np.multiply(Z, mean, out=out)

    def backward(self, dA, Z, A, out):
        mean = Z.mean(axis=-1, keepdims=True)
        inner = (dA * Z).sum(axis=-1, keepdims=True) / Z.shape[-1]
        out[...] = dA * mean + inner


class OwnLoss:
    """The square of the sum of errors: no sum over outputs."""

    def rows(self, A, Y, out):
        out[...] = 0.5 * (A - Y).sum(axis=-1) ** 2

    def gradient(self, A, Y, out):
        out[...] = (A - Y).sum(axis=-1, keepdims=True)


NETWORKS = {
    "sigmoid, squared error": (network("sigmoid", "sigmoid", "squared_error"), T),
    "tanh, identity, squared error: canonical": (network("tanh", "identity", "squared_error"), T),
    "relu, identity, mse: canonical": (network("relu", "identity", "mse"), T),
    "gelu, softmax, cross-entropy: canonical": (network("gelu", "softmax", "cross_entropy"), T),
    "silu, sigmoid, binary cross-entropy: canonical": (
        network("silu", "sigmoid", "binary_cross_entropy"),
        T,
    ),
    "elu, softmax, squared error: the Jacobian": (network("elu", "softmax", "squared_error"), T),
    "softmax hidden, tanh, mae": (network("softmax", "tanh", "mae"), T),
    "softplus, softplus, poisson": (network("softplus", "softplus", "poisson"), T),
    "leaky relu, sigmoid, huber": (network("leaky_relu", "sigmoid", "huber"), T),
    "no bias": (network("tanh", "sigmoid", "cross_entropy", bias=False), ONE_HOT),
    "a bias that all units share": (network("tanh", "sigmoid", "mse", share_bias=True), T),
    "fixed biases": (network("tanh", "sigmoid", "mse", bias=0.3, train_bias=False), T),
    "one's own activation and loss": (network(OwnActivation(), OwnActivation(), OwnLoss()), T),
    "one layer": (MLP([Dense(2, 2, "sigmoid")], seed=0), T),
    "four layers": (MLP.from_sizes([2, 3, 4, 3, 2], "tanh", "softmax", "mse", seed=0), T),
    **{
        name: (load_example(name).network, load_example(name).t)
        for name in ("document-001", "document-003", "mazur")
    },
}
