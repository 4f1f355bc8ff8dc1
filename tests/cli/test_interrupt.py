"""Ctrl-C on the command line: exit code 130, and a line that says what was kept."""

import signal

import pytest

from mlp import Callback
from mlp.cli import main

pytestmark = pytest.mark.slow

NOTHING = {
    "sweep": "nothing was kept; with --checkpoint FILE the same command would continue",
    "find-lr": "nothing was kept",
}


@pytest.fixture
def interrupted(tmp_path, capsys):
    """Run a command in which Ctrl-C is pressed at an epoch; return its message."""

    def run(command, epoch, *options):
        def press(callback, trainer):
            if trainer.epoch == epoch:
                signal.raise_signal(signal.SIGINT)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Callback, "on_epoch_begin", press)
            words = [command, "--data", "xor", "--out", str(tmp_path / "out"), *options]
            assert main(words) == 130
        printed = capsys.readouterr()
        assert printed.out == ""
        assert not (tmp_path / "out").exists()
        return printed.err

    return run


@pytest.mark.parametrize("command", NOTHING)
def test_it_ends_with_130_and_says_what_was_kept(command, interrupted):
    epoch = 2 if command == "sweep" else 1
    assert interrupted(command, epoch) == f"mlp {command}: interrupted: {NOTHING[command]}\n"


def test_with_a_checkpoint_it_says_how_to_go_on_and_the_same_command_does(
    interrupted, tmp_path, capsys
):
    path = tmp_path / "sweep.npz"
    said = interrupted("sweep", 2, "--checkpoint", str(path))
    assert said == f"mlp sweep: interrupted: the same command continues from {path}\n"
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
