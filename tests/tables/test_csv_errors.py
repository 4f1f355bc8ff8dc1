"""CSV files that are rejected, with line and column."""

import gzip
import pickle
import re

import pytest

from mlp.tables import (
    CellError,
    CSVFile,
    TableError,
    open_table,
    read_csv,
    read_frame,
    read_npz,
    rows,
)

REJECTED = {
    "a word": ("a,b\n1,2\n3,x\n", "line 3, column 'b': received 'x', expected a finite number"),
    "a missing value": ("a,b\n1,\n", "line 2, column 'b': received a missing value, expected none"),
    "NA": ("a,b\nNA,1\n", "line 2, column 'a': received a missing value (NA), expected none"),
    "infinity": ("a\n1\ninf\n", "line 3, column 'a': received 'inf', expected a finite number"),
    "a number too large": ("a,b\n1,1e999\n", "column 'b': received '1e999', expected a finite"),
    "an underscore": ("a,b\n1,2_000\n", "column 'b': received '2_000', expected a finite number"),
    "a decimal comma": (
        "a;b\n1;2,5\n",
        "received '2,5', expected a finite number; decimal=',' reads '2,5' as 2.5",
    ),
    "thousands": (
        'a,b\n1,"1,000"\n',
        "received '1,000', expected a finite number; thousands=',' reads '1,000' as 1000",
    ),
    "a hex number": ("a,b\n1,0x10\n", "received '0x10', expected a finite number"),
    "a percentage": ("a,b\n1,5%\n", "received '5%', expected a finite number"),
    "a blank line before": ("a,b\n\n\n1,x\n", "line 4, column 'b': received 'x'"),
    "a cell of two lines before": ('a,b\n"1\n",2\n3,x\n', "line 4, column 'b': received 'x'"),
    "a cell too few": ("a,b\n1,2\n3\n", "line 3: received 1 cells, expected 2 as in the header"),
    "a cell too many": ("a,b\n1,2,3\n", "line 2: received 3 cells, expected 2 as in the header"),
    "only a header": ("a,b\n", "received a header and no rows, expected at least one"),
    "nothing": ("", "received no text, expected a line of column names"),
    "blank lines only": ("\n  \n", "received no text, expected a line of column names"),
    "an empty quote only": ('""\n', "received no name for column 1: it is probably"),
    "no name": (",b\n1,2\n", "received no name for column 1: it is probably the row numbers that"),
    "a name twice": ("a,b,a\n1,2,3\n", "received the name 'a' for the columns 1 and 3, expected"),
    "no header": ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1: received 5.1, 3.5, setosa, ...,"),
    "no header, blank line": ("\n6,0.627,50\n", "line 2: received 6, 0.627, 50, ..., expected the"),
    "an open quote": ('a,b\n1,2\n3,"4\n5,6\n', "line 3: received text that is not CSV (unexpected"),
    "text behind a quote": ('a,b\n1,"2"3\n', "line 2: received text that is not CSV ("),
    "Latin-1": (
        "a,größe\n1,2\n".encode("latin-1"),
        "line 1: received bytes that are not UTF-8 text",
    ),
    "Latin-1 below": ("a,b\n1,2\n1,ö\n".encode("latin-1"), "line 3: received bytes that are not"),
    "UTF-16 without a mark": (
        "a,b\n1,2\n".encode("utf-16-le"),
        "line 1: received bytes that are not UTF-8 text; encoding='utf-16-le' reads UTF-16",
    ),
    "half a UTF-16 character": (
        b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le") + b"\x00\xdc",
        "received bytes that are not UTF-16 text",
    ),
    "damaged gzip": (gzip.compress(b"a,b\n" + b"1,2\n" * 9)[:-9], "received corrupted gzip data"),
    "whole numbers": ("1,101,0\n2,102,1\n", "line 1: received 1, 101, 0, ..., expected the names"),
    "words and numbers": ("red,5\nblue,6\n", "line 1: received red, 5, ..., expected the names"),
    "not from 0": ("1,2,3\n1,2,3\n", "line 1: received 1, 2, 3, ..., expected the names"),
    "decimal commas on top": ("0,5;p\n0,7;q\n", "line 1: received 0,5, p, ..., expected the names"),
    "a date on top": ("2024-01-01,p\n2024-01-02,q\n", "line 1: received 2024-01-01, p, ..., exp"),
    "row names of R": ("a,b\n1,5,6\n2,7,8\n", "received no name for column 1: it is probably"),
    "another delimiter": ("a|b\n1|2\n", "received one column, 'a|b', for the delimiter ',', expec"),
    "blanks between": (
        "a b\n1  2\n",
        "received one column, 'a b', for the delimiter ',', expected",
    ),
    "a comment": (
        "# of 2024\na,b\n1,2\n",
        "line 1: received '# of 2024', expected the names of the",
    ),
    "a ZIP archive": (b"PK\x03\x04\x14\x00\x88\x99\xff\xfe", "line 1: received bytes that are not"),
}


