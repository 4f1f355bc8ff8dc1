"""Class weights: what each class counts."""

import numpy as np
import pytest

from mlp import MLP, SGD, Trainer
from mlp.training.class_weights import class_weights
from tests.training.small import classes, classifier, numbers, regressor

X, y = classes()


def trained(class_weight=None, sample_weight=None, Y=y, net=None):
    net = classifier() if net is None else net
    Trainer(net, SGD(0.1), batch_size=16).fit(
        X, Y, 2, class_weight=class_weight, sample_weight=sample_weight
    )
    return net.theta


def test_balanced_is_scikit_learns():
    # sklearn.utils.class_weight.compute_sample_weight 1.9.1
    weights = class_weights("balanced", np.array([0, 0, 0, 1, 2, 2]), 3)
    np.testing.assert_allclose(weights, [2 / 3] * 3 + [2.0] + [1.0] * 2, rtol=1e-15)


def test_a_class_that_does_not_occur_is_not_counted_as_in_scikit_learn():
    np.testing.assert_allclose(class_weights("balanced", np.array([0, 0, 2]), 3), [0.75, 0.75, 1.5])


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 5, 2: np.float32(0.5)}])
def test_they_are_the_weights_of_the_rows(class_weight):
    weight = class_weights(class_weight, y, 3)
    assert np.array_equal(trained(class_weight), trained(sample_weight=weight))
    assert not np.array_equal(trained(class_weight), trained())


def test_they_are_multiplied_with_sample_weights():
    weight = np.linspace(0.0, 2.0, 50)
    of_classes = np.array([1.0, 5.0, 0.5])
    expected = trained(sample_weight=weight * of_classes[y])
    assert np.array_equal(trained({0: 1.0, 1: 5.0, 2: 0.5}, weight), expected)


def test_one_hot_rows_are_classes_like_labels():
    assert np.array_equal(trained("balanced", Y=np.eye(3)[y]), trained("balanced"))


def test_so_are_zero_and_one_of_a_single_output():
    def net():
        return MLP.from_sizes([4, 3, 1], "tanh", "sigmoid", "binary_cross_entropy", seed=0)

    yes = (y == 1).astype(float)[:, None]
    one = trained({0: 1.0, 1: 3.0}, Y=yes, net=net())
    other = trained(sample_weight=1.0 + 2.0 * yes[:, 0], Y=yes, net=net())
    assert np.array_equal(one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_weight_of_2_gives_the_summed_gradient_of_the_row_twice(dtype):
    one, other = classifier(dtype), classifier(dtype)
    weight = class_weights({0: 1.0, 1: 2.0, 2: 1.0}, y, 3)
    one.loss_and_grad(X, y, weight)
    twice = np.concatenate([np.arange(50), np.flatnonzero(y == 1)])
    other.loss_and_grad(X[twice], y[twice])
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(
        50 * one.grad, len(twice) * other.grad, rtol=tolerance, atol=tolerance
    )


BAD = {
    "an unknown word": (ValueError, "'balanced'", "balance", y),
    "a list": (TypeError, "expected 'balanced' or a dict", [1.0, 1.0, 1.0], y),
    "an unknown label": (ValueError, "received the label 3", {0: 1, 1: 1, 2: 1, 3: 1}, y),
    "a negative label": (ValueError, "received the label -1", {-1: 1}, y),
    "a word as label": (TypeError, "'a', expected an integer", {"a": 1}, y),
    "True as label": (TypeError, "True, expected an integer", {True: 1}, y),
    "a class without weight": (ValueError, r"no weight for \[1, 2\]", {0: 1.0}, y),
    "a negative weight": (ValueError, r"class_weight\[1\]: received -1", {0: 1, 1: -1, 2: 1}, y),
    "NaN": (ValueError, "received nan", {0: 1, 1: np.nan, 2: 1}, y),
    "infinity": (ValueError, "received inf", {0: 1, 1: np.inf, 2: 1}, y),
    "a word as weight": (TypeError, "'1', expected a number", {0: "1", 1: 1, 2: 1}, y),
    "probabilities": (ValueError, "give no classes", "balanced", np.full((50, 3), 1 / 3)),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_weights_are_refused_before_anything_is_changed(case):
    error, message, class_weight, Y = BAD[case]
    net = classifier()
    trainer = Trainer(net, SGD(0.1))
    with pytest.raises(error, match=message):
        trainer.fit(X, Y, class_weight=class_weight)
    assert np.array_equal(net.theta, classifier().theta)
    assert trainer.epoch == 0


def test_numbers_are_no_classes():
    with pytest.raises(ValueError, match="class_weight: received targets"):
        Trainer(regressor(), SGD(0.1)).fit(*numbers(), class_weight="balanced")
