"""Mazur's figures are those of the network, or a known mistake that is made here."""

import numpy as np
import pytest

from mlp import MLP, Dense
from mlp.studies.examples import (
    Erratum,
    mazur,
)
from tests.studies.examples.by_hand import is_printed_as, naive, sigmoid, stepped, train

LEFT_BY_UNIT = [[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]


def train_with_the_output_layer_first(example, updates):
    """Update W2, and only then take the gradient of W1, through the new W2."""
    (x,), (t,), lr = example.x, example.t, example.lr
    (W1, W2), (b1, b2) = LEFT_BY_UNIT, (0.35, 0.60)
    W1, W2 = np.array(W1), np.array(W2)
    for _ in range(updates):
        h = sigmoid(x @ W1 + b1)
        o = sigmoid(h @ W2 + b2)
        dz = (o - t) * o * (1 - o)
        W2 = W2 - lr * np.outer(h, dz)
        W1 = W1 - lr * np.outer(x, (W2 @ dz) * h * (1 - h))
    o = sigmoid(sigmoid(x @ W1 + b1) @ W2 + b2)
    return o, float(np.sum(0.5 * (t - o) ** 2))


def test_every_figure_of_mazur_up_to_the_first_step_is_right_to_nine_digits():
    example = mazur()
    own = naive(example)
    W1, W2 = stepped(mazur())
    expected = {
        "z_h1": own["z1"][0],
        "h1": own["h"][0],
        "h2": own["h"][1],
        "z_o1": own["z2"][0],
        "o1": own["o"][0],
        "o2": own["o"][1],
        "E1": own["E"][0],
        "E2": own["E"][1],
        "E_total": own["E"].sum(),
        "dE/do1": own["dE/do"][0],
        "do1/dz_o1": own["do/dz"][0],
        "dE/dw5": own["dW2"][0, 0],
        "dE/dz_o1": own["dz"][0],
        "dE1/dh1": own["dz"][0] * 0.40,
        "dE/dh1": own["dh"][0],
        "dh1/dz_h1": own["dh/dz"][0],
        "dE/dw1": own["dW1"][0, 0],
        "w1+": W1[0, 0],
        "w2+": W1[1, 0],
        "w3+": W1[0, 1],
        "w4+": W1[1, 1],
        "w5+": W2[0, 0],
        "w6+": W2[1, 0],
        "w7+": W2[0, 1],
        "w8+": W2[1, 1],
    }
    wrong = {e.where for e in example.errata}
    assert set(expected) == set(example.published) - wrong
    for quantity, value in expected.items():
        digits = 8 if quantity in ("w2+", "w3+", "w4+") else 9
        assert is_printed_as(value, example.published[quantity], digits), quantity


def test_mazur_to_ten_digits():
    example = mazur()
    net = example.network
    assert net.loss_and_grad(example.x, example.t) == pytest.approx(0.2983711088, abs=5e-11)
    assert net.layers[0].A[0, 0] == pytest.approx(0.5932699921, abs=5e-11)
    np.testing.assert_allclose(net.layers[1].A, [[0.7513650696, 0.7729284653]], atol=5e-11)
    W1, W2 = stepped(example)
    np.testing.assert_allclose(
        W2, [[0.3589164797, 0.5113012702], [0.4086661861, 0.5613701211]], atol=5.1e-11
    )
    np.testing.assert_allclose(
        W1, [[0.1497807161, 0.2497511436], [0.1995614323, 0.2995022873]], atol=5.1e-11
    )
    np.testing.assert_array_equal(example.exact["W1+"], W1.round(10))
    np.testing.assert_array_equal(example.exact["W2+"], W2.round(10))
    assert net.evaluate(example.x, example.t) == pytest.approx(0.2910277737, abs=5e-11)


def test_mazur_with_trained_biases():
    example = mazur()
    W1, W2 = LEFT_BY_UNIT
    layers = [
        Dense(2, 2, "sigmoid", weights=W1, bias=0.35),
        Dense(2, 2, "sigmoid", weights=W2, bias=0.60),
    ]
    net = train(MLP(layers), example.x, example.t, example.lr, 1)
    after = net.evaluate(example.x, example.t)
    assert after == pytest.approx(0.2804714468, abs=5e-11)
    assert example.exact["E_total+ with trained biases"] == 0.2804714468


def test_mazur_after_ten_thousand_updates():
    example = mazur()
    net = train(example.network, example.x, example.t, example.lr, 9_999)
    assert net.evaluate(example.x, example.t) == pytest.approx(3.510854812e-05, abs=5e-15)
    train(net, example.x, example.t, example.lr, 1)
    assert net.evaluate(example.x, example.t) == pytest.approx(3.510187783e-05, abs=5e-15)
    np.testing.assert_allclose(
        net.predict(example.x), [[0.0159136204, 0.9840642735]], rtol=0, atol=5.1e-11
    )
    after = {name: value for name, value in example.exact.items() if "after" in name}
    assert list(after.values()) == [3.510854812e-05, 3.510187783e-05, 0.0159136204, 0.9840642735]


def test_the_errata_of_mazur_are_its_mistakes():
    example = mazur()
    printed = {e.where: e.printed for e in example.errata}
    _, E = train_with_the_output_layer_first(example, 1)
    assert is_printed_as(E, printed.pop("E_total+"), 9)
    last_digit = example.published["dE/dh1"] - example.published["dE1/dh1"]
    assert is_printed_as(last_digit, printed.pop("dE2/dh1"), 9)
    assert naive(example)["dz"][1] * 0.50 == pytest.approx(-0.0190491183, abs=5e-11)
    (o1, o2), _ = train_with_the_output_layer_first(example, 10_000)
    assert is_printed_as(o1, printed.pop("o1 after 10,000 updates"), 9)
    assert is_printed_as(o2, printed.pop("o2 after 10,000 updates"), 9)
    # E as printed is that of 9,999 updates made rightly
    assert is_printed_as(3.510854812e-05, printed.pop("E_total after 10,000 updates"), 10)
    assert printed == {}
    for found in example.errata:
        assert found.correct == example.exact[found.where]
        assert isinstance(found, Erratum)
