"""A file holds everything that was written or, after an error, what it held before."""

import os
import stat

import pytest

import mlp
from mlp._atomic import write_file
from mlp.plotting import new_axes, save_figure


def one_epoch():
    history = mlp.History()
    history.append(loss=0.5)
    return history


def small_sweep():
    example = mlp.examples.learning_rate_chart()
    return mlp.learning_rate_sweep(example.network, example.x, example.t, epochs=1)


WRITERS = {
    "history.json": lambda path: one_epoch().to_json(path),
    "sweep.csv": lambda path: small_sweep().to_csv(path),
    "picture.svg": lambda path: save_figure(new_axes(), path),
}


def fail(*_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=f"No space left on device: '.*{name}'"):
        WRITERS[name](path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", list(WRITERS))
def test_the_old_file_is_replaced_and_nothing_is_left_beside_it(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")
    WRITERS[name](path)
    assert path.read_text() not in ("", "old")
    assert list(tmp_path.iterdir()) == [path]


def test_the_permissions_of_the_old_file_are_kept(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_file(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_device_is_written_to_and_never_replaced():
    write_file(os.devnull, b"gone")
    assert not os.path.isfile(os.devnull)


def test_a_missing_folder_is_reported_with_the_given_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory: '.*/nowhere/x'"):
        write_file(tmp_path / "nowhere" / "x", b"")