@pytest.mark.parametrize("what", REJECTED)
def test_a_bad_file_is_rejected_with_line_and_column(what, tmp_path):
    text, message = REJECTED[what]
    path = tmp_path / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}"):
        read_csv(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ["bb"]}, "received no column 'bb', expected one of 'a', 'b' (did you mean 'b'?)"),
        ({"text": [0]}, "received no column 0, expected one of 'a', 'b'"),
        ({"ignore": [3]}, "received no column 3, expected one of 'a', 'b'"),
        ({"ignore": [-3]}, "received no column -3, expected one of 'a', 'b'"),
        ({"ignore": [1, 2]}, "received no column to read, expected at least one"),
        ({"delimiter": "::"}, "delimiter: received '::', expected one character"),
        ({"delimiter": ""}, "delimiter: received '', expected one character"),
        ({"missing": "drop"}, "missing: received 'drop', expected 'refuse' or 'keep'"),
        ({"bad_cells": "skip"}, "bad_cells: received 'skip', expected 'refuse' or 'keep'"),
        ({"decimal": ";"}, "decimal: received ';', expected '.' or ','"),
        ({"thousands": "."}, "thousands: received '.', expected one character such as ','"),
        ({"encoding": "latin-0"}, "encoding: received 'latin-0', expected a name such as 'utf-8'"),
        ({"encoding": "hex"}, "encoding: received 'hex', expected a name such as 'utf-8'"),
        ({"comment": ""}, "comment: received '', expected text"),
        ({"header": 0.5}, "header: received 0.5, expected True, False or None"),
        ({"header": 0}, "header: received 0, expected True, False or None"),
        ({"targets": ["a"], "ignore": ["a"]}, "targets: received an ignored column or a date"),
        ({"targets": ["a"], "task": "guess"}, "task: received 'guess', expected 'classify' or"),
    ],
)
def test_options_that_do_not_fit_are_rejected(options, message, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_csv(tmp_path / "data.csv", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": "a"}, "targets: received 'a', expected a sequence of names or positions"),
        ({"ignore": 1}, "ignore: received 1, expected a sequence of names or positions"),
        ({"text": [1.0]}, "data.csv: received a float for a column, expected a name or a position"),
        ({"dates": [True]}, "data.csv: received a bool for a column, expected a name or a pos"),
        ({"missing_words": (w for w in "-")}, "missing_words: received <generator"),
    ],
)
def test_columns_and_words_come_in_sequences(options, message, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TypeError, match=re.escape(message)):
        read_csv(tmp_path / "data.csv", **options)


@pytest.mark.parametrize("read", [CSVFile, read_csv, read_npz, read_frame, open_table])
@pytest.mark.parametrize("path", [0, True, b"data.csv"])
def test_a_file_descriptor_is_no_path(read, path):
    with pytest.raises(TypeError, match="path: received .*, expected a path"):
        read(path)


def test_a_duplicate_name_cannot_be_asked_for(tmp_path):
    (tmp_path / "data.csv").write_text("a,a\n1,2\n")
    with pytest.raises(ValueError, match="received the column 'a' 2 times, expected it once"):
        read_csv(tmp_path / "data.csv", ignore=["a"])


def test_a_line_that_would_fill_the_memory_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_LONGEST_LINE", 100)
    (tmp_path / "data.csv").write_text("a,b\n1,2\n" + "3" * 1000)
    with pytest.raises(ValueError, match=r"line 3: received more than 100 characters"):
        read_csv(tmp_path / "data.csv")


