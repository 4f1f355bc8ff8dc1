"""The result of the learning-rate finder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._html import html_table, html_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LearningRateNotFound(ValueError):
    """No rate can be suggested: the loss never fell, or was not finite at the start.

    Attributes
    ----------
    rates, losses : ndarray (n,)
        The rates that were tried and did not diverge, and the loss that each reached.
    diverged_at : float or None
        The lowest rate at which a run diverged.
    """

    def __init__(
        self,
        reason: str,
        rates: NDArray[np.float64],
        losses: NDArray[np.float64],
        diverged_at: float | None,
    ) -> None:
        self.rates, self.losses, self.diverged_at = rates, losses, diverged_at
        super().__init__(f"no learning rate can be suggested: {reason}")


@dataclass(frozen=True, eq=False, repr=False)
class FinderResult:
    """The losses that a network reaches with several learning rates.

    Attributes
    ----------
    rates : ndarray (n,)
        The rates that were tried and did not diverge, in ascending order.
    losses : ndarray (n,)
        The loss that each has reached: the mean over the second half of its batches.
    updates : ndarray of int (n,)
        The updates of each rate; only losses after the same number can be compared.
    suggestion : float
        The rate with the lowest loss of those with the most updates.
    reason : str
        The explanation, with advice where the data should be standardised.
    diverged_at : float or None
        The lowest rate at which a run diverged, if any did.
    start : float
        The loss of the untrained network on the batches of the last round.
    constant : float
        The loss where all outputs are the means of the targets.
    loss_name : str
        The name of the loss.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    updates: NDArray[np.int64]
    suggestion: float
    reason: str
    diverged_at: float | None = None
    start: float = float("nan")
    constant: float = float("nan")
    loss_name: str = "loss"

    def to_csv(self, path: str | Path) -> None:
        """Write rates, losses and numbers of updates, the rates and losses in full precision.

        OSError if the file cannot be written.
        """
        columns = (self.rates.tolist(), self.losses.tolist(), self.updates.tolist())
        rows = [["rate", "loss", "updates"]]
        rows += [list(map(repr, row)) for row in zip(*columns, strict=True)]
        write_file(path, "".join(",".join(row) + "\n" for row in rows).encode())

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-compatible data."""
        lists = {name: getattr(self, name).tolist() for name in ("rates", "losses", "updates")}
        names = ("loss_name", "suggestion", "reason", "diverged_at", "start")
        constant = self.constant if np.isfinite(self.constant) else None
        return {name: getattr(self, name) for name in names} | {"constant": constant} | lists

    def __str__(self) -> str:
        """Return the rates with their losses as a table, and the reason."""
        lines = [
            f"{rate:>9}  {loss:>9}  {n:>7}{mark}".rstrip() for rate, loss, n, mark in self._rows()
        ]
        return "\n".join([*lines, "", self.reason])

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Return the rows of the table, the names of its columns first."""
        marks = np.where(self.rates == self.suggestion, "  <- suggestion", "").tolist()
        rows = [("rate", "loss", "updates", "")]
        rows += [
            (f"{rate:.3g}", f"{loss:.4g}", f"{n}", mark)
            for rate, loss, n, mark in zip(
                self.rates, self.losses, self.updates, marks, strict=True
            )
        ]
        if self.diverged_at is not None:
            rows.append((f"{self.diverged_at:.3g}", "diverged", "", ""))
        return rows

    def __repr__(self) -> str:
        """Return a one-line summary."""
        return f"<FinderResult: suggestion {self.suggestion:.3g}, {len(self.rates)} rates>"

    def _repr_html_(self) -> str:
        """Return the table for a notebook, and the reason."""
        header, *rows = self._rows()
        return f"{html_table(header, rows, repr(self)[1:-1])}\n<p>{html_text(self.reason)}</p>"

    def plot(self, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw the losses and, with a path, save the picture; see `plot_learning_rate_finder`."""
        from mlp.plotting import plot_learning_rate_finder
        from mlp.plotting.save import draw

        return draw(lambda: plot_learning_rate_finder(self, **options), path)
