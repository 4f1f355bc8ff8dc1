"""Reads a trace from the arrays that `MLP.loss_and_grad` fills."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from mlp._names import shortened
from mlp._types import Array
from mlp.core import LOSSES, MLP, Dense, Layer
from mlp.core.activations import Identity
from mlp.optim import OPTIMIZERS, Optimizer
from mlp.studies.chain_rule import notation
from mlp.studies.chain_rule.notation import Names
from mlp.studies.chain_rule.records import Factor, OutputError, Rule, Term, Unit, Update
from mlp.studies.chain_rule.rules import Method

_MOST_COUPLED = 16  # n coupled units have n * n derivatives, which are shown up to this n


class Recorder(Dense):
    """A dense layer that keeps Z and its incoming dA, which training overwrites."""

    kept_Z: Array
    dA: Array

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Keep Z = A_in @ W + b, and go forward."""
        A = super().forward(A_in, training, rng)
        self.kept_Z = self.Z
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Keep dA."""
        self.dA = dA.copy()
        return super().backward(dA, need_dA_in)


def recording(net: MLP) -> tuple[MLP, list[Recorder]]:
    """Return a copy of the network, made of recorders; reject what cannot be traced."""
    if not isinstance(net, MLP):
        raise TypeError(f"net: received {shortened(net)}, expected an MLP")
    if net.replicas is not None:
        raise ValueError(
            f"net: received a network of {net.replicas} replicas, expected a single one; "
            "net.replica(k) makes one"
        )
    net._access.check_not_written("trace")
    layers = []
    for i, layer in enumerate(net.layers):
        if type(layer) is not Dense:
            raise ValueError(f"net: received {layer!r} at {i}, expected layers of type Dense only")
        if any(p.lr_factor != 1.0 for p in layer.parameters()):
            raise ValueError(f"net: received {layer!r} at {i}, expected no learning-rate factor")
        layers.append(
            Recorder(
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


class Moved:
    """Moves a network by an optimizer, and keeps the numbers of the step.

    Parameters
    ----------
    net : MLP
        The network, which is moved.
    grad : ndarray (P,)
    optimizer : Optimizer
        Its state moves too.
    """

    def __init__(self, net: MLP, grad: Array, optimizer: Optimizer) -> None:
        lr = optimizer.rate(optimizer.steps)
        if not isinstance(lr, float):
            raise TypeError(f"lr: received {shortened(lr)}, expected a number")
        start = net.theta.copy()
        before = {n: np.full_like(grad, optimizer.initial_state) for n in optimizer.state_names}
        self._before = before | {name: a.copy() for name, a in optimizer.state.items()}
        self.method = Method(optimizer, lr)
        if type(optimizer) in {kind for kind, _ in OPTIMIZERS.values()}:
            from_zero = np.zeros_like(grad)  # moved by the step itself, without rounding
            copy.deepcopy(optimizer).step(from_zero, grad)
            self._step = 0.0 - from_zero
            optimizer.step(net.theta, grad)
        else:
            optimizer.step(net.theta, grad)
            self._step = start - net.theta
        self._after = {name: array.copy() for name, array in optimizer.state.items()}
        numbered = net.copy()
        numbered.theta = np.arange(grad.size)
        self._numbers = [layer.params for layer in numbered.layers]

    def place(self, layer: int, key: str, at: Any) -> int:
        """Return where in theta a parameter is."""
        return int(self._numbers[layer][key][at])

    def rules(self, gradient: tuple[str, float], place: int) -> tuple[float, tuple[Rule, ...]]:
        """Return the step of a parameter, and how it is made."""
        before, after = (
            {name: float(array[place]) for name, array in state.items()}
            for state in (self._before, self._after)
        )
        step = float(self._step[place])
        return step, self.method.rules(gradient, before, after, step)


class Reader:
    """Reads the arrays of a network after `loss_and_grad` of one sample."""

    def __init__(self, net: MLP, layers: list[Recorder], T: Array, names: Names) -> None:
        self.loss = net.loss
        self.layers = layers
        self.T = T
        self.names = names

    def units(self, layer: int) -> Iterator[Unit]:
        """Yield the units of a layer."""
        dense, names = self.layers[layer], self.names
        dE_da = [self._derivative(layer, k) for k in range(dense.n_out)]
        J = _jacobian(dense)
        is_coupled = bool(np.count_nonzero(J) > np.count_nonzero(J.diagonal()))
        for j in range(dense.n_out):
            a, z = names.unit(layer, j), names.z(layer, j)
            da_dz = self._da_dz(layer, j, J, is_coupled)
            if dense.fused is None:
                delta = chain = self._chain(layer, j, dE_da, da_dz)
            else:
                delta = chain = self._fused(j)
                if type(dense.activation) is not Identity and dense.n_out <= _MOST_COUPLED:
                    chain = self._chain(layer, j, dE_da, da_dz)
                    chain = chain if _agree(chain, delta) else delta
            show_da_dz = is_coupled and dense.n_out <= _MOST_COUPLED and bool(chain[0].terms)
            yield Unit(
                name=a,
                z_name=z,
                layer=layer,
                index=j,
                inputs=tuple(
                    Term(
                        (names.weight(layer, i, j), names.unit(layer - 1, i)),
                        (float(dense.W[i, j]), float(dense.A_in[0, i])),
                    )
                    for i in range(dense.n_in)
                ),
                bias_name="" if dense.bias is None else names.bias(layer, j),
                bias=0.0 if dense.bias is None else float(dense.b[0 if dense.share_bias else j]),
                activation=notation.name_of(dense.activation),
                formula=notation.activation_formula(dense.activation, z),
                z=float(dense.kept_Z[0, j]),
                a=float(dense.A[0, j]),
                dE_da=dE_da[j],
                da_dz=da_dz if show_da_dz else (),
                chain=chain,
                delta=delta,
                dE_dz=float(dense.dZ[0, j]),
            )

    def _derivative(self, layer: int, j: int) -> Factor:
        """Return dE/da of unit j, from the loss or summed over the units that it feeds."""
        names, a = self.names, self.names.unit(layer, j)
        dense = self.layers[layer]
        if layer == len(self.layers) - 1:
            dE_dA = np.empty_like(dense.A)
            self.loss.gradient(dense.A, self.T, out=dE_dA)
            formula = notation.loss_derivative(self.loss, a, names.target(j), dense.n_out)
            return Factor(f"dE/d{a}", float(dE_dA[0, j]), formula if self._is_plain(j) else "")
        after = self.layers[layer + 1]
        terms = tuple(
            Term(
                (f"dE/d{names.z(layer + 1, k)}", names.weight(layer + 1, j, k)),
                (float(after.dZ[0, k]), float(after.W[j, k])),
            )
            for k in range(after.n_out)
        )
        return Factor(f"dE/d{a}", float(dense.dA[0, j]), terms=terms)

    def _fused(self, j: int) -> tuple[Factor, ...]:
        """Return dE/dz of output j where training fuses loss and activation: a - t, scaled."""
        last, layer = self.layers[-1], len(self.layers) - 1
        a, t = self.names.unit(layer, j), self.names.target(j)
        formula = f"{a} - {t}"
        if type(last.activation) is Identity:
            formula = notation.loss_derivative(self.loss, a, t, last.n_out) or formula
        return (Factor(f"dE/d{self.names.z(layer, j)}", float(last.dZ[0, j]), formula),)

    def _is_plain(self, j: int) -> bool:
        """Return whether the formulas of the loss hold for output j."""
        A = self.layers[-1].A
        return notation.has_plain_logarithm(self.loss, float(A[0, j]), A.dtype)

    def _da_dz(self, layer: int, j: int, J: Array, is_coupled: bool) -> tuple[Factor, ...]:
        """Return da/dz of unit j, or of all units by its z if they are coupled."""
        dense, names = self.layers[layer], self.names
        a, z = names.unit(layer, j), names.z(layer, j)
        if not is_coupled:
            formula = notation.activation_derivative(dense.activation, a, z)
            return (Factor(f"d{a}/d{z}", float(J[j, j]), formula),)
        units = [names.unit(layer, k) for k in range(dense.n_out)]
        return tuple(
            Factor(f"d{of}/d{z}", float(da), notation.softmax_derivative(dense.activation, a, of))
            for of, da in zip(units, J[:, j], strict=True)
        )

    def _chain(
        self, layer: int, j: int, dE_da: list[Factor], da_dz: tuple[Factor, ...]
    ) -> tuple[Factor, ...]:
        """Return dE/dz of unit j as dE/da * da/dz, a sum of these if units are coupled."""
        dense = self.layers[layer]
        if len(da_dz) == 1:
            return dE_da[j], da_dz[0]
        terms = tuple(
            Term((dE.name, da.name), (dE.value, da.value))
            for dE, da in zip(dE_da, da_dz, strict=True)
        )
        value = float(dense.dZ[0, j])
        if dense.fused is not None:
            value = sum(term.value for term in terms)
        return (Factor(f"dE/d{self.names.z(layer, j)}", value, terms=terms),)

    def errors(self, loss: float) -> Iterator[OutputError]:
        """Yield the contribution of each output to the loss, a sum or a mean of them."""
        names, layer, A = self.names, len(self.layers) - 1, self.layers[-1].A
        known = {type(make()) for make in LOSSES.values()}
        if type(self.loss) not in known or np.ndim(getattr(self.loss, "quantile", 0.0)):
            return  # it need not be made of one part for each output, all alike
        parts = self._parts()
        share = min((1.0, 1.0 / A.size), key=lambda share: abs(share * parts.sum() - loss))
        for j, part in enumerate(share * parts):
            a, t = names.unit(layer, j), names.target(j)
            formula = notation.loss_formula(self.loss, a, t, A.size)
            yield OutputError(
                name=names.error(j),
                output_name=a,
                target_name=t,
                formula=formula if self._is_plain(j) else "",
                output=float(A[0, j]),
                target=float(self.T[0, j]),
                error=float(part),
            )

    def _parts(self) -> Array:
        """Return the loss of each output, computed as if it were a row of its own."""
        last = self.layers[-1]
        A, T, parts = last.A.T.copy(), self.T.T.copy(), np.empty(last.A.size, last.A.dtype)
        if last.fused is None:
            self.loss.rows(A, T, out=parts)
        else:  # from Z, as training does
            fused = copy.copy(last.fused)
            if hasattr(fused, "logits"):
                fused.logits = fused.logits.T.copy()
            fused.rows(A, T, out=parts)
        return parts

    def updates(
        self, layer: int, units: tuple[Unit, ...], new: Layer, moved: Moved
    ) -> Iterator[Update]:
        """Yield the trained parameters of a layer; `new` is the layer after the step."""
        dense, names = self.layers[layer], self.names

        def update(name: str, i: int | None, j: int | None, factors: tuple[Factor, ...]) -> Update:
            at = (j or 0) if i is None else (i, j)
            key = "b" if i is None else "W"
            gradient = dense.grads[key][at]
            place = moved.place(layer, key, at)
            step, rules = moved.rules((f"dE/d{name}", float(gradient)), place)
            value, new_value = float(dense.params[key][at]), float(new.params[key][at])
            numbers = (value, factors, float(gradient), step, new_value, rules, moved.method.keep)
            return Update(name, layer, i, j, *numbers)

        for i in range(dense.n_in):
            for unit in units:
                (name, source), (_, a_in) = unit.inputs[i].names, unit.inputs[i].values
                last = Factor(f"d{unit.z_name}/d{name}", a_in, source)
                yield update(name, i, unit.index, (*unit.delta, last))
        if dense.bias is None or not dense.train_bias:
            return
        if dense.share_bias:
            name = names.bias(layer, 0)
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


def _jacobian(dense: Recorder) -> Array:
    """Return J[k, j] = da_k / dz_j: the activation's backward applied to unit vectors."""
    n = dense.n_out
    Z, A = dense.kept_Z.repeat(n, axis=0), dense.A.repeat(n, axis=0)
    J = np.empty_like(Z)
    dense.activation.backward(np.eye(n, dtype=Z.dtype), Z, A, out=J)
    return J


def _agree(chain: tuple[Factor, ...], delta: tuple[Factor, ...]) -> bool:
    """Return whether the chain gives delta; it does not if an output is rounded to 0."""
    product = math.prod(factor.value for factor in chain)
    largest = max((abs(term.value) for term in chain[0].terms), default=abs(product))
    return abs(product - delta[0].value) <= 1e-4 * largest
