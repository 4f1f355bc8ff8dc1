"""A callback that writes the history to a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mlp._atomic import write_file
from mlp.training.callbacks.base import Callback
from mlp.training.history import History


class CSVLogger(Callback):
    """Writes the history to a CSV file, one row after each epoch.

    The file holds the whole history of the trainer, including earlier calls of `fit`; its old
    content is replaced when the run starts. Numbers are written with all digits. For K replicas
    there are columns ``name/k``.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.

    Examples
    --------
    >>> import mlp, tempfile
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[1.0]])], loss="mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     logger = mlp.CSVLogger(f"{folder}/history.csv")
    ...     _ = mlp.Trainer(net, mlp.SGD(0.25), callbacks=[logger]).fit([[1.0]], [[0.0]], epochs=2)
    ...     header, *rows = logger.path.read_text().splitlines()
    >>> header
    'epoch,loss,lr,grad_norm,seconds'
    >>> [row.split(",")[:2] for row in rows]
    [['1', '1.0'], ['2', '0.0']]
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._sizes: dict[str, int] = {}

    def on_start(self, trainer: Any) -> None:
        """Write the epochs so far; OSError if the file cannot be written."""
        history = trainer.history
        self._sizes = {name: max(map(np.size, history[name])) for name in history}
        self._write_all(history)

    def on_epoch_end(self, trainer: Any) -> None:
        """Append the row of the epoch; with a new column, write the file again."""
        history, known = trainer.history, self._sizes
        self._sizes = {n: max(known.get(n, 1), np.size(history[n][-1])) for n in history}
        if self._sizes == known:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                file.write(self._row(history, history.epochs[-1]))
        else:
            self._write_all(history)

    def _write_all(self, history: History) -> None:
        header = ["epoch"]
        for name, size in self._sizes.items():
            header += [name] if size == 1 else [f"{name}/{k}" for k in range(size)]
        rows = [self._row(history, epoch) for epoch in history.epochs]
        write_file(self.path, "".join([",".join(header) + "\n", *rows]).encode())

    def _row(self, history: History, epoch: int) -> str:
        cells = [str(epoch)]
        for name, size in self._sizes.items():
            numbers = np.broadcast_to(np.asarray(history[name][epoch - 1], np.float64), size)
            cells += map(repr, numbers.tolist())
        return ",".join(cells) + "\n"
