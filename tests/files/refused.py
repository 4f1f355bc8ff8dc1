"""What holds for every file that is refused."""

import time
import tracemalloc

import pytest

import mlp
from mlp import FileFormatError

MIB = 1 << 20


def assert_refused(path, reason, most=16 * MIB, seconds=20.0):
    """Fail unless the file is refused for this reason, in bounded memory and time."""
    begin = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=reason) as caught:
            mlp.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert len(caught.value.reason) < 1000
    assert peak < most
    assert time.process_time() - begin < seconds
