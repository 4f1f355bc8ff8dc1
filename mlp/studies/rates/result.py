"""The result of a learning-rate sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_count
from mlp._html import html_table
from mlp.core import MLP
from mlp.studies.sweep.pruning import median_of_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """The losses of a network trained with each of several learning rates.

    Attributes
    ----------
    rates : ndarray (n_rates,)
        The learning rates.
    losses : ndarray (n_rates, n_seeds, epochs + 1)
        The full training loss, penalties included, with the weights after e epochs; e = 0 is
        before any update. It is `Trainer.training_loss`, bit for bit. NaN if it is not finite, and
        from the epoch in which a run diverged.
    diverged_at : ndarray of int (n_rates, n_seeds)
        That epoch, counted from 1; 0 for a completed run. The rule is that of a `Trainer`, which
        checks loss and gradient before each update, and the update itself. A run whose loss is no
        longer finite after the last update is completed, and is never the best.
    networks : MLP
        The trained networks as n_rates * n_seeds replicas, the seeds of a rate together.
    val_losses : ndarray (n_rates, n_seeds) or None
        The loss on the validation data, if any, after the last epoch.
    loss_name : str
        The name of the loss.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    diverged_at: NDArray[np.int64]
    networks: MLP
    val_losses: NDArray[np.float64] | None = None
    loss_name: str = "loss"

    @property
    def loss(self) -> NDArray[np.float64]:
        """The median of `losses` over the seeds, ``(n_rates, epochs + 1)``.

        A diverged run counts as infinite; an infinite median is given as NaN.
        """
        return median_of_seeds(self.losses)

    @property
    def status(self) -> list[str]:
        """For each rate "completed", "diverged", or the number of seeds that diverged."""
        n_seeds = self.losses.shape[1]
        words = {0: "completed", n_seeds: "diverged"}
        diverged = (self.diverged_at > 0).sum(axis=1)
        return [words.get(int(n), f"diverged for {n} of {n_seeds} seeds") for n in diverged]

    @property
    def final(self) -> NDArray[np.float64]:
        """The last loss of each rate, on validation data if any, ``(n_rates,)``."""
        if self.val_losses is None:
            return self.loss[:, -1]
        return median_of_seeds(self.val_losses[..., None])[:, 0]

    @property
    def best(self) -> float:
        """The rate with the lowest `final` loss; NaN if every rate diverged."""
        return float(self.rates[self.best_index]) if np.isfinite(self.final).any() else math.nan

    @property
    def best_index(self) -> int:
        """The index of `best` in `rates`."""
        return int(np.argmin(np.where(np.isfinite(self.final), self.final, np.inf)))

    @property
    def best_network(self) -> MLP:
        """The network trained with the best rate; with several seeds, the one with the least loss.

        Raises ValueError if every run diverged.
        """
        if np.isnan(self.best):
            raise ValueError("best_network: every run diverged, expected one that was completed")
        scores = self.losses[..., -1] if self.val_losses is None else self.val_losses
        of_seeds = np.where(np.isfinite(scores), scores, np.inf)[self.best_index]
        return self.network(self.best_index, int(np.argmin(of_seeds)))

    def network(self, rate_index: int, seed_index: int = 0) -> MLP:
        """Return the trained network of ``rates[rate_index]`` and a seed.

        After a divergence it has the last finite weights.

        Raises
        ------
        ValueError, TypeError
            If an index is out of range, or not a whole number.
        """
        n_rates, n_seeds, _ = self.losses.shape
        places = (("rate_index", rate_index, n_rates), ("seed_index", seed_index, n_seeds))
        for name, index, n in places:
            if not 0 <= check_count(name, index, 0) < n:
                raise ValueError(f"{name}: received {index!r}, expected 0 to {n - 1}")
        return self.networks.replica(rate_index * n_seeds + seed_index)

    def to_csv(self, path: str | Path) -> None:
        """Write the losses in full precision, a row for each epoch and a column for each run.

        The header of a column is its rate or, with several seeds, ``rate/seed``. OSError if the
        file cannot be written.
        """
        n_rates, n_seeds, n_rows = self.losses.shape
        names = [repr(float(rate)) for rate in self.rates]
        if n_seeds > 1:
            names = [f"{name}/{seed}" for name in names for seed in range(n_seeds)]
        columns = self.losses.reshape(n_rates * n_seeds, n_rows)
        rows = [["epoch", *names]]
        rows += [[str(epoch), *map(repr, row)] for epoch, row in enumerate(columns.T.tolist())]
        write_file(path, "".join(",".join(row) + "\n" for row in rows).encode())

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-compatible data; a number that is not finite becomes None."""
        return {
            "loss_name": self.loss_name,
            "rates": self.rates.tolist(),
            "status": self.status,
            "best": None if math.isnan(self.best) else self.best,
            "losses": _without_nan(self.losses),
            "diverged_at": self.diverged_at.tolist(),
            "val_losses": None if self.val_losses is None else _without_nan(self.val_losses),
        }

    def table(self, **more: NDArray[np.float64]) -> str:
        """Return a table of rate, first loss, last loss and status, plus `more` columns."""
        *columns, notes = self._columns(more)
        padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
        return "\n".join("  ".join(row) for row in zip(*padded, notes, strict=True))

    def _columns(self, more: Mapping[str, NDArray[np.float64]]) -> list[list[str]]:
        """Return the columns of the table, each with its name first; the last is the status."""
        columns = {"rate": self.rates, "first": self.loss[:, 0], "last": self.loss[:, -1]}
        if self.val_losses is not None:
            columns["validation"] = self.final
        columns |= more
        cells = [[name, *(f"{x:.9g}" for x in numbers)] for name, numbers in columns.items()]
        above = self.loss[:, -1] > self.loss[:, 0]
        lost = ~np.isfinite(self.loss[:, -1]) & ~(self.diverged_at > 0).all(axis=1)
        texts = ["  (ends above its start)", "  (the last loss is not finite)"]
        remarks = np.select([above, lost], texts, "").tolist()
        if np.isfinite(self.best):
            remarks[self.best_index] += "  <- best"
        return [*cells, ["status", *map("".join, zip(self.status, remarks, strict=True))]]

    def __str__(self) -> str:
        """Return the table."""
        return self.table()

    def __repr__(self) -> str:
        """Return a one-line summary."""
        n_rates, seeds, epochs = self.losses.shape
        of_seeds = f" x {seeds} seeds" if seeds > 1 else ""
        best = f", best {self.best:g}" if np.isfinite(self.best) else ", all diverged"
        return f"<SweepResult: {n_rates} rates{of_seeds}, {epochs - 1} epochs{best}>"

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        header, *rows = zip(*self._columns({}), strict=True)
        return html_table(header, rows, repr(self)[1:-1])

    def plot(self, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw the losses and, with a path, save the picture; see `plot_learning_rates`."""
        from mlp.plotting import plot_learning_rates
        from mlp.plotting.save import draw

        return draw(lambda: plot_learning_rates(self, **options), path)


def _without_nan(values: NDArray[np.float64]) -> Any:
    if values.ndim > 1:
        return [_without_nan(part) for part in values]
    return [x if math.isfinite(x) else None for x in values.tolist()]
