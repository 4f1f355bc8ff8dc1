"""Which units are dead and which saturated."""

import numpy as np
import pytest

import mlp
from mlp import Dense, LayerRecorder, Trainer
from tests.training.recording.recorded import PROBE, X, noisy, outputs, trained, y


def test_a_unit_of_relu_that_is_never_positive_is_dead():
    net = noisy()
    net.layers[0].b[[1, 6]] = -50.0
    trainer, recorder = trained(net)
    A = outputs(trainer.net, PROBE)[0]
    never = np.flatnonzero((A <= 0).all(axis=0)).tolist()
    assert {1, 6} <= set(never)
    assert recorder.record.layers[0].dead() == never
    assert recorder.record.layers[0].flat[-1] == (A <= 0).mean()


def slopes(name, Z):
    """The derivative of the activation by hand."""
    tanh, sigmoid = np.tanh(Z), 1 / (1 + np.exp(-Z))
    return {
        "tanh": 1 - tanh**2,
        "sigmoid": sigmoid * (1 - sigmoid),
        "silu": sigmoid * (1 + Z * (1 - sigmoid)),
        "elu": np.where(Z > 0, 1.0, np.exp(np.minimum(Z, 0))),
    }[name]


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "elu"])
def test_a_unit_whose_derivative_is_tiny_for_nearly_all_rows_is_saturated(name):
    layers = [Dense(4, 6, name, bias=[0, -9, -4.2, 0, 0, -5]), Dense(6, 3, "softmax")]
    net = mlp.MLP(layers, loss="cross_entropy", seed=0)
    layers[0].W[:, 3:] *= 20
    Trainer(net, mlp.SGD(1e-12), callbacks=[recorder := LayerRecorder(PROBE)]).fit(X, y)
    flat = np.abs(slopes(name, PROBE @ layers[0].W + layers[0].b)) < 0.01
    expected = np.flatnonzero(flat.mean(axis=0) >= 0.95).tolist()
    assert 1 in expected
    assert 0 not in expected
    (hidden, _) = recorder.record.layers
    assert hidden.saturated() == expected
    assert hidden.dead() == []
    assert hidden.flat[-1] == flat.mean()


def test_exactly_95_of_100_rows_make_a_unit_saturated():
    def saturated(n_flat):
        probe = np.where(np.arange(100) < n_flat, -9.0, 9.0)[:, None]
        net = mlp.MLP([Dense(1, 1, "elu", weights=[[1.0]]), Dense(1, 1)], loss="mse", seed=0)
        recorder = LayerRecorder(probe)
        Trainer(net, mlp.SGD(1e-12), callbacks=[recorder]).fit([[1.0]], [[1.0]])
        return recorder.record.layers[0].saturated()

    assert (saturated(94), saturated(95)) == ([], [0])


def test_a_last_layer_whose_derivative_does_not_count_is_not_judged():
    layers = [Dense(4, 1, "sigmoid", bias=99.0)]
    net = mlp.MLP(layers, loss="binary_cross_entropy", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, (y > 0)[:, None])
    (layer,) = recorder.record.layers
    assert np.isnan(layer.flat).all()
    assert layer.saturated() == layer.dead() == []

    net = mlp.MLP([Dense(4, 1, "sigmoid", bias=99.0)], loss="mse", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, (y > 0)[:, None])
    (layer,) = recorder.record.layers
    assert layer.dead() == [0]  # 1 - A is exactly zero


def watched(layers, probe, loss="mse", dtype="float64"):
    """What was recorded of the first layer after an update that moves nothing."""
    net = mlp.MLP(layers, loss, dtype=dtype, seed=0)
    recorder = LayerRecorder(probe)
    target = np.full((1, net.n_out), 1.0 / net.n_out)
    Trainer(net, mlp.SGD(1e-12), callbacks=[recorder]).fit(probe[:1], target)
    return recorder.record.layers[0]


def test_a_unit_of_relu_that_is_positive_once_is_not_dead_but_saturated():
    probe = np.append(np.full(99, -1.0), 1.0)[:, None]
    layer = watched([Dense(1, 1, "relu", weights=[[1.0]]), Dense(1, 1)], probe)
    assert (layer.dead(), layer.saturated()) == ([], [0])


@pytest.mark.parametrize("name", ["relu", "tanh", "silu"])
def test_after_a_batch_norm_the_units_of_the_activation_layer_are_judged(name):
    beta = [0.0, -30.0, 0.0, 30.0, 0.0, 0.0]
    layers = [Dense(4, 6), mlp.BatchNorm(first={"beta": beta}), mlp.ActivationLayer(name)]
    net = mlp.MLP([*layers, Dense(6, 3, "softmax")], loss="cross_entropy", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(1e-12), callbacks=[recorder]).fit(X, y)
    net.predict(PROBE)
    dense, norm, activation, last = recorder.record.layers
    assert activation.name == f"layers[2] {name}"
    flat = {"relu": [[1], []], "tanh": [[1, 3], []], "silu": [[], [1]]}[name]
    assert [activation.dead(), activation.saturated()] == flat
    for other in (dense, norm, last):
        assert other.dead() == other.saturated() == []
    assert activation.activations.counts[-1].sum() == PROBE.shape[0] * 6
    assert activation.gradients.counts[-1].sum() == activation.zeros[-1] == 0


def test_a_last_activation_layer_that_is_a_pair_with_the_loss_is_not_judged():
    layers = [Dense(4, 1, bias=99.0), mlp.ActivationLayer("sigmoid")]
    net = mlp.MLP(layers, loss="binary_cross_entropy", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, (y > 0)[:, None])
    _, last = recorder.record.layers
    assert np.isnan(last.flat).all()
    assert last.saturated() == last.dead() == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_derivative_of_just_a_hundredth_as_that_of_leaky_relu_is_not_flat(dtype):
    probe = np.full((20, 1), -1.0)
    layers = [Dense(1, 1, "leaky_relu", weights=[[1.0]]), Dense(1, 1)]
    layer = watched(layers, probe, dtype=dtype)
    assert layer.saturated() == layer.dead() == []
    assert layer.flat[-1] == 0.0


def test_units_that_depend_on_one_another_are_not_judged():
    layer = watched([Dense(1, 2, "softmax", weights=[[50.0, -50.0]])], np.full((20, 1), 1.0))
    assert np.isnan(layer.flat[-1])
    assert layer.saturated() == layer.dead() == []
