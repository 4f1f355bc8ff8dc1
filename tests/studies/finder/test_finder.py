"""The learning-rate range test: its losses, its arguments and its errors."""

import copy
import math

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    Adam,
    Dense,
    LambdaCallback,
    LearningRateNotFound,
    Trainer,
    find_learning_rate,
    learning_rate_sweep,
)
from mlp.datasets import load_digits
from mlp.studies.finder.rule import end_of_first_fall, smooth
from tests.training.small import classes, classifier, numbers, regressor

X, y = classes(200)


def line(n=40, dtype="float64"):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n, 3))
    return MLP([Dense(3, 1)], "mse", dtype=dtype, seed=0), rows, rows @ [[1.0], [2.0], [3.0]]


def test_the_suggestion_trains_digits_nearly_as_well_as_the_best_rate_of_a_sweep():
    digits = load_digits()
    net = MLP.from_sizes([64, 32, 10], "relu", "softmax", "cross_entropy", seed=0)
    rate = find_learning_rate(net, *digits).suggestion
    sweep = learning_rate_sweep(net, *digits, [*np.geomspace(1e-4, 10, 11), rate], 5, 32)
    assert sweep.final[-1] < 3 * np.nanmin(sweep.final)
    assert sweep.final[-1] < 0.1 * sweep.loss[0, 0]


def test_the_losses_are_those_of_all_rows_after_each_update_of_a_plain_run():
    losses, net = [], classifier()
    record = LambdaCallback(on_batch_end=lambda trainer: losses.append(net.evaluate(X, y)))
    found = find_learning_rate(classifier(), X, y, lr_min=1e-4, lr_max=1.0, steps=15)
    rates = np.geomspace(1e-4, 1.0, 15)
    trainer = Trainer(
        net, SGD(lambda step: float(rates[min(step, 14)])), callbacks=[record], batch_size=32
    )
    trainer.fit(X, y, 3)
    assert np.array_equal(found.rates, rates)
    assert np.array_equal(found.losses, losses[:15])
    assert found.start == classifier().evaluate(X, y)
    assert found.loss_name == "cross_entropy"
    assert found.diverged_at is None


def test_of_many_rows_a_thousand_judge():
    many = np.random.default_rng(0).normal(size=(3000, 4)), np.arange(3000) % 3
    found = find_learning_rate(classifier(), *many, lr_min=1e-3, steps=20)
    whole = classifier().evaluate(*many)
    assert found.start != whole
    assert found.start == pytest.approx(whole, rel=0.1)


def test_penalties_and_weights_of_rows_are_part_of_the_loss():
    weight, class_weight = np.linspace(0.0, 2.0, 200), {0: 1.0, 1: 2.0, 2: 3.0}
    options = {"l2": 0.1, "sample_weight": weight, "class_weight": class_weight}
    found = find_learning_rate(classifier(), X, y, lr_min=1e-3, steps=20, **options)
    penalty = Trainer(classifier(), l2=0.1).penalty
    product = weight * np.array([1.0, 2.0, 3.0])[y]
    assert found.start == classifier().evaluate(X, y, product, penalty=penalty)


def test_smoothed_is_the_bias_corrected_average_and_the_slope_its_derivative_by_the_log():
    found = find_learning_rate(classifier(), X, y, smoothing=0.8, steps=100)
    for i in (0, 1, 20):
        weights = 0.8 ** np.arange(i, -1, -1)
        expected = weights @ found.losses[: i + 1] / weights.sum()
        assert found.smoothed[i] == pytest.approx(expected, rel=1e-12)
    step = math.log(found.rates[1] / found.rates[0])
    central = (found.smoothed[2:] - found.smoothed[:-2]) / (2 * step)
    np.testing.assert_allclose(found.slope[1:-1], central, rtol=1e-9, atol=1e-12)
    assert found.slope[0] == pytest.approx((found.smoothed[1] - found.smoothed[0]) / step)


def test_without_smoothing_the_losses_stay_as_they_are():
    losses = np.random.default_rng(0).normal(size=9)
    assert np.array_equal(smooth(losses, 0.0), losses)


