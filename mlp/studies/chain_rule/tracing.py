"""A trace: one step of gradient descent with each gradient in its factors."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_count, check_inputs, check_targets, numeric, one_hot
from mlp._html import html_table
from mlp._names import did_you_mean
from mlp._types import Array
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.chain_rule.html import as_output, as_page
from mlp.studies.chain_rule.latex import as_document
from mlp.studies.chain_rule.notation import Names, name_of
from mlp.studies.chain_rule.reading import Moved, Reader, recording
from mlp.studies.chain_rule.records import Step, Update
from mlp.studies.chain_rule.rows import as_markdown, as_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ENDS = 10  # steps at the beginning and at the end of a table
Places = Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, repr=False)
class Trace(Step):
    """One step of gradient descent on one sample, in all its numbers.

    ``print(trace)`` shows it as text; ``trace["w5"]`` is one `Update`.

    Attributes
    ----------
    step : int or None
        The number of the step among several, from 1; None for a single step.
    lr : float
    loss_name : str
    inputs : tuple of (str, float)
        The names and values of the inputs.
    units : tuple of Unit
        From the first layer to the last.
    errors : tuple of OutputError
        The contributions to the loss; empty if it is not a sum or mean over the outputs.
    loss, loss_after : float
        Before and after the step.
    updates : tuple of Update
        Layer by layer, ``W`` row by row, then the biases.
    optimizer : str
        The name of what made the step.
    """

    def __getitem__(self, name: str) -> Update:
        """Return the update of the weight or bias of that name."""
        known = {update.name: update for update in self.updates}
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise KeyError(f"{name!r} is not a trained weight or bias of this trace{hint}")
        return known[name]

    def text(self, digits: int = 9) -> str:
        """Return the trace as aligned text, at most 80 columns wide unless a number needs more.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        return as_text(self, digits)

    def markdown(self, digits: int = 9) -> str:
        """Return the trace as Markdown tables.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        return as_markdown(self, digits)

    def latex(self, digits: int = 9) -> str:
        """Return the trace as a LaTeX document that uses the packages amsmath and geometry.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        return as_document([self], digits)

    def html(self, digits: int = 9) -> str:
        """Return the trace as a self-contained HTML page.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        return as_page([self], digits)

    def _repr_html_(self) -> str:
        """Return the HTML for a notebook: six digits, and large networks shortened."""
        return as_output(self)

    def plot(self, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw the network before the step and, with a path, save the picture.

        The options are those of `mlp.plotting.plot_trace`.
        """
        from mlp.plotting import plot_trace
        from mlp.plotting.save import draw

        return draw(lambda: plot_trace(self, **options), path)

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as JSON-compatible data; a number that is not finite becomes None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    def __str__(self) -> str:
        """Return the text with nine digits."""
        return self.text()

    def __repr__(self) -> str:
        """Return a line; ``print`` shows everything."""
        number = "" if self.step is None else f" of step {self.step}"
        return (
            f"<Trace{number}: loss {self.loss:.6g} -> {self.loss_after:.6g}, lr {self.lr:g}, "
            f"{len(self.updates)} weights and biases>"
        )


class Traces(tuple[Trace, ...]):
    """The traces of several steps: a tuple that is short in a terminal and in a notebook."""

    def __repr__(self) -> str:
        """Return a line."""
        if not self:
            return "<no Trace>"
        return (
            f"<{len(self)} Traces: loss {self[0].loss:.6g} -> {self[-1].loss_after:.6g}, "
            f"lr {self[0].lr:g}>"
        )

    def _repr_html_(self) -> str:
        """Return a table of the steps for a notebook; of many, the first and the last ones."""
        shown = [*self[:_ENDS], *self[max(_ENDS, len(self) - _ENDS) :]]
        rows = [(str(one.step), f"{one.loss:.9g}", f"{one.loss_after:.9g}") for one in shown]
        if len(self) > len(shown):
            rows.insert(_ENDS, (f"… {len(self) - len(shown)} more", "", ""))
        return html_table(("step", "loss before", "loss after"), rows, repr(self)[1:-1])

    def animate(self, path: str | PathLike[str], *, fps: int = 2, **options: Any) -> Path:
        """Draw each step as `Trace.plot` does, with its number, and save them as an animation.

        Parameters
        ----------
        path : path
            The file, with the suffix ``.gif`` or ``.html``.
        fps : int, default 2
            Frames per second.
        **options
            Those of `mlp.plotting.plot_trace`, without `title`.

        Raises
        ------
        ValueError, TypeError
            If the suffix is none of these, or there are fewer than two steps.
        """
        from mlp.plotting import save_animation

        frames = [partial(one.plot, title=f"step {one.step}", **options) for one in self]
        return save_animation(frames, path, fps=fps)


