"""Which factors a trace shows, and by which formulas."""

import re

import numpy as np
import pytest

from mlp import MLP, Dense
from mlp.core import make_activation
from mlp.studies.chain_rule import trace
from mlp.studies.examples import document_003
from tests.studies.chain_rule.traced import OwnLoss, T, X, network


@pytest.mark.parametrize(
    ("output", "loss", "formula"),
    [
        ("softmax", "cross_entropy", "o1 - t1"),
        ("sigmoid", "binary_cross_entropy", "o1 - t1"),
        ("identity", "squared_error", "o1 - t1"),
        ("identity", "mse", "o1 - t1"),  # 2 / n_out is 1 here
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
    assert first.formula == "0.5 × (o1 - t1)"
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


def test_an_elementwise_activation_gives_three_factors():
    found = trace(network("tanh", "sigmoid", "squared_error"), X, T, names={"w1": (0, 0, 0)})
    factors = found["w1"].factors
    assert [factor.name for factor in factors] == ["dE/dh1", "dh1/dz_h1", "dz_h1/dw1"]
    assert [factor.formula for factor in factors] == ["", "1 - h1 × h1", "x1"]
    h1 = found.units[0].a
    assert factors[1].value == pytest.approx(1 - h1 * h1, rel=1e-15)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "identity"])
def test_the_formula_of_a_derivative_is_what_is_computed(name):
    found = trace(network("gelu", name, "mae"), X, T, names={})
    for unit in found.units:
        if unit.activation == name:
            formula = unit.delta[1].formula.replace("×", "*")
            value = eval(formula, {unit.name: unit.a, unit.z_name: unit.z})
            assert value == pytest.approx(unit.delta[1].value, rel=1e-14)


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "squared_error"),
        ("sigmoid", "mse"),
        ("sigmoid", "mae"),
        ("sigmoid", "cross_entropy"),
        ("softmax", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
    ],
)
def test_the_formulas_of_a_loss_are_what_is_computed(output, loss):
    found = trace(network("gelu", output, loss), X, T, names={})
    names = {"sign": np.sign, "abs": abs, "log": np.log}
    for error in found.errors:
        names |= {error.output_name: error.output, error.target_name: error.target}
    rows = dict(re.findall(r"^    (E\d) += (.*?)\s*$", found.text(), flags=re.MULTILINE))
    for error in found.errors:
        formula = rows[error.name].replace("×", "*").replace("²", "**2")
        assert eval(formula, names) == pytest.approx(error.error, rel=1e-14)
    for unit in found.units:
        if unit.dE_da and unit.dE_da.formula:
            value = eval(unit.dE_da.formula.replace("×", "*"), names)
            assert value == pytest.approx(unit.dE_da.value, rel=1e-14)
    assert sum(error.error for error in found.errors) == pytest.approx(found.loss, rel=1e-14)


def test_softmax_is_told_of_all_units_of_its_layer():
    found = trace(network("tanh", "softmax", "mse"), X, T, names={})
    (formula,) = re.findall(r"^    o2 += (.*) = .*$", found.text(), flags=re.MULTILINE)
    assert formula.strip() == "exp(z_o2) / (exp(z_o1) + exp(z_o2))"
    symbols = {"exp": np.exp} | {unit.z_name: unit.z for unit in found.units}
    assert eval(formula, symbols) == pytest.approx(found.units[-1].a, rel=1e-14)


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
