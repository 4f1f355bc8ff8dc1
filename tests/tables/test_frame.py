"""Frames become the table that the same CSV file becomes."""

import datetime
import sys

import numpy as np
import pytest

from mlp.tables import Dialect, TableError, Words, from_frame, open_table, read_csv, read_frame

COLUMNS = {
    "age": [30, 50, 40],
    "size": [1.5, None, 2.0],
    "city": ["Rome", None, "Oslo"],
    "when": [datetime.datetime(2024, 1, day) for day in (1, 2, 3)],
    "ok": [True, False, True],
    "y": [2**53, 2**53 + 1, 2**53],
}
OPTIONS = {
    "text": ["city", "ok"],
    "dates": ["when"],
    "targets": ["y"],
    "task": "classify",
    "missing": "keep",
}


@pytest.fixture(params=["pandas", "nullable", "polars"])
def frame(request):
    if request.param == "polars":
        return pytest.importorskip("polars").DataFrame(COLUMNS)
    made = pytest.importorskip("pandas").DataFrame(COLUMNS)
    if request.param == "nullable":
        made = made.convert_dtypes().astype({"city": "category"})
        made.index = [7, 8, 9]
    return made


def assert_same(table, other):
    assert table.names == other.names
    assert (table.targets, table.task) == (other.targets, other.task)
    for name in other.names:
        if isinstance(other[name], Words):
            assert [*table[name].values] == [*other[name].values]
            np.testing.assert_array_equal(table[name].codes, other[name].codes)
        else:
            np.testing.assert_array_equal(table[name], other[name])


def test_a_frame_becomes_the_table_of_the_same_csv_file(frame, tmp_path):
    lines = ["30,1.5,Rome,2024-01-01,True", "50,,,2024-01-02,False", "40,2,Oslo,2024-01-03,True"]
    ids = [2**53, 2**53 + 1, 2**53]
    text = "".join(f"{line},{number}\n" for line, number in zip(lines, ids, strict=True))
    (tmp_path / "t.csv").write_text("age,size,city,when,ok,y\n" + text)
    assert_same(from_frame(frame, **OPTIONS), read_csv(tmp_path / "t.csv", **OPTIONS))


def test_one_error_names_the_columns_that_need_an_argument(frame):
    with pytest.raises(TableError) as caught:
        from_frame(frame, targets=["y"])
    assert {remedy.argument: remedy.value for remedy in caught.value.remedies} == {
        "text": ["city", "ok"],
        "dates": ["when"],
        "missing": "keep",
    }
    with pytest.raises(TableError, match="frame: row 1, column 'size': received a missing value"):
        from_frame(frame, targets=["y"], ignore=["city", "when", "ok"])
    made = from_frame(frame, targets=["size"], ignore=["city", "when", "ok"], missing="keep")
    assert made.task == "regress"
    assert from_frame(frame, **OPTIONS | {"text": "all"})["city"].values == ["Rome", "Oslo"]


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx"])
def test_a_file_of_pandas_is_read(suffix, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl" if suffix == "xlsx" else "pyarrow")
    frame = pd.DataFrame(COLUMNS).assign(ok=[1, 0, 1], y=[1, 2, 1])
    path = tmp_path / f"t.{suffix}"
    if suffix == "xlsx":
        frame.to_excel(path, index=False)
    else:
        getattr(frame, f"to_{suffix}")(path)
    table = read_frame(path, **OPTIONS)
    frame = frame.assign(y=frame["y"].astype(str))
    assert_same(table, from_frame(frame, **OPTIONS))
    if suffix == "xlsx":
        assert table.lines.tolist() == [2, 3, 4]


def test_an_excel_sheet_without_a_header_is_asked_about(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    path = tmp_path / "t.xlsx"
    pd.DataFrame([[5, 1.5], [6, 2.5]]).to_excel(path, index=False, header=False, sheet_name="a")
    with pytest.raises(TableError, match=r"line 1: received 5, 1.5, ..., expected the names"):
        read_frame(path)
    made = read_frame(path, dialect=Dialect(header=False), sheet="a")
    assert (made.names, made["x2"].tolist()) == (("x1", "x2"), [1.5, 2.5])
    with pytest.raises(ValueError, match=r"t\.xlsx: received another kind of file.*'b'"):
        read_frame(path, sheet="b")


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx"])
def test_another_kind_of_file_is_rejected(suffix, tmp_path):
    pytest.importorskip("pandas")
    pytest.importorskip("openpyxl" if suffix == "xlsx" else "pyarrow")
    for content in (b"", b"a,b\n1,2\n", b"PAR1" * 20, b"PK\3\4" + bytes(60)):
        (tmp_path / f"t.{suffix}").write_bytes(content)
        with pytest.raises(ValueError, match=rf"t\.{suffix}: received another kind of file, or"):
            read_frame(tmp_path / f"t.{suffix}")
    with pytest.raises(FileNotFoundError):
        read_frame(tmp_path / f"nowhere.{suffix}")


@pytest.mark.parametrize(("suffix", "needs"), [("parquet", "pyarrow"), ("xlsx", "openpyxl")])
def test_without_pandas_one_line_says_what_to_install(suffix, needs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=f"needs pandas and {needs}: pip install pandas {needs}"):
        read_frame(tmp_path / f"t.{suffix}")


@pytest.mark.parametrize("other", [None, [[1, 2]], np.eye(2), {"a": [1]}])
def test_what_is_no_frame_is_rejected(other):
    with pytest.raises(TypeError, match="expected a DataFrame of pandas or polars"):
        from_frame(other)


def test_any_file_is_opened_by_its_name(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with open_table(tmp_path / "t.csv") as reader:
        assert reader.names == ["a", "b"]
        assert reader.read(ignore=["a"])["b"].tolist() == [2]
