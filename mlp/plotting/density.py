"""Histograms of several epochs on one grid."""

import math

import numpy as np
from numpy.typing import NDArray

from mlp.plotting.records import Histograms

FEWEST_BINS = 48


def range_of(histograms: Histograms, tails: tuple[float, float]) -> tuple[float, float]:
    """Return where the numbers of every epoch lie; NaN if there are none.

    Shares of them, ``tails``, may lie below and above.
    """
    shares = (tails[0], 1.0 - tails[1])
    ends = np.array([_quantiles(*one, shares) for one in _epochs(histograms)])
    known = ends[np.isfinite(ends).all(axis=1)]
    if not len(known):
        return math.nan, math.nan
    return float(known[:, 0].min()), float(known[:, 1].max())


def density(
    histograms: Histograms, low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges ``(m + 1,)`` from low to high, and the share in each bin, ``(m, n)``.

    The edges are multiples of a power of two, as those of the histograms are: bins merge without
    a rest, and one that is wider than the grid is spread evenly.
    """
    exponent = math.floor(math.log2((high - low) / FEWEST_BINS))
    first, last = math.floor(math.ldexp(low, -exponent)), math.ceil(math.ldexp(high, -exponent))
    edges: NDArray[np.float64] = np.ldexp(np.arange(first, last + 1.0), exponent)
    shares = np.full((last - first, len(histograms.counts)), np.nan)
    for i, (bins, counts) in enumerate(_epochs(histograms)):
        if counts.any():
            shares[:, i] = np.diff(np.interp(edges, bins, _cumulative(counts)))
    return edges, shares


def _epochs(histograms: Histograms) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return edges and counts of each epoch."""
    return list(zip(histograms.edges, histograms.counts, strict=True))


def _cumulative(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return which share of the numbers lies below each edge."""
    below: NDArray[np.float64] = np.append(0, np.cumsum(counts)) / counts.sum()
    return below


def _quantiles(
    edges: NDArray[np.float64], counts: NDArray[np.int64], shares: tuple[float, ...]
) -> list[float]:
    if not counts.any():
        return [math.nan] * len(shares)
    held = np.flatnonzero(counts)
    used = slice(held[0], held[-1] + 2)  # beyond, the share stays and has no inverse
    return np.interp(shares, _cumulative(counts)[used], edges[used]).tolist()
