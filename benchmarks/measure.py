"""Runs competitors side by side, each in its own process, and takes their times in turn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from machine import kernel_environment

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Entry:
    """A competitor: where it is, what it needs, and whether OpenBLAS does its products.

    Only who trains has losses that can be compared.
    """

    label: str
    target: str
    needs: tuple[str, ...] = ()
    uses_openblas: bool = False
    needs_compiler: bool = False
    trains: bool = True

    def missing(self) -> str:
        """Return why it must be left out, or an empty string."""
        absent = [name for name in self.needs if find_spec(name) is None]
        if absent:
            return f"{' and '.join(absent)} not installed"
        compilers = (os.environ.get("CXX", "g++"), "clang++")
        if self.needs_compiler and not any(map(shutil.which, compilers)):
            return "no C++ compiler"
        return ""


class WorkerError(Exception):
    """A worker said that it cannot, or died."""


class Worker:
    """A process that holds one competitor and does nothing until it is asked.

    Parameters
    ----------
    entry : Entry
    kernel : str
        "default" or "tuned": the environment it starts with.
    """

    def __init__(self, entry: Entry, kernel: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the worker)
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), entry.target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**kernel_environment(kernel), "PYTHONPATH": python_path()},
        )

    def answer(self) -> dict[str, Any]:
        """Wait for an answer."""
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = self._errors.read().strip().splitlines()[-1:] or ["no message"]
            raise WorkerError(f"its process ended: {last[0]}")
        values = json.loads(line)
        if "error" in values:
            raise WorkerError(values["error"].splitlines()[0])
        return values

    def ask(self, method: str, **values: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        try:
            self._process.stdin.write(json.dumps({"method": method, **values}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # `answer` finds out why
        return self.answer()

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


def python_path() -> str:
    """Let workers import `mlp` from the folder above, whether it is installed or not."""
    return os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH", ""))))


def runners(entries: tuple[Entry, ...], kernels: Mapping[str, str]) -> dict[str, tuple[Entry, str]]:
    """Return who runs: OpenBLAS's users once for each kernel, the others once."""
    found = {}
    for entry in entries:
        if entry.missing():
            continue
        for kernel in kernels if entry.uses_openblas else list(kernels)[:1]:
            found[f"{entry.label} ({kernel})" if entry.uses_openblas else entry.label] = (
                entry,
                kernel,
            )
    return found


def start_workers(
    found: Mapping[str, tuple[Entry, str]], case: dict[str, Any]
) -> tuple[dict[str, Worker], dict[str, dict[str, Any]], dict[str, str]]:
    """Start all processes, then let one after the other build and warm what it measures.

    Returns
    -------
    workers, about, failures
        By name: those who are ready, what they say about themselves, and why the rest is not.
    """
    workers = {name: Worker(*runner) for name, runner in found.items()}
    about: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    for name, worker in workers.items():
        try:
            about[name] = {"memory_imported": worker.answer()["memory"]}
        except WorkerError as error:
            failures[name] = str(error)
    for name, worker in workers.items():
        if name in failures:
            continue
        try:
            about[name] |= worker.ask("build", case=case)
        except WorkerError as error:
            failures[name] = str(error)
    for name in failures:
        workers.pop(name).close()
    return workers, about, failures


def take_turns(
    workers: Mapping[str, Worker], repeats: int, at_least: float
) -> tuple[dict[str, list[float]], dict[str, dict[str, Any]]]:
    """Measure everyone in each round; every round begins with somebody else.

    Returns
    -------
    seconds, last
        By name: the seconds of an epoch in each round, and the last answer.
    """
    epochs = {
        name: worker.ask("calibrate", at_least=at_least)["epochs"]
        for name, worker in workers.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    last: dict[str, dict[str, Any]] = {}
    names = list(workers)
    for i in range(repeats):
        shift = i % len(names)
        for name in names[shift:] + names[:shift]:
            last[name] = workers[name].ask("measure", epochs=epochs[name])
            seconds[name].append(last[name]["seconds"])
    for name in workers:
        last[name]["epochs"] = epochs[name]
    return seconds, last
