"""What a network tells of itself, and what its methods leave alone."""

from xml.etree import ElementTree

import numpy as np
import pytest

import mlp
from tests.core.small import X, Y, make


def test_locate_names_every_number_of_theta():
    net = make()
    names = [net.locate(i) for i in range(net.theta.size)]
    assert names[0] == "layers[0] W[0, 0]"
    assert names[8] == "layers[2] W[0, 0]"
    assert names[20] == "layers[0] b[0]"
    assert names[26] == "layers[2] b[2]"
    assert len(set(names)) == len(names)
    with pytest.raises(IndexError, match="received 27, expected 0 to 26"):
        net.locate(27)


def test_predictions_are_fresh_arrays():
    net = make()
    first = net.predict(X)
    kept = first.copy()
    net.predict(X + 1)
    net.loss_and_grad(X - 1, Y)
    assert np.array_equal(first, kept)


def test_evaluate_and_predict_touch_no_gradient_and_no_generator():
    net = make()
    net.loss_and_grad(X, Y)
    grad, state = net.grad.copy(), net._rng.bit_generator.state
    net.evaluate(X, Y)
    net.predict(X)
    assert np.array_equal(net.grad, grad)
    assert net._rng.bit_generator.state == state


def test_summary_and_repr_show_the_layers():
    net = make(train_bias=False)
    assert repr(net) == (
        "MLP([Dense(2, 4, 'gelu'), Dropout(0.3), Dense(4, 3, 'sigmoid')], loss='mse')"
    )
    lines = net.summary().splitlines()
    assert len(lines) == 5
    assert lines[2].split() == ["Dropout(0.3)", "4", "0"]
    assert lines[3].split()[-2:] == ["3", "15"]
    assert lines[4] == "24 trained parameters, float64, loss mse"
    assert "in each of 2 replicas" in net.replicate(2).summary()


def test_html_shows_each_layer_its_parameters_and_a_diagram_that_is_xml():
    net = mlp.MLP.from_sizes([2, 300, 1], dropout=0.5, normalization="batch", seed=0)
    html = net._repr_html_()
    root = ElementTree.fromstring(html)
    cells = [[cell.text for cell in row] for row in root.findall("table/tr")]
    lines = net.summary().splitlines()
    assert [" ".join(row) for row in cells] == [" ".join(line.split()) for line in lines[:-1]]
    assert root.findtext("p") == lines[-1]
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[:2] == ["inputs: 2", "Dense(2, 300, 'identity'): 300"]
    assert len(titles) == 1 + len(net.layers)


def test_html_of_many_layers_leaves_out_the_middle_of_the_diagram():
    net = mlp.MLP([mlp.Dense(1, 1) for _ in range(100)])
    assert net._repr_html_().count("<rect") == 24
    assert "77 layers left out" in net._repr_html_()


def test_html_escapes_the_name_of_a_custom_layer():
    class Odd(mlp.Dense):
        def __repr__(self):
            return "<script>\x1b"

    html = mlp.MLP([Odd(1, 1)], seed=0)._repr_html_()
    assert "<script>" not in html
    assert r"&lt;script&gt;\x1b" in html
