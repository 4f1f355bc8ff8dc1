"""A histogram that grows: every count is NumPy's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlp.training.recording.record import BINS, Histogram, median

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
BLOCKS = st.lists(hnp.arrays(np.float64, st.integers(0, 30), elements=NUMBERS), max_size=5)


def filled(*blocks):
    histogram = Histogram()
    for block in blocks:
        histogram.add(np.asarray(block, dtype=float))
    return histogram


def assert_counts_are_numpys(histogram, numbers):
    assert histogram.counts.tolist() == np.histogram(numbers, histogram.edges)[0].tolist()


@settings(max_examples=100, deadline=None)
@given(BLOCKS)
def test_every_number_is_counted_between_its_edges_however_it_came(blocks):
    numbers = np.concatenate([*blocks, np.zeros(0)])
    histogram = filled(*blocks)
    assert histogram.counts.sum() == numbers.size
    assert_counts_are_numpys(histogram, numbers)


@settings(max_examples=100, deadline=None)
@given(BLOCKS)
def test_blocks_give_what_all_numbers_at_once_give(blocks):
    one, other = filled(*blocks), filled(np.concatenate([*blocks, np.zeros(0)]))
    assert (one.exponent, one.first) == (other.exponent, other.first)
    assert one.counts.tolist() == other.counts.tolist()


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1.0, 1e100, 1e301])
def test_any_scale_will_do(scale):
    numbers = np.random.default_rng(0).uniform(-1, 1, 500) * scale
    histogram = filled(numbers[:100], numbers[100:])
    assert_counts_are_numpys(histogram, numbers)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e100])
def test_at_least_a_third_of_the_bins_is_used(scale):
    histogram = filled(np.linspace(-0.3, 1.0, 2000) * scale)
    assert np.count_nonzero(histogram.counts) > BINS / 3


def test_a_narrow_range_far_from_zero_is_told_apart():
    histogram = filled(1000.0 + np.linspace(0.0, 0.05, 500))
    assert np.count_nonzero(histogram.counts) > BINS / 3


def test_edges_are_multiples_of_a_power_of_two():
    histogram = filled([0.1, 7.3, -2.0])
    width = histogram.edges[1] - histogram.edges[0]
    assert math.frexp(width)[0] == 0.5
    assert np.array_equal(histogram.edges % width, np.zeros(BINS + 1))


def test_a_number_on_an_edge_belongs_to_the_bin_above():
    histogram = filled([0.0, 1.0, 63.0])
    assert np.flatnonzero(histogram.counts).tolist() == [0, 1, 63]


@pytest.mark.parametrize("number", [0.0, 1.0, -3.5, 1e300])
def test_one_number_again_and_again_fills_one_bin(number):
    histogram = filled(np.full(10, number), np.full(5, number))
    (place,) = np.flatnonzero(histogram.counts)
    assert histogram.counts[place] == 15
    assert histogram.edges[place] <= number < histogram.edges[place + 1]


def test_what_is_not_finite_is_not_counted():
    histogram = filled([np.nan, 1.0, np.inf, -np.inf, 2.0])
    assert histogram.counts.sum() == 2
    assert filled([np.nan]).counts.sum() == 0


def test_what_is_so_large_that_edges_would_overflow_is_not_counted():
    histogram = filled([1e308, 2.0**1000, -1.7e308])
    assert histogram.counts.sum() == 1
    assert np.isfinite(histogram.edges).all()


def test_float32_numbers_are_counted_as_they_are():
    numbers = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    histogram = Histogram()
    histogram.add(numbers)
    assert_counts_are_numpys(histogram, numbers.astype(float).ravel())


def test_it_keeps_as_many_numbers_as_it_has_bins():
    histogram = Histogram()
    for scale in 10.0 ** np.arange(30):
        histogram.add(np.random.default_rng(0).normal(size=100) * scale)
    assert histogram.counts.shape == (BINS,)
    assert histogram.counts.sum() == 3000


@given(
    hnp.arrays(float, st.integers(1, 40), elements=st.floats(-1e300, 1e300)),
    st.lists(st.sampled_from([np.nan, np.inf, -np.inf, 1e308]), max_size=3),
)
def test_a_median_is_numpys_of_what_is_counted_and_leaves_the_numbers_alone(numbers, beyond):
    values = np.append(beyond, numbers)
    kept = values.copy()
    assert median(values) == np.median(numbers)
    assert np.array_equal(values, kept, equal_nan=True)


def test_nothing_has_no_median():
    assert np.isnan(median(np.array([np.nan, np.inf])))
    assert np.isnan(median(np.zeros((0, 3))))
