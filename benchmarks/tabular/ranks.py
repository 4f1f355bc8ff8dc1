"""What is made of the scores of several methods on several tables.

Every array of errors is `(n_tables, n_methods)`: each entry is the mean over a table's splits.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import stats

SHIFT = 0.01  # so that a table without errors does not decide the mean of all


def mean_error(errors: np.ndarray) -> np.ndarray:
    """Return the shifted geometric mean over the tables, `exp(mean(log(error + 0.01))) - 0.01`.

    In the paper of RealMLP (Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024) the shift is not
    taken off at the end.
    """
    return np.exp(np.log(errors + SHIFT).mean(axis=0)) - SHIFT


def ratio(errors: np.ndarray, others: np.ndarray) -> float:
    """Return the geometric mean of the ratios of two methods' shifted errors `(n_tables,)`."""
    return float(np.exp(np.log((errors + SHIFT) / (others + SHIFT)).mean()))


def ranks(errors: np.ndarray) -> np.ndarray:
    """Return each method's rank on each table: 1 is the best, equal errors share a mean rank."""
    return stats.rankdata(errors, axis=1)


def critical_difference(n_tables: int, n_methods: int, alpha: float = 0.05) -> float:
    """Return how far two mean ranks must be apart by the test of Nemenyi.

    `q sqrt(k (k + 1) / (6 N))`, with q from the studentized range (Demšar, JMLR 7, 2006).
    """
    q = stats.studentized_range.ppf(1 - alpha, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_tables)))


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's method, in the order given."""
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.minimum(1, np.maximum.accumulate(np.array(p_values)[order] * factors))
    return corrected[np.argsort(order)].tolist()


def wilcoxon(errors: np.ndarray, others: np.ndarray) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test of log ratios over tables."""
    gaps = np.log((errors + SHIFT) / (others + SHIFT))
    return float(stats.wilcoxon(gaps).pvalue) if gaps.any() else 1.0


def pairs(errors: np.ndarray) -> dict[tuple[int, int], float]:
    """Return the p-value of each pair of methods: Wilcoxon's test, corrected by Holm."""
    chosen = list(combinations(range(errors.shape[1]), 2))
    p_values = [wilcoxon(errors[:, i], errors[:, j]) for i, j in chosen]
    return dict(zip(chosen, holm(p_values), strict=True))


def groups(mean_ranks: np.ndarray, distance: float) -> list[tuple[float, float]]:
    """Return the ranges of mean ranks within which no two methods are `distance` apart."""
    ordered = np.sort(mean_ranks)
    found: list[tuple[float, float]] = []
    for low in ordered:
        high = ordered[ordered <= low + distance].max()
        if high > low and (not found or high > found[-1][1]):
            found.append((float(low), float(high)))
    return found
