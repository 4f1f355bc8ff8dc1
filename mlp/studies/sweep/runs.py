"""The result of a sweep: the numbers of each run and epoch, and the trained networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_choice, check_count, require, require_keys
from mlp._types import Array
from mlp.core import MLP, Dropout
from mlp.studies.sweep.columns import (
    Columns,
    label,
    parameter_columns,
    to_csv_text,
    to_html,
    to_library,
    to_text,
)
from mlp.studies.sweep.pruning import median_of_seeds
from mlp.training import History
from mlp.training.history import read_json, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMAT, _VERSION = "mlp-sweep-runs", 1
_ROWS_SHOWN = 20


class Best(NamedTuple):
    """The best set of parameters.

    Attributes
    ----------
    parameters : dict
        Its parameters.
    value : float
        The value by which it was chosen.
    run : int
        The number of its run, the best one of several seeds.
    reason : str
        How it was chosen.
    """

    parameters: dict[str, Any]
    value: float
    run: int
    reason: str


class Trained(NamedTuple):
    """The network of a run: its structure, its weights, and its rate of dropout."""

    net: MLP
    numbers: Array
    dropout: float | None


@dataclass(frozen=True, eq=False, repr=False)
class SweepRuns:
    """The runs of a sweep. Run ``i * seeds + s`` has parameter set i and initialisation s.

    Attributes
    ----------
    parameters : list of dict
        The sets of parameters.
    seeds : int
        The number of initialisations of each.
    columns : dict of str to ndarray (n_runs, epochs)
        The quantities of `History` by epoch, NaN after the end of a run.
    status : list of str
        For each run "completed", "stopped" (by a callback), "pruned", "diverged" or "failed".
    epochs, diverged_at, kept_epoch : ndarray of int (n_runs,)
        The number of completed epochs, the epoch of divergence (0: none), and the epoch whose
        weights the network has: with `EarlyStopping` the best, otherwise the last.
    modes : dict of str to str
        For the quantities that can be compared, whether "min" or "max" is better.
    errors : dict of int to str
        The error of each run that failed.
    networks : sequence of Trained or None
        The networks, if the result is not from a file.
    """

    parameters: list[dict[str, Any]]
    seeds: int
    columns: dict[str, NDArray[np.float64]]
    status: list[str]
    epochs: NDArray[np.int64]
    diverged_at: NDArray[np.int64]
    kept_epoch: NDArray[np.int64]
    modes: dict[str, str]
    errors: dict[int, str] = field(default_factory=dict)
    networks: Sequence[Trained] | None = None

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.status)

    @property
    def quantity(self) -> str:
        """The quantity that compares runs by default: the loss, on validation data if any."""
        return "val_loss" if "val_loss" in self.modes else "loss"

    def values(self, name: str | None = None, at: str = "end") -> NDArray[np.float64]:
        """Return a quantity of each run, ``(n_runs,)``: at its end, or in its best epoch.

        Parameters
        ----------
        name : str, optional
            A recorded quantity; by default `quantity`.
        at : {"end", "best"}
            "end": with the weights of its network; "best": the best of all epochs.

        Raises
        ------
        ValueError, TypeError
            If there is no such quantity, or it is not known what is better.
        """
        check_choice("at", at, ("end", "best"))
        name = self.quantity if name is None else name
        check_choice("name", name, tuple(self.columns if at == "end" else self.modes))
        column = self.columns[name]
        if at == "end":
            last = np.maximum(self.kept_epoch - 1, 0)[:, None]
            ends = np.take_along_axis(column, last, axis=1)[:, 0]
            return np.where(self.kept_epoch > 0, ends, np.nan)
        sign = self._sign(name)
        scores = np.where(np.isfinite(column), sign * column, np.inf)
        best: NDArray[np.float64] = sign * scores.min(axis=1, initial=np.inf)
        return best

    def best_epoch(self, name: str | None = None) -> NDArray[np.int64]:
        """Return the epoch of each run in which a quantity was best, 0 if in none."""
        name = self.quantity if name is None else name
        check_choice("name", name, tuple(self.modes))
        scores = self._sign(name) * self.columns[name]
        scores = np.where(np.isfinite(scores), scores, np.inf)
        return np.where(np.isfinite(scores).any(axis=1), scores.argmin(axis=1) + 1, 0)

    def _sign(self, name: str) -> float:
        return 1.0 if self.modes[name] == "min" else -1.0

    def scores(self, name: str | None = None, at: str = "end") -> NDArray[np.float64]:
        """Return the median of a quantity over the seeds, ``(n_sets,)``; lower is better.

        The sign is changed where higher is better. A run that diverged, failed or was pruned
        counts as infinite.
        """
        name = self.quantity if name is None else name
        check_choice("name", name, tuple(self.modes))
        return median_of_seeds(self._run_scores(name, at).reshape(-1, self.seeds))

    def _run_scores(self, name: str, at: str) -> NDArray[np.float64]:
        scores = self._sign(name) * self.values(name, at)
        fine = np.array([word in ("completed", "stopped") for word in self.status])
        return np.where(np.isfinite(scores) & fine, scores, np.inf)

    @property
    def best(self) -> Best:
        """The best set of parameters by the loss, on validation data if any; see `best_by`."""
        return self.best_by(self.quantity)

    def best_by(self, name: str, at: str = "end") -> Best:
        """Return the best set of parameters by the median of a quantity over the seeds.

        Parameters
        ----------
        name, at
            As in `values`.

        Raises
        ------
        ValueError, TypeError
            If there is no such quantity, it is not known what is better, or no run ended well.
        """
        scores = self.scores(name, at)
        if not np.isfinite(scores).any():
            raise ValueError(f"{name}: received no run that ended well, expected at least one")
        i = int(scores.argmin())
        of_seeds = self._run_scores(name, at)[i * self.seeds : (i + 1) * self.seeds]
        value = self._sign(name) * float(scores[i])
        word = {"min": "lowest", "max": "highest"}[self.modes[name]]
        over = f", the median over {self.seeds} seeds" if self.seeds > 1 else ""
        where = "at the end" if at == "end" else "in the best epoch"
        reason = f"{word} {name} {where}, {value:.6g}{over}, of {len(scores)} sets of parameters"
        return Best(self.parameters[i], value, i * self.seeds + int(of_seeds.argmin()), reason)

    def _check_run(self, k: int) -> int:
        if not 0 <= check_count("k", k, 0) < len(self):
            raise ValueError(f"k: received {k}, expected 0 to {len(self) - 1}")
        return int(k)

    def network(self, k: int) -> MLP:
        """Return the trained network of run k.

        Raises
        ------
        ValueError, TypeError
            If there is no such run, or the result was read from a file, which holds no networks.
        """
        k = self._check_run(k)
        if self.networks is None:
            raise ValueError("network: received a result from a file, which holds no networks")
        net, numbers, dropout = self.networks[k]
        net = net.copy()
        net._numbers = numbers
        for layer in net.layers:
            if isinstance(layer, Dropout) and dropout is not None:
                layer.rate = dropout
        return net

    def history(self, k: int) -> History:
        """Return the history of run k, like that of a `Trainer` with its parameters.

        Only "seconds" differs: the time of all runs that trained together, divided among them.
        """
        k = self._check_run(k)
        history = History()
        for name, column in self.columns.items():
            history[name] = column[k, : self.epochs[k]].tolist()
        history.status = self.status[k] if self.status[k] in ("diverged", "failed") else "completed"
        return history

    def to_columns(self, per: str = "epoch") -> Columns:
        """Return the runs as lists by name, tidy: a row for each run and epoch, or for each run.

        Parameters
        ----------
        per : {"epoch", "run"}
            A row for each epoch holds the run, its parameters, "start" (which initialisation),
            the epoch and the quantities; one for each run its status, epochs, and the quantities
            with the weights of its network. The rate of an epoch is "lr_of_epoch".
        """
        check_choice("per", per, ("epoch", "run"))
        runs = np.arange(len(self))
        if per == "epoch":
            runs = np.repeat(runs, self.epochs)
        columns: Columns = {"run": runs.tolist()}
        columns |= parameter_columns(self.parameters, runs // self.seeds)
        columns["start"] = (runs % self.seeds).tolist()
        if per == "epoch":
            parts = [np.arange(1, n + 1) for n in self.epochs.tolist()]
            columns["epoch"] = np.concatenate([np.empty(0, np.int64), *parts]).tolist()
            valid = np.arange(self._n_epochs) < self.epochs[:, None]
            return columns | {_column(name): c[valid].tolist() for name, c in self.columns.items()}
        columns["status"] = list(self.status)
        columns["epochs"] = self.epochs.tolist()
        columns["kept_epoch"] = self.kept_epoch.tolist()
        return columns | {_column(name): self.values(name).tolist() for name in self.columns}

    @property
    def _n_epochs(self) -> int:
        return next((column.shape[1] for column in self.columns.values()), 0)

    def to_frame(self, per: str = "epoch", library: str | None = None) -> Any:
        """Return `to_columns` as a frame of pandas or polars, else as a dict.

        Parameters
        ----------
        per : {"epoch", "run"}
            What a row is.
        library : {None, "pandas", "polars", "dict"}
            None: the first that is installed.

        Raises
        ------
        ValueError
            If an argument is anything else.
        ImportError
            If the library is named and not installed.
        """
        return to_library(self.to_columns(per), library)

    def to_csv(self, path: str | Path, per: str = "epoch") -> None:
        """Write `to_columns` with every digit; what is not finite is left empty.

        OSError if the file cannot be written.
        """
        write_file(path, to_csv_text(self.to_columns(per)).encode())

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the result as JSON, without networks, and write it to `path` if given.

        Numbers keep every digit. Parameters that JSON cannot hold, such as schedules, become text.
        """
        data = {
            "format": _FORMAT,
            "version": _VERSION,
            "parameters": [{k: _plain(v) for k, v in run.items()} for run in self.parameters],
            "seeds": self.seeds,
            "status": self.status,
            "epochs": self.epochs.tolist(),
            "diverged_at": self.diverged_at.tolist(),
            "kept_epoch": self.kept_epoch.tolist(),
            "modes": self.modes,
            "errors": {str(run): error for run, error in self.errors.items()},
            "columns": {name: _encoded(c) for name, c in self.columns.items()},
        }
        return write_json(data, path)

    @classmethod
    def from_json(cls, source: str | Path) -> SweepRuns:
        """Read the JSON of `to_json`, from a path or from the text itself.

        Raises
        ------
        ValueError, TypeError
            If it is neither the JSON of a sweep nor a path.
        OSError
            If the file cannot be read.
        """
        data = read_json("runs", source, "a SweepRuns", _FORMAT, _VERSION)
        names = [field.name for field in fields(cls) if field.name != "networks"]
        try:
            content = {k: v for k, v in data.items() if k not in ("format", "version")}
            return cls._checked(*require_keys("runs", content, *names))
        except (KeyError, OverflowError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"runs: received JSON not from a SweepRuns ({error!r})") from None

    @classmethod
    def _checked(
        cls,
        parameters: Any,
        seeds: Any,
        columns: Any,
        status: Any,
        epochs: Any,
        diverged_at: Any,
        kept_epoch: Any,
        modes: Any,
        errors: Any,
    ) -> SweepRuns:
        n_runs = len(require("parameters", parameters, list)) * check_count("seeds", seeds)
        sets = [
            {
                k: tuple(v) if isinstance(v, list) else v
                for k, v in require("run", run, dict).items()
            }
            for run in parameters
        ]
        counts = [
            np.array([check_count("epoch", x, 0) for x in values], np.int64)
            for values in (epochs, diverged_at, kept_epoch)
        ]
        arrays = {name: np.array(rows, np.float64) for name, rows in columns.items()}
        words = [require("status", word, str) for word in status]
        lengths = {n_runs, len(words), *map(len, counts), *map(len, arrays.values())}
        widths = {array.shape[1:] for array in arrays.values()}
        if len(lengths) > 1 or len(widths) > 1 or not set(modes) <= set(arrays):
            raise ValueError(f"{sorted(lengths)} runs, and epochs {sorted(widths)}")
        if any(set(modes.values()) - {"min", "max"}):
            raise ValueError(f"modes {modes}")
        ended, diverged, kept = counts
        reasons = {int(run): require("error", text, str) for run, text in errors.items()}
        return cls(sets, seeds, arrays, words, ended, diverged, kept, modes, reasons)

    def plot(self, *parameters: str, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw one or two parameters, or all curves, and save the picture; see `plot_sweep`."""
        from mlp.plotting import plot_sweep
        from mlp.plotting.save import draw

        return draw(lambda: plot_sweep(self, *parameters, **options), path)

    def _ranking(self) -> Columns:
        """Return the sets of parameters, the best first, with the median of what was compared."""
        scores = self.scores()
        order = np.argsort(scores, kind="stable")[:_ROWS_SHOWN]
        columns = parameter_columns(self.parameters, order)
        columns[self.quantity] = (self._sign(self.quantity) * scores[order]).tolist()
        for name in self.modes:
            if name != self.quantity:
                columns[name] = (self._sign(name) * self.scores(name)[order]).tolist()
        words = np.array(self.status).reshape(-1, self.seeds)
        columns["status"] = [", ".join(dict.fromkeys(words[i].tolist())) for i in order]
        return columns

    def __str__(self) -> str:
        """Return a table of the best sets of parameters, medians over the seeds."""
        rest = len(self.parameters) - _ROWS_SHOWN
        more = f"\n... and {rest} more" if rest > 0 else ""
        return to_text(self._ranking()) + more

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return to_html(self._ranking(), repr(self).strip("<>"))

    def __repr__(self) -> str:
        """Return a one-line summary."""
        seeds = f" x {self.seeds} seeds" if self.seeds > 1 else ""
        best = ""
        if np.isfinite(self.scores()).any():
            found = self.best
            values = ", ".join(f"{k}={label(v)}" for k, v in found.parameters.items())
            best = f", best {self.quantity} {found.value:.6g} with {values}"
        return f"<SweepRuns: {len(self.parameters)} sets{seeds}, {self._n_epochs} epochs{best}>"


def _column(name: str) -> str:
    """Return the column of a quantity; that of its name may be a parameter's."""
    return "lr_of_epoch" if name == "lr" else name


def _plain(value: Any) -> Any:
    """Return a parameter as JSON can hold it."""
    return list(value) if isinstance(value, tuple | list) else label(value)


def _encoded(column: NDArray[np.float64]) -> list[list[Any]]:
    return [[x if math.isfinite(x) else repr(x) for x in row] for row in column.tolist()]
