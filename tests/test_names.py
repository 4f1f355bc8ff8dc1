"""Names work in any case, and unknown ones are answered in one style everywhere."""

import pytest

import mlp
from mlp import datasets
from mlp._names import did_you_mean, find_name
from mlp.core import make_activation, make_initializer, make_loss
from mlp.optim import make_optimizer, make_schedule
from mlp.training import make_metric

MAKERS = {
    "activation": (make_activation, "ReLU", "rleu", "relu"),
    "loss": (make_loss, "MSE", "msee", "mse"),
    "initializer": (make_initializer, "He_Normal", "he_norml", "he_normal"),
    "optimizer": (make_optimizer, "AdamW", "adammw", "adamw"),
    "schedule": (lambda n: make_schedule(n, 0.1, 10), "Cosine", "cosin", "cosine"),
    "metric": (make_metric, "Accuracy", "acuracy", "accuracy"),
    "data set": (datasets.load, "Digits", "digit", "digits"),
    "example": (mlp.examples.load_example, "Mazur", "mazurr", "mazur"),
}


@pytest.mark.parametrize("kind", list(MAKERS))
def test_every_kind_of_name_works_in_any_case(kind):
    make, capital, _, known = MAKERS[kind]
    assert type(make(capital)) is type(make(known))


@pytest.mark.parametrize("kind", list(MAKERS))
def test_every_kind_of_unknown_name_is_answered_alike(kind):
    make, _, unknown, known = MAKERS[kind]
    message = rf"^{kind}: received '{unknown}', expected one of .* \(did you mean '{known}'\?\)$"
    with pytest.raises(ValueError, match=message):
        make(unknown)


@pytest.mark.parametrize("received", ["", "?", "xyzzy"])
def test_even_a_name_unlike_all_others_gets_a_suggestion(received):
    with pytest.raises(ValueError, match="did you mean"):
        find_name("thing", received, ["relu", "tanh"])


def test_a_name_must_be_a_string():
    with pytest.raises(TypeError, match="thing: received 3, expected one of relu, tanh"):
        find_name("thing", 3, ["relu", "tanh"])


def test_without_known_names_nothing_is_suggested():
    assert did_you_mean("w1", []) == ""
