"""The pieces of a sweep, and the files from which it continues."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlp._archive import format_errors, read_archive, write_archive
from mlp._checks import check_count, check_path, require, require_keys
from mlp.studies.sweep.columns import label
from mlp.studies.sweep.stack import Stack
from mlp.training.checkpoint.settings import differences

_KIND, _VERSION = "mlp-sweep", 1
_BYTES = 3 << 17  # of the parameters of a piece: measured, a step then stays in the cache


def most_runs(stack: Stack) -> int:
    """Return how many runs of a stack train fastest together."""
    return max(1, int(_BYTES // (stack.starts.shape[1] * stack.net.dtype.itemsize)))


def cut(stacks: Sequence[Stack], n_wanted: int) -> list[Stack]:
    """Cut stacks into pieces that train fastest, and into as many as are wanted if possible.

    Each run is the same in any piece.
    """
    n_runs = sum(len(stack.runs) for stack in stacks)
    share = max(1, -(-n_runs // n_wanted))
    pieces = []
    for stack in stacks:
        K = len(stack.runs)
        n_pieces = -(-K // min(share, most_runs(stack)))
        pieces += [stack.part(rows.tolist()) for rows in np.array_split(np.arange(K), n_pieces)]
    return pieces


def pieces_of(
    stacks: Sequence[Stack],
    n_wanted: int,
    checkpoint: str | os.PathLike[str] | None,
    settings: Mapping[str, Any],
) -> tuple[list[Stack], list[Path | None]]:
    """Return the pieces of a sweep, those of the checkpoint if there is one, and their files.

    Raises
    ------
    ValueError
        If the checkpoint is of another sweep; the error lists the differences.
    FileFormatError, OSError
        If it is corrupted, is of another kind, or cannot be written.
    """
    if checkpoint is None:
        pieces = cut(stacks, n_wanted)
        return pieces, [None] * len(pieces)
    path = Path(check_path("checkpoint", checkpoint))
    if os.path.lexists(path):
        n_wanted = _read(path, settings)
    else:
        write_archive(path, _KIND, _VERSION, {"pieces": n_wanted, "settings": dict(settings)})
    pieces = cut(stacks, n_wanted)
    names = [f"{path.stem}.{i}-of-{len(pieces)}{path.suffix}" for i in range(1, len(pieces) + 1)]
    return pieces, [path.with_name(name) for name in names]


def _read(path: Path, settings: Mapping[str, Any]) -> int:
    """Return the number of pieces into which the sweep in a file was cut."""
    _, content = read_archive(path, _KIND, [_VERSION])
    with format_errors(path):
        n_wanted, saved = require_keys("sweep", content, "pieces", "settings")
        check_count("pieces", n_wanted)
        require("settings", saved, dict)
    found = differences(settings, saved)
    if found:
        raise ValueError(
            f"{path}: belongs to another sweep: {'; '.join(found[:6])} (delete it to start anew)"
        )
    return int(n_wanted)


def settings_of_sweep(
    sets: Sequence[Mapping[str, Any]], epochs: int, seeds: int, seed: int
) -> dict[str, Any]:
    """Return what identifies a sweep, besides what each piece compares: data, network and so on."""
    text = json.dumps([{name: label(value) for name, value in run.items()} for run in sets])
    return {"epochs": epochs, "seeds": seeds, "seed": seed, "parameters": text}
