"""The NTK parametrization is an initializer and a learning-rate factor: the same networks."""

import numpy as np
import pytest

import mlp
from mlp import SGD, Adam, Dense, Trainer
from mlp.core import Parameter

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))


class Scaled(mlp.Layer):
    """Z = A_in @ W / sqrt(n_in) + b, with W drawn from a standard normal distribution."""

    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out

    def parameters(self):
        shape = (self.n_in, self.n_out)
        return (
            Parameter("W", shape, lambda rng: rng.normal(size=shape)),
            Parameter("b", (self.n_out,), lambda rng: np.zeros(self.n_out)),
        )

    def forward(self, A_in, training, rng):
        self.A_in = A_in
        return A_in @ self.params["W"] / np.sqrt(self.n_in) + self.params["b"]

    def backward(self, dA, need_dA_in=True):
        self.grads["W"][...] = self.A_in.T @ dA / np.sqrt(self.n_in)
        self.grads["b"][...] = dA.sum(axis=0)
        return dA @ self.params["W"].T / np.sqrt(self.n_in)


@pytest.mark.parametrize(
    ("optimizer", "power"),
    [(Adam(0.01, eps=1e-30), -0.5), (SGD(0.1), -1.0), (SGD(0.1, momentum=0.9), -1.0)],
    ids=["adam", "sgd", "momentum"],
)
def test_the_outputs_are_those_of_the_scaled_network_at_every_step(optimizer, power):
    explicit = mlp.MLP(
        [Scaled(3, 8), mlp.ActivationLayer("selu"), Scaled(8, 2)], loss="mse", seed=1
    )
    layers = [
        Dense(3, 8, "selu", weights="lecun_normal", lr_factor=3**power),
        Dense(8, 2, weights="lecun_normal", lr_factor=8**power),
    ]
    net = mlp.MLP(layers, loss="mse", seed=1)
    assert np.allclose(net.predict(X), explicit.predict(X), rtol=1e-13, atol=1e-15)
    other = type(optimizer)(
        optimizer.lr, **{name: getattr(optimizer, name) for name in optimizer.hyperparameters}
    )
    trainers = [Trainer(net, optimizer, batch_size=20), Trainer(explicit, other, batch_size=20)]
    for _ in range(10):
        for trainer in trainers:
            trainer.fit(X, Y)
        assert np.allclose(net.predict(X), explicit.predict(X), rtol=1e-9, atol=1e-10)
