"""A C header compiles without a warning, and computes what the package computes."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

import mlp
from mlp.export import to_c
from mlp.tables import ClassTarget, InputEncoder, Labels, NumberTarget, Standardizer, Table, Words
from tests.export.networks import (
    MANY_SEEDS,
    SEEDS,
    assert_close,
    draw,
    inputs,
    is_strictly_close,
)

COMPILERS = [
    pytest.param(
        name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is missing")
    )
    for name in ("gcc", "clang")
]
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def compile_file(compiler, source, out, *options):
    """Compile a file; any warning is an error."""
    command = [compiler, *FLAGS, *options, "-o", str(out), str(source), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_all(nets, compiler, folder, optimize="-O1", **options):
    """Return the outputs of each network, computed in C, of its `inputs`."""
    source, nets = [], list(nets)
    for i, net in enumerate(nets):
        to_c(net, folder / f"net{i}.h", name=f"net{i}", **options)
        real = "float" if net.dtype == np.float32 else "double"
        signature = f"void run{i}(int n, const {real} *x, {real} *y)"
        loop = (
            f"for (int i = 0; i < n; i++) net{i}_predict(x + i * {net.n_in}, y + i * {net.n_out});"
        )
        source.append(f'#include "net{i}.h"\n{signature};\n{signature} {{ {loop} }}\n')
    (folder / "all.c").write_text("".join(source))
    shared = (optimize, "-shared", "-fPIC")
    compile_file(compiler, folder / "all.c", folder / f"{compiler}.so", *shared)
    library = ctypes.CDLL(str(folder / f"{compiler}.so"))
    for i, net in enumerate(nets):
        X = inputs(net)
        Y = np.empty((len(X), net.n_out), net.dtype)
        library[f"run{i}"](len(X), *(a.ctypes.data_as(ctypes.c_void_p) for a in (X, Y)))
        yield net, X, Y


@pytest.mark.parametrize("compiler", COMPILERS)
def test_outputs_are_equal_and_nothing_is_warned_of(compiler, tmp_path):
    seeds = SEEDS if compiler == "gcc" else SEEDS[::3]  # clang is slow; the long test has all
    found = list(run_all(map(draw, seeds), compiler, tmp_path))
    assert len(found) == len(seeds)
    for net, X, Y in found:
        assert is_strictly_close(Y, net, X), net


@pytest.mark.long
@pytest.mark.parametrize("compiler", COMPILERS)
def test_outputs_are_equal_for_many_networks(compiler, tmp_path):
    found = list(run_all(map(draw, MANY_SEEDS), compiler, tmp_path, "-O2"))
    assert len(found) == len(MANY_SEEDS)
    for net, X, Y in found:
        assert_close(Y, net, X)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_int8_weights_are_as_far_off_as_measured(compiler, tmp_path):
    nets = [mlp.MLP.from_sizes([5, 20, 3], "tanh", seed=0, dtype=d) for d in ("float32", "float64")]
    for net, X, Y in run_all(nets, compiler, tmp_path, int8=True):
        measured = to_c(net, tmp_path / "again.h", int8=True, X=X)
        difference = np.abs(Y - net.predict(X))
        assert measured.largest == pytest.approx(difference.max(), rel=1e-3)
        assert measured.mean == pytest.approx(difference.mean(), rel=1e-3)
        assert measured.rows == "20 given rows"
        assert 0.0 < measured.largest < 0.1
        text = (tmp_path / "again.h").read_text()
        assert f"differ by at most {measured.largest:.2g}" in text
        assert "static const int8_t model_W0[100]" in text


def test_int8_weights_that_are_all_zero_stay_zero(tmp_path):
    net = mlp.MLP([mlp.Dense(2, 2, weights=[[0.0, 1.0], [0.0, 1.0]])])
    assert to_c(net, tmp_path / "model.h", int8=True).largest < 1e-12


def test_sizes_are_stated(tmp_path):
    net = mlp.MLP.from_sizes([64, 32, 10], seed=0, dtype="float32")
    to_c(net, tmp_path / "model.h")
    text = (tmp_path / "model.h").read_text()
    assert "Tables: 9640 bytes. Stack: 128 bytes. One row: 2368 multiply-adds." in text
    assert "malloc" not in text


# --- the program that reads rows


def program(net, folder, compiler="gcc", **options):
    """Return a function that runs the program of a header on rows of text."""
    to_c(net, folder / "model.h", **options)
    compile_file(
        compiler, folder / "model.h", folder / "model", "-x", "c", "-DMODEL_MAIN", "-x", "c"
    )

    def run(text):
        return subprocess.run(
            [folder / "model"], input=text.encode("utf-8"), capture_output=True, check=False
        )

    return run


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")


@needs_gcc
def test_the_program_prints_the_outputs_of_each_row(tmp_path):
    net = mlp.MLP.from_sizes([2, 3, 2], "tanh", seed=0)
    found = program(net, tmp_path)("1.5,-2\n0.25,1e3\n").stdout.decode()
    rows = np.array([list(map(float, line.split(","))) for line in found.splitlines()])
    assert np.abs(rows - net.predict([[1.5, -2.0], [0.25, 1e3]])).max() < 1e-12


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_program_encodes_rows_and_prints_classes(compiler, dtype, tmp_path):
    words = ["Oslo", "R\u00f3ma", '??=/*"\\']
    city = Words(np.array([0, 1, 2, 0, -1, 1]), words)
    table = Table({"age": np.array([30.0, 50.0, np.nan, 1.0, 2.0, 99.0]), "city": city}, "t.csv")
    encoder = InputEncoder.fit(table, ["age", "city"], standardize=True, fill_missing=True)
    target = ClassTarget("y", Labels(["n\u00e9", "yes", "maybe"]))
    net = mlp.MLP.from_sizes([4, 8, 3], "tanh", "softmax", "cross_entropy", dtype=dtype, seed=1)
    run = program(net, tmp_path, compiler, inputs=encoder, target=target)
    found = run('30,Oslo\n50,R\u00f3ma\n,??=/*"\\\n1,Oslo\n2,\r\n99,R\u00f3ma\n')
    expected = target.decode(net.predict(encoder.encode(table, dtype=dtype)))
    assert found.stdout.decode("utf-8").split() == expected
    assert len(set(expected)) > 1


@needs_gcc
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("30,Paris", "row 1: cannot read cell 2: Paris\nexpected age,city\n"),
        ("old,Oslo", "row 1: cannot read cell 1: old\nexpected age,city\n"),
        ("30", "row 1: received 1 cells, expected 2\n"),
        ("30,Oslo,1", "row 1: cannot read cell 3: 1\nexpected age,city\n"),
    ],
)
def test_the_program_rejects_bad_rows(row, message, tmp_path):
    encoder = InputEncoder(["age"], {"city": Labels(["Oslo"])})
    net = mlp.MLP.from_sizes([2, 1], "tanh", "sigmoid", "binary_cross_entropy", seed=0)
    target = ClassTarget("y", Labels(["no", "yes"]))
    done = program(net, tmp_path, inputs=encoder, target=target)(f"{row}\n")
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", message)


@needs_gcc
def test_the_program_prints_numbers_in_the_units_of_their_columns(tmp_path):
    target = NumberTarget(["a", "b"], Standardizer([1.0, 2.0], [3.0, 4.0]))
    net = mlp.MLP.from_sizes([1, 3, 2], seed=0)
    head, row = program(net, tmp_path, target=target)("0.5\n").stdout.decode().splitlines()
    assert head == "a,b"
    expected = target.decode(net.predict([[0.5]]))[0]
    assert list(map(float, row.split(","))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["int", "1st", "a-b", "", "a b", "\u00e9", "x" * 60])
def test_a_name_that_c_does_not_allow_is_rejected(name, tmp_path):
    with pytest.raises(ValueError, match="^name: received"):
        to_c(mlp.MLP.from_sizes([2, 1], seed=0), tmp_path / "model.h", name=name)


def test_a_word_that_c_cannot_hold_is_rejected(tmp_path):
    net = mlp.MLP.from_sizes([2, 2], output="softmax", loss="cross_entropy", seed=0)
    for word in ("x" * 5000, "a\0b"):
        with pytest.raises(ValueError, match="^classes: received"):
            to_c(net, tmp_path / "model.h", target=ClassTarget("y", Labels(["a", word])))


def test_rows_to_measure_on_need_int8(tmp_path):
    with pytest.raises(ValueError, match="expected int8=True"):
        to_c(mlp.MLP.from_sizes([2, 1], seed=0), tmp_path / "model.h", X=[[1.0, 2.0]])


@needs_gcc
def test_the_program_scales_robustly(tmp_path):
    ages = np.array([30.0, 50.0, 1e6, 1.0, 2.0, 99.0])
    table = Table({"age": ages, "n": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])}, "t.csv")
    encoder = InputEncoder.fit(table, ["age", "n"], standardize=True, scaling="robust")
    net = mlp.MLP.from_sizes([2, 4, 1], "tanh", seed=0)
    found = program(net, tmp_path, inputs=encoder)("1e6,1\n30,0\n").stdout.decode().split()
    expected = net.predict(encoder.encode(table, np.array([2, 0])))
    assert float(found[1]) == pytest.approx(expected[1, 0], abs=1e-12)
    inputs = encoder.encode(Table({"age": ages[2:3], "n": np.ones(1)}, "t.csv"))
    assert float(found[0]) == pytest.approx(net.predict(inputs)[0, 0], abs=1e-12)
