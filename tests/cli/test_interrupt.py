"""Ctrl-C on the command line: exit code 130, and a line that says what was kept."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlp.cli import main

ROOT = Path(__file__).parents[2]
PRESS = """
import os, signal, sys
from mlp import Callback
from mlp.cli import main

def press(callback, trainer):
    if trainer.epoch == 2:
        os.kill(os.getpid(), signal.SIGINT)

Callback.on_epoch_begin = press if sys.argv[1] == "sweep" else lambda *_: os.kill(
    os.getpid(), signal.SIGINT
)
sys.exit(main(sys.argv[1:]))
"""
NOTHING = {
    "sweep": "nothing was kept; with --checkpoint FILE the same command would go on",
    "find-lr": "nothing was kept",
}


def interrupted(command, folder, *options):
    """Run a command in a process in which somebody presses Ctrl-C."""
    words = [command, "--data", "xor", "--out", str(folder / "out"), *options]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRESS, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 130, run.stderr
    assert run.stdout == ""
    assert not (folder / "out").exists()
    return run.stderr


@pytest.mark.parametrize("command", NOTHING)
def test_it_ends_with_130_and_says_what_was_kept(command, tmp_path):
    assert interrupted(command, tmp_path) == f"mlp {command}: interrupted: {NOTHING[command]}\n"


def test_with_a_checkpoint_it_says_how_to_go_on_and_the_same_command_does(tmp_path, capsys):
    path = tmp_path / "sweep.npz"
    said = interrupted("sweep", tmp_path, "--checkpoint", str(path))
    assert said == f"mlp sweep: interrupted: the same command goes on from {path}\n"
    once, more = tmp_path / "once", tmp_path / "more"
    options = ["sweep", "--data", "xor", "--out"]
    assert main([*options, str(once)]) == 0
    assert main([*options, str(more), "--checkpoint", str(path)]) == 0
    for name in ("learning_rates.csv", "learning_rates.png"):
        assert (more / name).read_bytes() == (once / name).read_bytes()
    first, second = capsys.readouterr().out.split("Wrote")[:2]
    assert second.partition("\n")[2] == first


def test_a_checkpoint_of_another_sweep_is_bad_usage(tmp_path, capsys):
    path = tmp_path / "sweep.npz"
    options = ["sweep", "--out", str(tmp_path), "--checkpoint", str(path), "--epochs"]
    assert main([*options, "3"]) == 0
    assert main([*options, "4"]) == 2
    error = f"mlp sweep: error: {path}: is of another run: sweep.epochs: received 4, expected 3"
    assert capsys.readouterr().err.startswith(error)


def test_a_folder_that_cannot_be_made_is_found_before_the_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "sweep.npz"
    assert main(["sweep", "--out", str(tmp_path), "--checkpoint", str(path)]) == 2
    assert "received a file, expected a folder" in capsys.readouterr().err
