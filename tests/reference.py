"""A naive network, the oracle for the fast one: single numbers, explicit sums, einsum.

It shares no code with the package. A network is a list of ``(W, b, activation)``; activations
and losses are functions of one sample, and derivatives are those of single outputs.
"""

import math

import numpy as np


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def softplus(z):
    return max(z, 0) + math.log1p(math.exp(-abs(z)))


def phi(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def gelu_tanh(z):
    return z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def _gelu_tanh_slope(z):
    t = math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
    return (1 + t) / 2 + z / 2 * (1 - t * t) * inner


def mish(z):
    return z * math.tanh(softplus(z))


def _mish_slope(z):
    return math.tanh(softplus(z)) + z * sigmoid(z) / math.cosh(softplus(z)) ** 2


# those of the paper's appendix, to all digits of a float
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

# name: the function, its derivative, of one number
SCALAR = {
    "identity": (lambda z: z, lambda z: 1.0),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: 1.0 if z > 0 else math.exp(z)),
    "selu": (
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)),
        lambda z: SELU_SCALE * (1.0 if z > 0 else SELU_ALPHA * math.exp(z)),
    ),
    "gelu": (
        lambda z: z * phi(z),
        lambda z: phi(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
    "gelu_tanh": (gelu_tanh, _gelu_tanh_slope),
    "silu": (
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) + z * sigmoid(z) * sigmoid(-z),
    ),
    "mish": (mish, _mish_slope),
    "softplus": (softplus, sigmoid),
}


def activate(name, z):
    """Return the outputs of one sample and their Jacobian ``J[j, k] = d a_j / d z_k``."""
    if name == "softmax":
        a = np.exp(z - max(z)) / sum(math.exp(v - max(z)) for v in z)
        return a, np.diag(a) - np.einsum("j,k->jk", a, a)
    f, slope = SCALAR[name]
    return np.array([f(v) for v in z]), np.diag([slope(v) for v in z])


# name: the loss of one sample, its gradient by the outputs
LOSSES = {
    "squared_error": (lambda a, y: sum((a - y) ** 2) / 2, lambda a, y: a - y),
    "mse": (lambda a, y: sum((a - y) ** 2) / len(a), lambda a, y: 2 * (a - y) / len(a)),
    "mae": (lambda a, y: sum(abs(a - y)) / len(a), lambda a, y: np.sign(a - y) / len(a)),
    "huber": (
        lambda a, y: sum(d * d / 2 if d < 1 else d - 0.5 for d in abs(a - y)) / len(a),
        lambda a, y: np.clip(a - y, -1, 1) / len(a),
    ),
    "pinball": (
        lambda a, y: sum(abs(d) / 2 for d in a - y) / len(a),
        lambda a, y: np.sign(a - y) / 2 / len(a),
    ),
    "cross_entropy": (lambda a, y: -sum(y * np.log(a)), lambda a, y: -y / a),
    "binary_cross_entropy": (
        lambda a, y: -sum(y * np.log(a) + (1 - y) * np.log(1 - a)),
        lambda a, y: (1 - y) / (1 - a) - y / a,
    ),
    "poisson": (
        lambda a, y: sum(a - y * np.log(a + 1e-8)) / len(a),
        lambda a, y: (1 - y / (a + 1e-8)) / len(a),
    ),
}


def predict(network, X):
    """Return the outputs of all samples."""
    outputs = []
    for a in X:
        for W, b, name in network:
            a, _ = activate(name, np.einsum("i,ij->j", a, W) + b)
        outputs.append(a)
    return np.array(outputs)


def loss_and_gradients(network, loss, X, Y, weight=None):
    """Return the mean loss, all dW, all db and dX, one sample after another."""
    value, slope = LOSSES[loss]
    weight = np.ones(len(X)) if weight is None else weight
    total, dX = 0.0, np.zeros(np.shape(X))
    dWs = [np.zeros(W.shape) for W, _, _ in network]
    dbs = [np.zeros(W.shape[1]) for W, _, _ in network]
    for n, (x, y) in enumerate(zip(X, Y, strict=True)):
        inputs, jacobians, a = [], [], np.asarray(x)
        for W, b, name in network:
            inputs.append(a)
            a, J = activate(name, np.einsum("i,ij->j", a, W) + b)
            jacobians.append(J)
        total += weight[n] * value(a, y) / len(X)
        da = weight[n] * slope(a, y) / len(X)
        for k in reversed(range(len(network))):
            dz = np.einsum("j,jk->k", da, jacobians[k])
            dWs[k] += np.einsum("i,k->ik", inputs[k], dz)
            dbs[k] += dz
            da = np.einsum("ik,k->i", network[k][0], dz)
        dX[n] = da
    return total, dWs, dbs, dX
