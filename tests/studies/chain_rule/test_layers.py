"""Traces of layers other than dense ones, of batches, penalties and random masks."""

import re

import numpy as np
import pytest

import mlp
from mlp import ActivationLayer, BatchNorm, Dense, Dropout, LayerNorm
from mlp.core import Penalty
from mlp.studies.chain_rule import trace
from tests.studies.chain_rule.test_every_combination import Affine

X = [[0.5, -1.0], [1.0, 2.0], [-0.25, 0.75], [0.0, 0.1]]
T = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.2, 0.8]]


def network(*between, **options):
    return mlp.MLP([Dense(2, 3, "tanh"), *between, Dense(3, 2)], "mse", seed=0, **options)


def test_dropout_shows_its_mask_and_the_numbers_that_it_was_drawn_from():
    net = network(Dropout(0.5))
    found = trace(net, X, T, names={})
    before = net._rng.bit_generator.state
    net.loss_and_grad(X, T)
    mask = net.layers[1]._mask
    drawn = np.random.default_rng()
    drawn.bit_generator.state = before
    drawn = drawn.random((4, 3))
    equations = {e.name: e for group in found.blocks[1].forward for e in group.equations}
    for row in range(4):
        for j in range(3):
            shown = equations[f"mask_h{j + 1}({row + 1})"]
            assert shown.value == (mask[row, j] > 0)
            assert dict(shown.parts)[f"u_h{j + 1}({row + 1})"] == drawn[row, j]
    assert "u is drawn from 0 to 1 by the network's generator" in found.text()


def test_dropout_draws_from_the_generator_that_is_given_and_leaves_it_as_it_is():
    net, rng = network(Dropout(0.5)), np.random.default_rng(7)
    steps = trace(net, X, T, rng=rng, steps=3, lr=0.1)
    assert rng.bit_generator.state == np.random.default_rng(7).bit_generator.state
    trained, rng = net.copy(), np.random.default_rng(7)
    for found in steps:
        assert found.loss == trained.loss_and_grad(X, T, rng=rng)
        trained.theta -= 0.1 * trained.grad
    assert len({found.loss for found in steps}) == 3
    assert "by the generator given as rng" in steps[0].text()
    with pytest.raises(TypeError, match="rng: received 3, expected a numpy Generator"):
        trace(net, X, T, rng=3)


def test_the_loss_after_the_step_is_of_the_same_mask():
    net = network(Dropout(0.5))
    found = trace(net, X, T, lr=0.0)
    assert found.loss_after == found.loss != net.evaluate(X, T)


def test_a_traced_network_keeps_its_generator_and_its_running_statistics():
    net = network(BatchNorm(), Dropout(0.5))
    before = net.fixed.copy(), str(net._rng.bit_generator.state)
    first = trace(net, X, T)
    assert np.array_equal(net.fixed, before[0])
    assert str(net._rng.bit_generator.state) == before[1]
    assert first == trace(net, X, T)


def test_steps_go_on_with_the_running_statistics_of_those_before():
    net = network(BatchNorm())
    steps = trace(net, X, T, 0.1, steps=3)
    trained = net.copy()
    for found in steps:
        trained.loss_and_grad(X, T)
        trained.theta -= 0.1 * trained.grad
        shown = [
            e.value
            for group in found.blocks[1].forward
            for e in group.equations
            if e.name.startswith("running_mean")
        ]
        assert np.array_equal(shown, trained.layers[1].running_mean)


def test_a_weight_of_a_batch_is_moved_by_the_sum_over_the_rows():
    net = network()
    found = trace(net, X, T, names={"w": (0, 1, 2)})
    (whole,) = found["w"].factors
    assert [term.names for term in whole.terms] == [
        (f"dE/dz_h3({row})", f"x2({row})") for row in (1, 2, 3, 4)
    ]
    assert whole.value == found["w"].gradient
    text = found.text(4)
    assert re.search(
        r"^    E +=  ?\(E\(1\) \+ E\(2\) \+ E\(3\) \+ E\(4\)\) / 4$", text, re.MULTILINE
    )
    assert "(2 × (o1(1) - t1(1)) / 2) / 4" in text  # the mean over the rows
    assert text.splitlines()[0].endswith("4 rows")


def test_the_gradients_of_a_batch_are_the_mean_of_those_of_its_rows():
    net = network(LayerNorm(), Affine())
    whole = trace(net, X, T)
    rows = [trace(net, x, t) for x, t in zip(X, T, strict=True)]
    for update in whole.updates:
        of_rows = [found[update.name].gradient for found in rows]
        assert update.gradient == pytest.approx(np.mean(of_rows), abs=1e-15)


def test_a_penalty_is_an_added_term_of_weights_alone():
    net = network()
    penalty = {"l1": 0.1, "l2": 0.5}
    found, plain = trace(net, X, T, **penalty), trace(net, X, T)
    assert found.loss == net.loss_and_grad(X, T, penalty=Penalty(**penalty))
    assert found.loss_after == trace(net, X, T, **penalty, steps=2)[1].loss
    for update, without in zip(found.updates, plain.updates, strict=True):
        terms = [one.formula for one in update.penalty]
        if update.key == "W":
            assert terms == [f"l1 × sign({update.name})", f"l2 × {update.name}"]
            added = 0.1 * np.sign(update.value) + 0.5 * update.value
            assert update.gradient == pytest.approx(without.gradient + added, rel=1e-12)
        else:
            assert terms == []
    assert f"l2 × {found.updates[0].name}" in found.text()
    with pytest.raises(ValueError, match="l2: received -1"):
        trace(net, X, T, l2=-1.0)


