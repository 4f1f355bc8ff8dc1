"""What a model of ``mlp train`` adds to its network: an encoder of rows, and a target."""

from __future__ import annotations

from typing import TypeAlias

from mlp.core import MLP
from mlp.tables import ClassTarget, InputEncoder, NumberTarget

Target: TypeAlias = ClassTarget | NumberTarget


def check_table(net: MLP, inputs: InputEncoder | None, target: Target | None) -> None:
    """Raise TypeError or ValueError unless the encoder and the target fit the network."""
    if inputs is not None:
        if not isinstance(inputs, InputEncoder):
            raise TypeError(f"inputs: received {type(inputs).__name__}, expected an InputEncoder")
        if inputs.gaps is not None:
            raise ValueError(
                "inputs: received an encoder with gaps as inputs, expected one without: models of "
                "mlp.tabular are not exported"
            )
        if inputs.n_in != net.n_in:
            raise ValueError(f"inputs: received {inputs.n_in} inputs, expected {net.n_in}")
    if target is not None:
        if not isinstance(target, ClassTarget | NumberTarget):
            raise TypeError(
                f"target: received {type(target).__name__}, expected a ClassTarget or NumberTarget"
            )
        n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
        is_binary = isinstance(target, ClassTarget) and (net.n_out, n_out) == (1, 2)
        if net.n_out != n_out and not is_binary:
            raise ValueError(f"target: received {n_out} outputs, expected {net.n_out}")
