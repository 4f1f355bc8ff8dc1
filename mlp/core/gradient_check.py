"""The gradient check: whether the derivatives are those of the loss that is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_count, numeric
from mlp._types import Array, LossValue
from mlp.core.losses import Penalty
from mlp.core.network import MLP

_COMPONENTS_AT_MOST = 4000
_DIRECTIONS = 32


class GradientCheck(NamedTuple):
    """The largest relative error, and where it is.

    Attributes
    ----------
    error : float
        ``|analytic - numeric| / max(|analytic|, |numeric|, least)``, where `least` is 1e-3
        of the largest component, and at least 1e-4 of the loss, below which differences are noise.
        NaN if a derivative is NaN.
    where : str
        The component, with both numbers.
    """

    error: float
    where: str


def check_gradients(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    penalty: Penalty | None = None,
    directions: int | None = None,
    step: float = 1e-5,
    seed: int = 0,
) -> GradientCheck:
    """Compare the gradient with central differences of the reported loss.

    It is done on a float64 copy: the network is not changed. Dropout masks are the same in every
    evaluation. Both the derivatives by theta and those by X are checked.

    Parameters
    ----------
    net : MLP
        The network, with replicas or without.
    X, Y, sample_weight, penalty
        As in `MLP.loss_and_grad`.
    directions : int, optional
        Compare along this many random directions, two evaluations each, instead of component by
        component. The default does so (32 of them) past 4,000 components.
    step : float, default 1e-5
        The distance of the two evaluations from the point.
    seed : int, default 0
        For the random directions and the dropout masks.

    Returns
    -------
    GradientCheck
        ``(error, where)``; an exact gradient has an error of 1e-7 or less.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    Examples
    --------
    >>> net = MLP.from_sizes([2, 3, 1], "tanh", seed=0)
    >>> error, where = check_gradients(net, [[0.1, 0.2]], [[0.5]])
    >>> error < 1e-6
    True
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net: received {net!r}, expected an MLP")
    check_count("seed", seed, 0)
    if not (isinstance(step, float) and 0.0 < step < 1.0):
        raise ValueError(f"step: received {step!r}, expected a float between 0 and 1")
    if directions is not None:
        check_count("directions", directions)
    net = net.astype("float64")
    X = np.array(numeric("X", X), dtype=np.float64, order="C")  # so that flat_X is a view

    def loss_and_grad() -> LossValue:
        rng = np.random.default_rng(seed)
        return net.loss_and_grad(X, Y, sample_weight, penalty=penalty, rng=rng)

    by_X = net.input_gradient(X, Y, sample_weight, rng=np.random.default_rng(seed))
    loss = np.abs(loss_and_grad())
    by_theta = net.grad.copy()
    by_X = by_X.reshape(*by_theta.shape[:-1], -1)
    # each row of `point` moves the loss of its replica; inputs that are shared move all losses
    flat_X = X.reshape(*X.shape[:-2], -1)

    rng = np.random.default_rng(seed)
    found = [GradientCheck(0.0, "nowhere")]
    for point, analytic, locate in (
        (net.theta, by_theta, net.locate),
        (flat_X, by_X, lambda i: f"X[{i // net.n_in}, {i % net.n_in}]"),
    ):
        largest = np.abs(analytic).max(axis=-1, initial=0.0)
        least = np.maximum(np.maximum(1e-3 * largest, 1e-4 * loss), np.finfo(np.float64).tiny)
        for direction, place in _directions(analytic.shape[-1], directions, rng, locate):
            slope = _central_difference(loss_and_grad, point, step * direction) / (2.0 * step)
            found.append(_compare(analytic @ direction, slope, least, place))
    return max(found, key=lambda check: (np.isnan(check.error), check.error))


def _directions(
    size: int, wanted: int | None, rng: np.random.Generator, locate: Callable[[int], str]
) -> Iterator[tuple[Array, str]]:
    """Yield unit vectors with their names: all axes, or some random directions."""
    if wanted is None and size <= _COMPONENTS_AT_MOST:
        for i in range(size):
            axis = np.zeros(size)
            axis[i] = 1.0
            yield axis, locate(i)
    else:
        for i in range(wanted or _DIRECTIONS):
            direction = rng.standard_normal(size)
            yield direction / np.linalg.norm(direction), f"random direction {i}"


def _compare(analytic: Array, difference: Array, least: Array, place: str) -> GradientCheck:
    """Return the relative error of a slope: the largest over replicas; NaN ranks highest."""
    size = np.maximum(np.abs(analytic), np.abs(difference))
    error = np.abs(analytic - difference) / np.maximum(size, least)
    worst = int(np.argmax(error))  # the first NaN, if there is one
    where = f"{place}: analytic {np.ravel(analytic)[worst]:.9g}, "
    where += f"numeric {np.ravel(difference)[worst]:.9g}"
    return GradientCheck(float(np.ravel(error)[worst]), where)


def _central_difference(loss: Callable[[], LossValue], point: Array, step: Array) -> Array:
    """Return loss(point + step) - loss(point - step), and leave the point as it was."""
    start = point.copy()
    point += step
    above = np.array(loss())
    np.subtract(start, step, out=point)
    below = np.array(loss())
    point[...] = start
    difference: Array = above - below
    return difference
