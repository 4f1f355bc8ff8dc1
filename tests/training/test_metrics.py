"""Metrics: their definitions, and when a trainer records them."""

import math

import numpy as np
import pytest

from mlp import MAE, MLP, R2, SGD, Accuracy, Dense, Metric, TopK, Trainer
from mlp.training import make_metric
from tests.training.small import classes, classifier, numbers, regressor

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 5, 40)
SCORES = RNG.normal(size=(40, 5))


def counted(labels, outputs, k):
    """The share of rows whose class is among the k largest, counted one by one."""
    right = 0
    for label, row in zip(labels, outputs.tolist(), strict=True):
        best = sorted(range(len(row)), key=lambda i: -row[i])[:k]  # the first of equals stays first
        right += label in best
    return right / len(labels)


@pytest.mark.parametrize("decimals", [0, 9])  # with 0 many outputs are equal
@pytest.mark.parametrize("targets", [LABELS, np.eye(5)[LABELS], 0.9 * np.eye(5)[LABELS] + 0.02])
def test_accuracy_and_top_k_are_what_one_counts(targets, decimals):
    outputs = SCORES.round(decimals)
    assert Accuracy()(targets, outputs) == counted(LABELS, outputs, 1)
    for k in range(1, 5):
        assert TopK(k)(targets, outputs) == counted(LABELS, outputs, k)


def test_top_k_is_scikit_learns():
    # sklearn.metrics.top_k_accuracy_score 1.9.1
    assert [TopK(k)(LABELS, SCORES) for k in range(1, 5)] == [0.2, 0.375, 0.55, 0.775]


@pytest.mark.parametrize("targets", [[1, 0, 1, 0], [[1.0], [0.0], [1.0], [0.0]]])
def test_one_output_is_yes_above_one_half(targets):
    outputs = np.array([[0.9], [0.5], [0.2], [0.7]])
    assert Accuracy()(np.array(targets), outputs) == 0.5


def test_mae_is_the_mean_over_all_elements():
    Y, outputs = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [4.0, 4.0]])
    assert MAE()(Y, outputs) == 0.75


@pytest.mark.parametrize(
    ("Y", "outputs", "expected"),
    [
        ([[3], [-0.5], [2], [7]], [[2.5], [0.0], [2], [8]], 0.9486081370449679),
        ([[0.5, 1], [-1, 1], [7, -6]], [[0, 2], [-1, 2], [8, -5]], 0.9368005266622779),
        ([[1, 2], [1, 3]], [[1, 2], [1, 3]], 1.0),  # constant targets, met
        ([[1, 2], [1, 3]], [[1, 2], [1.5, 3]], 0.5),  # constant targets, missed
        ([[5], [5]], [[4], [5]], 0.0),
    ],
)
def test_r2_is_scikit_learns(Y, outputs, expected):
    # sklearn.metrics.r2_score 1.9.1
    assert R2()(np.array(Y, float), np.array(outputs, float)) == pytest.approx(expected, abs=1e-15)


def test_r2_of_one_row_is_no_number():
    assert math.isnan(R2()(np.ones((1, 2)), np.ones((1, 2))))


