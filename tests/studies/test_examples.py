"""Every figure of the documents is that of the network, or a known mistake that is made here."""

from math import exp

import numpy as np
import pytest

from mlp import MLP, Dense
from mlp.studies.examples import (
    EXAMPLES,
    Erratum,
    document_000,
    document_001,
    document_002,
    document_003,
    learning_rate_chart,
    load_example,
    mazur,
)

LEFT_BY_UNIT = [[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-np.asarray(z)))


def naive(example):
    """Forward, backward and one step of a 2-2-2 sigmoid network, apart from the package."""
    first, second = example.network.layers
    W1, W2 = first.W, second.W
    b1 = 0.0 if first.bias is None else first.b
    b2 = 0.0 if second.bias is None else second.b
    z1 = example.x[0] @ W1 + b1
    h = sigmoid(z1)
    z2 = h @ W2 + b2
    o = sigmoid(z2)
    E = 0.5 * (example.t[0] - o) ** 2
    dz2 = (o - example.t[0]) * o * (1 - o)
    dh = W2 @ dz2
    dW1, dW2 = np.outer(example.x[0], dh * h * (1 - h)), np.outer(h, dz2)
    return {
        "z1": z1,
        "h": h,
        "z2": z2,
        "o": o,
        "E": E,
        "dE/do": o - example.t[0],
        "do/dz": o * (1 - o),
        "dz": dz2,
        "dh": dh,
        "dh/dz": h * (1 - h),
        "dW1": dW1,
        "dW2": dW2,
        "W1+": W1 - example.lr * dW1,
        "W2+": W2 - example.lr * dW2,
    }


def train(net, x, t, lr, updates):
    for _ in range(updates):
        net.loss_and_grad(x, t)
        net.theta -= lr * net.grad
    return net


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


def stepped(example):
    """W1 and W2 of the package's own network after one update."""
    net = train(example.network, example.x, example.t, example.lr, 1)
    return net.layers[0].W, net.layers[1].W


def erratum(example, where):
    (found,) = [e for e in example.errata if e.where == where]
    return found


def is_printed_as(value, printed, digits):
    """Whether `value`, rounded to that many decimals, is the printed figure."""
    return abs(value - printed) <= 0.5 * 10.0**-digits * (1 + 1e-9)


# All examples


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_named_as_it_is_loaded(name):
    assert load_example(name).name == name


def test_an_unknown_example_names_the_nearest():
    with pytest.raises(ValueError, match=r"received 'document-4'.*did you mean 'document-00"):
        load_example("document-4")
    with pytest.raises(ValueError, match="did you mean 'mazur'"):
        load_example("Mazur!")


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_call_makes_a_fresh_network(name):
    one, other = load_example(name), load_example(name)
    before = other.network.theta.copy()
    train(one.network, one.x, one.t, one.lr, 1)
    assert not np.array_equal(one.network.theta, before)
    assert np.array_equal(other.network.theta, before)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_sample_in_float64_that_cannot_be_changed(name):
    example = load_example(name)
    assert example.network.dtype == np.float64
    assert example.x.shape == (1, example.network.n_in)
    assert example.t.shape == (1, example.network.n_out)
    with pytest.raises(ValueError, match="read-only"):
        example.x[0, 0] = 1.0
    with pytest.raises(AttributeError):
        example.lr = 1.0


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_weight_names_cover_every_weight_once(name):
    example = load_example(name)
    net = example.network
    places = {
        (layer, i, j)
        for layer, dense in enumerate(net.layers)
        for i in range(dense.n_in)
        for j in range(dense.n_out)
    }
    assert set(example.weight_names.values()) == places
    assert len(example.weight_names) == net.theta.size  # biases are not trained


@pytest.mark.parametrize("name", ["document-000", "document-001", "document-004", "mazur"])
def test_the_weights_are_named_as_the_document_numbers_them(name):
    example = load_example(name)
    values = [
        example.network.layers[layer].W[i, j]
        for layer, i, j in (example.weight_names[f"w{k}"] for k in range(1, 9))
    ]
    assert values == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_printed_is_either_right_or_an_erratum(name):
    example = load_example(name)
    wrong = {e.where: e for e in example.errata}
    for quantity, printed in example.published.items():
        exact = example.exact.get(quantity)
        if quantity in wrong:
            assert wrong[quantity].printed == printed
            assert wrong[quantity].correct == exact
        elif exact is not None:
            digits = len(repr(printed).partition(".")[2])
            tolerance = 6.2e-8 if "lr" in quantity else 0.5 * 10.0**-digits
            assert abs(exact - printed) <= tolerance, quantity


# Document 000


def test_document_000_takes_the_numbers_of_document_004():
    example, chart = document_000(), learning_rate_chart()
    assert np.array_equal(example.network.theta, chart.network.theta)
    assert example.network.evaluate(example.x, example.t) == 0.24251985734837728
    assert example.published == {}
    assert example.errata == ()


# Document 001


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


# Document 002


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


# Document 003


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


# Document 004


