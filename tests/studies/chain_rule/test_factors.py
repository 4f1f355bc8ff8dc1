"""Which factors a trace shows, and by which formulas."""

import math
import re

import numpy as np
import pytest

from mlp import MLP, Dense
from mlp.core import ACTIVATIONS, make_activation
from mlp.core.activations import ELU, LeakyReLU
from mlp.studies.chain_rule import trace
from mlp.studies.chain_rule.rows import sections_of
from mlp.studies.examples import document_001, document_003
from tests.studies.chain_rule.traced import ONE_HOT, OwnActivation, OwnLoss, T, X, network

FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sign": np.sign,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "Φ": lambda z: (1 + math.erf(z / math.sqrt(2))) / 2,
    "φ": lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
}


def evaluated(formula, values):
    return eval(formula.replace("×", "*").replace("²", "**2"), FUNCTIONS | values)


def assert_rows_hold(found):
    """The numbers of every row come to its value."""
    _, sections = sections_of(found, 17)
    rows = [row for section in sections for table in section.tables for row in table.rows]
    for row in rows:
        if row.numbers:
            value = evaluated(row.numbers.replace("\n", " "), {})
            assert value == pytest.approx(float(row.value), rel=1e-7, abs=1e-12), row


@pytest.mark.parametrize(
    ("output", "loss", "formula"),
    [
        ("softmax", "cross_entropy", "o1 - t1"),
        ("sigmoid", "binary_cross_entropy", "o1 - t1"),
        ("identity", "squared_error", "o1 - t1"),
        ("identity", "mse", "2 × (o1 - t1) / 2"),
    ],
)
def test_a_canonical_pair_gives_one_factor(output, loss, formula):
    net = network("tanh", output, loss)
    found = trace(net, X, T, names={"w5": (1, 0, 0)})
    factors = found["w5"].factors
    assert [factor.name for factor in factors] == ["dE/dz_o1", "dz_o1/dw5"]
    assert factors[0].formula == formula
    assert factors[0].value == net.predict(X)[0, 0] - T[0][0]


def test_the_number_before_a_canonical_difference_is_shown():
    net = MLP([Dense(2, 4)], "mse", seed=0)
    found = trace(net, X, [[0.0, 0.0, 0.0, 0.0]], names={"w1": (0, 0, 0)})
    first = found["w1"].factors[0]
    assert first.formula == "2 × (o1 - t1) / 4"
    assert first.value == 0.5 * found.units[0].a


def test_softmax_with_another_loss_gives_the_jacobian():
    net = network("tanh", "softmax", "squared_error")
    found = trace(net, X, T, names={"w5": (1, 0, 0)})
    first, last = found["w5"].factors
    assert (first.name, last.name) == ("dE/dz_o1", "dz_o1/dw5")
    assert [term.names for term in first.terms] == [
        ("dE/do1", "do1/dz_o1"),
        ("dE/do2", "do2/dz_o1"),
    ]
    o1, o2 = net.predict(X)[0]
    derivatives = [term.values[1] for term in first.terms]
    np.testing.assert_allclose(derivatives, [o1 * (1 - o1), -o1 * o2], rtol=1e-14)
    assert "dE/do2" in found.text()


@pytest.mark.parametrize(
    ("output", "loss", "t"),
    [("softmax", "cross_entropy", ONE_HOT), ("sigmoid", "binary_cross_entropy", T)],
)
def test_a_canonical_pair_shows_how_the_chain_comes_to_it(output, loss, t):
    found = trace(network("tanh", output, loss), X, t, names={})
    units = found.units[3:]
    for unit in units:
        (fused,) = unit.delta
        assert math.prod(factor.value for factor in unit.chain) == pytest.approx(fused.value)
    if output == "sigmoid":
        assert [factor.name for factor in units[0].chain] == ["dE/do1", "do1/dz_o1"]
        return
    names = [("dE/do1", "do1/dz_o1"), ("dE/do2", "do2/dz_o1")]
    assert [term.names for term in units[0].chain[0].terms] == names
    known = {unit.name: unit.a for unit in units}
    for unit in units:
        for factor in unit.da_dz:
            assert evaluated(factor.formula, known) == pytest.approx(factor.value, rel=1e-14)
    text = found.text()
    assert text.count("dE/dz_o1  ") == 2  # by the chain, and what training computes


