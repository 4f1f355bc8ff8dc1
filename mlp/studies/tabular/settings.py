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
    width : int
        Units of each hidden layer.
    frequencies : int
        Of the embedding of each column of numbers; 0 for no embedding.
    """

    members: int
    epochs: int
    width: int
    frequencies: int


EFFORTS = {
    "quick": Settings(members=4, epochs=32, width=64, frequencies=0),
    "normal": Settings(members=8, epochs=64, width=64, frequencies=8),
    "best": Settings(members=16, epochs=128, width=128, frequencies=8),
}

DEPTH = 3
BATCH_SIZE = 256
LR_CLASSES, LR_NUMBERS = 0.04, 0.07
ACTIVATION_CLASSES, ACTIVATION_NUMBERS = "selu", "mish"
LABEL_SMOOTHING = 0.1
BETAS = (0.9, 0.95)
L2_ROWS = 0.0  # the L2 penalty on the weights times the training rows
SCALE_LR_FACTOR = 6.0
BIAS_LR_FACTOR = 0.1
BIAS_DEVIATION = 1.0  # of the first biases
EMBEDDING_SIZE, EMBEDDING_SIGMA, EMBEDDING_LR_FACTOR = 4, 0.1, 0.1

CRITERION = "error"
"""What chooses the epoch of a classifier: "error", "brier" or "log_loss"; of numbers, the MSE."""

COMMON_EPOCH = True
"""Whether all members keep one epoch, the best of all folds together, or each its own."""


def settings_of(effort: str) -> Settings:
    """Return the settings of an effort; ValueError or TypeError for an unknown one.

    Examples
    --------
    >>> settings_of("quick").members
    4
    """
    return EFFORTS[find_name("effort", effort, EFFORTS)]
