"""A session of the playground: a network in training, and what the page asks about it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_sequence
from mlp.core import MLP, Dense
from mlp.files import read_model
from mlp.playground.reading import as_file, describe_example, describe_unit, describe_weight
from mlp.playground.settings import Settings
from mlp.playground.task import make_network, make_step, make_task, make_trainer, script
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.examples import LearningRateChart
from mlp.studies.rates import learning_rate_sweep
from mlp.training import Accuracy, Callback, Trainer, TrainingDiverged
from mlp.training.loop import train

_FOREVER = 2**62
_MOST_RATES, _MOST_SWEPT = 24, 2_000
_FRAME = 0.05  # seconds between two reports of a sweep

Report = Callable[[dict[str, Any]], object]


class Pause(Callback):
    """Ends the training after a number of batches or a time, between two batches."""

    def __init__(self) -> None:
        self.left, self.until = 0, math.inf

    def on_batch_end(self, trainer: Trainer) -> None:
        """Ask the loop to end as Ctrl-C does."""
        self.left -= 1
        if self.left <= 0 or time.perf_counter() >= self.until:
            trainer._run.interrupt.requested = True  # type: ignore[union-attr]


class Session:
    """A network in training.

    Parameters
    ----------
    settings : Settings
    start : MLP, optional
        The network that training starts from, by default that of the settings.

    Raises
    ------
    ValueError, TypeError
        If the settings do not go together, or `start` does not fit the data.
    """

    def __init__(self, settings: Settings, start: MLP | None = None) -> None:
        self.settings, self.start = settings, start
        self.task = make_task(settings)
        self.restart()

    def restart(self) -> None:
        """Go back to the first weights."""
        task = self.task
        net = make_network(self.settings, task)
        if self.start is not None:
            if (self.start.n_in, self.start.n_out) != (net.n_in, net.n_out):
                raise ValueError(
                    f"model: received {self.start.n_in} inputs and {self.start.n_out} outputs, "
                    f"expected {net.n_in} and {net.n_out} for this data"
                )
            net = self.start.copy()
        self.net = net
        self.trainer = make_trainer(self.settings, net)
        self._pause = Pause()
        self.trainer.callbacks.append(self._pause)
        held_out = None if task.held_out is None else task.held_out[:2]
        run = self.trainer._prepare(task.X, task.Y, held_out, None, None)
        run.begin()
        run.state.last_epoch = _FOREVER
        self._run = run
        self.diverged = ""

    def advance(self, batches: int, seconds: float = math.inf) -> None:
        """Train for a number of batches, or for fewer if the time is up.

        The batches are those of `Trainer.fit`: they give the same weights, bit for bit. If the
        training diverges, `diverged` says how, and the last good weights stay.
        """
        if self.diverged:
            return
        self._pause.left = check_count("batches", batches)
        self._pause.until = time.perf_counter() + seconds
        self._run.interrupt.requested = False
        with self.trainer._alone("advance"):
            self.trainer._run = self._run
            try:
                train(self._run)
            except TrainingDiverged as error:
                self.diverged = str(error)
            finally:
                self.trainer._run = None

    @property
    def place(self) -> tuple[int, int]:
        """The number of complete epochs, and of batches in the epoch after them."""
        return self._run.state.place

    def snapshot(self, since: int) -> dict[str, Any]:
        """Return where the training is, the weights, and the losses of all epochs after `since`."""
        net, task = self.net, self.task
        outputs = net.predict(task.X)
        epochs, batch = self.place
        history = self.trainer.history
        return {
            "epoch": epochs,
            "batch": batch,
            "batches": len(self._run.data),
            "loss": float(net.evaluate(task.X, task.Y, penalty=self.trainer.penalty)),
            "accuracy": self._accuracy(task.y, outputs) if task.classes else None,
            "held_out": self._held_out(),
            "losses": history.get("loss", [])[since:],
            "val_losses": history.get("val_loss", [])[since:],
            "layers": [_plain_layer(layer) for layer in self.dense_layers],
            "diverged": self.diverged,
        }

    @property
    def dense_layers(self) -> list[Dense]:
        """The layers with weights."""
        return [layer for layer in self.net.layers if isinstance(layer, Dense)]

    def _accuracy(self, y: NDArray[Any], outputs: NDArray[Any]) -> float:
        return float(Accuracy()(y if outputs.shape[1] > 1 else y[:, np.newaxis], outputs))

    def _held_out(self) -> dict[str, Any] | None:
        if self.task.held_out is None:
            return None
        X, Y, y = self.task.held_out
        loss = float(self.net.evaluate(X, Y))
        accuracy = self._accuracy(y, self.net.predict(X)) if self.task.classes else None
        return {"loss": loss, "accuracy": accuracy}

    def data(self) -> dict[str, Any]:
        """Return the rows that the page draws."""
        task = self.task
        X, y = [task.X], [task.y]
        if task.held_out is not None:
            X.append(task.held_out[0])
            y.append(task.held_out[2])
        return {
            "X": np.concatenate(X).ravel(),
            "y": np.concatenate(y).astype(np.float64),
            "n_in": task.X.shape[1],
            "n_train": len(task.X),
            "classes": list(task.classes),
            "columns": list(task.columns),
        }

    def surface(self, low: list[float], high: list[float], size: int) -> dict[str, Any]:
        """Return the outputs on a grid over the box from `low` to `high`.

        For one input they are the outputs at `size` places; for two at ``size * size``, row by row
        from the top.
        """
        size = check_count("size", size, 2)
        axes = [np.linspace(a, b, size) for a, b in zip(low, high, strict=True)]
        if len(axes) == 2:
            x, y = np.meshgrid(axes[0], axes[1][::-1])
            grid = np.stack([x.ravel(), y.ravel()], axis=1)  # (size * size, 2)
        else:
            grid = axes[0][:, np.newaxis]
        outputs = self.net.predict(grid)
        return {"outputs": outputs.ravel(), "n_out": outputs.shape[1]}

    def row(self, row: int) -> dict[str, Any]:
        """Return the inputs, the outputs and the targets of a row that is trained on."""
        x, target = self._sample(row)
        outputs = self.net.predict(x[np.newaxis]).ravel()
        if target.shape != outputs.shape:
            target = np.eye(len(outputs))[target[0]]
        return {"x": x, "outputs": outputs, "targets": target.astype(np.float64)}

    def explain(self, row: int, layer: int, i: int, j: int) -> dict[str, Any]:
        """Return each factor of the gradient of ``W[i, j]`` on a row, now and after a step.

        The step is one of gradient descent on this row alone, with the rate of the settings.
        There is no second answer if the rate is so high that the weights are then not finite.
        """
        names = None if self.task.example is None else self.task.example.weight_names
        what = (self.net, *self._sample(row), self.settings.lr)
        steps: tuple[Trace, ...]
        try:
            steps = trace(*what, names=names, steps=2)
        except ValueError:  # after the step the weights may not be finite
            steps = (trace(*what, names=names),)
        return {"steps": [describe_weight(step, layer, i, j) for step in steps]}

    def unit(self, row: int, layer: int, j: int) -> dict[str, Any]:
        """Return the formula of a unit and its numbers on a row."""
        names = None if self.task.example is None else self.task.example.weight_names
        step = trace(self.net, *self._sample(row), self.settings.lr, names=names)
        return describe_unit(step, layer, j)

    def _sample(self, row: int) -> tuple[NDArray[Any], NDArray[Any]]:
        if check_count("row", row, 0) >= len(self.task.X):
            raise ValueError(f"row: received {row}, expected 0 to {len(self.task.X) - 1}")
        Y = self.task.Y
        return self.task.X[row], Y[row] if Y.ndim == 2 else Y[row : row + 1]

    def sweep(self, rates: list[float], epochs: int, report: Report) -> dict[str, Any]:
        """Train with each of the rates at once, from the first weights, and report on the way."""
        rates = list(check_sequence("rates", rates, "learning rates"))
        if len(rates) > _MOST_RATES or check_count("epochs", epochs) > _MOST_SWEPT:
            raise ValueError(
                f"rates: received {len(rates)} rates for {epochs:,} epochs, "
                f"expected at most {_MOST_RATES} for {_MOST_SWEPT:,} in the page"
            )
        settings, task = self.settings, self.task
        net = make_network(settings, task) if self.start is None else self.start
        result = learning_rate_sweep(
            net,
            task.X,
            task.Y,
            rates,
            epochs,
            settings.batch_size or None,
            make_step(settings),
            seed=settings.seed,
            l1=settings.l1,
            l2=settings.l2,
            callbacks=[SweepReport(report)],
        )
        return result.to_dict()

    def wrong_curves(self) -> dict[str, Any]:
        """Return the published curves of the worked example that are not training runs."""
        example = self.task.example
        if not isinstance(example, LearningRateChart):
            return {"curves": [], "note": ""}
        curves = [{"rate": rate, "losses": c.tolist()} for rate, c in example.wrong_series.items()]
        return {"curves": curves, "note": example.published_note}

    def describe(self) -> dict[str, Any]:
        """Return what does not change while the network trains."""
        return {
            "settings": self.settings.to_dict(),
            "data": self.data(),
            "example": None if self.task.example is None else describe_example(self.task.example),
            "n_parameters": int(self.net.theta.size),
            "is_loaded": self.start is not None,
            "is_traceable": all(type(layer) is Dense for layer in self.net.layers),
        }

    def script(self) -> str:
        """Return the script that trains this network up to the last complete epoch."""
        return script(self.settings, self.place[0], "model.npz" if self.start else "")

    def save(self) -> bytes:
        """Return the network as the content of a file, with the settings."""
        with as_file("model.npz") as path:
            self.net.save(path, metadata={"playground": json.dumps(self.settings.to_dict())})
            return path.read_bytes()


class SweepReport(Callback):
    """Reports the losses of a sweep while it trains, every few hundredths of a second."""

    def __init__(self, report: Report) -> None:
        self.report, self.last = report, 0.0

    def __deepcopy__(self, memo: object) -> SweepReport:
        """Stay the same object: the function may be one of the browser."""
        return self

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Report the losses of this epoch."""
        if time.perf_counter() - self.last >= _FRAME:
            losses = np.atleast_1d(trainer.training_loss()).tolist()
            finite = [loss if math.isfinite(loss) else None for loss in losses]
            self.report({"epoch": trainer.epoch, "losses": finite})
            self.last = time.perf_counter()


