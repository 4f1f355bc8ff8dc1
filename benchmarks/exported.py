"""Compares the exported forms of a digits model: their size, and the time of one row.

A network 64-32-10 is trained on the digits, and predicts one row at a time in each form, beside
scikit-learn, onnxruntime and PyTorch with the same weights, all on one thread. Forms take turns in
each round, so that the load of the machine hits all alike; the least time of a round counts.

    python benchmarks/exported.py --rounds 50 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import ctypes
import re
import runpy
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import torch
from machine import describe
from report import table, three_digits, write

import mlp
from mlp import export

LIBRARY = """
#include "{name}.h"
#include <x86intrin.h>
unsigned long long run(int n, const {real} *x, {real} *y);
unsigned long long run(int n, const {real} *x, {real} *y)
{{
    unsigned long long start = __rdtsc();
    for (int i = 0; i < n; i++) {{
        {name}_predict(x, y);
        __asm__ volatile("" : : "r"(y) : "memory"); /* each row is computed */
    }}
    return (__rdtsc() - start) / (unsigned long long)n;
}}
"""
FLAGS = ["-std=gnu99", "-O2", "-march=native", "-Wall", "-Wextra", "-Werror"]
C_ROWS = 1000


class Form(NamedTuple):
    """A form of the model: its size in bytes, a call that predicts, and the rows of a call."""

    size: str
    predict: Callable[[], Any]
    rows: int = 1


def trained(dtype: str) -> mlp.MLP:
    train, _ = mlp.datasets.load_digits().split(0.2, seed=0)
    sizes = [64, 32, 10]
    net = mlp.MLP.from_sizes(sizes, output="softmax", loss="cross_entropy", dtype=dtype, seed=0)
    mlp.Trainer(net, mlp.Adam(0.003)).fit(train.X, train.y, epochs=20)
    return net


def c_form(net: mlp.MLP, name: str, folder: Path, x: np.ndarray, int8: bool) -> tuple[Form, str]:
    """Return the form in C, and a line of its sizes and its error."""
    error = export.to_c(net, folder / f"{name}.h", name=name, int8=int8, X=x if int8 else None)
    real = "float" if net.dtype == np.float32 else "double"
    source = folder / f"{name}.c"
    source.write_text(LIBRARY.format(name=name, real=real))
    library = folder / f"{name}.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", library, "-lm"], check=True)
    alone = folder / f"{name}_alone.c"
    alone.write_text(
        f'#include "{name}.h"\nvoid run(const {real} *x, {real} *y);\n'
        f"void run(const {real} *x, {real} *y) {{ {name}_predict(x, y); }}\n"
    )
    sizes = {}
    for level in ("-Os", "-O2"):
        subprocess.run(
            ["gcc", "-std=c99", level, "-c", alone, "-o", folder / "alone.o"], check=True
        )
        listed = subprocess.run(
            ["size", "-A", folder / "alone.o"], capture_output=True, text=True, check=True
        ).stdout
        sections = re.findall(r"^\.(text|rodata)\S*\s+(\d+)", listed, flags=re.MULTILINE)
        sizes[level] = {
            kind: sum(int(n) for k, n in sections if k == kind) for kind in ("text", "rodata")
        }
    run = ctypes.CDLL(str(library)).run
    run.restype = ctypes.c_ulonglong
    row = np.ascontiguousarray(x[0])
    y = np.empty(net.n_out, net.dtype)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (row, y)]

    def predict() -> int:
        return run(C_ROWS, *pointers)

    predict()
    difference = float(np.abs(y - net.predict(row[None])[0]).max())
    cycles = min(predict() for _ in range(50))
    line = (
        f"{real}{' with int8 weights' if int8 else ''}: "
        + "; ".join(f"{s['text']} + {s['rodata']} bytes at {level}" for level, s in sizes.items())
        + f"; {cycles:,} cycles (TSC) a row; off by {difference:.1g} on this row"
        + (f", by at most {error.largest:.2g} on {len(x)} rows" if error else "")
    )
    small = sizes["-Os"]
    return Form(f"{small['text'] + small['rodata']:,} (.text + .rodata)", predict, C_ROWS), line


def forms(net: mlp.MLP, folder: Path, X: np.ndarray) -> tuple[dict[str, Form], list[str]]:
    """Return all forms by name, and the lines on those of C."""
    x = np.ascontiguousarray(X[:1].astype(net.dtype))
    rows = X.astype(net.dtype)

    def size(name: str) -> str:
        return f"{(folder / name).stat().st_size:,}"

    net.save(folder / "model.npz")
    export.to_python(net, folder / "model.py")
    export.to_onnx(net, folder / "model.onnx")
    export.to_safetensors(net, folder / "model.safetensors")
    export.to_json(net, folder / "model.json")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=providers)
    module, tensor = net.to_torch(), torch.from_numpy(x)
    torch.save(module.state_dict(), folder / "model.pt")
    estimator = export.to_sklearn(net)
    python = runpy.run_path(str(folder / "model.py"))["predict"]

    def with_torch() -> Any:
        with torch.inference_mode():
            return module(tensor)

    found = {
        "mlp, .npz": Form(size("model.npz"), lambda: net.predict(x)),
        "Python file": Form(size("model.py"), lambda: python(x)),
        "ONNX in onnxruntime": Form(size("model.onnx"), lambda: session.run(None, {"X": x})),
        "PyTorch, state dict": Form(size("model.pt"), with_torch),
        "scikit-learn, coefs_": Form("-", lambda: estimator.predict_proba(x)),
        "safetensors": Form(size("model.safetensors"), lambda: None),
        "JSON": Form(size("model.json"), lambda: None),
    }
    lines = []
    kinds = {"C": False, "C, int8 weights": True} if net.dtype == np.float32 else {"C": False}
    for i, (name, int8) in enumerate(kinds.items()):
        prefix = f"digits_{net.dtype.name}_{i}"
        found[name], line = c_form(net, prefix, folder, rows, int8)
        lines.append(line)
    return found, lines


def measure(found: dict[str, Form], rounds: int, repeats: int = 50) -> dict[str, list[float]]:
    """Return the least seconds a row of each form in each round."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, form in found.items():
            best = float("inf")
            for _ in range(repeats):
                start = perf_counter()
                form.predict()
                best = min(best, perf_counter() - start)
            times[name].append(best / form.rows)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    _, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    results, texts = {}, []
    for dtype in ("float32", "float64"):
        with tempfile.TemporaryDirectory() as folder, mlp.machine.blas_threads(1):
            found, lines = forms(trained(dtype), Path(folder), held_out.X)
            times = measure(found, options.rounds)
        results[dtype] = {
            name: {"size": found[name].size, "seconds": t} for name, t in times.items()
        }
        rows = []
        ours = median(times["mlp, .npz"])
        for name, form in found.items():
            is_timed = name not in ("safetensors", "JSON")
            seconds = median(times[name])
            latency = f"{three_digits(seconds * 1e6)} µs" if is_timed else "-"
            rows.append([name, form.size, latency, f"{ours / seconds:.2f}" if is_timed else "-"])
        head = ["form", "bytes", "one row", "speed relative to mlp"]
        texts += [f"## {dtype}\n", table(head, rows), "", *(f"- C, {line}." for line in lines), ""]
        print("\n".join(texts[-len(lines) - 4 :]))
    machine = describe()
    text = f"{machine['cpu']}, {machine['versions']}\n\n" + "\n".join(texts)
    write(options.out, "exported", text, {"machine": machine, "results": results})


if __name__ == "__main__":
    main()
