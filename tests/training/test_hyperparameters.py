"""Every hyperparameter may differ between replicas: each is, bit for bit, its run alone."""

import numpy as np
import pytest

from mlp import MLP, Dense, Dropout, EarlyStopping, Penalty, Trainer, TrainingDiverged, load, optim
from mlp.optim import make_optimizer, optimizer_from_config
from tests.training.small import DTYPES, classes

K = 4  # the last diverges
NUMBERS = {
    "lr": (0.05, 0.01, 0.002),
    "momentum": (0.0, 0.5, 0.9),
    "alpha": (0.5, 0.9, 0.99),
    "beta1": (0.0, 0.7, 0.95),
    "beta2": (0.5, 0.99, 0.9999),
    "eps": (1e-8, 1e-3, 0.1),
    "lr_decay": (0.0, 0.01, 0.3),
    "initial_accumulator": (0.0, 0.1, 1.0),
    "weight_decay": (0.0, 0.01, 0.5),
    "l1": (0.0, 0.001, 0.1),
    "l2": (0.0, 0.01, 0.3),
    "clip_norm": (np.inf, 0.5, 0.05),
    "dropout": (0.05, 0.2, 0.5),
}
COMMON = ("l1", "l2", "clip_norm", "dropout")
OF_OPTIMIZER = {
    "sgd": ("lr", "momentum"),
    "nesterov": ("lr", "momentum"),
    "rmsprop": ("lr", "alpha", "eps", "momentum"),
    "centered": ("lr", "alpha", "eps", "momentum"),
    "adagrad": ("lr", "lr_decay", "initial_accumulator", "eps"),
    "adam": ("lr", "beta1", "beta2", "eps"),
    "adamw": ("lr", "beta1", "beta2", "eps", "weight_decay"),
}
CASES = [(o, name) for o, own in OF_OPTIMIZER.items() for name in (*own, *COMMON)]


def method(optimizer, values):
    """Return the optimizer with these hyperparameters, numbers or arrays."""
    options = {"lr": values.get("lr", 0.02)}
    if optimizer == "centered":
        optimizer, options["centered"] = "rmsprop", True
    options |= {n: v for n, v in values.items() if n not in (*COMMON, "beta1", "beta2")}
    if {"beta1", "beta2"} & set(values):
        options["betas"] = (values.get("beta1", 0.9), values.get("beta2", 0.999))
    return make_optimizer(optimizer, **options)


def network(dtype, sizes=(4, 6, 3), dropout=0.2):
    options = {"normalization": "batch", "dropout": dropout, "dtype": dtype, "seed": 1}
    return MLP.from_sizes(list(sizes), "tanh", "softmax", "cross_entropy", **options)


def dropout_of(net):
    return next(layer for layer in net.layers if isinstance(layer, Dropout))


def trainer_of(net, optimizer, values):
    stopping = EarlyStopping(patience=1)
    if "dropout" in values:
        dropout_of(net).rate = values["dropout"]
    penalties = {name: values[name] for name in ("l1", "l2") if name in values}
    clip = values.get("clip_norm")
    clip = None if np.ndim(clip) == 0 and clip == np.inf else clip
    options = {"batch_size": 16, "seed": 2, "callbacks": [stopping], "clip_norm": clip}
    return Trainer(net, method(optimizer, values), **options, **penalties), stopping


def assert_each_is_its_run_alone(optimizer, values, make, dtype, epochs=3):
    X, y = classes(n=34)  # batches of 16, 16 and 2 rows
    held_out = classes(n=10, seed=3)
    net = make(dtype).replicate(K)
    arrays = {name: np.array(column) for name, column in values.items()}
    trainer, stopping = trainer_of(net, optimizer, arrays)
    history = trainer.fit(X, y, epochs, validation=held_out)
    for k in range(K):
        diverged = 0
        own = {name: float(column[k]) for name, column in values.items()}
        alone = make(dtype)
        single, single_stopping = trainer_of(alone, optimizer, own)
        try:
            single.fit(X, y, epochs, validation=held_out)
        except TrainingDiverged as error:
            diverged = error.epoch
        assert diverged == (history.diverged_at[k] if history.diverged_at else 0)
        n = len(single.history.epochs)
        for name in ("loss", "val_loss", "grad_norm") if n else ():
            assert [entry[k] for entry in history[name]][:n] == single.history[name]
        assert np.array_equal(net.theta[k], alone.theta)
        assert np.array_equal(net.fixed[k], alone.fixed)
        assert stopping.best_epoch[k] == single_stopping.best_epoch
        assert np.array_equal(stopping.best[k], single_stopping.best, equal_nan=True)
    return history, net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("optimizer", "name"), CASES)
def test_each_replica_is_its_run_alone(optimizer, name, dtype):
    values = {name: (*NUMBERS[name], NUMBERS[name][1])}
    if optimizer == "nesterov" and name == "momentum":
        values[name] = (0.3, 0.5, 0.9, 0.9)
    huge = 1e35 if dtype == "float32" else 1e300
    values["lr"] = (*values.get("lr", (0.02,) * K)[:3], huge)
    history, net = assert_each_is_its_run_alone(optimizer, values, network, dtype)
    assert history.diverged_at[:3] == [0, 0, 0]
    assert history.diverged_at[3] > 0
    assert not np.array_equal(net.theta[0], net.theta[2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(4, 6, 3), (4, 2, 3), (4, 3)], ids=str)
