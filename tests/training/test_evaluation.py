"""What is measured after each epoch: the bits of `MLP.evaluate`, and data too large for memory."""

import numpy as np
import pytest

from mlp import SGD, EarlyStopping, LambdaCallback, Trainer, find_learning_rate
from tests.training.small import classifier, same_columns

rng = np.random.default_rng(0)
X, y = rng.normal(size=(2500, 4)), rng.integers(0, 3, 2500)  # several blocks, the last one short
WEIGHT = rng.uniform(size=2500)


class Source:
    """Rows that are read only where they are asked for."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.longest = array, array.shape, array.dtype, 0

    def take(self, indices, axis):
        self.longest = max(self.longest, len(indices))
        return self.array.take(indices, axis=axis)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("Y", [y, np.eye(3)[y]])
def test_the_losses_have_the_bits_of_evaluate(Y, dtype):
    net, seen = classifier(dtype), []
    look = LambdaCallback(on_epoch_end=lambda trainer: seen.append(trainer.training_loss()))
    trainer = Trainer(net, SGD(0.1), l2=0.1, callbacks=[look], metrics=["accuracy"])
    history = trainer.fit(X, Y, 1, sample_weight=WEIGHT, validation=(X[:1500], Y[:1500]))
    assert seen == [net.evaluate(X, Y, WEIGHT, penalty=trainer.penalty)]
    assert history["val_loss"] == [net.evaluate(X[:1500], Y[:1500])]
    assert history["val_accuracy"] == [(net.predict(X[:1500]).argmax(axis=1) == y[:1500]).mean()]


def test_data_that_is_read_a_batch_at_a_time_is_measured_so_too():
    sources, runs = (Source(X), Source(X[:1500])), []
    for data, held_out in (sources, (X, X[:1500])):
        net, stopping = classifier(), EarlyStopping("loss")
        trainer = Trainer(net, SGD(0.1), callbacks=[stopping], metrics=["accuracy"])
        runs.append(trainer.fit(data, y, 3, validation=(held_out, y[:1500])))
        without = Trainer(classifier(), metrics=["accuracy"]).fit(data, y)
        runs.append([stopping.best, net.theta.tolist(), without["accuracy"]])
    assert same_columns(runs[0], runs[2], ("loss", "val_loss", "val_accuracy"))
    assert runs[1] == runs[3]
    assert max(source.longest for source in sources) <= 1024


def test_a_learning_rate_is_found_for_such_data_too():
    source = Source(X)
    found = find_learning_rate(classifier(), source, y)
    assert np.array_equal(found.losses, find_learning_rate(classifier(), X, y).losses)
    assert source.longest <= 1024
