"""Histograms of several epochs on one grid."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from mlp.plotting.layers import density, range_of


@dataclass
class Histograms:
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


def histograms(*epochs):
    """Each epoch is (first edge, width, counts)."""
    widest = max(len(counts) for _, _, counts in epochs)
    counts = np.array([[*counts, *[0] * (widest - len(counts))] for _, _, counts in epochs])
    edges = [first + width * np.arange(widest + 1) for first, width, _ in epochs]
    return Histograms(np.array(edges, dtype=float), counts)


def test_shares_of_an_epoch_add_up_to_one():
    edges, shares = density(histograms((-1, 0.5, [1, 2, 3]), (0, 0.25, [4, 0, 4])), -1.0, 1.0)
    assert edges[0] == -1
    assert edges[-1] == 1
    assert shares.shape == (len(edges) - 1, 2)
    assert shares.sum(axis=0) == pytest.approx([1, 1])


def test_narrow_bins_merge_without_a_rest():
    narrow = histograms((0, 2.0**-10, np.arange(1024)))
    edges, shares = density(narrow, 0.0, 1.0)
    merged = np.arange(1024).reshape(len(edges) - 1, -1).sum(axis=1)
    assert shares[:, 0] == pytest.approx(merged / merged.sum())


def test_a_wide_bin_is_spread_evenly():
    _, shares = density(histograms((0, 0.5, [1, 3])), 0.0, 1.0)
    lower, upper = np.split(shares[:, 0], 2)
    assert lower == pytest.approx(np.full(len(lower), 0.25 / len(lower)))
    assert upper == pytest.approx(np.full(len(upper), 0.75 / len(upper)))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-7.3, 11.9), (-1e-9, 1e-9), (3.0, 3e5)])
def test_there_are_enough_bins_and_not_too_many(low, high):
    edges, _ = density(histograms((low, (high - low) / 4, [1, 1, 1, 1])), low, high)
    assert 48 <= len(edges) - 1 <= 98
    assert edges[0] <= low < high <= edges[-1]


def test_what_lies_outside_of_the_range_is_left_out():
    _, shares = density(histograms((0, 1, [5, 5, 0, 10])), 0.0, 2.0)
    assert shares.sum() == pytest.approx(0.5)


def test_an_epoch_without_numbers_has_no_shares_and_no_range():
    empty = histograms((0, 1, [0, 0]), (0, 1, [0, 2]))
    assert np.isnan(density(empty, 0.0, 2.0)[1]).all(axis=0).tolist() == [True, False]
    assert range_of(empty, (0, 0)) == (1, 2)
    assert np.isnan(range_of(histograms((0, 1, [0])), (0, 0))).all()


def test_the_range_holds_all_epochs_but_for_their_tails():
    both = histograms((0, 1, [1, 98, 1]), (10, 2, [0, 50, 50]))
    assert range_of(both, (0.0, 0.0)) == (0, 16)
    assert range_of(both, (0.01, 0.25)) == pytest.approx((1, 15))


def test_a_gap_has_its_quantile_at_its_edge():
    assert range_of(histograms((0, 1, [1, 0, 0, 1])), (0.5, 0.0))[0] in (1, 3)
