"""A run that is continued from its checkpoint is the run that was never interrupted."""

import numpy as np
import pytest

from mlp import Checkpoint, EarlyStopping, LambdaCallback, ReduceLROnPlateau, Trainer
from tests.training.small import OPTIMIZERS, classes, classifier, optimizer, same_columns

DATA = classes()
HELD_OUT = classes(20, seed=3)
EPOCHS = 12
COLUMNS = ("loss", "val_loss", "val_accuracy", "lr", "grad_norm")


class KilledError(Exception):
    """Ends a run in the middle of anything."""


def trainer(path=None, name="adam", K=None, **options):
    """A trainer of a small network with all that has a state."""
    net = classifier(dropout=0.2)
    net, lr = (net, 0.05) if K is None else (net.replicate(K), np.linspace(0.01, 0.1, K))
    callbacks = [EarlyStopping(patience=3), ReduceLROnPlateau(patience=1)]
    if path is not None:
        callbacks.insert(0, Checkpoint(path, **options))
    return Trainer(
        net,
        optimizer(name, lr),
        batch_size=8,
        callbacks=callbacks,
        metrics=["accuracy"],
        clip_norm=1.0,
        l2=0.01,
    )


def kill_after(batches):
    """Return a callback that ends the run, before its checkpoint is written."""
    done = []

    def on_batch_end(trainer):
        done.append(trainer.batch)
        if len(done) == batches:
            raise KilledError

    return LambdaCallback(on_batch_end=on_batch_end)


@pytest.mark.parametrize("K", [None, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("often", [{}, {"every_batches": 1}])
def test_a_continued_run_is_the_run_that_was_never_interrupted(tmp_path, K, name, often):
    whole = trainer(name=name, K=K)
    whole.fit(*DATA, EPOCHS, validation=HELD_OUT)
    for batches in (1, 6, 7, 8, 20, 26):
        path = tmp_path / f"{batches}.npz"
        first = trainer(path, name, K, **often)
        first.callbacks.insert(0, kill_after(batches))
        with pytest.raises(KilledError):
            first.fit(*DATA, EPOCHS, validation=HELD_OUT)
        second = trainer(path, name, K, **often)
        second.net.initialize(99)  # the checkpoint brings the weights
        history = second.resume(path, *DATA, EPOCHS, validation=HELD_OUT)
        assert np.array_equal(second.net.theta, whole.net.theta)
        assert same_columns(history, whole.history, COLUMNS)
        assert history.status == "completed"
