"""A trace shows the very numbers of training, and its factors multiply to the gradient."""

import copy
import dataclasses
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import mlp
from mlp import SGD, Adam, Trainer
from mlp.optim import Adagrad, AdamW, RMSprop
from mlp.studies.chain_rule import trace
from mlp.studies.examples import load_example
from tests.studies.chain_rule.traced import ONE_HOT, T, X, network, trace_example


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


@pytest.mark.parametrize("lr", [1, np.float32(0.5), np.float64(0.1), 0.0])
def test_a_rate_is_any_number(lr):
    found = trace(network("tanh", "sigmoid", "mse"), X, T, lr)
    assert found.lr == float(lr)


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


# What cannot be traced


def test_replicas_are_refused():
    net = network("tanh", "sigmoid", "mse").replicate(3)
    with pytest.raises(ValueError, match=r"a network of 3 replicas, expected a single one"):
        trace(net, X, T)
    trace(net.replica(1), X, T)


def test_rows_without_targets_of_their_own_are_refused():
    net = network("tanh", "sigmoid", "mse")
    with pytest.raises(ValueError, match=r"Y: received shape \(1, 2\) of float64, expected \(2, 2"):
        trace(net, X * 2, T)
    with pytest.raises(ValueError, match=r"Y: received shape \(1, 1\)"):
        trace(net, X, [[0.5]])


def test_a_sample_and_its_target_can_be_vectors():
    net = network("tanh", "sigmoid", "mse")
    assert trace(net, X[0], T[0]) == trace(net, X, T)
    net = network("tanh", "softmax", "cross_entropy")
    assert trace(net, X[0], ONE_HOT[0]) == trace(net, X, [1]) == trace(net, X, np.array([1]))


def test_several_steps_are_those_of_training():
    net = network("tanh", "sigmoid", "mse")
    steps = trace(net, X, T, 0.7, steps=4)
    trained = net.copy()
    for number, step in enumerate(steps, 1):
        assert step.step == number
        assert step.loss == trained.evaluate(X, T)
        Trainer(trained, SGD(0.7), batch_size=None).fit(X, T, epochs=1)
        assert [update.new_value for update in step.updates] == in_order(trained)
    assert trace(net, X, T, 0.7).step is None
    assert trace(net, X, T, 0.7).updates == steps[0].updates


def in_order(net):
    """The parameters layer by layer, as a trace names them."""
    return [value for layer in net.layers for value in (*layer.W.ravel().tolist(), *layer.b)]


@pytest.mark.parametrize("steps", [0, -1, 1.5, "many"])
def test_a_number_of_steps_that_is_no_count_is_refused(steps):
    with pytest.raises((ValueError, TypeError), match="steps: received"):
        trace(network("tanh", "sigmoid", "mse"), X, T, steps=steps)


@pytest.mark.parametrize("lr", [-0.1, float("nan"), "fast", [0.1, 0.2], lambda step: 0.1])
def test_a_rate_that_is_no_number_is_refused(lr):
    with pytest.raises((ValueError, TypeError), match="lr"):
        trace(network("tanh", "sigmoid", "mse"), X, T, lr)


def test_a_trace_is_a_record_that_cannot_be_changed():
    found = trace_example("mazur")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.loss = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found["w1"].gradient = 0.0
    assert found == trace_example("mazur")


def test_traces_are_short_in_a_terminal_and_a_table_in_a_notebook():
    found = trace(network("tanh", "sigmoid", "mse"), X, T, 0.5, steps=30)
    assert isinstance(found, tuple)
    assert len(repr(found)) < 80
    assert len(repr(found[0])) < 100
    assert repr(found[1]).startswith("<Trace of step 2: loss ")
    rows = ElementTree.fromstring(found._repr_html_()).findall("tr")
    assert [row[0].text for row in rows] == [
        "step",
        *map(str, range(1, 11)),
        "… 10 more",
        *map(str, range(21, 31)),
    ]
    assert rows[1][1].text == f"{found[0].loss:.9g}"
    assert found[:0] == ()
    assert "more" not in type(found)(found[:11])._repr_html_()


class Half(SGD):
    """A custom optimizer: half a step."""

    def _update(self, theta, grad, state, sizes, delta):
        delta[...] = 0.5 * sizes[0] * grad


