"""Mutates files and reads each: a FileFormatError or what is sound, in little memory.

python -m tests.files.fuzz --kind checkpoint --files 1000000 --seed 1

Half of the mutants are changed as bytes, and each of these must be refused. In the other half a
description or an array is changed and the archive is written again with right names, sizes and
checksums, so that what lies behind these is reached. Prints one line of JSON; on a failure the
mutant is kept and named.
"""

import argparse
import collections
import json
import random
import re
import resource
import sys
import tempfile
from pathlib import Path

from mlp import Ensemble, FileFormatError
from mlp.files import describe, read_model, rebuild
from mlp.training.checkpoint.checkpoint import read_run
from tests.files.forge import ENSEMBLES, METADATA, NETWORKS, assert_same
from tests.files.mutants import MUTATIONS, by_bytes, source_of
from tests.files.runs import RUNS, assert_same_state, go_on, write

MIB = 1 << 20


def models(folder):
    """Return model files to start from."""
    found = []
    for make in (*NETWORKS.values(), *ENSEMBLES.values()):
        for metadata in (None, METADATA):
            make().save(folder / "source.npz", metadata)
            found.append(source_of(folder / "source.npz"))
    return found


def checkpoints(folder):
    """Return checkpoints to start from."""
    found = []
    for name in RUNS:
        write(folder / "source.npz", RUNS[name](filled=True))
        found.append(source_of(folder / "source.npz") | {"run": name})
    return found


def assert_sound_model(path, source):
    """Fail unless what is loaded is a sound network."""
    net, _ = read_model(path)
    if isinstance(net, Ensemble):
        again = path.with_name("again.npz")
        net.save(again)
        assert_same(net, read_model(again)[0])
    else:
        assert_same(net, rebuild(describe(net)))


def assert_sound_checkpoint(path, source):
    """Fail unless a run goes on from just what the file says."""
    run = RUNS[source["run"]](filled=False)
    before = run.trainer.net.theta.tobytes()
    try:
        go_on(path, run)
    except ValueError:
        assert run.trainer.net.theta.tobytes() == before
        assert len(run.trainer.history.epochs) == run.trainer.epoch == 0
        raise
    again = path.with_name("again.npz")
    write(again, run)
    assert_same_state(read_run(path)[1], read_run(again)[1])


KINDS = {
    "model": (models, assert_sound_model),
    "checkpoint": (checkpoints, assert_sound_checkpoint),
}


def outcome_of(path, source, mutate, assert_sound):
    """Return how the reading of a mutant ends, and why; fail if it must not end so."""
    try:
        assert_sound(path, source)
    except FileFormatError as error:
        return "refused", error.reason
    except ValueError as error:
        if mutate is by_bytes or not re.search("is of another run: |^epochs: rec", str(error)):
            raise
        return "of another run", str(error)
    if mutate is by_bytes:
        assert path.read_bytes() == source["data"]  # not a byte of a file may differ
    return "loaded", ""


def memory():
    """Return the most memory this process has had, in bytes: reserved on Linux, else resident."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmPeak:\s+(\d+) kB", status.read_text())[1]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def fuzz(kind, files, seed, folder):
    """Read mutants; return how many of which outcome there were, and the growth of memory."""
    sources, assert_sound = KINDS[kind]
    starts = sources(folder)
    path = folder / "mutant.npz"
    counts = collections.Counter()
    reasons = set()
    draw = random.Random(seed)
    before = memory()
    for i in range(files):
        source, mutate = starts[i % len(starts)], draw.choice(MUTATIONS)
        mutate(path, source, draw)
        try:
            outcome, reason = outcome_of(path, source, mutate, assert_sound)
        except BaseException as error:
            error.add_note(f"mutant {i} of seed {seed} is kept as {keep(path)}")
            raise
        reasons.add(re.sub(r"[\d'\"\[\](){}.-].*", "", reason)[:40])
        counts[f"{mutate.__name__} {outcome}"] += 1
    growth = (memory() - before) / MIB
    return {"files": files, "counts": counts, "reasons": len(reasons), "growth_mib": growth}


def keep(path):
    """Copy a mutant to where it stays."""
    with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
        file.write(path.read_bytes())
    return file.name


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, default="model")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(options.kind, options.files, options.seed, Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
