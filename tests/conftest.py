"""Ctrl-C as it reaches a program that a terminal started."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _python_handles_ctrl_c():
    """Take Ctrl-C back: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def small_preset():
    """Make the preset for tables train a few small networks for a few epochs."""
    from mlp.studies._scores import baseline
    from mlp.studies.tabular import EFFORTS

    small = EFFORTS["normal"]._replace(members=4, epochs=16, width=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EFFORTS, "normal", small)
        patch.setitem(EFFORTS, "quick", small._replace(members=2))
        patch.setattr(baseline, "_STEPS", 40)
        yield
