"""The schedules: their formulas, PyTorch's values, and their configs."""

import json
import math
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from mlp import MLP, SGD, Trainer, TrainingDiverged
from mlp.optim import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    InverseScaling,
    LinearWarmup,
    OneCycle,
    StepDecay,
    make_schedule,
    schedule_from_config,
    schedule_values,
)

RECORDED = json.loads((Path(__file__).parent / "data" / "pytorch_schedules.json").read_text())
RATES = [0.4, 0.01, 0.0]


def examples(lr):
    return [
        Constant(lr),
        StepDecay(lr, 3, 0.3),
        Exponential(lr, 0.9),
        Cosine(lr, 8, 0.001),
        LinearWarmup(Cosine(lr, 8), 4, 0.1),
        OneCycle(lr, 10),
        InverseScaling(lr, 0.7),
        FlatCosine(lr, 9, 0.3),
        CosLog(lr, 10, 3),
    ]


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: str(case["config"]))
def test_the_rates_are_pytorchs(case):
    values = schedule_from_config(case["config"]).list(len(case["rates"]))
    np.testing.assert_allclose(values, case["rates"], rtol=1e-12, atol=1e-16)


def test_a_constant_stays():
    assert np.array_equal(Constant(0.3).list(3), [0.3, 0.3, 0.3])


def test_inverse_scaling_divides_by_a_power_of_the_step():
    np.testing.assert_allclose(InverseScaling(0.3).list(4), 0.3 / np.sqrt([1, 2, 3, 4]))
    np.testing.assert_allclose(InverseScaling(0.3, power=1).list(3), [0.3, 0.15, 0.1])


def test_a_cosine_stays_at_its_minimum():
    assert np.array_equal(Cosine(0.4, 5, lr_min=0.1).list(9)[5:], np.full(4, 0.1))


def test_a_flat_cosine_is_flat_and_then_a_cosine_to_zero():
    values = FlatCosine(0.4, 10, flat=0.6).list(13)
    assert np.array_equal(values[:7], np.full(7, 0.4))
    np.testing.assert_allclose(values[6:], Cosine(0.4, 4).list(7), rtol=1e-13, atol=1e-16)
    assert np.array_equal(FlatCosine(0.4, 8, flat=0.0).list(9), Cosine(0.4, 8).list(9))


def test_coslog_is_the_formula_of_realmlp_and_ends_at_zero():
    t = np.arange(300) / 300
    expected = 0.3 * (0.5 - 0.5 * np.cos(2 * np.pi * np.log2(1 + 15 * t)))
    values = CosLog(0.3, 300).list(302)
    np.testing.assert_allclose(values[:300], expected, rtol=1e-10, atol=1e-15)
    assert np.abs(values[300:]).max() < 1e-15
    peaks = 1 + np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:]))
    assert len(peaks) == 4  # at log2(1 + 15 t) = 1/2, 3/2, 5/2, 7/2
    np.testing.assert_allclose(
        peaks / 300, (2 ** np.array([0.5, 1.5, 2.5, 3.5]) - 1) / 15, atol=2e-3
    )


def test_a_warm_up_reaches_the_schedule_and_starts_it_from_its_beginning():
    after = Exponential(0.4, 0.5)
    values = LinearWarmup(after, 4, start=0.0).list(8)
    np.testing.assert_allclose(values[:4], [0.0, 0.1, 0.2, 0.3])
    assert np.array_equal(values[4:], after.list(4))


def test_a_warm_up_takes_any_function():
    values = schedule_values(LinearWarmup(lambda step: 1.0 / (step + 1), 2, start=0.5), 4)
    np.testing.assert_allclose(values, [0.5, 0.75, 1.0, 0.5])


def test_one_cycle_stays_at_its_end():
    values = OneCycle(0.4, 6).list(9)
    assert np.array_equal(values[6:], np.full(3, values[5]))
    np.testing.assert_allclose(values[5], 0.4 / 25 / 1e4)


def test_one_cycle_whose_peak_is_the_first_step_starts_there():
    values = OneCycle(0.4, 20, pct_start=0.05).list(20)  # PyTorch divides by zero here
    assert values[0] == 0.4
    assert (np.diff(values) < 0).all()


