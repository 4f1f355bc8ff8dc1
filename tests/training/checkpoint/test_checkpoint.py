"""When a checkpoint is written, what it must not overwrite, and what happens if it cannot be."""

import errno
import json
import os

import numpy as np
import pytest

from mlp import (
    SGD,
    Callback,
    Checkpoint,
    EarlyStopping,
    FileFormatError,
    LambdaCallback,
    Trainer,
    TrainingDiverged,
)
from mlp.training.checkpoint import checkpoint as checkpoint_module
from mlp.training.checkpoint.checkpoint import read_run
from tests.processes import assert_runs
from tests.training.kinds import DATA, assert_same_run, interrupted_after, trainer
from tests.training.small import classifier, numbers, regressor


@pytest.fixture
def written(monkeypatch):
    """The places (epochs that ended, batches of the next) at which a checkpoint was written."""
    places = []
    write = checkpoint_module.write_run

    def write_and_note(path, run):
        places.append(run.state.place)
        write(path, run)

    monkeypatch.setattr(checkpoint_module, "write_run", write_and_note)
    return places


def run(*callbacks, epochs=4):
    return trainer("Dropout", "fixed", "adam", callbacks=callbacks).fit(*DATA, epochs)


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ({}, [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)]),
        ({"every": 3}, [(0, 0), (3, 0), (4, 0)]),
        ({"every": None}, [(0, 0), (4, 0)]),
        ({"every": None, "every_batches": 6}, [(0, 0), (1, 2), (3, 0), (4, 0)]),
        ({"every": None, "every_batches": 5}, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0)]),
        (
            {"every": 2, "every_batches": 3},
            [(0, 0), (0, 3), (1, 2), (2, 0), (2, 3), (3, 2), (4, 0)],
        ),
        ({"every": 9, "every_seconds": 1e9}, [(0, 0), (4, 0)]),
    ],
)
def test_it_is_written_at_the_beginning_when_asked_for_and_at_the_end(
    tmp_path, written, options, places
):
    run(Checkpoint(tmp_path / "run.npz", **options))
    assert written == places


@pytest.fixture
def clock(monkeypatch):
    """A clock by which each batch takes a minute; what else takes time adds to it."""
    now = [0.0]
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: now[0])
    return now


def by_time(path, clock, seconds):
    def batch(trainer):
        clock[0] += 60.0

    run(LambdaCallback(on_batch_end=batch), Checkpoint(path, every=None, every_seconds=seconds))


def test_it_is_written_when_so_much_time_has_passed(tmp_path, written, clock):
    by_time(tmp_path / "run.npz", clock, 150.0)
    assert written == [(0, 0), (0, 3), (1, 2), (2, 1), (3, 0), (3, 3), (4, 0)]


def test_writing_by_time_takes_at_most_a_twentieth_of_it(tmp_path, written, clock, monkeypatch):
    write = checkpoint_module.write_run

    def slow(path, run):
        clock[0] += 10.0
        write(path, run)

    monkeypatch.setattr(checkpoint_module, "write_run", slow)
    by_time(tmp_path / "run.npz", clock, 30.0)
    assert written == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)]  # four batches are 240 seconds


def test_after_ctrl_c_it_holds_the_batch_that_was_running(tmp_path, written):
    run(interrupted_after(7), Checkpoint(tmp_path / "run.npz", every=None))
    assert written == [(0, 0), (1, 3)]


def test_it_holds_what_all_other_callbacks_have_come_to_wherever_it_stands(tmp_path):
    path = tmp_path / "run.npz"
    stopping = EarlyStopping("loss", patience=2)
    run(Checkpoint(path), stopping, interrupted_after(8))
    _, state = read_run(path)
    assert state["callbacks"][0]["best_epoch"].tolist() == [2]


def test_it_holds_the_last_weights_and_not_the_best_that_are_given_back(tmp_path):
    path, last = tmp_path / "run.npz", []
    keep = LambdaCallback(on_epoch_end=lambda t: last.append(t.net.theta.copy()))
    stopping = EarlyStopping("loss", patience=1)
    part = Trainer(classifier(), SGD(30.0), callbacks=[stopping, keep, Checkpoint(path)])
    part.fit(*DATA, 20)
    _, state = read_run(path)
    assert state["is_over"] is True
    assert np.array_equal(state["network"]["theta"], last[-1])
    assert not np.array_equal(state["network"]["theta"], part.net.theta)


def test_a_run_that_is_not_over_is_not_overwritten_by_a_new_one(tmp_path):
    path = tmp_path / "run.npz"
    run(interrupted_after(7), Checkpoint(path))
    before = path.read_bytes()
    message = "holds a run after epoch 1 of 4, expected none or one that is over: Trainer.resume"
    with pytest.raises(FileExistsError, match=message) as caught:
        run(Checkpoint(path))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before


