"""CSV files: what was written is read, and memory holds little more than the numbers."""

import csv
import io
import tracemalloc

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
    assert_holds(read_csv(path, text=text_columns, delimiter=delimiter), columns)


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
    path = a_file(tmp_path, "1,b,c\n5,x,y\n")
    table = read_csv(path, text=["b", -1])
    assert table.words("c").values == ["y"]
    assert read_csv(path, text=[2], ignore=["3"]).names == ("1", "b")
    assert read_csv(path, text=[2, 3], ignore=["1"]).names == ("b", "c")  # a name comes first


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