OPTIMIZERS = {
    "momentum": SGD(0.1, momentum=0.9),
    "nesterov": SGD(0.1, momentum=0.9, nesterov=True),
    "adagrad": Adagrad(0.1, lr_decay=0.5, initial_accumulator=0.25),
    "rmsprop": RMSprop(0.1),
    "centered": RMSprop(0.1, momentum=0.5, centered=True),
    "adam": Adam(0.1),
    "adamw": AdamW(0.1, weight_decay=0.5),
    "a schedule": Adam(lambda step: 0.1 / (step + 1)),
    "custom": Half(0.5),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_rules_of_an_optimizer_are_its_arrays_and_give_the_new_weights(kind, dtype):
    net = network("tanh", "sigmoid", "mse", dtype=dtype)
    steps = trace(net, X, T, optimizer=OPTIMIZERS[kind], steps=3)
    trained, optimizer = net.copy(), copy.deepcopy(OPTIMIZERS[kind])
    exact = 1e-12 if dtype == "float64" else 1e-5
    for one in steps:
        Trainer(trained, optimizer, batch_size=None).fit(X, T, epochs=1)
        assert [update.new_value for update in one.updates] == in_order(trained)
        for name, array in optimizer.state.items():
            state = trained.copy()
            state.theta = array
            found = [r.value for u in one.updates for r in u.rules if r.name == f"{name}+"]
            assert found == in_order(state)
        for update in one.updates:
            assert update.rules[-1].value == update.step
            kept = update.keep * update.value - update.step
            assert kept == pytest.approx(update.new_value, rel=exact, abs=exact)
            for rule in update.rules:
                if rule.formula:
                    assert evaluated(rule) == pytest.approx(rule.value, rel=exact, abs=1e-12)
    assert OPTIMIZERS[kind].steps == 0
    assert steps[0].lr == float(OPTIMIZERS[kind].rate(0))


def evaluated(rule):
    """The formula of a rule, computed by Python."""
    formula = rule.formula.replace("×", "*")
    for number, (name, _) in enumerate(rule.parts):
        formula = re.sub(rf"(?<!\w){re.escape(name)}(?![\w+\[])", f"_p{number}", formula)
    values = {f"_p{number}": value for number, (_, value) in enumerate(rule.parts)}
    return eval(formula, {"sqrt": math.sqrt, "max": max}, values)


def test_a_plain_step_has_no_rules_and_an_optimizer_brings_its_own_rate():
    net = network("tanh", "sigmoid", "mse")
    assert not any(update.rules for update in trace(net, X, T).updates)
    assert trace(net, X, T) == trace(net, X, T, optimizer=SGD(0.5))
    with pytest.raises(ValueError, match=r"lr: received 0.5 beside Adam\(lr=0.1"):
        trace(net, X, T, 0.5, optimizer=Adam(0.1))
    with pytest.raises(ValueError, match="optimizer: received 'adan'"):
        trace(net, X, T, optimizer="adan")


def test_the_title_says_that_an_optimizer_has_momentum():
    example = load_example("mazur")
    for optimizer, words in [
        (SGD(0.1), "lr 0.1"),
        (SGD(0.1, momentum=0.9), "optimizer sgd with momentum"),
        (SGD(0.1, momentum=0.9, nesterov=True), "optimizer sgd with Nesterov momentum"),
        (RMSprop(0.1, momentum=0.9), "optimizer rmsprop with momentum"),
    ]:
        found = trace(example.network, example.x, example.t, optimizer=optimizer)
        assert found.markdown().split("\n", 1)[0].endswith(words)


def test_every_format_shows_the_rules():
    example = load_example("mazur")
    found = trace(example.network, example.x, example.t, 0.5, optimizer="adam",
                  names=example.weight_names)  # fmt: skip
    text = found.text(4)
    assert "optimizer adam" in text.splitlines()[0]
    assert re.search(r"m\+ +\n? *= beta1 × m \+ dE/dw5", text)
    assert "= 0.9 × 0 + 0.08217" in text
    assert re.search(r"w5\+ += 0.4 - 0.5 += -0.1", text)
    assert "`beta1 × m + dE/dw5`" in found.markdown(4)
    assert r"\frac{\partial E}{\partial w_{5}}" in found.latex(4)
    rule = "<var>beta1</var> × <var>m</var> + ∂<var>E</var>/∂<var>w</var><sub>5</sub>"
    assert rule in found.html(4)
