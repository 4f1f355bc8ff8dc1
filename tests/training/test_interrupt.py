"""Ctrl-C: the batch that is running ends, and history and weights stay consistent."""

import contextlib
import os
import signal
import threading

import numpy as np
import pytest

from mlp import SGD, LambdaCallback, Trainer
from mlp.studies.rates.sweep import learning_rate_sweep
from tests.training.small import classes, classifier, same_columns

X, y = classes()


def press(trainer=None):
    os.kill(os.getpid(), signal.SIGINT)


def at(epoch, batch, action=press):
    """Do something after this batch."""

    def on_batch_end(trainer):
        if (trainer.epoch, trainer.batch) == (epoch, batch):
            action(trainer)

    return LambdaCallback(on_batch_end=on_batch_end)


def weights_after(batches, batch_size=10):
    """The weights of an uninterrupted run after so many batches."""
    thetas = []
    keep = LambdaCallback(on_batch_end=lambda trainer: thetas.append(trainer.net.theta.copy()))
    Trainer(classifier(), SGD(0.1), batch_size=batch_size, callbacks=[keep]).fit(X, y, 5)
    return thetas[batches - 1]


def test_the_run_ends_after_the_batch_and_the_history_is_returned():
    net, stops = classifier(), []
    stop = LambdaCallback(on_stop=lambda trainer: stops.append(trainer.history.status))
    trainer = Trainer(net, SGD(0.1), batch_size=10, callbacks=[at(3, 2), stop])
    history = trainer.fit(X, y, 5)
    assert history.status == "interrupted"
    assert stops == ["interrupted"]
    assert len(history.epochs) == 2
    assert (trainer.epoch, trainer.batch) == (3, 2)
    assert np.array_equal(net.theta, weights_after(12))


def test_ctrl_c_in_the_middle_of_a_batch_does_not_tear_the_update():
    net = classifier()
    trainer = Trainer(net, SGD(0.1), batch_size=10)
    update = trainer._update.apply

    def apply_and_press(loss):
        if trainer.batch == 4:
            press()
        return update(loss)

    trainer._update.apply = apply_and_press
    assert trainer.fit(X, y, 5).status == "interrupted"
    assert np.array_equal(net.theta, weights_after(4))


@pytest.mark.parametrize("batch_size", [10, None])
def test_an_epoch_whose_last_batch_is_done_is_recorded(batch_size):
    last = 5 if batch_size else 1
    net = classifier()
    press_in_2 = at(2, last)
    trainer = Trainer(net, SGD(0.1), batch_size=batch_size, callbacks=[press_in_2])
    history = trainer.fit(X, y, 5, validation=(X, y))
    assert len(history.epochs) == 2
    assert history["val_loss"][-1] == net.evaluate(X, y)
    whole = Trainer(classifier(), SGD(0.1), batch_size=batch_size).fit(X, y, 2)
    assert same_columns(history, whole)


def test_the_next_fit_counts_on_from_the_epochs_that_ended():
    trainer = Trainer(classifier(), SGD(0.1), batch_size=10, callbacks=[at(2, 3)])
    trainer.fit(X, y, 5)
    trainer.callbacks.clear()
    history = trainer.fit(X, y, 2)
    assert history.status == "completed"
    assert trainer.epoch == len(history.epochs) == 3


@pytest.mark.parametrize("hook", ["on_start", "on_epoch_begin", "on_epoch_end"])
def test_between_batches_it_is_noted_too(hook):
    callback = LambdaCallback(**{hook: press})
    history = Trainer(classifier(), SGD(0.1), callbacks=[callback]).fit(X, y, 5)
    assert history.status == "interrupted"
    assert len(history.epochs) == {"on_start": 0, "on_epoch_begin": 0, "on_epoch_end": 1}[hook]


def test_ctrl_c_that_comes_when_nothing_is_left_to_end_is_handed_on():
    trainer = Trainer(classifier(), SGD(0.1), callbacks=[LambdaCallback(on_stop=press)])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(X, y, 2)
    assert trainer.history.status == "completed"
    assert len(trainer.history.epochs) == 2


def test_a_second_ctrl_c_interrupts_at_once():
    reached, stops = [], []

    def press_twice(trainer):
        press()
        reached.append("between")
        press()
        reached.append("after")

    stop = LambdaCallback(on_stop=lambda trainer: stops.append(trainer.history.status))
    trainer = Trainer(classifier(), SGD(0.1), callbacks=[at(1, 1, press_twice), stop])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(X, y, 5)
    assert reached == ["between"]
    assert stops == ["interrupted"]


@pytest.mark.parametrize("how", ["completed", "interrupted", "failed"])
def test_pythons_handler_is_back_afterwards(how):
    def fail(trainer):
        raise ValueError

    before = signal.getsignal(signal.SIGINT)
    actions = {"completed": lambda trainer: None, "interrupted": press, "failed": fail}
    trainer = Trainer(classifier(), SGD(0.1), callbacks=[at(1, 1, actions[how])])
    with contextlib.suppress(ValueError):
        trainer.fit(X, y, 2)
    assert trainer.history.status == how
    assert signal.getsignal(signal.SIGINT) is before is signal.default_int_handler


def test_a_handler_that_somebody_else_has_set_stays():
    came = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        history = Trainer(classifier(), SGD(0.1), callbacks=[at(1, 1)]).fit(X, y, 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert came == [signal.SIGINT]
    assert history.status == "completed"


def test_outside_the_main_thread_no_handler_is_set():
    seen = []
    look = LambdaCallback(on_epoch_end=lambda t: seen.append(signal.getsignal(signal.SIGINT)))
    trainer = Trainer(classifier(), SGD(0.1), callbacks=[look])
    thread = threading.Thread(target=trainer.fit, args=(X, y))
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
    assert trainer.history.status == "completed"


def test_a_sweep_raises_because_half_of_it_compares_nothing():
    net = classifier()
    with pytest.raises(KeyboardInterrupt):
        learning_rate_sweep(net, X, y, [0.1, 0.2], 5, 10, callbacks=[at(2, 3)])
    assert np.array_equal(net.theta, classifier().theta)
