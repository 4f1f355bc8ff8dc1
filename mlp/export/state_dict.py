"""The parameters of a network under the names, and in the shapes, of a PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import numeric
from mlp._names import shortened
from mlp.core import MLP
from mlp.export.steps import Step, all_steps

KEYS = {
    "W": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "scale": "weight",
    "running_mean": "running_mean",
    "running_var": "running_var",
}
"""PyTorch's name of each parameter."""


def state_dict(net: MLP) -> dict[str, NDArray[np.floating[Any]]]:
    """Return copies of all parameters as ``net.to_torch().state_dict()`` names them.

    A module is a layer or an activation after it: ``0.weight`` are the weights of the first
    layer, ``(n_out, n_in)``. A shared bias has ``n_out`` equal numbers. The numbers of a `Scale`,
    for which PyTorch has no module, are called ``weight``.

    Raises
    ------
    TypeError
        If a layer or an activation is custom; the message names the layer.
    ValueError
        If the network has replicas, or a parameter is not finite.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP.from_sizes([2, 3, 1], "tanh", seed=0)
    >>> {name: array.shape for name, array in state_dict(net).items()}
    {'0.weight': (3, 2), '0.bias': (3,), '2.weight': (1, 3), '2.bias': (1,)}
    """
    return {
        f"{i}.{KEYS[name]}": np.array(array.T, order="C")
        for i, step in enumerate(all_steps(net))
        for name, array in step.arrays.items()
    }


def load_state_dict(net: MLP, tensors: Mapping[str, Any]) -> None:
    """Copy parameters with PyTorch's names and shapes into a network.

    Parameters
    ----------
    net : MLP
        The network that receives them.
    tensors : mapping of str to array_like
        All its parameters: what `state_dict` returns, or a module's ``state_dict()``.
        ``num_batches_tracked`` is ignored.

    Raises
    ------
    TypeError, ValueError
        If names or shapes are not those of the network, or a value is not finite; the network is
        unchanged then.

    Examples
    --------
    >>> import mlp
    >>> one, other = (mlp.MLP.from_sizes([2, 3, 1], seed=seed) for seed in (0, 1))
    >>> load_state_dict(other, state_dict(one))
    >>> bool((one.theta == other.theta).all())
    True
    """
    steps = all_steps(net)
    if not isinstance(tensors, Mapping):
        raise TypeError(f"tensors: received {shortened(tensors)}, expected a mapping of names")
    wanted = {f"{i}.{KEYS[name]}" for i, step in enumerate(steps) for name in step.arrays}
    found = {name for name in tensors if not str(name).endswith(".num_batches_tracked")}
    if found != wanted:
        missing, others = sorted(wanted - found), sorted(map(str, found - wanted))
        raise ValueError(
            f"tensors: received {shortened(others)} and not {shortened(missing)}, expected the "
            "parameters of the network"
        )
    new = net.copy()
    for i, step in enumerate(steps):
        for name in step.arrays:
            key = f"{i}.{KEYS[name]}"
            value = numeric(key, tensors[key])
            if value.shape != step.arrays[name].T.shape:
                expected = step.arrays[name].T.shape
                raise ValueError(f"{key}: received shape {value.shape}, expected {expected}")
            setattr(new.layers[step.layer], name, _own_shape(new, step, name, key, value.T))
    net.theta, net.fixed = new.theta, new.fixed


def _own_shape(net: MLP, step: Step, name: str, key: str, value: Any) -> Any:
    """Return a bias in the shape that its layer keeps: one number if units share it."""
    view = net.layers[step.layer].params[name]
    return value if view.shape == value.shape else shared_bias(key, value)


def shared_bias(place: str, value: NDArray[Any]) -> NDArray[Any]:
    """Return the one number of a shared bias; ValueError if there are several."""
    if (value != value[:1]).any():
        raise ValueError(f"{place}: received different numbers, expected one for all units")
    return value[:1]
