"""Networks as PyTorch modules, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlp._checks import check_offers
from mlp.core import MLP
from mlp.export.state_dict import state_dict
from mlp.export.steps import Step, all_steps, network_of

if TYPE_CHECKING:
    import torch

_THRESHOLD = (
    40.0  # beyond, log(1 + exp(z)) is z to the last bit; PyTorch's default 20 is off by 2e-9
)


def to_torch(net: MLP) -> torch.nn.Sequential:
    """Return a network as an ``nn.Sequential`` with the same outputs.

    The module is in evaluation mode, in which dropout does nothing and batch normalisation uses
    the running statistics; ``module.train()`` changes that. To train it with PyTorch's
    ``CrossEntropyLoss``, remove a last softmax.

    Parameters
    ----------
    net : MLP
        The network; its dtype is that of the module.

    Raises
    ------
    TypeError
        If a layer or an activation is custom, or PyTorch has no module for it, as for `Scale`; the
        message names the layer.
    ValueError
        If the network has replicas, or a parameter is not finite.
    ImportError
        If PyTorch is not installed.

    Notes
    -----
    A bias that units share becomes ``n_out`` numbers, which PyTorch trains one by one. A bias
    with ``train_bias=False`` has ``requires_grad=False``.
    """
    steps = all_steps(net)
    for step in steps:
        if step.kind == "scale":
            layer = net.layers[step.layer]
            raise TypeError(
                f"layers[{step.layer}]: received {layer!r}, which no module of PyTorch computes"
            )
    import torch

    modules = [_module(torch.nn, step) for step in steps]
    module = torch.nn.Sequential(*modules).to(getattr(torch, net.dtype.name))
    tensors = {name: torch.from_numpy(array) for name, array in state_dict(net).items()}
    module.load_state_dict(tensors)
    for step, made in zip(steps, modules, strict=True):
        if "b" in step.arrays and not getattr(net.layers[step.layer], "train_bias", True):
            made.bias.requires_grad_(False)
    return module.eval()


def _module(nn: Any, step: Step) -> Any:
    """Return the module of a step; its parameters are loaded later."""
    n, settings = step.n_out, step.settings
    make = {
        "dense": lambda: nn.Linear(step.n_in, n, bias="b" in step.arrays),
        "dropout": lambda: nn.Dropout(settings["rate"]),
        "batch_norm": lambda: nn.BatchNorm1d(n, settings["eps"], settings["momentum"]),
        "layer_norm": lambda: nn.LayerNorm(n, settings["eps"]),
        "identity": nn.Identity,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": lambda: nn.LeakyReLU(settings["slope"]),
        "elu": lambda: nn.ELU(settings["alpha"]),
        "selu": nn.SELU,
        "gelu": nn.GELU,
        "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
        "silu": nn.SiLU,
        "mish": nn.Mish,
        "softplus": lambda: nn.Softplus(threshold=_THRESHOLD),
        "softmax": lambda: nn.Softmax(dim=-1),
    }
    return make[step.kind]()


def from_torch(module: torch.nn.Module, loss: str = "squared_error") -> MLP:
    """Return the network of an ``nn.Sequential``, with the outputs of its evaluation mode.

    Parameters
    ----------
    module : torch.nn.Sequential
        Linear, Dropout, BatchNorm1d, LayerNorm and activation modules; sequences may be nested.
    loss : str, default "squared_error"
        The loss of the network, which a module does not hold.

    Raises
    ------
    TypeError
        If a module, or one in it, is of another kind; the message names it.
    ValueError
        If a module has settings that a network cannot express, or the loss does not fit.

    Notes
    -----
    For inputs beyond its threshold (20 by default), PyTorch's softplus is off by up to 2e-9.
    """
    check_offers("module", module, "a torch.nn.Sequential", "state_dict", "named_children")
    steps: list[Step] = []
    width = 0
    for place, part in _parts(module, ""):
        steps.append(_step(place, part, width))
        width = steps[-1].n_out
    dtypes = {str(tensor.dtype) for tensor in module.parameters()}
    if len(dtypes) != 1 or not dtypes <= {"torch.float32", "torch.float64"}:
        raise ValueError(f"module: received {sorted(dtypes)}, expected one of float32, float64")
    return network_of(steps, loss, dtypes.pop().removeprefix("torch."))


def _parts(module: Any, place: str) -> list[tuple[str, Any]]:
    """Return the modules of a sequence with their places, those of nested sequences in line."""
    if type(module).__name__ != "Sequential":
        return [(place, module)]
    return [
        part
        for name, child in module.named_children()
        for part in _parts(child, f"{place}.{name}".lstrip("."))
    ]


def _step(place: str, module: Any, width: int) -> Step:
    """Return the step of a module."""
    kind = type(module).__name__
    where = f"module[{place}]" if place else "module"
    if kind not in _READERS or not type(module).__module__.startswith("torch.nn."):
        known = ", ".join(_READERS)
        raise TypeError(f"{where}: received {module!r:.200}, expected one of {known}")
    name, settings = _READERS[kind](where, module)
    n_in = n_out = width
    names = _TENSORS.get(kind, {})
    arrays = {ours: _array(getattr(module, theirs)) for ours, theirs in names.items()}
    arrays = {ours: array for ours, array in arrays.items() if array is not None}
    if kind == "Linear":
        n_in, n_out = module.in_features, module.out_features
        arrays["W"] = arrays["W"].T
    return Step(name, 0, n_in, n_out, arrays, settings)


_AFFINE = {"gamma": "weight", "beta": "bias"}
_TENSORS = {
    "Linear": {"W": "weight", "b": "bias"},
    "BatchNorm1d": {**_AFFINE, "running_mean": "running_mean", "running_var": "running_var"},
    "LayerNorm": _AFFINE,
}
"""The parameters of each module: the names of mlp, and PyTorch's."""


