"""Callbacks: in what order they are called, and how a run ends."""

import sys
import time
import types

import numpy as np
import pytest

from mlp import SGD, Callback, LambdaCallback, Trainer, TrainingDiverged
from mlp.training import ProgressBar
from tests.training.small import classes, classifier, numbers, regressor, same_columns

HOOKS = ("on_start", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_stop")


class Recorder(Callback):
    """Writes down every call, and what was there to be seen."""

    def __init__(self, name="", log=None):
        self.name, self.log = name, [] if log is None else log

    def _write(self, hook, trainer):
        self.log.append((self.name + hook, trainer.epoch, trainer.batch, len(trainer.history)))

    def on_start(self, trainer):
        self._write("start", trainer)

    def on_epoch_begin(self, trainer):
        self._write("begin", trainer)

    def on_batch_end(self, trainer):
        self._write("batch", trainer)

    def on_epoch_end(self, trainer):
        self._write("end", trainer)

    def on_stop(self, trainer):
        self._write("stop", trainer)


def test_callbacks_are_called_in_order_with_epochs_and_batches_counted_from_one():
    X, y = classes()
    recorder = Recorder()
    trainer = Trainer(classifier(), "sgd", batch_size=25, callbacks=[recorder])
    trainer.fit(X, y, 2)
    trainer.fit(X, y, 1)
    assert recorder.log == [
        ("start", 0, 0, 0),
        ("begin", 1, 0, 0),
        ("batch", 1, 1, 0),
        ("batch", 1, 2, 0),
        ("end", 1, 2, 4),
        ("begin", 2, 0, 4),
        ("batch", 2, 1, 4),
        ("batch", 2, 2, 4),
        ("end", 2, 2, 4),
        ("stop", 2, 2, 4),
        ("start", 2, 2, 4),
        ("begin", 3, 0, 4),
        ("batch", 3, 1, 4),
        ("batch", 3, 2, 4),
        ("end", 3, 2, 4),
        ("stop", 3, 2, 4),
    ]


def test_several_callbacks_are_called_in_the_order_in_which_they_were_given():
    X, y = classes()
    log = []
    callbacks = [Recorder("a ", log), Recorder("b ", log)]
    Trainer(classifier(), "sgd", batch_size=None, callbacks=callbacks).fit(X, y)
    names = [entry[0] for entry in log]
    assert names == [
        f"{who} {hook}" for hook in ("start", "begin", "batch", "end", "stop") for who in "ab"
    ]


def test_the_base_class_does_nothing():
    X, y = classes()
    nets = classifier(), classifier()
    plain = Trainer(nets[0], "sgd").fit(X, y, 2)
    called = Trainer(nets[1], "sgd", callbacks=[Callback()]).fit(X, y, 2)
    assert np.array_equal(nets[0].theta, nets[1].theta)
    assert same_columns(plain, called)


@pytest.mark.parametrize(
    ("hook", "epochs"),
    [("on_start", 0), ("on_epoch_begin", 1), ("on_batch_end", 1), ("on_epoch_end", 1)],
)
def test_stop_ends_the_run_after_the_epoch_that_is_running(hook, epochs):
    X, y = classes()
    callback = Callback()
    setattr(callback, hook, lambda trainer: trainer.stop())
    recorder, net, other = Recorder(), classifier(), classifier()
    trainer = Trainer(net, "sgd", batch_size=16, callbacks=[callback, recorder])
    history = trainer.fit(X, y, 5)
    assert len(history.epochs) == trainer.epoch == epochs
    assert history.status == "completed"
    assert recorder.log[-1][0] == "stop"
    Trainer(other, "sgd", batch_size=16).fit(X, y, epochs)  # no batch of it is missing
    assert np.array_equal(net.theta, other.theta)


def test_a_run_that_was_stopped_can_be_continued():
    X, y = classes()
    nets = classifier(), classifier()
    stopper = Callback()
    stopper.on_epoch_end = lambda trainer: trainer.stop() if trainer.epoch == 2 else None
    trainer = Trainer(nets[0], "adam", callbacks=[stopper])
    trainer.fit(X, y, 10)
    trainer.fit(X, y, 3)
    Trainer(nets[1], "adam").fit(X, y, 5)
    assert np.array_equal(nets[0].theta, nets[1].theta)


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", HOOKS[:-1])
def test_what_a_callback_raises_comes_through_and_on_stop_is_still_called(hook, error):
    def fail(trainer):
        raise error("from the callback")

    X, y = classes()
    callback, recorder = Callback(), Recorder()
    setattr(callback, hook, fail)
    trainer = Trainer(classifier(), "sgd", callbacks=[callback, recorder])
    with pytest.raises(error, match="from the callback"):
        trainer.fit(X, y, 3)
    assert [entry[0] for entry in recorder.log].count("stop") == 1
    assert trainer.history.status == ("interrupted" if error is KeyboardInterrupt else "failed")


def test_on_stop_of_all_callbacks_is_called_even_if_one_fails():
    def fail(trainer):
        raise KeyError("from on_stop")

    X, y = classes()
    recorders = Recorder(), Recorder()
    failing = LambdaCallback(on_stop=fail)
    trainer = Trainer(classifier(), "sgd", callbacks=[recorders[0], failing, recorders[1]])
    with pytest.raises(KeyError, match="from on_stop"):
        trainer.fit(X, y)
    assert [recorder.log[-1][0] for recorder in recorders] == ["stop", "stop"]


def test_a_lambda_callback_calls_its_functions_with_the_trainer():
    X, y = classes()
    log = []
    hooks = {hook: lambda trainer, hook=hook: log.append((hook, trainer)) for hook in HOOKS}
    trainer = Trainer(classifier(), "sgd", batch_size=None, callbacks=[LambdaCallback(**hooks)])
    trainer.fit(X, y)
    assert log == [(hook, trainer) for hook in HOOKS]


def test_a_lambda_callback_takes_functions_only():
    with pytest.raises(TypeError, match="on_epoch_end: received 3"):
        LambdaCallback(on_epoch_end=3)
    with pytest.raises(TypeError, match="on_epoch"):
        LambdaCallback(on_epoch=print)


def test_a_callback_without_state_takes_no_other():
    callback = LambdaCallback()
    assert callback.state_dict() == {}
    callback.load_state_dict({})
    with pytest.raises(ValueError, match=r"LambdaCallback: received the state \['best'\]"):
        callback.load_state_dict({"best": 1.0})


def test_a_callback_sees_the_loss_of_each_batch_before_its_update():
    X, y = classes()
    seen, rows = [], slice(0, 32)
    look = LambdaCallback(on_batch_end=lambda trainer: seen.append(trainer.batch_loss))
    trainer = Trainer(classifier(), SGD(0.1), batch_size=32, shuffle=False, callbacks=[look])
    history = trainer.fit(X, y)
    assert seen[0] == classifier().loss_and_grad(X[rows], y[rows])
    assert history["loss"][0] == pytest.approx((32 * seen[0] + 18 * seen[1]) / 50)


def test_the_training_loss_is_there_during_fit_only():
    X, y = classes()
    net, seen = classifier(), []
    look = LambdaCallback(on_stop=lambda trainer: seen.append(trainer.training_loss()))
    trainer = Trainer(net, SGD(0.1), callbacks=[look])
    trainer.fit(X, y)
    assert seen == [net.evaluate(X, y)]
    with pytest.raises(RuntimeError, match="during fit"):
        trainer.training_loss()


def test_on_stop_is_called_when_a_run_diverges():
    X, Y = numbers()
    recorder = Recorder()
    trainer = Trainer(regressor(), SGD(1e200), callbacks=[recorder])
    with pytest.raises(TrainingDiverged):
        trainer.fit(X, Y, 5)
    assert recorder.log[-1][0] == "stop"


def test_a_callback_sees_the_network_after_each_update():
    X, Y = numbers()
    naive, seen, callback = regressor(), [], Callback()
    callback.on_batch_end = lambda trainer: seen.append(trainer.net.theta.copy())
    Trainer(regressor(), SGD(0.1), batch_size=None, callbacks=[callback]).fit(X, Y, 2)
    for theta in seen:
        naive.loss_and_grad(X, Y)
        naive.theta -= 0.1 * naive.grad
        assert np.array_equal(theta, naive.theta)
    assert len(seen) == 2


def test_the_progress_bar_is_silent_where_there_is_no_terminal(capsys):
    X, y = classes()
    Trainer(classifier(), "sgd", callbacks=[ProgressBar(3)]).fit(X, y, 3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("epochs", [None, 3])
@pytest.mark.parametrize("replicas", [None, 2])
def test_the_progress_bar_counts_epochs_on_a_terminal_and_leaves_the_run_alone(
    replicas, epochs, monkeypatch, capsys
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    X, y = classes()
    nets = [classifier(), classifier()]
    nets = nets if replicas is None else [net.replicate(replicas) for net in nets]
    wait = LambdaCallback(on_epoch_begin=lambda trainer: time.sleep(0.11))  # it redraws at 10 Hz
    Trainer(nets[0], "sgd", callbacks=[wait, ProgressBar(epochs)]).fit(X, y, 3, validation=(X, y))
    Trainer(nets[1], "sgd").fit(X, y, 3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "/3" in err
    assert "val_loss" in err
    assert np.array_equal(nets[0].theta, nets[1].theta)


class Shell:
    """What IPython gives a program that a Jupyter kernel runs."""

    def __init__(self, *names):
        self.config = dict.fromkeys(names)


@pytest.mark.parametrize(
    ("shell", "is_shown"), [(Shell("IPKernelApp"), True), (Shell(), False), (None, False)]
)
def test_the_progress_bar_is_shown_in_a_notebook_and_not_in_other_shells(
    shell, is_shown, monkeypatch, capsys
):
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    X, y = classes()
    Trainer(classifier(), "sgd", callbacks=[ProgressBar()]).fit(X, y, 3)
    assert ("/3" in capsys.readouterr().err) == is_shown


def test_the_progress_bar_is_closed_when_the_run_fails(monkeypatch, capsys):
    def fail(trainer):
        raise KeyError

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    X, y = classes()
    bar = ProgressBar()
    with pytest.raises(KeyError):
        Trainer(classifier(), callbacks=[bar, LambdaCallback(on_epoch_end=fail)]).fit(X, y, 3)
    assert bar._bar is None
    capsys.readouterr()
