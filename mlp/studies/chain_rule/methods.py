"""How an optimizer makes a step of a gradient, in the numbers of its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlp.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from mlp.studies.chain_rule.formulas import fill
from mlp.studies.chain_rule.records import Equation, Named

_Formulas = list[tuple[str, str, float]]
"""The name of each number, its formula in terms of those before it, and its value."""


@dataclass(frozen=True)
class Method:
    """An optimizer after one of its updates, and the learning rate of this update."""

    optimizer: Optimizer
    lr: float

    @property
    def name(self) -> str:
        """The name of the optimizer, and whether it has momentum."""
        one = self.optimizer
        nesterov = " Nesterov" * bool(getattr(one, "nesterov", False))
        has_momentum = isinstance(one, SGD | RMSprop) and one.momentum
        return f"{one.name} with{nesterov} momentum" if has_momentum else one.name

    @property
    def is_plain(self) -> bool:
        """Whether the step is ``lr * gradient``."""
        return type(self.optimizer) is SGD and not self.optimizer.momentum

    @property
    def decay(self) -> float:
        """The share of each parameter that weight decay takes away."""
        one = self.optimizer
        return self.lr * float(one.weight_decay) if type(one) is AdamW else 0.0

    def rules(
        self, gradient: Named, before: Mapping[str, float], after: Mapping[str, float], step: float
    ) -> tuple[Equation, ...]:
        """Return the state and the step of one parameter, each with its formula.

        Parameters
        ----------
        gradient : Named
        before, after : mapping of str to float
            The numbers of the optimizer's state.
        step : float
            What is subtracted.
        """
        if self.is_plain:
            return ()
        numbers = {**before, **self._settings()}
        known = {name: Named(name, value) for name, value in numbers.items()} | {"g": gradient}
        found = []
        for name, formula, value in self._formulas(after, step):
            found.append(Equation(Named(name, value), fill(formula, **known)))
            known[name] = found[-1].of
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

    def _formulas(self, after: Mapping[str, float], step: float) -> _Formulas:
        one = self.optimizer
        if type(one) is SGD:
            push = "({g} + {momentum} × {velocity+})" if one.nesterov else "{velocity+}"
            return [
                ("velocity+", "{momentum} × {velocity} + {g}", after["velocity"]),
                ("step", f"{{lr}} × {push}", step),
            ]
        if type(one) is Adagrad:
            return [
                ("total+", "{total} + {g} × {g}", after["total"]),
                ("step", "{lr_t} × {g} / (sqrt({total+}) + {eps})", step),
            ]
        if type(one) is RMSprop:
            return _of_rmsprop(one, after, step)
        if type(one) in (Adam, AdamW) and isinstance(one, Adam):
            m_weight, v_weight = _weights(one)
            return [
                ("m+", "{beta1} × {m} + {g}", after["m"]),
                ("v+", "{beta2} × {v} + {g} × {g}", after["v"]),
                ("m_hat", "{m+} / {m_weight}", after["m"] / m_weight),
                ("v_hat", "{v+} / {v_weight}", after["v"] / v_weight),
                ("step", "{lr} × {m_hat} / (sqrt({v_hat}) + {eps})", step),
            ]
        return [*((f"{name}+", "", value) for name, value in after.items()), ("step", "", step)]


def _weights(one: Adam) -> tuple[float, float]:
    """Return the sum of the weights of all gradients in m, and of their squares in v."""
    first, second = ((1.0 - beta**one.steps) / (1.0 - beta) for beta in map(float, one.betas))
    return first, second


def _of_rmsprop(one: RMSprop, after: Mapping[str, float], step: float) -> _Formulas:
    found, root = [("v+", "{alpha} × {v} + (1 - {alpha}) × {g} × {g}", after["v"])], "sqrt({v+})"
    if one.centered:
        found.append(("m+", "{m} + (1 - {alpha}) × ({g} - {m})", after["m"]))
        root = "sqrt(max(0, {v+} - {m+} × {m+}))"
    push = f"{{g}} / ({root} + {{eps}})"
    if one.momentum:
        found.append(("velocity+", f"{{momentum}} × {{velocity}} + {push}", after["velocity"]))
        push = "{velocity+}"
    return [*found, ("step", f"{{lr}} × {push}", step)]
