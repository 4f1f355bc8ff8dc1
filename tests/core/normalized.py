"""Random networks with layers that normalise, for the tests of this folder."""

from itertools import pairwise

from mlp.core import MLP, BatchNorm, Dense, Dropout, LayerNorm

SMOOTH = ("identity", "sigmoid", "tanh", "elu", "silu", "softmax")


def random_network(rng, *, widest, replicas, dtype="float64", hidden=SMOOTH, eps=1e-5):
    """Draw a network of up to three dense layers: before, between and behind them what comes."""
    widths = rng.integers(1, widest, rng.integers(2, 5), endpoint=True)
    layers = draw_between(rng, eps)
    for n_in, n_out in pairwise(widths):
        layers += [Dense(int(n_in), int(n_out), rng.choice(hidden)), *draw_between(rng, eps)]
    if not any(isinstance(layer, BatchNorm | LayerNorm) for layer in layers):
        layers.insert(1, BatchNorm(eps=eps))
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = rng.normal(size=net.theta.shape)
    return net


def draw_between(rng, eps):
    """Draw up to two layers that stand between dense ones."""
    make = (
        lambda: BatchNorm(float(rng.choice([0.1, 0.5, 1.0])), eps),
        lambda: LayerNorm(eps),
        lambda: Dropout(0.3),
    )
    return [make[i]() for i in rng.choice([0, 1, 0, 1, 2], rng.integers(0, 3))]
