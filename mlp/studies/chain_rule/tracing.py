"""A trace: one step of gradient descent with each gradient in its factors."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import (
    check_columns,
    check_count,
    check_inputs,
    check_targets,
    column_names,
    numeric,
    one_hot,
)
from mlp._html import html_table
from mlp._names import did_you_mean, name_of, shortened
from mlp._types import Array
from mlp.core import MLP, Penalty
from mlp.core.losses import Smoothing
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.chain_rule.html import as_output, as_page
from mlp.studies.chain_rule.latex import as_document
from mlp.studies.chain_rule.layers.base import Context
from mlp.studies.chain_rule.layers.rules import rules_of
from mlp.studies.chain_rule.names import Names, Place
from mlp.studies.chain_rule.recording import Recorded
from mlp.studies.chain_rule.records import Equation, Named, Step, Term, Update, plain
from mlp.studies.chain_rule.text import as_markdown, as_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ENDS = 10  # steps at the beginning and at the end of a table
Places = Mapping[str, Place]


@dataclass(frozen=True, repr=False)
class Trace(Step):
    """One step of gradient descent, in all its numbers.

    ``print(trace)`` shows it as text; ``trace["w5"]`` is one `Update`.

    Attributes
    ----------
    step : int or None
        The number of the step among several, from 1; None for a single step.
    lr : float
    loss_name : str
    inputs, targets : tuple of (str, float)
        Their names and values, row by row; no targets if there are no `errors`.
    units : tuple of Unit
        Of the layers with an activation, from the first to the last.
    errors : tuple of OutputError
        The contributions to the loss; empty if it is not a sum or mean over the outputs.
    loss, loss_after : float
        Before and after the step, with the penalties.
    updates : tuple of Update
        Layer by layer, ``W`` row by row, then the biases.
    optimizer : str
        The name of what made the step, such as ``"sgd with momentum"``.
    n_rows : int
        The number of rows of the batch.
    blocks : tuple of Block
        All equations of each layer, in both passes.
    error : tuple of Equation
        How the loss follows from outputs and targets.
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
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

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
    """Return a record as data; a number that is not finite becomes None."""
    if isinstance(value, Named):
        return {"name": value.name, "value": _plain(value.value)}
    if isinstance(value, Term):
        return {"names": [*value.names], "values": _plain(value.values)}
    if isinstance(value, Equation):
        found = {"name": value.name, "formula": plain(value.tokens), "terms": _plain(value.terms)}
        return found | {"value": _plain(value.value), "parts": _plain(value.parts)}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
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
    l1: float = 0.0,
    l2: float = 0.0,
    rng: np.random.Generator | None = None,
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
    l1: float = 0.0,
    l2: float = 0.0,
    rng: np.random.Generator | None = None,
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
    l1: float = 0.0,
    l2: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Trace | Traces:
    """Take one step of gradient descent and show each factor of each gradient.

    A copy of the network takes the step as in training; every number of the trace is read from
    the arrays of this step. The network itself is not changed.

    Parameters
    ----------
    net : MLP
        A single network; a custom layer is shown by what goes in and comes out.
    x : array_like (n_in,) or (n, n_in)
        A sample, or a batch.
    t : array_like (n_out,), (n, n_out) or labels (n,)
        The target, or one for each row, as in `MLP.loss_and_grad`; with label smoothing, the
        smoothed target is shown.
    lr : float, optional
        The learning rate of the step, by default 0.5; an optimizer that is an object has its own.
    optimizer : str or Optimizer, default "sgd"
        What makes the step of the gradient, as in `Trainer`; a copy is used, with its state.
    names : mapping of str to (layer, i, j) or str, optional
        Names of weights, such as ``{"w1": (0, 0, 0)}``, or of anything else by its place, such as
        ``{"age": "x[0]", "price": "a[1][0]", "bias": "b[0][2]"}``; all others are then named
        x1, h1, o1. By default everything is named by its place: ``w[0][1,2]`` is
        ``net.layers[0].W[1, 2]``, and inputs by their columns, if those are known.
    steps : int, optional
        The number of successive steps on these rows.
    l1, l2 : float, default 0.0
        The penalties on the weights, as in `Trainer`.
    rng : numpy.random.Generator, optional
        Where dropout draws from; by default, and then as the next pass would, the network's own
        generator. A copy is used.

    Returns
    -------
    Trace, or with `steps` a tuple of them with a method `animate`
        To be printed, displayed in a notebook, or written as `text`, `markdown`, `latex` or
        `html`.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas, needs more rows in a batch of training, or has weights that
        are not finite; if `lr` is given beside an optimizer that is an object; or if a shape, a
        rate, the optimizer, a name or `rng` is invalid.

    Notes
    -----
    A gradient is a product, ``dE/dw = dE/da * da/dz * dz/dw``, where ``dz/dw`` is the input that
    the weight multiplies. For a hidden unit, ``dE/da`` is the sum of ``dE/dz * w`` over the units
    that it feeds. If an activation couples its units, as softmax does, dE/dz is the sum of
    ``dE/da * da/dz`` over the layer. If the loss follows its canonical activation, training
    computes dE/dz as one factor, ``a - t``; for up to 16 outputs the trace also shows how the
    chain rule gives this factor, from the separate derivatives of loss and activation.

    Of a batch, E is the mean over its n rows and dE/dw the sum over them of ``dE/dz * dz/dw``; the
    1 / n stands in the derivative of the loss. What a row has of its own ends in its number:
    ``h1(2)``, or ``a[0][1,0]`` by its place. Penalties are added to the product or the sum.

    E after the step is that of a pass of training with the same dropout masks, so that both are
    values of one function.

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
    >>> batch = trace(net, [[2.0], [4.0]], [[1.0], [0.0]], names={"w": (0, 0, 0)}, l2=0.1)
    >>> [term.names for term in batch["w"].factors[0].terms]
    [('dE/dz_o1(1)', 'x1(1)'), ('dE/dz_o1(2)', 'x1(2)')]
    """
    _check_network(net)
    check_columns("x", x, net.feature_names)
    columns = net.feature_names or column_names(x)
    X, T = _rows(net, x, t)
    if isinstance(net.loss, Smoothing):  # the targets that are shown are those that count
        T, net = np.array(net.loss.targets(T)), net._with(loss=type(net.loss)())
    penalty, method = Penalty(l1, l2), _method(optimizer, lr)
    penalty.check(None)
    if not isinstance(rng, np.random.Generator | None):
        raise TypeError(f"rng: received {shortened(rng)}, expected a numpy Generator or None")
    generator = copy.deepcopy(rng)
    count = 1 if steps is None else check_count("steps", steps)
    labels = Names(net.copy().layers, net.n_in, names, columns, len(X))
    found = []
    with np.errstate(all="ignore"):  # an overflow is shown as inf or nan
        for number in range(1, count + 1):
            if not np.isfinite(net._numbers).all():
                raise ValueError(
                    f"net: received numbers that are not finite at step {number}, expected finite "
                    "weights and biases"
                )
            one = Recorded(net, X, T, method, penalty, generator)
            found.append(_read(one, labels, None if steps is None else number))
            net = one.after
    return found[0] if steps is None else Traces(found)


