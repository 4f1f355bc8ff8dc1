"""A sweep that continues from its checkpoint is bit-identical to an uninterrupted one."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import cycle

import numpy as np
import pytest

from mlp import EarlyStopping, FileFormatError, LambdaCallback
from mlp.optim import make_optimizer
from mlp.studies.rates import run as sweep_run
from mlp.studies.rates.sweep import learning_rate_sweep
from tests.training.kinds import DATA, HELD_OUT, LAYERS, interrupted_after, network
from tests.training.small import OPTIMIZERS

pytestmark = pytest.mark.slow

RATES = [0.001, 0.1, 1e200]  # the last one diverges unless the loss is bounded
EPOCHS, BATCHES = 5, 4


@pytest.fixture
def after_each_batch(monkeypatch):
    """Write a checkpoint after each batch."""
    monkeypatch.setattr(sweep_run, "SECONDS", 0.0)


def sweep(path=None, *more, layers="Dropout", rates=RATES, epochs=EPOCHS, data=DATA, **changes):
    options = {"batch_size": 8, "seeds": 2, "validation": HELD_OUT, "l2": 0.01, "clip_norm": None}
    options |= {"callbacks": more, "checkpoint": path}
    return learning_rate_sweep(network(layers), *data, rates, epochs, **(options | changes))


def assert_same_sweep(one, other):
    assert one.rates.tobytes() == other.rates.tobytes()
    assert one.losses.tobytes() == other.losses.tobytes()
    assert one.val_losses.tobytes() == other.val_losses.tobytes()
    assert one.diverged_at.tolist() == other.diverged_at.tolist()
    assert one.networks.theta.tobytes() == other.networks.theta.tobytes()
    assert one.networks.fixed.tobytes() == other.networks.fixed.tobytes()


@pytest.mark.parametrize(("layers", "name"), [*zip(LAYERS, cycle(OPTIMIZERS), strict=False)])
def test_for_every_optimizer_and_layer(tmp_path, layers, name):
    whole = sweep(layers=layers, optimizer=name)
    if name == "sgd":
        assert 0 < np.count_nonzero(whole.diverged_at) < whole.diverged_at.size
    for place in (1, 7, 8, EPOCHS * BATCHES - 1):
        path = tmp_path / f"{place}.npz"
        with pytest.raises(KeyboardInterrupt):
            sweep(path, interrupted_after(place), layers=layers, optimizer=name)
        assert_same_sweep(sweep(path, layers=layers, optimizer=name), whole)


@pytest.mark.parametrize("options", [{"batch_size": None, "layers": "Dense"}, {"shuffle": False}])
def test_with_full_batches_and_without_shuffling(tmp_path, options):
    path = tmp_path / "sweep.npz"
    with pytest.raises(KeyboardInterrupt):
        sweep(path, interrupted_after(3), **options)
    assert_same_sweep(sweep(path, **options), sweep(**options))


def test_with_callbacks_that_keep_a_state(tmp_path):
    path = tmp_path / "sweep.npz"
    whole = sweep(None, EarlyStopping("loss", patience=2), epochs=12)
    for _ in range(50):
        try:
            found = sweep(path, EarlyStopping("loss", patience=2), interrupted_after(5), epochs=12)
            break
        except KeyboardInterrupt:
            pass
    assert_same_sweep(found, whole)


def test_killed_at_every_batch(tmp_path, after_each_batch):
    class KilledError(Exception):
        pass

    def after(batches):
        done = []

        def on_batch_end(trainer):
            done.append(0)
            if len(done) == batches:
                raise KilledError

        return LambdaCallback(on_batch_end=on_batch_end)

    whole = sweep()
    for place in range(1, EPOCHS * BATCHES + 1):
        path = tmp_path / f"{place}.npz"
        with pytest.raises(KilledError):
            sweep(path, after(place))
        assert_same_sweep(sweep(path), whole)


def test_one_that_is_through_returns_at_once(tmp_path):
    path = tmp_path / "sweep.npz"
    first = sweep(path)
    written = path.read_bytes()
    never = LambdaCallback(on_epoch_begin=pytest.fail, on_batch_end=pytest.fail)
    assert_same_sweep(sweep(path, never), first)
    assert path.read_bytes() == written


def test_one_that_a_callback_has_stopped_is_through(tmp_path):
    path = tmp_path / "sweep.npz"
    stop = LambdaCallback(on_epoch_end=lambda t: t.stop() if t.epoch == 2 else None)
    first = sweep(path, stop)
    assert_same_sweep(sweep(path), first)
    assert (first.losses[0, 0, 3:] == first.losses[0, 0, 2]).all()


def test_the_checkpoint_changes_nothing(tmp_path):
    assert_same_sweep(sweep(tmp_path / "sweep.npz"), sweep())


OTHERS = {
    "rates": ({"rates": [0.001, 0.2, 1e200]}, "optimizer.lr: received .*0.2.*, expected .*0.1"),
    "fewer rates": ({"rates": [0.1]}, "network.replicas: received 2, expected 6"),
    "epochs": ({"epochs": 6}, "sweep.epochs: received 6, expected 5"),
    "seeds": ({"seeds": 1, "rates": [1, 2, 3, 4, 5, 6]}, "sweep.seeds: received 1, expected 2"),
    "seed": ({"seed": 1}, "sweep.seed: received 1, expected 0"),
    "data": ({"data": (DATA[0] * 1.01, DATA[1])}, "data.X: received other numbers than before"),
    "validation": ({"validation": DATA}, "validation.X: received shape"),
    "layers": ({"layers": "Dense"}, "network.layers: received"),
    "optimizer": ({"optimizer": "adam"}, "optimizer.class: received 'Adam', expected 'SGD'"),
    "momentum": ({"optimizer": "momentum"}, "optimizer.momentum: received 0.9, expected 0.0"),
    "batches": ({"batch_size": 4}, "batch_size: received 4, expected 8"),
    "penalty": ({"l1": 0.5}, "l1: received 0.5, expected 0.0"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_one_of_another_sweep_is_refused(tmp_path, name):
    path = tmp_path / "sweep.npz"
    with pytest.raises(KeyboardInterrupt):
        sweep(path, interrupted_after(7))
    written = path.read_bytes()
    changes, message = OTHERS[name]
    with pytest.raises(ValueError, match=f"sweep.npz: is of another run: .*{message}"):
        sweep(path, **changes)
    assert path.read_bytes() == written


def test_one_of_a_network_with_other_weights_is_refused(tmp_path):
    path = tmp_path / "sweep.npz"
    sweep(path)
    net = network("Dropout", seed=2)
    with pytest.raises(ValueError, match="sweep.first weights: received other numbers than bef"):
        learning_rate_sweep(
            net, *DATA, RATES, EPOCHS, 8, seeds=2, l2=0.01, validation=HELD_OUT, checkpoint=path
        )


def test_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "sweep.npz"
    sweep(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match="sweep.npz: truncated"):
        sweep(path)


def test_what_is_no_path_is_refused():
    with pytest.raises(TypeError, match="checkpoint: received 3, expected a path"):
        sweep(3)


def in_processes(workers):
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))


def test_with_an_executor_each_part_has_its_file(tmp_path, after_each_batch):
    path = tmp_path / "sweep.npz"

    class KilledError(Exception):
        pass

    def fail(trainer):
        if trainer.epoch == 3:
            raise KilledError

    whole = sweep()
    with ThreadPoolExecutor(2) as executor, pytest.raises(KilledError):
        sweep(path, LambdaCallback(on_batch_end=fail), executor=executor)
    assert sorted(os.listdir(tmp_path)) == ["sweep.1-of-2.npz", "sweep.2-of-2.npz"]
    (tmp_path / "sweep.2-of-2.npz").unlink()  # as if this part had not begun
    with ThreadPoolExecutor(3) as executor:
        assert_same_sweep(sweep(path, executor=executor), whole)
    assert sorted(os.listdir(tmp_path)) == ["sweep.1-of-2.npz", "sweep.2-of-2.npz"]
    assert_same_sweep(sweep(path), whole)  # without an executor


def test_processes_go_on_with_what_one_process_has_begun(tmp_path):
    path = tmp_path / "sweep.npz"
    with pytest.raises(KeyboardInterrupt):
        sweep(path, interrupted_after(7))
    with in_processes(2) as executor:
        assert_same_sweep(sweep(path, executor=executor), sweep())
    assert os.listdir(tmp_path) == ["sweep.npz"]


def test_the_parts_of_two_sweeps_are_refused(tmp_path):
    for name in ("sweep.npz", "sweep.1-of-2.npz"):
        (tmp_path / name).write_text("")
    message = "checkpoint: received .*sweep.npz in 1 and in 2 parts, expected the files of one"
    with pytest.raises(ValueError, match=message):
        sweep(tmp_path / "sweep.npz")
    (tmp_path / "sweep.npz").unlink()
    with pytest.raises(
        ValueError, match="received the 2 parts of another sweep, expected .* 1 run"
    ):
        sweep(tmp_path / "sweep.npz", rates=[0.1], seeds=1)


def test_the_callbacks_of_threads_are_copies_of_their_own():
    stopping = EarlyStopping("loss", patience=1)
    whole = sweep(None, EarlyStopping("loss", patience=1), optimizer=make_optimizer("adam"))
    with ThreadPoolExecutor(3) as executor:
        parts = sweep(None, stopping, optimizer="adam", executor=executor)
    assert_same_sweep(parts, whole)
    assert stopping.best_epoch == 0
