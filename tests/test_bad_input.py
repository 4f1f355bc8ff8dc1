"""Every public function that takes data, and every kind of data that it refuses.

The message says what came and what was expected, and nothing has changed: not the network, not
the optimizer, not the history, not a random stream.
"""

import numpy as np
import pytest

import mlp

X, Y = np.linspace(-1, 1, 12).reshape(4, 3), np.linspace(0.1, 0.9, 8).reshape(4, 2)
LABELS = np.array([0, 1, 1, 0])


def network(loss="mse"):
    output = {"cross_entropy": "softmax", "poisson": "softplus"}.get(loss, "sigmoid")
    layers = [mlp.Dense(3, 4, "tanh"), mlp.Dropout(0.5), mlp.Dense(4, 2, output)]
    return mlp.MLP(layers, loss, seed=0)


def assert_fit_changes_nothing(net, X, Y, weight=None, callbacks=(), **options):
    rng = np.random.default_rng(0)
    trainer = mlp.Trainer(net, mlp.Adam(0.1), batch_size=2, seed=rng, callbacks=callbacks)
    before = trainer._rng.bit_generator.state
    try:
        trainer.fit(X, Y, 2, sample_weight=weight, **options)
    finally:
        assert trainer.optimizer.steps == 0
        assert trainer.optimizer.state == {}
        assert len(trainer.history.epochs) == 0
        assert trainer._rng.bit_generator.state == before


def resume(net, X, Y, weight=None):
    """What does not fit is refused before the file is looked for."""
    trainer = mlp.Trainer(net, batch_size=2)
    trainer.resume("nowhere.npz", X, Y, 2, sample_weight=weight)


def fit_with_validation(net, X, Y, weight=None):
    Y_train = LABELS if net.loss.name == "cross_entropy" else globals()["Y"]
    assert_fit_changes_nothing(net, globals()["X"], Y_train, weight, validation=(X, Y))


def sweep(net, X, Y, weight=None):
    mlp.learning_rate_sweep(net, X, Y, rates=[0.1, 0.2], epochs=2, sample_weight=weight)


WITH_WEIGHTS = {
    "loss_and_grad": lambda net, *data: net.loss_and_grad(*data),
    "evaluate": lambda net, *data: net.evaluate(*data),
    "input_gradient": lambda net, *data: net.input_gradient(*data),
    "check_gradients": lambda net, *data: mlp.check_gradients(net, *data),
    "fit": assert_fit_changes_nothing,
    "resume": resume,
    "learning_rate_sweep": sweep,
    "find_learning_rate": lambda net, X, Y, weight=None: mlp.find_learning_rate(
        net, X, Y, sample_weight=weight
    ),
}
WITH_TARGETS = WITH_WEIGHTS | {"fit, validation": fit_with_validation}
WITH_INPUTS = WITH_TARGETS | {
    "predict": lambda net, X, Y: net.predict(X),
    "fit, recorder of layers": lambda net, X, Y: assert_fit_changes_nothing(
        net, globals()["X"], Y, callbacks=[mlp.LayerRecorder(X)]
    ),
}


def hole(array, value):
    return np.where(np.arange(array.size).reshape(array.shape) == 4, value, array)


BAD_X = {
    "one sample": (X[0], r"received shape \(3,\)"),
    "a column too few": (X[:, :2], r"received shape \(4, 2\), expected \(n, 3\)"),
    "transposed": (X.T, r"received shape \(3, 4\), expected \(n, 3\)"),
    "an axis too many": (X[None], r"received shape \(1, 4, 3\), expected \(n, 3\)"),
    "no rows": (X[:0], "received no rows"),
    "NaN": (hole(X, np.nan), r"received nan at \[1, 1\]"),
    "infinity": (hole(X, -np.inf), r"received -inf at \[1, 1\]"),
    "complex numbers": (X + 1j, "received dtype complex128, expected real numbers"),
    "text": (X.astype(str), "received dtype <U"),
    "objects": (X.astype(object), "received dtype object"),
    "dates": (X.astype("M8[s]"), "received dtype datetime64"),
    "ragged rows": ([[1.0, 2.0, 3.0], [4.0, 5.0]], "received rows that make no array"),
    "None": (None, "received dtype object"),
}
BAD_Y = {
    "one column of (n, 2)": (Y[:, 0], r"received shape \(4,\) of float64, expected \(4, 2\)"),
    "too wide": (np.ones((4, 3)), r"received shape \(4, 3\) of float64, expected \(4, 2\)"),
    "a row too few": (Y[:3], r"received shape \(3, 2\) of float64, expected \(4, 2\)"),
    "NaN": (hole(Y, np.nan), r"received nan at \[2, 0\]"),
    "infinity": (hole(Y, np.inf), r"received inf at \[2, 0\]"),
    "complex numbers": (Y + 0j, "received dtype complex128"),
    "text": (Y.astype(str), "received dtype <U"),
    "objects": (Y.astype(object), "received dtype object"),
    "None": (None, "received dtype object"),
}
BAD_LABELS = {
    "a class too high": (
        np.array([0, 1, 2, 0]),
        "received labels from 0 to 2, expected labels from 0 to 1",
    ),
    "a negative class": (np.array([0, -1, 1, 0]), "received labels from -1 to 1"),
    "labels that are not integers": (np.array([0.0, 0.5, 1.0, 0.0]), "received"),
    "a label too few": (LABELS[:3], r"received (shape \(3,\)|3)"),
    "a column of labels": (LABELS[:, None], r"received shape \(4, 1\)"),
    "rows that are no probabilities": (np.full((4, 2), 0.7), "received row 0 with the sum 1.4"),
}
BAD_WEIGHTS = {
    "one too few": (np.ones(3), r"received shape \(3,\), expected \(4,\)"),
    "a column": (np.ones((4, 1)), r"received shape \(4, 1\), expected \(4,\)"),
    "a number": (2.0, r"received shape \(\), expected \(4,\)"),
    "negative": (np.array([1.0, -1.0, 1.0, 1.0]), "received -1"),
    "NaN": (np.array([1.0, np.nan, 1.0, 1.0]), "received nan"),
    "infinity": (np.array([1.0, np.inf, 1.0, 1.0]), "received inf"),
    "text": (np.array(["1"] * 4), "received dtype <U"),
}


