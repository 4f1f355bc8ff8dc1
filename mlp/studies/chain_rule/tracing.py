"""The chain rule made visible: training steps, each gradient in its factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_count, check_inputs, check_targets, numeric, one_hot
from mlp._types import Array
from mlp.core import MLP
from mlp.optim import SGD
from mlp.studies.chain_rule.formulas import name_of
from mlp.studies.chain_rule.names import Names
from mlp.studies.chain_rule.reading import Reader, recording
from mlp.studies.chain_rule.record import Trace

Places = Mapping[str, tuple[int, int, int]]


@overload
def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float = 0.5,
    *,
    names: Places | None = None,
    steps: None = None,
) -> Trace: ...


@overload
def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float = 0.5,
    *,
    names: Places | None = None,
    steps: int,
) -> tuple[Trace, ...]: ...


def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float = 0.5,
    *,
    names: Places | None = None,
    steps: int | None = None,
) -> Trace | tuple[Trace, ...]:
    """Take one step of gradient descent on one sample and show each factor of each gradient.

    A copy of the network takes the step, with the very passes of training: every number of the
    trace is read from their arrays. The network itself is not changed.

    Parameters
    ----------
    net : MLP
        A single network of `Dense` layers.
    x : array_like (n_in,) or (1, n_in)
        The sample.
    t : array_like (n_out,) or (1, n_out), or a label (1,)
        Its target, as in `MLP.loss_and_grad`.
    lr : float, default 0.5
        The learning rate of the step.
    names : mapping of str to (layer, i, j), optional
        What the weights are called, as ``{"w1": (0, 0, 0)}``; units are then x1, h1, o1. By
        default everything is called by its place: ``w[0][1,2]`` is ``net.layers[0].W[1, 2]``.
    steps : int, optional
        How many steps are taken with this sample, each from where the one before ended.

    Returns
    -------
    Trace, or with `steps` a tuple of them
        The data; ``print`` it, see its `text`, `markdown`, `latex` and `html`, or let a notebook
        show it.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas or other layers, there is more than one sample, or a shape,
        the learning rate or a name does not fit.

    Notes
    -----
    A gradient is a product, ``dE/dw = dE/da * da/dz * dz/dw`` with ``dz/dw`` the input that the
    weight multiplies. Of a hidden unit, ``dE/da`` is the sum of ``dE/dz * w`` over the units
    that it feeds. Where an activation couples its units, as softmax does, dE/dz is the sum of
    ``dE/da * da/dz`` over the layer. Where the loss follows its canonical activation, training
    computes dE/dz as one factor, ``a - t``. How the chain comes to it is then shown with the
    derivatives that the loss and the activation give by themselves, of up to 16 outputs.

    Examples
    --------
    >>> import mlp
    >>> net = MLP([mlp.Dense(1, 1, "sigmoid", weights=[[0.0]], bias=False)])
    >>> steps = trace(net, [[2.0]], [[1.0]], lr=0.5)
    >>> [(factor.name, factor.value) for factor in steps["w[0][0,0]"].factors]
    [('dE/da[0][0]', -0.5), ('da[0][0]/dz[0][0]', 0.25), ('dz[0][0]/dw[0][0,0]', 2.0)]
    >>> steps["w[0][0,0]"].gradient, steps["w[0][0,0]"].new_value
    (-0.25, 0.125)
    """
    recording(net)  # refuses what cannot be traced
    X, T = _sample(net, x, t)
    optimizer = SGD(lr)
    if not isinstance(optimizer.lr, float):
        raise TypeError(f"lr: received {lr!r}, expected a number")
    found = []
    with np.errstate(all="ignore"):  # what overflows is shown as what it comes to
        if steps is None:
            return _step(net, X, T, optimizer, names, None)[0]
        for number in range(1, check_count("steps", steps) + 1):
            one, net = _step(net, X, T, optimizer, names, number)
            found.append(one)
    return tuple(found)


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
    net: MLP, X: Array, T: Array, optimizer: SGD, names: Places | None, number: int | None
) -> tuple[Trace, MLP]:
    """Return the trace of one step, and the network after it."""
    copy, layers = recording(net)
    after = net.copy()
    loss = float(copy.loss_and_grad(X, T))
    optimizer.step(after.theta, copy.grad)
    optimizer.reset()  # the next step moves another network
    loss_after = float(after.evaluate(X, T))

    lr = float(optimizer.rate(0))
    read = Reader(copy, layers, T, Names(layers, names))
    units = [tuple(read.units(layer)) for layer in range(len(layers))]
    found = Trace(
        step=number,
        lr=lr,
        loss_name=name_of(net.loss),
        inputs=tuple((read.called.input(i), float(value)) for i, value in enumerate(X[0])),
        units=sum(units, ()),
        errors=tuple(read.errors(loss)),
        loss=loss,
        loss_after=loss_after,
        updates=tuple(
            update
            for layer, new in enumerate(after.layers)
            for update in read.updates(layer, units[layer], new, lr)
        ),
    )
    return found, after