@pytest.mark.parametrize("index", range(len(SCHEDULES)))
def test_an_array_of_rates_gives_each_replicas_own_schedule_bit_for_bit(index):
    together = examples(RATES)[index].list(12)
    assert together.shape == (12, 3)
    for k, rate in enumerate(RATES):
        assert np.array_equal(together[:, k], examples(rate)[index].list(12))


@pytest.mark.parametrize("lr", [0.4, RATES], ids=["one", "replicas"])
@pytest.mark.parametrize("index", range(len(SCHEDULES)))
def test_a_config_survives_json(index, lr):
    schedule = examples(lr)[index]
    rebuilt = schedule_from_config(json.loads(json.dumps(schedule.config())))
    assert rebuilt == schedule
    assert hash(rebuilt) == hash(schedule)
    assert np.array_equal(rebuilt.list(9), schedule.list(9))


def test_schedules_with_other_fields_are_not_equal():
    assert Exponential(0.1, 0.9) != Exponential(0.1, 0.8)
    assert Constant([0.1, 0.2]) != Constant([0.1, 0.3])
    assert Constant(0.1) != 0.1


def test_a_schedule_cannot_be_changed():
    rates = np.array([0.1, 0.2])
    schedule = Constant(rates)
    with pytest.raises(FrozenInstanceError):
        schedule.lr = 1.0
    with pytest.raises(ValueError, match="read-only"):
        schedule.lr[0] = 1.0
    rates[0] = 9.0
    assert np.array_equal(schedule(0), [0.1, 0.2])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_name_makes_a_schedule_for_the_whole_run(name):
    schedule = make_schedule(name.upper(), lr=0.4, steps=30)
    values = schedule_values(schedule, 31)
    assert type(schedule) is SCHEDULES[name]
    assert values.max() == pytest.approx(0.4, rel=0.02)
    assert (values >= 0).all()


def test_the_chosen_fields_follow_the_length_of_the_run():
    np.testing.assert_allclose(
        make_schedule("step", 1.0, 9).list(9), [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
    )
    np.testing.assert_allclose(make_schedule("exponential", 1.0, 9)(9), 0.01)
    assert make_schedule("linear_warmup", 1.0, 30).steps == 3
    assert make_schedule("cosine", 1.0, 9)(9) == 0.0


def test_an_option_replaces_a_chosen_field():
    assert make_schedule("step", 0.1, 9, step_size=5, gamma=0.5) == StepDecay(0.1, 5, 0.5)


def test_a_callable_is_a_schedule_already():
    schedule = Cosine(0.1, 5)
    assert make_schedule(schedule, 0.3, 9) is schedule


@pytest.mark.parametrize("steps", [0, -1, 1.5, True])
def test_only_a_whole_number_of_steps_is_listed(steps):
    with pytest.raises((TypeError, ValueError), match="steps: received"):
        Constant(0.1).list(steps)


def test_a_power_beyond_the_largest_float_gives_the_rate_if_that_is_one():
    rising = Exponential(1e-300, gamma=2.0)
    assert rising(1024) == pytest.approx(1e-300 * 2.0**1000 * 2.0**24, rel=1e-12)
    assert rising(5000) == math.inf
    assert StepDecay(1e-300, step_size=2, gamma=2.0)(2048) == pytest.approx(rising(1024))
    assert Exponential(np.array([0.0, 1e-300]), gamma=2.0)(1024)[0] == 0.0
    assert InverseScaling(1.0, power=1e3)(10) == 0.0
    with pytest.raises(ValueError, match="lr: received inf"):
        SGD(rising).rate(5000)


def test_a_run_whose_rate_is_beyond_the_largest_float_says_so():
    net = MLP.from_sizes([1, 1], seed=0)
    trainer = Trainer(net, SGD(Exponential(1e-300, gamma=1e200)), batch_size=1)
    with pytest.raises((ValueError, TrainingDiverged), match="lr: received inf|learning rate"):
        trainer.fit([[0.0]], [[0.0]], epochs=9)
