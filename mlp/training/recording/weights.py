"""A callback that records the weights, for animations of the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp._checks import check_count
from mlp._names import shortened
from mlp._types import Array
from mlp.core.network import MLP
from mlp.training.callbacks.base import Callback

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mlp.training.trainer import Trainer


class WeightRecorder(Callback):
    """Records the weights before training and after epochs, for animations of any picture.

    Training is bit-identical with and without the recorder. A run that is continued from a
    checkpoint is recorded from there on.

    Parameters
    ----------
    every : int, default 1
        Record the first epoch, and every so many epochs after it.
    most : int, default 100
        The maximum number of epochs kept. Beyond it, every second one is dropped and the interval
        doubles.

    Attributes
    ----------
    epochs : list of int
        The recorded epochs of all calls of `fit` of one trainer; 0 is before the first update.
    thetas : list of array
        Their weights: ``theta``, followed by ``fixed``, such as running means.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.xor()
    >>> net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    >>> recorder = WeightRecorder(every=2)
    >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, epochs=5)
    >>> recorder.epochs
    [0, 1, 3, 5]
    """

    def __init__(self, every: int = 1, most: int = 100) -> None:
        self.every = check_count("every", every)
        self.most = check_count("most", most, 2)
        self.epochs: list[int] = []
        self.thetas: list[Array] = []
        self._stride = self.every
        self._trainer: Trainer | None = None
        self._net: MLP | None = None

    def on_start(self, trainer: Trainer) -> None:
        """Record the first weights of a trainer; ValueError for replicas."""
        net = trainer.net
        if net.replicas is not None:
            raise ValueError(
                f"WeightRecorder: received a network of {net.replicas} replicas, "
                "expected a single network"
            )
        if self._trainer is not trainer:
            self.epochs, self.thetas, self._stride = [], [], self.every
            self._trainer, self._net = trainer, net.copy()
            self._record(len(trainer.history.epochs) if trainer.is_resumed else 0, net)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the epoch if it is due."""
        if (trainer.epoch - 1) % self._stride == 0:
            self._record(trainer.epoch, trainer.net)
            if len(self.epochs) > self.most + 1:
                self._stride *= 2
                due = [(epoch - 1) % self._stride == 0 for epoch in self.epochs[1:]]
                kept = np.flatnonzero([True, *due]).tolist()
                self.epochs = [self.epochs[n] for n in kept]
                self.thetas = [self.thetas[n] for n in kept]

    def _record(self, epoch: int, net: MLP) -> None:
        self.epochs.append(epoch)
        self.thetas.append(np.concatenate([net.theta, net.fixed]))

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same when a run is continued."""
        return {"every": self.every, "most": self.most}

    def networks(self) -> Iterator[MLP]:
        """Yield a network with the weights of each recorded epoch."""
        for theta in self.thetas:
            if self._net is not None:
                net = self._net.copy()
                net.theta, net.fixed = np.split(theta, [net.theta.size])
                yield net

    def animate(
        self,
        path: str | PathLike[str],
        plot: Callable[..., Axes],
        *data: Any,
        fps: int = 5,
        **options: Any,
    ) -> Path:
        """Draw the network at each recorded epoch, and save the pictures as an animation.

        Parameters
        ----------
        path : path
            The file, with the suffix ``.gif`` or ``.html``.
        plot : callable
            What draws a network, such as `mlp.plotting.plot_decision_boundary`, `plot_weights` or
            `plot_network`; it is called as ``plot(net, *data, title="epoch 3", **options)``.
        *data, **options
            Further arguments of `plot`, such as the points.
        fps : int, default 5
            Frames per second.

        Returns
        -------
        Path
            The path of the file.

        Raises
        ------
        ValueError, TypeError
            If the suffix is none of these, fewer than two epochs were recorded, or `plot` rejects
            its arguments.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import mlp
        >>> from mlp.plotting import plot_decision_boundary
        >>> X, y = mlp.datasets.xor()
        >>> net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
        >>> recorder = WeightRecorder()
        >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, epochs=2)
        >>> with TemporaryDirectory() as folder:
        ...     path = f"{folder}/boundary.gif"
        ...     recorder.animate(path, plot_decision_boundary, X, y, resolution=30).name
        'boundary.gif'
        """
        from mlp.plotting import save_animation

        if not callable(plot):
            raise TypeError(f"plot: received {shortened(plot)}, expected a function that draws")
        frames = [
            partial(plot, net, *data, title=f"epoch {epoch}", **options)
            for epoch, net in zip(self.epochs, self.networks(), strict=True)
        ]
        return save_animation(frames, path, fps=fps)
