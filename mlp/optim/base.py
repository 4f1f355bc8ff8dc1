"""The base class of optimizers: steps, state and replicas. Subclasses hold the equations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count
from mlp._replicas import are_all, check_replicas, kept_replicas
from mlp._types import Array, Rate
from mlp.optim.schedules import RATE, check_rate, keep_rates, rate_config

# larger arrays are updated in parts that fit the cache: measured, an Adam step of 2,000,000
# parameters takes a quarter longer in one piece
_LARGE, _PART, _NARROWEST = 1 << 20, 1 << 16, 256


class StateDict(TypedDict):
    """The result of `Optimizer.state_dict`: the number of updates and the arrays of the state."""

    steps: int
    state: dict[str, Array]


_Part = tuple[tuple[Any, ...] | None, Array, list[Array], Array]
"""Some columns (None: all) with their views of theta and the state, and memory for the change."""


class Optimizer(ABC):
    """Updates one flat array of parameters, or K of them at once, in place.

    A subclass defines `name`, `hyperparameters`, `state_names` and two methods: `_step_sizes`
    returns the scalars of a step in float64, `_update` holds the equations. Every numeric
    hyperparameter may be an array ``(K,)`` with one number for each replica.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate, >= 0. A schedule is any function from the step (0 for the first
        update) to a float or an array (K,); an array holds one rate for each replica.

    Attributes
    ----------
    steps : int
        The number of updates made.
    state : dict of str to ndarray
        Arrays of theta's shape, dtype and memory layout; empty before the first step.
    lr_scale : float or array (K,)
        A factor of `lr`: 1.0 until a callback such as `ReduceLROnPlateau` lowers it, and again
        after `reset`.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.
    """

    name: ClassVar[str]
    has_bounded_steps: ClassVar[bool] = False
    """Whether finite gradient, gradient squared and lr * gradient imply a finite update."""
    hyperparameters: ClassVar[tuple[str, ...]] = ()
    _theta: Array | None
    _parts: list[_Part]

    def __init__(self, lr: Rate | Callable[[int], Rate]) -> None:
        self.lr = lr
        self.reset()

    @property
    def lr(self) -> Rate | Callable[[int], Rate]:
        """The learning rate as given: a float, an array (K,) or a schedule."""
        return self._lr

    @lr.setter
    def lr(self, value: Rate | Callable[[int], Rate]) -> None:
        self._lr = value if callable(value) else check_rate("lr", value)

    @property
    def lr_scale(self) -> Rate:
        """The factor of the learning rate: one for all replicas, or one for each, (K,)."""
        return 1.0 if self._lr_scale is None else self._lr_scale

    @lr_scale.setter
    def lr_scale(self, value: Rate) -> None:
        self._lr_scale: Rate | None = check_rate("lr_scale", value, RATE)

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the arrays in `state` after the first step."""
        return ()

    @property
    def initial_state(self) -> Rate:
        """The initial value of every element of the state, or one for each replica ``(K,)``."""
        return 0.0

    def rate(self, step: int) -> Rate:
        """Return lr_scale * lr for update number `step` (0 is the first), in float64."""
        lr = check_rate("lr", self._lr(step)) if callable(self._lr) else self._lr
        return lr if self._lr_scale is None else lr * self._lr_scale

    def step(
        self, theta: Array, grad: Array, lr: Rate | None = None, factors: Array | None = None
    ) -> None:
        """Make one update of `theta`, in place.

        Parameters
        ----------
        theta : ndarray (P,) or (K, P)
            The parameters, float32 or float64, in any memory layout.
        grad : ndarray
            The gradient, of theta's shape and dtype; never written to.
        lr : float or array (K,), optional
            The learning rate of this step; by default ``self.rate(self.steps)``. Where it is 0,
            theta keeps its bits, whatever the state holds.
        factors : ndarray (P,), optional
            What the change of each parameter is multiplied by, weight decay included.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit, or theta does not fit the state; nothing is changed.

        Notes
        -----
        Row k is bit-identical to an update of that row alone with ``lr[k]``: step sizes are
        computed in float64 and rounded once. Overflow does not warn; the caller detects
        divergence.
        """
        rate = self.rate(self.steps) if lr is None else check_rate("lr", lr)
        self._check(theta, grad, rate)
        if factors is not None:
            _check_array("factors", factors)
            _check_like("factors", factors, theta if theta.ndim == 1 else theta[0], "as theta")
        with np.errstate(over="ignore", invalid="ignore"):
            self._step(theta, grad, rate, factors)

    def _step(self, theta: Array, grad: Array, rate: Rate, factors: Array | None) -> None:
        """Do what `step` does, for arguments that have been checked."""
        if self._theta is not theta:
            self._take_over(theta)
        self.steps += 1
        sizes = [_sized(size, theta.dtype) for size in self._step_sizes(rate)]
        is_moving = rate != 0.0 if isinstance(rate, float) else are_all(rate)
        for columns, here, state, delta in self._parts:
            grad_here = grad if columns is None else grad[columns]
            if factors is None:
                self._update(here, grad_here, state, sizes, delta)
            else:
                own = factors if columns is None else factors[columns]
                self._scaled_update(here, grad_here, state, sizes, delta, own)
            if not is_moving:
                delta[np.broadcast_to(np.equal(rate, 0.0), theta.shape[:-1])] = 0.0
            here -= delta

    def _check(self, theta: Array, grad: Array, rate: Rate) -> None:
        _check_array("theta", theta)
        if not theta.flags.writeable:
            raise ValueError("theta: received a read-only array, expected a writeable one")
        if not isinstance(grad, np.ndarray):
            raise TypeError(f"grad: received {type(grad).__name__}, expected an array")
        _check_like("grad", grad, theta, "as theta")
        for array in self.state.values():
            _check_like("theta", theta, array, "as this optimizer's state (reset() forgets it)")
        if not np.asarray(getattr(self, "eps", 1.0), theta.dtype).all():
            raise ValueError(f"eps: received {self.eps!r}, expected a number > 0 in {theta.dtype}")  # type: ignore[attr-defined]
        if self._theta is not None and tuple(self.state) != self.state_names:
            self._take_over(self._theta)  # a hyperparameter set since then needs more arrays
        K = len(theta) if theta.ndim == 2 else None
        for name, value in [("lr", rate), *self._numbers()]:
            if isinstance(value, np.ndarray):
                check_replicas(name, value, K)

    def _take_over(self, theta: Array) -> None:
        """Give the state and the memory of a step the layout of `theta`."""
        for name in self.state_names:
            array = np.full_like(theta, _sized(self.initial_state, theta.dtype))
            if name in self.state:
                array[...] = self.state[name]
            self.state[name] = array
        self._parts = list(_parts(theta, [self.state[name] for name in self.state_names]))
        self._theta = theta

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        """Return the scalars of update number ``self.steps`` (from 1), in float64."""
        return (lr,)

    @abstractmethod
    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        """Update the state, and write into `delta` what is to be subtracted from theta."""

    def _scaled_update(
        self,
        theta: Array,
        grad: Array,
        state: Sequence[Array],
        sizes: Sequence[Any],
        delta: Array,
        factors: Array,
    ) -> None:
        """Do what `_update` does, with each parameter's change multiplied by its factor."""
        self._update(theta, grad, state, sizes, delta)
        delta *= factors

    def moves_other_than(self, theta: Array) -> bool:
        """Return whether the updates so far were made to another array than `theta`."""
        return self._theta is not None and self._theta is not theta

    def reset(self) -> None:
        """Forget the steps, the state and `lr_scale`."""
        self._lr_scale = None
        self.steps = 0
        self.state: dict[str, Array] = {}
        self._theta = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes without theta and the memory of a step: a copy has its own."""
        return self.__dict__ | {"_theta": None, "_parts": []}

    def state_dict(self) -> StateDict:
        """Return the steps and copies of the state's arrays, from which a run continues exactly."""
        return {"steps": self.steps, "state": {n: a.copy("K") for n, a in self.state.items()}}

    def load_state_dict(self, saved: StateDict | Mapping[str, Any]) -> None:
        """Restore the result of `state_dict`; the arrays are copied.

        Raises
        ------
        TypeError, ValueError
            If names, shapes or dtypes do not fit this optimizer; nothing is changed.
        """
        if not isinstance(saved, Mapping) or set(saved) != {"steps", "state"}:
            keys = sorted(map(str, saved)) if isinstance(saved, Mapping) else type(saved).__name__
            raise ValueError(
                f"state: received {keys}, expected a dict with the keys steps and state"
            )
        steps, arrays = check_count("steps", saved["steps"], 0), saved["state"]
        expected = self.state_names if steps else ()
        if not isinstance(arrays, Mapping) or set(arrays) != set(expected):
            came = sorted(map(str, arrays)) if isinstance(arrays, Mapping) else arrays
            raise ValueError(f"state: received {came!r}, expected the arrays {sorted(expected)}")
        like = next(iter(self.state.values()), None)
        for name in expected:
            array = arrays[name]
            like = array if like is None else like
            _check_array(f"state[{name!r}]", array)
            _check_like(f"state[{name!r}]", array, like, "as the rest of the state")
        lr_scale = self._lr_scale
        self.reset()
        self._lr_scale = lr_scale
        self.steps = steps
        self.state = {name: np.array(arrays[name], order="K") for name in expected}

    def _numbers(self) -> list[tuple[str, Any]]:
        """Return each hyperparameter with its name, the members of a pair one by one."""
        found = []
        for name in self.hyperparameters:
            value = getattr(self, name)
            if isinstance(value, tuple):
                found += [(f"{name}[{i}]", part) for i, part in enumerate(value)]
            else:
                found.append((name, value))
        return found

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Continue with only these replicas, in a theta that holds them alone."""
        for name in self.hyperparameters:
            setattr(self, name, kept_replicas(getattr(self, name), rows))
        self._lr = keep_rates(self._lr, rows)
        self._lr_scale = kept_replicas(self._lr_scale, rows)
        self.state = {name: array[rows] for name, array in self.state.items()}
        self._theta = None

    def config(self) -> dict[str, Any]:
        """Return the name and the hyperparameters in a form that JSON can hold.

        Raises
        ------
        TypeError
            If `lr` is a function without a `config` method.
        """
        values = {key: getattr(self, key) for key in self.hyperparameters}
        plain = {key: _plain(value) for key, value in values.items()}
        lists = {key: list(v) if isinstance(v, tuple) else v for key, v in plain.items()}
        return {"name": self.name, "lr": rate_config("lr", self._lr), **lists}

    def __repr__(self) -> str:
        values = {"lr": self._lr} | {key: getattr(self, key) for key in self.hyperparameters}
        texts = (f"{key}={_plain(value)!r}" for key, value in values.items())
        return f"{type(self).__name__}({', '.join(texts)})"


def _parts(theta: Array, state: list[Array]) -> Iterator[_Part]:
    """Cut arrays that do not fit the cache into columns that do."""
    if theta.size <= _LARGE:
        yield None, theta, state, np.empty_like(theta)
        return
    width = max(_NARROWEST, _PART * theta.shape[-1] // theta.size)
    delta = np.empty_like(theta[..., :width])  # shared by all parts, so it stays in the cache
    for start in range(0, theta.shape[-1], width):
        columns = (..., slice(start, start + width))
        here = theta[columns]
        yield columns, here, [array[columns] for array in state], delta[..., : here.shape[-1]]


def _plain(value: Any) -> Any:
    """Return a hyperparameter with lists for arrays."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.tolist() if isinstance(value, np.ndarray) else value


def _sized(size: Rate, dtype: np.dtype[Any]) -> Array:
    """Return a step size as the arrays need it: (K,) as a column (K, 1), a float without axes.

    NumPy takes half a microsecond longer for a Python float, in each operation.
    """
    array = np.array(size, dtype)
    return array[:, None] if array.ndim else array


def _check_array(name: str, value: object) -> None:
    """Raise unless `value` is a float32 or float64 array (P,) or (K, P)."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: received {type(value).__name__}, expected an array")
    if value.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: received dtype {value.dtype}, expected float32 or float64")
    if value.ndim not in (1, 2):
        raise ValueError(f"{name}: received shape {value.shape}, expected (P,) or (K, P)")


def _check_like(name: str, value: Array, like: Array, why: str) -> None:
    """Raise unless the array `value` has the shape and dtype of `like`."""
    if value.shape != like.shape:
        raise ValueError(f"{name}: received shape {value.shape}, expected {like.shape}, {why}")
    if value.dtype != like.dtype:
        raise TypeError(f"{name}: received dtype {value.dtype}, expected {like.dtype}, {why}")
