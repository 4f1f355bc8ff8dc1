"""What the user is told after Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def explained(kept: str) -> Iterator[None]:
    """Let Ctrl-C within say what was kept and how to go on.

    Examples
    --------
    >>> try:
    ...     with explained("nothing was kept"):
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt as interrupt:
    ...     print(interrupt)
    nothing was kept
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(kept) from error