def test_a_run_that_is_over_is_replaced_by_a_new_one(tmp_path):
    path = tmp_path / "run.npz"
    run(Checkpoint(path))
    run(Checkpoint(path), interrupted_after(2))
    assert read_run(path)[1]["epoch"] == 0


def test_the_same_trainer_goes_on_with_its_checkpoint_after_ctrl_c(tmp_path):
    part = trainer("Dense", "fixed", "sgd", callbacks=[Checkpoint(tmp_path / "run.npz")])
    part.callbacks.append(interrupted_after(6))
    assert part.fit(*DATA, 4).status == "interrupted"
    assert part.fit(*DATA, 4).status == "completed"
    assert len(part.history.epochs) == 5


def test_another_file_in_its_place_is_not_overwritten(tmp_path):
    path = tmp_path / "net.npz"
    classifier().save(path)
    before = path.read_bytes()
    with pytest.raises(FileFormatError, match="has the format 'mlp-model', expected 'mlp-check"):
        run(Checkpoint(path))
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_written_is_found_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    begun = LambdaCallback(on_epoch_begin=pytest.fail)
    with pytest.raises(OSError, match="file"):
        run(begun, Checkpoint(tmp_path / "file" / "run.npz"))


def test_a_state_that_cannot_be_written_is_found_before_the_training(tmp_path):
    class Odd(Callback):
        def state_dict(self):
            return {"function": print}

    begun = LambdaCallback(on_epoch_begin=pytest.fail)
    with pytest.raises(TypeError, match=r"state.callbacks.0.function: received <built-in"):
        run(begun, Odd(), Checkpoint(tmp_path / "run.npz"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"path": 3}, TypeError, "path: received 3, expected a path"),
        ({"every": 0}, ValueError, "every: received 0, expected a whole number >= 1"),
        ({"every": True}, TypeError, "every: received True"),
        ({"every_batches": 0}, ValueError, "every_batches: received 0"),
        ({"every_batches": 1.5}, TypeError, "every_batches: received 1.5"),
        ({"every_seconds": -1.0}, ValueError, "every_seconds: received -1.0"),
        ({"every_seconds": float("nan")}, ValueError, "every_seconds: received nan"),
        ({"every_seconds": "1"}, TypeError, "every_seconds: received '1'"),
    ],
)
def test_what_it_is_made_with_is_checked(options, error, message):
    with pytest.raises(error, match=message):
        Checkpoint(**({"path": "run.npz"} | options))


def test_a_divergence_leaves_the_last_checkpoint_with_finite_weights(tmp_path):
    path = tmp_path / "run.npz"
    part = Trainer(regressor(), SGD(0.1), batch_size=8, callbacks=[Checkpoint(path)])

    def spoil(trainer):
        if trainer.epoch == 3:
            trainer.optimizer.lr = 1e300

    part.callbacks.append(LambdaCallback(on_epoch_begin=spoil))
    with pytest.raises(TrainingDiverged):
        part.fit(*numbers(), 5)
    state = read_run(path)[1]
    assert state["epoch"] == 2
    assert np.isfinite(state["network"]["theta"]).all()
    assert np.isfinite(part.net.theta).all()


FULL = """
import json, resource, sys
from mlp import Checkpoint, LambdaCallback
from tests.training.kinds import DATA, trainer
path, extra = sys.argv[1], int(sys.argv[2])

def fill(trainer):
    if trainer.epoch == 3:
        size = len(open(path, "rb").read()) + extra
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

callbacks = [LambdaCallback(on_epoch_begin=fill), Checkpoint(path)]
part = trainer("Dropout", "fixed", "adam", callbacks=callbacks)
try:
    part.fit(*DATA, 30)
except OSError as error:
    found = {"errno": error.errno, "error": str(error), "losses": part.history["loss"]}
    print(json.dumps(found | {"status": part.history.status}))
"""


@pytest.mark.parametrize("extra", [-20_000, -1, 0, 100])
def test_a_full_disk_ends_the_run_and_leaves_the_history_and_the_last_checkpoint(tmp_path, extra):
    pytest.importorskip("resource")
    path = tmp_path / "run.npz"
    found = json.loads(assert_runs("-c", FULL, path, extra))
    assert found["error"] == f"[Errno {errno.EFBIG}] File too large: {str(path)!r}"
    assert found["status"] == "failed"
    assert os.listdir(tmp_path) == ["run.npz"]
    whole, rest = (trainer("Dropout", "fixed", "adam") for _ in range(2))
    whole.fit(*DATA, 30)
    assert found["losses"] == whole.history["loss"][: len(found["losses"])]
    assert read_run(path)[1]["epoch"] == len(found["losses"]) - 1
    rest.resume(path, *DATA, 30)
    assert_same_run(rest, whole, ("loss", "accuracy"))
