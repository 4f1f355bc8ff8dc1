"""Data sets that estimators are compared on, each with the parameters of its comparison."""

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_multilabel_classification,
)
from sklearn.preprocessing import scale


def iris():
    return load_iris(return_X_y=True)


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), np.array(["benign", "malignant"])[1 - y]


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), y / 100


def weights(n):
    return np.random.default_rng(1).uniform(0.1, 2.0, n)


# For each set: classifier or regressor, inputs, targets, sample weights, parameters.
SETS = {
    "iris": lambda: ("MLPClassifier", *iris(), None, {}),
    "breast cancer, adaptive": lambda: (
        *("MLPClassifier", *cancer(), None),
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.5, "tol": 1e-3}
        | {"activation": "tanh"},
    ),
    "breast cancer, weights": lambda: (
        *("MLPClassifier", *cancer(), weights(569)),
        {"early_stopping": True, "batch_size": 32, "activation": "logistic"},
    ),
    "raw wine, inverse scaling": lambda: (
        *("MLPClassifier", *load_wine(return_X_y=True), None),
        {"solver": "sgd", "learning_rate": "invscaling", "nesterovs_momentum": False}
        | {"learning_rate_init": 1e-4},
    ),
    "digits, early stopping": lambda: (
        *("MLPClassifier", *digits(), None),
        {"early_stopping": True, "hidden_layer_sizes": (32, 16), "max_iter": 40},
    ),
    "sparse digits": lambda: (
        *("MLPClassifier", csr_matrix(digits()[0]), digits()[1], None),
        {"max_iter": 10, "hidden_layer_sizes": 32},
    ),
    "sparse digits, in order": lambda: (
        *("MLPClassifier", csc_matrix(digits()[0]), digits()[1], None),
        {"max_iter": 10, "hidden_layer_sizes": 32, "shuffle": False},
    ),
    "multilabel": lambda: (
        "MLPClassifier",
        *make_multilabel_classification(150, random_state=0),
        None,
        {"activation": "identity"},
    ),
    "diabetes": lambda: ("MLPRegressor", *diabetes(), None, {"batch_size": 50, "max_iter": 60}),
    "diabetes, weights": lambda: (
        *("MLPRegressor", *diabetes(), weights(442)),
        {"solver": "sgd", "momentum": 0.5, "learning_rate_init": 0.01, "max_iter": 60},
    ),
    "diabetes, counts": lambda: (
        *("MLPRegressor", diabetes()[0], np.floor(2 * diabetes()[1]), None),
        {"loss": "poisson", "max_iter": 60},
    ),
    "iris, L-BFGS": lambda: ("MLPClassifier", *iris(), None, {"solver": "lbfgs", "max_iter": 30}),
    "diabetes, L-BFGS": lambda: (
        *("MLPRegressor", *diabetes(), weights(442)),
        {"solver": "lbfgs", "max_iter": 20, "hidden_layer_sizes": 10},
    ),
}
