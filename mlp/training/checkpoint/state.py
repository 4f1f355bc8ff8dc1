"""The state of a run as a tree of settings and arrays: all that changes during training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import require, require_keys
from mlp._types import Array, LossValue
from mlp.core.network import MLP
from mlp.optim import Optimizer
from mlp.training.history import History
from mlp.training.run import Run

Change = Callable[[], None]
"""Applies a state that has been checked."""


def state_of(run: Run) -> dict[str, Any]:
    """Return the state of a run; its arrays are views where possible."""
    state = run.state
    return {
        "epoch": state.epoch - state.is_in_epoch,
        "last_epoch": state.last_epoch,
        "is_over": run.is_over,
        "is_stopping": state.is_stopping,
        "present": _present(run) if state.is_in_epoch else None,
        "alive": run.update.alive,
        "batch_loss": np.asarray(state.batch_loss, np.float64),
        "network": _network_state(run.net),
        "optimizer": _optimizer_state(run.update.optimizer),
        "random": random_state(run.rng),
        "history": run.history.to_tree(),
        "callbacks": [callback.state_dict() for callback in run.stateful],
    }


def restore(run: Run, saved: Any) -> None:
    """Restore a state that `state_of` returned.

    Raises
    ------
    TypeError, ValueError
        If `saved` is anything else; nothing has been changed then.
    """
    net, optimizer = run.net, run.update.optimizer
    keys = ("epoch", "last_epoch", "is_over", "is_stopping", "present", "alive", "batch_loss")
    parts = ("network", "optimizer", "random", "history", "callbacks")
    values = dict(zip((*keys, *parts), require_keys("state", saved, *keys, *parts), strict=True))
    changes = [
        _restore_position(run, values),
        _restore_network(net, values["network"]),
        _restore_optimizer(optimizer, values["optimizer"], net.theta),
        check_random_state("random", run.rng, values["random"]),
        _restore_history(run.history, values["history"]),
        _restore_callbacks(run, values["callbacks"]),
    ]
    for change in changes:
        change()


def _present(run: Run) -> dict[str, Any]:
    """Return where in the current epoch a run is."""
    order, state = run.data.order, run.state
    return {
        "batch": state.batch,
        "order": order.astype(np.uint32 if len(order) < 1 << 32 else np.int64)
        if run.data.shuffle
        else None,
        "loss_sum": np.asarray(state.loss_sum, np.float64),
        "norm_sum": np.asarray(state.norm_sum, np.float64),
        "seconds": state.seconds,
    }


def _restore_position(run: Run, saved: Mapping[str, Any]) -> Change:
    state, lead = run.state, run.net.theta.shape[:-1]
    epoch = _count("epoch", saved["epoch"])
    is_stopping = require("is_stopping", saved["is_stopping"], bool)
    alive = _array("alive", saved["alive"], run.update.alive.shape, "bool")
    batch_loss = _array("batch_loss", saved["batch_loss"], None, "float64")
    if batch_loss.shape not in ((), lead):
        raise ValueError(f"batch_loss: received shape {batch_loss.shape}, expected () or {lead}")
    restore_present = _restore_present(run, saved["present"], lead)

    def change() -> None:
        state.epoch, state.batch = epoch, len(run.data) if epoch else 0
        state.is_stopping, state.is_in_epoch = is_stopping, False
        state.batch_loss = _plain(batch_loss)
        run.update.restore(alive)
        restore_present()

    return change


def _restore_present(run: Run, present: Any, lead: tuple[int, ...]) -> Change:
    if present is None:
        return lambda: None
    keys = ("batch", "order", "loss_sum", "norm_sum", "seconds")
    batch, order, loss_sum, norm_sum, seconds = require_keys("present", present, *keys)
    if not 0 < _count("batch", batch) < len(run.data):
        raise ValueError(f"batch: received {batch}, expected 1 to {len(run.data) - 1}")
    rows = _order(order, run.data.n_rows) if run.data.shuffle else require("order", order, _NONE)
    sums = [
        _plain(_array(name, value, lead, "float64"))
        for name, value in (("loss_sum", loss_sum), ("norm_sum", norm_sum))
    ]
    require("seconds", seconds, float)

    def change() -> None:
        state = run.state
        state.is_in_epoch = True
        state.epoch += 1
        state.batch = batch
        state.loss_sum, state.norm_sum = sums
        state.seconds = seconds
        if rows is not None:
            run.data.order = rows

    return change


def _order(order: Any, n_rows: int) -> NDArray[np.intp]:
    """Return the order of the rows; ValueError unless each occurs once."""
    kind = "uint32" if n_rows < 1 << 32 else "int64"
    rows = _array("order", order, (n_rows,), kind).astype(np.intp)
    seen = np.zeros(n_rows, np.bool_)
    if rows.min() >= 0 and rows.max() < n_rows:
        seen[rows] = True
    if not seen.all():
        raise ValueError("order: received repeated or missing rows, expected a permutation")
    return rows


def _network_state(net: MLP) -> dict[str, Any]:
    return {
        "theta": net.theta,
        "fixed": net.fixed,
        "random": random_state(net._rng),
    }


def _restore_network(net: MLP, saved: Any) -> Change:
    theta, fixed, random = require_keys("network", saved, "theta", "fixed", "random")
    for name, value, own in (("theta", theta, net.theta), ("fixed", fixed, net.fixed)):
        net._parameters.check(name, _array(name, value, own.shape, net.dtype.name))
    change_random = check_random_state("network.random", net._rng, random)

    def change() -> None:
        net.theta[...] = theta
        net.fixed[...] = fixed
        change_random()

    return change


def _optimizer_state(optimizer: Optimizer) -> dict[str, Any]:
    scale = optimizer.lr_scale
    return {
        **optimizer.state_dict(),
        "lr": None if callable(optimizer.lr) else np.asarray(optimizer.lr, np.float64),
        "lr_scale": np.asarray(scale, np.float64),
    }


def _restore_optimizer(optimizer: Optimizer, saved: Any, theta: Array) -> Change:
    keys = ("steps", "state", "lr", "lr_scale")
    steps, arrays, lr, scale = require_keys("optimizer", saved, *keys)
    state = {"steps": _count("steps", steps), "state": arrays}
    trial = copy.copy(optimizer)
    trial.load_state_dict(state)
    for name, array in trial.state.items():
        _array(f"state.{name}", array, theta.shape, theta.dtype.name)
    rates = {"lr": lr, "lr_scale": scale}
    if callable(optimizer.lr):
        require("lr", rates.pop("lr"), _NONE)
    for name, value in rates.items():
        rates[name] = _plain(_array(name, value, None, "float64"))
        setattr(trial, name, rates[name])
        if isinstance(rates[name], np.ndarray) and rates[name].shape != theta.shape[:-1]:
            raise ValueError(f"{name}: received shape {value.shape}, expected {theta.shape[:-1]}")

    def change() -> None:
        optimizer.load_state_dict(state)
        for name, rate in rates.items():
            if not np.array_equal(getattr(optimizer, name), rate):
                setattr(optimizer, name, rate)

    return change


def _restore_history(history: History, saved: Any) -> Change:
    found = History.from_tree(saved)
    return lambda: history.replace_by(found)


def _restore_callbacks(run: Run, saved: Any) -> Change:
    """Try the states on copies; the callbacks load theirs once they have started."""
    callbacks, states = run.stateful, require("callbacks", saved, list)
    if len(states) != len(callbacks):
        raise ValueError(f"callbacks: received {len(states)} states, expected {len(callbacks)}")
    for callback, state in zip(callbacks, states, strict=True):
        trial = copy.copy(callback)
        trial.load_state_dict(require(type(callback).__name__, state, dict))
        trial.check_state(run.trainer)

    def change() -> None:
        run.callback_states = states

    return change


_NONE = type(None)


def _array(place: str, value: Any, shape: tuple[int, ...] | None, dtype: str) -> NDArray[Any]:
    """Return `value` if it is an array of this shape (None: any) and dtype."""
    array: NDArray[Any] = require(place, value, np.ndarray)
    if array.dtype.name != dtype or shape not in (None, array.shape):
        raise ValueError(
            f"{place}: received shape {array.shape} of {array.dtype}, expected {shape} of {dtype}"
        )
    return array


def _count(place: str, value: Any) -> int:
    if require(place, value, int) < 0:
        raise ValueError(f"{place}: received {value}, expected a number >= 0")
    return int(value)


def _plain(array: NDArray[np.float64]) -> LossValue:
    """Return a single number as a float, and other arrays as they are."""
    return array if array.ndim else float(array)


_LARGEST = {"pos": 624, "buffer_pos": 4}  # positions in a buffer, which NumPy does not check


def random_state(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of a generator.

    Examples
    --------
    >>> random_state(np.random.default_rng(0))["bit_generator"]
    'PCG64'
    """
    return dict(rng.bit_generator.state)


