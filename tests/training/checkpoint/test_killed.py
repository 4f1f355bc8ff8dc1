"""kill -9 at any moment: the checkpoint is whole, and the run goes on to the very same weights."""

import json
import os

import pytest

from tests.processes import assert_runs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


def killed(folder, kills, seed):
    return json.loads(assert_runs("-m", "tests.training.killed", folder, kills, seed))


def test_runs_and_sweeps_that_are_killed_come_to_the_same_weights(tmp_path):
    found = killed(tmp_path, 8, seed=0)
    assert found["kills"] >= 8
    assert found["places"] >= 4


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_sixty_times_each(tmp_path, seed):
    found = killed(tmp_path, 60, seed)
    assert found["kills"] >= 60
    assert found["torn"] >= 10  # in the middle of writing
    assert found["places"] >= 20
    assert found["runs"] >= 3
