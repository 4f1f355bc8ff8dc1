"""The losses of a sweep have one definition: `Trainer.training_loss`, bit for bit."""

import numpy as np
import pytest

from mlp import MLP, SGD, BatchNorm, Callback, Dense, Trainer, learning_rate_sweep

EPOCHS = 5


class TrainingLosses(Callback):
    def __init__(self):
        self.losses = []

    def on_start(self, trainer):
        self.losses.append(trainer.training_loss())

    def on_epoch_end(self, trainer):
        self.losses.append(trainer.training_loss())


def data(n):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 10)), rng.normal(size=(n, 3))


@pytest.mark.parametrize("options", [{}, {"l2": 0.01}, {"sample_weight": "some"}], ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [100, 256, 257, 700])
def test_the_losses_of_full_batches_are_those_of_history_and_of_training_loss(n, dtype, options):
    X, Y = data(n)
    net = MLP.from_sizes([10, 32, 3], "tanh", dtype=dtype, seed=0)
    weight = {"sample_weight": np.linspace(0.5, 1.5, n)} if "sample_weight" in options else {}
    options = {} if weight else options
    result = learning_rate_sweep(net, X, Y, [0.01, 0.1], EPOCHS, **options, **weight)
    for k, rate in enumerate(result.rates):
        losses = TrainingLosses()
        trainer = Trainer(net.copy(), SGD(rate), batch_size=None, callbacks=[losses], **options)
        history = trainer.fit(X, Y, EPOCHS, **weight)
        assert result.loss[k].tolist() == losses.losses
        assert result.loss[k, :-1].tolist() == history["loss"]
        assert result.loss[k] == pytest.approx(losses.losses, rel=1e-6)


@pytest.mark.parametrize("batch_size", [None, 64])
@pytest.mark.parametrize("kind", ["dropout", "normalised"])
def test_and_those_of_other_runs_are_those_of_training_loss(kind, batch_size):
    X, Y = data(300)
    middle = {"dropout": MLP.from_sizes([10, 8, 3], dropout=0.3, seed=0)}
    net = middle.get(kind) or MLP([Dense(10, 8, "relu"), BatchNorm(), Dense(8, 3)], "mse", seed=0)
    result = learning_rate_sweep(net, X, Y, [0.01, 0.1], EPOCHS, batch_size)
    for k, rate in enumerate(result.rates):
        losses = TrainingLosses()
        options = {"batch_size": batch_size, "callbacks": [losses]}
        trained = net.copy()
        Trainer(trained, SGD(rate), **options).fit(X, Y, EPOCHS)
        assert result.loss[k].tolist() == losses.losses
        assert losses.losses[-1] == pytest.approx(trained.evaluate(X, Y), rel=1e-12)
