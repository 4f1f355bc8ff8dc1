"""The learning-rate finder: its losses, its arguments and its errors."""

import copy
import math
from xml.etree import ElementTree

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
from mlp.studies.finder.result import FinderResult
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


def batch_losses(net, rate, updates, **options):
    losses = []

    def stop(trainer):
        losses.append(trainer.batch_loss)
        if len(losses) == updates:
            raise StopIteration

    record = LambdaCallback(on_batch_end=stop)
    with pytest.raises(StopIteration):
        Trainer(net, SGD(rate), batch_size=32, callbacks=[record], **options).fit(X, y, 100)
    return losses


def test_each_loss_is_the_mean_of_the_second_half_of_the_batches_of_its_own_run():
    found = find_learning_rate(classifier(), X, y, lr_min=1e-4, lr_max=1.0, steps=40, l2=0.1)
    assert set(found.updates.tolist()) <= {2, 10, 20, 40}
    for rate, loss, updates in zip(found.rates, found.losses, found.updates, strict=True):
        own = batch_losses(classifier(), float(rate), int(updates), l2=0.1)
        assert loss == pytest.approx(np.mean(own[updates // 2 :]), rel=1e-12)
    untrained = batch_losses(classifier(), 0.0, 40, l2=0.1)
    assert found.start == pytest.approx(np.mean(untrained[20:]), rel=1e-12)
    assert found.loss_name == "cross_entropy"
    assert found.diverged_at is None


def test_the_suggestion_has_been_trained_longest_and_is_among_the_rates():
    found = find_learning_rate(classifier(), X, y)
    assert found.updates.max() == 200
    assert found.suggestion in found.rates[found.updates == 200]
    assert np.all(np.diff(found.rates) > 0)
    assert found.rates[0] == 1e-10
    assert found.losses[found.updates == 200].min() < found.start


def test_more_than_200_batches_make_the_last_round_one_epoch():
    many = np.random.default_rng(0).normal(size=(500, 4)), np.arange(500) % 3
    found = find_learning_rate(classifier(), *many, batch_size=2, lr_min=1e-3)
    assert found.updates.max() == 250


def test_weights_of_rows_count_in_all_losses():
    weight, class_weight = np.linspace(0.0, 2.0, 200), {0: 1.0, 1: 2.0, 2: 3.0}
    options = {"batch_size": None, "lr_min": 1e-3, "steps": 20}
    found = find_learning_rate(
        classifier(), X, y, sample_weight=weight, class_weight=class_weight, **options
    )
    product = weight * np.array([1.0, 2.0, 3.0])[y]
    assert found.start == pytest.approx(classifier().evaluate(X, y, product))
    shares = np.bincount(y, product) / product.sum()
    assert found.constant == pytest.approx(-(product * np.log(shares[y])).mean())


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
def test_rates_that_diverge_have_no_loss_and_the_lowest_is_named(dtype):
    found = find_learning_rate(*line(dtype=dtype), lr_min=1e-3, lr_max=1e200, steps=60)
    assert np.isfinite(found.losses).all()
    assert found.suggestion < found.diverged_at
    assert found.diverged_at not in found.rates
    assert 0.01 < found.suggestion < 1.0


class NaNAbove:
    """An activation that is NaN once an output has grown beyond a bound."""

    def __init__(self, bound):
        self.bound = bound

    def forward(self, Z, out):
        out[...] = np.where(np.abs(Z) > self.bound, np.nan, Z)

    def backward(self, dA, Z, A, out):
        out[...] = dA


def test_a_rate_that_makes_the_loss_nan_is_not_suggested():
    net, rows, Y = line()
    net = MLP([Dense(3, 1, NaNAbove(1.3 * np.abs(Y).max()), weights=net.layers[0].W)], "mse")
    found = find_learning_rate(net, rows, Y, lr_min=1e-3, steps=60)
    assert np.isfinite(found.losses).all()
    assert found.suggestion < found.diverged_at


def test_a_suggestion_at_an_end_of_the_range_is_said_to_be_clamped():
    low = find_learning_rate(*line(), lr_min=0.6, lr_max=1e3)
    assert low.suggestion == 0.6
    assert "It is the lowest rate of the range" in low.reason
    assert "try a lower lr_min" in low.reason
    high = find_learning_rate(classifier(), X, y, lr_max=1e-3)
    assert high.suggestion == 1e-3
    assert "It is the highest rate of the range" in high.reason
    assert "try a higher lr_max" in high.reason


def test_a_network_that_cannot_get_better_gives_one_clear_error():
    net, rows, _ = line()
    with pytest.raises(LearningRateNotFound, match="0 at the start, never fell.*trained already"):
        find_learning_rate(net, rows, net.predict(rows))


def test_a_first_rate_that_is_too_high_gives_one_clear_error():
    with pytest.raises(
        LearningRateNotFound, match=r"every run diverged, even at the rate 1e\+30: try a lower"
    ):
        find_learning_rate(*line(), lr_min=1e30, lr_max=1e31)


def test_a_network_whose_loss_is_infinite_gives_one_clear_error():
    net = MLP([Dense(3, 1, weights=np.full((3, 1), 1e200))], "mse")
    with pytest.raises(LearningRateNotFound, match="not finite before any update"):
        find_learning_rate(net, *line()[1:])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adamw"])
def test_it_always_gives_a_number_with_its_reason(optimizer, seed):
    for net, data in ((regressor(), numbers(seed=seed)), (classifier(), classes(seed=seed))):
        options = {"optimizer": optimizer, "seed": seed, "lr_max": 1e4, "steps": 60}
        found = find_learning_rate(net, *data, **options)
        assert found.rates[0] <= found.suggestion <= found.rates[-1]
        assert found.reason


def test_the_record_is_written_as_csv_with_every_digit_and_as_a_dict(tmp_path):
    found = find_learning_rate(*line(), steps=100, lr_max=1e100)
    found.to_csv(tmp_path / "found.csv")
    table = np.loadtxt(tmp_path / "found.csv", delimiter=",", skiprows=1)
    assert np.array_equal(table, np.column_stack([found.rates, found.losses, found.updates]))
    assert found.to_dict()["losses"] == found.losses.tolist()
    assert found.to_dict()["suggestion"] == found.suggestion
    (line_,) = (line for line in str(found).splitlines() if line.endswith("<- suggestion"))
    assert float(line_.split()[0]) == pytest.approx(found.suggestion, rel=1e-2)
    assert str(found).endswith(found.reason)
    assert "diverged" in str(found)


def test_a_terminal_shows_one_line_and_a_notebook_the_table_and_the_reason():
    numbers = np.array([0.1, 1.0]), np.array([0.5, 0.2]), np.array([3, 20])
    found = FinderResult(*numbers, suggestion=1.0, reason="1 < 2", diverged_at=10.0)
    assert repr(found) == "<FinderResult: suggestion 1, 2 rates>"
    shown = ElementTree.fromstring(f"<p>{found._repr_html_()}</p>")
    cells = [[(cell.text or "").strip() for cell in row] for row in shown.iter("tr")]
    assert cells[1:] == [
        ["0.1", "0.5", "3", ""], ["1", "0.2", "20", "<- suggestion"], ["10", "diverged", "", ""]
    ]  # fmt: skip
    in_terminal = str(found).split("\n\n")[0].split()
    assert " ".join(" ".join(row) for row in cells).split() == in_terminal
    assert shown[-1].text == "1 < 2"


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
        ({"steps": 3}, ValueError, "steps: received 3"),
        ({"seed": "1"}, TypeError, "seed"),
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
