"""Every figure of documents 000 to 003 is the network's, or a known mistake made here."""

import numpy as np
import pytest

from mlp.studies.examples import (
    document_000,
    document_001,
    document_002,
    document_003,
    learning_rate_chart,
)
from tests.chart import FIRST_ERROR
from tests.studies.examples.by_hand import erratum, is_printed_as, naive, sigmoid, stepped


def test_document_000_takes_the_numbers_of_document_004():
    example, chart = document_000(), learning_rate_chart()
    assert np.array_equal(example.network.theta, chart.network.theta)
    assert example.network.evaluate(example.x, example.t) == FIRST_ERROR
    assert example.published == {}
    assert example.errata == ()


def test_document_001_has_the_values_of_its_figure():
    example = document_001()
    W1, W2 = [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]
    assert np.array_equal(example.network.layers[0].W, W1)
    assert np.array_equal(example.network.layers[1].W, W2)
    net = example.network
    loss = net.loss_and_grad(example.x, example.t)
    hidden, output = net.layers
    np.testing.assert_allclose(hidden.A, [[0.5823675407, 0.5841905229]], atol=5e-11)
    np.testing.assert_allclose(output.A, [[0.7729496792, 0.7830229097]], atol=5e-11)
    assert loss == pytest.approx(0.3124658644, abs=5e-11)
    assert output.dW[0, 0] == pytest.approx(0.0779769774, abs=5e-11)
    W1_new, W2_new = stepped(document_001())
    np.testing.assert_allclose(
        W2_new, [[0.3610115113, 0.4602394774], [0.4608894658, 0.5602715300]], atol=5.1e-11
    )
    np.testing.assert_allclose(
        W1_new, [[0.1497705604, 0.1997108892], [0.2495411209, 0.2994217784]], atol=5.1e-11
    )


def test_all_exact_values_of_document_001_are_those_of_an_independent_network():
    example = document_001()
    own = naive(example)
    expected = {
        "z1": own["z1"][0],
        "z2": own["z1"][1],
        "h1": own["h"][0],
        "h2": own["h"][1],
        "z_y1": own["z2"][0],
        "y1": own["o"][0],
        "y2": own["o"][1],
        "E1": own["E"][0],
        "E2": own["E"][1],
        "E_total": own["E"].sum(),
        "dE/dy1": own["dE/do"][0],
        "dy1/dz_y1": own["do/dz"][0],
        "dz_y1/dw5": own["h"][0],
        "dE/dw5": own["dW2"][0, 0],
        "w5+": own["W2+"][0, 0],
        "dE1/dz_y1": own["dz"][0],
        "dE1/dh1": own["dz"][0] * 0.40,
        "dh1/dz1": own["dh/dz"][0],
        "W1+": own["W1+"],
        "W2+": own["W2+"],
    }
    assert set(expected) == set(example.exact)
    for quantity, value in expected.items():
        np.testing.assert_allclose(value, example.exact[quantity], atol=5.1e-11, err_msg=quantity)


def test_the_errata_of_document_001_are_its_mistakes():
    example = document_001()
    own = naive(example)
    h1, h2 = own["h"]
    y1 = 0.7676  # as printed; the rest is computed from the rounded figures
    mistakes = {
        "exponent in h1": (0.15 * 0.05 + 0.20 * 0.1 + 0.30, 4),  # w2 for w3
        "z_y1": (0.4 * h1 + 0.45 * h2 + 0.7, 3),  # w6 for w7
        "y1": (sigmoid(0.4 * h1 + 0.45 * h1 + 0.7), 4),  # and h1 for h2
        "E_total": (0.2869 + 0.0214, 4),
        "dE/dy1": (y1 - 0.01, 4),
        "dy1/dz_y1": (y1 * (1 - y1), 4),
        "dE/dw5": (0.7576 * 0.1784 * 0.5824, 4),
        "w5+": (0.4 - 0.5 * 0.0787, 4),
        "dE1/dz_y1": (0.7576 * 0.1784, 4),
        "dE1/dh1": (0.1352 * 0.4, 4),
    }
    for where, (value, digits) in mistakes.items():
        found = erratum(example, where)
        assert is_printed_as(value, found.printed, digits), where
        assert abs(found.correct - found.printed) > 0.5 * 10.0**-digits, where
    E1 = 0.5 * (y1 - 0.01) ** 2
    assert np.floor(E1 * 1e4) / 1e4 == erratum(example, "E1").printed  # cut, not rounded
    assert erratum(example, "exponent in h1").correct == pytest.approx(own["z1"][0], abs=1e-15)

    symbols = {"t1": 0.01, "y1": own["o"][0]}
    sign = erratum(example, "dE/dy1 as a formula")
    assert eval(sign.printed, symbols) == -own["dE/do"][0]
    assert eval(sign.correct, symbols) == own["dE/do"][0]
    reach = erratum(example, "dE/dh1 as a formula")
    parts = {
        "dE1/dh1": own["dz"][0] * 0.40,
        "dE2/dh1": own["dz"][1] * 0.45,
        "dE2/dh2": own["dz"][1] * 0.55,
    }
    printed, correct = (
        sum(parts[part] for part in text.split(" + ")) for text in (reach.printed, reach.correct)
    )
    assert correct == pytest.approx(own["dh"][0], rel=1e-15)
    assert abs(printed - own["dh"][0]) > 1e-3
    assert len(example.errata) == len(mistakes) + 3


