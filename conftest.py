"""No test leaves figures of pyplot open; none opens a window."""

import sys

import matplotlib
import pytest

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
