"""The piecewise linear encoding of numbers."""

from itertools import pairwise

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, PiecewiseLinear, Scale

KNOTS = [[-1.0, 0.0, 0.5, 2.0], [], [0.0, 3.0]]


def network(dtype="float64", first=()):
    return MLP(
        [*first, PiecewiseLinear(4, KNOTS), Scale(), Dense(8, 3, "tanh"), Dense(3, 2)],
        "mse",
        dtype=dtype,
        seed=0,
    )


def data(n=9):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 4)), rng.normal(size=(n, 2))


def forward(layer, X):
    return layer.forward(np.asarray(X), False, None)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_numpys_interpolation_between_the_knots(dtype):
    X = np.random.default_rng(0).normal(0.0, 2.0, (200, 4)).astype(dtype)
    A = forward(PiecewiseLinear(4, KNOTS), X)
    assert A.dtype == dtype
    assert np.array_equal(A[:, :4], X)
    place = 4
    for column, knots in zip(X.T, KNOTS, strict=False):
        for low, high in pairwise(knots):
            expected = np.interp(column, [low, high], [0.0, 1.0])
            assert A[:, place] == pytest.approx(expected, abs=1e-6)
            place += 1
    assert place == A.shape[1]


@pytest.mark.parametrize("first", [(), (Dense(4, 4, "tanh"),)], ids=["first", "in between"])
def test_its_gradient_is_exact(first):
    net, (X, Y) = network(first=[layer.__copy__() for layer in first]), data()
    error, where = mlp.check_gradients(net, X, Y)
    assert error < 1e-6, where
    u, h = np.random.default_rng(2).normal(size=X.shape), 1e-6
    slope = (net.evaluate(X + h * u, Y) - net.evaluate(X - h * u, Y)) / (2 * h)
    assert (net.input_gradient(X, Y) * u).sum() == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_replica_has_the_bits_of_its_network_alone(dtype):
    net, (X, Y) = network(dtype, first=[Dense(4, 4, "tanh")]), data()
    together = net.replicate(3)
    together.theta *= np.array([[1.0], [0.5], [-1.0]])
    together.loss_and_grad(X, Y)
    for k in range(3):
        alone = together.replica(k)
        alone.loss_and_grad(X, Y)
        assert np.array_equal(together.grad[k], alone.grad)
        assert np.array_equal(together.predict(X)[k], alone.predict(X))


def test_it_is_saved_and_loaded(tmp_path):
    net, (X, _) = network(), data()
    net.save(tmp_path / "net.npz")
    loaded = mlp.load(tmp_path / "net.npz")
    assert np.array_equal(loaded.predict(X), net.predict(X))
    assert [knots.tolist() for knots in loaded.layers[0].knots] == KNOTS


def test_knots_stand_at_quantiles_and_columns_of_few_values_have_none():
    X = np.column_stack(
        [np.arange(101.0), np.arange(101) % 2, np.repeat([0.0, 1.0, 5.0], 34)[:101]]
    )
    layer = PiecewiseLinear.of_quantiles(X, 4)
    assert [knots.tolist() for knots in layer.knots] == [
        [0.0, 25.0, 50.0, 75.0, 100.0],
        [],
        [0.0, 1.0, 5.0],
    ]
    assert repr(layer) == "PiecewiseLinear(3, <6 bins>)"
    assert PiecewiseLinear.of_quantiles(X, 4, columns=1).n_out == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, []), "n_in: received 0"),
        ((1, [[0.0, 1.0], [0.0, 1.0]]), "knots: received 2 columns, expected at most 1"),
        ((1, [[0.0, 0.0]]), "expected increasing numbers"),
        ((1, [[[0.0], [1.0]]]), "expected increasing numbers"),
        ((1, [[0.0, np.nan]]), "knots\\[0\\]"),
    ],
)
def test_what_does_not_fit_is_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseLinear(*arguments)
