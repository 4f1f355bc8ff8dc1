"""What no gradient trains stands in `net.fixed`, beside theta."""

import numpy as np
import pytest

from mlp.core import MLP, Dense

X = np.linspace(-1, 1, 8).reshape(4, 2)


def make(replicas=None, **last):
    net = MLP([Dense(2, 4, "tanh"), Dense(4, 3, **last)], "mse", seed=0)
    return net.replicate(replicas) if replicas else net


@pytest.mark.parametrize("replicas", [None, 3])
def test_setting_fixed_copies_into_the_layers_views(replicas):
    net = make(replicas, train_bias=False, bias=[0.1, 0.2, 0.3])
    fixed, last = net.fixed, net.layers[1]
    assert fixed.shape == (*net.theta.shape[:-1], 3)
    assert np.shares_memory(last.b, fixed)
    new = np.arange(fixed.size).reshape(fixed.shape)
    net.fixed = new
    assert net.fixed is fixed
    assert np.array_equal(last.b, new)
    net.fixed = [4, 5, 6]
    assert np.array_equal(fixed, np.broadcast_to([4.0, 5.0, 6.0], fixed.shape))


@pytest.mark.parametrize("replicas", [None, 3])
def test_theta_and_fixed_are_all_that_outputs_depend_on(replicas):
    net, other = make(replicas, train_bias=False, bias=0.5), make(replicas, train_bias=False)
    net.theta *= 2.0
    other.theta, other.fixed = net.theta, net.fixed
    assert np.array_equal(other.predict(X), net.predict(X))


@pytest.mark.parametrize("value", [np.ones(2), [1.0, np.nan, 1.0], 1.0, ["a"] * 3, None])
@pytest.mark.parametrize("replicas", [None, 3])
def test_setting_fixed_to_what_does_not_fit_changes_nothing(value, replicas):
    net = make(replicas, train_bias=False, bias=0.5)
    with pytest.raises((TypeError, ValueError), match="^fixed: received .*, expected"):
        net.fixed = value
    assert np.array_equal(net.fixed, np.full_like(net.fixed, 0.5))


def test_a_network_that_trains_all_its_numbers_has_an_empty_fixed():
    assert make().fixed.shape == (0,)
    assert make(3).fixed.shape == (3, 0)
