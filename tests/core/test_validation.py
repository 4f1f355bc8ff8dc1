"""Bad input is refused, with what came and what was expected, before anything is changed."""

import numpy as np
import pytest

from mlp.core import ACTIVATIONS, LOSSES, MLP, Dense
from tests.core.cases import network
from tests.layouts import LAYOUTS

X, Y = np.linspace(-1, 1, 12).reshape(4, 3), np.linspace(0, 1, 8).reshape(4, 2)
NAN = np.full((4, 3), np.nan)
ERRORS = (TypeError, ValueError)


def make(loss="mse", n_out=2, **options):
    output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "softplus")
    return network([3, 5, n_out], "tanh", output, loss, rng=np.random.default_rng(0), **options)


def assert_refused(net, message, X, Y, weight=None):
    """All three methods refuse the data; the network stays as it was."""
    net.grad[...] = 7.0
    theta, state = net.theta.copy(), net._rng.bit_generator.state
    for method in (net.loss_and_grad, net.evaluate, net.input_gradient):
        with pytest.raises(ERRORS, match=message):
            method(X, Y, weight)
    assert np.array_equal(net.theta, theta)
    assert np.all(net.grad == 7.0)
    assert net._rng.bit_generator.state == state


BAD_X = {
    "one sample": (X[0], r"^X: received shape \(3,\), expected \(n, 3\); one sample is X\[None"),
    "too narrow": (X[:, :2], r"^X: received shape \(4, 2\), expected \(n, 3\)"),
    "transposed": (X.T, r"^X: received shape \(3, 4\), expected \(n, 3\)"),
    "three axes": (X[None], r"^X: received shape \(1, 4, 3\), expected \(n, 3\)"),
    "a number": (1.0, r"^X: received shape \(\), expected \(n, 3\)"),
    "None": (None, "^X: received dtype object, expected real numbers"),
    "no rows": (np.ones((0, 3)), r"^X: received no rows \(shape \(0, 3\)\)"),
    "nothing": ([], r"^X: received shape \(0,\)"),
    "NaN": ([[1, 2, 3], [4, np.nan, 6], [7, 8, 9], [0, 0, 0]], r"^X: received nan at \[1, 1\]"),
    "infinity": (np.where(X > 0.9, np.inf, X), r"^X: received inf at \[3, 2\]"),
    "complex": (X + 0j, "^X: received dtype complex128, expected real numbers"),
    "text": (X.astype(str), "^X: received dtype <U.*, expected real numbers"),
    "bytes": (X.astype(bytes), "^X: received dtype .*S.*, expected real numbers"),
    "objects": (X.astype(object), "^X: received dtype object, expected real numbers"),
    "dates": (X.astype("M8[s]"), "^X: received dtype datetime64.*, expected real numbers"),
    "ragged rows": ([[1, 2, 3], [4, 5]], "^X: received rows that make no array"),
}


@pytest.mark.parametrize("what", list(BAD_X))
def test_wrong_inputs_are_refused(what):
    bad, message = BAD_X[what]
    assert_refused(make(), message, bad, Y)
    with pytest.raises(ERRORS, match=message):
        make().predict(bad)


def test_inputs_of_replicas_have_their_number_in_front():
    net = make().replicate(2)
    for bad in (X[None], np.stack([X] * 3), X[None, None]):
        assert_refused(net, r"^X: received shape .*, expected \(n, 3\) or \(2, n, 3\)", bad, Y)


BAD_Y = {
    "too few rows": (Y[:3], r"^Y: received shape \(3, 2\) of float64, expected \(4, 2\)"),
    "too wide": (np.ones((4, 3)), r"^Y: received shape \(4, 3\) of float64, expected \(4, 2\)"),
    "one column": (Y[:, :1], r"^Y: received shape \(4, 1\) of float64, expected \(4, 2\)"),
    "one row": (Y[:1], r"^Y: received shape \(1, 2\)"),
    "flat": (Y[:, 0], r"^Y: received shape \(4,\) of float64, expected \(4, 2\)"),
    "labels": ([0, 1, 1, 0], r"^Y: received shape \(4,\) of int64, expected \(4, 2\)"),
    "a number": (0.5, r"^Y: received shape \(\)"),
    "None": (None, "^Y: received dtype object"),
    "NaN": (NAN[:, :2], r"^Y: received nan at \[0, 0\], expected finite float64 numbers"),
    "complex": (Y + 0j, "^Y: received dtype complex128, expected real numbers"),
    "text": (Y.astype(str), "^Y: received dtype <U"),
    "ragged rows": ([[1, 2], [4], [1, 2], [1, 2]], "^Y: received rows that make no array"),
}


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("what", list(BAD_Y))
def test_wrong_targets_are_refused(what, replicas):
    bad, message = BAD_Y[what]
    assert_refused(make(replicas=replicas), message, X, bad)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "cross_entropy"])
