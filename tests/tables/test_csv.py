"""CSV files: what was written is read, and memory holds little more than the numbers."""

import csv
import gzip
import io
import os
import tracemalloc
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.tables import CSVFile, read_csv
from mlp.tables.numbers import is_number

MISSING = ("", "na", "n/a", "nan", "null", "?", "#n/a", "<na>")
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
words = cells.map(str.strip).filter(lambda word: word.lower() not in MISSING)
names = words.filter(lambda name: not is_number(name))  # which could be rows
finite = st.floats(allow_nan=False, allow_infinity=False)


def written(rows, **options):
    file = io.StringIO(newline="")
    csv.writer(file, **options).writerows(rows)
    return file.getvalue()


def a_file(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@st.composite
def tables(draw):
    """Names, and columns of numbers and of words beneath them."""
    heads = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    n = draw(st.integers(1, 6))
    kinds = [draw(st.sampled_from([finite, words])) for _ in heads]
    return dict(zip(heads, (draw(st.lists(k, min_size=n, max_size=n)) for k in kinds), strict=True))


def is_text(column):
    return isinstance(column[0], str)


def assert_holds(table, columns):
    assert table.names == tuple(columns)
    for name, column in columns.items():
        if is_text(column):
            found = table.words(name)
            assert [found.values[code] for code in found.codes] == column
        else:
            assert table.numbers(name).tolist() == column


@given(
    columns=tables(),
    delimiter=st.sampled_from(",;\t"),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_what_the_csv_module_writes_is_read(
    tmp_path_factory, columns, delimiter, ends, quotes_all, mark
):
    rows = [columns, *zip(*columns.values(), strict=True)]
    # the writer leaves a line end bare that is not its own
    quotes_all |= any(end in str(cell) for row in rows for cell in row for end in "\r\n")
    quoting = csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL
    text = written(rows, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    path = a_file(tmp_path_factory.mktemp("csv"), mark + text.encode())
    text_columns = [name for name in columns if is_text(columns[name])]
    table = read_csv(path, text=text_columns, delimiter=delimiter, header=True)
    assert_holds(table, columns)


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=8))
def test_numbers_are_those_that_numpy_reads(tmp_path_factory, rows):
    text = "a,b,c\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows)
    table = read_csv(a_file(tmp_path_factory.mktemp("csv"), text))
    expected = np.genfromtxt(io.StringIO(text), delimiter=",", skip_header=1, ndmin=2)
    assert np.column_stack([table[name] for name in "abc"]).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("text", "names", "column"),
    [
        ("a,b\n1,2\n", ("a", "b"), [2]),
        ("a;b\n1;2\n", ("a", "b"), [2]),
        ("a\tb\n1\t2\n", ("a", "b"), [2]),
        ("a,b;c,d\n1,2,3\n", ("a", "b;c", "d"), [3]),
        ('"a;b;c",b\n1,2\n', ("a;b;c", "b"), [2]),
        ("a\n1\n\n2\n", ("a",), [1, 2]),
        ("\n \n a , b \n\n 1 , 2 \n   \n", ("a", "b"), [2]),
        ('a, "b, c"\n1, "2"\n', ("a", "b, c"), [2]),
        ("0,1,2\n5,6,7\n", ("0", "1", "2"), [7]),
        ("a,b\n1e5,-1E-3\n+1,.5\n", ("a", "b"), [-0.001, 0.5]),
        ("a,b\r1,2\r", ("a", "b"), [2]),
        ("a,b\n1,2", ("a", "b"), [2]),
        ("größe,naïve\n1,2\n", ("größe", "naïve"), [2]),
        ('a,"b"""\n1,2\n', ("a", 'b"'), [2]),
    ],
)
def test_a_table_is_read_as_its_author_means_it(tmp_path, text, names, column):
    table = read_csv(a_file(tmp_path, text))
    assert table.names == names
    assert table.numbers(names[-1]).tolist() == column


def test_rows_know_their_lines_as_an_editor_shows_them(tmp_path):
    table = read_csv(a_file(tmp_path, 'a,b\n\n1,"x\ny"\n\n\n2,z\r\n3,"\n\n"\n4,w\n'), text=["b"],
                     missing="keep")  # fmt: skip
    assert table.lines.tolist() == [3, 7, 8, 11]


