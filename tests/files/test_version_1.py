"""Files of version 1 are read for ever, bit for bit."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from mlp.files import read_model
from mlp.training.checkpoint.checkpoint import read_run
from tests.files.forge import METADATA, NETWORKS, assert_same
from tests.files.runs import RUNS, assert_same_state, go_on, spread, write

DATA = Path(__file__).parent / "data"
DIGESTS = {
    "small": "15a029e57dc087568976da419524c3cf9eecb7ee14ff968c34797c99509036bb",
    "mixed": "30157c6ac312b584a2ca3c037b4ca5eb9b496ca305c197570a82f0950ddded3b",
    "replicas": "a02ef9c4da4f2b082d7f489023e0a629def30bf429339354d542ef783b9cfbbd",
    "normalized": "113479ff7717264a92f4aa057ba96a3e4060b21ffd77ce3893d22521f7b86fff",
    "activated": "823d1d6958641d125d1823ef8e18ca6858d68f838ce59d0b387761cb52ed92d5",
    "shared": "b908f2cfd1650f639a66c3be858a015113521d4d45bc132a7958140d31371091",
}
CHECKPOINT_DIGESTS = {
    "in_an_epoch": "747d5fcf3a5effa542482034bf8b2f54a0ddda292d19619957130d29eb66b723",
    "of_replicas": "2d45e88244304e3871767928a0653c3a480e0a87b9b260d02b0ef51818731567",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_version_1_is_loaded_bit_for_bit(name):
    net, metadata = read_model(DATA / f"version_1_{name}.npz")
    assert_same(net, NETWORKS[name]())
    assert metadata["classes"] == METADATA["classes"]
    assert metadata["scale"].tobytes() == METADATA["scale"].tobytes()
    assert metadata["nested"]["mask"].tolist() == [True, False]


def test_its_numbers_are_those_of_the_formula_that_made_them():
    net, _ = read_model(DATA / "version_1_small.npz")
    expected = (np.arange(13) * 0.7 - 2.1) / 3.0
    assert net.theta.tobytes() == expected.tobytes()
    assert net.layers[0].W[1].tobytes() == expected[3:6].tobytes()
    assert net.layers[1].b.tobytes() == expected[12:].tobytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_files_are_the_ones_that_were_recorded(name):
    data = (DATA / f"version_1_{name}.npz").read_bytes()
    assert sha256(data).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_version_1_is_still_written_byte_for_byte(tmp_path, name):
    NETWORKS[name]().save(tmp_path / "net.npz", METADATA)
    recorded = DATA / f"version_1_{name}.npz"
    assert (tmp_path / "net.npz").read_bytes() == recorded.read_bytes()


@pytest.mark.parametrize("name", RUNS)
def test_a_checkpoint_of_version_1_is_restored_bit_for_bit(tmp_path, name):
    recorded, again = DATA / f"checkpoint_1_{name}.npz", tmp_path / "again.npz"
    run = RUNS[name](filled=False)
    go_on(recorded, run)
    write(again, run)
    assert_same_state(read_run(again)[1], read_run(recorded)[1])


def test_its_numbers_are_those_of_the_formula_too():
    run = RUNS["in_an_epoch"](filled=False)
    go_on(DATA / "checkpoint_1_in_an_epoch.npz", run)
    trainer, theta = run.trainer, spread(run.trainer.net.theta.shape)
    assert trainer.net.theta.tobytes() == theta.tobytes()
    assert trainer.optimizer.state["v"].tobytes() == (theta**2 / 7.0).tobytes()
    assert (trainer.optimizer.steps, trainer.optimizer.lr_scale) == (7, 0.1)
    assert (trainer.epoch, trainer.batch, run.state.is_in_epoch) == (4, 2, True)
    assert run.data.order.tolist() == [0, 3, 6, 9, 2, 5, 8, 1, 4, 7]
    assert trainer.history["loss"] == [0.0, 0.1, 0.2]
    assert trainer.callbacks[0].best_epoch == 2
    assert trainer._rng.random() == np.random.default_rng(5).random()


@pytest.mark.parametrize("name", RUNS)
def test_checkpoints_of_version_1_are_still_written_byte_for_byte(tmp_path, name):
    write(tmp_path / "run.npz", RUNS[name](filled=True))
    data = (tmp_path / "run.npz").read_bytes()
    assert data == (DATA / f"checkpoint_1_{name}.npz").read_bytes()
    assert sha256(data).hexdigest() == CHECKPOINT_DIGESTS[name]