@pytest.mark.parametrize("kind", [float, bool])
def test_a_flat_target_of_one_output_is_a_column(loss, kind):
    flat = np.array([1, 0, 1, 1], kind)
    as_column = make(loss, n_out=1).loss_and_grad(X, flat[:, None].astype(float))
    assert make(loss, n_out=1).loss_and_grad(X, flat) == as_column


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_flat_target_is_never_spread_over_rows_or_columns(loss, size):
    assert_refused(make(loss, n_out=1), r"^Y: received shape", X, np.ones(size))
    assert_refused(make(loss, n_out=2), r"^Y: received shape", X, np.ones(size))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 0], "^Y: received labels from 0 to 2, expected labels from 0 to 1"),
        ([0, -1, 1, 0], "^Y: received labels from -1 to 1, expected labels from 0 to 1"),
        ([0, 1, 1], "^Y: received 3 labels, expected 4, one for each row"),
        ([0.0, 1.0, 1.0, 0.0], r"^Y: received shape \(4,\) of float64, .* or integer labels"),
        ([[0], [1], [1], [0]], r"^Y: received shape \(4, 1\) of int64, .* or integer labels"),
        (["a", "b", "a", "b"], "^Y: received dtype <U1"),
        (np.full(4, 2**63, np.uint64), "^Y: received labels from 9223372036854775808"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    assert_refused(make("cross_entropy"), message, X, labels)


@pytest.mark.parametrize(
    ("loss", "bad", "message"),
    [
        (
            "cross_entropy",
            [[0.5, 0.6]] * 4,
            r"^Y: received row 0 with the sum 1.1, expected rows of",
        ),
        ("cross_entropy", [[0.0, 0.0]] * 4, "^Y: received row 0 with the sum 0, expected"),
        ("cross_entropy", [[1.5, -0.5]] * 4, "^Y: received values from -0.5 to 1.5, expected prob"),
        ("binary_cross_entropy", [[0.0, 1.1]] * 4, "^Y: received values from 0 to 1.1, expected"),
        ("binary_cross_entropy", [[-0.1, 1.0]] * 4, "^Y: received values from -0.1 to 1, expected"),
        ("poisson", [[3.0, -1.0]] * 4, "^Y: received values from -1 to 3, expected counts"),
    ],
)
def test_targets_out_of_the_range_of_the_loss_are_refused(loss, bad, message):
    assert_refused(make(loss), message, X, bad)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 1.0, 1.0], r"^sample_weight: received shape \(3,\), expected \(4,\)"),
        (np.ones((4, 1)), r"^sample_weight: received shape \(4, 1\), expected \(4,\)"),
        (2.0, r"^sample_weight: received shape \(\), expected \(4,\)"),
        ([1, 1, -1, 1], "^sample_weight: received -1, expected numbers >= 0"),
        ([1, 1, np.nan, 1], r"^sample_weight: received nan at \[2\], expected finite"),
        ([1, 1, np.inf, 1], r"^sample_weight: received inf at \[2\], expected finite"),
        ([1j, 1, 1, 1], "^sample_weight: received dtype complex128"),
        (["1"] * 4, "^sample_weight: received dtype <U1"),
    ],
)
def test_wrong_sample_weights_are_refused(weight, message):
    assert_refused(make(), message, X, Y, weight)


@pytest.mark.parametrize("row", [0, 4095, 4096, 9999])
def test_nan_is_found_in_any_of_many_rows(row):
    many = np.zeros((10_000, 3))
    many[row, 2] = np.nan
    with pytest.raises(ValueError, match=rf"^X: received nan at \[{row}, 2\], expected finite"):
        make().predict(many)


def test_numbers_too_large_for_float32_are_refused():
    big = X.copy()
    big[2, 1] = 1e39
    assert_refused(
        make(dtype="float32"), r"^X: received 1e\+39 at \[2, 1\], expected finite float32", big, Y
    )
    assert np.isfinite(make().predict(big)).all()


@pytest.mark.parametrize("dtype", ["float16", "int64", "complex128", "longdouble", "no", None, 3])
def test_a_dtype_that_networks_do_not_compute_in_is_refused(dtype):
    message = "dtype: received .*, expected 'float64' or 'float32'"
    with pytest.raises(ValueError, match=message):
        MLP([Dense(2, 1)], dtype=dtype)
    with pytest.raises(ValueError, match=message):
        make().astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, "float32", np.dtype("float32"), "f4"])
