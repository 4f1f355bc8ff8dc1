"""How an optimizer makes a step of a gradient, in the numbers of its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlp.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from mlp.studies.chain_rule.records import Rule, any_name

_Formulas = list[tuple[str, str, float]]
"""The name of each number, its formula in terms of those before it, and its value."""


@dataclass(frozen=True)
class Method:
    """An optimizer after one of its updates, and the learning rate of this update."""

    optimizer: Optimizer
    lr: float

    @property
    def is_plain(self) -> bool:
        """Whether the step is ``lr * gradient``."""
        return type(self.optimizer) is SGD and not self.optimizer.momentum

    @property
    def keep(self) -> float:
        """The factor of each parameter before the step: below 1 with weight decay."""
        one = self.optimizer
        return 1.0 - self.lr * float(one.weight_decay) if type(one) is AdamW else 1.0

    def rules(
        self,
        gradient: tuple[str, float],
        before: Mapping[str, float],
        after: Mapping[str, float],
        step: float,
    ) -> tuple[Rule, ...]:
        """Return the state and the step of one parameter, each with its formula.

        Parameters
        ----------
        gradient : (str, float)
            Its name and value.
        before, after : mapping of str to float
            The numbers of the optimizer's state.
        step : float
            What is subtracted.
        """
        if self.is_plain:
            return ()
        known = {gradient[0]: gradient[1], **before, **self._settings()}
        found = []
        for name, formula, value in self._formulas(gradient[0], after, step):
            found.append(Rule(name, formula, _parts(formula, known), value))
            known[name] = value
        return tuple(found)

    def _settings(self) -> dict[str, float]:
        """Return the numbers of the optimizer by their names in the formulas."""
        one, found = self.optimizer, {"lr": self.lr}
        if isinstance(one, SGD | RMSprop):
            found["momentum"] = float(one.momentum)
        if isinstance(one, RMSprop):
            found["alpha"] = float(one.alpha)
        if isinstance(one, RMSprop | Adagrad | Adam):
            found["eps"] = float(one.eps)
        if isinstance(one, Adagrad):
            found["lr_t"] = self.lr / (1.0 + (one.steps - 1) * float(one.lr_decay))
        if isinstance(one, Adam):
            found["beta1"], found["beta2"] = map(float, one.betas)
            found["m_weight"], found["v_weight"] = _weights(one)
        return found

    def _formulas(self, g: str, after: Mapping[str, float], step: float) -> _Formulas:
        one = self.optimizer
        if type(one) is SGD:
            push = f"({g} + momentum × velocity+)" if one.nesterov else "velocity+"
            return [
                ("velocity+", f"momentum × velocity + {g}", after["velocity"]),
                ("step", f"lr × {push}", step),
            ]
        if type(one) is Adagrad:
            return [
                ("total+", f"total + {g} × {g}", after["total"]),
                ("step", f"lr_t × {g} / (sqrt(total+) + eps)", step),
            ]
        if type(one) is RMSprop:
            return _of_rmsprop(one, g, after, step)
        if type(one) in (Adam, AdamW) and isinstance(one, Adam):
            m_weight, v_weight = _weights(one)
            return [
                ("m+", f"beta1 × m + {g}", after["m"]),
                ("v+", f"beta2 × v + {g} × {g}", after["v"]),
                ("m_hat", "m+ / m_weight", after["m"] / m_weight),
                ("v_hat", "v+ / v_weight", after["v"] / v_weight),
                ("step", "lr × m_hat / (sqrt(v_hat) + eps)", step),
            ]
        return [*((f"{name}+", "", value) for name, value in after.items()), ("step", "", step)]


def _weights(one: Adam) -> tuple[float, float]:
    """Return the sum of the weights of all gradients in m, and of their squares in v."""
    first, second = ((1.0 - beta**one.steps) / (1.0 - beta) for beta in map(float, one.betas))
    return first, second


def _of_rmsprop(one: RMSprop, g: str, after: Mapping[str, float], step: float) -> _Formulas:
    found, root = [("v+", f"alpha × v + (1 - alpha) × {g} × {g}", after["v"])], "sqrt(v+)"
    if one.centered:
        found.append(("m+", f"m + (1 - alpha) × ({g} - m)", after["m"]))
        root = "sqrt(max(0, v+ - m+ × m+))"
    push = f"{g} / ({root} + eps)"
    if one.momentum:
        found.append(("velocity+", f"momentum × velocity + {push}", after["velocity"]))
        push = "velocity+"
    return [*found, ("step", f"lr × {push}", step)]


def _parts(formula: str, known: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the names in a formula with their values, the longest first."""
    names = sorted(known, key=len, reverse=True)
    found = set(any_name(names).findall(formula))
    return tuple((name, known[name]) for name in names if name in found)