@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
@pytest.mark.parametrize("scale", [1.0, 0.0, 3.0])
def test_the_numbers_of_every_row_come_to_its_value(hidden, scale):
    for output, loss, t in (
        ("softmax", "cross_entropy", ONE_HOT),
        ("sigmoid", "binary_cross_entropy", T),
        ("softmax", "binary_cross_entropy", T),
        ("sigmoid", "cross_entropy", ONE_HOT),
        ("softplus", "poisson", T),
        ("gelu_tanh", "huber", T),
        ("identity", "mse", T),
        ("leaky_relu", "squared_error", T),
        ("tanh", "mae", T),
    ):
        net = network(hidden, output, loss)
        net.theta *= scale
        assert_rows_hold(trace(net, X, t))


def test_a_third_is_shown_to_the_last_digit():
    layers = [Dense(1, 3, LeakyReLU(1 / 3), weights=[[-1.0, 1.0, 2.0]])]
    assert_rows_hold(trace(MLP(layers, "mse"), [1.0], [0.0, 0.5, 1.0]))


@pytest.mark.parametrize(
    ("output", "loss", "t"),
    [
        ("sigmoid", "binary_cross_entropy", [1.0, 0.0]),
        ("softmax", "cross_entropy", [1.0, 0.0]),
        ("softmax", "binary_cross_entropy", [1.0, 0.0]),
        ("sigmoid", "cross_entropy", [1.0, 0.0]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("z", [5.0, 40.0, -40.0, 800.0, -800.0])
def test_outputs_close_to_0_and_1_have_parts_and_no_formula_that_fails(output, loss, t, dtype, z):
    layers = [Dense(1, 2, output, weights=[[z, -z]], bias=False)]
    found = trace(MLP(layers, loss, dtype=dtype), [1.0], t, names={})
    assert [error.target for error in found.errors] == t
    assert sum(error.error for error in found.errors) == pytest.approx(found.loss, rel=1e-5)
    text = found.text()
    assert "Targets: t1 = 1, t2 = 0." in text
    _, sections = sections_of(found, 9)
    rows = [row for section in sections for table in section.tables for row in table.rows]
    numbers = [row.numbers for row in rows]
    assert not [line for line in numbers if re.search(r"[a-z]_?[a-z]?\d", line)]  # a name
    assert not [line for line in numbers if "log(0)" in line or "log(1 - 1)" in line]


def test_of_many_outputs_the_trace_shows_what_training_computes():
    net = MLP.from_sizes([3, 17], "relu", "softmax", "cross_entropy", seed=0)
    found = trace(net, [1.0, 2.0, 3.0], [1.0] + [0.0] * 16)
    assert all(unit.chain == unit.delta and unit.da_dz == () for unit in found.units)
    mse = MLP.from_sizes([3, 17], "relu", "softmax", "mse", seed=0)
    found = trace(mse, [1.0, 2.0, 3.0], [1.0] + [0.0] * 16)
    assert all(len(unit.chain[0].terms) == 17 and unit.da_dz == () for unit in found.units)


def test_where_an_output_is_rounded_to_zero_only_what_training_uses_is_shown():
    net = MLP([Dense(1, 2, "softmax", weights=[[-2000.0, 0.0]], bias=False)], "cross_entropy")
    found = trace(net, [1.0], [1.0, 0.0], names={})
    assert [unit.a for unit in found.units] == [0.0, 1.0]
    for unit, dE_dz in zip(found.units, (-1.0, 1.0), strict=True):
        assert unit.chain == unit.delta
        assert (unit.dE_dz, unit.da_dz) == (dE_dz, ())


def test_document_001_has_both_terms_of_what_its_hidden_units_are_given():
    example = document_001()
    found = trace(example.network, example.x, example.t, example.lr, names=example.weight_names)
    dE_dh1 = found["w1"].factors[0]
    assert [term.names for term in dE_dh1.terms] == [("dE/dz_o1", "w5"), ("dE/dz_o2", "w6")]
    (y1, y2), (t1, t2) = (0.7729496792, 0.7830229097), (0.01, 0.99)
    first, second = (y1 - t1) * y1 * (1 - y1) * 0.40, (y2 - t2) * y2 * (1 - y2) * 0.45
    assert dE_dh1.terms[0].value == pytest.approx(first, rel=1e-8)
    assert dE_dh1.terms[1].value == pytest.approx(second, rel=1e-8)
    assert dE_dh1.value == pytest.approx(first + second, rel=1e-8)
    h1 = 0.5823675407
    assert found["w1"].gradient == pytest.approx((first + second) * h1 * (1 - h1) * 0.05, rel=1e-8)


def test_an_elementwise_activation_gives_three_factors():
    found = trace(network("tanh", "sigmoid", "squared_error"), X, T, names={"w1": (0, 0, 0)})
    factors = found["w1"].factors
    assert [factor.name for factor in factors] == ["dE/dh1", "dh1/dz_h1", "dz_h1/dw1"]
    assert [factor.formula for factor in factors] == ["", "1 - h1 × h1", "x1"]
    h1 = found.units[0].a
    assert factors[1].value == pytest.approx(1 - h1 * h1, rel=1e-15)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"softmax"}))
