"""CSV files that are rejected, with line and column."""

import re

import pytest

from mlp.tables import CellError, csv, read_csv

REJECTED = {
    "a word": ("a,b\n1,2\n3,x\n", "line 3, column 'b': received 'x', expected a finite number"),
    "a missing value": ("a,b\n1,\n", "line 2, column 'b': received a missing value, expected none"),
    "NA": ("a,b\nNA,1\n", "line 2, column 'a': received a missing value (NA), expected none"),
    "infinity": ("a\n1\ninf\n", "line 3, column 'a': received 'inf', expected a finite number"),
    "a number too large": ("a,b\n1,1e999\n", "column 'b': received '1e999', expected a finite"),
    "an underscore": ("a,b\n1,2_000\n", "column 'b': received '2_000', expected a finite number"),
    "a decimal comma": ("a;b\n1;2,5\n", "received '2,5', expected a finite number with a decimal"),
    "thousands": ('a,b\n1,"1,000"\n', "received '1,000', expected a finite number with a decimal"),
    "a hex number": ("a,b\n1,0x10\n", "received '0x10', expected a finite number"),
    "a percentage": ("a,b\n1,5%\n", "received '5%', expected a finite number"),
    "a blank line before": ("a,b\n\n\n1,x\n", "line 4, column 'b': received 'x'"),
    "a cell of two lines before": ('a,b\n"1\n",2\n3,x\n', "line 4, column 'b': received 'x'"),
    "a cell too few": ("a,b\n1,2\n3\n", "line 3: received 1 cells, expected 2 as in the header"),
    "a cell too many": ("a,b\n1,2,3\n", "line 2: received 3 cells, expected 2 as in the header"),
    "only a header": ("a,b\n", "received a header and no rows, expected at least one"),
    "nothing": ("", "received no text, expected a line of column names"),
    "blank lines only": ("\n  \n", "received no text, expected a line of column names"),
    "an empty quote only": ('""\n', "received no name for column 1, expected one"),
    "no name": (",b\n1,2\n", "received no name for column 1, expected one (or leave the column"),
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
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "line 1: received bytes that are not UTF"),
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
    ],
)
def test_options_that_do_not_fit_are_rejected(options, message, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_csv(tmp_path / "data.csv", **options)


def test_a_duplicate_name_cannot_be_asked_for(tmp_path):
    (tmp_path / "data.csv").write_text("a,a\n1,2\n")
    with pytest.raises(ValueError, match="received the column 'a' 2 times, expected it once"):
        read_csv(tmp_path / "data.csv", ignore=["a"])


def test_a_line_that_would_fill_the_memory_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(csv, "_LONGEST_LINE", 100)
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
