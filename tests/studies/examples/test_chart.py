"""The chart of document 004: four curves are training runs, two are sums of others."""

from math import exp

import numpy as np
import pytest

from mlp.studies.examples import (
    learning_rate_chart,
)
from tests.chart import FIRST_ERROR, LAST_ERRORS
from tests.studies.examples.by_hand import erratum, naive


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
    curves = {rate: curve(chart, rate) for rate in LAST_ERRORS}
    for rate, last in LAST_ERRORS.items():
        assert curves[rate][0] == pytest.approx(FIRST_ERROR, rel=1e-15)
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