def assert_refused(net, call, message, *data):
    """The call is refused in the house's words, and the network stays as it was."""
    net.grad[...] = 7.0
    theta, stream = net.theta.copy(), net._rng.bit_generator.state
    copies = [np.array(array) if isinstance(array, np.ndarray) else None for array in data]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        call(net, *data)
    assert "received" in str(caught.value)
    assert np.array_equal(net.theta, theta)
    assert np.all(net.grad == 7.0)
    assert net._rng.bit_generator.state == stream
    for array, copy in zip(data, copies, strict=True):
        assert copy is None or np.array_equal(array, copy, equal_nan=copy.dtype.kind in "fc")


@pytest.mark.parametrize("entry", WITH_INPUTS)
@pytest.mark.parametrize("what", BAD_X)
def test_bad_inputs_are_refused_everywhere(entry, what):
    bad, message = BAD_X[what]
    assert_refused(network(), WITH_INPUTS[entry], message, bad, Y)


@pytest.mark.parametrize("entry", WITH_TARGETS)
@pytest.mark.parametrize("what", BAD_Y)
def test_bad_targets_are_refused_everywhere(entry, what):
    bad, message = BAD_Y[what]
    assert_refused(network(), WITH_TARGETS[entry], message, X, bad)


@pytest.mark.parametrize("entry", WITH_TARGETS)
@pytest.mark.parametrize("what", BAD_LABELS)
def test_bad_labels_are_refused_everywhere(entry, what):
    bad, message = BAD_LABELS[what]
    assert_refused(network("cross_entropy"), WITH_TARGETS[entry], message, X, bad)


@pytest.mark.parametrize("entry", WITH_TARGETS)
def test_negative_counts_are_refused_everywhere(entry):
    assert_refused(network("poisson"), WITH_TARGETS[entry], "values from -1", X, hole(Y, -1.0))


@pytest.mark.parametrize("entry", WITH_WEIGHTS)
@pytest.mark.parametrize("what", BAD_WEIGHTS)
def test_bad_weights_are_refused_everywhere(entry, what):
    bad, message = BAD_WEIGHTS[what]
    assert_refused(network(), WITH_WEIGHTS[entry], message, X, Y, bad)


@pytest.mark.parametrize("bad", [{0: 1.0}, {0: 1.0, 1: -1.0}, {0: 1.0, 1: np.nan}, "ballanced", 3])
def test_bad_class_weights_are_refused(bad):
    def call(net, X, Y):
        assert_fit_changes_nothing(net, X, Y, class_weight=bad)

    assert_refused(network("cross_entropy"), call, r"class_weight(\[1\])?: received", X, LABELS)


@pytest.mark.parametrize("what", ["NaN", "text", "too wide"])
def test_a_trace_refuses_bad_samples(what):
    plain = mlp.MLP([mlp.Dense(3, 4, "tanh"), mlp.Dense(4, 2, "sigmoid")], "mse", seed=0)
    x = {
        "NaN": [0.0, np.nan, 1.0],
        "text": ["a", "b", "c"],
        "too wide": np.ones(4),
    }[what]
    assert_refused(
        plain, lambda net, x, t: mlp.trace(net, x, t, lr=0.5), "(?i)x: received", x, Y[:1]
    )


@pytest.mark.parametrize(
    ("make", "nearest"),
    [
        (lambda: mlp.Dense(2, 2, "rellu"), "relu"),
        (lambda: mlp.Dense(2, 2, weights="glorot_unifrom"), "glorot_uniform"),
        (lambda: mlp.MLP([mlp.Dense(2, 2)], "squared_eror"), "squared_error"),
        (lambda: mlp.Trainer(network(), "adamm"), "adam"),
        (lambda: mlp.Trainer(network(), metrics=["acuracy"]), "accuracy"),
        (lambda: mlp.learning_rate_sweep(network(), X, Y, [0.1], 1, optimizer="sdg"), "sgd"),
        (lambda: mlp.find_learning_rate(network(), X, Y, optimizer="adma"), "adam"),
        (lambda: mlp.MLP([mlp.Dense(2, 2)], dtype="float16"), "float32"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(make, nearest):
    with pytest.raises((ValueError, TypeError), match=f"received .*{nearest}"):
        make()


def signaling_nan(shape):
    """Return float32 numbers, one of them a NaN that warns when it is cast."""
    values = np.ones(shape, np.float32)
    values.view(np.uint32)[0, 0] = 0x7FA00000
    return values


@pytest.mark.parametrize("rows", [4, 5000])
def test_a_signaling_nan_is_rejected_without_a_warning(rows):
    net, bad = network(), signaling_nan((rows, 3))
    with pytest.raises(ValueError, match="X: received nan"):
        net.predict(bad)
    with pytest.raises(ValueError, match="expected finite"):
        assert_fit_changes_nothing(net, bad, np.full((rows, 2), 0.5))
    with pytest.raises(ValueError, match="weights: received nan"):
        mlp.Dense(rows, 3, weights=bad)
