"""What higher parts of the package do for lower ones, which must not import them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOOKS: dict[str, Callable[..., Any]] = {}
"""Functions by name; ``mlp/__init__.py`` enters them, to be loaded when first called."""
