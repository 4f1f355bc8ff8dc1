"""Tables as people have them: what a command takes them for, and which option it asks for."""

import argparse
import gzip
import json
import sys

import numpy as np
import pytest

from mlp.cli import find_lr, main
from mlp.cli.data import read_data
from mlp.cli.task import load_task
from mlp.datasets import Words
from tests.cli.small_tables import FAST, assert_rejected, train


def lines(*cells, n=6):
    """Return rows that alternate between two kinds, with a number in front that differs."""
    return "".join(f"{i}.{i}{cells[i % len(cells)]}\n" for i in range(n * len(cells)))


PQ = lines(",p", ",q")
PRICES = "".join(f"0.{i},{30 + 1.5 * i}\n" for i in range(20))
REJECTED = {
    "a few words among the numbers of a target": (
        f"a,price\n{PRICES}1,n.a.\n2,TBD\n", "--target price",
        ("column 'price': received 'n.a.' in line 22, 'TBD' in line 23, expected numbers as in 20 "
        "of 22 rows; either --missing-words TBD,n.a. --missing-target drop leaves out rows without "
        "a target or --missing-target drop --task classify makes a class of each value\n"),
    ),
    "no header, whole numbers": (
        "".join(f"{i},{100 + i},{i % 2}\n" for i in range(1, 9)), "--target -1",
        "line 1: received 1, 101, 1, ..., expected the names of the columns; either --no-h",
    ),
    "no header, a repeated word": (
        "1000,3,a\n1001,4,a\n", "--target -1", "expected the names of the columns; either --no-h",
    ),
    "a number beyond float32": (
        f"a,y\n1e39,p\n{PQ}", "--target y --dtype float32",
        "line 2, column 'a': received 1e+39, expected a number that fits in float32",
    ),
    "a decimal comma": (
        "a;y\n0,074;p\n1,04;q\n", "--target y",
        "received '0,074', expected a finite number; --decimal , reads '0,074' as 0.074",
    ),
    "thousands": (
        'a,y\n"1,256",p\n"2,438",q\n', "--target y",
        "received '1,256', expected a finite number; --thousands , reads '1,256' as 1256",
    ),
    "another encoding": (
        "größe,y\n1,p\n".encode("latin-1"), "--target y",
        "line 1: received bytes that are not UTF-8 text; --encoding latin-1 reads",
    ),
    "a comment on top": (
        f"# exported 2024\na,y\n{PQ}", "--target y", "expected the names of the columns; --comment",
    ),
    "another delimiter": (
        "a|b|y\n1|2|p\n3|4|q\n", "--target y", "; --delimiter '|' seems to be meant",
    ),
    "a country NA": (
        f"a,land\n{lines(',NA', ',ZA')}", "--target land",
        ("received a missing value (NA), expected none; either --missing-target drop leaves out "
        "rows without a target or --missing-words '' reads 'NA' as a word"),
    ),
    "many columns of words": (
        "c1,c2,y\n" + "a,b,p\nb,a,q\n" * 5, "--target y",
        "line 2, column 'c1': received 'a', expected a finite number; --one-hot c1,c2 makes an",
    ),
    "a class of one row": (
        f"a,y\n{PQ}0.5,rare\n", "--target y",
        ("line 14, column 'y': received the class 'rare' in 1 of 13 rows, expected 2 or more, one "
        "for each of training and validation; --validation 0 holds no rows out"),
    ),
    "dates": (
        "when,y\n" + "".join(f"2024-01-{i:02},{'pq'[i % 2]}\n" for i in range(1, 21)), "--target y",
        "received '2024-01-01', expected a finite number; --dates when reads dates as numbers",
    ),
    "an index of pandas": (
        f",a,y\n{lines(',1,p', ',2,q')}", "--target y",
        ("received no name for column 1: it is probably the row numbers that pandas or R writes; "
        "--ignore 1 leaves out column 1 (no name)\n"),
    ),
    "an index of pandas, written again": (
        f"Unnamed: 0,a,y\n{lines(',1,p', ',2,q')}", "--target y",
        "received no name for column 1 (Unnamed: 0): it is probably the row numbers that",
    ),
    "an index beside columns 0, 1 and 2": (
        f",0,1,2\n{lines(',5,1,p', ',6,1,q')}", "--target 2", "--ignore=-4 leaves out column 1 (no",
    ),
    "an empty column and one of ids": (
        "id,e,a,y\n" + "".join(f"n{i},,{i}.5,{'pq'[i % 2]}\n" for i in range(30)), "--target y",
        "; --ignore id,e leaves out 'id' (30 different words in 30 rows) and 'e' (no value)\n",
    ),
    "a column of numbers and many words, and one of few": (
        "ticket,b,y\n" + "".join(f"{f'A {i}' if i % 3 else i},{'low' if i == 9 else i},p\n"
                                 if i % 2 else f"{i},{i},q\n" for i in range(60)),
        "--target y",
        ("; needed: --ignore ticket leaves out 'ticket' (40 numbers and 20 different words); "
        "--missing-words low reads such cells as missing values; and either --missing drop leaves "
        "out 1 of 60 rows or --missing mean fills gaps in the inputs with the column's mean\n"),
    ),
    "a decimal comma and points between thousands": (
        "a;y\n1.074,5;p\n2.104,0;q\n", "--target y",
        "expected a finite number; --decimal , --thousands . reads '1.074,5' as 1074.5",
    ),
    "an empty column to drop rows by": (
        f"a,y,e\n{lines(',p,', ',q,')}", "--target y --missing drop",
        "received a missing value in each of 12 rows, expected rows without; --ignore e leaves out",
    ),
    "a missing target beside means": (
        f"a,y\n{PQ}1,\n", "--target y --missing mean",
        "line 14, column 'y': received a missing value, expected none; --missing-target drop le",
    ),
    "an encoding for another kind of file": (
        PQ, "--target y --sheet 1", "--sheet applies only to Excel files",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REJECTED)
def test_what_is_doubtful_is_rejected_with_the_options_that_settle_it(what, tmp_path, capsys):
    text, options, message = REJECTED[what]
    path, out = tmp_path / "t.csv", tmp_path / "out"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert_rejected(capsys, ["train", str(path), "--out", str(out), *options.split()], message, out)


def options_of(*words):
    parser = argparse.ArgumentParser()
    find_lr.add_arguments(parser)
    return parser.parse_args([*map(str, words)])


ACCEPTED = {
    "long ids": ("a,y\n" + lines(",9007199254740992", ",9007199254740993"), "--task classify", 2),
    "leading zeros": ("a,y\n" + lines(",1", ",01", ",001"), "--task classify", 3),
    "dropped words": (f"a,y\n{PRICES}1,n.a.\n2,\n", "--missing drop", None),
    "no header": ("1000000,3,1\n1000001,4,2\n" * 6, "--target -1 --no-header", 2),
    "a decimal comma": ("a;y\n" + "0,5;p\n1,5;q\n" * 6, "--decimal ,", 2),
    "thousands": ("a,y\n" + '"1,256",p\n"2,438",q\n' * 6, "--thousands ,", 2),
    "UTF-16": (f"a,y\n{PQ}".encode("utf-16"), "", 2),
    "Latin-1": (f"größe,y\n{PQ}".encode("latin-1"), "--encoding latin-1", 2),
    "gzip": (gzip.compress(f"a,y\n{PQ}".encode()), "", 2),
    "comments": (f"# by a tool\na,y\n{PQ}", "--comment #", 2),
    "a line sep=": ("sep=;\na;y\n" + lines(";p", ";q"), "", 2),
    "another delimiter": ("a|y\n" + lines("|p", "|q"), "--delimiter |", 2),
    "a country NA": (f"a,y\n{lines(',NA', ',ZA')}", "--missing-words=", 2),
    "columns of words": ("c1,c2,y\n" + "a,b,p\nb,a,q\n" * 6, "--one-hot all", 2),
    "a name with a comma": ('"a, b",c,y\n' + "u,1,p\nv,2,q\n" * 6, "--one-hot|a, b", 2),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_with_its_options_a_table_is_read_as_a_person_reads_it(what, tmp_path):
    content, given, n_classes = ACCEPTED[what]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    words = given.split("|") if given.startswith("--one-hot|") else given.split()
    words = words if "--target" in words else [*words, "--target", "y"]
    data = read_data(options_of("--data", path, *words))
    if n_classes is None:
        assert (data.task, len(data.table), data.n_dropped) == ("regress", 20, 2)
    else:
        assert (data.task, len(data.table.words(data.targets[0]).values)) == ("classify", n_classes)


def test_cells_are_read_with_their_decimal_and_thousands_separators(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,y\n"1,256.5",p\n7,q\n')
    data = read_data(options_of("--data", path, "--target", "y", "--thousands", ","))
    assert data.table["a"].tolist() == [1256.5, 7.0]


def test_dates_become_inputs_with_their_parts(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("when,y\n" + "2024-01-01,p\n2024-12-31,q\n" * 6)
    data = read_data(options_of("--data", path, "--target", "y", "--dates", "when"))
    assert data.inputs == ["when", "when.year", "when.month", "when.weekday"]
    assert data.table["when.month"].tolist() == [1, 12] * 6
    assert "dates in 'when'" in [*data.lines()][1]


def test_names_are_given_with_commas_or_repeated(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,c,d,a,b\n" + "".join(f"{i},u,v,{i}.5,{2 * i}.5\n" for i in range(12)))
    both = read_data(options_of("--data", path, "--target", "a,b", "--one-hot", "c,d", "--ignore",
                                "1"))  # fmt: skip
    again = read_data(options_of("--data", path, "--target", "a", "--target", "b", "--one-hot", "c",
                                 "--one-hot", "d", "--ignore", "id"))  # fmt: skip
    for data in (both, again):
        assert (data.targets, data.inputs, data.ignored) == (["a", "b"], ["c", "d"], ["id"])


def test_what_a_table_was_taken_for_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        ",n,a;b\n".replace(",", ";") + "".join(f"{i};{i};1,5;{i % 2}\n" for i in range(9))
    )
    options = ["--target", "-1", "--decimal", ",", "--ignore", "1"]
    data = read_data(options_of("--data", path, *options))
    assert [*data.lines()] == [
        f"{path}: 9 rows; delimiter ';'; column names in the first line; decimal ','",
        "inputs: 2 columns of numbers; ignored: column 1",
        "target: 'b', 2 classes",
        "note: 'n' only numbers the rows: --ignore n leaves it out",
    ]


def test_labels_of_arrays_stay_exact_and_doubtful_ones_are_asked_about(tmp_path, capsys):
    X, path = np.random.default_rng(0).normal(size=(12, 2)), tmp_path / "t.npz"
    np.savez(path, X=X, y=np.array([2**53, 2**53 + 1] * 6))
    assert len(read_data(options_of("--data", path)).table["y"].values) == 2
    for y in (np.tile([0.0, 1.0, 2.0], 4), np.tile([[0], [1], [2]], (4, 1))):
        np.savez(path, X=X, y=y)
        command = ["train", str(path), "--out", str(tmp_path / "out")]
        message = (
            "column 'y': received whole numbers, which can be classes or amounts; either --task "
            "classify makes a class of each value or --task regress takes them for numbers"
        )
        assert_rejected(capsys, command, message, tmp_path / "out")
        data = read_data(options_of("--data", path, "--task", "classify"))
        assert isinstance(data.table["y"], Words)


def test_files_are_standardised_unless_told_otherwise_and_the_data_of_the_package_is_not(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"a,y\n{PQ}")
    for options, is_scaled in (
        (["--data", path, "--target", "y"], True),
        (["--data", path, "--target", "y", "--no-standardize"], False),
        (["--data", "spirals"], False),
        (["--data", "spirals", "--standardize"], True),
    ):
        assert (load_task(options_of(*options)).inputs.standardizer is not None) == is_scaled


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "feather"])
def test_files_that_pandas_reads_become_the_same_table(ending, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl" if ending == "xlsx" else "pyarrow")
    frame = pd.DataFrame({"a": [0.5, 1.5] * 6, "c": ["u", "v"] * 6, "y": ["p", "q"] * 6})
    path = tmp_path / f"t.{ending}"
    if ending == "xlsx":
        frame.to_excel(path, index=False)
    else:
        getattr(frame, f"to_{ending}")(path)
    data = read_data(options_of("--data", path, "--target", "y", "--one-hot", "all"))
    assert data.table["a"].tolist() == [0.5, 1.5] * 6
    assert data.table["y"].values == ["p", "q"]


def test_without_pandas_a_line_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    command = ["train", str(tmp_path / "t.parquet"), "--target", "y"]
    assert_rejected(capsys, command, "needs pandas and pyarrow: pip install pandas pyarrow")


GAPS = "rownames,age,deck,y\n" + "".join(
    f"{i},{'' if i % 5 == 0 else i * i},{'' if i % 2 else i + 0.5},{'pq'[i % 2]}\n"
    for i in range(1, 41)
)  # no age in 8 rows, no deck in 20, neither in 4


def test_a_column_that_numbers_the_rows_and_many_dropped_rows_are_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(GAPS.replace(",p\n", ",r\n").replace("1,1,,q", "1,1,0.5,"))
    data = read_data(options_of("--data", path, "--target", "y", "--missing", "drop"))
    assert [*data.lines()][-2:] == [
        (
            "note: 24 of 40 rows dropped for missing values: "
            "28 cells, in 'deck' (19), 'age' (8) and 'y' (1)"
        ),
        "note: 'rownames' only numbers the rows: --ignore rownames leaves it out",
    ]
    path.write_text("a,y\n" + "0.5,p\n1.5,q\n" * 8 + ",p\n" * 4)
    data = read_data(options_of("--data", path, "--target", "y", "--missing", "drop"))
    assert (data.n_dropped, [*data.lines()][-1]) == (4, "target: 'y', 2 classes")  # of 20: 20 %


def test_cells_filled_with_means_are_counted_in_training_and_in_prediction(tmp_path, capsys):
    path, out = tmp_path / "t.csv", tmp_path / "out"
    path.write_text(GAPS)
    options = ["--target", "y", "--missing", "mean", "--ignore", "rownames", *FAST]
    assert train(path, out, *options) == 0
    said = "filled with means: 28 cells, in 'deck' (20) and 'age' (8)\n"
    assert f"\n{said}" in capsys.readouterr().out
    assert train(path, out, *options, "--json") == 0
    assert json.loads(capsys.readouterr().out)["filled_cells"] == {"age": 8, "deck": 20}
    command = ["predict", str(out / "model.npz"), str(path)]
    assert main(command) == 0
    assert f"mlp predict: {said}" in capsys.readouterr().err
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["filled_cells"] == {"age": 8, "deck": 20}


def first_error(tmp_path, capsys, text, *options):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert main(["train", str(path), "--target", "y", *options, "--out", str(tmp_path / "o")]) == 2
    return capsys.readouterr().err.rstrip("\n").partition("; ")[2]


def test_the_first_error_names_what_the_inputs_and_the_target_need(tmp_path, capsys):
    rows = [f"{i},{['u', 'v'][i % 2]},{'' if i % 6 == 0 else i % 5}" for i in range(3, 33)]
    rows[1] = rows[1].replace("4,u", ",u")
    said = first_error(tmp_path, capsys, "a,c,y\n" + "\n".join(rows) + "\n")
    assert said == (
        "needed: --one-hot c makes an input of each word; either --missing drop leaves out 1 of 30 "
        "rows or --missing mean fills gaps in the inputs with the column's mean; --missing-target "
        "drop leaves out rows without a target; and either --task classify makes a class of each "
        "value or --task regress takes them for numbers"
    )
    options = [
        "--one-hot",
        "c",
        "--missing",
        "mean",
        "--missing-target",
        "drop",
        "--task",
        "regress",
    ]
    data = read_data(options_of("--data", tmp_path / "t.csv", "--target", "y", *options))
    assert (len(data.table), data.n_dropped, data.filled) == (25, 5, {"a": 1})


def test_a_blank_target_among_numbers_is_not_settled_by_a_task_alone(tmp_path, capsys):
    said = first_error(tmp_path, capsys, f"a,y\n{PRICES}1,\n")
    assert said == "--missing-target drop leaves out rows without a target"
    said = first_error(tmp_path, capsys, "a,y\n" + "".join(f"{i}.5,{i}\n" for i in range(9)) + "1,")
    assert said.startswith("needed: --missing-target drop leaves out rows without a target; and ei")


def test_missing_words_of_inputs_and_of_the_target_are_asked_for_together(tmp_path, capsys):
    text = "a,y\n" + "".join(f"0.{i},{i}.5\n" for i in range(20)) + "TBD,1.5\n0.5,n.a.\n1,-\n"
    said = first_error(tmp_path, capsys, text)
    assert "--missing-words TBD,-,n.a. reads such cells as missing values; " in said
    assert said.count("--missing-words") == 1


COLUMNS_NOT_USED = {
    "mostly blank": (lambda i: "" if i % 10 else "w", "blank in 27 of 30 rows"),
    "one word": (lambda i: "w", "only the word 'w'"),
    "many words": (lambda i: f"w{i % 20}", "20 different words in 30 rows"),
    "row numbers": (lambda i: i + 1, "only numbers the rows"),
    "money": (
        lambda i: f'"${i},688.00"',
        "looks like money: to use it, remove the currency sign of '$0,688.00'",
    ),
    "other money": (
        lambda i: f"€ {i % 3}",
        "looks like money: to use it, remove the currency sign of '€ 0'",
    ),
    "dates": (
        lambda i: f"01/{i % 4 + 1:02}/1970",
        "looks like dates: to use it, write '01/01/1970' as an ISO date, like 2024-12-31",
    ),
}


@pytest.mark.parametrize("kind", COLUMNS_NOT_USED)
def test_a_column_that_is_no_input_is_to_be_ignored_for_the_reason_that_it_has(
    kind, tmp_path, capsys
):
    cell, reason = COLUMNS_NOT_USED[kind]
    rows = "".join(f"{cell(i)},{'' if i == 7 else i / 7},{'pq'[i % 2]}\n" for i in range(30))
    said = first_error(tmp_path, capsys, f"c,b,y\n{rows}")
    assert said == (
        f"needed: --ignore c leaves out 'c' ({reason}); and either --missing drop leaves out 1 of "
        "30 rows or --missing mean fills gaps in the inputs with the column's mean"
    )


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("$5", "it looks like money: remove the currency sign"),
        ("31.12.2024", "it looks like a date: only ISO dates such as 2024-12-31 are read"),
    ],
)
def test_cells_that_look_like_money_or_dates_are_told_so(cell, hint, tmp_path, capsys):
    for text in (f"a,y\n{cell},p\n{PQ}", f"a,y\n{PQ.replace('p', cell).replace('q', cell)}"):
        path = tmp_path / "t.csv"
        path.write_text(text)
        command = ["train", str(path), "--target", "y", "--out", str(tmp_path / "o")]
        assert_rejected(capsys, command, f" ({hint})")


def test_all_columns_of_words_are_not_those_of_money_or_dates(tmp_path, capsys):
    text = "c,d,y\n" + "u,$5,p\nv,$6,q\n" * 6
    said = first_error(tmp_path, capsys, text, "--one-hot", "all")
    assert said.startswith("--ignore d leaves out 'd' (looks like money: ")
