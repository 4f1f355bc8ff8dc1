"""Runs whose every number a formula gives, so that their checkpoints are the same anywhere."""

from unittest import mock

import numpy as np

from mlp import MLP, SGD, Adam, BatchNorm, Dense, Dropout, EarlyStopping, ReduceLROnPlateau, Trainer
from mlp.optim import LinearWarmup
from mlp.training import run as run_module
from mlp.training.checkpoint.checkpoint import continue_run, write_run

ROWS = 10


def spread(shape, dtype=np.float64):
    """Numbers from -0.9 to 0.9, each another."""
    size = int(np.prod(shape))
    return (np.arange(1, size + 1) * 7 % 19 / 10.0 - 0.9).reshape(shape).astype(dtype)


X, LABELS, Y = spread((ROWS, 2)), np.arange(ROWS) % 3, spread((ROWS, 1))
HELD_OUT = (spread((4, 2)) / 2.0, np.arange(4) % 3)


def in_an_epoch(filled):
    """A classifier after three epochs and two batches, with all that has a state."""
    layers = [
        Dense(2, 3, "tanh", bias=0.5, train_bias=False),
        BatchNorm(),
        Dropout(0.25),
        Dense(3, 3, "softmax"),
    ]
    callbacks = [EarlyStopping(patience=3), ReduceLROnPlateau("val_accuracy", patience=2)]
    trainer = Trainer(
        MLP(layers, "cross_entropy", seed=4),
        Adam(LinearWarmup(0.1, 100)),  # needs no function of the system's
        batch_size=4,
        l2=0.01,
        clip_norm=1.0,
        metrics=["accuracy"],
        callbacks=callbacks,
        seed=5,
    )
    weight = np.linspace(0.5, 1.5, ROWS)
    run = trainer._prepare(X, LABELS, HELD_OUT, weight, None)
    run.state.last_epoch = 9
    if not filled:
        return run
    fill(trainer)
    for epoch in range(3):
        losses = {"loss": 0.1 * epoch, "lr": 0.1, "grad_norm": np.nan, "val_loss": 1.0 / 3.0}
        trainer.history.append(**losses, val_accuracy=0.25, seconds=0.5)
    state = run.state
    state.epoch, state.batch, state.batch_loss = 4, 2, 0.75
    state.is_in_epoch, state.loss_sum, state.norm_sum, state.seconds = True, 1.5, 0.7, 0.125
    run.data.order = np.arange(ROWS) * 3 % ROWS
    trainer.optimizer.lr_scale = 0.1
    stopping, plateau = callbacks
    state = {"reference": np.array([0.5]), "waited": np.array([1])}
    ints = {"best_epoch": np.array([2]), "stopped_epoch": np.array([0])}
    numbers = {"theta": trainer.net.theta[None] / 2.0, "fixed": trainer.net.fixed[None]}
    stopping.load_state_dict(state | ints | numbers | {"best": np.array([0.25])})
    plateau.load_state_dict(state | {"lr_scale": np.array([0.1])})
    return run


def of_replicas(filled):
    """Two replicas of a regression network after two epochs; one of them has diverged."""
    net = MLP([Dense(2, 2, "relu"), Dense(2, 1)], "mse", dtype="float32", seed=4).replicate(2)
    rng = np.random.Generator(np.random.MT19937(5))
    method = SGD(np.array([0.1, 0.2]), momentum=0.9, nesterov=True)
    trainer = Trainer(net, method, batch_size=None, shuffle=False, seed=rng)
    run = trainer._prepare(X, Y, None, None, None)
    run.state.last_epoch = 5
    if not filled:
        return run
    fill(trainer)
    trainer.history.append(loss=np.array([0.5, np.nan]), lr=0.1, seconds=0.5)
    trainer.history.append(loss=np.array([0.25, np.nan]), lr=np.array([0.1, 0.2]), seconds=0.25)
    trainer.history.diverged_at = [0, 1]
    trainer._update.restore(np.array([True, False]))
    run.state.epoch, run.state.batch, run.state.batch_loss = 2, 1, np.array([0.25, np.inf])
    return run


def fill(trainer):
    """Give the weights and the optimizer numbers as after seven updates."""
    theta, fixed = trainer.net.theta, trainer.net.fixed
    theta[...] = spread(theta.shape, theta.dtype)
    fixed[...] = abs(spread(fixed.shape, fixed.dtype))
    trainer.net._rng = np.random.default_rng(6)
    names = trainer.optimizer.state_names
    state = {name: spread(theta.shape, theta.dtype) ** 2 / 7.0 for name in names}
    trainer.optimizer.load_state_dict({"steps": 7, "state": state})


RUNS = {"in_an_epoch": in_an_epoch, "of_replicas": of_replicas}


def write(path, run):
    """Write the checkpoint of a run whose clock stands still."""
    now = run.state.began + 0.125
    with mock.patch.object(run_module.time, "perf_counter", return_value=now):
        write_run(path, run)


def go_on(path, run):
    """Put a run where the one in a file was, its callbacks too."""
    continue_run(path, run, epochs=run.state.last_epoch)
    run.trainer._run = run
    for callback in run.others:
        callback.on_start(run.trainer)
    run.load_callbacks()


def assert_same_state(one, other):
    """Fail unless two files say the same of where a run is, but for clock and destination."""
    one, other = (
        {key: value for key, value in state.items() if key not in ("last_epoch", "is_over")}
        for state in (one, other)
    )
    for state in (one, other):
        if state["present"] is not None:
            del state["present"]["seconds"]
    assert_same_tree(one, other, "state")


def assert_same_tree(one, other, place):
    """Fail unless two trees are one and the same, bit for bit."""
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_same_tree(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for i, pair in enumerate(zip(one, other, strict=True)):
            assert_same_tree(*pair, f"{place}.{i}")
    elif isinstance(one, np.ndarray):
        assert (one.shape, one.dtype) == (other.shape, other.dtype), place
        assert one.tobytes() == other.tobytes(), place
    else:
        assert one == other, place
