"""The pictures that `mlp train --plot` draws."""

import pytest
from PIL import Image

from tests.cli.small_tables import FAST, assert_rejected, flowers, train, without, write_csv

pytestmark = pytest.mark.slow

PNG = b"\x89PNG"


def pictures(folder):
    assert all(path.read_bytes().startswith(PNG) for path in folder.glob("*.png"))
    return sorted(path.name for path in folder.glob("*.png"))


def test_pictures_are_drawn_where_they_are_asked_for(tmp_path, capsys):
    assert train("digits", tmp_path, *FAST, "--plot", "confusion,weights,layers") == 0
    drawn = ["activations.png", "confusion.png", "gradients.png", "weights.png"]
    assert pictures(tmp_path) == sorted([*drawn, "history.png"])
    said = capsys.readouterr().out
    assert all(name in said for name in drawn)
    assert "layers[0] relu: " in said


@pytest.mark.parametrize(("target", "ignored"), [("kind", "price"), ("price", "kind")])
def test_the_plane_of_two_inputs_is_drawn(target, ignored, tmp_path):
    table = write_csv(tmp_path / "flowers.csv", without(flowers(), "id", "colour"))
    options = ("--target", target, "--ignore", ignored, "--standardize", *FAST)
    assert train(table, tmp_path / "out", *options, "--plot", "boundary") == 0
    assert pictures(tmp_path / "out") == ["boundary.png", "history.png"]


def test_a_run_that_records_its_layers_goes_on_with_them(tmp_path, capsys):
    run = ("--layers", "8", "--plot", "layers", "--checkpoint", tmp_path / "run.npz", "--resume")
    assert train("spirals", tmp_path, *run, "--epochs", 3) == 0
    assert train("spirals", tmp_path, *run, "--epochs", 6) == 0
    assert "epoch 6\nlayers[0] relu: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ("digits", "boundary", "--plot boundary: received 64 inputs, expected 2"),
        ("spirals", "weights", "--plot weights: received 2 inputs, expected a square"),
    ],
)
def test_a_picture_that_there_cannot_be_is_rejected(data, name, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert_rejected(capsys, ["train", data, "--plot", name, "--out", str(out)], message, out)


def test_confusion_of_numbers_is_rejected(tmp_path, capsys):
    table = write_csv(tmp_path / "flowers.csv", without(flowers(), "id", "kind", "colour"))
    command = ["train", table, "--target", "price", "--plot", "confusion"]
    assert_rejected(capsys, command, "--plot confusion: received a target of numbers")


def test_a_picture_of_no_known_name_is_rejected(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        train("digits", tmp_path, "--plot", "weights,kittens")
    assert "received 'kittens', expected one of confusion, boundary" in capsys.readouterr().err


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_the_curve_of_a_loss_with_penalty_is_labelled_so(l2, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("mlp.plotting.save_figure", lambda axes, path: drawn.append(axes) or path)
    assert train("spirals", tmp_path, *FAST, "--l2", l2) == 0
    first = drawn[0].texts[0].get_text()
    assert first == ("training (with penalty)" if l2 else "training")


def test_a_boundary_is_animated_over_the_epochs_of_a_run(tmp_path, capsys):
    run = ("--epochs", 3, "--layers", "4", "--plot", "boundary", "--animate")
    assert train("moons", tmp_path, *run, "--checkpoint", tmp_path / "run.npz", "--resume") == 0
    with Image.open(tmp_path / "boundary.gif") as file:
        assert file.n_frames == 4
    assert "boundary.gif" in capsys.readouterr().out


def test_an_animation_without_its_picture_is_rejected(tmp_path, capsys):
    message = "--animate: received --plot confusion, expected boundary or weights"
    assert train("moons", tmp_path, "--plot", "confusion", "--animate") == 2
    assert message in capsys.readouterr().err
