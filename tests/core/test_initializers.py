"""Where weights start: the right variance and range, from one generator."""

import numpy as np
import pytest

from mlp.core import ACTIVATIONS, INITIALIZERS, MLP, Dense, make_initializer

N_IN, N_OUT = 300, 200
VARIANCES = {"glorot": 2 / (N_IN + N_OUT), "he": 2 / N_IN, "lecun": 1 / N_IN}


@pytest.mark.parametrize("shape", ["uniform", "normal"])
@pytest.mark.parametrize("rule", list(VARIANCES))
def test_weights_have_mean_zero_and_the_variance_of_the_rule(rule, shape):
    W = make_initializer(f"{rule}_{shape}").draw(np.random.default_rng(0), N_IN, N_OUT)
    assert W.shape == (N_IN, N_OUT)
    assert W.dtype == np.float64
    deviation = np.sqrt(VARIANCES[rule])
    assert abs(W.mean()) < 4 * deviation / np.sqrt(W.size)
    assert W.var() == pytest.approx(VARIANCES[rule], rel=0.025)
    if shape == "uniform":
        limit = np.sqrt(3) * deviation
        assert 0.999 * limit < np.abs(W).max() < limit
    else:
        assert np.mean(np.abs(W) < deviation) == pytest.approx(0.6827, abs=0.01)
        assert np.abs(W).max() > 3.5 * deviation  # it is not cut off


def test_zeros_are_zeros():
    W = make_initializer("zeros").draw(np.random.default_rng(0), 3, 2)
    assert np.array_equal(W, np.zeros((3, 2)))


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_the_default_is_hes_rule_for_relu_and_its_kin_lecuns_for_selu_and_glorots_for_the_rest(
    activation,
):
    net = MLP([Dense(30, 20, activation)], seed=5)
    others = dict.fromkeys(("identity", "sigmoid", "tanh", "softmax"), "glorot_uniform")
    rule = make_initializer((others | {"selu": "lecun_normal"}).get(activation, "he_uniform"))
    assert np.array_equal(net.layers[0].W, rule.draw(np.random.default_rng(5), 30, 20))
    assert np.array_equal(net.layers[0].b, np.zeros(20))


def test_layers_draw_one_after_another_from_one_generator():
    net = MLP([Dense(4, 3), Dense(3, 2, weights="he_normal")], seed=5)
    rng = np.random.default_rng(5)
    for layer, name in zip(net.layers, ["glorot_uniform", "he_normal"], strict=True):
        assert np.array_equal(layer.W, make_initializer(name).draw(rng, layer.n_in, layer.n_out))


def test_a_seed_gives_the_same_network_again_and_another_seed_another():
    first, again, other = (MLP.from_sizes([4, 3, 2], seed=s).theta for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    unseeded = [MLP.from_sizes([4, 3, 2]).theta for _ in range(2)]
    assert not np.array_equal(*unseeded)


@pytest.mark.parametrize("seed", [0, 1, 123])
def test_a_float32_network_starts_from_the_rounded_numbers_of_the_float64_one(seed):
    one = MLP.from_sizes([30, 20, 10], seed=seed)
    other = MLP.from_sizes([30, 20, 10], seed=seed, dtype="float32")
    assert other.theta.dtype == np.float32
    assert np.array_equal(other.theta, one.theta.astype(np.float32))
    assert np.array_equal(one.astype("float32").theta, other.theta)


def test_no_draw_touches_the_global_generator():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    net = MLP.from_sizes([4, 3, 2], dropout=0.5, seed=0)
    net.loss_and_grad(np.ones((2, 4)), np.ones((2, 2)))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_initialize_draws_anew_and_returns_given_numbers():
    net = MLP([Dense(2, 2, weights=np.eye(2), bias=0.5), Dense(2, 1)], seed=0)
    first = net.theta.copy()
    net.theta = np.zeros_like(first)
    net.initialize(0)
    assert np.array_equal(net.theta, first)
    net.initialize(1)
    assert np.array_equal(net.layers[0].W, np.eye(2))
    assert np.array_equal(net.layers[0].b, [0.5, 0.5])
    assert not np.array_equal(net.theta, first)


def test_every_replica_starts_from_the_same_numbers():
    net = MLP.from_sizes([4, 3, 2], seed=0).replicate(3)
    net.initialize(7)
    assert np.array_equal(net.theta, [MLP.from_sizes([4, 3, 2], seed=7).theta] * 3)


def test_an_initializer_of_ones_own_is_used():
    class Ones:
        def draw(self, rng, n_in, n_out):
            return np.ones((n_in, n_out))

    assert np.array_equal(MLP([Dense(2, 3, weights=Ones())]).layers[0].W, np.ones((2, 3)))


def test_an_unknown_initializer_names_the_nearest():
    with pytest.raises(ValueError, match=r"received 'he_unifrom', expected .*'he_uniform'"):
        Dense(2, 2, weights="he_unifrom")
    with pytest.raises(TypeError, match="expected a name"):
        make_initializer(3)
    assert set(INITIALIZERS) == {f"{r}_{s}" for r in VARIANCES for s in ("uniform", "normal")} | {
        "zeros"
    }