def load_session(content: bytes, current: Settings) -> Session:
    """Return the session of a model file.

    A file from the playground brings its settings; any other network of dense layers is used on
    the current data.

    Raises
    ------
    FileFormatError, ValueError, TypeError
        If the file is corrupted, or the network is none that the page can show.
    """
    with as_file("model.npz", content) as path:
        net, metadata = read_model(path)
    if not isinstance(net, MLP):
        raise ValueError(f"model: received {net!r}, expected one network of Dense layers")
    if "playground" in metadata:
        return Session(Settings.from_dict(json.loads(metadata["playground"])), net)
    if net.replicas is not None or not all(type(layer) is Dense for layer in net.layers):
        raise ValueError(f"model: received {net!r}, expected one network of Dense layers")
    *hidden, last = (layer for layer in net.layers if isinstance(layer, Dense))
    plain = current.to_dict() | {
        "example": "",
        "hidden": [[layer.n_out, layer.activation.name] for layer in hidden],
        "output": last.activation.name,
        "loss": net.loss.name,
    }
    return Session(Settings.from_dict(plain), net)


def _plain_layer(layer: Dense) -> dict[str, Any]:
    bias = None if layer.bias is None else layer.b.astype(np.float64)
    return {
        "n_in": layer.n_in,
        "n_out": layer.n_out,
        "W": layer.W.astype(np.float64).ravel(),
        "b": bias,
    }
