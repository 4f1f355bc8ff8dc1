"""Odd values, each made anew: what somebody may pass by mistake, or on purpose."""

import enum
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np


class OddInt(int):
    pass


class OddStr(str):
    pass


class Colour(enum.Enum):
    RED = 1


def nested(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


def endless():
    while True:
        yield 0


def cyclic():
    found = []
    found.append(found)
    return found


ODD = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "2**63": lambda: 2**63,
    "10**400": lambda: 10**400,
    "-10**400": lambda: -(10**400),
    "10**5000": lambda: 10**5000,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "1e308": lambda: 1e308,
    "5e-324": lambda: 5e-324,
    "1j": lambda: 1j,
    "empty text": lambda: "",
    "text": lambda: "odd",
    "long text": lambda: "x" * 10**5,
    "a null character": lambda: "a\0b",
    "a lone surrogate": lambda: "\ud800",
    "bytes": lambda: b"odd",
    "no bytes": lambda: b"",
    "bytearray": lambda: bytearray(b"odd"),
    "memoryview": lambda: memoryview(b"odd"),
    "[]": list,
    "[[]]": lambda: [[]],
    "[None]": lambda: [None],
    "[nan]": lambda: [float("nan")],
    "[10**400]": lambda: [10**400],
    "ragged": lambda: [[1.0], [1.0, 2.0]],
    "deep": lambda: nested(900),
    "cyclic": cyclic,
    "()": tuple,
    "a pair": lambda: (1, 2),
    "{}": dict,
    "{1: 2}": lambda: {1: 2},
    "set": lambda: {1},
    "object": object,
    "class": lambda: int,
    "function": lambda: lambda *values, **named: None,
    "generator": lambda: (i for i in range(3)),
    "endless": endless,
    "range": lambda: range(3),
    "slice": lambda: slice(None),
    "Ellipsis": lambda: ...,
    "exception": lambda: ValueError("odd"),
    "module": lambda: sys,
    "enum": lambda: Colour.RED,
    "Decimal": lambda: Decimal("NaN"),
    "Fraction": lambda: Fraction(10**400, 3),
    "int subclass": lambda: OddInt(3),
    "str subclass": lambda: OddStr("odd"),
    "Path": lambda: Path("odd"),
    "float32 nan": lambda: np.float32("nan"),
    "numpy bool": lambda: np.True_,
    "numpy int": lambda: np.int64(-(2**63)),
    "array 0-d": lambda: np.array(1.0),
    "array 0-d text": lambda: np.array("odd"),
    "array (0,)": lambda: np.empty(0),
    "array (0, 3)": lambda: np.empty((0, 3)),
    "array (3, 0)": lambda: np.empty((3, 0)),
    "array nan": lambda: np.full((6, 3), np.nan),
    "array 5-d": lambda: np.ones((1, 1, 1, 1, 1)),
    "array of objects": lambda: np.array([object(), None]),
    "array of text": lambda: np.array(["odd", "even"]),
    "structured": lambda: np.zeros(3, [("a", float), ("b", int)]),
    "datetime": lambda: np.array(["NaT", "2020-01-01"], "M8[s]"),
    "complex": lambda: np.array([1j, 2.0]),
    "masked": lambda: np.ma.masked_all((6, 3)),
    "masked in a list": lambda: [np.ma.masked_all(3), np.ma.masked],
    "read-only": lambda: np.broadcast_to(0.5, (6, 3)),
    "huge": lambda: np.broadcast_to(0.5, (10**6, 10**6)),
    "uint64": lambda: np.full(6, 2**64 - 1, np.uint64),
    "longdouble": lambda: np.full((6, 3), np.longdouble("1e4000")),
    "random generator": lambda: np.random.default_rng(0),
}
