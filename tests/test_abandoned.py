"""What a killed process has left beside a file is removed by the next that writes the file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlp import _atomic as atomic
from mlp._atomic import replacing, write_file

ROOT = Path(__file__).parents[1]
KILLED = """
import os, signal, sys
from mlp._atomic import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(atomic.fcntl is None, reason="the system has no such locks")


def kill_a_writer(path):
    run = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert run.returncode == -9


def names(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("name", ["run.npz", "a [b]*.npz", "n" * 60])
def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path, name):
    path = tmp_path / name
    write_file(path, b"old")
    for _ in range(2):
        kill_a_writer(path)
    left = names(tmp_path)
    assert len(left) == 3
    assert path.read_bytes() == b"old"
    write_file(path, b"new")
    assert names(tmp_path) == [name]
    assert path.read_bytes() == b"new"


def test_a_write_that_fails_leaves_it(tmp_path):
    path = tmp_path / "run.npz"
    kill_a_writer(path)
    before = names(tmp_path)
    with pytest.raises(ZeroDivisionError), replacing(path):
        raise ZeroDivisionError
    assert names(tmp_path) == before


def test_what_somebody_writes_at_this_moment_is_not_removed(tmp_path):
    path = tmp_path / "run.npz"
    with replacing(path) as file:
        file.write(b"slow")
        write_file(path, b"quick")
        assert len(names(tmp_path)) == 2
        assert path.read_bytes() == b"quick"
    assert names(tmp_path) == ["run.npz"]
    assert path.read_bytes() == b"slow"


def test_what_another_process_writes_is_not_removed(tmp_path):
    path = tmp_path / "run.npz"
    script = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "print(flush=True); input()")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        other.stdout.readline()
        write_file(path, b"mine")
        assert len(names(tmp_path)) == 2
        other.communicate(b"\n")
        assert other.returncode == 0
    assert path.read_bytes() == b"half"
    assert names(tmp_path) == ["run.npz"]


def test_other_files_are_not_removed(tmp_path):
    others = [
        ".run.npz.tmp",
        ".run.npz.0123456789ab.tmp.gz",
        ".run.npz.0123456789AB.tmp",
        ".run.npz.0123456789abc.tmp",
        ".other.npz.0123456789ab.tmp",
        ".runxnpz.0123456789ab.tmp",
    ]
    for name in others:
        (tmp_path / name).write_text("")
    (tmp_path / ".run.npz.0123456789ab.tmp").write_text("")
    write_file(tmp_path / "run.npz", b"")
    assert names(tmp_path) == sorted([*others, "run.npz"])


def test_a_folder_of_such_a_name_is_left_alone(tmp_path):
    (tmp_path / ".run.npz.0123456789ab.tmp").mkdir()
    write_file(tmp_path / "run.npz", b"")
    assert names(tmp_path) == [".run.npz.0123456789ab.tmp", "run.npz"]


def test_a_file_that_was_taken_for_abandoned_before_it_was_locked_is_made_again(
    tmp_path, monkeypatch
):
    flock, taken = atomic.fcntl.flock, []

    def take_first(file, operation):
        if not taken:
            taken.extend(names(tmp_path))
            os.unlink(tmp_path / taken[0])
        flock(file, operation)

    monkeypatch.setattr(atomic.fcntl, "flock", take_first)
    write_file(tmp_path / "run.npz", b"whole")
    assert len(taken) == 1
    assert (tmp_path / "run.npz").read_bytes() == b"whole"
    assert names(tmp_path) == ["run.npz"]


@pytest.mark.parametrize("missing", ["locks", "the module", "the list of names"])
def test_without_locks_or_names_files_are_written_and_nothing_is_removed(
    tmp_path, monkeypatch, missing
):
    def fail(*_):
        raise OSError(95, "Operation not supported")

    left = tmp_path / ".run.npz.0123456789ab.tmp"
    left.write_text("")
    if missing == "locks":
        monkeypatch.setattr(atomic.fcntl, "flock", fail)
    elif missing == "the module":
        monkeypatch.setattr(atomic, "fcntl", None)
    else:
        monkeypatch.setattr(atomic.os, "listdir", fail)
    write_file(tmp_path / "run.npz", b"whole")
    assert (tmp_path / "run.npz").read_bytes() == b"whole"
    assert left.exists()
