"""Networks from scikit-learn's fitted MLP estimators, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp._checks import check_offers
from mlp._names import shortened
from mlp.core import ACTIVATIONS, MLP
from mlp.export.steps import Step, network_of, steps_of

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

_NAMES = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_OUTPUTS = {"identity": "squared_error", "logistic": "binary_cross_entropy"}
_OUTPUTS["softmax"] = "cross_entropy"


def from_sklearn(estimator: MLPClassifier | MLPRegressor) -> MLP:
    """Return the network of a fitted ``MLPClassifier`` or ``MLPRegressor``.

    Outputs are those of ``predict_proba`` or ``predict``, in the order of ``classes_``; for two
    classes there is one output, the probability of the second.

    Raises
    ------
    TypeError
        If the estimator is of another kind or not fitted.
    ValueError
        If it has an activation that a network lacks.

    See docs/howto/pytorch.md for an example.
    """
    expected = "a fitted MLPClassifier or MLPRegressor"
    check_offers("estimator", estimator, expected, "coefs_", "intercepts_", "out_activation_")
    output = estimator.out_activation_
    if estimator.activation not in _NAMES or output not in _OUTPUTS:
        raise ValueError(
            f"estimator: received the activations {estimator.activation!r} and {output!r}, "
            f"expected {', '.join(_NAMES)}, then {', '.join(_OUTPUTS)}"
        )
    steps: list[Step] = []
    last = len(estimator.coefs_) - 1
    for i, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        n_in, n_out = W.shape
        name = _NAMES.get(estimator.activation if i < last else output, output)
        steps.append(Step("dense", i, n_in, n_out, {"W": W, "b": b}, {}))
        steps.append(Step(name, i, n_out, n_out, {}, {}))
    net = network_of(steps, _OUTPUTS[output], estimator.coefs_[0].dtype.name)
    if hasattr(estimator, "feature_names_in_"):
        net.feature_names = [str(name) for name in estimator.feature_names_in_]
    return net


def to_sklearn(net: MLP, classes: Sequence[Any] | None = None) -> MLPClassifier | MLPRegressor:
    """Return a network as a fitted estimator: of classes if it ends in softmax or sigmoid.

    Parameters
    ----------
    net : MLP
        A network of dense layers whose hidden activation is one of identity, sigmoid, tanh and
        relu; dropout is left out.
    classes : sequence, optional
        The class of each output, or the two classes of a single sigmoid; by default 0, 1, 2, ...
        Several sigmoids are labels of which a row may have any number.

    Raises
    ------
    TypeError
        If a layer or an activation is custom; the message names the layer.
    ValueError
        If scikit-learn cannot express a layer, which the message names, or classes do not fit.
    ImportError
        If scikit-learn is not installed.
    """
    dense, hidden, output = _parts(net)
    is_classifier = output in ("softmax", "sigmoid")
    has_several_labels = output == "sigmoid" and net.n_out > 1
    if classes is not None and (not is_classifier or has_several_labels):
        raise ValueError(f"classes: received {shortened(classes)}, expected None for {output}")
    labels = np.eye(net.n_out, dtype=int) if has_several_labels else _labels(net, classes)
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import LabelBinarizer

    theirs = {ours: name for name, ours in _NAMES.items()}
    sizes = [step.n_out for step in dense[:-1]]
    kind = MLPClassifier if is_classifier else MLPRegressor
    estimator = kind(hidden_layer_sizes=sizes, activation=theirs[hidden])
    zeros = [np.zeros(step.n_out, net.dtype) for step in dense]
    estimator.coefs_ = [step.arrays["W"].copy() for step in dense]
    estimator.intercepts_ = [
        step.arrays.get("b", zero).copy() for step, zero in zip(dense, zeros, strict=True)
    ]
    estimator.n_layers_, estimator.n_outputs_ = len(dense) + 1, net.n_out
    estimator.out_activation_ = theirs.get(output, output)
    estimator.n_features_in_ = net.n_in
    estimator.n_iter_ = estimator.t_ = 0
    if net.feature_names is not None:
        estimator.feature_names_in_ = np.array(net.feature_names, dtype=object)
    if is_classifier:
        estimator._label_binarizer = LabelBinarizer().fit(labels)
        estimator.classes_ = estimator._label_binarizer.classes_
    return estimator


def _parts(net: MLP) -> tuple[list[Step], str, str]:
    """Return the dense steps, the hidden activation and the last one."""
    layers: list[tuple[Step, str]] = []
    for step in steps_of(net):
        is_activation = step.kind in ACTIVATIONS
        follows = bool(layers) and layers[-1][1] == "identity"
        if step.kind == "dense":
            layers.append((step, "identity"))
        elif is_activation and follows:
            layers[-1] = (layers[-1][0], step.kind)
        else:
            raise _inexpressible(net, step)
    hidden = layers[0][1] if len(layers) > 1 else "relu"
    for i, (step, activation) in enumerate(layers):
        is_last = i == len(layers) - 1
        fits = activation in ("identity", "sigmoid", "softmax") if is_last else activation == hidden
        if not fits or (not is_last and activation not in _NAMES.values()):
            raise _inexpressible(net, step)
    return [step for step, _ in layers], hidden, layers[-1][1]


def _inexpressible(net: MLP, step: Step) -> ValueError:
    return ValueError(
        f"layers[{step.layer}]: received {net.layers[step.layer]!r}, expected dense layers with "
        f"one hidden activation ({', '.join(_NAMES.values())}) and identity, sigmoid or softmax "
        "at the end, as scikit-learn has them"
    )


def _labels(net: MLP, classes: Sequence[Any] | None) -> Any:
    """Return the class of each output, sorted, as scikit-learn keeps them."""
    n_classes = 2 if net.n_out == 1 else net.n_out
    labels = np.arange(n_classes) if classes is None else np.asarray(classes)
    if labels.shape != (n_classes,) or np.unique(labels).tolist() != labels.tolist():
        received = shortened(classes)
        raise ValueError(f"classes: received {received}, expected {n_classes} in sorted order")
    return labels
