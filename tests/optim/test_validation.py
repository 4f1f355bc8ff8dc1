"""Bad hyperparameters and names are rejected, saying what was received and expected."""

import re

import numpy as np
import pytest

from mlp.optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Constant,
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    InverseScaling,
    LinearWarmup,
    OneCycle,
    Optimizer,
    RMSprop,
    Schedule,
    StepDecay,
    make_optimizer,
    make_schedule,
    optimizer_from_config,
    schedule_from_config,
)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("kind", [SGD, Adagrad, RMSprop, Adam, AdamW])
def test_a_wrong_lr_is_rejected(kind):
    for lr in (-1, NAN, INF, True, None, "0.1", 1j, [], [[0.1]], [0.1, -1], [NAN], [True], ["a"]):
        with pytest.raises(
            (TypeError, ValueError), match="^lr: received .*, expected a number >= 0, a s"
        ):
            kind(lr)


def test_the_message_says_what_was_received_and_expected():
    message = "lr: received -1, expected a number >= 0, a schedule or an array (K,)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SGD(-1)


def test_a_wrong_lr_is_rejected_when_it_is_set_later_too():
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match="lr: received -1"):
        optimizer.lr = -1
    assert optimizer.lr == 0.1


@pytest.mark.parametrize("lr", [1, np.float32(1), np.int64(1), np.array(1.0)], ids=repr)
def test_any_real_number_is_an_lr(lr):
    assert SGD(lr).rate(0) == 1.0
    assert type(SGD(lr).rate(0)) is float


def test_an_array_of_rates_is_copied():
    rates = np.array([0.1, 0.2])
    optimizer = SGD(rates)
    rates[0] = 9.0
    assert np.array_equal(optimizer.rate(0), [0.1, 0.2])
    assert optimizer.rate(0).dtype == np.float64


def test_a_schedule_must_return_a_rate():
    theta = np.ones(2)
    with pytest.raises(ValueError, match="lr: received nan"):
        SGD(lambda step: NAN).step(theta, np.ones(2))
    assert np.array_equal(theta, [1.0, 1.0])


FRACTION = [-0.1, 1.0, NAN, True, "a"]
POSITIVE = [0.0, -1.0, NAN, INF, True, None]
NOT_NEGATIVE = [-1e-9, NAN, INF, True, None]
FLAG = [0, 1, None, "yes"]
COUNT = [0, -1, 1.5, True, None]


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        (SGD, "momentum", FRACTION),
        (SGD, "nesterov", FLAG),
        (Adagrad, "lr_decay", NOT_NEGATIVE),
        (Adagrad, "initial_accumulator", NOT_NEGATIVE),
        (Adagrad, "eps", POSITIVE),
        (RMSprop, "alpha", FRACTION),
        (RMSprop, "eps", POSITIVE),
        (RMSprop, "momentum", FRACTION),
        (RMSprop, "centered", FLAG),
        (Adam, "betas", [0.9, (0.9,), (0.9, 1.0), (-0.1, 0.9), (True, 0.9), (NAN, 0.9), "ab"]),
        (Adam, "eps", POSITIVE),
        (AdamW, "weight_decay", NOT_NEGATIVE),
    ],
)
def test_a_wrong_hyperparameter_is_rejected_by_its_name(kind, name, values):
    for value in values:
        with pytest.raises((TypeError, ValueError), match=rf"^{name}.*: received .*, expected"):
            kind(**{name: value})


def test_nesterov_requires_momentum():
    with pytest.raises(ValueError, match="momentum: received 0.0 with nesterov=True"):
        SGD(nesterov=True)


