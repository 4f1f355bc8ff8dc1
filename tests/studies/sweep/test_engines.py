"""A sweep by any executor is, bit for bit, the sweep without one."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import MLP, Callback, EarlyStopping
from tests.studies.sweep.runs_alone import data, network

pytestmark = pytest.mark.slow

X, Y = data()
HELD_OUT = data(n=20, seed=1)
PARAMETERS = {"lr": [0.01, 0.1, 1e300], "momentum": [0.0, 0.9], "hidden": [(8,), (4, 3)]}


def swept(executor=None, more=(), **options):
    callbacks = [EarlyStopping(patience=2), *more]
    watched = {"validation": HELD_OUT, "metrics": ["accuracy"], "callbacks": callbacks}
    return mlp.sweep(
        network(), X, Y, PARAMETERS, 4, seeds=2, executor=executor, **watched, **options
    )


def assert_same(one, other):
    assert one.status == other.status
    assert one.kept_epoch.tolist() == other.kept_epoch.tolist()
    for name in set(one.columns) - {"seconds"}:
        assert np.array_equal(one.columns[name], other.columns[name], equal_nan=True)
    for k in range(len(one)):
        assert np.array_equal(one.network(k).theta, other.network(k).theta)
        assert np.array_equal(one.network(k).fixed, other.network(k).fixed)


@pytest.fixture(scope="module")
def expected():
    return swept()


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads(expected, workers):
    with ThreadPoolExecutor(workers) as executor:
        assert_same(swept(executor), expected)


def test_processes(expected):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert_same(swept(executor), expected)


@pytest.mark.long
def test_loky(expected):
    loky = pytest.importorskip("loky")
    executor = loky.ProcessPoolExecutor(2)
    try:
        assert_same(swept(executor), expected)
    finally:
        executor.shutdown()


class OnlySubmit:
    """An executor with nothing else; its tasks run when they are submitted."""

    def __init__(self, fails=lambda n, args: None):
        self.n, self.fails = 0, fails

    def submit(self, function, *args):
        self.n += 1
        future = Future()
        try:
            error = self.fails(self.n, args)
            if error is not None:
                raise error
            future.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 - that of a task belongs to its future
            future.set_exception(error)
        return future


def test_an_object_with_submit_is_enough(expected):
    assert_same(swept(OnlySubmit()), expected)


def test_tasks_that_fail_are_repeated(expected):
    executor = OnlySubmit(lambda n, args: OSError("lost") if n % 2 else None)
    assert_same(swept(executor), expected)


def test_runs_that_fail_again_and_again_are_marked(expected):
    def holds_run_0(n, args):
        return OSError("lost") if any(0 in job.stack.runs for job in args[1]) else None

    found = swept(OnlySubmit(holds_run_0))
    failed = [k for k, word in enumerate(found.status) if word == "failed"]
    assert 0 < len(failed) < len(found)
    assert set(found.errors.values()) == {"OSError: lost"}
    assert sorted(found.errors) == failed
    for k in set(range(len(found))) - set(failed):
        assert np.array_equal(found.network(k).theta, expected.network(k).theta)
    assert found.best.run not in failed
    assert mlp.SweepRuns.from_json(found.to_json()).errors == found.errors
    assert np.isnan(found.columns["loss"][failed]).all()


def test_if_every_run_fails_the_error_is_raised():
    executor = OnlySubmit(lambda n, args: OSError("lost"))
    with pytest.raises(OSError, match="lost"):
        swept(executor)
    assert executor.n % 3 == 0


class Killer(Callback):
    """Kills its process in the second epoch, once for all processes."""

    def __init__(self, folder):
        self.mark = str(Path(folder, "killed"))

    def on_epoch_end(self, trainer):
        if trainer.epoch == 2:
            try:
                os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.long
def test_a_worker_of_loky_is_killed(expected, tmp_path):
    """Its executor is broken then; what is left is marked, and resumed with another."""
    loky = pytest.importorskip("loky")
    options = {"more": [Killer(tmp_path)], "checkpoint": tmp_path / "sweep.npz"}
    executor = loky.ProcessPoolExecutor(2)
    try:
        swept(executor, **options)
    except Exception:  # noqa: BLE001 - the kind belongs to loky
        pass
    finally:
        executor.shutdown(wait=False, kill_workers=True)
    assert (tmp_path / "killed").exists()
    assert_same(swept(None, **options), expected)


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore")
def test_dask(expected, cluster):
    with cluster.get_executor() as executor:
        assert_same(swept(executor), expected)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_a_worker_of_dask_is_killed(expected, cluster, tmp_path):
    with cluster.get_executor() as executor:
        found = swept(executor, [Killer(tmp_path)])
    assert (tmp_path / "killed").exists()
    assert_same(found, expected)


SCRIPTS = Path(__file__).parents[3] / "docs/howto/engines"


def assert_script_prints_the_table(command, folder):
    """Fail unless a script of the how-to page writes what a sweep without an executor finds."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    found = subprocess.run(
        command, cwd=folder, env=environment, check=True, timeout=300, capture_output=True
    )
    train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    net = MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    parameters = {"lr": [0.03, 0.1, 0.3], "momentum": [0.0, 0.9]}
    here = mlp.sweep(net, *train, parameters, epochs=2, validation=tuple(held_out))
    here.to_csv(folder / "here.csv")
    texts = [(folder / name).read_text().splitlines() for name in ("runs.csv", "here.csv")]
    with_seconds, without = ([line.rpartition(",")[0] for line in text] for text in texts)
    assert with_seconds == without
    assert str(here) in found.stdout.decode()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_the_script_for_dask(cluster, tmp_path):
    address = cluster.scheduler_info()["address"]
    command = [sys.executable, str(SCRIPTS / "dask_sweep.py"), address]
    assert_script_prints_the_table(command, tmp_path)


