"""Ctrl-C as it reaches a program that a terminal started."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _python_handles_ctrl_c():
    """Take Ctrl-C back: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