def test_columns_are_given_by_name_or_position(tmp_path):
    path = a_file(tmp_path, "0,b,c\n5,x,y\n")
    table = read_csv(path, text=["b", -1])
    assert table.words("c").values == ["y"]
    assert read_csv(path, text=[2], ignore=["3"]).names == ("0", "b")
    path = a_file(tmp_path, "1,0,c\n5,x,y\n")
    assert read_csv(path, text=["c"], ignore=["0"], header=True).names == ("1", "c")  # a name first


def test_a_column_that_is_left_out_may_hold_anything(tmp_path):
    text = ",a,a,b\n0,?,x,1\n1,,y_1,2\n"
    table = read_csv(a_file(tmp_path, text), ignore=[1, 2, 3])
    assert table.names == ("b",)
    assert table["b"].tolist() == [1, 2]


def test_missing_values_can_be_kept(tmp_path):
    text = "a,b\n1,x\n,\nNA,?\n4,n/a\nNaN,none\n6,#N/A\n7,<NA>\nnull,y\n"
    table = read_csv(a_file(tmp_path, text), text=["b"], missing="keep")
    np.testing.assert_array_equal(table["a"], [1, np.nan, np.nan, 4, np.nan, 6, 7, np.nan])
    assert table["b"].codes.tolist() == [0, -1, -1, -1, 1, -1, -1, 2]
    assert table["b"].values == ["x", "none", "y"]
    kept = table.without_missing()
    assert (kept["a"].tolist(), kept.lines.tolist()) == ([1], [2])


def test_the_names_are_known_before_the_rows_are_read(tmp_path):
    with CSVFile(a_file(tmp_path, "a,b\n1,x\n")) as file:
        assert file.names == ["a", "b"]
        assert file.read(text=["b"])["a"].tolist() == [1]


def test_memory_holds_little_more_than_the_numbers(tmp_path):
    n, k = 20_000, 10
    rows = np.random.default_rng(0).normal(size=(n, k))
    lines = [",".join(map(repr, row)) + f",word{i % 3}\n" for i, row in enumerate(rows.tolist())]
    path = a_file(tmp_path, "".join([",".join("abcdefghij") + ",word\n", *lines]))
    del lines
    tracemalloc.start()
    table = read_csv(path, text=["word"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 2 * rows.nbytes
    assert peak < 1.5 * rows.nbytes + 2**20  # codes and line numbers, too
    np.testing.assert_array_equal(np.column_stack([table[name] for name in "abcdefghij"]), rows)


@pytest.mark.parametrize(
    ("text", "options", "numbers"),
    [
        ("a;b\n0,5;1\n", {"decimal": ","}, [0.5, 1]),
        ("a;b\n1.234,5;-1e5\n", {"decimal": ",", "thousands": "."}, [1234.5, -1e5]),
        ('a,b\n"1,256","-12,345,678.5"\n', {"thousands": ","}, [1256, -12345678.5]),
        ("a;b\n1 256;2\u202f438\n", {"thousands": " "}, [1256, 2438]),
        ("# x\na,b\n# y\n1,2\n#\n", {"comment": "#"}, [1, 2]),
        ("sep=;\na;b\n1;2\n", {}, [1, 2]),
        ('"sep=;"\r\na;b\r\n1;2\r\n', {}, [1, 2]),
        ("a|b\n1|2\n", {"delimiter": "|"}, [1, 2]),
        ("a,b\n1,2\n".encode("utf-16"), {}, [1, 2]),
        ("a,b\n1,2\n".encode("utf-32"), {}, [1, 2]),
        ("a,b\n1,2\n".encode("utf-16-be"), {"encoding": "utf-16-be"}, [1, 2]),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), {}, [1, 2]),
        (gzip.compress("a,b\n1,2\n".encode("utf-16"), mtime=0), {}, [1, 2]),
        ("1,2\n", {"header": False}, [1, 2]),
        (" a b \n1\n", {}, [1]),
    ],
)
def test_a_dialect_is_read(text, options, numbers, tmp_path):
    table = read_csv(a_file(tmp_path, text), **options)
    assert [table[name].tolist() for name in table.names] == [[number] for number in numbers]


def test_an_encoding_is_read(tmp_path):
    path = a_file(tmp_path, "größe\n1\n".encode("latin-1"))
    assert read_csv(path, encoding="latin-1").names == ("größe",)


def test_comments_are_lines_and_keep_the_count_of_lines(tmp_path):
    text = '# by "a\na,b\n# c\n"1\n# no comment",#2\n\n#\n3,4\n'
    table = read_csv(a_file(tmp_path, text), comment="#", text=["a", "b"])
    assert table["a"].values == ["1\n# no comment", "3"]
    assert table["b"].values == ["#2", "4"]
    assert table.lines.tolist() == [4, 8]


