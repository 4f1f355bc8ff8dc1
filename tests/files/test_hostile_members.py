"""Members and arrays that are not those the description declares."""

import json
import struct

import numpy as np
import pytest

from tests.files.forge import FIRST, METADATA, NETWORKS, contents, declared, forge, npy, rezip
from tests.files.refused import MIB, assert_refused

W = "layers.0.params.W.npy"


def renamed(old, new):
    return lambda members: [(new if name == old else name, data) for name, data in members]


@pytest.mark.parametrize(
    "name",
    ["../../evil.npy", "/etc/passwd", "C:\\evil.npy", "a/b.npy", "x" * len(W), "é.npy", "\0.npy"],
)
def test_members_of_other_names_are_refused(path, name):
    description, members = contents(path)
    data = members.pop(W)
    if name.isascii():
        forge(path, description, {name: data, **members})
    else:
        rezip(path, change=renamed(W, name))
    assert_refused(path, "has a member|bytes more|truncated|has version")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "", "a.b", "é", "\0", "a" * 300])
def test_names_in_the_description_are_refused(path, name):
    description, members = contents(path)
    array = {"$array": "float64", "shape": [1]}
    description["metadata"] = {name: array}
    path.write_bytes(b"")
    forge(path, description, {**members, "m.npy": npy([1.0])})
    assert_refused(path, "cannot name an array")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: [*m, m[-1]], "bytes more than its description says"),  # a duplicate
        (lambda m: [m[0], m[1], m[1], *m[3:]], "has a member|truncated|bytes more"),
        (lambda m: [*m, ("extra.npy", npy([1.0]))], "bytes more than its description says"),
        (lambda m: [*m, ("evil.txt", b"")], "bytes more than its description says"),
        (lambda m: m[:-1], "truncated"),
        (lambda m: [m[0]], "truncated"),
        (lambda m: m[1:], "expected 'description.json'"),
        (lambda m: [m[1], m[0], *m[2:]], "expected 'description.json'"),
        (lambda m: [m[0], m[2], m[1], *m[3:]], "has a member|is not the array"),
    ],
)
def test_extra_missing_and_misplaced_members_are_refused(path, change, reason):
    description, members = contents(path)
    everything = change([(FIRST, json.dumps(description).encode()), *members.items()])
    forge(path, everything[0][1], everything[1:]) if everything[0][0] == FIRST else rezip(
        path, change=lambda _: everything
    )
    assert_refused(path, reason)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3), ">f8"),
        np.zeros((2, 3), "f4"),
        np.asfortranarray(np.ones((2, 3))),
        np.zeros((3, 2)),
        np.zeros(6),
        np.zeros((2, 3), "i8"),
        np.array([[None] * 3] * 2, object),
        np.zeros((2, 3), "f4,f4"),
        np.zeros((2, 3), "U2"),
        np.zeros((2, 3), "M8[s]"),
    ],
)
def test_an_array_that_is_not_as_declared_is_refused(path, array):
    description, members = contents(path)
    members[W] = npy(array)
    forge(path, description, members)
    assert_refused(path, "is not the array|truncated|bytes more|has (packed )?size|the wrong size")


@pytest.mark.parametrize(
    "header",
    [
        b"\x93NUMPY\2\0" + struct.pack("<I", 116),
        b"\x93NUMPY\1\0" + struct.pack("<H", 65535),
        b"\x93NUMPX\1\0" + struct.pack("<H", 118),
        b"\x93NUMPY\1\0" + struct.pack("<H", 118) + b"{'descr': __import__('os').system('true'),",
    ],
)
def test_other_headers_of_arrays_are_refused(path, header):
    description, members = contents(path)
    members[W] = header + members[W][len(header) :]
    forge(path, description, members)
    assert_refused(path, "is not the array that the description declares")


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (declared("float64", [10**9, 10**9]), "truncated: "),
        (declared("float64", [10**6, 10**6, 2 * 10**6]), "more than any memory holds"),
        (declared("float64", [0, 2**62]), "more than any memory holds"),
        (declared("float64", [0, 2**60]), "more than any memory holds"),
        (declared("uint8", [2**63 - 1]), "truncated: "),
        (declared("float64", [2**32, 2**32]), "more than any memory holds"),
        (declared("float64", [2**127]), "more than any memory holds"),
        (declared("float64", [0, 2**40]), "bytes more"),
        (declared("float64", [-2, -3]), "expected sizes >= 0"),
        (declared("float64", [2.0, 3.0]), "expected sizes >= 0"),
        (declared("float64", [True, 3]), "expected sizes >= 0"),
        (declared("float64", ["2", "3"]), "expected sizes >= 0"),
        (declared("float64", [[2], 3]), "expected sizes >= 0"),
        (declared("float64", [1] * 33), "expected a list of sizes"),
        (declared("float64", 6), "expected a list of sizes"),
        (declared("float64", None), "expected a list of sizes"),
        (declared("float64", {"2": 3}), "expected a list of sizes"),
        (declared("object", [2, 3]), "expected a known array"),
        (declared("|O", [2, 3]), "expected a known array"),
        (declared(">f8", [2, 3]), "expected a known array"),
        (declared("float16", [2, 3]), "expected a known array"),
        (declared(["float64"], [2, 3]), "expected a known array"),
        (declared({"a": 1}, [2, 3]), "expected a known array"),
        (declared(None, [2, 3]), "expected a known array"),
        (declared("float64", [2, 3], order="F"), "expected a known array"),
        ({"$array": "float64"}, "expected a known array"),
        (declared("x" * 10**5, [2, 3]), "expected a known array"),
        (declared("float64", list(range(10**5))), "expected a list of sizes"),
        (declared("float32", [2, 3]), "bytes more"),
        (declared("int64", [2, 3]), "is not the array"),
        (declared("float64", [3, 2]), "is not the array"),
        (declared("float64", [6]), "is not the array"),
    ],
)
def test_odd_declarations_are_refused(path, array, reason):
    description, members = contents(path)
    description["layers"][0]["params"]["W"] = array
    forge(path, description, members)
    assert_refused(path, reason)


def test_arrays_that_claim_to_be_the_same_bytes_are_refused(path):
    description, members = contents(path)
    description["metadata"] = {f"m{i}": declared("uint8", [1000]) for i in range(10_000)}
    forge(path, description, members)
    assert_refused(path, "truncated: ", most=48 * MIB)


def test_booleans_are_zero_or_one(path):
    NETWORKS["small"]().save(path, METADATA)
    description, members = contents(path)
    name = "metadata.nested.mask.npy"
    members[name] = members[name][:-1] + b"\2"
    forge(path, description, members)
    assert_refused(path, "metadata.nested.mask.npy: has bytes other than 0 and 1")
