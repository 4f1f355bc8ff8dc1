"""The notation of a trace: the names of its numbers, its formulas, and the symbols in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlp._names import printable
from mlp.core import ACTIVATIONS, LOSSES, Dense
from mlp.studies.chain_rule.records import Step

_ACTIVATIONS = {
    "identity": "{z}",
    "sigmoid": "1 / (1 + exp(-{z}))",
    "tanh": "tanh({z})",
    "relu": "max(0, {z})",
    "leaky_relu": "max({z}, {slope} × {z})",
    "elu": "{z} if {z} > 0 else {alpha} × (exp({z}) - 1)",
    "selu": "1.05070099 × {z} if {z} > 0 else 1.75809934 × (exp({z}) - 1)",
    "gelu": "{z} × Φ({z})",
    "gelu_tanh": "{z} × sigmoid(1.59576912 × ({z} + 0.044715 × {z} × {z} × {z}))",
    "silu": "{z} / (1 + exp(-{z}))",
    "mish": "{z} × tanh(log(1 + exp({z})))",
    "softplus": "log(1 + exp({z}))",
}
_ACTIVATION_DERIVATIVES = {
    "identity": "1",
    "sigmoid": "{a} × (1 - {a})",
    "tanh": "1 - {a} × {a}",
    "relu": "1 if {z} > 0 else 0",
    "leaky_relu": "1 if {z} > 0 else {slope}",
    "elu": "1 if {z} > 0 else {a} + {alpha}",
    "selu": "1.05070099 if {z} > 0 else {a} + 1.75809934",
    "gelu": "Φ({z}) + {z} × φ({z})",
    "silu": "sigmoid({z}) + {a} × (1 - sigmoid({z}))",
    "mish": ("tanh(log(1 + exp({z}))) + {z} × sigmoid({z}) × (1 - tanh(log(1 + exp({z})))²)"),
    "softplus": "1 / (1 + exp(-{z}))",
}
_LOSSES = {
    "squared_error": "({a} - {t})² / 2",
    "mse": "({a} - {t})² / {n}",
    "mae": "abs({a} - {t}) / {n}",
    "huber": (
        "min(abs({a} - {t}), {delta}) × (abs({a} - {t}) - min(abs({a} - {t}), {delta}) / 2) / {n}"
    ),
    "pinball": "max({quantile} × ({t} - {a}), ({quantile} - 1) × ({t} - {a})) / {n}",
    "cross_entropy": "-{t} × log({a})",
    "binary_cross_entropy": "-{t} × log({a}) - (1 - {t}) × log(1 - {a})",
    "poisson": "({a} - {t} × log(max({a}, 0) + 1e-08)) / {n}",
}
_LOSS_DERIVATIVES = {
    "squared_error": "{a} - {t}",
    "mse": "2 × ({a} - {t}) / {n}",
    "mae": "sign({a} - {t}) / {n}",
    "huber": "max(-{delta}, min({delta}, {a} - {t})) / {n}",
    "pinball": "(sign({a} - {t}) / 2 + 0.5 - {quantile}) / {n}",
    "cross_entropy": "-{t} / {a}",
    "binary_cross_entropy": "(1 - {t}) / (1 - {a}) - {t} / {a}",
}
_BY_PLACE = re.compile(r"([A-Za-z])\[(\d+)\](?:\[([\d,]+)\])?(\+?)")
_IN_TEXTBOOKS = re.compile(r"([A-Za-z])_?([A-Za-z]?\d+(?:_\d+)?)(\+?)")
_LAYERS = "abwz"  # a single index after one of these is a layer, after others a unit


class Names:
    """The names of the inputs, units and parameters of a network of dense layers.

    Parameters
    ----------
    layers : sequence of Dense
    weight_names : mapping of str to (layer, i, j), optional
        Names for ``layers[layer].W[i, j]``. With it, units have textbook names: x1, h1, o1, and
        h2_1 in the second of several hidden layers. Without, everything is named by its place:
        ``w[0][1,2]`` is ``layers[0].W[1, 2]``.

    Raises
    ------
    ValueError
        If a weight does not exist or has two names.

    Examples
    --------
    >>> layers = [Dense(2, 3, "sigmoid"), Dense(3, 1)]
    >>> places = Names(layers)
    >>> places.weight(0, 1, 2), places.unit(0, 2), places.bias(1, 0)
    ('w[0][1,2]', 'a[0][2]', 'b[1][0]')
    >>> names = Names(layers, {"w1": (0, 0, 0)})
    >>> names.weight(0, 0, 0), names.unit(0, 2), names.unit(1, 0)
    ('w1', 'h3', 'o1')
    """

    def __init__(
        self,
        layers: Sequence[Dense],
        weight_names: Mapping[str, tuple[int, int, int]] | None = None,
    ) -> None:
        self._layers = layers
        self._by_place = weight_names is None
        self._weights: dict[tuple[int, int, int], str] = {}
        if not isinstance(weight_names, Mapping | None):
            raise TypeError(
                f"names: received {weight_names!r}, expected a mapping of str to (layer, i, j)"
            )
        for name, place in (weight_names or {}).items():
            self._add(name, place)

    def _add(self, name: str, place: tuple[int, int, int]) -> None:
        sizes = [(dense.n_in, dense.n_out) for dense in self._layers]
        if not _is_place(place, sizes):
            raise ValueError(
                f"names: received {name!r} for {place}, expected (layer, i, j) of a weight; "
                f"the layers have the shapes {sizes}"
            )
        if place in self._weights:
            raise ValueError(
                f"names: received {self._weights[place]!r} and {name!r} for {place}, expected one"
            )
        self._weights[place] = name

    def input(self, i: int) -> str:
        """Return the name of input i."""
        return f"x[{i}]" if self._by_place else f"x{i + 1}"

    def unit(self, layer: int, j: int) -> str:
        """Return the name of the output of unit j; layer -1 holds the inputs."""
        if layer < 0:
            return self.input(j)
        if self._by_place:
            return f"a[{layer}][{j}]"
        if layer == len(self._layers) - 1:
            return f"o{j + 1}"
        return f"h{j + 1}" if len(self._layers) == 2 else f"h{layer + 1}_{j + 1}"

    def z(self, layer: int, j: int) -> str:
        """Return the name of the weighted sum of unit j."""
        return f"z[{layer}][{j}]" if self._by_place else f"z_{self.unit(layer, j)}"

    def weight(self, layer: int, i: int, j: int) -> str:
        """Return the name of ``W[i, j]``."""
        return self._weights.get((layer, i, j), f"w[{layer}][{i},{j}]")

    def bias(self, layer: int, j: int) -> str:
        """Return the name of the bias of unit j, or of the shared bias."""
        if self._layers[layer].share_bias:
            return f"b[{layer}]" if self._by_place else f"b{layer + 1}"
        return f"b[{layer}][{j}]" if self._by_place else f"b_{self.unit(layer, j)}"

    def target(self, j: int) -> str:
        """Return the name of target j."""
        return f"t[{j}]" if self._by_place else f"t{j + 1}"

    def error(self, j: int) -> str:
        """Return the name of output j's contribution to the loss."""
        return f"E[{j}]" if self._by_place else f"E{j + 1}"


