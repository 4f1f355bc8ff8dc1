"""scikit-learn: MLPClassifier and MLPRegressor."""

from __future__ import annotations

import warnings

import numpy as np
from cases import BETAS, EPS, Case
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from competitors.base import Competitor, UnsupportedCaseError

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are meant to run out


class Sklearn(Competitor):
    """``fit`` of all epochs at once, with ``warm_start`` from the weights that all start from.

    No penalty, no momentum, no early stop. Its squared loss is half the mean over rows and
    outputs, ours half the sum over the outputs: the same for the one output of the regression.
    """

    def __init__(self, case: Case) -> None:
        if case.task == "sigmoid":
            raise UnsupportedCaseError("it has no sigmoid output with squared error")
        self.case = case
        X, Y = case.data()
        self.X, self.Y = X, Y if case.task == "classes" else Y[:, 0]
        kind = MLPClassifier if case.task == "classes" else MLPRegressor
        self.model = kind(
            hidden_layer_sizes=case.sizes[1:-1],
            activation="relu",
            solver=case.optimizer,
            alpha=0.0,
            batch_size=case.batch,
            learning_rate_init=case.lr,
            momentum=0.0,
            nesterovs_momentum=False,
            beta_1=BETAS[0],
            beta_2=BETAS[1],
            epsilon=EPS,
            max_iter=1,
            tol=0.0,
            n_iter_no_change=np.inf,
            warm_start=True,
            random_state=0,
        ).fit(self.X, self.Y)

    def start(self, shuffle: bool) -> None:
        weights = self.case.weights()
        self.model.coefs_ = [W for W, _ in weights]
        self.model.intercepts_ = [b for _, b in weights]
        self.model.best_loss_ = np.inf
        self.model.loss_curve_ = []
        self.model.shuffle = shuffle

    def train(self, epochs: int) -> list[float]:
        self.model.max_iter = epochs
        self.model.fit(self.X, self.Y)
        return [float(loss) for loss in self.model.loss_curve_[-epochs:]]