def test_document_002_is_right_to_the_eight_digits_that_it_prints():
    example = document_002()
    own = naive(example)
    net = example.network
    loss = net.loss_and_grad(example.x, example.t)
    np.testing.assert_allclose(own["z1"], [0.08, 0.11], atol=1e-15)
    np.testing.assert_allclose(net.layers[0].A, [[0.51998934, 0.52747230]], atol=5e-9)
    np.testing.assert_allclose(own["z2"], [0.44498412, 0.68047592], atol=5e-9)
    np.testing.assert_allclose(net.layers[1].A, [[0.60944600, 0.66384491]], atol=5e-9)
    np.testing.assert_allclose(own["E"], [0.02193381, 0.00203809], atol=5e-9)
    assert loss == pytest.approx(0.02397190, abs=5e-9)
    assert example.errata == ()
    assert list(example.published.values()) == [
        0.08, 0.11, 0.51998934, 0.52747230, 0.44498412, 0.68047592, 0.60944600, 0.66384491,
        0.02193381, 0.00203809, 0.02397190,
    ]  # fmt: skip


def test_the_step_that_document_002_leaves_open():
    example = document_002()
    W1, W2 = stepped(example)
    np.testing.assert_allclose(
        W2, [[0.43703857, 0.69629578], [0.38685205, 0.59624247]], atol=5.1e-9
    )
    np.testing.assert_allclose(
        W1, [[0.29959556, 0.39964496], [0.24919112, 0.34928991]], atol=5.1e-9
    )
    after = example.network.evaluate(example.x, example.t)
    assert after == pytest.approx(0.02323634, abs=5e-9)
    for name, value in (("W1+", W1), ("W2+", W2), ("E_total+", after)):
        np.testing.assert_allclose(value, example.exact[name], atol=5.1e-9)


def relu_prime(h):
    return (np.asarray(h) > 0).astype(float)


def test_document_003_in_matrices_is_the_gradient_of_the_network():
    example = document_003()
    net = example.network
    net.loss_and_grad(example.x, example.t)
    W1, W2, W3 = (layer.W for layer in net.layers)
    h1 = example.x @ W1
    A1 = np.maximum(h1, 0)
    h2 = A1 @ W2
    A2 = np.maximum(h2, 0)
    h3 = A2 @ W3
    for name, value in (("H1", h1), ("H2", h2), ("H3", h3)):
        np.testing.assert_allclose(value, example.exact[name], atol=1e-15)
    y = np.exp(h3) / np.exp(h3).sum()
    dz3 = y - example.t
    dz2 = dz3 @ W3.T * relu_prime(h2)
    dz1 = dz2 @ W2.T * relu_prime(h1)
    assert relu_prime(h2).tolist() == [[0.0, 1.0]]  # one unit is off
    for layer, expected in zip(
        net.layers, (example.x.T @ dz1, A1.T @ dz2, A2.T @ dz3), strict=True
    ):
        np.testing.assert_allclose(layer.dW, expected, rtol=1e-14, atol=1e-17)


def test_the_errata_of_document_003_are_its_mistakes():
    example = document_003()
    net = example.network
    net.loss_and_grad(example.x, example.t)
    first, second, third = net.layers
    x, h1, h2 = example.x[0], example.exact["H1"], example.exact["H2"]
    y = third.A[0]
    symbols = {
        "x1": x[0],
        "x2": x[1],
        "a22": second.A[0, 1],
        "dy1": third.dZ[0, 0],
        "dy2": third.dZ[0, 1],
        "dz3": third.dZ,
        "W3": third.W,
        "h2": h2,
        "y1": y[0],
        "relu_prime": relu_prime,
        "Det": lambda h: np.linalg.det(np.diag(h[0])),
    }
    for name, (layer, i, j) in example.weight_names.items():
        symbols[name] = net.layers[layer].W[i, j]
    right = {
        "h12": h1[0, 1],
        "dw322": third.dW[1, 1],
        "dz2": second.dZ,
        "dy1/dh31": y[0] - y[0] ** 2,
    }
    assert {e.where for e in example.errata} == set(right)
    for found in example.errata:
        expected = right[found.where]
        np.testing.assert_allclose(eval(found.correct, symbols), expected, rtol=1e-12)
        assert not np.allclose(eval(found.printed, symbols), expected), found.where
    assert first.dW.any()