def test_float32_outputs_are_summed_in_float64():
    Y = np.full((1000, 1), 1.0, np.float32)
    Y[::2] = 1.0001
    assert R2()(Y, Y.copy()) == 1.0
    assert isinstance(R2()(Y, Y), float)
    assert MAE()(Y, Y + np.float32(1.0)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("metric", [Accuracy(), TopK(2), MAE(), R2()])
def test_replicas_have_a_number_each(metric):
    outputs = RNG.normal(size=(3, 40, 5))
    Y = np.eye(5)[LABELS]
    expected = [metric(Y, A) for A in outputs]
    assert np.array_equal(metric(Y, outputs), expected)
    assert isinstance(expected[0], float)


@pytest.mark.parametrize(
    ("metric", "Y", "outputs", "message"),
    [
        (Accuracy(), SCORES, SCORES, "give no classes"),
        (Accuracy(), LABELS.astype(float), SCORES, "give no classes"),
        (Accuracy(), LABELS, SCORES[:, :3], "give no classes for 3 outputs"),
        (Accuracy(), np.full((40, 1), -1.0), SCORES[:, :1], "0 and 1"),
        (Accuracy(), np.ones((40, 5)), SCORES, "one-hot"),
        (Accuracy(), LABELS[:39], SCORES, r"\(39,\)"),
        (TopK(5), LABELS, SCORES, "expected more than 5"),
        (MAE(), LABELS, SCORES, r"expected \(n, 5\)"),
        (R2(), LABELS, SCORES[:, :1], r"expected \(n, 1\)"),
    ],
)
def test_targets_that_have_no_such_metric_are_refused(metric, Y, outputs, message):
    with pytest.raises(ValueError, match=message):
        metric(Y, outputs)


@pytest.mark.parametrize("k", [0, -1])
def test_top_k_needs_a_k(k):
    with pytest.raises(ValueError, match="k: received"):
        TopK(k)


def test_metrics_go_by_name():
    assert isinstance(make_metric("R2"), R2)
    assert make_metric("Top_4").name == "top_4"
    names = ["accuracy", "top_2", "mae", "r2"]
    assert [make_metric(name).name for name in names] == names
    assert [type(make_metric(name)) for name in names] == [Accuracy, TopK, MAE, R2]


X, y = classes(60)
VALIDATION = (X[40:], y[40:])


def spread(Y, outputs):
    return outputs.std()


def test_with_validation_data_metrics_are_of_these_after_each_epoch():
    net = classifier()
    trainer = Trainer(net, SGD(0.5), metrics=["accuracy", TopK(2), spread])
    for _ in range(2):
        history = trainer.fit(X[:40], y[:40], 1, validation=VALIDATION)
        outputs = net.predict(VALIDATION[0])
        assert history["val_accuracy"][-1] == (outputs.argmax(axis=1) == VALIDATION[1]).mean()
        assert history["val_top_2"][-1] == TopK(2)(VALIDATION[1], outputs)
        assert history["val_spread"][-1] == outputs.std()
        assert history["val_loss"][-1] == net.evaluate(*VALIDATION)
    assert not {"accuracy", "top_2", "spread"} & set(history)


def test_without_validation_data_metrics_are_of_the_training_data():
    net = classifier()
    history = Trainer(net, SGD(0.5), metrics=["accuracy"]).fit(X, y, 3)
    assert history["accuracy"][-1] == (net.predict(X).argmax(axis=1) == y).mean()
    assert "val_accuracy" not in history


def test_metrics_leave_the_run_alone():
    nets = classifier(dropout=0.3), classifier(dropout=0.3)
    Trainer(nets[0], SGD(0.1)).fit(X, y, 3)
    Trainer(nets[1], SGD(0.1), metrics=["accuracy"]).fit(X, y, 3)
    assert np.array_equal(nets[0].theta, nets[1].theta)


def test_many_validation_rows_give_one_metric():
    many = np.random.default_rng(1).normal(size=(3000, 4)), np.zeros(3000, int)  # several blocks
    net = classifier()
    history = Trainer(net, SGD(0.5), metrics=["accuracy"]).fit(X, y, 1, validation=many)
    assert history["val_accuracy"] == [(net.predict(many[0]).argmax(axis=1) == 0).mean()]


@pytest.mark.parametrize("metric", ["accuracy", spread])
def test_replicas_have_the_metrics_of_their_runs_alone(metric):
    name = f"val_{metric if metric == 'accuracy' else 'spread'}"
    nets = classifier().replicate(2)
    history = Trainer(nets, SGD([0.1, 0.5]), metrics=[metric]).fit(X, y, 2, validation=VALIDATION)
    for k, rate in enumerate((0.1, 0.5)):
        own = Trainer(classifier(), SGD(rate), metrics=[metric]).fit(X, y, 2, validation=VALIDATION)
        assert [row[k] for row in history[name]] == own[name]


@pytest.mark.parametrize("metric", ["mae", spread])
def test_a_replica_that_diverged_has_none(metric):
    data = numbers()
    nets = regressor().replicate(2)
    history = Trainer(nets, SGD([1e300, 0.01]), metrics=[metric]).fit(*data, 3)
    last = history["mae" if metric == "mae" else "spread"][-1]
    assert np.isnan(last).tolist() == [True, False]


def test_of_outputs_that_are_not_finite_a_metric_is_no_number_and_is_not_called():
    def never(Y, outputs):
        raise AssertionError

    net = MLP([Dense(1, 1, weights=[[1e200]])], "mae")
    history = Trainer(net, SGD(1e-300), metrics=["r2", never]).fit(
        [[1e-200]], [[0.0]], validation=([[1e300], [1.0]], [[0.0], [1.0]])
    )
    assert math.isnan(history["val_r2"][0])
    assert math.isnan(history["val_never"][0])


def test_a_users_function_gets_the_targets_as_labels_and_cannot_write_to_them():
    seen = []

    def look(Y, outputs):
        seen.append(Y)
        return 0

    Trainer(classifier(), metrics=[look]).fit(X, y, 1)
    assert np.array_equal(seen[0], y)
    assert not seen[0].flags.writeable


class Best(Metric):
    name = "best"

    def check(self, Y, n_out):
        if n_out != 2:
            raise ValueError("best: expected two outputs")

    def measure(self, Y, outputs):
        return outputs.max(axis=(-2, -1))


@pytest.mark.parametrize("metric", ["mae", "r2", Best(), TopK(3)])
def test_a_metric_that_does_not_fit_is_refused_before_anything_is_changed(metric):
    net = classifier()
    trainer = Trainer(net, SGD(0.1), metrics=[metric])
    with pytest.raises(ValueError, match="expected"):
        trainer.fit(X, y)
    assert np.array_equal(net.theta, classifier().theta)
    assert trainer.history.status == "running"


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (["acuracy"], ValueError, "did you mean 'accuracy'"),
        ("accuracy", TypeError, "expected a sequence"),
        ([Accuracy], TypeError, "expected a name"),
        ([3], TypeError, "expected a name"),
        ([lambda Y, outputs: 0.0], ValueError, "a function with a name"),
        (["mae", MAE()], ValueError, "each name once"),
        (["top_0"], ValueError, "k: received 0"),
        (["3"], ValueError, "metric: received '3'"),
    ],
)
def test_what_is_no_metric_is_refused(metrics, error, message):
    with pytest.raises(error, match=message):
        Trainer(classifier(), metrics=metrics)


@pytest.mark.parametrize("value", [np.zeros(3), "1.0", None])
def test_a_function_that_gives_no_number_is_an_error(value):
    def broken(Y, outputs):
        return value

    trainer = Trainer(classifier(), metrics=[broken])
    with pytest.raises(TypeError):
        trainer.fit(X, y)
    assert trainer.history.status == "failed"
