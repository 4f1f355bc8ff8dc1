"""The states of callbacks in a file are tried on copies; a bad one leaves everything unchanged."""

import copy
import io
import threading

import numpy as np
import pytest

import mlp
from mlp import Callback, Checkpoint, EarlyStopping, FileFormatError, LayerRecorder
from mlp.files import write_archive
from mlp.training.checkpoint.checkpoint import read_run
from tests.training.checkpoint.test_run_state import altered
from tests.training.small import classes, classifier, state_of

X, y = classes(n=24)


class Seen(Callback):
    """Keeps its state in place, beside things that cannot be copied, and checks nothing."""

    def __init__(self):
        self.seen, self.nested = [], {"epochs": np.zeros(1, np.int64)}
        self.lock, self.file = threading.Lock(), io.StringIO()
        self.file.write("open")

    def on_epoch_end(self, trainer):
        self.seen.append(trainer.epoch)
        self.nested["epochs"][0] += 1

    def state_dict(self):
        return {"seen": np.array(self.seen, np.int64), "epochs": self.nested["epochs"].copy()}

    def load_state_dict(self, saved):
        self.seen[:] = saved["seen"].tolist()
        self.nested["epochs"][...] = saved["epochs"]


class Copied(Seen):
    """One that can be copied whole, and remembers the trainer."""

    def __init__(self):
        super().__init__()
        del self.lock

    def on_start(self, trainer):
        self.trainer = trainer


def make(path, kind=Seen):
    callbacks = [kind(), LayerRecorder(X[:8]), EarlyStopping("loss"), Checkpoint(path)]
    trainer = mlp.Trainer(classifier(), mlp.Adam(0.01), batch_size=8, callbacks=callbacks)
    return callbacks, trainer


def forge(tmp_path, place, value, kind=Seen):
    """Return the checkpoint of three epochs with another value at a place of its state."""
    make(tmp_path / "run.npz", kind)[1].fit(X, y, 3)
    settings, state = read_run(tmp_path / "run.npz")
    content = {"settings": settings, "state": altered(state, place, value)}
    write_archive(tmp_path / "forged.npz", "mlp-checkpoint", 1, content)
    return tmp_path / "forged.npz"


def everything(trainer, callbacks):
    states = [copy.deepcopy(callback.state_dict()) for callback in callbacks[:3]]
    own = (trainer.optimizer.lr_scale, trainer.alive.tolist(), trainer.net._rng.bit_generator.state)
    return repr((state_of(trainer), own, states))


BAD = {
    "callbacks.2.best": ["x"],
    "callbacks.0.seen": [None, 3, KeyError],
    "callbacks.0.epochs": [np.zeros(3), {}],
    "callbacks.1.stride": [0, -1, 1.0, 2**100, 2, None],
    "callbacks.1.epochs": [
        np.array(3),
        np.array([3, 2, 1]),
        np.array([1, 1, 2]),
        np.array([0, 1, 2]),
        np.zeros(0, np.int64),
    ],
    "callbacks.1.counts": [None, {}, np.full((3, 2, 2, 64), -1)],
    "callbacks.1.units": [np.full((3, 9), 3, np.uint8)],
    "callbacks.1.zeros": [np.full((3, 2), -1)],
    "history.diverged_at": [np.array([2**63], np.uint64), np.array(3)],
}


@pytest.mark.parametrize("place", BAD)
def test_a_bad_state_is_refused_before_anything_is_changed(tmp_path, place):
    for value in BAD[place]:
        path = forge(tmp_path, place, value)
        callbacks, trainer = make(tmp_path / "other.npz")
        before = everything(trainer, callbacks)
        with pytest.raises(FileFormatError):
            trainer.resume(path, X, y, 5)
        assert everything(trainer, callbacks) == before
        assert trainer.history.status == "running"
        assert callbacks[0].seen == []
        (tmp_path / "run.npz").unlink()


@pytest.mark.parametrize("kind", [Seen, Copied])
def test_a_callback_that_has_trained_is_unchanged_too(tmp_path, kind):
    path = forge(tmp_path, "callbacks.2.best", "x", kind)
    callbacks, trainer = make(tmp_path / "other.npz", kind)
    trainer.fit(X, y, 2)
    before = everything(trainer, callbacks)
    with pytest.raises(FileFormatError, match="best"):
        trainer.resume(path, X, y, 5)
    assert everything(trainer, callbacks) == before
    assert callbacks[0].seen == [1, 2]
    assert callbacks[0].file.getvalue() == "open"
    assert len(trainer.fit(X, y, 1).epochs) == 3


@pytest.mark.parametrize("kind", [Seen, Copied])
def test_a_good_state_is_loaded_in_place(tmp_path, kind):
    make(tmp_path / "run.npz", kind)[1].fit(X, y, 3)
    callbacks, trainer = make(tmp_path / "run.npz", kind)
    seen = callbacks[0].seen
    trainer.resume(tmp_path / "run.npz", X, y, 5)
    assert callbacks[0].seen is seen
    assert seen == [1, 2, 3, 4, 5]
    assert callbacks[1].record.epochs.tolist() == seen


def test_a_refused_resume_does_not_revive_a_network_that_diverged(tmp_path):
    path = forge(tmp_path, "callbacks.2.best", "x")
    callbacks, trainer = make(tmp_path / "other.npz")
    trainer.optimizer.lr = 1.7e308
    with pytest.raises(mlp.TrainingDiverged):
        trainer.fit(1e5 * X, y, 5)
    before = everything(trainer, callbacks)
    trainer.optimizer.lr = 0.01
    with pytest.raises(FileFormatError, match="best"):
        trainer.resume(path, X, y, 5)
    assert everything(trainer, callbacks) == before
    assert trainer.alive.tolist() == [False]


def test_a_schedule_that_fails_at_the_step_in_a_file_is_a_format_error(tmp_path):
    def make(path):
        schedule = [0.1, 0.05, 0.02] + [0.01] * 12
        optimizer = mlp.SGD(schedule.__getitem__)
        return mlp.Trainer(classifier(), optimizer, batch_size=8, callbacks=[Checkpoint(path)])

    make(tmp_path / "run.npz").fit(X, y, 3)
    settings, state = read_run(tmp_path / "run.npz")
    for step in (10**6, 2**53, 2**100):
        changed = altered(settings, "schedule.step", step)
        write_archive(
            tmp_path / "forged.npz", "mlp-checkpoint", 1, {"settings": changed, "state": state}
        )
        with pytest.raises(FileFormatError, match="step: received|schedule: received step"):
            make(tmp_path / "other.npz").resume(tmp_path / "forged.npz", X, y, 5)
    assert len(make(tmp_path / "run.npz").resume(tmp_path / "run.npz", X, y, 5).epochs) == 5