def _plain(value: Any) -> Any:
    """Return nested tuples as lists, and None for a number that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@overload
def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float | None = None,
    *,
    optimizer: str | Optimizer = "sgd",
    names: Places | None = None,
    steps: None = None,
) -> Trace: ...


@overload
def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float | None = None,
    *,
    optimizer: str | Optimizer = "sgd",
    names: Places | None = None,
    steps: int,
) -> Traces: ...


def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float | None = None,
    *,
    optimizer: str | Optimizer = "sgd",
    names: Places | None = None,
    steps: int | None = None,
) -> Trace | Traces:
    """Take one step of gradient descent on one sample and show each factor of each gradient.

    A copy of the network takes the step as in training; every number of the trace is read from
    the arrays of this step. The network itself is not changed.

    Parameters
    ----------
    net : MLP
        A single network of `Dense` layers.
    x : array_like (n_in,) or (1, n_in)
        The sample.
    t : array_like (n_out,) or (1, n_out), or a label (1,)
        Its target, as in `MLP.loss_and_grad`.
    lr : float, optional
        The learning rate of the step, by default 0.5; an optimizer that is an object has its own.
    optimizer : str or Optimizer, default "sgd"
        What makes the step of the gradient, as in `Trainer`; a copy is used, with its state.
    names : mapping of str to (layer, i, j), optional
        Names of weights, such as ``{"w1": (0, 0, 0)}``; units are then named x1, h1, o1. By
        default everything is named by its place: ``w[0][1,2]`` is ``net.layers[0].W[1, 2]``.
    steps : int, optional
        The number of successive steps on this sample.

    Returns
    -------
    Trace, or with `steps` a tuple of them with a method `animate`
        To be printed, displayed in a notebook, or written as `text`, `markdown`, `latex` or
        `html`.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas or other layers, if there is more than one sample, if `lr` is
        given beside an optimizer that is an object, or if a shape, the learning rate, the
        optimizer or a name is invalid.

    Notes
    -----
    A gradient is a product, ``dE/dw = dE/da * da/dz * dz/dw``, where ``dz/dw`` is the input that
    the weight multiplies. For a hidden unit, ``dE/da`` is the sum of ``dE/dz * w`` over the units
    that it feeds. If an activation couples its units, as softmax does, dE/dz is the sum of
    ``dE/da * da/dz`` over the layer. If the loss follows its canonical activation, training
    computes dE/dz as one factor, ``a - t``; for up to 16 outputs the trace also shows how the
    chain rule gives this factor, from the separate derivatives of loss and activation.

    Examples
    --------
    >>> import mlp
    >>> net = MLP([mlp.Dense(1, 1, "sigmoid", weights=[[0.0]], bias=False)])
    >>> steps = trace(net, [[2.0]], [[1.0]], lr=0.5)
    >>> [(factor.name, factor.value) for factor in steps["w[0][0,0]"].factors]
    [('dE/da[0][0]', -0.5), ('da[0][0]/dz[0][0]', 0.25), ('dz[0][0]/dw[0][0,0]', 2.0)]
    >>> steps["w[0][0,0]"].gradient, steps["w[0][0,0]"].new_value
    (-0.25, 0.125)
    >>> steps = trace(net, [[2.0]], [[1.0]], lr=0.5, optimizer="adam")
    >>> [rule.name for rule in steps["w[0][0,0]"].rules]
    ['m+', 'v+', 'm_hat', 'v_hat', 'step']
    """
    recording(net)  # rejects what cannot be traced
    X, T = _sample(net, x, t)
    method = _method(optimizer, lr)
    found = []
    with np.errstate(all="ignore"):  # an overflow is shown as inf or nan
        if steps is None:
            return _step(net, X, T, method, names, None)[0]
        for number in range(1, check_count("steps", steps) + 1):
            one, net = _step(net, X, T, method, names, number)
            found.append(one)
    return Traces(found)


def _method(optimizer: str | Optimizer, lr: float | None) -> Optimizer:
    """Return a copy of an optimizer, or a new one of that name and learning rate."""
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ValueError(f"lr: received {lr!r} beside {optimizer!r}, expected its own lr")
        return copy.deepcopy(optimizer)
    made = make_optimizer(optimizer, lr=0.5 if lr is None else lr)
    if not isinstance(made.lr, float):
        raise TypeError(f"lr: received {lr!r}, expected a number")
    return made


def _sample(net: MLP, x: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
    """Return one sample and its target as rows ``(1, n_in)`` and ``(1, n_out)``."""
    x, t = numeric("x", x), numeric("t", t)
    X = check_inputs(x[None] if x.ndim == 1 else x, net.n_in, net.dtype)
    if len(X) != 1:
        raise ValueError(f"x: received {len(X)} samples, expected one, of shape ({net.n_in},)")
    takes_labels = getattr(net.loss, "takes_labels", False)
    is_label = takes_labels and t.shape == (1,) and t.dtype.kind in "iu"
    if t.ndim == 1 and not is_label:
        t = t[None]
    return X, one_hot(check_targets(t, net.loss, 1, net.n_out, net.dtype), net.n_out, net.dtype)


def _step(
    net: MLP, X: Array, T: Array, optimizer: Optimizer, names: Places | None, number: int | None
) -> tuple[Trace, MLP]:
    """Return the trace of one step, and the network after it."""
    recorded, layers = recording(net)
    after = net.copy()
    loss = float(recorded.loss_and_grad(X, T))
    moved = Moved(after, recorded.grad, optimizer)
    loss_after = float(after.evaluate(X, T))
    read = Reader(recorded, layers, T, Names(layers, names))
    units = [tuple(read.units(layer)) for layer in range(len(layers))]
    found = Trace(
        step=number,
        lr=moved.method.lr,
        loss_name=name_of(net.loss),
        inputs=tuple((read.names.input(i), float(value)) for i, value in enumerate(X[0])),
        units=sum(units, ()),
        errors=tuple(read.errors(loss)),
        loss=loss,
        loss_after=loss_after,
        updates=tuple(
            update
            for layer, new in enumerate(after.layers)
            for update in read.updates(layer, units[layer], new, moved)
        ),
        optimizer=optimizer.name,
    )
    return found, after
