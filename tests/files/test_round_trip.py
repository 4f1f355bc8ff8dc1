"""What is saved is loaded again, bit for bit."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, Dropout
from mlp.core import ACTIVATIONS, INITIALIZERS, LOSSES
from mlp.core.activations import ELU, LeakyReLU
from mlp.core.losses import Huber
from mlp.files import read_model
from tests.files.forge import METADATA, NETWORKS, assert_same, filled

ROOT = Path(__file__).parents[2]


def saved(net, path):
    net.save(path)
    return mlp.load(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replicas", [None, 1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_comes_back(tmp_path, activation, replicas, dtype):
    net = MLP([Dense(2, 3, activation), Dense(3, 2, activation)], "mse", dtype=dtype, seed=0)
    net = filled(net.replicate(replicas) if replicas else net)
    assert_same(net, saved(net, tmp_path / "net.npz"))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_comes_back_and_gives_the_same_gradient(tmp_path, loss):
    output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "softplus")
    net = filled(MLP([Dense(2, 3, "gelu"), Dense(3, 2, output)], loss, seed=0))
    other = saved(net, tmp_path / "net.npz")
    X, Y = [[0.1, -0.2], [0.3, 0.5]], [[1.0, 0.0], [0.0, 1.0]]
    assert net.loss_and_grad(X, Y) == other.loss_and_grad(X, Y)
    assert net.grad.tobytes() == other.grad.tobytes()


@pytest.mark.parametrize("activation", [LeakyReLU(0.1 + 0.2), ELU(1 / 3)])
def test_settings_keep_every_digit(tmp_path, activation):
    net = filled(MLP([Dense(2, 2, activation)], Huber(2 / 3), seed=0))
    other = saved(net, tmp_path / "net.npz")
    assert other.layers[0].activation.config() == activation.config()
    assert other.loss.delta == 2 / 3


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("share_bias", [False, True])
@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("bias", [False, True, 0.35])
def test_every_kind_of_bias_comes_back(tmp_path, bias, train_bias, share_bias, replicas):
    kinds = {"bias": bias, "train_bias": train_bias, "share_bias": share_bias}
    net = MLP([Dense(2, 3, "tanh", **kinds), Dropout(0.5), Dense(3, 2, **kinds)], seed=0)
    net = filled(net.replicate(replicas) if replicas else net)
    other = saved(net, tmp_path / "net.npz")
    assert_same(net, other)
    assert other.theta.shape == net.theta.shape


@pytest.mark.parametrize("rate", [0.0, 0.1, 1 / 3])
def test_dropout_comes_back(tmp_path, rate):
    net = MLP([Dropout(rate), Dense(2, 1)], seed=0)
    assert saved(net, tmp_path / "net.npz").layers[0].rate == rate


@pytest.mark.parametrize("weights", [*INITIALIZERS, [[0.1, 0.2], [0.3, 0.4]]])
def test_a_loaded_network_is_initialized_as_the_saved_one(tmp_path, weights):
    net = MLP([Dense(2, 2, "relu", weights=weights, bias=[0.1, 0.2])], seed=3)
    filled(net)
    other = saved(net, tmp_path / "net.npz")
    net.initialize(7)
    other.initialize(7)
    assert net.theta.tobytes() == other.theta.tobytes()


def test_extreme_numbers_come_back(tmp_path):
    net = MLP([Dense(2, 3)], seed=0)
    net.theta[:6] = [5e-324, -0.0, np.finfo(float).max, np.finfo(float).min, np.nextafter(1, 2), 0]
    other = saved(net, tmp_path / "net.npz")
    assert net.theta.tobytes() == other.theta.tobytes()


def test_a_loaded_network_is_trained_like_the_saved_one(tmp_path):
    X, y = mlp.datasets.xor()
    net = MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", dropout=0.2, seed=1)
    other = saved(net, tmp_path / "net.npz")
    for each in (net, other):
        mlp.Trainer(each, mlp.Adam(0.01), batch_size=2, seed=5).fit(X, y, epochs=3)
    assert net.theta.tobytes() == other.theta.tobytes()
    assert not np.shares_memory(net.theta, other.theta)


def test_a_loaded_network_draws_from_a_generator_that_begins_anew(tmp_path):
    net = MLP([Dense(4, 4), Dropout(0.5), Dense(4, 1)], seed=3)
    net.save(tmp_path / "net.npz")
    X, Y = np.ones((8, 4)), np.zeros((8, 1))
    losses = {mlp.load(tmp_path / "net.npz").loss_and_grad(X, Y) for _ in range(3)}
    again = net.loss_and_grad(X, Y, rng=np.random.default_rng(0))
    assert losses == {again}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_network_gives_the_same_bytes(tmp_path, name):
    net = NETWORKS[name]()
    net.save(tmp_path / "a.npz", METADATA)
    NETWORKS[name]().save(tmp_path / "b.npz", METADATA)
    mlp.load(tmp_path / "a.npz").save(tmp_path / "c.npz", METADATA)
    net.copy().predict(np.ones((1, net.n_in)))
    net.copy().save(str(tmp_path / "d.npz"), METADATA)
    assert len({(tmp_path / f"{file}.npz").read_bytes() for file in "abcd"}) == 1


def test_the_same_network_gives_the_same_bytes_in_another_process_and_year(tmp_path):
    script = (
        "import sys, time; time.time = lambda: 2e9; sys.path.insert(0, sys.argv[1])\n"
        "from tests.files.forge import METADATA, mixed\n"
        "mixed().save(sys.argv[2], METADATA)"
    )
    other = tmp_path / "other.npz"
    arguments = [sys.executable, "-c", script, str(ROOT), str(other)]
    environment = os.environ | {"PYTHONHASHSEED": "123", "TZ": "Asia/Tokyo"}
    subprocess.run(arguments, check=True, env=environment, cwd=tmp_path)
    NETWORKS["mixed"]().save(tmp_path / "net.npz", METADATA)
    assert other.read_bytes() == (tmp_path / "net.npz").read_bytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_metadata_comes_back(tmp_path, name):
    net = NETWORKS[name]()
    net.save(tmp_path / "net.npz", METADATA)
    other, metadata = read_model(tmp_path / "net.npz")
    assert_same(net, other)
    assert metadata["classes"] == METADATA["classes"]
    for mine, its in (
        (METADATA["scale"], metadata["scale"]),
        (METADATA["nested"]["empty"], metadata["nested"]["empty"]),
        (METADATA["nested"]["mask"], metadata["nested"]["mask"]),
    ):
        assert (its.dtype, its.shape, its.tobytes()) == (mine.dtype, mine.shape, mine.tobytes())
        assert its.flags.writeable


def test_without_metadata_there_is_an_empty_dict(tmp_path):
    NETWORKS["small"]().save(tmp_path / "net.npz")
    assert read_model(tmp_path / "net.npz")[1] == {}


def test_other_programs_can_read_the_file(tmp_path):
    net = NETWORKS["mixed"]()
    net.save(tmp_path / "net.npz")
    with zipfile.ZipFile(tmp_path / "net.npz") as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("description.json"))["format"] == "mlp-model"
    with np.load(tmp_path / "net.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["layers.0.params.W"], net.layers[0].W)
        np.testing.assert_array_equal(archive["layers.2.params.b"], net.layers[2].b)
