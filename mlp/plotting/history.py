"""The picture of one training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlp._checks import check_bool, check_choice
from mlp._names import shortened
from mlp.plotting.labels import Label, write_key, write_labels
from mlp.plotting.style import drawing, tidy
from mlp.plotting.themes import Color, theme_of

QUIET = (None, "", "completed", "finished", "ok", "running")  # statuses that are not shown


class HistoryRecord(Protocol):
    """The record of a training run, one entry per epoch."""

    def __getitem__(self, name: str, /) -> Sequence[Any]:
        """The values recorded under ``name``: floats, or arrays ``(K,)`` for K replicas."""


def plot_history(
    history: HistoryRecord,
    ax: Axes | None = None,
    *,
    scale: Literal["linear", "log"] = "linear",
    has_penalty: bool = False,
) -> Axes:
    """Draw training and validation loss over the epochs, counted from 1.

    The epoch with the lowest validation loss is marked. K replicas give K thin lines, each with
    a mark at its own best epoch.

    Parameters
    ----------
    history
        A record with ``history["loss"]`` and optionally ``history["val_loss"]``: one number, or
        K numbers, per epoch. A ``status`` other than ``"completed"`` is shown above the picture.
        If it has a true ``is_weighted``, the label says that the training loss is weighted.
    ax
        Axes to draw on; by default those of a new figure.
    scale
        Scale of the loss axis.
    has_penalty
        Whether the training loss includes penalties, which the validation loss never does: its
        label says so.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError
        If ``scale`` is unknown or cannot show any of the losses, no epoch was recorded, or the
        two losses differ in shape.

    Examples
    --------
    >>> ax = plot_history({"loss": [0.9, 0.5, 0.3], "val_loss": [0.9, 0.6, 0.7]})
    >>> [label.get_text() for label in ax.texts]
    ['training', 'validation']
    """
    check_choice("scale", scale, ("linear", "log"))
    check_bool("has_penalty", has_penalty)
    if not isinstance(history, Mapping):
        raise TypeError(f"history: received {shortened(history)}, expected a History")
    training = _losses(history, "loss")
    validation = _losses(history, "val_loss")
    if training is None or not training.size:
        raise ValueError("history: received no epoch, expected history['loss'] of one at least")
    series = [("training", training)]
    if validation is not None:
        if validation.shape != training.shape:
            raise ValueError(
                f"history['val_loss']: received shape {validation.shape}, "
                f"expected that of history['loss'], {training.shape}"
            )
        series.append(("validation", validation))
    span = _limits(np.array([losses for _, losses in series]), scale)
    epochs, replicas = training.shape
    with drawing(ax) as ax:
        colors = (theme_of(ax).first, theme_of(ax).second)
        tidy(ax, scale, (1, epochs) if epochs > 1 else (0.5, 1.5), span, "loss")
        for (name, losses), color in zip(series, colors, strict=False):
            for line in ax.plot(
                np.arange(1, epochs + 1),
                losses,
                color=color,
                linewidth=2.2 if replicas == 1 else 0.9,
                marker="o" if epochs == 1 else "",
            ):
                line.set_gid(name)
        write_key(ax, None, _status(history) + _mark_best(ax, validation))
        extras = ["weighted"] * bool(getattr(history, "is_weighted", False))
        extras += ["with penalty"] * has_penalty
        training_label = f"training ({', '.join(extras)})" if extras else "training"
        named = [(training_label, training), *series[1:]]
        write_labels(ax, [_label(*one, c) for one, c in zip(named, colors, strict=False)])
    return ax


def _losses(history: HistoryRecord, name: str) -> NDArray[np.float64] | None:
    """Return the values recorded under ``name`` as ``(epochs, K)``, or None."""
    try:
        values = np.asarray(history[name], dtype=float)
    except KeyError:
        return None
    return values.reshape(len(values), -1) if values.size else None


def _limits(losses: NDArray[np.float64], scale: str) -> tuple[float, float]:
    shown = losses[np.isfinite(losses) & ((losses > 0) | (scale == "linear"))]
    if not shown.size:
        wanted = "a loss above 0 for a log scale" if scale == "log" else "at least one finite loss"
        raise ValueError(f"history: received no loss that can be drawn, expected {wanted}")
    low, high = float(shown.min()), float(shown.max())
    if scale == "log":
        return low / 1.2, high * 1.2
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (0.0 if 0 <= low < high / 2 else low - margin), high + margin


def _status(history: HistoryRecord) -> list[tuple[Any, str]]:
    status = getattr(history, "status", "")
    return [(None, f"status: {status}")] if status not in QUIET else []


def _mark_best(ax: Axes, validation: NDArray[np.float64] | None) -> list[tuple[Any, str]]:
    """Mark the lowest validation loss of each replica; return its row of the key."""
    if validation is None or not np.isfinite(validation).any():
        return []
    known = np.where(np.isfinite(validation), validation, np.inf)
    replicas = np.flatnonzero(np.isfinite(known.min(axis=0)))
    rows = known.argmin(axis=0)[replicas]
    lowest = known[rows, replicas]
    (dots,) = ax.plot(
        rows + 1,
        lowest,
        color=theme_of(ax).second,
        linestyle="",
        marker="o",
        markersize=9 if validation.shape[1] == 1 else 5,
        markeredgecolor=theme_of(ax).page,
        clip_on=False,
        zorder=4.0,
    )
    dots.set_gid("best")
    words = (
        f"lowest validation loss: {lowest[0]:.4g} in epoch {rows[0] + 1}"
        if validation.shape[1] == 1
        else "lowest validation loss of each replica"
    )
    return [(dots, words)]


def _label(name: str, losses: NDArray[np.float64], color: Color) -> Label:
    known = np.flatnonzero(np.isfinite(losses).any(axis=1))
    last = losses[known[-1:]]  # the last epoch with a finite loss, if there is one
    y = float(np.median(last[np.isfinite(last)])) if known.size else float("nan")
    replicas = losses.shape[1]
    text = name if replicas == 1 else f"{name} (×{replicas})"
    return Label(text, y, color, reaches_edge=len(losses) - 1 in known)
