"""Thousands of spoilt files: each is refused or is sound, and none takes much memory."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.files.fuzz import KINDS, outcome_of
from tests.files.mutants import MUTATIONS
from tests.processes import assert_runs

EXAMPLES = int(os.environ.get("FUZZ", "100"))  # `make fuzz` asks for many
KINDS_OF_MUTANTS = ("by_bytes", "by_text", "by_tree", "by_members")


def mutants(kind, files, seed):
    options = ("--kind", kind, "--files", files, "--seed", seed)
    return json.loads(assert_runs("-m", "tests.files.fuzz", *options))


def assert_no_mutant_does_harm(kind, files, seed):
    found = mutants(kind, files, seed)
    counts = found["counts"]
    assert sum(counts.values()) == files
    assert found["growth_mib"] < 200
    for mutation in KINDS_OF_MUTANTS:
        assert counts[f"{mutation} refused"] > files / 15
    assert sum(n for how, n in counts.items() if how.endswith("loaded")) > files / 200
    assert found["reasons"] > 30  # the mutants reach every check, not the first one only


@pytest.mark.parametrize(("kind", "files"), [("model", 1_300), ("checkpoint", 700)])
def test_no_mutant_does_anything_but_load_or_raise_a_file_format_error(kind, files):
    assert_no_mutant_does_harm(kind, files, seed=0)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "files"), [("model", 10_000), ("checkpoint", 10_000)])
def test_nor_does_one_of_twenty_thousand(kind, files):
    assert_no_mutant_does_harm(kind, files, seed=1)


@pytest.fixture(scope="module")
def starts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    return folder, {kind: sources(folder) for kind, (sources, _) in KINDS.items()}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), draw=st.randoms(use_true_random=False))
@pytest.mark.parametrize("kind", KINDS)
def test_no_mutant_that_hypothesis_finds_does(starts, kind, data, draw):
    folder, sources = starts
    source = data.draw(st.sampled_from(range(len(sources[kind]))), "source")
    mutate = data.draw(st.sampled_from(MUTATIONS), "mutation")
    mutate(folder / "mutant.npz", sources[kind][source], draw)
    outcome, reason = outcome_of(
        folder / "mutant.npz", sources[kind][source], mutate, KINDS[kind][1]
    )
    event(f"{mutate.__name__} {outcome}")
    assert (outcome == "loaded") == (not reason)


@pytest.mark.parametrize("make", ["np.empty", "np.ones"])
def test_the_measure_of_memory_sees_what_is_reserved_and_what_is_used(make):
    script = (
        "import numpy as np; from tests.files.fuzz import MIB, memory; before = memory()\n"
        f"a = {make}(300 * MIB, np.uint8); print((memory() - before) / MIB)"
    )
    if make == "np.empty" and not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells what is reserved")
    assert float(assert_runs("-c", script)) > 200