def test_an_endless_cell_is_rejected(tmp_path):
    (tmp_path / "data.csv").write_text('a,b\n1,"' + "x\n" * 100_000)
    with pytest.raises(ValueError, match=r"line 2: received text that is not CSV \(field larger"):
        read_csv(tmp_path / "data.csv")


def test_a_cell_error_knows_its_column_and_whether_a_value_is_missing(tmp_path):
    for text, is_missing in (("a,b\n1,x\n", False), ("a,b\n1,?\n", True)):
        (tmp_path / "data.csv").write_text(text)
        with pytest.raises(CellError) as caught:
            read_csv(tmp_path / "data.csv")
        assert (caught.value.column, caught.value.is_missing) == ("b", is_missing)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        read_csv(tmp_path / "nowhere.csv")


def remedies(path, **options):
    """Return the advice of the error, as values of the arguments."""
    with pytest.raises(TableError) as caught:
        read_csv(path, **options)
    return {remedy.argument: remedy.value for remedy in caught.value.remedies}


def write(folder, text):
    (folder / "data.csv").write_text(text)
    return folder / "data.csv"


def test_one_error_names_every_column_that_needs_an_argument(tmp_path):
    rows = [
        f"{i},n{i},{'ab'[i % 2]},{'xyz'[i % 3]},2024-01-{i + 1:02},,{i or ''}" for i in range(30)
    ]
    path = write(tmp_path, "\n".join([",name,kind,city,when,empty,size", *rows]))
    advice = {
        "text": ["kind", "city"],
        "dates": ["when"],
        "ignore": [1, "name", "empty"],
        "missing": "keep",
    }
    assert remedies(path) == advice
    assert remedies(path, ignore=[1]) == advice | {"ignore": ["name", "empty"]}
    assert read_csv(path, **advice).names == (
        *("kind", "city", "when", "when.year", "when.month", "when.weekday", "size"),
    )


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (("0,074", "1,040"), {"decimal": ","}),
        (("1,256", "2,438"), {"thousands": ","}),
        (("1.256,5", "2.438,0"), {"decimal": ",", "thousands": "."}),
        (("1 256", "2\u00a0438"), {"thousands": " "}),
        (("1.5", "2,5", "x"), {"text": ["a"]}),
        (("1", "2", "3", "TBD"), {"missing_words": ["TBD"], "missing": "keep"}),
        (("1", "NA", "3", "4", "TBD"), {"missing_words": ["TBD", "NA"], "missing": "keep"}),
    ],
)
def test_the_advice_about_a_column_is_what_reads_it(cells, advice, tmp_path):
    path = write(tmp_path, "a;b\n" + "".join(f"{cell};1\n" for cell in cells))
    assert remedies(path) == advice
    table = read_csv(path, **advice)
    if "text" not in advice:
        assert table["a"].dtype == "float64"


def test_an_error_tells_the_command_line_its_options(tmp_path):
    path = write(tmp_path, "kind,job title\na,b\na,b\n")
    with pytest.raises(CellError) as caught:
        read_csv(path)
    assert caught.value.as_options() == (
        f"{path}: line 2, column 'kind': received 'a', expected a finite number; "
        "--one-hot 'kind,job title' makes an input of each word"
    )
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(again), again.column) == (str(caught.value), "kind")


def test_a_header_that_all_columns_of_words_repeat_is_rejected(tmp_path):
    path = write(tmp_path, "red,yes\nblue,no\nred,yes\n")
    assert remedies(path, text="all") == {"header": True}  # the last of two
    assert read_csv(path, text="all", header=True)["red"].values == ["blue", "red"]
    assert read_csv(path, text="all", header=False)["x1"].values == ["red", "blue"]


@pytest.mark.parametrize(
    ("header", "names"),
    [(None, ("0", "1", "2")), (True, ("0", "1", "2")), (False, ("x1", "x2", "x3"))],
)
def test_columns_may_be_named_by_numbers_in_sequence(header, names, tmp_path):
    table = read_csv(write(tmp_path, "0,1,2\n5,6,7\n"), header=header)
    assert (table.names, len(table)) == (names, 1 + (header is False))


def test_columns_named_by_other_numbers_can_be_asked_for(tmp_path):
    path = write(tmp_path, "country,1990,1991\n1,2,3\n")
    assert remedies(path) == {"header": True}
    assert read_csv(path, header=True).names == ("country", "1990", "1991")
