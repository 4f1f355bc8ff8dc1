"""Custom activations, losses and layers that break their contract are named, not computed with."""

import copy
import pickle

import numpy as np
import pytest

import mlp
from mlp.core import Parameter
from mlp.core.first_call import CheckedOnce

X = np.random.default_rng(0).normal(size=(6, 3))
Y = X[:, :2] ** 2


class Sine:
    """An activation that keeps the contract."""

    needs_z = True

    def forward(self, Z, out):
        np.sin(Z, out=out)

    def backward(self, dA, Z, A, out):
        np.cos(Z, out=out)
        out *= dA


class ReturnsForward(Sine):
    def forward(self, Z, out):
        return np.sin(Z)


class ReturnsBackward(Sine):
    def backward(self, dA, Z, A, out):
        return np.cos(Z) * dA


class Rebinds(Sine):
    def forward(self, Z, out):
        out = np.sin(Z)  # noqa: F841 - the mistake


class WritesSomeRows(Sine):
    def forward(self, Z, out):
        out[0] = np.sin(Z[0])


class ReadsOut(Sine):
    def backward(self, dA, Z, A, out):
        out *= dA


class ReturnsOverZ(ReturnsForward):
    needs_z = False


class ChangesZ(Sine):
    def forward(self, Z, out):
        Z *= 2.0
        np.sin(Z, out=out)


ACTIVATIONS = {
    ReturnsForward: r"ReturnsForward.forward, which returned its result and left numbers of `out`",
    ReturnsBackward: r"ReturnsBackward.backward, which returned its result and left",
    Rebinds: r"Rebinds.forward, which left numbers of `out` unwritten, expected it to write all",
    WritesSomeRows: r"WritesSomeRows.forward, which left numbers",
    ReadsOut: r"ReadsOut.backward, which left numbers",
    ReturnsOverZ: r"ReturnsOverZ.forward, which returned its result",
    ChangesZ: r"ChangesZ.forward, which changed its arguments",
}


class LogCosh:
    """A loss that keeps the contract."""

    def rows(self, A, Y, out):
        np.sum(np.log(np.cosh(A - Y)), axis=-1, out=out)

    def gradient(self, A, Y, out):
        np.tanh(A - Y, out=out)


class ReturnsRows(LogCosh):
    def rows(self, A, Y, out):
        return np.log(np.cosh(A - Y)).sum(axis=-1)


class ReturnsGradient(LogCosh):
    def gradient(self, A, Y, out):
        return np.tanh(A - Y)


LOSSES = {
    ReturnsRows: "loss: received ReturnsRows.rows, which returned its result",
    ReturnsGradient: "loss: received ReturnsGradient.gradient, which returned its result",
}


class Scale(mlp.Layer):
    """A layer that keeps the contract."""

    def parameters(self):
        return (Parameter("s", (self.width,), lambda rng: np.ones(self.width)),)

    def forward(self, A_in, training, rng):
        self.A_in = A_in
        return A_in * self.params["s"][..., None, :]

    def backward(self, dA, need_dA_in=True):
        self.grads["s"][...] = (self.A_in * dA).sum(axis=-2)
        return dA * self.params["s"][..., None, :]


class RebindsGradient(Scale):
    def backward(self, dA, need_dA_in=True):
        self.grads["s"] = (self.A_in * dA).sum(axis=-2)
        return dA


class AddsGradient(Scale):
    def backward(self, dA, need_dA_in=True):
        self.grads["s"] += (self.A_in * dA).sum(axis=-2)
        return dA


class ReturnsNothing(Scale):
    def forward(self, A_in, training, rng):
        self.A_in = A_in * self.params["s"]


class ReturnsOneColumn(Scale):
    def forward(self, A_in, training, rng):
        return super().forward(A_in, training, rng)[..., :1]


class ReturnsMasked(Scale):
    def forward(self, A_in, training, rng):
        return np.ma.array(super().forward(A_in, training, rng))


class ReturnsNoDerivative(Scale):
    def backward(self, dA, need_dA_in=True):
        super().backward(dA)


class ChangesInputs(Scale):
    def forward(self, A_in, training, rng):
        A_in *= 2.0
        self.A_in = A_in
        return A_in


LAYERS = {
    RebindsGradient: r"left numbers of self.grads\['s'\] unwritten",
    AddsGradient: r"left numbers of self.grads\['s'\] unwritten",
    ReturnsNothing: "ReturnsNothing.forward, which returned NoneType, expected an array",
    ReturnsOneColumn: r"returned an array of shape \(6, 1\), expected \(6, 4\)",
    ReturnsMasked: "returned MaskedArray float64, expected an array",
    ReturnsNoDerivative: "ReturnsNoDerivative.backward, which returned NoneType",
    ChangesInputs: "ChangesInputs.forward, which changed its arguments",
}