def _array(tensor: Any) -> Any:
    return None if tensor is None else np.asarray(tensor.detach().cpu().numpy())


def _batch_norm(where: str, module: Any) -> tuple[str, dict[str, float]]:
    if module.momentum is None or not module.track_running_stats:
        raise ValueError(
            f"{where}: received {module!r}, expected a momentum and running statistics"
        )
    return "batch_norm", {"eps": module.eps, "momentum": module.momentum}


def _layer_norm(where: str, module: Any) -> tuple[str, dict[str, float]]:
    if len(module.normalized_shape) != 1:
        raise ValueError(f"{where}: received {module!r}, expected one dimension")
    return "layer_norm", {"eps": module.eps}


def _softplus(where: str, module: Any) -> tuple[str, dict[str, float]]:
    if module.beta != 1 or module.threshold < 20:
        raise ValueError(f"{where}: received {module!r}, expected beta=1 and threshold >= 20")
    return "softplus", {}


def _softmax(where: str, module: Any) -> tuple[str, dict[str, float]]:
    if module.dim not in (1, -1):
        raise ValueError(f"{where}: received {module!r}, expected dim=-1")
    return "softmax", {}


_READERS = {
    "Linear": lambda where, module: ("dense", {}),
    "Dropout": lambda where, module: ("dropout", {"rate": module.p}),
    "BatchNorm1d": _batch_norm,
    "LayerNorm": _layer_norm,
    "Identity": lambda where, module: ("identity", {}),
    "Sigmoid": lambda where, module: ("sigmoid", {}),
    "Tanh": lambda where, module: ("tanh", {}),
    "ReLU": lambda where, module: ("relu", {}),
    "LeakyReLU": lambda where, module: ("leaky_relu", {"slope": module.negative_slope}),
    "ELU": lambda where, module: ("elu", {"alpha": module.alpha}),
    "GELU": lambda where, module: ("gelu_tanh" if module.approximate == "tanh" else "gelu", {}),
    "SELU": lambda where, module: ("selu", {}),
    "SiLU": lambda where, module: ("silu", {}),
    "Mish": lambda where, module: ("mish", {}),
    "Softplus": _softplus,
    "Softmax": _softmax,
}