@pytest.mark.parametrize(
    ("kind", "good", "name", "values"),
    [
        (Constant, {}, "lr", [-1, NAN, None, True, [], [[1.0]]]),
        (StepDecay, {"lr": 1, "step_size": 1}, "step_size", COUNT),
        (StepDecay, {"lr": 1, "step_size": 1}, "gamma", POSITIVE),
        (Exponential, {"lr": 1}, "gamma", POSITIVE),
        (Cosine, {"lr": 1, "steps": 1}, "steps", COUNT),
        (Cosine, {"lr": 1, "steps": 1}, "lr_min", NOT_NEGATIVE),
        (FlatCosine, {"lr": 1}, "steps", COUNT),
        (FlatCosine, {"lr": 1, "steps": 9}, "flat", FRACTION),
        (CosLog, {"lr": 1}, "steps", COUNT),
        (CosLog, {"lr": 1, "steps": 9}, "cycles", [0, -1, 1.5, 61, NAN, None, True]),
        (LinearWarmup, {"schedule": 1}, "steps", COUNT),
        (LinearWarmup, {"schedule": 1, "steps": 1}, "start", [-0.1, 1.1, NAN, True]),
        (OneCycle, {"steps": 9}, "lr_max", [-1, NAN, None]),
        (OneCycle, {"lr_max": 1}, "steps", COUNT),
        (OneCycle, {"lr_max": 1, "steps": 9}, "pct_start", FRACTION),
        (OneCycle, {"lr_max": 1, "steps": 9}, "div_factor", POSITIVE),
        (OneCycle, {"lr_max": 1, "steps": 9}, "final_div_factor", POSITIVE),
        (InverseScaling, {"lr": 1}, "power", NOT_NEGATIVE),
    ],
)
def test_a_wrong_field_of_a_schedule_is_rejected_by_its_name(kind, good, name, values):
    for value in values:
        with pytest.raises((TypeError, ValueError), match=f"^{name}: received .*, expected"):
            kind(**{**good, name: value})


@pytest.mark.parametrize("step", [-1, 0.5, True, None])
def test_a_schedule_is_asked_for_whole_steps_only(step):
    with pytest.raises((TypeError, ValueError), match="step: received"):
        Constant(0.1)(step)


@pytest.mark.parametrize(
    ("name", "nearest"), [("adamm", "adam"), ("SDG", "sgd"), ("nestrov", "nesterov")]
)
def test_an_unknown_optimizer_names_the_nearest(name, nearest):
    with pytest.raises(
        ValueError, match=f"received '{name}', expected one of .*rmsprop.* '{nearest}'"
    ):
        make_optimizer(name)


def test_an_unknown_schedule_names_the_nearest():
    with pytest.raises(ValueError, match="received 'cosin', expected one of .* 'cosine'"):
        make_schedule("cosin", 0.1, 10)


@pytest.mark.parametrize("spec", [None, 3, SGD])
def test_an_optimizer_is_a_name_or_an_optimizer(spec):
    with pytest.raises(TypeError, match="expected a name or an Optimizer"):
        make_optimizer(spec)


def test_an_unknown_option_is_rejected_with_the_known_ones():
    with pytest.raises(TypeError, match="received the option 'momentun', expected lr, momentum"):
        make_optimizer("sgd", momentun=0.9)


def test_an_optimizer_takes_no_options():
    with pytest.raises(TypeError, match="expected no options"):
        make_optimizer(SGD(0.1), lr=0.2)


def test_a_function_has_no_config():
    with pytest.raises(TypeError, match="^lr: .*, expected a number, an array or a schedule"):
        SGD(lambda step: 0.1).config()
    with pytest.raises(TypeError, match="^schedule: .* schedule with a config"):
        LinearWarmup(lambda step: 0.1, 3).config()


@pytest.mark.parametrize("build", [optimizer_from_config, schedule_from_config])
@pytest.mark.parametrize("config", [None, {}, {"lr": 0.1}, {"name": "none"}, {"name": 3}])
def test_an_invalid_config_is_rejected(build, config):
    with pytest.raises((TypeError, ValueError), match="received"):
        build(config)


def test_a_config_with_an_unknown_field_is_rejected():
    with pytest.raises(TypeError, match="cosine: received 'warmth', expected lr, steps, lr_min"):
        schedule_from_config({"name": "cosine", "lr": 0.1, "steps": 3, "warmth": 1})


@pytest.mark.parametrize(("base", "method"), [(Optimizer, "_update"), (Schedule, "_at")])
def test_a_subclass_without_its_equations_cannot_be_created(base, method):
    class Unfinished(base):
        name = "unfinished"

    with pytest.raises(TypeError, match=f"abstract method.*{method}"):
        Unfinished()
