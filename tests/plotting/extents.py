"""Every way to draw a picture, on pages of several sizes, and the places of the texts on them."""

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
from matplotlib.text import Text

import mlp
from mlp import plotting
from tests.plotting import pictures
from tests.plotting.conftest import sweep
from tests.plotting.diagrams import mazur, ramp, small, wide

SIZES = {"column": (3.4, 2.6), "default": None, "slide": (12.0, 6.75)}
LONG = "a name of 25 characters "  # and one more
TOUCHING = 1.0  # pixels, at 100 an inch, by which the boxes of two texts may overlap


def long_names(n):
    return [f"{LONG}{'ABCDEFGHIJ'[i % 10]}" for i in range(n)]


@cache
def trained():
    """A classifier of two inputs, its data, its history and the record of its layers."""
    X, y = mlp.datasets.spirals(60, seed=0)
    net = mlp.MLP.from_sizes([2, 8, 8, int(y.max()) + 1], "tanh", "softmax", "cross_entropy")
    recorder = mlp.LayerRecorder(X)
    trainer = mlp.Trainer(net, mlp.SGD(0.3), batch_size=16, callbacks=[recorder])
    history = trainer.fit(X, y, epochs=12, validation=(X, y))
    return net, X, y, history, recorder


@cache
def swept():
    """Runs over a number, over names and over widths of layers."""
    net, X, y, *_ = trained()
    grid = {
        "lr": [0.01, 0.1, 1.0],
        "optimizer": ["sgd", "adam"],
        "hidden": [(16, 32, 64, 128), (8, 8)],
    }
    return mlp.sweep(net, X, y, grid, epochs=3, seeds=2)


@cache
def found():
    _, X, y, *_ = trained()
    net = mlp.MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", seed=0)
    return mlp.find_learning_rate(net, X, y, steps=60)


@cache
def rates():
    net, X, y, *_ = trained()
    return mlp.learning_rate_sweep(net, X, y, [0.1, 0.2, 0.5, 0.8, 1.0, 2.0], epochs=10)


def renamed(record, is_long, **names):
    """A record with long names, or as it is."""
    if not is_long:
        return record
    values = {name: getattr(record, name) for name in dir(record) if not name.startswith("_")}
    return SimpleNamespace(**(values | names))


def titled(is_long):
    return {"title": " ".join(long_names(4))} if is_long else {}


def boundary(ax, is_long):
    net, X, y, *_ = trained()
    n = net.n_out
    names = {"names": long_names(n), "feature_names": long_names(2)} if is_long else {}
    return plotting.plot_decision_boundary(net, X, y, ax, resolution=60, **names, **titled(is_long))


def regression(ax, is_long):
    X = pictures.spread(40)
    names = {"feature_names": long_names(2)} if is_long else {}
    return plotting.plot_decision_boundary(
        pictures.Waves(), X, pictures.Waves().predict(X), ax, resolution=60, **names,
        **titled(is_long),
    )  # fmt: skip


