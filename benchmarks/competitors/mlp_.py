"""mlp through its public `Trainer`, as a user would write it."""

from __future__ import annotations

from cases import BETAS, EPS, Case

import mlp
from competitors.base import Competitor

LOSSES = {
    "classes": ("softmax", "cross_entropy"),
    "sigmoid": ("sigmoid", "squared_error"),
    "regression": ("identity", "squared_error"),
}


class Mlp(Competitor):
    """``Trainer(net, SGD(lr), batch_size=...).fit(X, Y, epochs)``: data checks, history and all."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.X, self.Y = case.data()
        output, loss = LOSSES[case.task]
        activations = [case.hidden] * (len(case.sizes) - 2) + [output]
        layers = [
            mlp.Dense(*W.shape, activation, weights=W, bias=b)
            for (W, b), activation in zip(case.weights(), activations, strict=True)
        ]
        self.net = mlp.MLP(layers, loss, dtype=case.dtype)
        self.first_theta = self.net.theta.copy()

    def start(self, shuffle: bool) -> None:
        self.net.theta = self.first_theta
        lr = self.case.lr
        optimizer = mlp.SGD(lr) if self.case.optimizer == "sgd" else mlp.Adam(lr, BETAS, EPS)
        self.trainer = mlp.Trainer(
            self.net, optimizer, batch_size=self.case.batch, shuffle=shuffle, seed=0
        )

    def train(self, epochs: int) -> list[float]:
        return self.trainer.fit(self.X, self.Y, epochs)["loss"][-epochs:]
