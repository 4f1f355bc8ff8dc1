"""PyTorch computes what the package computes, and gives back what it was given."""

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS
from mlp.export import from_torch, load_state_dict, state_dict
from tests.export.networks import MANY_SEEDS, SEEDS, draw, error, inputs

torch = pytest.importorskip("torch", reason="PyTorch is missing")
nn = torch.nn
LIMIT = {"float32": 1e-5, "float64": 1e-12}


def outputs(module, X):
    with torch.no_grad():
        return module(torch.from_numpy(np.array(X))).numpy()


def assert_equal(seed):
    net = draw(seed, scale=False)  # PyTorch has no module for it
    module, X = net.to_torch(), inputs(net)
    assert error(outputs(module, X), net.predict(X)) <= LIMIT[net.dtype.name], net
    same = mlp.from_torch(module)
    assert error(same.predict(X), net.predict(X)) <= LIMIT[net.dtype.name], net
    expected, found = module.state_dict(), state_dict(net)
    assert {key for key in expected if not key.endswith("num_batches_tracked")} == found.keys()
    assert all((expected[key].numpy() == found[key]).all() for key in found)
    other = net.copy()
    other.initialize(seed=99)
    load_state_dict(other, expected)
    assert (other.theta == net.theta).all()
    assert (other.fixed == net.fixed).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_and_state_dicts_are_equal(seed):
    assert_equal(seed)


@pytest.mark.long
def test_outputs_and_state_dicts_are_equal_for_many_networks():
    for seed in MANY_SEEDS:
        assert_equal(seed)


def test_large_numbers_give_what_the_package_gives():
    for name in ACTIVATIONS:
        net = mlp.MLP([mlp.Dense(3, 3, name, weights=np.eye(3))])
        X = np.array([[-800.0, 0.0, 800.0], [-30.0, 1e-9, 30.0]])
        assert np.abs(outputs(net.to_torch(), X) - net.predict(X)).max() < 1e-12, name


def test_a_layer_that_pytorch_lacks_is_rejected_by_its_place():
    net = mlp.MLP([mlp.Dense(2, 3), mlp.Scale(), mlp.Dense(3, 1)])
    with pytest.raises(TypeError, match=r"^layers\[1\]: received Scale\(\), which no module"):
        net.to_torch()


def test_a_training_step_moves_the_running_statistics_alike():
    net = mlp.MLP([mlp.BatchNorm(0.3, 1e-4), mlp.Dense(3, 2)], loss="mse", seed=0)
    module, X = net.to_torch().train(), np.random.default_rng(0).normal(size=(7, 3))
    outputs(module, X)
    net.loss_and_grad(X, np.zeros((7, 2)))
    for name in ("running_mean", "running_var"):
        found = getattr(module[0], name).numpy()
        assert np.abs(found - getattr(net.layers[0], name)).max() < 1e-14


def test_gradients_are_those_of_pytorch():
    net = mlp.MLP.from_sizes([3, 5, 2], "gelu", "softmax", loss="mse", seed=0)
    module, rng = net.to_torch(), np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    nn.functional.mse_loss(module(torch.from_numpy(X)), torch.from_numpy(Y)).backward()
    net.loss_and_grad(X, Y)
    for i, layer in ((0, net.layers[0]), (2, net.layers[1])):
        assert np.abs(module[i].weight.grad.numpy().T - layer.dW).max() < 1e-14
        assert np.abs(module[i].bias.grad.numpy() - layer.db).max() < 1e-14


def test_what_is_not_trained_is_not_trained_there():
    net = mlp.MLP([mlp.Dense(2, 3, bias=1.0, train_bias=False), mlp.Dense(3, 1)])
    module = net.to_torch()
    assert [p.requires_grad for p in module.parameters()] == [True, False, True, True]


def test_a_sequence_in_a_sequence_is_read_in_line():
    block = nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2), nn.Dropout(0.3))
    module = nn.Sequential(block, nn.BatchNorm1d(4, affine=False), nn.Linear(4, 2, bias=False))
    net, X = from_torch(module.double().eval(), loss="mse"), np.ones((2, 3))
    names = "Dense(3, 4, 'leaky_relu'), Dropout(0.3), BatchNorm(), Dense(4, 2, 'identity')"
    assert repr(net) == f"MLP([{names}], loss='mse')"
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-12


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Conv1d(1, 1, 1), r"module\[1\]: received Conv1d.*expected one of Linear"),
        (nn.LogSoftmax(dim=-1), r"module\[1\]: received LogSoftmax"),
        (nn.Softmax(dim=0), r"module\[1\]: received Softmax\(dim=0\), expected dim=-1"),
        (nn.Softplus(beta=2.0), r"module\[1\]: received Softplus\(beta=2.0"),
        (nn.LayerNorm((2, 2)), r"module\[1\]: received LayerNorm.*expected one dimension"),
        (nn.BatchNorm1d(2, momentum=None), r"module\[1\]: received BatchNorm1d.*expected a mom"),
        (nn.Linear(2, 2).half(), "module: received .*float16"),
    ],
)
def test_what_a_network_cannot_express_is_named(module, message):
    with pytest.raises((TypeError, ValueError), match=message):
        from_torch(nn.Sequential(nn.Linear(2, 2), module))


def test_a_custom_module_under_a_known_name_is_rejected():
    class Linear(nn.Linear):
        pass

    with pytest.raises(TypeError, match=r"module\[0\]: received Linear"):
        from_torch(nn.Sequential(Linear(2, 2)))


def test_a_module_without_parameters_is_rejected():
    with pytest.raises(ValueError, match="expected one of float32, float64"):
        from_torch(nn.Sequential(nn.ReLU()))
