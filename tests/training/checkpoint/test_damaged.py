"""Damaged checkpoints with valid checksums: rejected with nothing changed, or sound."""

import collections
import random
import re

import numpy as np
import pytest

import mlp
from mlp import (
    MLP,
    BatchNorm,
    Checkpoint,
    Dense,
    Dropout,
    EarlyStopping,
    FileFormatError,
    LayerRecorder,
    ReduceLROnPlateau,
    Trainer,
    TrainingDiverged,
)
from mlp.files import write_archive
from mlp.optim import Cosine
from mlp.training.checkpoint.checkpoint import read_run
from tests.training.checkpoint.damaged import damage
from tests.training.checkpoint.test_callback_states import Seen
from tests.training.kinds import interrupted_after
from tests.training.small import classes, numbers, state_of

X, y = classes(n=24)
_, Y = numbers(n=24)
HELD_OUT = (X[:6], y[:6])
EPOCHS = 5


def classifier():
    layers = [Dense(4, 5, "relu"), BatchNorm(), Dropout(0.2), Dense(5, 3, "softmax")]
    watching = [EarlyStopping(patience=3), ReduceLROnPlateau(patience=1)]
    callbacks = [Seen(), LayerRecorder(X[:8], most=2), *watching]
    net = MLP(layers, "cross_entropy", seed=1)
    options = {"batch_size": 8, "metrics": ["accuracy"], "clip_norm": 1.0}
    return Trainer(net, mlp.Adam(0.05), **options, callbacks=callbacks), y, HELD_OUT


def replicas():
    net = MLP.from_sizes([4, 5, 3], "tanh", dtype="float32", seed=1).replicate(3)
    rng = np.random.Generator(np.random.MT19937(3))
    callbacks = [EarlyStopping("loss", restore_best=False)]
    method = mlp.SGD(np.array([0.1, 1e30, 0.2]), momentum=0.9)
    return Trainer(net, method, batch_size=10, seed=rng, callbacks=callbacks), Y, None


def scheduled():
    net = MLP.from_sizes([4, 3], seed=1)
    method = mlp.RMSprop(Cosine(0.05, 40), momentum=0.9, centered=True)
    return Trainer(net, method, batch_size=None, shuffle=False, l2=0.1), Y, None


def fit_into(make, path):
    """Write the checkpoint of an unfinished run, in the middle of an epoch where there is one."""
    trainer, targets, held_out = make()
    trainer.callbacks += [Checkpoint(path), interrupted_after(8 if make is not scheduled else 3)]
    trainer.fit(X, targets, EPOCHS, validation=held_out)


def everything(trainer):
    stateful = [callback.state_dict() for callback in trainer.callbacks]
    net, scale = trainer.net, trainer.optimizer.lr_scale
    own = (net.fixed.tobytes(), net._rng.bit_generator.state, scale, trainer.alive.tolist())
    return repr((state_of(trainer), own, trainer.optimizer.lr, trainer.batch, stateful))


def resume(make, path):
    """Return how the resume of a damaged file ends, and why; fail if it must not end so."""
    trainer, targets, held_out = make()
    before = everything(trainer)
    try:
        trainer.resume(path, X, targets, EPOCHS, validation=held_out)
    except TrainingDiverged:
        outcome, reason = "resumed", ""
    except (ValueError, TypeError) as error:
        assert everything(trainer) == before
        return "rejected", reason_of(error)
    else:
        outcome, reason = "resumed", ""
        assert trainer.history.status in ("completed", "diverged")
    assert np.isfinite(trainer.net.theta).all()
    return outcome, reason


def reason_of(error):
    """Return why a file was rejected; raise an error that is not about a file."""
    if isinstance(error, FileFormatError):
        return error.reason
    if not re.search("is of another run: |^epochs: rec", str(error)):
        raise error
    return str(error)


def sweep(path, *callbacks):
    net = MLP.from_sizes([4, 3], seed=1)
    options = {"callbacks": callbacks, "checkpoint": path}
    return mlp.learning_rate_sweep(net, X, Y, [0.1, 1e300, 0.2], EPOCHS, 8, **options)


def begin_sweep(path):
    with pytest.raises(KeyboardInterrupt):
        sweep(path, interrupted_after(8))


def resume_sweep(path):
    try:
        result = sweep(path)
    except (ValueError, TypeError) as error:
        return "rejected", reason_of(error)
    assert result.losses.shape == (3, 1, EPOCHS + 1)
    assert np.isfinite(result.networks.theta).all()
    return "resumed", ""


KINDS = {
    "classifier": (lambda path: fit_into(classifier, path), lambda path: resume(classifier, path)),
    "replicas": (lambda path: fit_into(replicas, path), lambda path: resume(replicas, path)),
    "scheduled": (lambda path: fit_into(scheduled, path), lambda path: resume(scheduled, path)),
    "sweep": (begin_sweep, resume_sweep),
}


def assert_no_damage_does_harm(folder, kind, n, seed):
    make, take = KINDS[kind]
    path = folder / "run.npz"
    make(path)
    settings, state = read_run(path)
    assert take(path) == ("resumed", "")
    draw, counts, reasons = random.Random(seed), collections.Counter(), set()
    for i in range(n):
        # settings that differ are all found in one place, so most of the damage is to the state
        tree = {"settings": settings, "state": damage(state, draw)}
        if i % 10 == 0:
            tree = {"settings": damage(settings, draw), "state": state}
        try:
            write_archive(path, "mlp-checkpoint", 1, tree)
        except (ValueError, TypeError):  # no file can hold this tree
            counts["not written"] += 1
            continue
        try:
            outcome, reason = take(path)
        except BaseException as error:
            error.add_note(f"mutant {i} of {kind}, seed {seed}")
            raise
        counts[outcome] += 1
        reasons.add(re.sub(r"[\d'\"\[\](){}.-].*", "", reason)[:40])
    assert counts["rejected"] > 0.5 * n
    assert counts["resumed"] > 0.02 * n
    return counts, reasons


@pytest.mark.parametrize("kind", KINDS)
def test_no_damaged_checkpoint_does_anything_but_resume_or_change_nothing(tmp_path, kind):
    _, reasons = assert_no_damage_does_harm(tmp_path, kind, 50, seed=0)
    assert len(reasons) > 10  # the damage reaches every check, not the first one only


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_nor_does_one_of_five_thousand(tmp_path, kind):
    assert_no_damage_does_harm(tmp_path, kind, 1300, seed=1)