def test_a_dtype_can_be_given_in_any_way_that_numpy_knows(dtype):
    net = MLP([Dense(2, 1)], dtype=dtype)
    assert net.dtype == np.float32
    assert net.theta.dtype == np.float32


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: Dense(2, 2, "sigmiod"), "activation: received 'sigmiod', .*mean 'sigmoid'"),
        (lambda: Dense(2, 2, "ReLUs"), "activation: received 'ReLUs', .*mean 'relu'"),
        (lambda: MLP([Dense(2, 2)], "crossentropy"), "loss: .*mean 'cross_entropy'"),
        (lambda: MLP([Dense(2, 2)], "squared_eror"), "loss: .*mean 'squared_error'"),
        (
            lambda: MLP([Dense(2, 2)], "xyz"),
            f"loss: received 'xyz', expected one of {', '.join(LOSSES)} .did you mean '",
        ),
        (lambda: Dense(2, 2, "q"), f"'q', expected one of {', '.join(ACTIVATIONS)} .did you"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(make_it, message):
    with pytest.raises(ValueError, match=message):
        make_it()


@pytest.mark.parametrize("spec", [None, 3, object(), len])
def test_what_is_neither_a_name_nor_has_the_methods_is_refused(spec):
    with pytest.raises(TypeError, match="activation: .*expected a name .*forward and backward"):
        Dense(2, 2, spec)
    with pytest.raises(TypeError, match="loss: received .*expected a name .*rows and gradient"):
        MLP([Dense(2, 2)], spec)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", None, True, np.float64(2)])
def test_a_wrong_width_is_refused(size):
    with pytest.raises(ERRORS, match="n_in: received .*, expected a whole number >= 1"):
        Dense(size, 2)
    with pytest.raises(ERRORS, match="n_out: received .*, expected a whole number >= 1"):
        Dense(2, size)


@pytest.mark.parametrize("sizes", [[], [3]])
def test_a_network_wants_two_widths(sizes):
    with pytest.raises(ValueError, match="sizes: received .*, expected at least two widths"):
        MLP.from_sizes(sizes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": np.ones((3, 2))}, r"weights: received shape \(3, 2\), expected \(2, 3\)"),
        ({"weights": np.ones(3)}, r"weights: received shape \(3,\), expected \(2, 3\)"),
        ({"weights": 1.0}, r"weights: received shape \(\), expected \(2, 3\)"),
        ({"weights": [[1, 2, 3], [4, np.nan, 6]]}, r"weights: received nan at \[1, 1\]"),
        ({"weights": np.ones((2, 3)) * 1j}, "weights: received dtype complex128"),
        ({"bias": [1.0, 2.0]}, r"bias: received shape \(2,\), expected True, False, a number"),
        ({"bias": np.ones((1, 3))}, r"bias: received shape \(1, 3\), expected"),
        ({"bias": np.nan}, "bias: received nan"),
        ({"bias": [1.0, np.inf, 0.0]}, r"bias: received inf at \[1\]"),
        ({"bias": "yes"}, "bias: received dtype <U3"),
        ({"bias": [1.0, 2.0, 3.0], "share_bias": True}, r"bias: received shape \(3,\), .*\(1,\)"),
    ],
)
def test_wrong_first_values_are_refused(options, message):
    with pytest.raises(ERRORS, match=message):
        Dense(2, 3, **options)


ARRAYS = LAYOUTS | {
    "float32": lambda array: array.astype(np.float32),
    "float16": lambda array: array.astype(np.float16),
    "integers": lambda array: array.astype(np.int8),
    "booleans": lambda array: array > 0,
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("how", list(ARRAYS))
def test_inputs_may_have_any_layout_and_real_type_and_are_not_written_to(how, replicas, dtype):
    arrange, net = ARRAYS[how], make(replicas=replicas, dtype=dtype)
    arrays = [arrange(2 * a) for a in (X, Y, Y[:, 0])]
    plain = [np.array(a, dtype=np.dtype(dtype)) for a in arrays]
    loss, grad = net.loss_and_grad(*plain), net.grad.copy()
    kept = [np.array(a) for a in arrays]
    assert np.array_equal(net.loss_and_grad(*arrays), loss)
    assert np.array_equal(net.grad, grad)
    assert np.array_equal(net.evaluate(*arrays), net.evaluate(*plain))
    assert np.array_equal(net.predict(arrays[0]), net.predict(plain[0]))
    net.input_gradient(*arrays)
    for array, copy in zip(arrays, kept, strict=True):
        assert np.array_equal(array, copy)


def test_inputs_may_be_mapped_from_a_file(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped, net = np.load(tmp_path / "X.npy", mmap_mode="r"), make()
    assert net.loss_and_grad(mapped, Y) == net.loss_and_grad(X, Y)
    assert np.array_equal(net.predict(mapped), net.predict(X))


def test_the_network_keeps_nothing_of_its_inputs_that_a_caller_could_change():
    net, inputs, targets = make(), X.copy(), Y.copy()
    net.loss_and_grad(inputs, targets)
    grad, outputs = net.grad.copy(), net.predict(inputs)
    inputs[...], targets[...] = 5.0, 5.0
    assert np.array_equal(net.grad, grad)
    assert net.loss_and_grad(X, Y) == make().loss_and_grad(X, Y)
    assert np.array_equal(net.predict(X), outputs)
