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


# chosen on 20 tables, none of which is among those of benchmarks/TABLES.md
EFFORTS = {
    "quick": Settings(members=4, epochs=32, width=64),
    "normal": Settings(members=8, epochs=64, width=64),
    "best": Settings(members=16, epochs=64, width=64),
}
MANY_ROWS = 3000

DEPTH = 3
BATCH_SIZE = 256
LR_CLASSES, LR_NUMBERS = 0.04, 0.07
ACTIVATION_CLASSES, ACTIVATION_NUMBERS = "selu", "mish"
LABEL_SMOOTHING = 0.1
BETAS = (0.9, 0.95)
SCALE_LR_FACTOR = 6.0
BIAS_LR_FACTOR = 0.1
BIAS_DEVIATION = 1.0  # of the first biases


def bins_of(n_rows: int) -> int:
    """Return the bins of the piecewise linear encoding of each column of numbers.

    Examples
    --------
    >>> bins_of(500), bins_of(5000)
    (8, 16)
    """
    return 8 if n_rows < 1000 else 16


def settings_of(effort: str) -> Settings:
    """Return the settings of an effort; ValueError or TypeError for an unknown one.

    Examples
    --------
    >>> settings_of("quick").members
    4
    """
    return EFFORTS[find_name("effort", effort, EFFORTS)]
