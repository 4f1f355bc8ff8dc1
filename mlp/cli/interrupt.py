"""What the user is told after Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def explained(kept: str) -> Iterator[None]:
    """Let Ctrl-C within say what was kept and how to go on.

    Examples
    --------
    >>> with explained("nothing was kept"):
    ...     raise KeyboardInterrupt
    Traceback (most recent call last):
    KeyboardInterrupt: nothing was kept
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(kept) from error
