"""What of a network is drawn, and what is rejected."""

import re

import numpy as np
import pytest

from mlp import MLP
from mlp.plotting import new_axes, plot_network
from tests.plotting.diagrams import mazur, ramp, wide, words


def test_show_chooses_what_is_drawn():
    ax = plot_network(*mazur(), show=["activations"])
    assert not [t for t in ax.texts if t.get_bbox_patch() is not None]
    ax = plot_network(*mazur(), show=["weights"])
    assert "0.593" not in words(ax)
    assert "$h_{1}$" in words(ax)
    gids = {c.get_gid() for c in plot_network(wide([4, 8, 3]), show=[]).collections}
    assert gids == {"lines 0", "lines 1"}


NET = wide([4, 8, 3])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((NET.replicate(2),), {}, "net: received a network of 2 replicas, expected a single one"),
        ((NET, None, [1]), {}, "t: received a target without x"),
        ((NET, np.ones((2, 4))), {}, "x: received 2 samples, expected one"),
        ((NET, [1.0, 2.0]), {}, r"X: received shape \(1, 2\)"),
        ((NET,), {"show": ["weight"]}, "show: received 'weight', expected one of weights,"),
        ((NET,), {"show": "weights"}, "show: received 'weights', expected a sequence"),
        ((NET,), {"show": ["activations"]}, "show: received 'activations', expected a sample x"),
        ((NET, ramp(4)), {"show": ["gradients"]}, "expected a sample x and its target t"),
        ((NET, ramp(4), [1]), {"show": ["weights", "gradients"]}, "too large for two numbers"),
        ((NET,), {"digits": 0}, "digits: received 0, expected a whole number from 1 to 17"),
        ((NET,), {"digits": 2.5}, "digits: received 2.5"),
        ((NET,), {"names": {"w": (0, 4, 0)}}, re.escape("names: received 'w' for (0, 4, 0)")),
        ((NET,), {"names": {"w": "x[4]"}}, re.escape("names: received 'w' for x[4]")),
        ((NET,), {"names": {"v": (0, 1, 0), "w": "w[0][1,0]"}}, "received 'v' and 'w' for"),
        ((NET,), {"names": {"w": [0, 1, 0]}}, re.escape("names: received 'w' for [0, 1, 0]")),
        ((NET,), {"names": {"v": (0, 1, 0), "w": (0, 1, 0)}}, "received 'v' and 'w' for"),
        ((NET,), {"names": ["w"]}, "expected a mapping"),
        (
            (MLP.from_sizes([2, 3, 1], normalization="batch"), [1, 2], [1.0]),
            {},
            r"received 1 row, expected at least 2 in a batch of training, which BatchNorm\(\)",
        ),
    ],
)
def test_what_cannot_be_drawn_is_rejected_before_anything_is(arguments, options, message):
    ax = new_axes()
    with pytest.raises((ValueError, TypeError), match=message):
        plot_network(*arguments, **options, ax=ax)
    assert len(ax.patches) + len(ax.texts) + len(ax.collections) == 0
