"""Fixtures that several tests of the trace share."""

import pytest

from tests.studies.chain_rule.traced import NETWORKS


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS.keys())
def case(request):
    net, t = request.param
    return net.copy(), t
