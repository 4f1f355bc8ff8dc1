"""One network in several threads: calls that read are right, a call that writes is alone."""

import copy
import gc
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS


class Scale(mlp.Layer):
    """A custom layer that keeps an array of its own."""

    def __init__(self):
        self.buffer = np.empty(100_000)

    def forward(self, A_in, training, rng):
        out = self.buffer[: A_in.size].reshape(A_in.shape)
        np.multiply(A_in, 2.0, out=out)
        return out

    def backward(self, dA, need_dA_in=True):
        return 2.0 * dA


def networks():
    hidden = [name for name in ACTIVATIONS if name != "softmax"]
    for i, name in enumerate(hidden):
        loss = ("cross_entropy", "binary_cross_entropy", "mse", "poisson")[i % 4]
        output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(
            loss, "softplus"
        )
        yield f"{name}, {loss}", [mlp.Dense(4, 8, name), mlp.Dense(8, 3, output)], loss
    yield (
        "normalised",
        [
            *(mlp.Dense(4, 8), mlp.BatchNorm(), mlp.ActivationLayer("relu"), mlp.Dropout(0.5)),
            *(
                mlp.Dense(8, 8, "gelu"),
                mlp.LayerNorm(),
                mlp.Dense(8, 3),
                mlp.ActivationLayer("softmax"),
            ),
        ],
        "cross_entropy",
    )
    yield "custom", [mlp.Dense(4, 8, "tanh"), Scale(), mlp.Dense(8, 3)], "huber"
    yield (
        "embedded and scaled",
        [mlp.PeriodicEmbedding(4, 2, m=3), mlp.Scale(), mlp.Dense(10, 3)],
        "mse",
    )
    yield (
        "piecewise linear",
        [mlp.PiecewiseLinear(4, [[-1.0, 0.0, 1.0]]), mlp.Dense(6, 3)],
        "mse",
    )
    yield "activation first", [mlp.ActivationLayer("tanh"), mlp.Dense(4, 3)], "mae"


NETWORKS = {name: (layers, loss) for name, layers, loss in networks()}


def network(name, seed=0):
    layers, loss = NETWORKS[name]
    return mlp.MLP([copy.copy(layer) for layer in layers], loss, seed=seed)


