"""Whatever a file holds, reading it gives a table or a ValueError that names the file."""

import gzip

import numpy as np
import pytest

from mlp.tables import Table, read_csv

TEXTS = [
    b"age,city,when,y\n30,Rome,2024-01-01,yes\n50,,2024-01-02,no\n40,Oslo,,yes\n",
    b"# x\nsep=;\na;b;y\n1,5;x;1\n1.234,5;y;2\n",
    'größe,数,类\n1,2,猫\n3,"4\n",狗\n'.encode(),
    "a\tb\n1\tp\n2\tq\n".encode("utf-16"),
    gzip.compress(b"a,b\n1,2\n" * 20),
]
OPTIONS = {
    "text": [(), "all", [1], ["city"]],
    "ignore": [(), [-1]],
    "dates": [(), [3]],
    "targets": [(), [-1], [1, 2]],
    "missing": ["keep", "refuse"],
    "bad_cells": ["keep", "refuse"],
    "header": [None, True, False],
    "decimal": [".", ","],
    "thousands": [None, " "],
    "encoding": [None, "utf-16", "latin-1", "utf-7", "idna"],
    "comment": [None, "#"],
    "delimiter": [None, ";", " "],
}
SPECIAL = b'",;\t\r\n\0#.-0159eE \xff\xfe'


def changed(text, rng):
    data = bytearray(text)
    for _ in range(rng.integers(0, 6)):
        place = int(rng.integers(len(data) + 1))
        kind = rng.integers(4)
        if kind == 0:
            data[place:place] = bytes([SPECIAL[rng.integers(len(SPECIAL))]])
        elif kind == 1:
            data[place : place + int(rng.integers(4))] = b""
        elif kind == 2:
            data[place : place + 1] = bytes([rng.integers(256)])
        else:
            data[place:place] = data[: int(rng.integers(20))]
    return bytes(data)


@pytest.mark.parametrize(("n", "seed"), [(300, 0), pytest.param(20_000, 1, marks=pytest.mark.long)])
def test_any_text_is_a_table_or_a_value_error(n, seed, tmp_path):
    rng = np.random.default_rng(seed)
    path = tmp_path / "t.csv"
    read = 0
    for i in range(n):
        path.write_bytes(changed(TEXTS[i % len(TEXTS)], rng))
        options = {
            name: values[rng.integers(len(values)) if rng.random() < 0.4 else 0]
            for name, values in OPTIONS.items()
        }
        try:
            table = read_csv(path, **options)
        except ValueError as error:
            assert "received" in str(error), options  # noqa: PT017
        else:
            read += isinstance(table, Table) and len(table) > 0
    assert read > n / 20
