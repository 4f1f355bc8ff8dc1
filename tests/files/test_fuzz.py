"""Twenty thousand spoilt files: each is refused or is sound, and none takes much memory."""

import json
from pathlib import Path

import pytest

from tests.processes import assert_runs


@pytest.mark.parametrize("seed", ["0", "1"])
def test_no_mutant_does_anything_but_load_or_raise_a_file_format_error(seed):
    found = json.loads(assert_runs("-m", "tests.files.fuzz", "--files", "10000", "--seed", seed))
    counts = found["counts"]
    assert sum(counts.values()) == 10_000
    assert found["growth_mib"] < 200
    for kind in ("by_bytes", "by_text", "by_tree", "by_members"):
        assert counts[f"{kind} refused"] > 1000
    assert sum(n for kind, n in counts.items() if kind.endswith("loaded")) > 50
    assert found["reasons"] > 30  # the mutants reach every check, not the first one only


@pytest.mark.parametrize("make", ["np.empty", "np.ones"])
def test_the_measure_of_memory_sees_what_is_reserved_and_what_is_used(make):
    script = (
        "import numpy as np; from tests.files.fuzz import MIB, memory; before = memory()\n"
        f"a = {make}(300 * MIB, np.uint8); print((memory() - before) / MIB)"
    )
    if make == "np.empty" and not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells what is reserved")
    assert float(assert_runs("-c", script)) > 200
