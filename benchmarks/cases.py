"""What is trained: networks, data and first weights, the same for every competitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
# Low enough that rounding is not amplified: losses stay comparable in float32.
LEARNING_RATES = {"sgd": 0.01, "adam": 0.0001}
BETAS = (0.9, 0.999)  # Adam's
# Smaller than usual: scikit-learn adds it before the second moment is freed of its bias, all
# others after, and the losses should be the same. It costs the same.
EPS = 1e-12

CURVE_BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
CURVE_WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True)
class Case:
    """A network and how it is trained.

    Attributes
    ----------
    name : str
        Unique, for the table and for ``--cases``.
    sizes : tuple of int
        The widths from input to output.
    batch, rows : int
        Rows in a batch and in an epoch; `rows` is a multiple of `batch`, so that nobody needs a
        second program for a short last batch.
    task : {"classes", "sigmoid", "regression"}
        "classes": relu, softmax and cross-entropy; "sigmoid": sigmoid everywhere and
        ``1/2 sum (A - Y)^2``; "regression": relu, identity and ``1/2 sum (A - Y)^2``. The loss is
        the mean over the rows.
    optimizer : {"sgd", "adam"}
    dtype : {"float32", "float64"}
    group : {"size", "batch", "width"}
        The table it belongs to: the sizes, or one of the two curves.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    rows: int
    task: str = "classes"
    optimizer: str = "sgd"
    dtype: str = "float32"
    group: str = "size"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(self.sizes))  # JSON made it a list
        if self.rows % self.batch:
            raise ValueError(f"rows: received {self.rows}, expected a multiple of {self.batch}")

    @property
    def lr(self) -> float:
        """Return the learning rate; it falls with small batches of wide networks.

        Else training is chaotic there: rounding grows until the losses cannot be compared.
        """
        share = min(1.0, self.batch / 32) if self.task == "classes" else 1.0
        return LEARNING_RATES[self.optimizer] * share

    @property
    def hidden(self) -> str:
        return "sigmoid" if self.task == "sigmoid" else "relu"

    @property
    def n_updates(self) -> int:
        """Return the number of updates in an epoch."""
        return self.rows // self.batch

    def data(self) -> tuple[Floats, NDArray[np.int64] | Floats]:
        """Return X and the targets: labels ``(rows,)`` or numbers ``(rows, n_out)``.

        A random linear map of X decides; a fifth of the labels is drawn at random, so that the
        loss stays well above zero however long a measurement trains.
        """
        rng = np.random.default_rng(1)
        X = rng.random((self.rows, self.sizes[0]))
        Z = (X - 0.5) @ rng.normal(size=(self.sizes[0], self.sizes[-1]))
        if self.task == "classes":
            labels = np.argmax(Z, axis=1)
            noisy = rng.random(self.rows) < 0.2
            labels[noisy] = rng.integers(self.sizes[-1], size=int(noisy.sum()))
            labels[: self.sizes[-1]] = np.arange(self.sizes[-1])  # every class is there
            return X.astype(self.dtype), labels
        Y = 1.0 / (1.0 + np.exp(-Z)) if self.task == "sigmoid" else Z
        return X.astype(self.dtype), Y.astype(self.dtype)

    def weights(self) -> list[tuple[Floats, Floats]]:
        """Return W ``(n_in, n_out)`` and b ``(n_out,)`` of every layer, fresh arrays."""
        rng = np.random.default_rng(2)
        return [
            (
                rng.normal(0.0, np.sqrt(2.0 / n_in), (n_in, n_out)).astype(self.dtype),
                rng.normal(0.0, 0.1, n_out).astype(self.dtype),
            )
            for n_in, n_out in pairwise(self.sizes)
        ]


SIZES = (  # sizes, batch, rows
    ((64, 64, 10), 32, 2048),
    ((784, 128, 10), 64, 4096),
    ((784, 256, 128, 10), 128, 4096),
    ((784, 1024, 1024, 10), 512, 4096),
)


def _sizes() -> Iterator[Case]:
    for (sizes, batch, rows), optimizer, dtype in product(
        SIZES, ("sgd", "adam"), ("float32", "float64")
    ):
        name = f"{'-'.join(map(str, sizes))}/batch{batch}/{optimizer}/{dtype}"
        yield Case(name, sizes, batch, rows, "classes", optimizer, dtype)
    yield Case("2-2-2/batch1/sgd/float64", (2, 2, 2), 1, 2048, "sigmoid", "sgd", "float64")
    for dtype in ("float32", "float64"):
        name = f"8-32-32-1/batch32/adam/{dtype}"
        yield Case(name, (8, 32, 32, 1), 32, 2048, "regression", "adam", dtype)


def _curves() -> Iterator[Case]:
    for batch in CURVE_BATCHES:
        yield Case(f"curve/batch/{batch}", (256, 256, 10), batch, 4096, group="batch")
    for width in CURVE_WIDTHS:
        yield Case(f"curve/width/{width}", (64, width, width, 10), 128, 2048, group="width")


ALL_CASES = (*_sizes(), *_curves())
QUICK_CASES = tuple(
    case.name
    for case in ALL_CASES
    if case.group == "size"
    and {
        "classes": case.optimizer == "sgd" and case.dtype == "float32",
        "sigmoid": True,
        "regression": case.dtype == "float32",
    }[case.task]
)
