"""Data that is read a batch at a time."""

import sys

import numpy as np
import pytest

import mlp
from mlp.training.data import Rows, is_row_source
from tests.processes import assert_runs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
Y = RNG.integers(0, 3, 50)


class Source:
    """Rows on request, as a file format of one's own would give them."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.asked = []

    def take(self, indices, axis):
        self.asked.append(len(indices))
        return self.array.take(indices, axis=axis)


def memory_map(tmp_path, array, mode="r"):
    path = tmp_path / "X.dat"
    array.tofile(path)
    return np.memmap(path, dtype=array.dtype, mode=mode, shape=array.shape)


def trained(X, **options):
    net = mlp.MLP.from_sizes([4, 5, 3], "tanh", "softmax", "cross_entropy", seed=0)
    trainer = mlp.Trainer(net, mlp.SGD(0.1), batch_size=8, **options)
    history = trainer.fit(X, Y, epochs=3)
    return net.theta, history["loss"]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16"])
def test_a_memory_map_trains_as_the_array_does(tmp_path, dtype, shuffle):
    array = (10 * X).astype(dtype)
    theta, losses = trained(array, shuffle=shuffle)
    mapped_theta, mapped_losses = trained(memory_map(tmp_path, array), shuffle=shuffle)
    assert np.array_equal(theta, mapped_theta)
    assert losses == mapped_losses


def test_a_source_is_asked_for_a_batch_at_a_time():
    source = Source(X)
    theta, _ = trained(source)
    assert np.array_equal(theta, trained(X)[0])
    assert max(source.asked) == 8


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_what_was_changed_in_a_map_is_still_there_when_it_has_been_read(tmp_path, mode):
    many = memory_map(tmp_path, np.zeros((5000, 4)), mode)
    many[7] = 1.5
    rows = Rows(many, 4, many.dtype)
    rows.gather(np.arange(5000), np.empty((5000, 4)))  # so many pages that they are handed back
    assert np.array_equal(many[7], [1.5] * 4)
    assert not many[8].any()


def test_an_array_in_memory_is_no_source():
    assert not is_row_source(X)
    assert not is_row_source(X.tolist())
    assert is_row_source(Source(X))


def test_a_row_of_a_source_that_is_not_finite_is_named():
    bad = X.copy()
    bad[37, 2] = np.nan
    with pytest.raises(ValueError, match="row 37"):
        trained(Source(bad))


def test_numbers_whose_sum_overflows_are_still_finite():
    rows = Rows(Source(np.full((4, 2), 1e308)), 2, np.dtype("float64"))
    out = np.empty((4, 2))
    with np.errstate(all="ignore"):
        assert (rows.gather(np.arange(4), out) == 1e308).all()


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (X[:, :3], ValueError, r"\(50, 3\), expected \(n, 4\)"),
        (X[:0], ValueError, r"\(0, 4\)"),
        (X.astype(complex), TypeError, "complex128"),
    ],
)
def test_a_source_that_does_not_fit_is_refused(array, error, message):
    with pytest.raises(error, match=message):
        Rows(Source(array), 4, np.dtype("float64"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads VmRSS from /proc")
def test_a_memory_map_larger_than_what_stays_resident_is_handed_back(tmp_path):
    path = tmp_path / "large.dat"
    with path.open("wb") as file:
        file.truncate(256 * 2**20)  # sparse: it takes no space on disk
    script = f"""
import re
from pathlib import Path
import numpy as np, mlp
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
X = np.memmap({str(path)!r}, dtype="float32", mode="r", shape=(2**18, 256))
net = mlp.MLP.from_sizes(
    [256, 4, 2], output="softmax", loss="cross_entropy", dtype="float32", seed=0
)
trainer = mlp.Trainer(net, mlp.SGD(0.1), batch_size=1024)
Y = np.zeros(len(X), np.int8)
before = peak()
trainer.fit(X, Y, epochs=1)
print(peak() - before)
"""
    assert float(assert_runs("-c", script)) < 190  # MiB
