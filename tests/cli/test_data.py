"""Data that is named on the command line, good and bad."""

import argparse
import io
import json
import zipfile

import numpy as np
import pytest

from mlp.cli import find_lr, main
from mlp.cli.task import load_task
from tests.cli.small_tables import flowers, write_csv

ROWS = np.random.default_rng(0).normal(size=(40, 3))
YES = ROWS[:, 0] > 0


def options_of(*words):
    parser = argparse.ArgumentParser()
    find_lr.add_arguments(parser)
    return parser.parse_args(words)


def saved(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def damaged():
    """Return an archive whose directory is whole and whose numbers are not."""
    content = bytearray(saved(X=ROWS, y=YES))
    content[200:400] = bytes(200)
    return bytes(content)


def an_array():
    file = io.BytesIO()
    np.save(file, ROWS)
    return file.getvalue()


def no_arrays():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("X.npy", b"")
        archive.writestr("y.npy", b"\x93NUMPY")
    return file.getvalue()


BAD = {
    "an empty file": (b"", "expected an .npz file"),
    "a text file": (b"X,y\n1,2\n", "expected an .npz file"),
    "an .npy file by another name": (an_array(), "expected an .npz file"),
    "garbage": (bytes(range(256)) * 20, "expected an .npz file"),
    "half of an archive": (saved(X=ROWS, y=YES)[:700], "expected an .npz file"),
    "an archive with damaged numbers": (damaged(), "received X corrupted"),
    "an archive of no arrays": (no_arrays(), "received X corrupted or not numeric"),
    "objects": (saved(X=np.array([{}, 1]), y=YES), "received X corrupted or not numeric"),
    "words": (saved(X=ROWS.astype(str), y=YES), "X: received dtype"),
    "infinity": (saved(X=ROWS * np.inf, y=YES), "received inf, expected a number"),
    "other names": (saved(a=ROWS, b=YES), "received the arrays ['a', 'b'], expected X and y"),
    "a row too few": (saved(X=ROWS, y=YES[1:]), "received X (40, 3) and y (39,)"),
    "one class only": (saved(X=ROWS, y=YES & False), "received only the class 'False' in 'y'"),
}


@pytest.mark.parametrize("what", list(BAD))
def test_a_file_that_is_no_data_ends_with_code_2_and_a_line_that_names_it(what, tmp_path, capsys):
    content, message = BAD[what]
    (tmp_path / "data.npz").write_bytes(content)
    out = tmp_path / "out"
    assert main(["sweep", "--data", str(tmp_path / "data.npz"), "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert f"{tmp_path}/data.npz: " in printed.err
    assert message in printed.err
    assert "pickle" not in printed.err
    assert not out.exists()


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "squared_error", "MSE"])
def test_yes_and_no_in_a_file_are_two_classes(loss, tmp_path, capsys):
    np.savez(tmp_path / "yes.npz", X=ROWS, y=YES)
    np.savez(tmp_path / "one.npz", X=ROWS, y=YES.astype(int))
    of_bool, of_int = (
        load_task(options_of("--data", str(tmp_path / name), "--loss", loss))
        for name in ("yes.npz", "one.npz")
    )
    assert of_bool.sizes == of_int.sizes
    assert (of_bool.output, of_bool.loss) == (of_int.output, loss.lower())
    assert np.array_equal(of_bool.Y, of_int.Y)
    options = ["--data", str(tmp_path / "yes.npz"), "--loss", loss, "--epochs", "1"]
    assert main(["sweep", "--out", str(tmp_path), "--rates", "0.1", *options]) == 0
    assert "on the same rows, which chose the rate" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["sweep", "find-lr"])
def test_a_table_is_searched_as_it_is_trained_on(command, tmp_path, capsys):
    table = write_csv(tmp_path / "flowers.csv", flowers())
    options = ["--target", "kind", "--ignore", "id", "--one-hot", "colour", "--standardize"]
    options += ["--layers", "6,8,2", "--out", str(tmp_path / "out")]
    assert main([command, "--data", table, *options, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 2
    task = load_task(options_of("--data", table, *options))
    np.testing.assert_allclose(task.X.mean(axis=0), 0, atol=1e-14)
    assert task.sizes == [6, 8, 2]
    assert main([command, "--data", table, "--out", str(tmp_path)]) == 2
    assert "--target: received none, expected a column of" in capsys.readouterr().err


def test_options_about_data_want_data(tmp_path, capsys):
    assert main(["sweep", "--standardize", "--target", "kind", "--out", str(tmp_path)]) == 2
    assert "--target, --standardize: received no data, expected --data" in capsys.readouterr().err


def test_words_in_a_table_are_classes_and_fractions_are_numbers(tmp_path):
    kinds = ["a", "b"], ["0", "1"], ["0.5", "1", "2"]
    for column, output in zip(kinds, ["softmax", "softmax", "identity"], strict=True):
        table = write_csv(tmp_path / "t.csv", {"x": range(12), "y": (column * 12)[:12]})
        task = load_task(options_of("--data", table, "--target", "y"))
        assert task.output == output