@pytest.mark.long
def test_the_script_for_mpi(tmp_path):
    pytest.importorskip("mpi4py")
    if shutil.which("mpiexec") is None:
        pytest.skip("mpiexec is missing")
    command = ["mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures"]
    assert_script_prints_the_table([*command, str(SCRIPTS / "mpi_sweep.py")], tmp_path)


@pytest.mark.long
def test_the_script_for_slurm_by_the_test_executor_of_executorlib(tmp_path):
    pytest.importorskip("h5py")
    pytest.importorskip("executorlib.api")
    start = tmp_path / "start.py"  # there is no Slurm here
    start.write_text(
        "import runpy, executorlib, executorlib.api\n"
        "executorlib.SlurmClusterExecutor = executorlib.api.TestClusterExecutor\n"
        "if __name__ == '__main__':\n"
        f"    runpy.run_path({str(SCRIPTS / 'slurm_sweep.py')!r}, run_name='__main__')\n"
    )
    assert_script_prints_the_table([sys.executable, str(start)], tmp_path)


def test_chunks_grow_with_the_measured_cost():
    sizes = []

    class Fast(OnlySubmit):
        def submit(self, function, work, jobs, parent):
            sizes.append(len(jobs))
            return super().submit(function, work, jobs, parent)

    executor = Fast()
    executor._max_workers = 1
    parameters = {"lr": np.geomspace(0.01, 0.1, 30), "seed": list(range(30))}
    net = network(dropout=0.0, normalization=None)
    mlp.sweep(net, X[:8], Y[:8], parameters, 1, executor=executor)
    assert sizes[0] == 1
    assert max(sizes) > 5
    assert sum(sizes) == 30


@pytest.mark.parametrize("executor", [3, "pool", ThreadPoolExecutor], ids=str)
def test_what_is_no_executor_is_rejected(executor):
    with pytest.raises(TypeError, match="executor: received"):
        swept(executor)