@pytest.mark.parametrize("cell", ["1,25", "1,2345", "1,,256", ",256", "12,56,789", "1,256,5"])
def test_misplaced_thousands_are_rejected(cell, tmp_path):
    with pytest.raises(ValueError, match=f"received '{cell}', expected a finite number"):
        read_csv(a_file(tmp_path, f"a\n7\n8\n'{cell}'\n".replace("'", '"')), thousands=",")


def test_a_decimal_point_is_not_a_decimal_comma(tmp_path):
    with pytest.raises(ValueError, match=r"received '1\.256', expected a finite number"):
        read_csv(a_file(tmp_path, "a\n1.256\n"), decimal=",")


def test_missing_words_can_be_chosen(tmp_path):
    path = a_file(tmp_path, "a,land\n1,NA\n2,ZA\n-,\n")
    table = read_csv(path, text=["land"], missing_words=["-"], missing="keep")
    assert (table["land"].values, table["land"].codes.tolist()) == (["NA", "ZA"], [0, 1, -1])
    assert np.isnan(table["a"]).tolist() == [False, False, True]


def test_all_columns_of_words_can_be_asked_for(tmp_path):
    rows = "".join(f"{i},{'ab'[i % 2]},{'xy'[i % 2]},name{i}\n" for i in range(30))
    path = a_file(tmp_path, "n,kind,city,name\n" + rows)
    assert read_csv(path, text="all", ignore=["name"])["city"].values == ["x", "y"]
    assert isinstance(read_csv(path, text=["all", "name"])["name"].values, list)
    with pytest.raises(ValueError, match=r"ignore=\['name', 'n'\] leaves out 'name' \(30 differ"):
        read_csv(path, text="all")


def test_dates_become_days_and_their_parts(tmp_path):
    path = a_file(tmp_path, "when,a\n1970-01-02,1\n2024-02-29 12:00,2\n,3\n")
    table = read_csv(path, dates=["when"], missing="keep")
    found = {name: table[name].tolist()[:2] for name in table.names}
    assert found == {
        "when": [1, 19782.5],
        "when.year": [1970, 2024],
        "when.month": [1, 2],
        "when.weekday": [5, 4],
        "a": [1, 2],
    }
    assert all(np.isnan(table[name][2]) for name in list(found)[:4])
    with pytest.raises(ValueError, match="line 4, column 'when': received a missing value"):
        read_csv(path, dates=["when"])
    with pytest.raises(ValueError, match="received '31.12.2024', expected a date such as 2024-12"):
        read_csv(a_file(tmp_path, "when\n31.12.2024\n"), dates=["when"])


def test_bad_cells_and_rows_can_be_kept(tmp_path):
    text = "a,b,c\n1,x,2\nTBD,y,3\n4,z\n5,x,6,7\n8,,9\n"
    table = read_csv(a_file(tmp_path, text), text=["b"], missing="keep", bad_cells="keep")
    assert np.isnan(table["a"]).tolist() == [False, True, True, True, False]
    assert table["b"].codes.tolist() == [0, 1, -1, -1, -1]
    assert [(cell.row, cell.column) for cell in table.bad_cells] == [(1, "a"), (2, None), (3, None)]
    assert "line 3, column 'a': received 'TBD'" in table.bad_cells[0].message
    kept = table.take(np.array([4, 3, 1]))
    assert [(cell.row, cell.column) for cell in kept.bad_cells] == [(2, "a"), (1, None)]


def test_a_file_that_can_be_read_only_once_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for text, options in (("a,b\n1,x\n", {"text": ["b"]}), ("a,b\n1,x\n", {})):
        writer = Thread(target=(tmp_path / "pipe").write_text, args=[text])
        writer.start()
        if options:
            assert read_csv(tmp_path / "pipe", **options)["a"].tolist() == [1]
        else:
            with pytest.raises(ValueError, match=r"text=\['b'\] makes an input of each word"):
                read_csv(tmp_path / "pipe")
        writer.join()


def test_columns_are_selected_for_a_model(tmp_path):
    with CSVFile(a_file(tmp_path, "x,note,x,y\n1,2,3,4\n")) as file:
        assert file.refer([1, 2]) == ["note", 3]
        assert file.select(["y", "x"], [3]) == ([3, 0], ["note"])
        assert file.select(["y"], ["x", "note"]) == ([3], [])
        with pytest.raises(ValueError, match="received the column 'x' 2 times, expected it once"):
            file.select(["x"])