@pytest.mark.parametrize("shift", [-0.4, 0.4])
def test_the_formulas_of_an_activation_are_what_is_computed(name, shift):
    net = network("tanh", name, "mae")
    net.layers[1].b[:] += shift
    found = trace(net, X, T, names={})
    for unit in found.units[3:]:
        known = {unit.name: unit.a, unit.z_name: unit.z}
        assert evaluated(unit.formula, known) == pytest.approx(unit.a, rel=1e-8)
        if name != "gelu_tanh":  # there is no short way to say
            value = evaluated(unit.delta[1].formula, known)
            rel = 1e-8 if name == "selu" else 1e-13  # its constants are shown with nine digits
            assert value == pytest.approx(unit.delta[1].value, rel=rel)


@pytest.mark.parametrize("setting", [LeakyReLU(0.3), ELU(0.3)])
def test_the_formulas_have_the_settings_of_the_activation(setting):
    net = MLP([Dense(1, 1, setting, weights=[[-1.0]], bias=False)])
    (unit,) = trace(net, [2.0], [0.0], names={}).units
    known = {unit.name: unit.a, unit.z_name: unit.z}
    assert evaluated(unit.formula, known) == pytest.approx(unit.a, rel=1e-14)
    derivative = evaluated(unit.delta[1].formula, known)
    assert derivative == pytest.approx(unit.delta[1].value, rel=1e-14)


def test_what_only_has_the_name_of_an_activation_gets_no_formula():
    class Other(OwnActivation):
        name = "sigmoid"

    (first, *_) = trace(network(Other(), "identity", "mse"), X, T).units
    assert (first.activation, first.formula) == ("sigmoid", "")


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "squared_error"),
        ("sigmoid", "mse"),
        ("sigmoid", "mae"),
        ("sigmoid", "cross_entropy"),
        ("softmax", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
        ("softplus", "huber"),
        ("softplus", "poisson"),
    ],
)
def test_the_formulas_of_a_loss_are_what_is_computed(output, loss):
    found = trace(network("gelu", output, loss), X, T, names={})
    names = {}
    for error in found.errors:
        names |= {error.output_name: error.output, error.target_name: error.target}
    for error in found.errors:
        assert evaluated(error.formula, names) == pytest.approx(error.error, rel=1e-14)
    for unit in found.units:
        if unit.dE_da.formula:
            value = evaluated(unit.dE_da.formula, names)
            assert value == pytest.approx(unit.dE_da.value, rel=1e-14)
    assert sum(error.error for error in found.errors) == pytest.approx(found.loss, rel=1e-14)


def test_softmax_is_told_of_all_units_of_its_layer():
    found = trace(network("tanh", "softmax", "mse"), X, T, names={})
    (formula,) = re.findall(r"^    o2 += (.*)$", found.text(), flags=re.MULTILINE)
    assert formula.strip() == "exp(z_o2) / (exp(z_o1) + exp(z_o2))"
    known = {unit.z_name: unit.z for unit in found.units}
    assert evaluated(formula, known) == pytest.approx(found.units[-1].a, rel=1e-14)


def test_a_loss_that_is_no_sum_over_the_outputs_has_no_parts():
    found = trace(network("tanh", "tanh", OwnLoss()), X, T)
    assert found.errors == ()
    assert found.loss == network("tanh", "tanh", OwnLoss()).evaluate(X, T)
    assert "Targets" not in found.text()


def test_document_003_shows_the_unit_that_is_off():
    example = document_003()
    found = trace(example.network, example.x, example.t, names=example.weight_names)
    off = next(unit for unit in found.units if unit.name == "h2_1")
    assert (off.z, off.a) == (pytest.approx(-0.6), 0.0)
    assert off.delta[1].formula == "1 if z_h2_1 > 0 else 0"
    assert off.delta[1].value == 0.0
    assert found["w211"].gradient == 0.0
    assert found["w211"].factors[0].value != 0.0


def test_an_activation_that_needs_z_is_traced_with_it():
    assert make_activation("gelu").needs_z
    found = trace(network("gelu", "gelu", "mae"), X, T)
    for unit in found.units:
        h = 1e-6
        Z = np.array([[unit.z - h, unit.z + h]])
        A = np.empty_like(Z)
        make_activation("gelu").forward(Z, out=A)
        assert unit.delta[1].value == pytest.approx((A[0, 1] - A[0, 0]) / (2 * h), rel=1e-7)
