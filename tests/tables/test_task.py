"""Whether a target is classes or numbers is told by its cells, or asked for."""

import numpy as np
import pytest

from mlp.tables import CellError, Table, TableError, Words, read_csv, with_task


def read(folder, cells, **options):
    path = folder / "t.csv"
    path.write_text("y\n" + "".join(f'"{cell}"\n' for cell in cells))
    return read_csv(path, targets=["y"], **options)


PRICES = [str(30 + 1.5 * i) for i in range(118)]


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (PRICES, "regress"),
        (["yes", "no"] * 3, "classify"),
        (["0", "1"] * 3, "classify"),
        (["1.5", "2.5"] * 3, "classify"),
        (["1", "a", "b"] * 3, "classify"),
    ],
)
def test_the_cells_tell_the_task(cells, task, tmp_path):
    table = read(tmp_path, cells)
    assert (table.task, table.targets) == (task, ("y",))
    assert isinstance(table["y"], Words) == (task == "classify")


def test_a_few_words_among_numbers_are_named_with_their_lines(tmp_path):
    cells = [*PRICES, "n.a.", "TBD"]
    with pytest.raises(CellError) as caught:
        read(tmp_path, cells)
    assert str(caught.value) == (
        f"{tmp_path}/t.csv: column 'y': received 'n.a.' in line 120, 'TBD' in line 121, expected "
        "numbers as in 118 of 120 rows; either missing_words=['TBD', 'n.a.'] missing_target='keep' "
        "reads missing values as NaN or missing_target='keep' task='classify' makes a class of "
        "each value"
    )
    assert "--missing-words TBD,n.a." in caught.value.as_options()
    assert "--missing-target drop leaves out rows without a target" in caught.value.as_options()
    table = read(tmp_path, cells, missing="keep", missing_words=["TBD", "n.a."])
    assert table.task == "regress"
    assert np.isnan(table["y"]).tolist() == [False] * 118 + [True] * 2
    assert len(read(tmp_path, cells, task="classify", missing="keep")["y"].values) == 119


def test_missing_numbers_are_named_and_dropped(tmp_path):
    cells = [*PRICES, "n.a.", "NA"]
    with pytest.raises(CellError, match="received 'n.a.' in line 120, 'NA' in line 121") as caught:
        read(tmp_path, cells)
    assert caught.value.is_missing
    table = read(tmp_path, cells, missing_target="keep").without_missing(["y"])
    assert (len(table), table.task) == (118, "regress")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["1", "2", "3"],
            "received whole numbers, which can be .*; either task='classify'",
        ),
        (
            ["0,5", "1,5", "0,7"],
            r"line 2, .*'0,5', expected a number or .*; either decimal=',' reads '0,5'",
        ),
        (["1,500", "2,500"], r"'1,500', .*; either thousands=',' reads '1,500' as 1500"),
        ([f"w{i}" for i in range(20)], "received 20 different words in 20 rows, expected fewer"),
        (["a", "NA"], r"line 3, column 'y': received a missing value \(NA\), expected none"),
    ],
)
def test_a_doubtful_target_is_rejected(cells, message, tmp_path):
    with pytest.raises(TableError, match=message):
        read(tmp_path, cells)


def test_a_task_that_does_not_fit_is_rejected(tmp_path):
    with pytest.raises(ValueError, match="line 2, column 'y': received 'a', expected a finite num"):
        read(tmp_path, ["a", "b"], task="regress")
    with pytest.raises(ValueError, match="row 1, column 'y': received 0.5, expected a class"):
        with_task(Table({"y": np.array([0, 0.5])}, "t.npz"), ["y"], "classify")
    with pytest.raises(ValueError, match="task: received 'classify' and 2 targets, expected one"):
        with_task(Table({"y": np.ones(2), "z": np.ones(2)}, "t"), ["y", "z"], "classify")


def test_labels_of_an_array_are_asked_about_as_those_of_a_file():
    X, y = np.eye(6), np.array([0, 1, 2] * 2)
    assert with_task(Table.from_arrays(X, y, "a"), ["y"]).task == "classify"
    for doubtful in (y.astype(float), y[:, None], y[:, None].astype(float)):
        table = Table.from_arrays(X, doubtful, "a")
        with pytest.raises(TableError, match="a: column 'y': received whole numbers, which can be"):
            with_task(table, ["y"])
        assert with_task(table, ["y"], "classify")["y"].values == ["0", "1", "2"]
        assert with_task(table, ["y"], "regress")["y"].tolist() == y.tolist()


def test_several_targets_are_numbers():
    table = Table({"y": np.ones(2), "z": Words(np.array([0, 1]), ["1", "2"])}, "t")
    made = with_task(table, ["y", "z"])
    assert (made.task, made["z"].tolist()) == ("regress", [1, 2])
