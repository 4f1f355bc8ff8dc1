"""The chain rule made visible: one training step, each gradient in its factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mlp.core import LOSSES, MLP, Dense, Layer
from mlp.core.arrays import Array
from mlp.core.validation import check_inputs, check_targets, one_hot
from mlp.optim import SGD
from mlp.studies.trace_names import Names, activation_derivative, loss_derivative
from mlp.studies.trace_record import Factor, OutputError, Term, Trace, Unit, Update


class _Recorder(Dense):
    """A dense layer that keeps what its passes overwrite: Z, and the dA that it receives."""

    kept_Z: Array
    dA: Array

    def linear(self, now: Any) -> None:
        super().linear(now)
        self.kept_Z = now.Z.copy()

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        self.dA = dA.copy()
        return super().backward(dA, need_dA_in)


def trace(
    net: MLP,
    x: ArrayLike,
    t: ArrayLike,
    lr: float = 0.5,
    *,
    names: Mapping[str, tuple[int, int, int]] | None = None,
) -> Trace:
    """Take one step of gradient descent on one sample and show each factor of each gradient.

    A copy of the network takes the step, with the very passes of training: every number of the
    trace is read from their arrays. The network itself is not changed.

    Parameters
    ----------
    net : MLP
        A single network of `Dense` layers.
    x : array_like (1, n_in)
        The sample.
    t : array_like (1, n_out), or a label (1,)
        Its target, as in `MLP.loss_and_grad`.
    lr : float, default 0.5
        The learning rate of the step.
    names : mapping of str to (layer, i, j), optional
        What the weights are called, as ``{"w1": (0, 0, 0)}``; units are then x1, h1, o1. By
        default everything is called by its place: ``w[0][1,2]`` is ``net.layers[0].W[1, 2]``.

    Returns
    -------
    Trace
        The data; ``print`` it, or see its `text` and `markdown`.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas or other layers, there is more than one sample, or a shape,
        the learning rate or a name does not fit.

    Notes
    -----
    A gradient is a product, ``dE/dw = dE/da * da/dz * dz/dw`` with ``dz/dw`` the input that the
    weight multiplies. Of a hidden unit, ``dE/da`` is the sum of ``dE/dz * w`` over the units
    that it feeds. Where the loss follows its canonical activation, dE/dz is one factor,
    ``a - t``; where an activation couples its units, as softmax does, dE/dz is the sum of
    ``dE/da * da/dz`` over the layer.

    Examples
    --------
    >>> net = MLP([Dense(1, 1, "sigmoid", weights=[[0.0]], bias=False)])
    >>> steps = trace(net, [[2.0]], [[1.0]], lr=0.5)
    >>> [(factor.name, factor.value) for factor in steps["w[0][0,0]"].factors]
    [('dE/da[0][0]', -0.5), ('da[0][0]/dz[0][0]', 0.25), ('dz[0][0]/dw[0][0,0]', 2.0)]
    >>> steps["w[0][0,0]"].gradient, steps["w[0][0,0]"].new_value
    (-0.25, 0.125)
    """
    copy, layers = _recording(net)
    X = check_inputs(x, net.n_in, net.dtype)
    if len(X) != 1:
        raise ValueError(f"x: received {len(X)} samples, expected one, of shape (1, {net.n_in})")
    T = one_hot(check_targets(t, net.loss, 1, net.n_out, net.dtype), net.n_out, net.dtype)
    optimizer = SGD(lr)
    if not isinstance(optimizer.lr, float):
        raise TypeError(f"lr: received {lr!r}, expected a number")
    called = Names(layers, names)

    loss = float(copy.loss_and_grad(X, T))
    after = net.copy()
    optimizer.step(after.theta, copy.grad)
    with np.errstate(all="ignore"):  # a step that is far too long is shown as what it comes to
        loss_after = float(after.evaluate(X, T))

    read = _Reader(copy, layers, T, called)
    units = [tuple(read.units(layer)) for layer in range(len(layers))]
    return Trace(
        lr=optimizer.lr,
        loss_name=_name(net.loss),
        inputs=tuple((called.input(i), float(value)) for i, value in enumerate(X[0])),
        units=sum(units, ()),
        errors=tuple(read.errors(loss)),
        loss=loss,
        loss_after=loss_after,
        updates=tuple(
            update
            for layer, new in enumerate(after.layers)
            for update in read.updates(layer, units[layer], new, optimizer.lr)
        ),
    )


def _recording(net: MLP) -> tuple[MLP, list[_Recorder]]:
    """Return a copy of the network with layers that keep what is shown."""
    if net.replicas is not None:
        raise ValueError(
            f"net: received a network of {net.replicas} replicas, expected a single one; "
            "net.replica(k) makes one"
        )
    layers = []
    for i, layer in enumerate(net.layers):
        if type(layer) is not Dense:
            raise ValueError(f"net: received {layer!r} at {i}, expected layers of type Dense only")
        layers.append(
            _Recorder(
                layer.n_in,
                layer.n_out,
                layer.activation,
                weights=layer.W,
                bias=False if layer.bias is None else layer.b,
                train_bias=layer.train_bias,
                share_bias=layer.share_bias,
            )
        )
    return MLP(layers, net.loss, dtype=net.dtype), layers


class _Reader:
    """Reads the arrays of a network after `loss_and_grad` of one sample."""

    def __init__(self, net: MLP, layers: list[_Recorder], T: Array, called: Names) -> None:
        self.loss = net.loss
        self.layers = layers
        self.T = T
        self.called = called

    def units(self, layer: int) -> Iterator[Unit]:
        """Yield the units of a layer."""
        dense, called = self.layers[layer], self.called
        fused = dense.canonical_loss is not None
        dE_da = [] if fused else [self._derivative(layer, k) for k in range(dense.n_out)]
        J = None if fused else _jacobian(dense)
        for j in range(dense.n_out):
            yield Unit(
                name=called.unit(layer, j),
                z_name=called.z(layer, j),
                layer=layer,
                index=j,
                inputs=tuple(
                    Term(
                        (called.weight(layer, i, j), called.unit(layer - 1, i)),
                        (float(dense.W[i, j]), float(dense.A_in[0, i])),
                    )
                    for i in range(dense.n_in)
                ),
                bias_name="" if dense.bias is None else called.bias(layer, j),
                bias=0.0 if dense.bias is None else float(dense.b[0 if dense.share_bias else j]),
                activation=_name(dense.activation),
                z=float(dense.kept_Z[0, j]),
                a=float(dense.A[0, j]),
                dE_da=None if J is None else dE_da[j],
                delta=self._fused(j) if J is None else self._delta(layer, j, dE_da, J),
                dE_dz=float(dense.dZ[0, j]),
            )

    def _derivative(self, layer: int, j: int) -> Factor:
        """Return dE/da of unit j: from the loss, or the sum over the units that it feeds."""
        called, a = self.called, self.called.unit(layer, j)
        value = float(self.layers[layer].dA[0, j])
        if layer == len(self.layers) - 1:
            n_out = self.layers[layer].n_out
            formula = loss_derivative(_name(self.loss), a, called.target(j), n_out)
            return Factor(f"dE/d{a}", value, formula)
        after = self.layers[layer + 1]
        terms = tuple(
            Term(
                (f"dE/d{called.z(layer + 1, k)}", called.weight(layer + 1, j, k)),
                (float(after.dZ[0, k]), float(after.W[j, k])),
            )
            for k in range(after.n_out)
        )
        return Factor(f"dE/d{a}", value, terms=terms)

    def _fused(self, j: int) -> tuple[Factor, ...]:
        """Return dE/dz of output j after the canonical activation: a - t, times a number."""
        last, layer = self.layers[-1], len(self.layers) - 1
        scale = self.loss.factor(last.n_out)
        formula = f"{self.called.unit(layer, j)} - {self.called.target(j)}"
        formula = formula if scale == 1.0 else f"{scale:g} × ({formula})"
        return (Factor(f"dE/d{self.called.z(layer, j)}", float(last.dZ[0, j]), formula),)

    def _delta(self, layer: int, j: int, dE_da: list[Factor], J: Array) -> tuple[Factor, ...]:
        """Return dE/dz of unit j as dE/da * da/dz, or as a sum where units are coupled."""
        dense, called = self.layers[layer], self.called
        a, z = called.unit(layer, j), called.z(layer, j)
        if np.count_nonzero(J - np.diag(J.diagonal())) == 0:
            formula = activation_derivative(_name(dense.activation), a, z)
            return dE_da[j], Factor(f"d{a}/d{z}", float(J[j, j]), formula)
        terms = tuple(
            Term((dE_da[k].name, f"d{called.unit(layer, k)}/d{z}"), (dE_da[k].value, float(da)))
            for k, da in enumerate(J[:, j])
        )
        return (Factor(f"dE/d{z}", float(dense.dZ[0, j]), terms=terms),)

    def errors(self, loss: float) -> Iterator[OutputError]:
        """Yield the loss of each output, where these make up the whole by sum or mean."""
        called, layer, A = self.called, len(self.layers) - 1, self.layers[-1].A
        if type(self.loss) not in {type(make()) for make in LOSSES.values()}:
            return  # what one's own loss makes of a single output is not known
        parts = np.empty(A.size, A.dtype)
        self.loss.rows(A.T.copy(), self.T.T.copy(), out=parts)
        for share in (1.0, 1.0 / A.size):
            if np.isclose(share * parts.sum(), loss, rtol=1e-6, atol=0.0):
                for j, part in enumerate(share * parts):
                    names = called.error(j), called.unit(layer, j), called.target(j)
                    yield OutputError(*names, float(A[0, j]), float(self.T[0, j]), float(part))
                return

    def updates(
        self, layer: int, units: tuple[Unit, ...], new: Layer, lr: float
    ) -> Iterator[Update]:
        """Yield the weights and trained biases of a layer; `new` is the layer after the step."""
        dense, called = self.layers[layer], self.called

        def update(name: str, i: int | None, j: int | None, factors: tuple[Factor, ...]) -> Update:
            at = (j or 0) if i is None else (i, j)
            key = "b" if i is None else "W"
            gradient = dense.grads[key][at]
            step = float(gradient * lr)  # in the network's dtype, as the optimizer computes it
            value, new_value = float(dense.params[key][at]), float(new.params[key][at])
            return Update(name, layer, i, j, value, factors, float(gradient), step, new_value)

        for i in range(dense.n_in):
            for unit in units:
                (name, source), (_, a_in) = unit.inputs[i].names, unit.inputs[i].values
                last = Factor(f"d{unit.z_name}/d{name}", a_in, source)
                yield update(name, i, unit.index, (*unit.delta, last))
        if dense.bias is None or not dense.train_bias:
            return
        if dense.share_bias:
            name = called.bias(layer, 0)
            terms = tuple(
                Term((f"dE/d{unit.z_name}", f"d{unit.z_name}/d{name}"), (unit.dE_dz, 1.0))
                for unit in units
            )
            factors = (Factor(f"dE/d{name}", float(dense.db[0]), terms=terms),)
            yield update(name, None, None, factors)
        else:
            for unit in units:
                last = Factor(f"d{unit.z_name}/d{unit.bias_name}", 1.0, "1")
                yield update(unit.bias_name, None, unit.index, (*unit.delta, last))


def _jacobian(dense: _Recorder) -> Array:
    """Return J[k, j] = da_k / dz_j, by the activation's own backward of unit vectors."""
    n = dense.n_out
    Z, A = dense.kept_Z.repeat(n, axis=0), dense.A.repeat(n, axis=0)
    J = np.empty_like(Z)
    dense.activation.backward(np.eye(n, dtype=Z.dtype), Z, A, out=J)
    return J


def _name(part: object) -> str:
    return str(getattr(part, "name", type(part).__name__))
