"""Ctrl-C while a run lasts: the batch that is running ends first."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self


class Interrupt:
    """A context in which the first Ctrl-C is only noted and the second interrupts at once.

    Python's own handler of SIGINT is replaced and put back at the end. One that somebody else
    has set stays, and so it does outside the main thread, which alone receives signals.

    Attributes
    ----------
    requested : bool
        Whether Ctrl-C came.
    """

    def __init__(self) -> None:
        self.requested = False
        self._is_installed = False

    def __enter__(self) -> Self:
        """Start to note Ctrl-C."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._is_installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put Python's handler back."""
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_installed = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            signal.default_int_handler(number, frame)
        self.requested = True
