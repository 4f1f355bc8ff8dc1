"""K replicas at once: each is bit-identical to its own run alone."""

import tracemalloc

import numpy as np
import pytest

from mlp.optim import OPTIMIZERS, Adam, Exponential, LinearWarmup, RMSprop, make_optimizer
from tests.optim.moved import moved

LAYOUTS = {
    "C": lambda a: np.array(a, order="C"),
    "F": lambda a: np.array(a, order="F"),
    "gaps": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
}
RATES = np.array([0.1, 1e-3, 0.0, 1 / 3])
OPTIONS = [(name, {}) for name in OPTIMIZERS] + [
    ("rmsprop", {"centered": True, "momentum": 0.5}),
    ("adagrad", {"lr_decay": 0.3, "initial_accumulator": 0.1}),
]
# every pair of size, layout and dtype; 270,001 columns of 4 replicas are updated in parts
COVER = [
    (30, "C", "float64"),
    (30, "F", "float32"),
    (30, "gaps", "float64"),
    (270_001, "C", "float32"),
    (270_001, "F", "float64"),
    (270_001, "gaps", "float32"),
]


def arrays(dtype, replicas=4, n=30, steps=5, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(steps + 1, replicas, n)).astype(dtype)
    return drawn[0], drawn[1:]


@pytest.mark.parametrize(("n", "layout", "dtype"), COVER)
@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_each_row_is_bit_identical_to_its_own_run(name, options, n, layout, dtype):
    start, grads = arrays(dtype, n=n, steps=3)
    together = LAYOUTS[layout](start)
    moved(
        make_optimizer(name, lr=RATES, **options),
        together,
        [LAYOUTS[layout](grad) for grad in grads],
    )
    for k, rate in enumerate(RATES):
        alone = moved(make_optimizer(name, lr=rate, **options), start[k].copy(), grads[:, k])
        assert np.array_equal(together[k], alone)
        assert np.array_equal(alone, start[k]) == (rate == 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_schedule_over_replicas_is_each_replicas_own_schedule(name):
    start, grads = arrays("float32")
    rates = LinearWarmup(Exponential(RATES, 0.7), steps=2)
    together = moved(make_optimizer(name, lr=rates), start.copy(), grads)
    for k, rate in enumerate(RATES):
        own = LinearWarmup(Exponential(float(rate), 0.7), steps=2)
        assert np.array_equal(
            together[k], moved(make_optimizer(name, lr=own), start[k].copy(), grads[:, k])
        )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_lr_moves_all_replicas_alike(name, layout):
    start, grads = arrays("float64")
    one = moved(make_optimizer(name, lr=0.1), LAYOUTS[layout](start), grads)
    assert np.array_equal(one, moved(make_optimizer(name, lr=np.full(4, 0.1)), start.copy(), grads))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_a_row_with_lr_0_keeps_its_bits_whatever_the_state(name, options, layout):
    bad = [np.nan, np.inf, -np.inf, 1e30, 0.0, 1.0]
    optimizer = make_optimizer(name, **options)
    theta = LAYOUTS[layout](np.full((2, 6), -0.0, np.float32))
    theta[0, -1] = np.nan
    before = theta[0].tobytes()
    optimizer.step(theta, np.array([bad, [1.0] * 6], np.float32), lr=np.array([0.0, 0.1]))
    for _ in range(3):
        optimizer.step(theta, np.zeros((2, 6), np.float32), lr=np.array([0.0, 0.1]))
    assert theta[0].tobytes() == before
    assert (theta[1] < 0).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_lr_of_0_keeps_all_bits(name):
    theta = np.array([-0.0, 1.0, np.inf])
    optimizer = make_optimizer(name, lr=0.0)
    optimizer.step(theta, np.array([np.inf, np.nan, 1.0]))
    assert theta.tobytes() == np.array([-0.0, 1.0, np.inf]).tobytes()
    assert optimizer.steps == 1


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_has_thetas_shape_dtype_and_layout(name, layout):
    theta = LAYOUTS[layout](np.ones((3, 7), np.float32))
    optimizer = make_optimizer(name)
    optimizer.step(theta, theta.copy())
    assert tuple(optimizer.state) == optimizer.state_names
    for array in optimizer.state.values():
        assert (array.shape, array.dtype, array.strides) == (
            theta.shape,
            theta.dtype,
            theta.strides,
        )


def test_a_theta_of_another_layout_finds_its_state_again():
    start, grads = arrays("float64")
    expected = moved(Adam(0.1), start.copy(), grads)
    optimizer = Adam(0.1)
    theta = moved(optimizer, start.copy(), grads[:2])
    theta = moved(optimizer, np.asfortranarray(theta), grads[2:])
    assert np.array_equal(theta, expected)
    assert optimizer.state["m"].flags.f_contiguous


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, RMSprop(centered=True, momentum=0.5)], ids=str)
def test_a_step_in_the_steady_state_allocates_nothing_of_thetas_size(optimizer, order):
    optimizer = make_optimizer(optimizer)
    theta = np.ones((4, 270_001), order=order)  # NumPy's buffer of 64 KiB is small beside it
    grad, lr = np.ones_like(theta), np.array([0.1, 0.2, 0.0, 0.3])
    for _ in range(2):
        optimizer.step(theta, grad, lr)
    tracemalloc.start()
    try:
        optimizer.step(theta, grad, lr)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < theta.nbytes / 50
