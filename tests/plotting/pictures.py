"""Every kind of picture, of numbers that come from formulas, as small images in grey."""

from io import BytesIO
from types import SimpleNamespace

import numpy as np

from mlp.plotting import (
    plot_confusion_matrix,
    plot_decision_boundary,
    plot_history,
    plot_layers,
    plot_learning_rate_finder,
    plot_learning_rates,
    plot_weights,
    theme,
)
from mlp.training import LayerRecord
from mlp.training.recording.record import Histogram
from tests.plotting.conftest import sweep
from tests.plotting.diagrams import DIAGRAMS

RATES = [0.1, 0.5, 2.0, 9.0]
SIDE = 4  # pixels that become one


def spread(n):
    """Points of the square from -1 to 1, evenly but in no order."""
    steps = np.arange(1, n + 1)[:, None] * np.array([0.7548776662, 0.5698402910])
    return 2.0 * (steps % 1.0) - 1.0


class Rings:
    """A classifier of three rings."""

    def predict(self, X):
        radius = np.hypot(*X.T)[:, None]
        score = np.exp(-8.0 * np.abs(radius - np.array([0.2, 0.7, 1.2])))
        return score / score.sum(axis=1, keepdims=True)


class Waves:
    """A regression with a hill and a dale."""

    def predict(self, X):
        return np.sin(3.0 * X[:, :1]) * np.cos(2.0 * X[:, 1:])


def layers():
    record = LayerRecord(["layers[0] relu", "layers[1] tanh"], [6, 3])
    grid = np.linspace(-1.0, 1.0, 500)
    for epoch in range(1, 25):
        pairs, medians = [], []
        for layer in (0, 1):
            outputs, sizes = Histogram(), Histogram()
            A = np.maximum(grid * epoch / 8, 0) if layer == 0 else np.tanh(grid * epoch)
            log_dW = -2 - layer - epoch / 12 + grid
            outputs.add(A)
            sizes.add(log_dW)
            pairs.append((outputs, sizes))
            medians.append((np.median(A), np.median(log_dW)))
        units = [np.array([0, 2, 0, 1, 0, 2], np.uint8), np.zeros(3, np.uint8)]
        record.append(epoch, pairs, medians, zeros=[60, 0], flat=[0.3, 0.1], units=units)
    return record


def finder():
    rates = np.geomspace(1e-5, 10, 60)
    losses = 2.0 - 1.2 / (1.0 + 0.05 / rates) + (rates > 3) * rates
    return SimpleNamespace(
        rates=rates, losses=losses, smoothed=losses, suggestion=float(rates[35]), diverged_at=12.0
    )


def history():
    epochs = np.arange(1, 31)
    return {"loss": 1 / epochs, "val_loss": 1 / epochs + 0.004 * epochs}


def boundary():
    X = spread(90)
    Y = Rings().predict(X).argmax(axis=1)
    Y[::15] = (Y[::15] + 1) % 3
    return plot_decision_boundary(Rings(), X, Y, names=["low", "mid", "high"], title="Rings")


def weights():
    angles = np.arange(12)[:, None, None]
    x, y = np.meshgrid(np.linspace(-3, 3, 9), np.linspace(-3, 3, 9))
    W = np.cos(angles) * np.sin(x) + np.sin(angles) * np.cos(y) * (angles + 1) / 12
    return plot_weights(W.reshape(12, 81).T)


def confusion():
    i = np.arange(6)
    matrix = np.where(i[:, None] == i, 50 + 7 * i, (i[:, None] * 5 + i * 3) % 7 // 4 * (i + 1))
    return plot_confusion_matrix(matrix)


PICTURES = {
    "history": lambda: plot_history(history()),
    "learning_rates": lambda: plot_learning_rates(
        sweep([0.1, 0.5, 2.0, 9.0], [[0], [0], [0], [6]])
    ),
    "finder": lambda: plot_learning_rate_finder(finder(), title="Finder"),
    "boundary": boundary,
    "regression": lambda: plot_decision_boundary(Waves(), spread(80), Waves().predict(spread(80))),
    "weights": weights,
    "activations": lambda: plot_layers(layers()),
    "gradients": lambda: plot_layers(layers(), what="gradients"),
    "confusion": confusion,
    **DIAGRAMS,
}


def small(ax):
    """The picture in grey, 0 to 255: a number for each 4 x 4 of its pixels, at 50 an inch."""
    figure = ax.figure
    figure.set_dpi(50)
    buffer = BytesIO()
    figure.savefig(buffer, format="rgba", dpi=50)
    width, height = figure.canvas.get_width_height()
    pixels = np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)[..., :3]
    grey = pixels @ [0.299, 0.587, 0.114]
    height, width = height // SIDE, width // SIDE
    blocks = grey[: height * SIDE, : width * SIDE].reshape(height, SIDE, width, SIDE)
    return blocks.mean(axis=(1, 3))


def draw(name, page):
    """One of the pictures on a light or dark page, small."""
    with theme(page):
        return small(PICTURES[name]())
