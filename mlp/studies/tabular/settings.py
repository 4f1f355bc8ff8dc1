"""The settings of the preset: one table of numbers."""

from __future__ import annotations

from typing import NamedTuple

from mlp._names import find_name


class Settings(NamedTuple):
    """How the networks of a table are made and trained.

    Attributes
    ----------
    members : int
        Networks, each of which leaves out a fold of the rows.
    epochs : int
        Of a table with fewer than MANY_ROWS rows; half as many of a larger one.
    width : int
        Units of each hidden layer.
    """

    members: int
    epochs: int
    width: int

    def epochs_of(self, n_rows: int) -> int:
        """Return the epochs for so many training rows."""
        return self.epochs if n_rows < MANY_ROWS else -(-self.epochs // 2)


class Candidate(NamedTuple):
    """One of the ways to train the networks of a table, of which one is kept.

    Attributes
    ----------
    bins : int
        Those of the piecewise linear encoding of each column of numbers; 0 for no encoding.
    l2 : float
        The L2 penalty.
    """

    bins: int
    l2: float


# chosen on 20 tables, none of which is among those of benchmarks/TABLES.md
EFFORTS = {
    "quick": Settings(members=4, epochs=64, width=64),
    "normal": Settings(members=8, epochs=64, width=64),
    "best": Settings(members=16, epochs=256, width=64),
}
MANY_ROWS = 3000
FEW_ROWS = 1000

DEPTH = 3
BATCH_SIZE = 256
LR_CLASSES, LR_NUMBERS = 0.04, 0.07
ACTIVATION_CLASSES, ACTIVATION_NUMBERS = "selu", "mish"
LABEL_SMOOTHING = 0.1
BETAS = (0.9, 0.95)
SCALE_LR_FACTOR = 6.0
BIAS_LR_FACTOR = 0.1
BIAS_DEVIATION = 1.0  # of the first biases
PENALTY = 30.0  # L2 over all rows, of the candidate without encoding


def candidates_of(n_rows: int, is_class: bool) -> list[Candidate]:
    """Return the ways to train on so many rows; numbers in few rows have a smooth one as well.

    Examples
    --------
    >>> candidates_of(5000, False)
    [Candidate(bins=16, l2=0.0)]
    >>> candidates_of(500, False)
    [Candidate(bins=8, l2=0.0), Candidate(bins=0, l2=0.06)]
    """
    if n_rows >= FEW_ROWS:
        return [Candidate(16, 0.0)]
    encoded = Candidate(8, 0.0)
    return [encoded] if is_class else [encoded, Candidate(0, PENALTY / n_rows)]


def settings_of(effort: str) -> Settings:
    """Return the settings of an effort; ValueError or TypeError for an unknown one.

    Examples
    --------
    >>> settings_of("quick").members
    4
    """
    return EFFORTS[find_name("effort", effort, EFFORTS)]
