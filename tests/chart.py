"""The network of the published chart, its one sample, and its true errors."""

import numpy as np

from mlp.core import MLP, Dense

CHART_X, CHART_T = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
FIRST_ERROR = 0.24251985734837728  # before any update
LAST_ERRORS = {  # after 100 updates, by rate
    0.1: 0.1335106073346252,
    0.2: 0.07916642312214675,
    0.5: 0.029166680235883584,
    0.8: 0.0163866284770309,
    1.0: 0.012395124175369723,
    2.0: 0.005160108602350808,
}


def chart_network(dtype="float64"):
    """The network: 2-2-2, sigmoid, no biases."""
    return MLP(
        [
            Dense(2, 2, "sigmoid", weights=[[0.15, 0.25], [0.20, 0.30]], bias=False),
            Dense(2, 2, "sigmoid", weights=[[0.40, 0.50], [0.45, 0.55]], bias=False),
        ],
        "squared_error",
        dtype=dtype,
    )
