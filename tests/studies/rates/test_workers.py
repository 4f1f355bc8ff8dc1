"""The workers of a sweep: their BLAS threads, and their end with the process that made them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mlp import MLP, learning_rate_sweep
from mlp.machine import blas_libraries, blas_thread_count, blas_threads, end_with_parent
from tests.processes import ROOT
from tests.spread import spread
from tests.studies.rates.sweeps import RATES, Threads

pytestmark = pytest.mark.slow

SPAWN = multiprocessing.get_context("spawn")


def processes(n):
    return ProcessPoolExecutor(n, mp_context=SPAWN)


@pytest.mark.skipif(not blas_libraries(), reason="threadpoolctl knows no BLAS here")
@pytest.mark.parametrize("make", [ThreadPoolExecutor, processes])
def test_no_worker_has_more_blas_threads_than_this_process(make):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(400, 60)), rng.normal(size=(400, 4))
    net = MLP.from_sizes([60, 200, 4], "tanh", dtype="float32", seed=0)
    with blas_threads(1):
        assert blas_thread_count() == 1
        here = learning_rate_sweep(net, X, Y, RATES, 2)
        with make(1) as executor:  # which might have all cores
            options = {"executor": executor, "callbacks": [Threads(1)]}
            there = learning_rate_sweep(net, X, Y, RATES, 2, **options)
    assert np.array_equal(here.networks.theta, there.networks.theta)
    assert np.array_equal(here.losses, there.losses)


def test_the_main_process_goes_on():
    before = threading.active_count()
    end_with_parent()
    assert threading.active_count() == before  # nothing waits to end this process


SWEEP = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from mlp import examples, learning_rate_sweep
from mlp.machine import end_with_parent
from tests.studies.rates.sweeps import Sleeper

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    initializer = end_with_parent if sys.argv[3] == "idle" else None
    with ProcessPoolExecutor(2, context, initializer) as executor:
        if initializer:
            executor.submit(Sleeper(sys.argv[2]).note).result()
            executor.submit(Sleeper(sys.argv[2]).sleep).result()
        example = examples.learning_rate_chart()
        options = {"executor": executor, "callbacks": [Sleeper(sys.argv[2])]}
        learning_rate_sweep(example.network, example.x, example.t, epochs=2, **options)
"""


def is_gone(pid):
    """Whether a process has ended; where nobody waits for it, it stays as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills the parent")
@pytest.mark.parametrize(
    ("context", "kind"), spread(product(["spawn", "fork"], ["training", "idle"]), 3)
)
def test_workers_end_when_their_parent_is_killed(tmp_path, context, kind):
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP)
    notes = tmp_path / "notes"
    notes.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script), context, str(notes), kind],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        n = 2 if kind == "training" else 1
        wait_for(lambda: len(list(notes.iterdir())) >= n or parent.poll() is not None)
        workers = [int(path.name) for path in notes.iterdir()]
        assert len(workers) >= n
        assert not any(map(is_gone, workers))
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: all(map(is_gone, workers)))
