"""Checkpoints: a run in a file, from which it continues bit for bit."""

from mlp.training.checkpoint.checkpoint import Checkpoint

__all__ = ["Checkpoint"]