def _is_place(place: object, sizes: Sequence[tuple[int, int]]) -> bool:
    """Return whether `place` is (layer, i, j) of a weight in layers of these sizes."""
    if not isinstance(place, tuple) or len(place) != 3:
        return False
    if not all(isinstance(number, int) for number in place):
        return False
    layer, i, j = place
    n_in, n_out = sizes[layer] if 0 <= layer < len(sizes) else (0, 0)
    return bool(0 <= i < n_in and 0 <= j < n_out)


def activation_formula(function: object, z: str) -> str:
    """Return the formula of an activation of z, empty if it takes more than a line.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> activation_formula(make_activation("elu"), "z_h1")
    'z_h1 if z_h1 > 0 else 1 × (exp(z_h1) - 1)'
    """
    return _filled(_ACTIVATIONS, _config(function, ACTIVATIONS), z=z)


def activation_derivative(function: object, a: str, z: str) -> str:
    """Return da/dz in terms of a and z.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> activation_derivative(make_activation("sigmoid"), "h1", "z_h1")
    'h1 × (1 - h1)'
    """
    return _filled(_ACTIVATION_DERIVATIVES, _config(function, ACTIVATIONS), a=a, z=z)


def softmax_derivative(function: object, a: str, of: str) -> str:
    """Return the derivative of the softmax output `of` by the z of the output `a`.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> softmax = make_activation("softmax")
    >>> softmax_derivative(softmax, "o1", "o1"), softmax_derivative(softmax, "o1", "o2")
    ('o1 × (1 - o1)', '-o2 × o1')
    """
    if _config(function, ACTIVATIONS).get("name") != "softmax":
        return ""
    return f"{a} × (1 - {a})" if of == a else f"-{of} × {a}"


def loss_formula(loss: object, a: str, t: str, n: int) -> str:
    """Return the contribution of one of n outputs to the loss, in terms of output and target.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss_formula(make_loss("mse"), "o1", "t1", 2)
    '(o1 - t1)² / 2'
    """
    return _filled(_LOSSES, _config(loss, LOSSES), a=a, t=t, n=n)


def loss_derivative(loss: object, a: str, t: str, n: int) -> str:
    """Return dE/da in terms of output and target, for n outputs.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss_derivative(make_loss("mse"), "o1", "t1", 2)
    '2 × (o1 - t1) / 2'
    """
    return _filled(_LOSS_DERIVATIVES, _config(loss, LOSSES), a=a, t=t, n=n)


