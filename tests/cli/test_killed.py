"""kill -9 at any moment of `mlp train --resume`: the same command comes to the same files."""

import json
import os

import pytest

from tests.cli.killed import TORN
from tests.processes import assert_runs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


@pytest.mark.long
def test_a_command_that_is_killed_again_and_again_writes_the_same_files(tmp_path):
    found = json.loads(assert_runs("-m", "tests.cli.killed", tmp_path, 20, 1))
    assert found["kills"] >= 20
    assert found["torn"] >= TORN
    assert found["places"] >= 5
    assert found["runs"] >= 3
