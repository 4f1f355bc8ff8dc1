"""Runs `mlp train --resume` in processes that are killed with -9 at random moments.

python -m tests.cli.killed FOLDER KILLS SEED

The command is killed again and again until it is over; then it must have written what it writes
when nothing interrupts it. Prints one line of JSON, as tests.training.killed does.
"""

import contextlib
import io
import itertools
import json
import os
import random
import sys
import time
from pathlib import Path

from mlp.cli import main as run
from mlp.cli import trainer
from mlp.training import Checkpoint
from tests.cli.small_tables import flowers, write_csv
from tests.training.killed import kill_again_and_again

ALWAYS = "--ignore id --one-hot colour --standardize --layers 200,100 --epochs 8 --batch-size 8"
KINDS = [
    "--target kind --dropout 0.2 --optimizer adam --early-stopping 30 --reduce-lr 2",
    "--target price --one-hot kind --optimizer sgd --momentum 0.9 --lr 0.01",
    "--target kind --class-weight balanced --optimizer rmsprop --dtype float32 --schedule cosine",
]
TORN = 2  # so many of the kills are to come in the middle of writing
MOST_RUNS = 20
WITH_SECONDS = {"history.csv", "history.json"}  # that it took, and so never the same


def train(checkpoint, kind):
    """Run the command, or go on with it; all that it writes is beside the checkpoint."""
    table, out, *options = kind
    command = ["train", table, "--out", str(out), *ALWAYS.split(), *options]
    if checkpoint is not None:
        command += ["--checkpoint", str(checkpoint), "--resume"]
    with contextlib.redirect_stdout(io.StringIO()):
        code = run(command)
    assert code == 0, f"{command} ended with {code}"


def assert_same(folder, whole):
    """What was killed has written the same as what was not, and has left nothing else behind."""
    files = set(os.listdir(whole))
    assert files >= {"model.npz", "held_out.csv", "history.png", *WITH_SECONDS}
    assert set(os.listdir(folder)) == {*files, "run.npz"}
    for name in files - WITH_SECONDS:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), f"{folder}: {name}"


def main(folder, kills, seed):
    # as if a batch took seconds
    trainer.Checkpoint = lambda path, **_: Checkpoint(path, every_batches=1)
    draw, folder = random.Random(int(seed)), Path(folder)
    table = write_csv(folder / "flowers.csv", flowers())
    places, torn, runs = [], 0, 0
    for kind in itertools.cycle(KINDS):
        enough = len(places) >= int(kills) and torn >= TORN and runs >= len(KINDS)
        if enough or runs >= MOST_RUNS:
            break
        whole, out = folder / f"whole {runs}", folder / str(runs)
        out.mkdir()
        begin = time.perf_counter()
        train(None, [table, whole, *kind.split()])
        once = (time.perf_counter() - begin) / 12
        found, writing = kill_again_and_again(
            train, out / "run.npz", [table, out, *kind.split()], draw, once
        )
        assert_same(out, whole)
        places += found
        torn += writing
        runs += 1
    found = {"kills": len(places), "torn": torn, "places": len(set(places)), "runs": runs}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