def test_all_at_once_are_their_runs_alone(sizes, dtype):
    """Also of tiny networks, whose replicas lie differently in memory."""
    names = (*OF_OPTIMIZER["adamw"], *COMMON)
    values = {name: (*NUMBERS[name], NUMBERS[name][0]) for name in names}
    if len(sizes) == 2:
        del values["dropout"]
    assert_each_is_its_run_alone("adamw", values, lambda d: network(d, sizes), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_of_the_inputs_differs_between_replicas(dtype):
    def make(dtype):
        layers = [Dropout(0.1), Dense(4, 6, "tanh"), Dense(6, 3, "softmax")]
        return MLP(layers, "cross_entropy", dtype=dtype, seed=1)

    assert_each_is_its_run_alone("sgd", {"dropout": (0.1, 0.3, 0.5, 0.7)}, make, dtype)


def test_arrays_of_equal_numbers_are_the_number():
    X, y = classes()
    runs = []
    for wrap in (float, lambda number: np.full(3, number)):
        values = {name: wrap(NUMBERS[name][1]) for name in (*OF_OPTIMIZER["adamw"], *COMMON)}
        net = network("float32").replicate(3)
        trainer_of(net, "adamw", values)[0].fit(X, y, 2, validation=(X, y))
        runs.append(net.theta)
    assert np.array_equal(*runs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1": [0.1, 0.2]}, r"l1: received shape \(2,\), expected a float or shape \(3,\)"),
        ({"l2": [0.1, -0.2, 0.3]}, "l2: received .*-0.2"),
        ({"clip_norm": [0.1, 0.2]}, r"clip_norm: received shape \(2,\)"),
        ({"clip_norm": [0.1, 0.0, 0.2]}, "clip_norm: received"),
        ({"clip_norm": [0.1, np.nan, 0.2]}, "clip_norm: received"),
        ({"l2": [np.inf, 0.1, 0.2]}, "l2: received"),
    ],
)
def test_numbers_that_do_not_fit_the_replicas_are_rejected(options, message):
    with pytest.raises(ValueError, match=message):
        Trainer(network("float64").replicate(3), **options)


def test_arrays_for_a_single_network_are_rejected():
    net, (X, y) = network("float64"), classes()
    with pytest.raises(ValueError, match=r"l2: received shape \(2,\), expected a float"):
        Trainer(net, l2=[0.1, 0.2])
    with pytest.raises(ValueError, match=r"l2: received shape \(2,\), expected a float"):
        net.evaluate(X, y, penalty=Penalty(l2=[0.1, 0.2]))
    with pytest.raises(ValueError, match=r"rate: received shape \(2,\), expected a float"):
        dropout_of(net).rate = [0.1, 0.2]
    with pytest.raises(ValueError, match=r"rate: received shape \(2,\), expected a float"):
        MLP([Dropout([0.1, 0.2]), Dense(4, 3)])
    trainer = Trainer(net, method("sgd", {"momentum": [0.1, 0.2]}))
    with pytest.raises(ValueError, match=r"momentum: received shape \(2,\), expected a float"):
        trainer.fit(X, y)
    trainer = Trainer(net, method("adam", {"beta2": [0.1, 0.2]}))
    with pytest.raises(ValueError, match=r"betas\[1\]: received shape \(2,\), expected a float"):
        trainer.fit(X, y)


def test_a_rate_of_zero_beside_others_is_rejected_because_it_draws_no_numbers():
    net = network("float64").replicate(2)
    with pytest.raises(ValueError, match=r"rate: received 0.0 for some"):
        dropout_of(net).rate = [0.0, 0.2]


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adamw"])
def test_the_config_of_an_optimizer_with_arrays_makes_it_again(name):
    values = {key: NUMBERS[key] for key in OF_OPTIMIZER[name]}
    one = method(name, values)
    again = optimizer_from_config(one.config())
    assert again.config() == one.config()
    assert eval(repr(one), vars(optim)).config() == one.config()


def test_momentum_that_is_set_between_two_fits_counts():
    X, y = classes()
    net = network("float64")
    trainer = Trainer(net, make_optimizer("sgd", lr=0.1))
    trainer.fit(X, y)
    trainer.optimizer.momentum = 0.9
    trainer.fit(X, y)
    assert trainer.optimizer.state["velocity"].any()


def test_a_network_with_a_rate_for_each_replica_is_saved_and_read(tmp_path):
    net = network("float64").replicate(2)
    dropout_of(net).rate = [0.1, 0.2]
    net.save(tmp_path / "net.npz")
    again = load(tmp_path / "net.npz")
    assert dropout_of(again).rate.tolist() == [0.1, 0.2]
    assert dropout_of(again.replica(1)).rate == 0.2
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
