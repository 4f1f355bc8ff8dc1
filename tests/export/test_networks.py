"""What every exporter has in common: which networks it is tested with, and what it rejects."""

import pytest

import mlp
from mlp import export
from mlp.core import ACTIVATIONS
from tests.export.networks import SEEDS, Double, Sine, activations_of, draw

WRITERS = {
    "python": export.to_python,
    "c": export.to_c,
    "onnx": export.to_onnx,
    "safetensors": export.to_safetensors,
    "json": export.to_json,
    "torch": lambda net, path: export.to_torch(net),
    "state_dict": lambda net, path: export.state_dict(net),
    "sklearn": lambda net, path: export.to_sklearn(net),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_random_networks_have_every_layer_and_activation(dtype):
    nets = [net for net in map(draw, SEEDS) if net.dtype == dtype]
    assert {name for net in nets for name in activations_of(net)} == set(ACTIVATIONS)
    assert {type(layer) for net in nets for layer in net.layers} == {
        mlp.Dense,
        mlp.Dropout,
        mlp.BatchNorm,
        mlp.LayerNorm,
        mlp.ActivationLayer,
        mlp.Scale,
    }
    assert {net.loss.name for net in nets} == {"mse", "cross_entropy"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_custom_layer_is_rejected_by_its_place(name, tmp_path):
    net = mlp.MLP([mlp.Dense(2, 3), Double(), mlp.Dense(3, 1)])
    with pytest.raises(
        TypeError, match=r"^layers\[1\]: received Double\(\), expected one of Dense"
    ):
        WRITERS[name](net, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_custom_activation_is_rejected_by_its_place(name, tmp_path):
    net = mlp.MLP([mlp.Dense(2, 3), mlp.Dense(3, 1, Sine())])
    with pytest.raises(TypeError, match=r"^layers\[1\]\.activation: received .*Sine"):
        WRITERS[name](net, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_subclass_of_a_layer_is_custom_too(name, tmp_path):
    class Wide(mlp.Dense):
        pass

    with pytest.raises(TypeError, match=r"^layers\[0\]: received"):
        WRITERS[name](mlp.MLP([Wide(2, 3)]), tmp_path / "file")


@pytest.mark.parametrize("name", WRITERS)
def test_replicas_are_rejected_with_the_call_that_takes_one(name, tmp_path):
    net = mlp.MLP.from_sizes([2, 3, 1], seed=0).replicate(3)
    with pytest.raises(ValueError, match=r"received 3 replicas, expected one.*net\.replica\(k\)"):
        WRITERS[name](net, tmp_path / "file")


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_network_is_rejected(name, tmp_path):
    with pytest.raises(TypeError, match="net: received list, expected an MLP"):
        WRITERS[name]([], tmp_path / "file")


@pytest.mark.parametrize("name", WRITERS)
def test_a_number_that_is_not_finite_is_rejected(name, tmp_path):
    net = mlp.MLP.from_sizes([2, 3, 1], seed=0)
    net.layers[1].W[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"layers\[1\]\.params\.W: received numbers"):
        WRITERS[name](net, tmp_path / "file")


def test_a_custom_loss_does_not_hinder_the_forward_pass(tmp_path):
    class Own:
        def rows(self, A, Y, out):
            out[...] = ((A - Y) ** 2).sum(axis=-1)

        def gradient(self, A, Y, out):
            out[...] = 2.0 * (A - Y)

    net = mlp.MLP([mlp.Dense(2, 1)], loss=Own())
    export.to_python(net, tmp_path / "model.py")
    export.to_c(net, tmp_path / "model.h")
    with pytest.raises(TypeError, match="^loss: received"):
        export.to_safetensors(net, tmp_path / "model.safetensors")
