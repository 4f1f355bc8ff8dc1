"""`mlp predict` on rows that cannot be predicted, with columns carried through."""

import json

import numpy as np
import pytest

from mlp.cli import main
from mlp.files import read_model
from tests.cli.small_tables import FAST, assert_rejected, flowers, read_rows, train, write_csv

DATA = flowers(30)
HOLES = DATA | {"width": ["", *DATA["width"][1:]]}
KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return a model that was trained without the rows that lack a value."""
    folder = tmp_path_factory.mktemp("model")
    assert train(write_csv(folder / "t.csv", HOLES), folder, *KIND, *FAST, "--missing", "drop") == 0
    return folder / "model.npz"


def changed(name, row, value):
    column = list(DATA[name])
    column[row] = value
    return DATA | {name: column}


BAD = {
    "a missing value": (
        changed("width", 4, ""),
        "line 6, column 'width': received a missing value",
    ),
    "an unknown word": (changed("colour", 4, "green"), "line 6, column 'colour': received 'green'"),
    "a word among numbers": (
        changed("height", 4, "tall"),
        "line 6, column 'height': received 'tal",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_stops_gets_a_blank_or_is_left_out(what, model, tmp_path, capsys):
    columns, message = BAD[what]
    table, out = write_csv(tmp_path / "t.csv", columns), tmp_path / "p.csv"
    command = ["predict", str(model), table, "--out", str(out)]
    assert_rejected(capsys, command, f"{table}: {message}", out)
    assert_rejected(
        capsys, command, "; --on-bad-row blank writes no prediction for such rows, --on"
    )
    for policy, n_rows in (("blank", 30), ("skip", 29)):
        assert main([*command, "--on-bad-row", policy, "--keep", "id"]) == 0
        printed = capsys.readouterr()
        assert message in printed.err
        assert "29 rows with a target" in printed.out
        rows = read_rows(out)
        assert len(rows) == n_rows
        assert [row["line"] for row in rows if not row["kind"]] == ["6"] * (n_rows - 29)
        assert [row["id"] for row in rows] == [DATA["id"][int(row["line"]) - 2] for row in rows]


def test_the_other_rows_are_predicted_as_without_the_bad_one(model, tmp_path):
    whole, out = write_csv(tmp_path / "w.csv", DATA), tmp_path / "p.csv"
    assert main(["predict", str(model), whole, "--out", str(out)]) == 0
    expected = [row["kind"] for row in read_rows(out)]
    table = write_csv(tmp_path / "t.csv", changed("colour", 4, "green"))
    command = ["predict", str(model), table, "--out", str(out), "--on-bad-row", "skip"]
    assert main(command) == 0
    assert [row["kind"] for row in read_rows(out)] == expected[:4] + expected[5:]


def test_a_row_with_too_few_cells_is_a_bad_row(model, tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", DATA)
    with open(table, "a") as file:
        file.write("f31,1.0\n")
    command = ["predict", str(model), table]
    assert_rejected(
        capsys, command, "line 32: received 2 cells, expected 6 as in the header; --on-b"
    )
    assert main([*command, "--on-bad-row", "blank", "--keep", "all"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "32,f31,1.0,,,,,"


def test_many_bad_rows_are_counted_and_the_first_five_are_named(model, tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", DATA | {"colour": ["green"] * 30})
    command = ["predict", str(model), table]
    assert_rejected(capsys, command, "(and 29 more such rows); --on-bad-row")
    assert main([*command, "--on-bad-row", "skip"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "line,kind\n"
    assert "30 of 30 rows left out:" in printed.err
    assert printed.err.count("received 'green'") == 5
    assert "and 25 more" in printed.err


def test_columns_that_are_not_needed_are_named_and_not_used(model, tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", {"note": ["x"] * 30} | DATA)
    assert main(["predict", str(model), table]) == 0
    printed = capsys.readouterr()
    assert f"mlp predict: {table}: ignored columns: 'note'\n" in printed.err
    unnamed = write_csv(tmp_path / "t.csv", {"": range(30)} | DATA)
    assert main(["predict", str(model), unnamed]) == 0
    assert "ignored columns: 'column 1'\n" in capsys.readouterr().err
    table = write_csv(tmp_path / "t.csv", {"note": ["x"] * 30} | DATA)
    assert main(["predict", str(model), table, "--keep", "note"]) == 0
    assert "ignored" not in capsys.readouterr().err


def test_a_target_that_is_no_class_or_number_is_not_scored(model, tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", changed("kind", 0, "unknown"))
    assert main(["predict", str(model), table, "--out", str(tmp_path / "p.csv")]) == 0
    assert "29 rows with a target: accuracy" in (said := capsys.readouterr().out)
    assert "(1 row not scored)" in said
    numbers = write_csv(tmp_path / "n.csv", {"a": [1.5, 2.5] * 10, "y": [0.5, 1.5] * 10})
    assert train(numbers, tmp_path, "--target", "y", "--task", "regress", *FAST) == 0
    capsys.readouterr()
    test = write_csv(tmp_path / "test.csv", {"a": [1, 3], "y": ["TBD", 5.5]})
    assert main(["predict", str(tmp_path / "model.npz"), test]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3
    assert "1 row with a target" in printed.err


def test_all_columns_are_kept_as_the_file_spells_them(model, tmp_path, capsys):
    columns = DATA | {"price": [f"{price:.3e}" for price in DATA["price"]], "line": ["NA"] * 30}
    table, out = write_csv(tmp_path / "t.csv", columns), tmp_path / "p.csv"
    assert main(["predict", str(model), table, "--keep", "all", "--out", str(out)]) == 0
    rows = read_rows(out)
    assert list(rows[0]) == ["file line", *columns, "predicted kind"]
    for i, row in enumerate(rows):
        assert row["file line"] == str(i + 2)
        assert {name: row[name] for name in columns} == {
            name: str(cells[i]) for name, cells in columns.items()
        }
    capsys.readouterr()
    assert main(["predict", str(model), table, "--keep=-1,id", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kept"] == {"line": ["NA"] * 30, "id": DATA["id"]}
    assert found["lines"] == {"line": [*range(2, 32)]}
    assert found["bad_rows"] == []


def test_a_column_that_training_left_out_by_position_is_left_out_again(tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text("x,x,y\n" + "".join(f"{i}.5,u,{'pq'[i % 2]}\n" for i in range(20)))
    assert train(table, tmp_path, "--target", "y", "--ignore", 2, *FAST) == 0
    assert read_model(tmp_path / "model.npz")[1]["ignored"] == [2]
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "model.npz"), str(table)]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 21
    assert "ignored" not in printed.err


def test_the_spelling_and_the_dates_of_training_are_known_to_predict(tmp_path, capsys):
    rows = "".join(f"2024-01-{i + 1:02}|{i},5|{'pq'[i % 2]}\n" for i in range(20))
    table = tmp_path / "t.csv"
    table.write_text(f"# by a tool\n{rows}")
    options = "--target -1 --no-header --decimal , --comment # --delimiter | --dates x1"
    assert train(table, tmp_path, *options.split(), *FAST) == 0
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "model.npz"), str(table)]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 21
    expected = printed.out
    table.write_text(rows.replace("|", ";").replace(",5", ".5"))
    options = ["--delimiter", ";", "--decimal", "."]
    assert main(["predict", str(tmp_path / "model.npz"), str(table), *options]) == 0
    assert capsys.readouterr().out == expected
    options += ["--keep", "x1", "--on-bad-row", "blank"]
    table.write_text("1.1.2024;0.5;p\n" + rows.replace("|", ";").replace(",5", ".5"))
    assert main(["predict", str(tmp_path / "model.npz"), str(table), *options]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["line,x1,x3", "1,1.1.2024,"]


def test_blank_rows_have_blank_probabilities(model, tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", changed("colour", 4, "green"))
    command = ["predict", str(model), table, "--on-bad-row", "blank", "--probabilities"]
    assert main(command) == 0
    blank, other = capsys.readouterr().out.splitlines()[5:7]
    assert blank == ",,"
    assert sum(map(float, other.split(",")[1:])) == pytest.approx(1)
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["predictions"]["kind"][4] is None
    assert found["probabilities"]["kind=rose"][4] is None
    assert found["probabilities"]["kind=rose"][5] == pytest.approx(float(other.split(",")[2]))


def test_a_model_of_an_older_release_is_read(model, tmp_path, capsys):
    net, metadata = read_model(model)
    for name in ("dates", "dialect"):
        del metadata[name]
    for name in ("test", "test_fraction"):
        del metadata["split"][name]
    net.save(tmp_path / "old.npz", metadata=metadata)
    table = write_csv(tmp_path / "t.csv", DATA)
    printed = []
    for path in (model, tmp_path / "old.npz"):
        assert main(["predict", str(path), table]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_arrays_have_no_columns_to_keep(tmp_path, capsys):
    np.savez(tmp_path / "t.npz", X=np.eye(4), y=np.array(["p", "q"] * 2))
    assert train(tmp_path / "t.npz", tmp_path, *FAST) == 0
    capsys.readouterr()
    command = ["predict", str(tmp_path / "model.npz"), str(tmp_path / "t.npz")]
    assert_rejected(
        capsys, [*command, "--keep", "x0"], "--keep applies only to CSV, Excel, Parquet and"
    )
    message = "--decimal applies only to CSV and Excel files"
    assert_rejected(capsys, [*command, "--decimal", ","], message)


def test_json_in_a_new_folder_comes_with_the_line_about_bad_rows(model, tmp_path, capsys):
    table, out = write_csv(tmp_path / "t.csv", changed("colour", 4, "green")), tmp_path / "a/b/p"
    command = ["predict", str(model), table, "--on-bad-row", "skip", "--json", "--out", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "mlp predict: 1 of 30 rows left out:\n" in printed.err
    assert "line 6, column 'colour': received 'green'" in printed.err
    assert len(json.loads(out.read_text())["predictions"]["kind"]) == 29


def test_a_file_that_is_not_there_is_named_without_an_error_number(tmp_path, capsys):
    command = ["predict", str(tmp_path / "none.npz"), "t.csv"]
    assert_rejected(capsys, command, f"error: {tmp_path}/none.npz: no such file\n")