def test_the_other_rules_rates_are_places_on_the_curve():
    found = find_learning_rate(*line(), steps=200)
    rates, lowest = found.rates.tolist(), found.smoothed.argmin()
    assert found.alternatives["minimum / 10"] == found.rates[lowest] / 10
    halfway = rates.index(found.alternatives["halfway"])
    middle = 0.5 * (found.start + found.smoothed[lowest])
    assert found.smoothed[halfway] <= middle < found.smoothed[halfway - 1]
    steepest = rates.index(found.alternatives["steepest"])
    assert found.slope[steepest] == found.slope[: lowest + 1].min() < 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", Adam(0.5)])
def test_no_argument_is_changed(optimizer, dtype):
    net = classifier(dtype, dropout=0.2)
    net.loss_and_grad(X, y)
    if not isinstance(optimizer, str):
        optimizer = copy.deepcopy(optimizer)
        optimizer.lr_scale = 0.5
        optimizer.step(net.copy().theta, net.grad)
    generator = np.random.default_rng(7)
    data = [X.copy(), y.copy()]
    for array in data:
        array.flags.writeable = False

    def state():
        moved = None
        if not isinstance(optimizer, str):
            saved = optimizer.state_dict()
            arrays = {name: array.tobytes() for name, array in saved["state"].items()}
            moved = saved["steps"], arrays, optimizer.lr, optimizer.lr_scale
        rng = generator.bit_generator.state, net._rng.bit_generator.state
        return (
            net.theta.tobytes(),
            net.grad.tobytes(),
            rng,
            moved,
        )

    before = state()
    options = {"optimizer": optimizer, "seed": generator, "steps": 60}
    one = find_learning_rate(net, *data, **options)
    assert state() == before
    other = find_learning_rate(net, *data, **options)
    assert np.array_equal(one.losses, other.losses)


def test_neither_the_state_nor_the_rate_of_the_optimizer_counts():
    used = Adam(0.5)
    used.lr_scale = 0.1
    Trainer(classifier(), used).fit(X, y)
    expected = find_learning_rate(classifier(), X, y, optimizer="adam", steps=60)
    found = find_learning_rate(classifier(), X, y, optimizer=used, steps=60)
    assert np.array_equal(found.losses, expected.losses)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_explosion_ends_it_and_is_marked(dtype):
    found = find_learning_rate(*line(dtype=dtype), lr_max=1e6, steps=200)
    assert found.diverged_at in np.geomspace(1e-6, 1e6, 200)
    assert found.diverged_at == found.rates[-1]
    assert len(found.losses) < 200
    assert np.isfinite(found.losses).all()
    assert found.losses[-1] > found.losses.min() + 3 * found.start
    assert 0.01 < found.suggestion < 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinity_ends_it_and_is_marked(dtype):
    # from one rate to the next the weights leave the range of the numbers
    found = find_learning_rate(*line(dtype=dtype), lr_min=1e-3, lr_max=1e300, steps=10)
    assert np.isfinite(found.losses).all()
    assert found.diverged_at in np.geomspace(1e-3, 1e300, 10)
    assert found.suggestion == 1e-3
    assert "lower lr_min" in found.reason


class NaNAbove:
    """An activation that is NaN once an output has grown beyond a bound."""

    def __init__(self, bound):
        self.bound = bound

    def forward(self, Z, out):
        out[...] = np.where(np.abs(Z) > self.bound, np.nan, Z)

    def backward(self, dA, Z, A, out):
        out[...] = dA


def test_nan_ends_it_and_is_marked():
    net, rows, Y = line()
    net = MLP([Dense(3, 1, NaNAbove(1.05 * np.abs(Y).max()), weights=net.layers[0].W)], "mse")
    found = find_learning_rate(net, rows, Y, steps=100)
    assert np.isfinite([found.losses, found.smoothed, found.slope]).all()
    assert found.diverged_at == np.geomspace(1e-6, 10, 100)[len(found.losses)]
    assert found.suggestion < found.diverged_at


def test_a_fall_from_an_overshoot_is_not_suggested():
    # the loss falls, overshoots, and comes back more steeply than it ever fell
    smoothed = np.array([2.0, 1.9, 1.6, 1.3, 1.2, 1.5, 0.8, 9.0])
    assert end_of_first_fall(smoothed, 2.0) == 4
    assert end_of_first_fall(smoothed[:5], 2.0) == 4
    assert end_of_first_fall(np.array([2.0, 2.08, 1.5, 1.0]), 2.0) == 3


