"""The runs of `mlp.sweep`, one by one by a plain `Trainer`, which they must equal."""

import copy

import numpy as np

from mlp import MLP, Dropout, EarlyStopping, Trainer, TrainingDiverged
from mlp.optim import make_optimizer, make_schedule

BETAS = ("beta1", "beta2")
OF_NET = ("hidden", "activation", "normalization", "loss", "dropout")
OF_TRAINER = ("l1", "l2", "clip_norm", "batch_size", "seed")


def data(n=70, n_in=5, n_out=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_in)), rng.integers(0, n_out, n)


def network(dtype="float64", **options):
    options = {"dropout": 0.2, "normalization": "batch", "seed": 3, "dtype": dtype} | options
    return MLP.from_sizes([5, 8, 3], "tanh", "softmax", "cross_entropy", **options)


def optimizer_of(default, values, n_steps):
    method = values.get("optimizer", default)
    own = make_optimizer(method)
    options = {name: getattr(own, name) for name in own.hyperparameters}
    options |= {name: values[name] for name in own.hyperparameters if name in values}
    if set(BETAS) & set(values):
        options["betas"] = tuple(values.get(n, b) for n, b in zip(BETAS, own.betas, strict=True))
    lr = values.get("lr", own.lr)
    if "schedule" in values:
        lr = make_schedule(values["schedule"], lr, n_steps)
    return type(own)(lr=lr, **options)


def run_alone(net, values, epochs, optimizer="sgd", validation=None, callbacks=(), **options):
    """Train a copy of a network with these parameters; return it and its trainer."""
    net = net.copy()
    for layer in net.layers:
        if isinstance(layer, Dropout) and "dropout" in values:
            layer.rate = values["dropout"]
    X, y = data()
    options = {"batch_size": 32, "seed": 0} | options
    options |= {name: values[name] for name in OF_TRAINER if name in values}
    n_steps = epochs * -(-len(X) // (options["batch_size"] or len(X)))
    method = optimizer_of(optimizer, values, n_steps)
    trainer = Trainer(net, method, callbacks=copy.deepcopy(list(callbacks)), **options)
    try:
        trainer.fit(X, y, epochs, validation=validation)
    except TrainingDiverged as error:
        trainer.diverged_at = error.epoch
    return net, trainer


def assert_runs_are_those_alone(runs, net, epochs, networks=None, **options):
    """Fail unless each run has the bits of a trainer with its parameters.

    `networks` returns the first network for some parameters and an initialisation.
    """
    starts = [net]
    for s in range(1, runs.seeds):
        fresh = net.copy()
        fresh.initialize(np.random.default_rng([options.get("seed", 0), s]))
        starts.append(fresh)
    for k in range(len(runs)):
        values, s = runs.parameters[k // runs.seeds], k % runs.seeds
        first = starts[s] if networks is None else networks(values, s)
        own, trainer = run_alone(first, values, epochs, **options)
        history = runs.history(k)
        assert len(history.epochs) == len(trainer.history.epochs)
        assert runs.diverged_at[k] == getattr(trainer, "diverged_at", 0)
        for name in set(trainer.history) - {"seconds"}:
            assert history[name] == trainer.history[name]
        found = runs.network(k)
        assert np.array_equal(found.theta, own.theta)
        assert np.array_equal(found.fixed, own.fixed)
        assert list(map(repr, found.layers)) == list(map(repr, own.layers))
        for callback in trainer.callbacks:
            if isinstance(callback, EarlyStopping):
                assert runs.kept_epoch[k] == callback.best_epoch