def has_plain_logarithm(loss: object, output: float, dtype: np.dtype[Any]) -> bool:
    """Return whether the formulas of a loss hold for an output.

    They do not where the loss replaces its logarithm: for an output close to 0 and, if the loss
    contains ``log(1 - a)``, close to 1.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss, dtype = make_loss("binary_cross_entropy"), np.dtype("float64")
    >>> has_plain_logarithm(loss, 0.5, dtype), has_plain_logarithm(loss, 1.0, dtype)
    (True, False)
    """
    name = _config(loss, LOSSES).get("name")
    above_0 = output > (1e-19 if dtype == np.float32 else 1e-154)
    return {
        "cross_entropy": above_0,
        "binary_cross_entropy": above_0 and output < 1.0,
    }.get(str(name), True)


def name_of(part: object) -> str:
    """Return the name of an activation or a loss, by default that of its class."""
    return str(getattr(part, "name", type(part).__name__))


def _filled(formulas: Mapping[str, str], config: Mapping[str, Any], **names: object) -> str:
    return formulas.get(config.get("name", ""), "").format(**config, **names)


def _config(part: Any, registry: Mapping[str, Callable[[], Any]]) -> Mapping[str, Any]:
    """Return the name and the settings of a built-in activation or loss, else nothing."""
    make = registry.get(getattr(part, "name", ""))
    if make is None or type(part) is not type(make()):
        return {}
    config = part.config()
    if any(isinstance(value, list) for value in config.values()):
        return {}  # each output has its own formula
    return {key: str(value).removesuffix(".0") for key, value in config.items()}


@dataclass(frozen=True)
class Symbol:
    """A name with its indices.

    Attributes
    ----------
    base : str
        The letter, or the whole name if it is not a letter with an index.
    sub, sup : str
        Subscript and superscript, which may be empty.
    """

    base: str
    sub: str = ""
    sup: str = ""


@dataclass(frozen=True)
class Derivative:
    """``d top / d bottom``."""

    top: Symbol
    bottom: Symbol


@dataclass(frozen=True)
class Number:
    """A number in text: ``1.5``, ``2e-07``, ``inf``."""

    text: str


Token = Symbol | Derivative | Number | str
"""A string holds signs, spaces and words such as ``exp``."""


def symbol(name: str) -> Symbol:
    """Return the symbol of a name.

    Examples
    --------
    >>> symbol("w5"), symbol("z_o1")
    (Symbol(base='w', sub='5', sup=''), Symbol(base='z', sub='o1', sup=''))
    >>> symbol("w[0][1,2]"), symbol("w5+")
    (Symbol(base='w', sub='1,2', sup='(0)'), Symbol(base='w', sub='5', sup='+'))
    """
    if found := _BY_PLACE.fullmatch(name):
        base, first, second, plus = found.groups()
        if second is None and base not in _LAYERS:
            return Symbol(base, first, plus)
        return Symbol(base, second or "", f"({first}){plus}")
    if found := _IN_TEXTBOOKS.fullmatch(name):
        base, index, plus = found.groups()
        return Symbol(base, index.replace("_", ","), plus)
    return Symbol(name.removesuffix("+"), "", "+" * name.endswith("+"))


class Symbols:
    """Splits the formulas of a trace into symbols.

    Parameters
    ----------
    trace : Step

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[0.5]], bias=False)])
    >>> symbols = Symbols(mlp.trace(net, [[2.0]], [[0.0]], names={"w1": (0, 0, 0)}))
    >>> list(symbols.tokens("o1 × 1e-05"))
    [Symbol(base='o', sub='1', sup=''), ' × ', Number(text='1e-05')]
    >>> list(symbols.tokens("dE/dw1"))[0].bottom
    Symbol(base='w', sub='1', sup='')
    """

    def __init__(self, trace: Step) -> None:
        names = {"E", "w", *(name for name, _ in trace.inputs)}
        for unit in trace.units:
            names |= {unit.name, unit.z_name, unit.bias_name}
            names |= {term.names[0] for term in unit.inputs}
        for error in trace.errors:
            names |= {error.name, error.target_name}
        written = {printable(name) for name in names - {""}}
        known = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
        self._pattern = re.compile(
            rf"d(?P<top>{known})/d(?P<bottom>{known})(?!\w)"
            rf"|(?P<name>(?<!\w)(?:{known})(?![\w\[])\+?)"
            r"|(?P<number>(?:(?<=[(])-|(?<== )-)?"  # a sign, not a minus
            r"(?:(?<![\w.])\d+(?:\.\d+)?(?:e[+-]\d+)?(?!\w)|\b(?:inf|nan)\b))"
        )

    def tokens(self, formula: str) -> Iterator[Token]:
        """Yield the tokens of a formula, with strings for all that is neither name nor number."""
        end = 0
        for found in self._pattern.finditer(formula):
            if found.start() > end:
                yield formula[end : found.start()]
            end = found.end()
            if found["top"] is not None:
                yield Derivative(symbol(found["top"]), symbol(found["bottom"]))
            elif found["number"] is not None:
                yield Number(found["number"])
            else:
                yield symbol(found["name"])
        if end < len(formula):
            yield formula[end:]
