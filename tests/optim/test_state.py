"""Saving and loading: a run continues bit-identically, and a wrong state changes nothing."""

import copy
import pickle

import numpy as np
import pytest

from mlp.optim import OPTIMIZERS, SGD, Adam, make_optimizer
from tests.optim.moved import moved

GRADS = np.random.default_rng(1).normal(size=(6, 2, 5))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loaded_optimizer_continues_bit_for_bit(name, order):
    whole = moved(make_optimizer(name, lr=0.1), np.ones((2, 5)), GRADS)
    first, second = make_optimizer(name, lr=0.1), make_optimizer(name, lr=0.1)
    theta = moved(first, np.ones((2, 5), order=order), GRADS[:3])
    second.load_state_dict(first.state_dict())
    assert second.steps == 3
    assert np.array_equal(moved(second, theta, GRADS[3:]), whole)


def pickled(optimizer):
    return pickle.loads(pickle.dumps(optimizer))  # noqa: S301


@pytest.mark.parametrize("twin", [copy.deepcopy, pickled])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_copy_continues_bit_for_bit_and_shares_nothing(name, twin):
    optimizer = make_optimizer(name, lr=0.1)
    theta = moved(optimizer, np.ones((2, 5)), GRADS[:3])
    other = twin(optimizer)
    whole = moved(optimizer, theta.copy(), GRADS[3:])
    assert other.steps == 3
    assert np.array_equal(moved(other, theta.copy(), GRADS[3:]), whole)


def test_a_state_dict_holds_copies():
    optimizer, theta = Adam(), np.ones(5)
    moved(optimizer, theta, GRADS[:1, 0])
    saved = optimizer.state_dict()
    before = saved["state"]["m"].copy()
    moved(optimizer, theta, GRADS[1:2, 0])  # another array would get a state of its own
    assert not np.array_equal(optimizer.state["m"], before)
    assert np.array_equal(saved["state"]["m"], before)
    other = Adam()
    other.load_state_dict(saved)
    saved["state"]["m"][...] = np.nan
    assert np.array_equal(other.state["m"], before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_reset_optimizer_is_as_new(name):
    optimizer = make_optimizer(name)
    first = moved(optimizer, np.ones((2, 5)), GRADS)
    optimizer.reset()
    assert (optimizer.steps, optimizer.state) == (0, {})
    assert np.array_equal(moved(optimizer, np.ones((2, 5)), GRADS), first)
    optimizer.reset()
    optimizer.step(np.ones(3, np.float32), np.ones(3, np.float32))
    assert optimizer.steps == 1


def test_a_state_saved_before_the_first_step_can_be_loaded():
    optimizer = Adam()
    moved(optimizer, np.ones(5), GRADS[:2, 0])
    optimizer.load_state_dict(Adam().state_dict())
    assert (optimizer.steps, optimizer.state) == (0, {})


GOOD = np.ones(5)


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (None, "received NoneType"),
        ({"steps": 1}, r"received \['steps'\]"),
        ({"steps": -1, "state": {}}, "received -1"),
        ({"steps": True, "state": {}}, "received True"),
        ({"steps": 1.0, "state": {}}, "received 1.0"),
        ({"steps": 1, "state": {"m": GOOD}}, r"received \['m'\], expected the arrays \['m', 'v'\]"),
        ({"steps": 1, "state": {"m": GOOD, "v": GOOD, "w": GOOD}}, "expected the arrays"),
        ({"steps": 1, "state": [GOOD, GOOD]}, "expected the arrays"),
        ({"steps": 0, "state": {"m": GOOD, "v": GOOD}}, r"expected the arrays \[\]"),
        ({"steps": 1, "state": {"m": GOOD, "v": GOOD.tolist()}}, "received list"),
        ({"steps": 1, "state": {"m": GOOD, "v": GOOD.astype(int)}}, "received dtype int64"),
        ({"steps": 1, "state": {"m": GOOD, "v": GOOD.astype("f4")}}, "received dtype float32"),
        ({"steps": 1, "state": {"m": GOOD, "v": GOOD[:4]}}, r"received shape \(4,\)"),
        ({"steps": 1, "state": {"m": np.ones(()), "v": np.ones(())}}, r"received shape \(\)"),
        ({"steps": 1, "state": {"m": GOOD[:4], "v": GOOD[:4]}}, r"expected \(5,\)"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(saved, message):
    optimizer = Adam()
    moved(optimizer, np.ones(5), GRADS[:2, 0])
    before = optimizer.state_dict()
    with pytest.raises((TypeError, ValueError), match=message):
        optimizer.load_state_dict(saved)
    after = optimizer.state_dict()
    assert after["steps"] == before["steps"]
    for name, array in before["state"].items():
        assert np.array_equal(after["state"][name], array)


@pytest.mark.parametrize(
    ("theta", "grad", "lr", "message"),
    [
        (np.ones(4), np.ones(4), 0.1, r"theta: received shape \(4,\), expected \(5,\)"),
        (np.ones(5, "f4"), np.ones(5, "f4"), 0.1, "theta: received dtype float32"),
        (np.ones(5), np.ones(4), 0.1, r"grad: received shape \(4,\), expected \(5,\), as theta"),
        (np.ones(5), np.ones((1, 5)), 0.1, "grad: received shape"),
        (np.ones(5), np.ones(5, "f4"), 0.1, "grad: received dtype float32, expected float64"),
        ([1.0] * 5, np.ones(5), 0.1, "theta: received list"),
        (np.ones(5), [1.0] * 5, 0.1, "grad: received list"),
        (np.ones(5, int), np.ones(5, int), 0.1, "theta: received dtype int64"),
        (np.ones((1, 1, 5)), np.ones((1, 1, 5)), 0.1, "theta: received shape"),
        (np.broadcast_to(1.0, 5), np.ones(5), 0.1, "read-only"),
        (np.ones(5), np.ones(5), [0.1], r"lr: received shape \(1,\), expected a float"),
        (np.ones(5), np.ones(5), -0.1, "lr: received -0.1"),
        (np.ones(5), np.ones(5), float("nan"), "lr: received nan"),
    ],
)
def test_a_step_that_does_not_fit_changes_nothing(theta, grad, lr, message):
    optimizer = Adam()
    moved(optimizer, np.ones(5), GRADS[:2, 0])
    before, start = optimizer.state_dict(), copy.deepcopy(theta)
    with pytest.raises((TypeError, ValueError), match=message):
        optimizer.step(theta, grad, lr)
    assert np.array_equal(theta, start)
    assert optimizer.steps == before["steps"]
    assert np.array_equal(optimizer.state["m"], before["state"]["m"])


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam", "adamw"])
def test_an_eps_that_is_zero_in_thetas_dtype_is_rejected(name):
    optimizer = make_optimizer(name, eps=1e-50)
    theta = np.ones(3, np.float32)
    with pytest.raises(ValueError, match="eps: received 1e-50, expected a number > 0 in float32"):
        optimizer.step(theta, np.zeros(3, np.float32))
    assert (optimizer.steps, optimizer.state, theta.tolist()) == (0, {}, [1.0, 1.0, 1.0])
    optimizer.step(np.ones(3), np.zeros(3))
    assert optimizer.steps == 1


def test_rates_of_another_number_of_replicas_are_rejected():
    with pytest.raises(
        ValueError, match=r"received shape \(3,\), expected a float or shape \(2,\)"
    ):
        SGD([0.1, 0.2, 0.3]).step(np.ones((2, 5)), np.ones((2, 5)))
