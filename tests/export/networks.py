"""Random networks of every layer and activation, and what an exported one is compared by."""

import numpy as np

import mlp
from mlp.core import ACTIVATIONS, make_activation

SEEDS = range(38, 62)  # together they have every layer and activation
MANY_SEEDS = range(1000, 1200)
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def draw(seed, scale=True):
    """Return a network of up to five dense layers and what may stand between them."""
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 20))
    first = [mlp.LayerNorm, mlp.BatchNorm, lambda: mlp.ActivationLayer("tanh")]
    layers = [first[rng.integers(3)]()] if rng.random() < 0.25 else []
    for _ in range(rng.integers(1, 5)):
        n_out = int(rng.integers(1, 40))
        layers += _hidden(rng, width, n_out, _activation(rng))
        width = n_out
    loss, dtype = "mse", str(rng.choice(["float32", "float64"]))
    if rng.random() < 0.5:  # a fused pair
        loss = "cross_entropy"
        n_out = int(rng.integers(1, 20))
        is_dense = rng.random() < 0.5
        layers.append(
            mlp.Dense(width, n_out, "softmax") if is_dense else mlp.ActivationLayer("softmax")
        )
    if scale and seed % 3 == 0:
        layers.insert(0, mlp.Scale(6.0))
    net = mlp.MLP(layers, loss=loss, dtype=dtype, seed=seed)
    net.theta = net.theta + 0.1 * rng.normal(size=net.theta.shape)
    net.fixed = np.abs(rng.normal(size=net.fixed.shape)) + 0.1
    return net


def _activation(rng):
    name = str(rng.choice(list(ACTIVATIONS)))
    settings = {"leaky_relu": {"slope": rng.uniform()}, "elu": {"alpha": rng.uniform(0.5, 2.0)}}
    return ACTIVATIONS[name](**settings.get(name, {})) if rng.random() < 0.5 else name


def _hidden(rng, n_in, n_out, activation):
    kind = rng.integers(5)
    if kind < 2:
        bias = bool(rng.integers(2))
        return [mlp.Dense(n_in, n_out, activation, bias=bias, share_bias=bool(kind))]
    if kind == 2:
        return [mlp.Dense(n_in, n_out, activation, bias=0.3, train_bias=False)]
    eps = float(rng.uniform(1e-6, 1e-3))
    normalize = mlp.BatchNorm(0.2, eps) if kind == 3 else mlp.LayerNorm(eps)
    after = [mlp.ActivationLayer(activation), mlp.Dropout(0.2)]
    return [mlp.Dense(n_in, n_out), normalize, *after]


def inputs(net, rows=20, seed=0):
    X = np.random.default_rng(seed).normal(size=(rows, net.n_in))
    return X.astype(net.dtype)


def error(found, expected):
    """Return the largest difference, relative to the largest output if that is above 1."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))


def assert_close(found, net, X):
    """Fail beyond the tolerance, or 3 times the rounding error of the package's own float32."""
    expected, limit = net.predict(X), TOLERANCE[net.dtype.name]
    difference = error(found, expected)
    if difference > limit and net.dtype == np.float32:
        exact = net.astype("float64").predict(X)
        limit = 3.0 * error(expected.astype("float64"), exact)
    assert difference <= limit, (difference, limit, net)


def is_strictly_close(found, net, X):
    return error(found, net.predict(X)) <= TOLERANCE[net.dtype.name]


def activations_of(net):
    found = (getattr(layer, "activation", None) for layer in net.layers)
    return {make_activation(activation).name for activation in found if activation is not None}


class Double(mlp.Layer):
    """A custom layer."""

    def forward(self, A_in, training, rng):
        return 2.0 * A_in

    def backward(self, dA, need_dA_in=True):
        return 2.0 * dA


class Sine:
    """A custom activation."""

    def forward(self, Z, out):
        np.sin(Z, out=out)

    def backward(self, dA, Z, A, out):
        np.multiply(dA, np.cos(Z), out=out)
