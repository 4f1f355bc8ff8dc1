"""The optimizers' equations, compared with closed forms and with PyTorch."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlp.optim import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Exponential,
    RMSprop,
    make_optimizer,
    optimizer_from_config,
)

RECORDED = json.loads((Path(__file__).parent / "data" / "pytorch_optimizers.json").read_text())
CASES = RECORDED["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['name']} {case['options']}")
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-5)])
def test_each_step_is_pytorchs(case, dtype, rtol):
    optimizer = make_optimizer(case["name"], **case["options"])
    theta = np.array(RECORDED["start"], dtype)
    for grad, expected in zip(RECORDED["gradients"], case["theta"][dtype], strict=True):
        optimizer.step(theta, np.array(grad, dtype))
        np.testing.assert_allclose(theta, expected, rtol=rtol, atol=rtol)


def test_the_recorded_cases_hold_every_optimizer():
    assert {case["name"] for case in CASES} == set(OPTIMIZERS)


def test_sgd_on_a_parabola_shrinks_geometrically():
    theta = np.array([2.0, -3.0])
    optimizer = SGD(lr=0.1)
    for _ in range(10):
        optimizer.step(theta, theta.copy())
    np.testing.assert_allclose(theta, np.array([2.0, -3.0]) * 0.9**10, rtol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_under_a_constant_gradient_sums_a_geometric_series(nesterov):
    theta, grad, mu, n = np.zeros(2), np.array([1.0, -4.0]), 0.9, 7
    optimizer = SGD(lr=0.5, momentum=mu, nesterov=nesterov)
    for _ in range(n):
        optimizer.step(theta, grad)
    velocities = [(1 - mu ** (t + nesterov)) / (1 - mu) for t in range(1, n + 1)]
    np.testing.assert_allclose(theta, -0.5 * sum(velocities) * grad, rtol=1e-13)
    np.testing.assert_allclose(optimizer.state["velocity"], (1 - mu**n) / (1 - mu) * grad)


def test_adagrad_under_a_constant_gradient_slows_with_the_root_of_the_step():
    theta, n = np.zeros(2), 6
    optimizer = Adagrad(lr=0.5, lr_decay=0.2)
    for _ in range(n):
        optimizer.step(theta, np.array([3.0, -0.1]))
    moved = sum(0.5 / (1 + 0.2 * t) / np.sqrt(t + 1) for t in range(n))
    np.testing.assert_allclose(theta, [-moved, moved], rtol=1e-8)


def test_rmsprop_under_a_constant_gradient_follows_its_running_mean():
    theta, n = np.zeros(2), 6
    optimizer = RMSprop(lr=0.5, alpha=0.8, eps=1e-15)
    for _ in range(n):
        optimizer.step(theta, np.array([3.0, -0.1]))
    moved = sum(0.5 / np.sqrt(1 - 0.8**t) for t in range(1, n + 1))
    np.testing.assert_allclose(theta, [-moved, moved], rtol=1e-12)


def test_centered_rmsprop_stays_finite_when_rounding_makes_the_variance_negative():
    theta = np.zeros(4, np.float32)
    grad = np.array([0.1, 0.3, 1e3, 7e-3], np.float32)
    optimizer = RMSprop(centered=True, alpha=0.1)
    for _ in range(200):
        optimizer.step(theta, grad)
    v, m = optimizer.state["v"], optimizer.state["m"]
    assert (v - m * m <= 0).any()  # otherwise this test would prove nothing
    assert np.isfinite(theta).all()


def test_adam_under_a_constant_gradient_moves_by_lr_at_every_step():
    theta, grad, eps = np.zeros(3), np.array([5.0, -0.1, 1e-3]), 1e-3
    optimizer = Adam(lr=0.01, eps=eps)
    for n in range(1, 9):
        optimizer.step(theta, grad)
        np.testing.assert_allclose(theta, -0.01 * n * grad / (np.abs(grad) + eps), rtol=1e-12)


def test_adamw_without_gradient_decays_every_parameter():
    theta = np.array([2.0, -1.0])
    optimizer = AdamW(lr=0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.step(theta, np.zeros(2))
    np.testing.assert_allclose(theta, np.array([2.0, -1.0]) * 0.95**3, rtol=1e-14)


def test_adamw_without_decay_is_adam_bit_for_bit():
    one, other = np.ones(3), np.ones(3)
    adam, adamw = Adam(), AdamW(weight_decay=0.0)
    for grad in np.random.default_rng(0).normal(size=(4, 3)):
        adam.step(one, grad)
        adamw.step(other, grad)
    assert np.array_equal(one, other)


def test_a_schedule_is_asked_for_the_number_of_updates_made():
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.5**step

    theta = np.zeros(1)
    optimizer = SGD(schedule)
    for _ in range(3):
        optimizer.step(theta, np.ones(1))
    assert asked == [0, 1, 2]
    assert theta[0] == -1.75
    assert optimizer.steps == 3


def test_an_lr_given_to_step_replaces_the_optimizers_own():
    theta = np.zeros(1)
    SGD(lr=0.1).step(theta, np.ones(1), lr=2.0)
    assert theta[0] == -2.0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradient_is_never_written(name):
    theta, grad = np.ones(5), np.arange(5.0)
    grad.flags.writeable = False
    optimizer = make_optimizer(name)
    for _ in range(2):
        optimizer.step(theta, grad)
    assert np.array_equal(grad, np.arange(5.0))


def test_a_name_becomes_an_optimizer_with_its_options():
    momentum = make_optimizer("Momentum", lr=0.3)
    assert isinstance(momentum, SGD)
    assert (momentum.lr, momentum.momentum, momentum.nesterov) == (0.3, 0.9, False)
    assert make_optimizer("nesterov", momentum=0.5).config() == {
        "name": "sgd",
        "lr": 0.001,
        "momentum": 0.5,
        "nesterov": True,
    }


def test_an_optimizer_is_returned_unchanged():
    optimizer = Adam()
    assert make_optimizer(optimizer) is optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("lr", [0.5, [0.1, 0.2], Exponential(0.1, 0.5), Exponential([1, 2], 0.5)])
def test_a_config_survives_json_and_builds_the_same_optimizer(name, lr):
    config = make_optimizer(name, lr=lr).config()
    rebuilt = optimizer_from_config(json.loads(json.dumps(config)))
    assert rebuilt.config() == config
    assert np.array_equal(rebuilt.rate(3), make_optimizer(name, lr=lr).rate(3))


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.5, momentum=0.25), Adam([0.1, 0.2], betas=(0.5, 0.25)), RMSprop(Exponential(0.1, 0.5))],
)
def test_a_repr_can_be_evaluated(optimizer):
    assert eval(repr(optimizer)).config() == optimizer.config()
