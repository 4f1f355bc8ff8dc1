"""Trains in processes that are killed with -9 at random moments, each going on from the last.

python -m tests.training.killed FOLDER KILLS SEED

Every run is killed again and again until it is over; then its weights must be those of the run
that was never interrupted. Prints one line of JSON: how many processes were killed, how many in
the middle of writing, at how many different places, and how many runs came to their end.
"""

import itertools
import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from mlp import MLP, Checkpoint, Dense, Dropout, EarlyStopping, ReduceLROnPlateau, Trainer
from mlp.optim import make_optimizer
from mlp.studies.rates.sweep import learning_rate_sweep
from mlp.training.checkpoint.checkpoint import progress_of, read_run
from tests.training.small import OPTIMIZERS, classes

DATA, HELD_OUT = classes(n=200, n_in=40), classes(n=20, n_in=40, seed=3)
OFTEN = [{"every_batches": 1}, {"every_batches": 3}, {"every": 1}]


def layers():
    """Layers of so many weights that most of the time goes into writing them."""
    return [Dense(40, 200, "tanh"), Dropout(0.2), Dense(200, 60, "relu"), Dense(60, 3, "softmax")]


def train(path, kind):
    """Go on with a run; return its last weights and losses."""
    name, K, often = kind
    net, lr = MLP(layers(), "cross_entropy", dtype="float32", seed=1), 0.01
    if K is not None:
        net, lr = net.replicate(K), np.geomspace(0.001, 0.1, K)
    callbacks = [EarlyStopping(patience=8), ReduceLROnPlateau(patience=2)]
    callbacks += [] if path is None else [Checkpoint(path, **often)]
    trainer = Trainer(net, make_optimizer(name, lr=lr), batch_size=20, callbacks=callbacks)
    if path is None:
        history = trainer.fit(*DATA, 8, validation=HELD_OUT)
    else:
        history = trainer.resume(path, *DATA, 8, validation=HELD_OUT, missing_ok=True)
    return trainer.net.theta, np.array(history["loss"]), np.array(history["val_loss"])


def sweep(path, kind):
    """Go on with a sweep; return its last weights and losses."""
    import mlp.studies.rates.run as sweep_run

    sweep_run.SECONDS = 0.0
    net = MLP(layers(), "cross_entropy", dtype="float32", seed=1)
    found = learning_rate_sweep(
        net, *DATA, [0.001, 0.1], 8, 50, kind[0], validation=HELD_OUT, checkpoint=path
    )
    return found.networks.theta, found.losses, found.val_losses


def run_in_child(job, path, kind, seconds):
    """Run a job in a process that is killed after some seconds; return whether it came first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BLAS has threads, at rest now
        child = os.fork()
    if not child:
        try:
            job(path, kind)
        finally:
            os._exit(int(sys.exc_info()[0] is not None))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"{job.__name__} of {kind} failed"
            return True
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return not os.WIFSIGNALED(status)


def kill_again_and_again(job, path, kind, draw, once):
    """Kill a job until it is over; return the places it was at and how often it was writing."""
    places, torn = [], 0
    # longer and longer, for the machine may have become slow
    while not run_in_child(job, path, kind, draw.uniform(0.0, (12.0 + len(places)) * once)):
        torn += any(name.endswith(".tmp") for name in os.listdir(path.parent))
        if path.exists():  # and is whole, or this raises
            _, state = read_run(path)
            present = state["present"]
            places.append((progress_of(state).epoch, present["batch"] if present else 0))
        else:
            places.append(None)
    return places, torn


def duration(path):
    """How long it takes to write a checkpoint here."""
    begin = time.perf_counter()
    train(path, ("adam", None, {"every_batches": 1}))
    return (time.perf_counter() - begin) / 80


def main(folder, kills, seed):
    draw = random.Random(int(seed))
    folder, kills = Path(folder), int(kills)
    jobs = itertools.cycle([(train, None), (train, 2), (sweep, None)])
    once = duration(folder / "once.npz")
    places, torn, runs = [], 0, 0
    while len(places) < kills:
        job, K = next(jobs)
        kind = (draw.choice(OPTIMIZERS), K, draw.choice(OFTEN))
        path = folder / str(runs) / "run.npz"
        path.parent.mkdir()
        found, writing = kill_again_and_again(job, path, kind, draw, once)
        places += found
        torn += writing
        runs += 1
        for mine, its in zip(job(path, kind), job(None, kind), strict=True):
            assert mine.tobytes() == its.tobytes(), f"{job.__name__} of {kind} is another run"
        assert os.listdir(path.parent) == ["run.npz"], "what was left behind is gone"
    found = {"kills": len(places), "torn": torn, "places": len(set(places)), "runs": runs}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
