"""Toy problems in the plane that no linear classifier solves."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._checks import check_count, check_dtype, check_not_negative, check_number
from mlp.datasets.dataset import Dataset

_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def spirals(
    n_per_class: int = 100,
    n_classes: int = 2,
    *,
    turns: float = 1.0,
    noise: float = 0.05,
    seed: int = 0,
    dtype: DTypeLike = "float64",
) -> Dataset:
    """Draw interleaved spirals in the unit disc, one arm per class.

    Arm `c` is the curve ``r = t``, ``angle = 2 pi (turns * t + c / n_classes)`` at `n_per_class`
    values of `t`, evenly spaced up to 1. Rows cycle through the classes.

    Parameters
    ----------
    n_per_class, n_classes : int
        Points per arm, 1 or more, and arms, 2 or more.
    turns : float
        How often an arm winds around the origin, > 0.
    noise : float
        Standard deviation of the normal noise added to both coordinates.
    seed : int
        Seed of the noise.
    dtype : "float32" or "float64"
        The type of `X`.

    Returns
    -------
    Dataset
        ``X`` of shape (n_per_class * n_classes, 2), and ``y`` with `n_per_class` of each label.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y = spirals(n_per_class=2, n_classes=3, noise=0.0)
    >>> X.shape, y
    ((6, 2), array([0, 1, 2, 0, 1, 2]))
    """
    n_per_class = check_count("n_per_class", n_per_class)
    n_classes = check_count("n_classes", n_classes, 2)
    turns = check_number("turns", turns, "a number > 0, at most 1,000,000", lambda x: 0 < x <= 1e6)
    label = np.arange(n_classes)  # (n_classes,)
    t = np.arange(1, n_per_class + 1)[:, np.newaxis] / n_per_class  # (n_per_class, 1)
    angle = 2 * np.pi * (turns * t + label / n_classes)  # (n_per_class, n_classes)
    X = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=-1).reshape(-1, 2)
    about = f"{n_classes} spirals of {n_per_class} points each"
    y = np.tile(label, n_per_class)
    return _noisy(X, y, noise, seed, dtype, "spirals", about, n_classes)


def xor(
    n: int | None = None, *, noise: float = 0.0, seed: int = 0, dtype: DTypeLike = "float64"
) -> Dataset:
    """Make the exclusive or: corners of the unit square, labelled 1 where x0 and x1 differ.

    Parameters
    ----------
    n : int, optional
        The number of points, which cycle through the corners; by default four.
    noise : float
        Standard deviation of the normal noise added to both coordinates.
    seed : int
        Seed of the noise.
    dtype : "float32" or "float64"
        The type of `X`.

    Returns
    -------
    Dataset
        ``X`` of shape (n, 2) and ``y`` of shape (n,), the labels of the corners without noise.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y = xor()
    >>> X
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    >>> y
    array([0, 1, 1, 0])
    """
    n = len(_CORNERS) if n is None else check_count("n", n)
    corners = _CORNERS[np.arange(n) % len(_CORNERS)]  # (n, 2)
    y = (corners[:, 0] != corners[:, 1]).astype(np.int64)
    return _noisy(corners, y, noise, seed, dtype, "xor", f"exclusive or, {n} points")


def moons(
    n: int = 200, *, noise: float = 0.1, seed: int = 0, dtype: DTypeLike = "float64"
) -> Dataset:
    """Draw two interleaving half circles.

    Class 0 is the upper half of the unit circle, ``(cos t, sin t)``, and class 1 the lower half
    moved between its ends, ``(1 - cos t, 1/2 - sin t)``, each with evenly spaced t from 0 to pi.
    Rows alternate between the classes.

    Parameters
    ----------
    n : int
        The number of points, 2 or more; class 0 has the odd one.
    noise : float
        Standard deviation of the normal noise added to both coordinates.
    seed : int
        Seed of the noise.
    dtype : "float32" or "float64"
        The type of `X`.

    Returns
    -------
    Dataset
        ``X`` of shape (n, 2) and ``y`` of shape (n,).

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y = moons(4, noise=0.0)
    >>> X.round(1) + 0.0
    array([[ 1. ,  0. ],
           [ 0. ,  0.5],
           [-1. ,  0. ],
           [ 2. ,  0.5]])
    >>> y
    array([0, 1, 0, 1])
    """
    t, y = _alternating(n, np.pi, endpoint=True)
    arcs = np.where(
        y[:, np.newaxis] == 0,
        np.stack([np.cos(t), np.sin(t)], axis=-1),
        np.stack([1.0 - np.cos(t), 0.5 - np.sin(t)], axis=-1),
    )  # (n, 2)
    return _noisy(arcs, y, noise, seed, dtype, "moons", f"two half circles, {len(y)} points")


def circles(
    n: int = 200,
    *,
    factor: float = 0.5,
    noise: float = 0.05,
    seed: int = 0,
    dtype: DTypeLike = "float64",
) -> Dataset:
    """Draw two circles around the origin: class 0 of radius 1, class 1 inside it.

    Rows alternate between the classes, and each circle's points are evenly spaced.

    Parameters
    ----------
    n : int
        The number of points, 2 or more; class 0 has the odd one.
    factor : float
        The radius of the inner circle, between 0 and 1.
    noise : float
        Standard deviation of the normal noise added to both coordinates.
    seed : int
        Seed of the noise.
    dtype : "float32" or "float64"
        The type of `X`.

    Returns
    -------
    Dataset
        ``X`` of shape (n, 2) and ``y`` of shape (n,).

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y = circles(4, noise=0.0)
    >>> X.round(1) + 0.0
    array([[ 1. ,  0. ],
           [ 0.5,  0. ],
           [-1. ,  0. ],
           [-0.5,  0. ]])
    """
    t, y = _alternating(n, 2.0 * np.pi, endpoint=False)
    factor = check_number("factor", factor, "a number between 0 and 1", lambda x: 0.0 < x < 1.0)
    radius = np.where(y == 0, 1.0, factor)
    rings = np.stack([radius * np.cos(t), radius * np.sin(t)], axis=-1)  # (n, 2)
    return _noisy(rings, y, noise, seed, dtype, "circles", f"two circles, {len(y)} points")


def _alternating(
    n: int, stop: float, endpoint: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the labels 0, 1, 0, 1, ... and for each class evenly spaced numbers from 0."""
    n = check_count("n", n, 2)
    y = np.arange(n, dtype=np.int64) % 2
    t = np.empty(n)
    for label in (0, 1):
        t[y == label] = np.linspace(0.0, stop, int((y == label).sum()), endpoint=endpoint)
    return t, y


def _noisy(
    points: NDArray[np.float64],
    y: NDArray[np.int64],
    noise: float,
    seed: int,
    dtype: DTypeLike,
    name: str,
    description: str,
    n_classes: int = 2,
) -> Dataset:
    """Return points plus normal noise, drawn in float64 so that both types get the same ones."""
    noise = check_not_negative("noise", noise)
    rng = np.random.default_rng(check_count("seed", seed, 0))
    with np.errstate(over="ignore", invalid="ignore"):
        X = (points + noise * rng.standard_normal(points.shape)).astype(check_dtype(dtype))
    if not np.isfinite(X).all():
        raise ValueError(f"noise: received {noise:g}, expected noise with which points are finite")
    return Dataset(
        X,
        y,
        name=name,
        n_classes=n_classes,
        feature_names=("x0", "x1"),
        description=description,
    )
