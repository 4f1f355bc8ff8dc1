"""A run that diverges is an outcome: the last good weights stay, and the error says where."""

import copy
import pickle

import numpy as np
import pytest

from mlp import MLP, SGD, AdamW, Callback, Dense, Trainer, TrainingDiverged
from tests.training.small import DTYPES, OPTIMIZERS, numbers, optimizer, regressor


class Weights(Callback):
    """Keeps the parameters after every update."""

    def __init__(self, net):
        self.seen = [net.theta.copy()]

    def on_batch_end(self, trainer):
        self.seen.append(trainer.net.theta.copy())


def linear(dtype="float64", hidden="identity"):
    return MLP.from_sizes([4, 6, 3], hidden, "identity", "squared_error", dtype=dtype, seed=1)


def growing(name, dtype):
    """Return an optimizer whose runs end in an overflow, after some updates."""
    if name in ("sgd", "momentum", "nesterov"):
        return optimizer(name, lr=3.0)
    # a step of these is about lr: the loss, of the fourth degree in the weights, has to overflow
    return optimizer(name, lr=1e8 if dtype == "float32" else 1e75)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_driven_to_overflow_keeps_the_weights_from_before_the_failing_update(name, dtype):
    X, Y = numbers()
    net = linear(dtype)
    weights = Weights(net)
    trainer = Trainer(net, growing(name, dtype), batch_size=20, callbacks=[weights])
    with pytest.raises(TrainingDiverged) as caught:
        trainer.fit(10 * X, Y, 1000)
    error = caught.value
    assert np.isfinite(net.theta).all()
    assert np.array_equal(net.theta, weights.seen[-1])
    assert len(weights.seen) > 1  # some updates were made
    assert np.isfinite(weights.seen).all()

    updates = len(weights.seen) - 1
    assert (error.epoch, error.batch) == (updates // 3 + 1, updates % 3 + 1)
    assert (trainer.epoch, trainer.batch) == (error.epoch, error.batch)
    assert error.lr == trainer.optimizer.lr
    assert error.history is trainer.history
    assert trainer.history.status == "diverged"
    assert len(trainer.history.epochs) == error.epoch - 1
    for told in (f"epoch {error.epoch}", f"batch {error.batch}", f"{error.lr:g}", error.layer):
        assert told in str(error)
    assert "layers[" in error.layer or error.layer == "the loss, a running statistic or the update"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_single_update_that_would_overflow_is_caught_before_it_is_kept(name, dtype):
    net = linear(dtype)
    start = net.theta.copy()
    trainer = Trainer(net, optimizer(name, lr=1e30 if dtype == "float32" else 1e300))
    # the gradient is about 1e12, its square is in range; adaptive steps are about lr
    size = 1e12 if name in ("sgd", "momentum", "nesterov") else 1.0
    with pytest.raises(TrainingDiverged) as caught:
        trainer.fit(np.ones((5, 4)), np.full((5, 3), size), 5)
    assert np.isfinite(net.theta).all()
    if size > 1.0:
        assert (caught.value.epoch, caught.value.batch) == (1, 1)
        assert np.array_equal(net.theta, start)
        assert trainer.optimizer.steps == 0
        assert trainer.optimizer.state == {}


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_gradients_are_caught_for_every_optimizer(dtype):
    # the squares that Adam and its kin keep overflow, though the loss is finite
    size = 1e25 if dtype == "float32" else 1e200
    for name in ("adagrad", "rmsprop", "adam", "adamw"):
        net = MLP([Dense(1, 1, weights=[[0.0]])], "huber", dtype=dtype)
        trainer = Trainer(net, optimizer(name))
        with pytest.raises(TrainingDiverged):
            trainer.fit([[size]], [[2.0]], 5)
        assert np.array_equal(net.theta, [0.0, 0.0])
        assert trainer.optimizer.state_dict() == {"steps": 0, "state": {}}


def test_weight_decay_that_blows_up_the_weights_is_caught():
    # 1 - lr * decay is -9: the weights grow ninefold in each update, whatever the gradient
    net = MLP.from_sizes([4, 6, 3], "sigmoid", "sigmoid", dtype="float32", seed=0)
    weights = Weights(net)
    trainer = Trainer(net, AdamW(1000.0, weight_decay=0.01), callbacks=[weights])
    with pytest.raises(TrainingDiverged):
        trainer.fit(*numbers(), 100)
    assert np.isfinite(net.theta).all()
    assert np.array_equal(net.theta, weights.seen[-1])
    assert np.abs(net.theta).max() > 1e30


def assert_diverges_at(place, net, X, Y, **options):
    with pytest.raises(TrainingDiverged) as caught:
        Trainer(net, SGD(0.1), batch_size=None, **options).fit(X, Y)
    assert caught.value.layer.startswith(place)


def test_the_layer_is_the_first_whose_output_is_not_finite():
    X, Y = numbers()
    for i in range(3):
        net = MLP.from_sizes([4, 5, 6, 3], "identity", seed=0)
        net.layers[i].W[...] = 1e308
        assert_diverges_at(f"the output of layers[{i}]", net, 1e3 * np.abs(X) + 1e3, Y)


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_or_else_the_first_gradient_on_the_way_back(clip_norm):
    # outputs, loss and dW of the last layer are finite; dW of the first is 1e200 * 1e150
    net = MLP([Dense(1, 1), Dense(1, 1)], "mae")
    net.layers[0].W, net.layers[1].W = [[1e-100]], [[1e200]]
    place = "the gradient of W in layers[0]"
    assert_diverges_at(place, net, [[1e150]], [[0.0]], clip_norm=clip_norm)


def test_or_else_the_loss():
    # (1e200)^2 has no place in float64, the output and its error have
    net = MLP([Dense(1, 1, weights=[[1e200]])], "squared_error")
    assert_diverges_at("the loss, a running statistic or the update", net, [[1.0]], [[0.0]])


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_of_nan_is_named_where_it_began(clip_norm):
    class Broken:
        """An activation whose derivative is NaN."""

        def forward(self, Z, out):
            np.copyto(out, Z)

        def backward(self, dA, Z, A, out):
            out.fill(np.nan)

    net = MLP([Dense(4, 2, Broken()), Dense(2, 3)], "mae", seed=0)
    place = "the gradient of W in layers[0]"
    assert_diverges_at(place, net, *numbers(), clip_norm=clip_norm)


def test_a_network_that_diverged_goes_on_from_its_last_good_weights_with_a_lower_rate():
    X, Y = numbers()
    net = regressor()
    start = net.theta.copy()
    trainer = Trainer(net, SGD(1e300, momentum=0.9), batch_size=None)
    with pytest.raises(TrainingDiverged):
        trainer.fit(1e10 * X, 1e10 * Y)
    assert np.array_equal(net.theta, start)
    trainer.optimizer.lr = 0.05
    history = trainer.fit(X, Y, 3)
    other = regressor()
    expected = Trainer(other, SGD(0.05, momentum=0.9), batch_size=None).fit(X, Y, 3)
    assert np.array_equal(net.theta, other.theta)
    assert history["loss"] == expected["loss"]
    assert history.status == "completed"


def test_and_raises_again_if_it_diverges_again():
    X, Y = numbers()
    trainer = Trainer(linear(), SGD(1e300))
    for _ in range(2):
        with pytest.raises(TrainingDiverged):
            trainer.fit(X, 1e20 * Y)
    assert trainer.history.status == "diverged"


def test_training_diverged_is_an_arithmetic_error_of_this_run_only():
    X, Y = numbers()
    with pytest.raises(ArithmeticError):
        Trainer(linear(), SGD(10.0)).fit(X, Y, 1000)
    with np.errstate(over="raise"):  # and NumPy's settings are the caller's again
        assert np.geterr()["over"] == "raise"
        with pytest.raises(TrainingDiverged):
            Trainer(linear(), SGD(10.0)).fit(X, Y, 1000)
        assert np.geterr()["over"] == "raise"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_large_but_finite_run_is_no_divergence(dtype):
    # past the bound where the update is looked at, and nothing overflows
    size = 1e16 if dtype == "float32" else 1e151
    net = MLP([Dense(1, 1, bias=False, weights=[[1.0]])], "mae", dtype=dtype)
    history = Trainer(net, SGD(size)).fit([[1.0]], [[0.0]], 2)
    assert history.status == "completed"
    assert net.theta.tolist() == [0.0]  # 1 - size + size, in which 1 is lost
    assert history["loss"][1] == pytest.approx(size, rel=1e-6)


def test_the_error_can_be_pickled_and_copied():
    X, Y = numbers()
    with pytest.raises(TrainingDiverged) as raised:
        Trainer(linear(), SGD(1e300)).fit(X, Y, epochs=3)
    error = raised.value
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert str(other) == str(error)
        assert (other.epoch, other.batch, other.lr) == (error.epoch, error.batch, error.lr)
        assert other.layer == error.layer
        assert other.history == error.history
