"""The history of a run: the numbers of each epoch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_count, check_path, require, require_keys
from mlp._html import html_table
from mlp._names import shortened
from mlp._replicas import kept_replicas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMAT, _VERSION = "mlp-history", 1
_ENDS = 5  # epochs at the beginning and at the end of a table
_STATUSES = ("running", "completed", "interrupted", "diverged", "failed")


class History(dict[str, list[Any]]):
    """A dict of quantities with lists of one entry per epoch; ``pd.DataFrame(history)`` is a frame.

    ``history["loss"]`` is the mean training loss of the epoch's batches, each taken before its
    update, including penalties; ``"val_loss"`` the loss on the validation data after the epoch,
    without penalties; ``"val_accuracy"`` and so on are the metrics (``"accuracy"`` without
    validation data); ``"lr"`` is the rate of the last update; ``"grad_norm"`` the mean norm of
    the gradient before clipping; ``"seconds"`` the duration. For K replicas each entry is an
    array ``(K,)``, NaN once the replica has diverged.

    Attributes
    ----------
    status : str
        "running", "completed" (also if a callback stopped the run), "interrupted" (Ctrl-C),
        "diverged", or "failed" (an exception, for example in a callback). Divergence is looked for
        before each update: a loss that overflows after the last one leaves it "completed".
    diverged_at : list of int
        For replicas: the epoch in which each one diverged, 0 if it did not.
    is_weighted : bool
        Whether rows or classes have weights, which count in ``"loss"`` and not in ``"val_loss"``.

    Examples
    --------
    >>> history = History()
    >>> history.append(loss=0.5, lr=0.1)
    >>> history["loss"], len(history.epochs)
    ([0.5], 1)
    >>> History.from_json(history.to_json()) == history
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.status = "running"
        self.diverged_at: list[int] = []
        self.is_weighted = False

    def append(self, **values: Any) -> None:
        """Add an epoch; a new quantity is NaN in the epochs before."""
        n_before = len(self.epochs)
        for name in dict.fromkeys([*self, *values]):
            column = self.setdefault(name, [])
            value = values[name] if name in values else _nan_like(column[-1])
            column += [_nan_like(value) for _ in range(n_before - len(column))]
            column.append(value.copy() if isinstance(value, np.ndarray) else float(value))

    @property
    def epochs(self) -> range:
        """The numbers of the epochs, from 1."""
        return range(1, 1 + max(map(len, self.values()), default=0))

    def __getitem__(self, name: str) -> list[Any]:
        """Return the list of a quantity; the KeyError for an unknown one lists the known names."""
        if name not in self:
            raise KeyError(f"{name!r}, expected one of {', '.join(self) or 'none yet'}")
        return super().__getitem__(name)

    def __eq__(self, other: object) -> bool:
        """Whether two histories hold the same data; NaN equals NaN."""
        return isinstance(other, History) and self.to_json() == other.to_json()

    def __ne__(self, other: object) -> bool:
        """Whether two histories differ."""
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        """Return a one-line summary of the run."""
        text = ""
        if self.get("loss"):
            last = self["loss"][-1]
            text = f", last loss {_shown(last) if isinstance(last, np.ndarray) else last}"
        return f"<History: {len(self.epochs)} epochs, {self.status}{text}>"

    def _repr_html_(self) -> str:
        """Return a table of the epochs for a notebook; of many, the first and the last ones."""
        n = len(self.epochs)
        rows = []
        for epoch in self.epochs:
            if n <= 2 * _ENDS or epoch <= _ENDS or epoch > n - _ENDS:
                rows.append([str(epoch), *(_shown(column[epoch - 1]) for column in self.values())])
            elif epoch == _ENDS + 1:
                rows.append([f"… {n - 2 * _ENDS} more", *("" for _ in self)])
        return html_table(["epoch", *self], rows, repr(self)[1:-1])

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the history as JSON, and write it to `path` if given.

        Numbers keep every digit; NaN and the infinities are written as strings. OSError if the
        file cannot be written.
        """
        data = {
            "format": _FORMAT,
            "version": _VERSION,
            "status": self.status,
            "diverged_at": self.diverged_at,
            **({"is_weighted": True} if self.is_weighted else {}),
            "columns": {name: _encode(self[name]) for name in sorted(self)},
        }
        return write_json(data, path, indent=1)

    @classmethod
    def from_json(cls, source: str | Path) -> History:
        """Read the JSON of `to_json`, from a path or from the text itself.

        Raises
        ------
        ValueError, TypeError
            If it is not the JSON of a history, or no path.
        OSError
            If the file cannot be read.
        """
        data = read_json("history", source, "a History", _FORMAT, _VERSION)
        history = cls()
        try:
            history.status = require("status", data["status"], str)
            epochs = require("diverged_at", data["diverged_at"], list)
            history.diverged_at = [check_count("diverged_at", epoch, 0) for epoch in epochs]
            history.is_weighted = require("is_weighted", data.get("is_weighted", False), bool)
            columns = require("columns", data["columns"], dict)
            for name, column in columns.items():
                history[name] = list(map(_decode, require(name, column, list)))
            lengths = {name: len(column) for name, column in history.items()}
            if len(set(lengths.values())) > 1:
                raise ValueError(f"lists of different lengths: {lengths}")
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(
                f"history: received JSON that is not a History's ({error!r})"
            ) from None
        return history

    def to_tree(self) -> dict[str, Any]:
        """Return the history as a tree of settings and arrays, which a file stores exactly."""
        columns = [{"name": name} | _stack(column) for name, column in self.items()]
        diverged_at = np.array(self.diverged_at, np.int64)
        return {"status": self.status, "diverged_at": diverged_at, "columns": columns}

    @classmethod
    def from_tree(cls, tree: Any) -> History:
        """Return the history in a tree from `to_tree`; TypeError or ValueError for another tree."""
        status, diverged_at, columns = require_keys(
            "history", tree, "status", "diverged_at", "columns"
        )
        history = cls()
        history.status = require("status", status, str)
        if status not in _STATUSES:
            raise ValueError(f"status: received {status!r:.80}, expected {', '.join(_STATUSES)}")
        history.diverged_at = _epochs_of(require("diverged_at", diverged_at, np.ndarray))
        for column in require("columns", columns, list):
            name, single, values = require_keys("column", column, "name", "single", "values")
            if require("name", name, str) in history:
                raise ValueError(f"history: received the column {name!r:.80} twice")
            history[name] = _unstack(name, single, values)
        if len({len(column) for column in history.values()}) > 1:
            raise ValueError("history: received columns of different lengths")
        return history

    def replace_by(self, other: History) -> None:
        """Become equal to another history."""
        if not isinstance(other, History):
            raise TypeError(f"other: received {shortened(other)}, expected a History")
        self.status, self.diverged_at = other.status, other.diverged_at
        self.is_weighted = other.is_weighted
        columns = dict(other)
        self.clear()
        self.update(columns)

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Be the history of only these replicas."""
        for name, column in self.items():
            self[name] = [kept_replicas(value, rows) for value in column]
        self.diverged_at = [self.diverged_at[k] for k in rows] if self.diverged_at else []

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the losses; see `mlp.plotting.plot_history`."""
        from mlp.plotting import plot_history

        return plot_history(self, ax, **options)


def _shown(value: Any) -> str:
    """Return a number in six digits; of replicas, the lowest and the highest."""
    if not isinstance(value, np.ndarray):
        return f"{value:.6g}"
    known = value[~np.isnan(value)]
    return f"{known.min():.6g} to {known.max():.6g}" if known.size else "nan"


def write_json(data: Any, path: str | Path | None, indent: int | None = None) -> str:
    """Return data as JSON, and write it to `path` if given."""
    text = json.dumps(data, allow_nan=False, indent=indent)
    if path is not None:
        write_file(path, f"{text}\n".encode())
    return text


def read_json(name: str, source: str | Path, of: str, kind: str, version: int) -> dict[str, Any]:
    """Return the JSON object of a format in a file, or in the text itself.

    Raises
    ------
    ValueError, TypeError
        If it is anything else, or no path.
    OSError
        If the file cannot be read.
    """
    is_text = isinstance(source, str) and source.lstrip().startswith("{")
    text = str(source) if is_text else Path(check_path("source", source)).read_text("utf-8")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{name}: received {text[:40]!r} ({error}), expected the JSON of {of}"
        ) from None
    if not isinstance(data, dict) or data.get("format") != kind:
        raise ValueError(f"{name}: received {text[:40]!r}, expected the JSON of {of}")
    if data.get("version") != version:
        found = shortened(data.get("version"))
        raise ValueError(f"{name}: received version {found}, expected {version}")
    return data


def _nan_like(value: Any) -> Any:
    """Return NaN, or an array of NaN for an array of replicas."""
    return np.full(value.shape, math.nan) if isinstance(value, np.ndarray) else math.nan


def _stack(column: list[Any]) -> dict[str, NDArray[Any]]:
    """Return the entries as one array, and which of them are a single number for all replicas."""
    single = np.array([np.ndim(entry) == 0 for entry in column], np.bool_)
    shape = max(map(np.shape, column), key=len, default=())
    return {"single": single, "values": np.array([np.broadcast_to(x, shape) for x in column])}


def _epochs_of(array: NDArray[Any]) -> list[int]:
    """Return the list that is saved as this array."""
    if array.dtype != np.int64 or array.ndim != 1 or (array.size and array.min() < 0):
        raise ValueError(f"diverged_at: received {array!r:.80}, expected epochs, a list of int64")
    epochs: list[int] = array.tolist()
    return epochs


def _unstack(name: str, single: Any, values: Any) -> list[Any]:
    require(name, single, np.ndarray)
    require(name, values, np.ndarray)
    if single.dtype != np.bool_ or values.dtype.kind != "f" or values.ndim not in (1, 2):
        raise ValueError(f"{name}: received {values.dtype} of shape {values.shape}")
    if single.shape != values.shape[:1] or (values.ndim == 1 and not single.all()):
        raise ValueError(f"{name}: received {single.shape} marks for {values.shape} numbers")
    rows = values[:, None] if values.ndim == 1 else values
    if rows[single].tobytes() != np.broadcast_to(rows[:, :1], rows.shape)[single].tobytes():
        raise ValueError(f"{name}: received several numbers where there is one for all replicas")
    pairs = zip(single, rows, strict=True)
    return [float(row[0]) if is_one else row.copy() for is_one, row in pairs]


def _encode(value: Any) -> Any:
    if isinstance(value, list | np.ndarray):
        return [_encode(item) for item in value]
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def _decode(value: Any) -> Any:
    return np.array([float(v) for v in value]) if isinstance(value, list) else float(value)