def with_the_slip(chart, lr):
    """E_total before each update, with out_h1 (1 - out_h1) in the gradients of w3 and w4."""
    (i1, i2), (t1, t2) = chart.x[0].tolist(), chart.t[0].tolist()
    w1, w2, w3, w4, w5, w6, w7, w8 = 0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55
    errors = []
    for _ in range(chart.epochs + 1):
        h1 = 1 / (1 + exp(-(w1 * i1 + w2 * i2)))
        h2 = 1 / (1 + exp(-(w3 * i1 + w4 * i2)))
        o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2)))
        o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2)))
        errors.append(0.5 * (t1 - o1) ** 2 + 0.5 * (t2 - o2) ** 2)
        d1, d2 = (o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)
        to_h1, to_h2 = d1 * w5 + d2 * w7, d1 * w6 + d2 * w8
        slip = h1 * (1 - h1)
        w5, w6, w7, w8 = w5 - lr * d1 * h1, w6 - lr * d1 * h2, w7 - lr * d2 * h1, w8 - lr * d2 * h2
        w1, w2 = w1 - lr * to_h1 * slip * i1, w2 - lr * to_h1 * slip * i2
        w3, w4 = w3 - lr * to_h2 * slip * i1, w4 - lr * to_h2 * slip * i2
    return np.array(errors)


def curve(chart, lr):
    """E_total of the package's network before each update."""
    net, errors = chart.network.copy(), []
    for _ in range(chart.epochs + 1):
        errors.append(net.loss_and_grad(chart.x, chart.t))
        net.theta -= lr * net.grad
    return np.array(errors)


def test_the_chart_has_the_published_rates_and_rows():
    chart = learning_rate_chart()
    assert chart.rates == (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
    assert chart.epochs == 100
    assert chart.series.shape == (101, 6)
    assert chart.series[0].tolist() == [
        0.24251985734837728, 0.24251985734837728, 0.24251985734837728, 0.48503971469675455,
        0.24251985734837728, 0.7275595720451318,
    ]  # fmt: skip
    assert chart.series[100].tolist() == [
        0.1335106010608592, 0.0791663957242665, 0.029166621815638977, 0.10833301753990547,
        0.012395065390078442, 0.12072808292998391,
    ]  # fmt: skip


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 1.0])
def test_four_published_curves_are_training_runs(rate):
    chart = learning_rate_chart()
    published = chart.series[:, chart.rates.index(rate)]
    assert np.abs(curve(chart, rate) - published).max() < 6.2e-8
    assert np.abs(with_the_slip(chart, rate) - published).max() < 1e-15


def test_two_published_curves_are_sums_of_others():
    chart = learning_rate_chart()
    columns = dict(zip(chart.rates, chart.series.T, strict=True))
    assert set(chart.wrong_series) == {0.8, 2.0}
    for rate, column in chart.wrong_series.items():
        assert np.array_equal(column, columns[rate])
        assert np.abs(column - curve(chart, rate)).max() > 0.2
    assert np.array_equal(columns[0.8], columns[0.2] + columns[0.5])
    assert np.array_equal(columns[2.0], columns[0.8] + columns[1.0])
    assert "0.2 + 0.5" in chart.published_note
    assert "0.8 + 1.0" in chart.published_note
    assert "\n" not in chart.published_note


def test_the_true_errors_after_100_updates():
    chart = learning_rate_chart()
    expected = {
        0.1: 0.1335106073346252,
        0.2: 0.07916642312214675,
        0.5: 0.029166680235883584,
        0.8: 0.0163866284770309,
        1.0: 0.012395124175369723,
        2.0: 0.005160108602350808,
    }
    curves = {rate: curve(chart, rate) for rate in expected}
    for rate, last in expected.items():
        assert curves[rate][0] == pytest.approx(0.24251985734837728, rel=1e-15)
        assert curves[rate][-1] == pytest.approx(last, rel=1e-13)
        assert chart.exact[f"E_total after 100 updates, lr {rate:g}"] == last
    in_order = np.array([curves[rate] for rate in sorted(curves)])
    assert (np.diff(in_order[:, 1:], axis=0) < 0).all()  # a higher rate is better at every epoch


def test_the_errata_of_document_004_are_its_mistakes():
    chart = learning_rate_chart()
    for rate, (one, other) in {0.8: (1, 2), 2.0: (3, 4)}.items():
        found = erratum(chart, f"E_total after 100 updates, lr {rate:g}")
        assert found.printed == chart.series[100, one] + chart.series[100, other]
        assert found.correct == pytest.approx(curve(chart, rate)[100], rel=1e-13)
    own = naive(chart)
    slip = erratum(chart, "dout_h2/dh2, in the gradients of w3 and w4 behind the chart")
    symbols = {"out_h1": own["h"][0], "out_h2": own["h"][1]}
    assert eval(slip.printed, symbols) == own["dh/dz"][0]  # see with_the_slip
    assert eval(slip.correct, symbols) == own["dh/dz"][1]
    name = erratum(chart, "h2")
    symbols = {"w3": 0.25, "w4": 0.30, "i1": 0.05, "i2": 0.10}
    assert eval(name.correct, symbols) == pytest.approx(own["z1"][1], rel=1e-15)
    assert eval(name.printed, symbols) == 0.25 * 0.05 + 0.30 * 12
    assert len(chart.errata) == 4


# Mazur


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
