"""`mlp train` that is ended, by kill -9 or by Ctrl-C, and continued."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlp import History, ProgressBar
from mlp.cli import main
from tests.cli.small_tables import assert_rejected, flowers, read_rows, train, write_csv

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ENDED = """
import os, signal, sys
from mlp.cli import main, trainer
from mlp.training import Checkpoint, ProgressBar

epoch, batch, often = map(int, sys.argv[1:4])

def end(bar, trainer):
    if (trainer.epoch, trainer.batch) == (epoch, batch):
        os.kill(os.getpid(), signal.SIGKILL)

ProgressBar.on_batch_end = end
if often:  # as if a batch took seconds
    trainer.Checkpoint = lambda path, **_: Checkpoint(path, every_batches=1)
sys.exit(main(sys.argv[4:]))
"""
OPTIONS = (
    "--target kind --ignore id --one-hot colour --standardize --layers 8 --dropout 0.1 "
    "--epochs 12 --batch-size 16 --early-stopping 20 --reduce-lr 3 --class-weight balanced"
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("table") / "flowers.csv", flowers())


@pytest.fixture(scope="module")
def whole(table, tmp_path_factory):
    """The folder of a run that was never ended."""
    folder = tmp_path_factory.mktemp("whole")
    assert train(table, folder, *OPTIONS.split()) == 0
    return folder


def kill(place, often, *words):
    """Run `mlp train` in a process that is killed with -9 at an epoch and a batch."""
    numbers = [str(int(number)) for number in (*place, often)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENDED, *numbers, "train", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture
def interrupted(monkeypatch, capsys):
    """Run `mlp train` and press Ctrl-C at an epoch and a batch; return what it prints."""

    def run(place, *words):
        def press(bar, trainer):
            if (trainer.epoch, trainer.batch) == place:
                signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(ProgressBar, "on_batch_end", press)
            assert main(["train", *map(str, words)]) == 130
        return capsys.readouterr()

    return run


def assert_same_results(folder, whole):
    """All but the seconds of a run are those of the run that was never ended."""
    for name in ("model.npz", "held_out.csv", "history.png"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    one, other = (read_rows(path / "history.csv") for path in (folder, whole))
    for row in (*one, *other):
        del row["seconds"]
    assert one == other
    found, expected = (History.from_json(path / "history.json") for path in (folder, whole))
    assert found.status == expected.status
    assert found["val_loss"] == expected["val_loss"]


@pytest.mark.parametrize(
    ("place", "often", "begins"),
    [((6, 2), False, 0), ((1, 1), True, 0), ((6, 2), True, 5)],
)
def test_after_kill_9_the_same_command_writes_the_same_bytes(
    place, often, begins, table, whole, tmp_path, capsys
):
    checkpoint = tmp_path / "run.npz"
    words = [table, "--out", tmp_path, *OPTIONS.split(), "--checkpoint", checkpoint, "--resume"]
    kill(place, often, *words)
    assert checkpoint.exists()
    assert not (tmp_path / "model.npz").exists()
    assert main(["train", *map(str, words)]) == 0
    assert capsys.readouterr().err == (
        f"mlp train: {checkpoint}: the run continues after epoch {begins}\n"
    )
    assert_same_results(tmp_path, whole)


def test_a_run_that_is_over_writes_the_same_bytes_again(table, whole, tmp_path, capsys):
    options = (*OPTIONS.split(), "--checkpoint", tmp_path / "run.npz", "--resume")
    assert train(table, tmp_path, *options) == 0
    assert capsys.readouterr().err == f"mlp train: {tmp_path / 'run.npz'}: the run begins\n"
    assert_same_results(tmp_path, whole)
    (tmp_path / "model.npz").unlink()
    assert train(table, tmp_path, *options) == 0
    assert_same_results(tmp_path, whole)


def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(table, whole, tmp_path, interrupted):
    checkpoint = tmp_path / "run.npz"
    words = [table, "--out", tmp_path, *OPTIONS.split(), "--checkpoint", checkpoint]
    printed = interrupted((4, 2), *words)
    assert printed.err == (
        f"mlp train: interrupted: after epoch 3 of 12, wrote 5 files to {tmp_path}; "
        f"the same command with --resume continues {checkpoint}\n"
    )
    assert "interrupted after epoch 3 of 12" in printed.out
    assert len(read_rows(tmp_path / "history.csv")) == 3
    assert (tmp_path / "model.npz").read_bytes() != (whole / "model.npz").read_bytes()
    assert main(["train", *map(str, words), "--resume"]) == 0
    assert_same_results(tmp_path, whole)


def test_ctrl_c_in_the_first_epoch_keeps_the_checkpoint_alone(table, whole, tmp_path, interrupted):
    checkpoint = tmp_path / "run.npz"
    words = [table, "--out", tmp_path, *OPTIONS.split(), "--checkpoint", checkpoint, "--resume"]
    printed = interrupted((1, 1), *words)
    assert "after epoch 0 of 12, nothing was kept; the same command with --resume" in printed.err
    assert "rows to train on" not in printed.out
    assert main(["train", *map(str, words)]) == 0
    assert_same_results(tmp_path, whole)


def test_ctrl_c_without_a_checkpoint_says_what_would_have_helped(table, tmp_path, interrupted):
    printed = interrupted((4, 3), table, "--out", tmp_path, *OPTIONS.split())
    assert printed.err.endswith("; with --checkpoint PATH it could be continued\n")
    assert (tmp_path / "model.npz").exists()


def test_a_run_that_is_not_over_is_not_written_over(table, tmp_path, capsys):
    checkpoint = tmp_path / "run.npz"
    words = [table, "--out", tmp_path / "out", *OPTIONS.split(), "--checkpoint", checkpoint]
    kill((4, 1), True, *words)
    before = checkpoint.read_bytes(), (tmp_path / "out" / "history.csv").read_bytes()
    command = ["train", *map(str, words)]
    assert_rejected(capsys, command, "holds a run after epoch 3 of 12: continue it with --resume")
    assert (checkpoint.read_bytes(), (tmp_path / "out" / "history.csv").read_bytes()) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--layers", "9"], "is of another run: network.layers[0].n_out: received 9, expected 8"),
        (["--lr", "0.5"], "is of another run: optimizer.lr: received 0.5, expected 0.001"),
        (["--seed", "1"], "is of another run: data"),
        (["--epochs", "3"], "epochs: received 3, expected at least 12"),
    ],
)
def test_another_run_is_not_continued(change, message, table, tmp_path, capsys):
    options = ("--checkpoint", tmp_path / "run.npz")
    assert train(table, tmp_path, *OPTIONS.split(), *options) == 0
    capsys.readouterr()
    command = ["train", table, "--out", tmp_path, *OPTIONS.split(), *options, "--resume", *change]
    assert_rejected(capsys, list(map(str, command)), message)


def test_a_run_goes_on_to_more_epochs(table, whole, tmp_path):
    options = (*OPTIONS.split(), "--checkpoint", tmp_path / "run.npz", "--resume")
    assert train(table, tmp_path, *options, "--epochs", 5) == 0
    assert train(table, tmp_path, *options) == 0
    assert_same_results(tmp_path, whole)


@pytest.mark.parametrize("name", ["batch", "layer"])
def test_a_run_that_normalises_goes_on_and_another_normalization_is_rejected(
    name, table, tmp_path, capsys
):
    options = (*OPTIONS.split(), "--normalize", name)
    assert train(table, tmp_path / "whole", *options) == 0
    again = (*options, "--checkpoint", tmp_path / "run.npz", "--resume")
    assert train(table, tmp_path / "out", *again, "--epochs", 5) == 0
    assert train(table, tmp_path / "out", *again) == 0
    assert_same_results(tmp_path / "out", tmp_path / "whole")
    capsys.readouterr()
    other = "layer" if name == "batch" else "batch"
    command = ["train", table, "--out", tmp_path / "other", *again, "--normalize", other]
    assert_rejected(
        capsys, list(map(str, command)), "is of another run: network.layers[", tmp_path / "other"
    )


def test_a_file_that_is_no_checkpoint_is_rejected(table, whole, tmp_path, capsys):
    for options in ([], ["--resume"]):
        path = str(whole / "model.npz")
        command = ["train", table, "--target", "price", "--out", str(tmp_path / "out")]
        command += ["--ignore", "id", "--one-hot", "colour", "--one-hot", "kind"]
        assert_rejected(
            capsys, [*command, "--checkpoint", path, *options], "has the format 'mlp-model'"
        )
