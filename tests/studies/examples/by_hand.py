"""The networks of the documents computed apart from the package, and how figures are compared."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-np.asarray(z)))


def naive(example):
    """Forward, backward and one step of a 2-2-2 sigmoid network, apart from the package."""
    first, second = example.network.layers
    W1, W2 = first.W, second.W
    b1 = 0.0 if first.bias is None else first.b
    b2 = 0.0 if second.bias is None else second.b
    z1 = example.x[0] @ W1 + b1
    h = sigmoid(z1)
    z2 = h @ W2 + b2
    o = sigmoid(z2)
    E = 0.5 * (example.t[0] - o) ** 2
    dz2 = (o - example.t[0]) * o * (1 - o)
    dh = W2 @ dz2
    dW1, dW2 = np.outer(example.x[0], dh * h * (1 - h)), np.outer(h, dz2)
    return {
        "z1": z1,
        "h": h,
        "z2": z2,
        "o": o,
        "E": E,
        "dE/do": o - example.t[0],
        "do/dz": o * (1 - o),
        "dz": dz2,
        "dh": dh,
        "dh/dz": h * (1 - h),
        "dW1": dW1,
        "dW2": dW2,
        "W1+": W1 - example.lr * dW1,
        "W2+": W2 - example.lr * dW2,
    }


def train(net, x, t, lr, updates):
    for _ in range(updates):
        net.loss_and_grad(x, t)
        net.theta -= lr * net.grad
    return net


def stepped(example):
    """W1 and W2 of the package's own network after one update."""
    net = train(example.network, example.x, example.t, example.lr, 1)
    return net.layers[0].W, net.layers[1].W


def erratum(example, where):
    (found,) = [e for e in example.errata if e.where == where]
    return found


def is_printed_as(value, printed, digits):
    """Whether `value`, rounded to that many decimals, is the printed figure."""
    return abs(value - printed) <= 0.5 * 10.0**-digits * (1 + 1e-9)
