"""What `mlp predict` refuses: code 2 and one line that names the place."""

import numpy as np
import pytest

import mlp
from mlp.files import read_model
from tests.cli.small_tables import FAST, assert_rejected, flowers, train, without, write_csv

DATA = flowers(30)
KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour", "--no-standardize")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    assert train(write_csv(folder / "t.csv", DATA), folder, *KIND, *FAST) == 0
    return str(folder / "model.npz")


def changed(name, row, value):
    column = list(DATA[name])
    column[row] = value
    return DATA | {name: column}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (without(DATA, "width"), "received different columns than in training: missing 'width'"),
        (
            without(DATA, "width", "colour") | {"Width": [1] * 30},
            "received different columns than in training: missing 'width', 'colour'",
        ),
        (changed("height", 3, ""), "line 5, column 'height': received a missing value, expected a"),
        (changed("height", 3, "tall"), "line 5, column 'height': received 'tall', expected a fini"),
        (changed("colour", 0, "green"), "line 2, column 'colour': received 'green', expected one"),
        (changed("colour", 4, ""), "line 6, column 'colour': received a missing value, expected a"),
        (
            DATA | {name: [1.7e308] * 30 for name in ("width", "height", "price")},
            "line 2: received numbers so large that the output is not",
        ),
        ({name: [] for name in DATA}, "received a header and no rows, expected at least one"),
    ],
)
def test_a_table_that_does_not_fit_is_rejected_with_its_place(
    model, columns, message, tmp_path, capsys
):
    table = write_csv(tmp_path / "t.csv", columns)
    assert_rejected(capsys, ["predict", model, table], f"{table}: ")
    out = tmp_path / "p.csv"
    assert_rejected(capsys, ["predict", model, table, "--out", str(out)], message, out)


def test_arrays_have_other_columns_than_a_table(model, tmp_path, capsys):
    np.savez(tmp_path / "t.npz", X=np.ones((3, 6)))
    command = ["predict", model, str(tmp_path / "t.npz")]
    assert_rejected(capsys, command, "missing 'width', 'height', 'price', 'colour'; unexpected 'x0")


def test_numbers_have_no_probabilities(tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", without(DATA, "id", "colour", "kind"))
    assert train(table, tmp_path, "--target", "price", *FAST) == 0
    capsys.readouterr()
    command = ["predict", str(tmp_path / "model.npz"), table, "--probabilities"]
    assert_rejected(capsys, command, "--probabilities: received a model of numbers, expected one")


def test_a_folder_that_is_not_there_is_found_before_the_prediction(model, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    command = ["predict", model, "nowhere.csv", "--out", str(tmp_path / "file" / "p.csv")]
    assert_rejected(capsys, command, "received a file, expected a folder")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_model_is_rejected(content, tmp_path, capsys):
    (tmp_path / "model.npz").write_bytes(content)
    command = ["predict", str(tmp_path / "model.npz"), "xor"]
    assert_rejected(capsys, command, f"{tmp_path}/model.npz: ")


def test_a_network_without_its_columns_is_rejected(tmp_path, capsys):
    mlp.MLP.from_sizes([2, 2], seed=0).save(tmp_path / "net.npz")
    command = ["predict", str(tmp_path / "net.npz"), "xor"]
    assert_rejected(capsys, command, "holds a network without the columns of its data, expected a")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("inputs",), {}),
        (("inputs", "numbers"), ["width", "height"]),
        (("inputs", "numbers"), ["width", "height", "price", "colour"]),
        (("inputs", "categories"), []),
        (("target",), None),
        (("target", "labels"), ["aster"]),
        (("target", "labels"), ["aster", "rose", "tulip"]),
        (("target", "labels"), [1, 2]),
        (("target", "names"), []),
        (("ignored",), "id"),
        (("ignored",), [1.5]),
        (("dates",), ["width"]),
        (("dialect",), {}),
        (("more",), 1),
    ],
)
def test_a_description_that_was_tampered_with_is_rejected(place, value, model, tmp_path, capsys):
    net, metadata = read_model(model)
    node = metadata
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    net.save(tmp_path / "model.npz", metadata=metadata)
    command = ["predict", str(tmp_path / "model.npz"), "xor"]
    assert_rejected(capsys, command, f"{tmp_path}/model.npz: ")


def test_replicas_are_no_model(model, tmp_path, capsys):
    net, metadata = read_model(model)
    net.replicate(2).save(tmp_path / "model.npz", metadata=metadata)
    assert_rejected(capsys, ["predict", str(tmp_path / "model.npz"), "xor"], "of one network")