def _check_network(net: MLP) -> None:
    """Raise TypeError or ValueError unless it is a single network that nothing else writes."""
    if not isinstance(net, MLP):
        raise TypeError(f"net: received {shortened(net)}, expected an MLP")
    if net.replicas is not None:
        raise ValueError(
            f"net: received a network of {net.replicas} replicas, expected a single one; "
            "net.replica(k) makes one"
        )
    if net.members is not None:
        raise ValueError(
            f"net: received a network of {net.members} members, expected a single one; "
            "ensemble.replica(k) makes one"
        )
    net._access.check_not_written("trace")


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


def _rows(net: MLP, x: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
    """Return the samples and their targets as rows ``(n, n_in)`` and ``(n, n_out)``."""
    x, t = numeric("x", x), numeric("t", t)
    X = check_inputs(x[None] if x.ndim == 1 else x, net.n_in, net.dtype)
    takes_labels = getattr(net.loss, "takes_labels", False)
    is_label = takes_labels and t.shape == (1,) and t.dtype.kind in "iu"
    if t.ndim == 1 and len(X) == 1 and not is_label:
        t = t[None]
    T = check_targets(t, net.loss, len(X), net.n_out, net.dtype)
    return X, one_hot(T, net.n_out, net.dtype)


def _read(recorded: Recorded, names: Names, number: int | None) -> Trace:
    """Return the trace of a step."""
    rules, loss = rules_of(Context(recorded, names))
    X, T = recorded.X, recorded.T
    return Trace(
        step=number,
        lr=recorded.moved.method.lr,
        loss_name=name_of(recorded.net.loss),
        inputs=tuple(
            (names.input(i, row), float(x)) for row, xs in enumerate(X) for i, x in enumerate(xs)
        ),
        units=tuple(unit for rule in rules for unit in rule.units),
        errors=loss.errors,
        loss=recorded.loss,
        loss_after=recorded.loss_after,
        updates=tuple(update for rule in rules for update in rule.updates.values()),
        optimizer=recorded.moved.method.name,
        n_rows=len(X),
        blocks=tuple(rule.block() for rule in rules),
        error=loss.equations(),
        targets=tuple(
            (names.target(j, row), float(t)) for row, ts in enumerate(T) for j, t in enumerate(ts)
        )
        if loss.errors
        else (),
    )
