"""Ensembles in files: whatever a description says, it is an ensemble or a FileFormatError."""

import pytest

import mlp
from tests.files.forge import ENSEMBLES, assert_same, contents, forge_declared, small


@pytest.fixture(params=ENSEMBLES)
def saved(request, tmp_path):
    ENSEMBLES[request.param]().save(tmp_path / "ensemble.npz")
    return tmp_path / "ensemble.npz"


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_is_read_back_bit_for_bit(name, tmp_path):
    ensemble = ENSEMBLES[name]()
    ensemble.save(tmp_path / "ensemble.npz")
    loaded = mlp.load(tmp_path / "ensemble.npz")
    assert_same(loaded, ensemble)
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "ensemble.npz").read_bytes()


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (None, "ensemble: received None"),
        ({}, "expected rows, seed"),
        ({"rows": "all", "seed": 0, "size": 2}, "expected rows, seed"),
        ({"rows": "some", "seed": 0}, "ensemble.rows: received 'some'"),
        ({"rows": [], "seed": 0}, "ensemble.rows: received"),
        ({"rows": "all", "seed": -1}, "ensemble.seed: received -1"),
        ({"rows": "all", "seed": 2**64}, "ensemble.seed: received 18446744073709551616"),
        ({"rows": "all", "seed": True}, "ensemble.seed: received True"),
        ({"rows": "all", "seed": 0.0}, "ensemble.seed: received 0.0"),
    ],
)
def test_a_wrong_description_is_rejected(saved, node, reason):
    description, members = contents(saved)
    description["ensemble"] = node
    forge_declared(saved, description, members)
    with pytest.raises(mlp.FileFormatError, match=reason):
        mlp.load(saved)


def test_one_network_is_no_ensemble(tmp_path):
    path = tmp_path / "net.npz"
    small().save(path)
    description, members = contents(path)
    description["ensemble"] = {"rows": "all", "seed": 0}
    forge_declared(path, description, members)
    with pytest.raises(mlp.FileFormatError, match="received one network"):
        mlp.load(path)


def test_members_and_replicas_at_once_are_rejected(tmp_path):
    path = tmp_path / "ensemble.npz"
    ENSEMBLES["sharing_ensemble"]().save(path)
    description, members = contents(path)
    description["replicas"] = 2
    forge_declared(path, description, members)
    with pytest.raises(mlp.FileFormatError):
        mlp.load(path)