def check_random_state(place: str, rng: np.random.Generator, saved: Any) -> Callable[[], None]:
    """Return a function that restores a state from `random_state`.

    Raises
    ------
    ValueError
        If it is not the state of such a generator.
    """
    now = dict(rng.bit_generator.state)
    if isinstance(saved, dict) and saved.get("bit_generator") != now["bit_generator"]:
        raise ValueError(
            f"{place}: received a {now['bit_generator']} generator, "
            f"expected {str(saved.get('bit_generator'))[:40]}"
        )
    _check_like(place, saved, now)
    trial = copy.deepcopy(rng.bit_generator)
    try:
        trial.state = saved
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{place}: received the state {str(saved)[:80]} ({error})") from None

    def change() -> None:
        rng.bit_generator.state = saved

    return change


def _check_like(place: str, saved: Any, now: Any) -> None:
    """Raise ValueError unless `saved` has the structure of `now`."""
    if isinstance(now, dict):
        if not isinstance(saved, dict) or set(saved) != set(now):
            raise ValueError(f"{place}: received {str(saved)[:80]}, expected {', '.join(now)}")
        for key in now:
            _check_like(f"{place}.{key}", saved[key], now[key])
    elif isinstance(now, np.ndarray):
        is_same = isinstance(saved, np.ndarray) and saved.shape == now.shape
        if not is_same or saved.dtype != now.dtype:
            raise ValueError(f"{place}: received {str(saved)[:80]}, expected {now.shape} numbers")
    elif type(saved) is not type(now):
        raise ValueError(f"{place}: received {str(saved)[:80]}, expected {type(now).__name__}")
    elif isinstance(now, int):
        most = _LARGEST.get(place.rpartition(".")[2], (1 << 128) - 1)
        if not 0 <= saved <= most:
            raise ValueError(f"{place}: received {saved}, expected 0 to {most}")
