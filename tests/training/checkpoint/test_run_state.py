"""The state of a run in a file: whatever is wrong with it is found before anything is changed."""

import copy

import numpy as np
import pytest

from mlp import FileFormatError, History
from mlp.files import write_archive
from mlp.training.checkpoint.checkpoint import read_run
from mlp.training.checkpoint.state import check_random_state, random_state
from tests.training.checkpoint.test_resume_refused import assert_refused, make, path  # noqa: F401

ROWS = 26


def altered(tree, place, value):
    """Return a copy of a tree with another value at a place such as ``network.theta``."""
    tree = copy.deepcopy(tree)
    *way, last = place.split(".")
    node = tree
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    if value is KeyError:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return tree


BAD = {
    "epoch": [-1, 1.0, None, KeyError, "2", True],
    "last_epoch": [-1, None, KeyError],
    "is_over": [1, None, KeyError],
    "is_stopping": [0, None, KeyError],
    "alive": [None, [True], np.ones(2, np.bool_), np.ones(1)],
    "batch_loss": [0.5, np.zeros(2), np.zeros((), np.float32)],
    "present.batch": [0, 4, -1, 1.0, None],
    "present.order": [
        None,
        np.arange(ROWS),
        np.arange(ROWS - 1, dtype=np.uint32),
        np.zeros(ROWS, np.uint32),
        np.arange(1, ROWS + 1, dtype=np.uint32),
    ],
    "present.loss_sum": [0.5, np.zeros(1), np.zeros((), np.float32)],
    "present.norm_sum": [None, np.zeros(2)],
    "present.seconds": [1, None, "1"],
    "present.more": [1],
    "network": [None, [], KeyError],
    "network.theta": [
        None,
        [0.0],
        np.zeros(3),
        np.zeros(51, np.float32),
        np.full(51, np.nan),
        np.full(51, np.inf),
    ],
    "network.fixed": [None, np.zeros(1), np.zeros(0, np.float32)],
    "network.random": [None, {}, KeyError],
    "optimizer.steps": [-1, 1.0, None, 0],
    "optimizer.state": [None, {}, []],
    "optimizer.state.m": [None, np.zeros(3), np.zeros(51, np.float32), KeyError],
    "optimizer.state.more": [np.zeros(51)],
    "optimizer.lr": [None, 0.1, np.array(-0.1), np.array([0.1]), np.array(np.nan)],
    "optimizer.lr_scale": [None, 1.0, np.array(-1.0), np.array([1.0, 1.0])],
    "random.bit_generator": ["MT19937", None, 3],
    "random.state": [None, {}, 3],
    "random.state.state": [-1, 1.5, None, "1"],
    "random.has_uint32": [-1, None, 1.0, 2**70],
    "random.uinteger": [2**40, None],
    "history": [None, [], {}],
    "history.status": [None, 3],
    "history.diverged_at": [None, [0]],
    "history.columns": [None, {}],
    "history.columns.0.name": [None, 3],
    "history.columns.0.single": [None, np.ones(1, np.bool_), np.ones(2), np.zeros(2, np.bool_)],
    "history.columns.0.values": [None, np.zeros(3), np.zeros((2, 1, 1)), np.zeros(2, np.int64)],
    "callbacks": [None, [], [{}]],
    "callbacks.0": [None, {}, [], {"theta": 1}],
    "callbacks.0.theta": [None, np.zeros(3), np.zeros((1, 3)), 1.0],
    "callbacks.0.waited": [np.zeros(1), np.zeros(2, np.int64), 0],
    "callbacks.1.lr_scale": [np.array([-1.0]), np.array([np.nan]), np.zeros(2)],
}


@pytest.mark.parametrize("place", BAD)
def test_a_state_that_no_run_can_be_in_is_refused(tmp_path, path, place):  # noqa: F811
    settings, state = read_run(path)
    forged = tmp_path / "forged.npz"
    for value in BAD[place]:
        content = {"settings": settings, "state": altered(state, place, value)}
        write_archive(forged, "mlp-checkpoint", 1, content)
        assert_refused(make(), forged, FileFormatError, "forged.npz: ")


@pytest.mark.parametrize(
    "content", [{}, {"settings": {}, "state": 1}, {"settings": 1, "state": {}}]
)
def test_a_file_without_the_parts_of_a_checkpoint_is_refused(tmp_path, content):
    write_archive(tmp_path / "forged.npz", "mlp-checkpoint", 1, content)
    assert_refused(make(), tmp_path / "forged.npz", FileFormatError, "forged.npz: ")


def test_settings_that_are_not_there_are_named(tmp_path, path):  # noqa: F811
    settings, state = read_run(path)
    forged = tmp_path / "forged.npz"
    for key in settings:
        content = {"settings": altered(settings, key, KeyError), "state": state}
        write_archive(forged, "mlp-checkpoint", 1, content)
        if settings[key] is not None:
            assert_refused(make(), forged, ValueError, f"another run: {key}.*received")


def test_what_was_read_can_be_written_again(tmp_path, path):  # noqa: F811
    settings, state = read_run(path)
    write_archive(
        tmp_path / "again.npz", "mlp-checkpoint", 1, {"settings": settings, "state": state}
    )
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_draws_on_from_a_state_that_was_put_back(kind):
    one, other = (np.random.Generator(getattr(np.random, kind)(seed)) for seed in (1, 2))
    one.random(5, dtype=np.float32)
    saved = copy.deepcopy(random_state(one))
    check_random_state("random", other, saved)()
    assert other.integers(0, 2**31, 700).tolist() == one.integers(0, 2**31, 700).tolist()


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("MT19937", "state.pos", 625),
        ("MT19937", "state.pos", -1),
        ("MT19937", "state.key", np.zeros(623, np.uint32)),
        ("MT19937", "state.key", np.zeros(624, np.int64)),
        ("Philox", "buffer_pos", 5),
        ("Philox", "buffer", np.zeros(3, np.uint64)),
        ("SFC64", "state.state", np.zeros(3, np.uint64)),
        ("PCG64", "state.inc", 2**128),
        ("PCG64", "uinteger", 2**33),
    ],
)
def test_a_state_that_would_read_beyond_a_buffer_is_refused(kind, place, value):
    rng = np.random.Generator(getattr(np.random, kind)(1))
    saved = altered(random_state(rng), place, value)
    with pytest.raises(ValueError, match="random"):
        check_random_state("random", rng, saved)


def test_a_history_of_replicas_with_rates_of_both_kinds_is_kept_to_the_bit():
    history = History()
    history.append(loss=np.array([0.1, np.nan]), lr=0.1)
    history.append(loss=np.array([0.3, -0.0]), lr=np.array([0.1, 0.05]), größe=1.0)
    history.diverged_at = [0, 1]
    same = History.from_tree(history.to_tree())
    assert same == history
    assert [type(rate) for rate in same["lr"]] == [float, np.ndarray]
    assert History.from_tree(History().to_tree()) == History()
