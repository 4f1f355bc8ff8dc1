"""Learning-rate factors: each parameter's step is that of a run with factor times the rate."""

import numpy as np
import pytest

import mlp
from mlp import Dense, Trainer
from mlp.core import Parameter
from mlp.optim import OPTIMIZERS, SGD, Adam, AdamW, Cosine, RMSprop

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
FACTORS = {"lr_factor": 3.0, "bias_lr_factor": 0.25}
METHODS = [
    SGD(0.01),
    SGD(0.01, momentum=0.9, nesterov=True),
    *(kind(lr=0.01) for kind, _ in OPTIMIZERS.values() if kind is not SGD),
    RMSprop(0.01, momentum=0.5, centered=True),
    AdamW(Cosine(0.01, 20), weight_decay=0.3),
]


def network(dtype="float64", factors=FACTORS):
    layers = [Dense(3, 5, "tanh", **factors), Dense(5, 2, lr_factor=factors["lr_factor"])]
    return mlp.MLP(layers, "mse", dtype=dtype, seed=1)


@pytest.mark.parametrize("method", METHODS, ids=repr)
@pytest.mark.parametrize("large", [False, True])
def test_a_step_is_that_of_the_rate_times_the_factor(method, large, monkeypatch):
    if large:  # updated in parts
        monkeypatch.setattr("mlp.optim.base._LARGE", 100)
        monkeypatch.setattr("mlp.optim.base._PART", 70)
        monkeypatch.setattr("mlp.optim.base._NARROWEST", 10)
    theta, factors = rng.normal(size=200), np.repeat([3.0, 0.0, 0.25, 1.0], 50)
    parts = [slice(50 * i, 50 * i + 50) for i in range(4)]
    alone = [theta[part].copy() for part in parts]
    others = [type(method)(**vars_of(method)) for _ in parts]
    for step in range(5):
        grad = rng.normal(size=200)
        method.step(theta, grad, factors=factors)
        for part, own, other in zip(parts, alone, others, strict=True):
            other.step(own, grad[part], other.rate(step) * factors[part][0])
            assert np.allclose(theta[part], own, rtol=1e-13, atol=1e-15)
    method.reset()


def vars_of(method):
    return {"lr": method.lr} | {name: getattr(method, name) for name in method.hyperparameters}


def test_training_multiplies_the_steps():
    plain, scaled = network(factors=dict.fromkeys(FACTORS, 1.0)), network()
    before = plain.theta.copy()
    for net in (plain, scaled):
        Trainer(net, Adam(0.01), batch_size=None).fit(X, Y)
    expected = np.repeat([3.0, 0.25, 1.0], [25, 5, 2])
    assert np.allclose(scaled.theta - before, (plain.theta - before) * expected, rtol=1e-9)


def test_factors_of_one_change_no_bit_and_compute_nothing():
    nets = [
        network(factors=dict.fromkeys(FACTORS, 1.0)),
        mlp.MLP([Dense(3, 5, "tanh"), Dense(5, 2)], "mse", seed=1),
    ]
    for net in nets:
        assert net._parameters.factors is None
        Trainer(net, Adam(0.01), batch_size=8).fit(X, Y, epochs=3)
    assert np.array_equal(nets[0].theta, nets[1].theta)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_replicas_are_bit_identical_to_their_runs_alone(dtype):
    rates = [0.01, 0.02, 0.3]
    nets = network(dtype).replicate(3)
    Trainer(nets, AdamW(rates), batch_size=8).fit(X, Y, epochs=3)
    for k, lr in enumerate(rates):
        net = network(dtype)
        Trainer(net, AdamW(lr), batch_size=8).fit(X, Y, epochs=3)
        assert np.array_equal(nets.theta[k], net.theta)


def test_factors_are_saved_and_copied(tmp_path):
    net = network()
    net.save(tmp_path / "net.npz")
    for same in (net.copy(), mlp.load(tmp_path / "net.npz"), net.replicate(2)):
        assert repr(same.layers) == repr(net.layers)
        assert np.array_equal(same._parameters.factors, net._parameters.factors)
    expected = "Dense(3, 5, 'tanh', lr_factor=3, bias_lr_factor=0.25)"
    assert repr(mlp.load(tmp_path / "net.npz").layers[0]) == expected


def test_a_checkpoint_of_other_factors_is_rejected(tmp_path):
    path = tmp_path / "run.npz"
    Trainer(network(), callbacks=[mlp.Checkpoint(path)]).fit(X, Y, epochs=1)
    other = Trainer(network(factors=FACTORS | {"lr_factor": 2.0}))
    with pytest.raises(ValueError, match=r"W\.lr_factor: received 2\.0, expected 3\.0"):
        other.resume(path, X, Y, epochs=2)
    Trainer(network()).resume(path, X, Y, epochs=2)


def test_a_step_that_overflows_by_its_factor_is_not_applied():
    net = network(factors={"lr_factor": 1e308, "bias_lr_factor": 1.0})
    net.theta = net.theta * 1e3
    before = net.theta.copy()
    with pytest.raises(mlp.TrainingDiverged):
        Trainer(net, SGD(1.0), batch_size=None).fit(X * 1e3, Y)
    assert np.array_equal(net.theta, before)


@pytest.mark.parametrize("factor", [-1.0, np.inf, "much"])
def test_a_factor_below_0_is_rejected(factor):
    with pytest.raises((ValueError, TypeError), match="^lr_factor: received"):
        Dense(2, 3, lr_factor=factor)
    with pytest.raises((ValueError, TypeError), match="^lr_factor: received"):
        Parameter("s", (1,), lambda rng: np.ones(1), lr_factor=factor)


@pytest.mark.parametrize("factors", [np.ones(3), np.ones((1, 2)), [1.0, 1.0], np.ones(2, "f4")])
def test_factors_that_do_not_fit_theta_are_rejected(factors):
    with pytest.raises((ValueError, TypeError), match="^factors: received"):
        SGD(0.1).step(np.ones(2), np.ones(2), factors=factors)