def soak(net, calls, threads=8, seed=0):
    """Return how many of these calls of `predict` and `evaluate` were wrong."""
    rng = np.random.default_rng(seed)
    batches = [rng.normal(size=(n, net.n_in)) for n in (1, 5, 33, 300, 700)]
    targets = [rng.dirichlet(np.ones(net.n_out), size=len(X)) for X in batches]
    penalty = mlp.Penalty(l1=1e-3, l2=1e-2)
    outputs = [net.predict(X) for X in batches]
    losses = [net.evaluate(X, Y, penalty=penalty) for X, Y in zip(batches, targets, strict=True)]

    def work(thread):
        wrong = 0
        for i in range(calls // threads):
            k = (i + thread) % len(batches)
            if i % 2:
                wrong += not np.array_equal(net.predict(batches[k]), outputs[k])
            else:
                found = net.evaluate(batches[k], targets[k], penalty=penalty)
                wrong += not np.array_equal(found, losses[k])
        return wrong

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


@pytest.fixture
def switching_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_read_that_has_ended_lets_the_next_one_begin():
    """It stands first: where it fails, the tests below would wait for ever."""
    net = network("custom")
    thread = threading.Thread(target=lambda: [net.predict(np.ones((2, 4))) for _ in range(2)])
    thread.daemon = True
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_get_the_numbers_they_would_get_alone(name, switching_often):
    net = network(name)
    assert soak(net, 240) == 0
    assert soak(net.replicate(3), 80) == 0


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_20_000_calls_from_8_threads_are_all_right(name, switching_often):
    assert soak(network(name, seed=1), 20_000) == 0


def test_a_layer_shows_the_last_pass_of_a_single_thread_after_concurrent_calls(switching_often):
    net = mlp.MLP.from_sizes([4, 8, 3], seed=0)
    assert soak(net, 200) == 0
    X = np.ones((2, 4))
    assert np.array_equal(net.predict(X), net.layers[-1].A)


class Waiting:
    """An activation that stops in the middle of a pass."""

    def __init__(self):
        self.entered, self.leave = threading.Event(), threading.Event()

    def forward(self, Z, out):
        self.entered.set()
        assert self.leave.wait(30)
        np.copyto(out, Z)

    def backward(self, dA, Z, A, out):
        np.copyto(out, dA)

    def __deepcopy__(self, memo):
        return self

    def __copy__(self):
        return self


@pytest.fixture
def waiting():
    activation = Waiting()
    net = mlp.MLP([mlp.Dense(2, 2, activation)], "mse", seed=0)
    yield net, activation
    activation.leave.set()


X, Y = np.zeros((3, 2)), np.zeros((3, 2))
WRITES = {
    "fit": lambda net: mlp.Trainer(net).fit(X, Y),
    "resume": lambda net: mlp.Trainer(net).resume("none", X, Y, 1),
    "loss_and_grad": lambda net: net.loss_and_grad(X, Y),
    "input_gradient": lambda net: net.input_gradient(X, Y),
    "initialize": lambda net: net.initialize(1),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_call_that_writes_is_rejected_while_another_thread_reads(write, waiting):
    net, activation = waiting
    theta = net.theta.copy()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(net.predict, X)
        assert activation.entered.wait(30)
        with pytest.raises(RuntimeError, match=rf"^{write}: received while 1 other calls read"):
            WRITES[write](net)
        activation.leave.set()
        assert reading.result().shape == (3, 2)
    assert np.array_equal(net.theta, theta)


READS = {
    "predict": lambda net: net.predict(X),
    "evaluate": lambda net: net.evaluate(X, Y),
    "copy": lambda net: net.copy(),
    **{name: WRITES[name] for name in ("fit", "loss_and_grad", "initialize")},
}


@pytest.mark.parametrize("call", READS)
def test_every_call_is_rejected_while_another_thread_trains(call, waiting):
    net, activation = waiting
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(mlp.Trainer(net).fit, X, Y)
        assert activation.entered.wait(30)
        with pytest.raises(RuntimeError, match=rf"^{call}: received while fit is at work"):
            READS[call](net)
        activation.leave.set()
        assert training.result().status == "completed"
    net.predict(X)  # afterwards the network is free


def test_callbacks_may_use_the_network_that_is_trained():
    seen = []

    def look(trainer):
        seen.append((trainer.net.evaluate(X, Y), trainer.net.predict(X), trainer.net.copy()))

    net = mlp.MLP.from_sizes([2, 2], loss="mse", seed=0)
    callback = mlp.LambdaCallback(on_batch_end=look)
    mlp.Trainer(net, callbacks=[callback]).fit(X, Y, epochs=2)
    assert len(seen) == 2


def test_a_fit_inside_a_fit_of_the_same_trainer_is_rejected():
    net = mlp.MLP.from_sizes([2, 2], loss="mse", seed=0)
    trainer = mlp.Trainer(net, callbacks=[mlp.LambdaCallback(on_epoch_end=lambda t: t.fit(X, Y))])
    with pytest.raises(RuntimeError, match="fit: received during a fit of this trainer"):
        trainer.fit(X, Y)
    assert not trainer.is_training
    net.initialize(0)


def test_a_failed_call_leaves_the_network_free():
    class Failing(Waiting):
        def forward(self, Z, out):
            raise ZeroDivisionError

    net = mlp.MLP([mlp.Dense(2, 2, Failing())], "mse", seed=0)
    for call in (net.predict, lambda X: net.evaluate(X, Y), lambda X: net.loss_and_grad(X, Y)):
        with pytest.raises(ZeroDivisionError):
            call(X)
    net.initialize(0)


def test_a_read_without_memory_for_a_copy_leaves_the_network_free(monkeypatch):
    def no_memory(layer):
        raise MemoryError

    net = mlp.MLP.from_sizes([2, 2], loss="mse", seed=0)
    layers, _ = net._access.begin_read("predict")  # as in another thread
    with monkeypatch.context() as patch:
        patch.setattr("mlp.core.access._sharing", no_memory)
        with pytest.raises(MemoryError):
            net.predict(X)
    net._access.end_read(layers)
    net.initialize(0)  # nobody reads


def test_threads_that_come_and_go_leave_nothing_behind(switching_often):
    net = mlp.MLP.from_sizes([20, 64, 64, 3], seed=0)
    X = np.ones((256, 20))

    def round_of_threads():
        threads = [threading.Thread(target=net.predict, args=(X,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    round_of_threads()
    tracemalloc.start()
    try:
        round_of_threads()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10):
            round_of_threads()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000  # one set of work arrays has 270,000 bytes
