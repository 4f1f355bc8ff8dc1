"""Statistics over tables, beside SciPy's own tests and published tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from tabular import ranks

RNG = np.random.default_rng(0)
ERRORS = RNG.uniform(0.1, 0.5, (25, 1)) * RNG.uniform(0.9, 1.1, (25, 4)) * [1.0, 1.0, 1.1, 1.5]


def test_the_mean_error_is_the_geometric_mean_of_shifted_errors():
    expected = stats.gmean(ERRORS + 0.01, axis=0) - 0.01
    np.testing.assert_allclose(ranks.mean_error(ERRORS), expected, rtol=1e-12)


def test_a_method_with_errors_of_ten_percent_less_has_a_ratio_of_nine_tenths():
    others = ERRORS[:, 0]
    assert ranks.ratio((others + 0.01) * 0.9 - 0.01, others) == pytest.approx(0.9, rel=1e-12)


def test_equal_errors_share_their_mean_rank():
    assert ranks.ranks(np.array([[0.2, 0.1, 0.2]])).tolist() == [[2.5, 1.0, 2.5]]


def test_ranks_give_the_statistic_of_friedman():
    n, k = ERRORS.shape
    means = ranks.ranks(ERRORS).mean(axis=0)
    statistic = 12 * n / (k * (k + 1)) * (np.sum(means**2) - k * (k + 1) ** 2 / 4)
    assert statistic == pytest.approx(stats.friedmanchisquare(*ERRORS.T).statistic)


@pytest.mark.parametrize(
    ("n_methods", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_the_critical_difference_uses_the_published_quantiles(n_methods, q):
    # Demšar 2006, table 5, alpha = 0.05
    expected = q * np.sqrt(n_methods * (n_methods + 1) / (6 * 14))
    assert ranks.critical_difference(14, n_methods) == pytest.approx(expected, abs=5e-4)


def test_holm_multiplies_the_least_by_the_number_and_never_lets_p_fall():
    # the example of R's p.adjust, method "holm"
    assert ranks.holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert ranks.holm([0.03, 0.01, 0.9]) == pytest.approx([0.06, 0.03, 0.9])
    assert ranks.holm([0.6, 0.7]) == [1.0, 1.0]


def test_pairs_tell_apart_only_what_differs():
    p_values = ranks.pairs(ERRORS)
    assert set(p_values) == {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}
    assert p_values[0, 3] < 0.01 < p_values[0, 1]
    assert ranks.wilcoxon(ERRORS[:, 0], ERRORS[:, 0]) == 1.0


def test_groups_join_neighbours_and_leave_out_those_within_another():
    found = ranks.groups(np.array([1.0, 1.5, 2.2, 4.0]), 1.3)
    assert found == [(1.0, 2.2)]
    assert ranks.groups(np.array([3.0, 1.0, 2.0]), 1.0) == [(1.0, 2.0), (2.0, 3.0)]
    assert ranks.groups(np.array([1.0, 3.0]), 1.0) == []
