"""A path is a str or a PathLike; anything else is a TypeError, and no descriptor is closed."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import files
from mlp._atomic import appending, replacing, write_file
from mlp.plotting import new_axes, save_figure
from mlp.studies.rates.run import parts_begun
from tests.files.forge import NETWORKS
from tests.processes import assert_runs

X, Y = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])


def trainer(*callbacks):
    return mlp.Trainer(mlp.MLP.from_sizes([1, 1], seed=0), callbacks=callbacks)


def sweep(**options):
    return mlp.learning_rate_sweep(trainer().net, X, Y, [0.1], 1, **options)


def history():
    return trainer().fit(X, Y)


def record():
    recorder = mlp.LayerRecorder(X)
    trainer(recorder).fit(X, Y)
    return recorder.record


def enter(context):
    with context:
        pass


TAKERS = {
    "load": mlp.load,
    "save": lambda path: NETWORKS["small"]().save(path),
    "read_model": files.read_model,
    "write_model": lambda path: files.write_model(path, NETWORKS["small"]()),
    "read_archive": lambda path: files.read_archive(path, "thing", [1]),
    "write_archive": lambda path: files.write_archive(path, "thing", 1, {}),
    "write_file": lambda path: write_file(path, b""),
    "replacing": lambda path: enter(replacing(path)),
    "appending": lambda path: enter(appending(path)),
    "History.from_json": mlp.History.from_json,
    "History.to_json": lambda path: history().to_json(path),
    "LayerRecord.from_json": mlp.training.LayerRecord.from_json,
    "LayerRecord.to_json": lambda path: record().to_json(path),
    "Checkpoint": mlp.training.Checkpoint,
    "resume": lambda path: trainer().resume(path, X, Y, 1),
    "resume, or begin": lambda path: trainer().resume(path, X, Y, 1, missing_ok=True),
    "CSVLogger": mlp.CSVLogger,
    "learning_rate_sweep": lambda path: sweep(checkpoint=path),
    "SweepResult.to_csv": lambda path: sweep().to_csv(path),
    "save_figure": lambda path: save_figure(new_axes(), path),
}


@pytest.mark.parametrize("path", [1, True, 2.5, b"name", ["name"]], ids=repr)
@pytest.mark.parametrize("name", TAKERS)
def test_what_is_not_a_path_is_a_type_error(name, path):
    with pytest.raises(TypeError, match=r"(path|source|checkpoint): received .*, expected a path"):
        TAKERS[name](path)
    os.fstat(1)  # still open


@pytest.mark.parametrize("kind", [str, Path])
def test_a_str_and_a_path_name_the_same_file(tmp_path, kind):
    NETWORKS["small"]().save(kind(tmp_path / "net.npz"))
    assert mlp.load(kind(tmp_path / "net.npz")).n_in == 2


WRITE_ONLY = """
import os, sys, tempfile
import numpy as np
import mlp
from mlp.studies.rates.run import parts_begun

def write(folder):
    X, net = np.ones((2, 1)), mlp.MLP.from_sizes([1, 1], seed=0)
    for name in ("net", "new"):
        net.theta[...] = 1.0
        net.save(f"{folder}/{name}.npz")
        print(mlp.load(f"{folder}/{name}.npz").theta.tolist())
    mlp.learning_rate_sweep(net, X, X, [0.1], 1, checkpoint=f"{folder}/sweep.npz")
    print(parts_begun(f"{folder}/sweep.npz"), parts_begun(f"{folder}/none.npz"))
    open(f"{folder}/s.1-of-3.npz", "w").close()
    print(parts_begun(f"{folder}/s.npz"))

with tempfile.TemporaryDirectory() as readable:
    write(readable)  # loads all modules, which another user may not read
folder = sys.argv[1]
mlp.MLP.from_sizes([1, 1], seed=0).save(f"{folder}/net.npz")
os.chmod(folder, 0o300)
if os.getuid() == 0:
    os.chown(folder, 65534, 65534)
    os.chown(f"{folder}/net.npz", 65534, 65534)
    os.seteuid(65534)
try:
    os.listdir(folder)
except PermissionError:
    write(folder)
"""


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs the permissions of POSIX")
def test_a_folder_that_may_be_written_and_not_listed_takes_files():
    with tempfile.TemporaryDirectory() as folder:
        try:
            printed = assert_runs("-c", WRITE_ONLY, folder).splitlines()
        finally:
            os.chmod(folder, 0o700)
    assert printed == 2 * ["[1.0, 1.0]", "[1.0, 1.0]", "1 None", "3"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["History.to_json", "SweepResult.to_csv", "write_file, large"])
def test_a_full_device_is_named_in_the_error(name):
    large = {"write_file, large": lambda path: write_file(path, bytes(1 << 20))}
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        (TAKERS | large)[name]("/dev/full")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_csv_file_that_can_no_longer_grow_is_named_in_the_error(tmp_path):
    logger = mlp.CSVLogger(tmp_path / "log.csv")
    fill = mlp.LambdaCallback(
        on_epoch_begin=lambda t: t.epoch == 3 and setattr(logger, "path", Path("/dev/full"))
    )
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        trainer(fill, logger).fit(X, Y, 4)


def test_the_csv_logger_makes_its_folder(tmp_path):
    path = tmp_path / "a" / "b" / "log.csv"
    trainer(mlp.CSVLogger(path)).fit(X, Y, 2)
    assert len(path.read_text().splitlines()) == 3


def test_the_parts_of_a_sweep_are_counted(tmp_path):
    assert parts_begun(tmp_path / "sweep.npz") is None
    (tmp_path / "sweep.1-of-3.npz").touch()
    assert parts_begun(tmp_path / "sweep.npz") == 3