def test_a_first_rate_that_is_already_best_is_suggested_with_advice():
    found = find_learning_rate(*line(), lr_min=0.3, lr_max=1e3, steps=50, smoothing=0.0)
    assert found.rates[0] <= found.suggestion < 1.0
    only = find_learning_rate(*line(), batch_size=None, lr_min=0.3, lr_max=1e9, steps=3)
    assert only.suggestion == 0.3
    assert "lower lr_min" in only.reason


def test_a_range_that_ends_too_low_is_said_to():
    found = find_learning_rate(classifier(), X, y, lr_max=1e-2, optimizer="adam", steps=100)
    assert found.suggestion > found.rates[-1] / 4
    assert found.reason.endswith("beyond the end of the range: try a higher lr_max.")


def test_a_network_that_cannot_get_better_gives_one_clear_error():
    net, rows, _ = line()
    with pytest.raises(LearningRateNotFound, match="0 at the start, never fell.*trained already"):
        find_learning_rate(net, rows, net.predict(rows))


def test_a_first_rate_that_is_too_high_gives_one_clear_error():
    with pytest.raises(LearningRateNotFound, match=r"diverged at the rate 1e\+30: try a lower"):
        find_learning_rate(*line(), lr_min=1e30, lr_max=1e31)


def test_a_network_whose_loss_is_infinite_gives_one_clear_error():
    net = MLP([Dense(3, 1, weights=np.full((3, 1), 1e200))], "mse")
    with pytest.raises(LearningRateNotFound, match="not finite before any update"):
        find_learning_rate(net, *line()[1:])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adamw"])
def test_it_always_gives_a_number_with_its_reason(optimizer, seed):
    for net, data in ((regressor(), numbers(seed=seed)), (classifier(), classes(seed=seed))):
        options = {"optimizer": optimizer, "seed": seed, "lr_max": 1e4, "steps": 200}
        found = find_learning_rate(net, *data, **options)
        assert found.rates[0] <= found.suggestion <= found.rates[-1]
        assert found.reason


def test_the_record_is_written_as_csv_with_every_digit_and_as_a_dict(tmp_path):
    found = find_learning_rate(*line(), steps=100)
    found.to_csv(tmp_path / "found.csv")
    table = np.loadtxt(tmp_path / "found.csv", delimiter=",", skiprows=1)
    columns = (found.rates, found.losses, found.smoothed, found.slope)
    assert np.array_equal(table, np.column_stack(columns))
    assert found.to_dict()["losses"] == found.losses.tolist()
    assert found.to_dict()["suggestion"] == found.suggestion
    assert str(found).startswith("suggestion    ")
    assert "diverged" in str(found)


def test_it_can_be_drawn(tmp_path):
    ax = find_learning_rate(*line(), steps=100).plot(tmp_path / "found.png")
    assert ax.get_xscale() == "log"
    assert (tmp_path / "found.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"net": classifier().replicate(2)}, TypeError, "without replicas"),
        ({"X": X[:, :2]}, ValueError, r"X: received shape"),
        ({"Y": y[:5]}, ValueError, "Y: received"),
        ({"lr_min": 0.0}, ValueError, "lr_min: received 0.0"),
        ({"lr_min": 10.0}, ValueError, "lr_max: received 10.0, expected more than lr_min"),
        ({"lr_max": math.inf}, ValueError, "lr_max: received inf"),
        ({"lr_max": "1"}, TypeError, "lr_max"),
        ({"steps": 2}, ValueError, "steps: received 2"),
        ({"smoothing": 1.0}, ValueError, "smoothing: received 1.0"),
        ({"smoothing": -0.1}, ValueError, "smoothing: received -0.1"),
        ({"optimizer": "sdg"}, ValueError, "did you mean 'sgd'"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"l2": -1.0}, ValueError, "l2"),
    ],
)
def test_bad_arguments_are_refused(changes, error, message):
    arguments = {"net": classifier(), "X": X, "Y": y} | changes
    with pytest.raises(error, match=message) as caught:
        find_learning_rate(**arguments)
    assert not isinstance(caught.value, LearningRateNotFound)