def with_activation(kind, in_dense=True):
    if in_dense:
        layers = [mlp.Dense(3, 4, kind())]
    else:
        layers = [mlp.Dense(3, 4), mlp.ActivationLayer(kind())]
    return mlp.MLP([*layers, mlp.Dense(4, 2)], seed=0)


def with_loss(kind):
    return mlp.MLP([mlp.Dense(3, 2, "tanh")], kind(), seed=0)


def with_layer(kind):
    return mlp.MLP([mlp.Dense(3, 4), kind(), mlp.Dense(4, 2)], seed=0)


USES = {
    "check_gradients": lambda net: mlp.check_gradients(net, X, Y),
    "loss_and_grad": lambda net: net.loss_and_grad(X, Y),
    "fit": lambda net: mlp.Trainer(net).fit(X, Y),
    "fit in float32": lambda net: mlp.Trainer(net.astype("float32")).fit(X, Y),
    "a sweep": lambda net: mlp.learning_rate_sweep(net, X, Y, [0.1, 0.2], epochs=1),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("in_dense", [True, False])
@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_an_activation_that_does_not_write_its_result_is_named(kind, in_dense, use):
    message = f"^activation: received {ACTIVATIONS[kind]}"
    with pytest.raises(TypeError, match=message):
        USES[use](with_activation(kind, in_dense))


def test_a_prediction_by_an_activation_that_returns_its_result_is_refused():
    with pytest.raises(TypeError, match="ReturnsForward.forward"):
        with_activation(ReturnsForward).predict(X)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_that_does_not_write_its_result_is_named(kind, use):
    with pytest.raises(TypeError, match=LOSSES[kind]):
        USES[use](with_loss(kind))


@pytest.mark.parametrize("use", ["check_gradients", "loss_and_grad", "fit"])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_that_breaks_its_contract_is_named(kind, use):
    with pytest.raises((TypeError, ValueError), match=f"^layers: received .*{LAYERS[kind]}"):
        USES[use](with_layer(kind))


def test_an_activation_layer_in_front_never_changes_the_users_inputs():
    inputs = X.copy()
    net = mlp.MLP([mlp.ActivationLayer(ChangesZ()), mlp.Dense(3, 2)], seed=0)
    with pytest.raises(TypeError, match="changed its arguments"):
        net.predict(inputs)


@pytest.mark.parametrize("replicas", [None, 3])
@pytest.mark.parametrize("make", [lambda: with_activation(Sine), lambda: with_layer(Scale)])
def test_what_keeps_its_contract_gives_the_same_bits_in_the_first_call_and_later(make, replicas):
    net = make() if replicas is None else make().replicate(replicas)
    first, first_grad = net.loss_and_grad(X, Y), net.grad.copy()
    assert np.array_equal(first, net.loss_and_grad(X, Y))
    assert np.array_equal(first_grad, net.grad)
    assert mlp.check_gradients(net, X, Y).error < 1e-6


def test_after_the_first_call_the_methods_are_called_directly():
    net = mlp.MLP([mlp.Dense(3, 4, Sine()), Scale(), mlp.Dense(4, 2, "tanh")], LogCosh(), seed=0)
    dense, scale = net.layers[:2]
    assert isinstance(dense._activation, CheckedOnce)
    assert {"forward", "backward"} <= set(vars(scale))
    net.loss_and_grad(X, Y)
    for thing, methods in ((dense._activation, Sine), (net._output._loss, LogCosh)):
        for name, method in vars(thing).items():
            assert method.__func__ is getattr(methods, name)
    assert not {"forward", "backward"} & set(vars(scale))


def test_the_packages_own_parts_are_not_checked():
    net = mlp.MLP.from_sizes([3, 4, 2], "tanh", normalization="batch", dropout=0.5, seed=0)
    for layer in net.layers:
        assert "forward" not in vars(layer)
    assert net.layers[0]._activation is net.layers[0].activation
    assert net._output._loss is net.loss


@pytest.mark.parametrize("again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])  # noqa: S301
def test_a_network_is_copied_before_and_after_the_first_call(again):
    net = mlp.MLP([mlp.Dense(3, 4, Sine()), Scale(), mlp.Dense(4, 2)], LogCosh(), seed=0)
    loss = again(net).loss_and_grad(X, Y)
    assert net.loss_and_grad(X, Y) == loss
    assert again(net).loss_and_grad(X, Y) == loss


def test_a_result_that_is_not_a_number_is_not_taken_for_an_unwritten_one():
    class Nan(Sine):
        def forward(self, Z, out):
            out[...] = np.nan

    assert np.isnan(with_activation(Nan).predict(X)).all()