def test_a_custom_layer_is_a_block_with_what_goes_in_and_comes_out():
    net = network(Affine())
    found = trace(net, X[0], T[0], names={})
    text = found.text(4)
    assert "h1        " in text
    assert "Affine.forward(a_h1, a_h2, a_h3)" in text
    assert "Affine.backward(dE/dh1, dE/dh2, dE/dh3)" in text
    block = found.blocks[1]
    net.loss_and_grad([X[0]], [T[0]])
    inputs = [one.value for one in found.blocks[0].outputs[0]]
    assert inputs == net.layers[0].A[0].tolist()
    assert [one.value for one in block.outputs[0]] == (
        net.layers[0].A @ net.layers[1].params["mix"]
    )[0].tolist()
    mix = [update.gradient for update in found.updates if update.layer == 1]
    assert mix == net.layers[1].grads["mix"].ravel().tolist()


def test_a_derived_class_is_told_as_a_custom_layer():
    class Doubled(Dense):
        def forward(self, A_in, training, rng):
            return 2.0 * super().forward(A_in, training, rng)

        def backward(self, dA, need_dA_in=True):
            return super().backward(2.0 * dA, need_dA_in)

    found = trace(mlp.MLP([Doubled(2, 3), Dense(3, 2)], "mse", seed=0), X, T, names={})
    assert {unit.layer for unit in found.units} == {1}
    assert "Doubled.forward(x1(1), x2(1))" in found.text()


def test_batch_norm_needs_two_rows():
    with pytest.raises(ValueError, match="received 1 row, expected at least 2"):
        trace(network(BatchNorm()), X[0], T[0])


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html"])
@pytest.mark.parametrize("n_rows", [2, 4])
@pytest.mark.parametrize("names", [None, {"w1": (0, 0, 0), "gain": "gamma[1][0]"}])
def test_every_format_shows_every_layer(form, n_rows, names):
    net = network(BatchNorm(), ActivationLayer("relu"), Dropout(0.5), Affine(), LayerNorm())
    found = trace(net, X[:n_rows], T[:n_rows], names=names, l1=0.1)
    written = getattr(found, form)(5)
    for layer in net.layers:
        assert repr(layer).replace("_", r"\_" if form == "latex" else "_") in written.replace(
            "&#x27;", "'"
        )
    if form == "text":
        assert max(map(len, written.splitlines())) <= 80
    if form == "latex":
        plain = re.sub(r"\\[{}]", "", written)
        assert plain.count("{") == plain.count("}")
        assert not re.search(r"\^\{[^{}]*\} *\^", written)  # TeX knows no second superscript


# Names


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"age": "x[0]"}, ["age", "x2", "h1", "o1", "b_h1", "w[0][0,0]"]),
        ({"income": "a[1][1]"}, ["x1", "income", "z_income", "b_income", "t2"]),
        ({"bias": "b[0][2]", "target": "t[0]"}, ["bias", "target", "b_h1"]),
        ({"cat": "a[0][0]", "err": "E[1]", "net": "z[0][1]"}, ["cat", "err", "net", "z_cat"]),
    ],
)
def test_anything_can_be_named_by_its_place(names, shown):
    text = trace(network(), X[0], T[0], names=names).text()
    for name in shown:
        assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text), name


@pytest.mark.parametrize("place", ["x[2]", "a[2][0]", "b[0]", "w[0][2,0]", "q[0]", "x", ""])
def test_a_place_that_does_not_exist_is_refused(place):
    with pytest.raises(ValueError, match=f"names: received 'n' for {re.escape(place)}"):
        trace(network(), X[0], T[0], names={"n": place})


def test_inputs_have_the_names_of_their_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["age", "income"])
    net = network()
    assert [name for name, _ in trace(net, frame[:1], T[:1]).inputs] == ["age", "income"]
    net.feature_names = ["age", "income"]
    assert [name for name, _ in trace(net, X[0], T[0]).inputs] == ["age", "income"]
    named = trace(net, X[0], T[0], names={"years": "x[0]"})
    assert [name for name, _ in named.inputs] == ["years", "income"]
    with pytest.raises(ValueError, match="column"):
        trace(net, frame[["income", "age"]][:1], T[:1])


def test_long_names_are_wrapped():
    names = {"age of the patient in years": "x[0]", "the income of all of the household": "x[1]",
             "probability of default within one year": "a[1][0]"}  # fmt: skip
    found = trace(network(), X[0], T[0], names=names)
    for line in found.text(5).splitlines():
        assert len(line) <= 80 or line.startswith("    d")  # a quotient is one name
    for form in (found.text(5), found.markdown(5), found.latex(5), found.html(5)):
        for name in names:
            assert name in form
    assert "overflow-wrap: anywhere" in found.html()


@pytest.mark.parametrize("name", ["exp", "E", "log", "1", "w2", "x1", "dE/dw", "a + b"])
def test_any_name_is_a_name_and_nothing_else(name):
    net = network()
    plain, named = trace(net, X[0], T[0]), trace(net, X[0], T[0], names={name: (0, 0, 0)})
    assert [u.gradient for u in named.updates] == [u.gradient for u in plain.updates]
    numbers = [re.findall(r"= (-?\d\S*)$", t.text(), re.MULTILINE) for t in (plain, named)]
    assert numbers[0] == numbers[1]
    assert named[name].value == net.layers[0].W[0, 0]


def test_signs_are_written_as_by_hand():
    net = mlp.MLP([Dense(1, 1, "relu", weights=[[-1.2]], bias=-0.0)], "mse")
    text = trace(net, [[1.0], [0.0]], [[0.0], [-2.0]], l2=0.1).text(3)
    assert "max(0, -1.2)" in text
    assert "+ -" not in text
    assert "- -" not in text
    assert not re.search(r"-0(?![\w.])", text)
