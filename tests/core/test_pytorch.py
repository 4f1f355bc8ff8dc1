"""The same numbers as PyTorch's, recorded by record_pytorch.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlp.core import MLP, Dense, make_activation
from mlp.core.description import rebuild_loss

RECORDED = json.loads((Path(__file__).parent / "data" / "pytorch.json").read_text())


@pytest.mark.parametrize("case", RECORDED["losses"], ids=lambda c: f"{c['output']}-{c['loss']}")
def test_losses_and_their_gradients_are_those_of_pytorch(case):
    n = len(case["Z"][0])
    loss = case["loss"] if isinstance(case["loss"], str) else rebuild_loss(case["loss"])
    net = MLP([Dense(n, n, case["output"], weights=np.eye(n), bias=False)], loss)
    assert net.loss_and_grad(case["Z"], case["Y"]) == pytest.approx(case["value"], rel=1e-13)
    dZ = net.input_gradient(case["Z"], case["Y"])
    assert np.allclose(dZ, case["dZ"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", RECORDED["activations"], ids=lambda c: c["name"])
def test_activations_and_their_derivatives_are_those_of_pytorch(case):
    activation, Z = make_activation(case["name"]), np.array(case["Z"])[:, None]
    A, dZ = np.empty_like(Z), np.empty_like(Z)
    activation.forward(Z, out=A)
    activation.backward(np.ones_like(Z), Z, A, out=dZ)
    assert np.allclose(A[:, 0], case["A"], rtol=1e-13, atol=1e-14)
    assert np.allclose(dZ[:, 0], case["slope"], rtol=1e-13, atol=1e-14)


def test_a_network_has_the_loss_and_the_gradients_of_pytorch():
    case = RECORDED["network"]
    net = MLP.from_sizes(case["sizes"], "gelu", "softmax", "cross_entropy", seed=0)
    for layer, W, b in zip(net.layers, case["W"], case["b"], strict=True):
        layer.W, layer.b = W, b
    assert net.loss_and_grad(case["X"], case["Y"]) == pytest.approx(case["value"], rel=1e-14)
    for layer, dW, db in zip(net.layers, case["dW"], case["db"], strict=True):
        assert np.allclose(layer.dW, dW, rtol=1e-12, atol=1e-15)
        assert np.allclose(layer.db, db, rtol=1e-12, atol=1e-15)
