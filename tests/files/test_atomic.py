"""A file is replaced as a whole or not at all, whatever happens while it is written."""

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense
from mlp import _atomic as atomic
from mlp._atomic import replacing
from tests.files.forge import NETWORKS, assert_same
from tests.processes import assert_runs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.npz"
    NETWORKS["small"]().save(path)
    return path


class Trouble(BaseException):
    """Like Ctrl-C, not an Exception."""


class Failing:
    """A file that fails once it has been given a number of bytes."""

    def __init__(self, file, after, error):
        self.file, self.left, self.error = file, after, error

    def write(self, data):
        size = memoryview(data).nbytes
        if size > self.left:
            self.file.write(bytes(data)[: self.left])
            raise self.error
        self.left -= size
        return self.file.write(data)


@pytest.mark.parametrize("error", [Trouble(), KeyboardInterrupt(), OSError(28, "No space left")])
def test_a_failure_after_any_number_of_bytes_leaves_the_old_file(path, monkeypatch, error):
    from mlp._archive import archive, container

    write, before, length = container.write_members, path.read_bytes(), 0
    net = NETWORKS["mixed"]()
    net.save(path.with_name("other.npz"))
    length = path.with_name("other.npz").stat().st_size
    path.with_name("other.npz").unlink()
    for after in range(0, length, 50):
        monkeypatch.setattr(
            archive.container,
            "write_members",
            lambda file, contents, after=after: write(Failing(file, after, error), contents),
        )
        with pytest.raises(type(error)):
            net.save(path)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == ["net.npz"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("error", [Trouble(), OSError(5, "Input/output error")])
def test_a_failure_before_the_new_file_is_in_place_leaves_the_old_one(
    path, monkeypatch, function, error
):
    def fail(*arguments):
        raise error

    before = path.read_bytes()
    monkeypatch.setattr(atomic.os, function, fail)
    with pytest.raises(type(error)):
        NETWORKS["mixed"]().save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["net.npz"]


def test_the_file_is_on_the_disk_before_it_is_renamed_and_the_folder_after(path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor):
        mode = os.fstat(descriptor).st_mode
        size = 0 if stat.S_ISDIR(mode) else os.fstat(descriptor).st_size
        calls.append(("folder" if stat.S_ISDIR(mode) else "file", size))
        fsync(descriptor)

    def note_replace(old, new):
        calls.append(("replace", Path(old).parent, Path(new).parent))
        replace(old, new)

    monkeypatch.setattr(atomic.os, "fsync", note_fsync)
    monkeypatch.setattr(atomic.os, "replace", note_replace)
    NETWORKS["small"]().save(path)
    assert calls == [
        ("file", path.stat().st_size),
        ("replace", path.parent, path.parent),
        ("folder", 0),
    ]


@pytest.mark.parametrize(("number", "fine"), [(22, True), (95, True), (5, False)])
def test_a_folder_that_cannot_be_synced_is_no_error_but_a_broken_disk_is(
    path, monkeypatch, number, fine
):
    fsync = os.fsync

    def fail(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "no")
        fsync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fail)
    if fine:
        NETWORKS["mixed"]().save(path)
    else:
        with pytest.raises(OSError, match="no"):
            NETWORKS["mixed"]().save(path)
    assert_same(mlp.load(path), NETWORKS["mixed"]())
    assert os.listdir(path.parent) == ["net.npz"]


FULL = """
import resource, sys
from pathlib import Path
import mlp
from tests.files.forge import mixed
path, size = Path(sys.argv[1]), int(sys.argv[2])
for limit in (*range(0, size, 500), size - 1, size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    before = path.read_bytes()
    try:
        mixed().save(path)
    except OSError as error:
        print(error.errno, error, path.read_bytes() == before, flush=True)
    else:
        print("saved", flush=True)
"""


def test_a_full_disk_gives_a_clear_error_and_leaves_the_old_file(path):
    NETWORKS["mixed"]().save(path.with_name("size.npz"))
    size = path.with_name("size.npz").stat().st_size
    path.with_name("size.npz").unlink()
    *failed, last = assert_runs("-c", FULL, path, size).splitlines()
    assert len(failed) > 5
    for line in failed:
        assert line == (f"{errno.EFBIG} [Errno {errno.EFBIG}] File too large: {str(path)!r} True")
    assert last == "saved"
    assert os.listdir(path.parent) == ["net.npz"]
    assert_same(mlp.load(path), NETWORKS["mixed"]())


KILLED = """
import os, random, signal, sys, time
import numpy as np
import mlp

path, folder = sys.argv[1], os.path.dirname(sys.argv[1])
net = mlp.MLP([mlp.Dense(500, 500)], seed=0)  # 2 MB
draw = random.Random(0)
net.theta[...] = 0.0
net.save(path)
begin = time.perf_counter()
net.save(path)
once = time.perf_counter() - begin
torn = seen = 0
states = set()
for kill in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        while True:
            net.theta[...] += 1.0
            net.save(path)
    time.sleep(draw.uniform(0.0, (3.0, 30.0)[kill % 2] * once))  # the machine may be busy
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    values = mlp.load(path).theta
    assert (values == values[0]).all(), "a mixture"
    states.add(float(values[0]))
    left = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    torn += bool(left)
    for name in left:
        os.unlink(os.path.join(folder, name))
    assert os.listdir(folder) == [os.path.basename(path)]
sys.stdout.write(f"{torn} {len(states)}")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_a_process_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    torn, states = map(int, assert_runs("-c", KILLED, tmp_path / "net.npz", 30).split())
    assert torn >= 2  # it was killed in the middle of writing
    assert states >= 2  # and after it had written


def test_folders_are_made_and_names_are_taken_as_they_are(tmp_path):
    path = tmp_path / "a" / "b" / "model"
    NETWORKS["small"]().save(path)
    assert os.listdir(path.parent) == ["model"]
    assert_same(mlp.load(str(path)), NETWORKS["small"]())
    long = tmp_path / ("n" * 251 + ".npz")
    NETWORKS["small"]().save(long)
    assert_same(mlp.load(long), NETWORKS["small"]())


def test_a_folder_in_the_way_is_a_clear_error(tmp_path):
    (tmp_path / "net.npz").mkdir()
    with pytest.raises(OSError, match="Is a directory: .*net.npz"):
        NETWORKS["small"]().save(tmp_path / "net.npz")
    assert os.listdir(tmp_path) == ["net.npz"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError, match="/file'"):
        NETWORKS["small"]().save(tmp_path / "file" / "net.npz")


def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    target, link = tmp_path / "target.npz", tmp_path / "link.npz"
    NETWORKS["small"]().save(target)
    target.chmod(0o640)
    link.symlink_to(target)
    NETWORKS["mixed"]().save(link)
    assert link.is_symlink()
    assert_same(mlp.load(target), NETWORKS["mixed"]())
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    NETWORKS["small"]().save(tmp_path / "net.npz")
    assert (tmp_path / "net.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_another_error_of_the_writer_passes_unchanged(tmp_path):
    def write():
        with replacing(tmp_path / "a.bin") as file:
            file.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert os.listdir(tmp_path) == []


def test_saving_does_not_change_the_network(tmp_path):
    net = MLP([Dense(3, 2, "tanh"), Dense(2, 1)], seed=0)
    net.loss_and_grad(np.ones((2, 3)), np.ones((2, 1)))
    theta, grad = net.theta.copy(), net.grad.copy()
    net.save(tmp_path / "net.npz")
    assert net.theta.tobytes() == theta.tobytes()
    assert net.grad.tobytes() == grad.tobytes()