def confusion(n):
    def draw(ax, is_long):
        i = np.arange(n)
        matrix = np.where(i[:, None] == i, 900 + i, (i[:, None] * 5 + i * 3) % 7 // 4 * (i + 1))
        names = {"names": long_names(n), "rows": LONG} if is_long else {}
        return plotting.plot_confusion_matrix(matrix, ax, **names, **titled(is_long))

    return draw


def layers(what):
    def draw(ax, is_long):
        record = pictures.layers()
        if is_long:
            record.names = tuple(long_names(2))
        return plotting.plot_layers(record, ax, what=what, **titled(is_long))

    return draw


def network(sizes, **options):
    def draw(ax, is_long):
        net = wide(sizes)
        names = {"names": all_places(net)} if is_long else {}
        return plotting.plot_network(net, ramp(sizes[0]), [1], ax, **names, **titled(is_long))

    return draw


def all_places(net):
    places = [(k, *at) for k, layer in enumerate(net.layers) for at in np.ndindex(layer.W.shape)]
    return {f"{LONG[:-5]}{n:05}": place for n, place in enumerate(places)}


def step(is_long, steps=None):
    net, x, t = mazur()
    names = all_places(net) if is_long else mlp.examples.mazur().weight_names
    return mlp.trace(net, x, t, names=names, steps=steps)


class Mix(mlp.Layer):
    """A custom layer with a long name in diagrams."""

    def __init__(self, share=0.125):
        self.share = share

    def __repr__(self):
        return f"Mix(share={self.share})"

    def forward(self, A_in, training, rng):
        return self.share * A_in

    def backward(self, dA, need_dA_in=True):
        return self.share * dA


@cache
def varied(n_rows):
    """A network with a layer of each kind, and a batch."""
    layers = [
        *(mlp.LayerNorm(), mlp.Dense(2, 3), mlp.Dropout(0.3), mlp.ActivationLayer("leaky_relu")),
        *(mlp.Scale(), mlp.Dense(3, 2, "softmax"), Mix()),
    ]
    if n_rows > 1:
        layers.insert(2, mlp.BatchNorm())
    net = mlp.MLP(layers, "squared_error", seed=0)
    X = pictures.spread(n_rows)
    return net, X, np.abs(X)


def other_layers(ax, is_long):
    net, X, T = varied(1)
    names = {f"{LONG}{i}{j}": (1, i, j) for i, j in np.ndindex(2, 3)} if is_long else None
    return plotting.plot_network(net, X, T, ax, names=names, **titled(is_long))


def normalised(ax, is_long):
    return plotting.plot_network(varied(3)[0], [0.3, -0.6], ax=ax, **titled(is_long))


def batch(ax, is_long):
    """A frame of an animation, of rows and units with names."""
    net, X, T = varied(3)
    places = [f"{letter}[{i}]" for letter in "xt" for i in range(2)]
    places += [f"a[5][{j}]" for j in range(3)]
    names = {name[:-2] + place: place for name, place in zip(long_names(7), places, strict=True)}
    steps = mlp.trace(net, X, T, names=names if is_long else {}, steps=2)
    return steps[1].plot(ax=ax, title="step 2")


def learning_rates(count, seeds=1, **options):
    def draw(ax, is_long):
        many = np.geomspace(1e-3, 10, count).tolist()
        left = [[0] * seeds] * (count - 1) + [[6] * seeds]
        result = renamed(sweep(many, left), is_long, loss_name=LONG)
        return plotting.plot_learning_rates(result, ax, **options, **titled(is_long))

    return draw


def of_sweep(*parameters):
    return lambda ax, is_long: plotting.plot_sweep(swept(), *parameters, ax=ax)


def weights(ax, is_long):
    W = np.random.default_rng(0).normal(size=(64, 40))
    return plotting.plot_weights(W, ax, **titled(is_long))


WAYS = {
    "plot_confusion_matrix": [confusion(3), confusion(10), confusion(30)],
    "plot_decision_boundary": [boundary, regression],
    "plot_history": [
        lambda ax, is_long: plotting.plot_history(pictures.history(), ax, has_penalty=is_long),
        lambda ax, is_long: plotting.plot_history(
            {"loss": [1e-7, 2e-7], "val_loss": [1.001e-7, 2e-7]}, ax, scale="log"
        ),
    ],
    "plot_layers": [layers("activations"), layers("gradients")],
    "plot_learning_rate_finder": [
        lambda ax, is_long: plotting.plot_learning_rate_finder(
            renamed(pictures.finder(), is_long, loss_name=LONG), ax, **titled(is_long)
        )
    ],
    "plot_learning_rates": [
        learning_rates(6),
        learning_rates(9, 3, labels="legend"),
        learning_rates(25, labels="direct"),
        learning_rates(25),
    ],
    "plot_network": [
        network([2, 3, 2]),
        network([3, 2, 2, 2, 3]),
        network([4, 8, 3]),
        network([784, 20, 3]),
        lambda ax, is_long: plotting.plot_network(small(), ax=ax),
        other_layers,
        normalised,
    ],
    "plot_sweep": [of_sweep(), of_sweep("lr"), of_sweep("hidden"), of_sweep("hidden", "lr")],
    "plot_trace": [lambda ax, is_long: plotting.plot_trace(step(is_long), ax, **titled(is_long))],
    "plot_weights": [weights],
    "FinderResult.plot": [lambda ax, is_long: found().plot(ax=ax)],
    "History.plot": [lambda ax, is_long: trained()[3].plot(ax)],
    "LayerRecord.plot": [lambda ax, is_long: trained()[4].record.plot(ax)],
    "LayerRecorder.plot": [lambda ax, is_long: trained()[4].plot(ax, what="gradients")],
    "SweepResult.plot": [lambda ax, is_long: rates().plot(ax=ax)],
    "SweepRuns.plot": [lambda ax, is_long: swept().plot("optimizer", ax=ax)],
    "Trace.plot": [lambda ax, is_long: step(is_long).plot(ax=ax), batch],
}
"""Functions that draw on axes or, for None, on their own, with names of 25 characters or not."""


@dataclass(frozen=True)
class Box:
    """The corners of a text, in order, ``(4, 2)`` in pixels."""

    text: str
    corners: np.ndarray

    def overlaps(self, other):
        """Whether no line separates the two, but for a pixel."""
        for sides in (np.diff(self.corners, axis=0)[:2], np.diff(other.corners, axis=0)[:2]):
            for side in sides:
                normal = side / np.linalg.norm(side)
                ours, theirs = self.corners @ normal, other.corners @ normal
                if min(ours.max(), theirs.max()) - max(ours.min(), theirs.min()) <= TOUCHING:
                    return False
        return True


def boxes(figure):
    """The texts that a drawing of the figure writes, in their final places."""
    figure.set_dpi(100)
    figure.draw_without_rendering()
    written = {}
    draw = Text.draw

    def noting(text, renderer):
        if text.get_visible() and text.get_text().strip():
            written[id(text)] = text
        draw(text, renderer)

    Text.draw = noting
    try:
        figure.draw_without_rendering()
    finally:
        Text.draw = draw
    return [box_of(text) for text in written.values()]


def box_of(text):
    around = Text.get_window_extent(text)
    angle = text.get_rotation()
    text.set_rotation(0.0)
    flat = Text.get_window_extent(text)
    text.set_rotation(angle)
    turned = np.radians(angle)
    along = np.array([np.cos(turned), np.sin(turned)])
    across = np.array([-along[1], along[0]])
    middle = np.array([around.x0 + around.x1, around.y0 + around.y1]) / 2
    u, v = flat.width / 2 * along, flat.height / 2 * across
    corners = np.array([middle - u - v, middle + u - v, middle + u + v, middle - u + v])
    return Box(text.get_text(), corners)


def faults(figure):
    """What overlaps or is cut off, in words."""
    found = boxes(figure)
    assert found
    width, height = figure.bbox.size
    said = [
        f"{box.text!r} is cut off"
        for box in found
        if box.corners.min() < -TOUCHING
        or box.corners[:, 0].max() > width + TOUCHING
        or box.corners[:, 1].max() > height + TOUCHING
    ]
    said += [
        f"{box.text!r} overlaps {other.text!r}"
        for n, box in enumerate(found)
        for other in found[:n]
        if box.overlaps(other)
    ]
    return said
