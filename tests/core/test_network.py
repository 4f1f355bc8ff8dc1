"""What a network tells of itself, and what its methods leave alone."""

import numpy as np
import pytest

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
