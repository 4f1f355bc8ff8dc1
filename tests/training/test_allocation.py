"""In the steady state no step allocates an array."""

import tracemalloc

import numpy as np
import pytest

from mlp import MLP, Callback, Trainer
from mlp.optim import make_optimizer

WARM_UP, STEPS, BATCH = 20, 100, 32
SIZES = [8, 256, 8]  # so small that one thread multiplies
SMALLEST = 8 * 256  # the bytes of a batch of inputs, and of the hidden layer's biases


@pytest.fixture(autouse=True)
def small_buffers():
    """Shrink the buffers in which NumPy broadcasts, so that arrays are all there is to see."""
    before = np.setbufsize(16)
    yield
    np.setbufsize(before)


class Peak(Callback):
    """Measures by how much memory grows at most during some steps in the middle of an epoch.

    The least of several epochs counts: Python sets things up, and cleans up, at any time.
    """

    growth = np.inf

    def on_batch_end(self, trainer):
        if trainer.batch == WARM_UP:
            tracemalloc.start()
            self.before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
        elif trainer.batch == WARM_UP + STEPS:
            self.growth = min(self.growth, tracemalloc.get_traced_memory()[1] - self.before)
            tracemalloc.stop()


class Wasteful(Peak):
    def on_batch_end(self, trainer):
        super().on_batch_end(trainer)
        np.empty(256)


def growth(name, peak, **options):
    n = (WARM_UP + STEPS + 1) * BATCH
    rng = np.random.default_rng(0)
    net = MLP.from_sizes(SIZES, "relu", "softmax", "cross_entropy", seed=0)
    trainer = Trainer(
        net, make_optimizer(name, lr=1e-3), batch_size=BATCH, callbacks=[peak], **options
    )
    try:
        trainer.fit(rng.normal(size=(n, SIZES[0])), rng.integers(0, SIZES[-1], n), epochs=3)
    finally:
        tracemalloc.stop()
    return peak.growth


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam"])
def test_a_hundred_steps_allocate_no_array(name, shuffle):
    assert growth(name, Peak(), shuffle=shuffle) < SMALLEST


@pytest.mark.parametrize("options", [{"clip_norm": 0.1}, {"l1": 1e-4, "l2": 1e-4}])
def test_nor_do_clipping_and_penalties(options):
    assert growth("sgd", Peak(), **options) < SMALLEST


def test_the_measurement_sees_an_array_that_is_allocated():
    assert growth("sgd", Wasteful()) > SMALLEST
