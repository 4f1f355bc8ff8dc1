"""A trace shows the very numbers of training, and its factors multiply to the gradient."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, Dropout
from mlp.core import make_activation
from mlp.studies.chain_rule import trace
from mlp.studies.examples import EXAMPLES, document_001, document_003, load_example, mazur

GOLDEN = Path(__file__).parent / "data" / "trace_mazur.txt"
X, T = [[0.3, -0.7]], [[0.2, 0.8]]
ONE_HOT = [[0.0, 1.0]]


def network(hidden, output, loss, *, dtype="float64", **settings):
    layers = [Dense(2, 3, hidden, **settings), Dense(3, 2, output, **settings)]
    net = MLP(layers, loss, dtype=dtype, seed=3)
    net.theta += 0.1  # no bias stays at zero
    return net


def trace_example(name):
    example = load_example(name)
    return trace(example.network, example.x, example.t, example.lr, names=example.weight_names)


class OwnActivation:
    """Couples the units: a_k = z_k * mean(z); the derivative needs Z."""

    def forward(self, Z, out):
        mean = Z.mean(axis=-1, keepdims=True)
        np.multiply(Z, mean, out=out)

    def backward(self, dA, Z, A, out):
        mean = Z.mean(axis=-1, keepdims=True)
        inner = (dA * Z).sum(axis=-1, keepdims=True) / Z.shape[-1]
        out[...] = dA * mean + inner


class OwnLoss:
    """The square of the sum of errors: no sum over outputs."""

    def rows(self, A, Y, out):
        out[...] = 0.5 * (A - Y).sum(axis=-1) ** 2

    def gradient(self, A, Y, out):
        out[...] = (A - Y).sum(axis=-1, keepdims=True)


NETWORKS = {
    "sigmoid, squared error": (network("sigmoid", "sigmoid", "squared_error"), T),
    "tanh, identity, squared error: canonical": (network("tanh", "identity", "squared_error"), T),
    "relu, identity, mse: canonical": (network("relu", "identity", "mse"), T),
    "gelu, softmax, cross-entropy: canonical": (network("gelu", "softmax", "cross_entropy"), T),
    "silu, sigmoid, binary cross-entropy: canonical": (
        network("silu", "sigmoid", "binary_cross_entropy"),
        T,
    ),
    "elu, softmax, squared error: the Jacobian": (network("elu", "softmax", "squared_error"), T),
    "softmax hidden, tanh, mae": (network("softmax", "tanh", "mae"), T),
    "softplus, softplus, poisson": (network("softplus", "softplus", "poisson"), T),
    "leaky relu, sigmoid, huber": (network("leaky_relu", "sigmoid", "huber"), T),
    "no bias": (network("tanh", "sigmoid", "cross_entropy", bias=False), ONE_HOT),
    "a bias that all units share": (network("tanh", "sigmoid", "mse", share_bias=True), T),
    "fixed biases": (network("tanh", "sigmoid", "mse", bias=0.3, train_bias=False), T),
    "one's own activation and loss": (network(OwnActivation(), OwnActivation(), OwnLoss()), T),
    "one layer": (MLP([Dense(2, 2, "sigmoid")], seed=0), T),
    "four layers": (MLP.from_sizes([2, 3, 4, 3, 2], "tanh", "softmax", "mse", seed=0), T),
    **{
        name: (load_example(name).network, load_example(name).t)
        for name in ("document-001", "document-003", "mazur")
    },
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS.keys())
def case(request):
    net, t = request.param
    return net.copy(), t


def test_every_gradient_is_the_one_that_training_uses(case):
    net, t = case
    found = trace(net, X, t, 0.3)
    loss = net.loss_and_grad(X, t)
    assert found.loss == loss
    assert len(found.updates) == net.theta.size
    for update in found.updates:
        layer = net.layers[update.layer]
        where = (update.j or 0) if update.i is None else (update.i, update.j)
        value, gradient = (layer.b, layer.db) if update.i is None else (layer.W, layer.dW)
        assert update.value == value[where]
        assert update.gradient == gradient[where]  # bit for bit
        assert update.step == 0.3 * update.gradient


def test_the_factors_multiply_to_the_gradient(case):
    net, t = case
    for update in trace(net, X, t).updates:
        assert update.product == pytest.approx(update.gradient, rel=1e-15, abs=1e-300)


def test_every_sum_is_that_of_its_terms(case):
    net, t = case
    found = trace(net, X, t)
    factors = [factor for unit in found.units for factor in unit.delta]
    factors += [unit.dE_da for unit in found.units if unit.dE_da]
    factors += [factor for update in found.updates for factor in update.factors]
    for factor in factors:
        if factor.terms:
            size = sum(abs(term.value) for term in factor.terms)
            total = sum(term.value for term in factor.terms)
            assert total == pytest.approx(factor.value, abs=1e-14 * size), factor.name


def test_a_hidden_unit_sums_over_all_that_it_feeds(case):
    net, t = case
    found = trace(net, X, t)
    for unit in found.units:
        if unit.layer < len(net.layers) - 1:
            after = [u for u in found.units if u.layer == unit.layer + 1]
            assert [term.values[0] for term in unit.dE_da.terms] == [u.dE_dz for u in after]
            weights = net.layers[unit.layer + 1].W[unit.index]
            assert [term.values[1] for term in unit.dE_da.terms] == weights.tolist()


def test_the_forward_pass_is_that_of_the_network(case):
    net, t = case
    found = trace(net, X, t)
    outputs = [unit.a for unit in found.units if unit.layer == len(net.layers) - 1]
    assert outputs == net.predict(X)[0].tolist()
    for layer, dense in enumerate(net.layers):
        units = [unit for unit in found.units if unit.layer == layer]
        Z = np.array([[unit.z for unit in units]])
        A = np.empty_like(Z)
        dense.activation.forward(Z, out=A)
        np.testing.assert_allclose(A[0], [unit.a for unit in units], rtol=1e-14)
        for unit in units:
            total = sum(term.value for term in unit.inputs) + unit.bias
            assert total == pytest.approx(unit.z, rel=1e-13, abs=1e-15)


def test_the_new_values_are_those_of_the_step(case):
    net, t = case
    found = trace(net, X, t, 0.3)
    net.loss_and_grad(X, t)
    net.theta -= 0.3 * net.grad
    for update in found.updates:
        layer = net.layers[update.layer]
        where = (update.j or 0) if update.i is None else (update.i, update.j)
        assert update.new_value == (layer.b if update.i is None else layer.W)[where]
    assert found.loss_after == net.evaluate(X, t)


def test_the_network_is_not_changed(case):
    net, t = case
    net.loss_and_grad(X, [[0.9, 0.1]])
    before = net.theta.copy(), net.grad.copy(), net.layers[-1].A.copy(), net.layers[-1].dZ.copy()
    trace(net, X, t)
    after = net.theta, net.grad, net.layers[-1].A, net.layers[-1].dZ
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


def test_the_text_and_the_markdown_can_always_be_written(case):
    net, t = case
    found = trace(net, X, t)
    for update in found.updates:
        assert f"{update.name}+" in found.text()
        assert f"`{update.name}+`" in found.markdown()


# Which factors there are


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


@pytest.mark.parametrize("lr", [1, np.float32(0.5), np.float64(0.1), 0.0])
def test_a_rate_is_any_number(lr):
    found = trace(network("tanh", "sigmoid", "mse"), X, T, lr)
    assert found.lr == float(lr)


def test_a_loss_that_is_no_sum_over_the_outputs_has_no_parts():
    found = trace(network("tanh", "tanh", OwnLoss()), X, T)
    assert found.errors == ()
    assert found.loss == network("tanh", "tanh", OwnLoss()).evaluate(X, T)
    assert "Targets" not in found.text()


def test_z_is_what_stands_before_the_activation_even_where_the_arrays_are_shared():
    net = network("sigmoid", "softmax", "cross_entropy")
    found = trace(net, X, T)
    Z = np.array(X) @ net.layers[0].W + net.layers[0].b
    np.testing.assert_allclose([unit.z for unit in found.units[:3]], Z[0], rtol=1e-14)
    Z = np.array([[unit.a for unit in found.units[:3]]]) @ net.layers[1].W + net.layers[1].b
    np.testing.assert_allclose([unit.z for unit in found.units[3:]], Z[0], rtol=1e-14)


def test_float32_shows_the_numbers_of_float32():
    net = network("tanh", "sigmoid", "squared_error", dtype="float32")
    found = trace(net, X, T)
    net.loss_and_grad(X, T)
    assert [update.gradient for update in found.updates if update.layer == 1][:6] == (
        net.layers[1].dW.ravel().tolist()
    )
    for update in found.updates:
        assert update.product == pytest.approx(update.gradient, rel=5e-7)


def test_a_class_label_is_a_target():
    net = network("tanh", "softmax", "cross_entropy")
    assert trace(net, X, [1]) == trace(net, X, ONE_HOT)


# The question marks of document 001


def test_document_001_is_answered():
    found = trace_example("document-001")
    new = {f"w{k}": found[f"w{k}"].new_value for k in range(1, 9)}
    expected = {
        "w1": 0.1497705604,
        "w2": 0.1997108892,
        "w3": 0.2495411209,
        "w4": 0.2994217784,
        "w5": 0.3610115113,
        "w6": 0.4602394774,
        "w7": 0.4608894658,
        "w8": 0.5602715300,
    }
    assert new == pytest.approx(expected, abs=5.1e-11)
    assert found["w5"].gradient == pytest.approx(0.0779769774, abs=5e-11)
    to_o1, to_o2 = found["w1"].factors[0].terms
    assert to_o1.names == ("dE/dz_o1", "w5")
    assert to_o2.names == ("dE/dz_o2", "w6")  # by the figure, w6 leads from h1 to the other output
    assert to_o1.value == pytest.approx(0.0535586014, abs=5e-11)
    assert [update.name for update in found.updates] == [f"w{k}" for k in range(1, 9)]


def test_document_003_shows_the_unit_that_is_off():
    example = document_003()
    found = trace(example.network, example.x, example.t, names=example.weight_names)
    off = next(unit for unit in found.units if unit.name == "h2_1")
    assert (off.z, off.a) == (pytest.approx(-0.6), 0.0)
    assert off.delta[1].formula == "1 if z_h2_1 > 0 else 0"
    assert off.delta[1].value == 0.0
    assert found["w211"].gradient == 0.0
    assert found["w211"].factors[0].value != 0.0


# Names


def test_by_default_everything_is_called_by_its_place():
    net = network("tanh", "sigmoid", "squared_error")
    found = trace(net, X, T)
    update = found["w[0][1,2]"]
    assert (update.layer, update.i, update.j) == (0, 1, 2)
    assert update.value == net.layers[0].W[1, 2]
    assert [factor.name for factor in update.factors] == [
        "dE/da[0][2]",
        "da[0][2]/dz[0][2]",
        "dz[0][2]/dw[0][1,2]",
    ]
    assert found["b[1][0]"].value == net.layers[1].b[0]
    assert found["b[1][0]"].factors[-1].value == 1.0


def test_units_of_several_hidden_layers_have_names_of_their_own():
    layers = [Dense(1, 12, "tanh"), Dense(12, 12, "tanh"), Dense(12, 1)]
    found = trace(MLP(layers, seed=0), [[1.0]], [[0.0]], names={})
    names = [unit.name for unit in found.units]
    assert len(set(names)) == 25
    assert names[10] == "h1_11"  # and not h111, which could be the first of layer 11
    assert names[12] == "h2_1"
    assert names[-1] == "o1"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_step_is_to_the_last_bit_what_was_taken_away(dtype):
    net = network("tanh", "sigmoid", "mse", dtype=dtype)
    found = trace(net, X, [[0.3, 0.1]], lr=0.3)
    number = np.dtype(dtype).type
    for update in found.updates:
        assert number(update.value) - number(update.step) == number(update.new_value)
    assert any(update.step for update in found.updates)


def test_the_module_of_the_trace_is_not_hidden_by_the_function():
    from mlp.studies import Trace, chain_rule

    assert mlp.trace is mlp.studies.trace is chain_rule.trace
    assert isinstance(trace_example("mazur"), Trace)


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(KeyError, match=r"'w9' is no trained weight.*did you mean 'w\d'"):
        trace_example("mazur")["w9"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"w1": (2, 0, 0)}, r"names: received 'w1' for \(2, 0, 0\), expected \(layer, i, j\)"),
        ({"w1": (0, -1, 0)}, r"names: received 'w1' for \(0, -1, 0\)"),
        ({"w1": (0, 0, 0), "v1": (0, 0, 0)}, "names: received 'w1' and 'v1' for"),
        ({"w1": (0, 0)}, r"names: received 'w1' for \(0, 0\), expected \(layer, i, j\)"),
        ({"w1": (0, 0.0, 0)}, r"names: received 'w1' for \(0, 0.0, 0\), expected \(layer, i, j\)"),
        ({"w1": 3}, r"names: received 'w1' for 3, expected \(layer, i, j\)"),
        (["w1"], r"names: received \['w1'\], expected a mapping"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        trace(network("tanh", "sigmoid", "mse"), X, T, names=names)


# What cannot be traced


def test_replicas_are_refused():
    net = network("tanh", "sigmoid", "mse").replicate(3)
    with pytest.raises(ValueError, match=r"a network of 3 replicas, expected a single one"):
        trace(net, X, T)
    trace(net.replica(1), X, T)


def test_other_layers_are_refused():
    net = MLP([Dense(2, 3, "tanh"), Dropout(0.5), Dense(3, 2)], seed=0)
    with pytest.raises(ValueError, match=r"received Dropout\(0.5\) at 1, expected layers of type"):
        trace(net, X, T)


def test_a_batch_is_refused():
    net = network("tanh", "sigmoid", "mse")
    with pytest.raises(ValueError, match=r"x: received 2 samples, expected one"):
        trace(net, X * 2, T)
    with pytest.raises(ValueError, match=r"X: received shape \(2,\)"):
        trace(net, X[0], T)
    with pytest.raises(ValueError, match=r"Y: received shape \(1, 1\)"):
        trace(net, X, [[0.5]])


@pytest.mark.parametrize("lr", [-0.1, float("nan"), "fast", [0.1, 0.2], lambda step: 0.1])
def test_a_rate_that_is_no_number_is_refused(lr):
    with pytest.raises((ValueError, TypeError), match="lr"):
        trace(network("tanh", "sigmoid", "mse"), X, T, lr)


# Text and Markdown


def test_the_text_of_mazur_is_as_it_was():
    assert str(trace_example("mazur")) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_of_an_example_is_80_columns_wide(name):
    lines = trace_example(name).text().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_the_values_stand_in_a_column():
    text = trace_example("mazur").text()
    places = {line.rindex(" = ") for line in text.splitlines() if re.match(" {4}.* = .* = ", line)}
    assert len(places) == 1


@pytest.mark.parametrize(("digits", "shown"), [(3, "0.298"), (17, "0.29837110876000272")])
def test_the_digits_can_be_chosen(digits, shown):
    found = trace_example("mazur")
    assert f"E falls from {shown} to " in found.text(digits)
    assert f"E falls from {shown} to " in found.markdown(digits)


def test_a_sum_shows_its_signs():
    text = trace_example("mazur").text()
    assert "= 0.138498562 × 0.4 - 0.0380982365 × 0.5 " in text
    assert "= 0.5 - 0.5 × (-0.0226025405) " in text
    net = MLP([Dense(2, 1, weights=[[-1.5], [-0.5]], bias=-0.25)])
    text = trace(net, [[2.0, -3.0]], [[-1.0]]).text()
    assert "= -1.5 × 2 - 0.5 × (-3) - 0.25 " in text
    assert "= (-1.75 - (-1))² / 2 " in text


def test_a_step_that_is_too_long_is_told():
    net = MLP([Dense(1, 1, weights=[[1.0]], bias=False)])
    assert "E rises from 0.5 to 2." in trace(net, [[1.0]], [[0.0]], lr=3.0).text()
    assert "E stays from" not in trace(net, [[1.0]], [[1.0]]).text()
    assert "E stays at 0." in trace(net, [[1.0]], [[1.0]]).text()


@pytest.mark.parametrize(("digits", "error"), [(0, ValueError), (18, ValueError), (2.5, TypeError)])
def test_digits_out_of_range_are_refused(digits, error):
    for write in (trace_example("mazur").text, trace_example("mazur").markdown):
        with pytest.raises(error, match="digits: received"):
            write(digits)


def test_the_markdown_tables_are_well_formed(case):
    net, t = case
    tables = re.findall(r"(?:^\|.*\|\n)+", trace(net, X, t).markdown(), flags=re.MULTILINE)
    assert len(tables) >= 2 + net.theta.size  # forward, error, each weight
    for table in tables:
        head, rule, *rows = table.splitlines()
        assert head == "| quantity | formula | in numbers | value |"
        assert rule == "| :-- | :-- | :-- | --: |"
        assert rows
        for row in rows:
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            assert len(cells) == 4
            assert all(re.fullmatch(r"(`[^`]+`)?", cell) for cell in cells)
            assert cells[0]
            assert cells[3]


def test_a_table_is_set_apart_by_empty_lines():
    lines = trace_example("mazur").markdown().splitlines()
    for before, line in pairwise(lines):
        if before.startswith("|") != line.startswith("|"):
            assert "" in (before, line)


def test_a_trace_is_a_record_that_cannot_be_changed():
    found = trace_example("mazur")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.loss = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found["w1"].gradient = 0.0
    assert found == trace_example("mazur")


def test_an_activation_that_needs_z_is_traced_with_it():
    assert make_activation("gelu").needs_z
    found = trace(network("gelu", "gelu", "mae"), X, T)
    for unit in found.units:
        h = 1e-6
        Z = np.array([[unit.z - h, unit.z + h]])
        A = np.empty_like(Z)
        make_activation("gelu").forward(Z, out=A)
        assert unit.delta[1].value == pytest.approx((A[0, 1] - A[0, 0]) / (2 * h), rel=1e-7)


def test_the_examples_can_be_traced_by_their_own_names():
    for make in (mazur, document_001):
        example = make()
        found = trace(example.network, example.x, example.t, names=example.weight_names)
        assert {update.name for update in found.updates} == set(example.weight_names)
