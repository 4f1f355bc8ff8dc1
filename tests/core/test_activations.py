"""Each activation against a closed form, its derivative against the form and differences."""

import math

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS, make_activation
from mlp.core.activations import ELU, Activation, LeakyReLU
from tests import reference

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
FROM_OUTPUT = [name for name in ACTIVATIONS if not make_activation(name).needs_z]
GRID = np.concatenate([np.linspace(-37.03, 37.01, 1500), np.linspace(-1.003, 1.001, 301), [0.0]])
LIMITS = {  # at minus and plus infinity; None: the input itself
    "identity": (None, None),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, None),
    "elu": (-1.0, None),
    "gelu": (0.0, None),
    "gelu_tanh": (0.0, None),
    "silu": (0.0, None),
    "mish": (0.0, None),
    "softplus": (0.0, None),
}


def forward(name, Z):
    A = np.full_like(Z, np.nan)
    make_activation(name).forward(Z, out=A)
    return A


def backward(name, dA, Z):
    activation, A, dZ = make_activation(name), np.empty_like(Z), np.full_like(Z, np.nan)
    activation.forward(Z, out=A)
    activation.backward(dA, Z, A, out=dZ)
    return dZ


def tolerance(name, Z):
    """How much an exact formula may be off, relatively, when it is evaluated in float64."""
    if name == "gelu":  # exp(-Z^2 / 2): the rounding of Z^2 counts Z^2 / 2 times, here and there
        return 1e-14 + 4e-16 * Z * Z
    return np.full_like(Z, 4e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_values_are_those_of_the_closed_form(name):
    exact = np.array([reference.SCALAR[name][0](z) for z in GRID])
    # 1 + tanh cancels in the tail, exp(z) - 1 near zero
    absolute = {"gelu_tanh": 1e-14, "selu": 4e-16}.get(name, 0.0)
    error = np.abs(forward(name, GRID[:, None])[:, 0] - exact)
    assert np.all(error <= tolerance(name, GRID) * np.abs(exact) + absolute)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_derivatives_are_those_of_the_closed_form(name):
    dA = np.random.default_rng(0).normal(size=(GRID.size, 1))
    exact = np.array([reference.SCALAR[name][1](z) for z in GRID])
    assert np.allclose(backward(name, dA, GRID[:, None])[:, 0], exact * dA[:, 0], 1e-12, 1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_derivatives_are_those_of_central_differences(name):
    Z, h = GRID[np.abs(GRID) > 1e-3][:, None], 1e-5
    numeric = (forward(name, Z + h) - forward(name, Z - h)) / (2 * h)
    assert np.allclose(backward(name, np.ones_like(Z), Z), numeric, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_float32_values_are_those_of_float64_rounded(name):
    Z = GRID[np.abs(GRID) < 12][:, None].astype(np.float32)
    dA = np.ones_like(Z)
    assert forward(name, Z).dtype == np.float32
    assert np.allclose(forward(name, Z), forward(name, Z.astype(float)), rtol=1e-5, atol=2e-6)
    exact = backward(name, dA.astype(float), Z.astype(float))
    assert np.allclose(backward(name, dA, Z), exact, rtol=1e-5, atol=4e-6)


def test_gelu_keeps_its_relative_precision_far_into_the_tail():
    Z = np.linspace(-37.0, -5.0, 200)[:, None]
    exact = np.array([z * math.erfc(-z / math.sqrt(2)) / 2 for z in Z[:, 0]])
    assert np.all(np.abs(forward("gelu", Z)[:, 0] / exact - 1) < 1e-14 + 4e-16 * Z[:, 0] ** 2)


def test_gelu_is_exact_to_a_few_units_of_the_last_place_around_zero():
    Z = np.linspace(-3.0, 3.0, 1001)[:, None]
    exact = np.array([z * (1 + math.erf(z / math.sqrt(2))) / 2 for z in Z[:, 0]])
    assert np.allclose(forward("gelu", Z)[:, 0], exact, rtol=1e-14, atol=2e-16)


def test_gelu_tanh_is_near_gelu_and_not_the_same():
    Z = np.linspace(-6.0, 6.0, 1001)[:, None]
    difference = np.abs(forward("gelu_tanh", Z) - forward("gelu", Z)).max()
    assert 1e-4 < difference < 5e-4


def test_selu_keeps_mean_0_and_variance_1():
    Z, weight = np.polynomial.hermite_e.hermegauss(200)
    weight /= weight.sum()  # the mean over a standard normal Z
    A = forward("selu", Z[:, None])[:, 0]
    assert abs(weight @ A) < 1e-3
    assert abs(weight @ A**2 - 1) < 1e-3


def test_selu_and_mish_are_exact_far_out():
    Z = np.array([[-1e300], [-800.0], [-50.0], [1e300]])
    A, dZ = forward("mish", Z)[:, 0], backward("mish", np.ones_like(Z), Z)[:, 0]
    assert A.tolist() == pytest.approx([0.0, 0.0, reference.mish(-50.0), 1e300], rel=1e-14, abs=0)
    assert dZ.tolist() == pytest.approx([0, 0, reference.SCALAR["mish"][1](-50.0), 1], 1e-14, 0)
    low, high = forward("selu", Z)[[0, 3], 0] / reference.SELU_SCALE
    assert (low, high) == pytest.approx((-reference.SELU_ALPHA, 1e300), rel=1e-15)


@pytest.mark.parametrize(("dtype", "huge"), [("float64", 1e300), ("float32", 1e30)])
@pytest.mark.parametrize("name", list(LIMITS))
def test_huge_inputs_give_the_limits(name, dtype, huge):
    low, high = LIMITS[name]
    for size in (1e4, huge):
        Z = np.array([[-size, size]], dtype)
        A = forward(name, Z)
        expected = [-size if low is None else low, size if high is None else high]
        assert np.allclose(A[0], expected, rtol=1e-6, atol=1e-6)
        dZ = backward(name, np.ones_like(Z), Z)
        slopes = [float(low is None), float(high is None)]
        assert np.allclose(dZ[0], slopes, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_softmax_is_safe_at_huge_inputs_and_does_not_see_a_shift(dtype):
    Z = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4], [1e30, -1e30, 1e30]], dtype)
    A = forward("softmax", Z)
    assert np.allclose(A, [[1, 0, 0], [1 / 3] * 3, [0.5, 0, 0.5]], rtol=1e-6)
    assert np.isfinite(backward("softmax", np.ones_like(Z), Z)).all()
    Z = np.array([[0.5, -1.0, 2.0]], dtype)
    assert np.allclose(forward("softmax", Z + 64), forward("softmax", Z), rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 4), (3, 5, 4)])
def test_softmax_is_exact_with_its_whole_jacobian(shape):
    rng = np.random.default_rng(0)
    Z, dA = rng.normal(0, 3, shape), rng.normal(size=shape)
    A, dZ = forward("softmax", Z), backward("softmax", dA, Z)
    assert np.allclose(A.sum(axis=-1), 1.0, rtol=1e-15)
    for at in np.ndindex(shape[:-1]):
        exact, J = reference.activate("softmax", Z[at])
        assert np.allclose(A[at], exact, rtol=1e-14)
        assert np.allclose(dZ[at], J.T @ dA[at], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("shape", [(1, 1), (70, 40), (3, 5, 4)])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_a_derivative_is_written_to_its_output_only(name, shape):
    rng = np.random.default_rng(0)
    Z, dA = rng.normal(0, 3, shape), rng.normal(size=shape)
    A, dZ = forward(name, Z), np.full(shape, np.nan)
    kept = dA.copy(), Z.copy(), A.copy()
    make_activation(name).backward(dA, Z, A, out=dZ)
    assert np.isfinite(dZ).all()
    for array, copy in zip((dA, Z, A), kept, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FROM_OUTPUT)
def test_an_output_written_over_the_input_has_the_same_bits(name, dtype):
    activation = make_activation(name)
    Z = np.random.default_rng(0).normal(0, 5, (7, 13)).astype(dtype)
    separate, over = np.empty_like(Z), Z.copy()
    activation.forward(Z, out=separate)
    activation.forward(over, out=over)
    assert np.array_equal(over, separate)


@pytest.mark.parametrize("name", FROM_OUTPUT)
def test_a_derivative_from_the_output_does_not_read_the_input(name):
    activation = make_activation(name)
    Z = np.random.default_rng(0).normal(0, 2, (4, 3))
    A, dZ, again = np.empty_like(Z), np.empty_like(Z), np.empty_like(Z)
    activation.forward(Z, out=A)
    activation.backward(np.ones_like(Z), Z, A, out=dZ)
    activation.backward(np.ones_like(Z), np.full_like(Z, np.nan), A, out=again)
    assert np.array_equal(dZ, again)


def test_the_settings_of_leaky_relu_and_elu_count():
    Z = np.array([[-2.0, 3.0]])
    A, dZ = np.empty_like(Z), np.empty_like(Z)
    LeakyReLU(0.2).forward(Z, out=A)
    LeakyReLU(0.2).backward(np.ones_like(Z), Z, A, out=dZ)
    assert np.array_equal(A, [[-0.4, 3.0]])
    assert np.allclose(dZ, [[0.2, 1.0]], rtol=1e-15)
    ELU(2.0).forward(Z, out=A)
    ELU(2.0).backward(np.ones_like(Z), Z, A, out=dZ)
    assert np.allclose(A, [[2 * math.expm1(-2), 3.0]], rtol=1e-15)
    assert np.allclose(dZ, [[2 * math.exp(-2), 1.0]], rtol=1e-14)
    assert LeakyReLU(0.2).config() == {"name": "leaky_relu", "slope": 0.2}
    assert repr(ELU(2.0)) == "ELU(alpha=2.0)"


@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan])
def test_a_wrong_slope_is_refused(value):
    with pytest.raises(ValueError, match="slope: received .*, expected"):
        LeakyReLU(value)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_wrong_alpha_is_refused(value):
    with pytest.raises(ValueError, match="alpha: received .*, expected"):
        ELU(value)


def test_each_layer_has_an_activation_of_its_own():
    class Counting(Activation):
        name = "counting"

        def forward(self, Z, out):
            np.copyto(out, Z)

        def backward(self, dA, Z, A, out):
            np.copyto(out, dA)

    one = Counting()
    net = mlp.MLP([mlp.Dense(2, 2, one), mlp.Dense(2, 2, one)])
    used = [layer.activation for layer in net.layers]
    assert len({id(activation) for activation in (one, *used)}) == 3
    assert make_activation(one) is one


def test_any_object_with_the_two_methods_is_an_activation():
    class Cube:
        def forward(self, Z, out):
            out[...] = Z**3

        def backward(self, dA, Z, A, out):
            out[...] = dA * 3 * Z**2

    net = mlp.MLP([mlp.Dense(2, 3, Cube()), mlp.Dense(3, 1)], seed=0)
    error, where = mlp.check_gradients(net, [[0.5, -0.3]], [[1.0]])
    assert error < 1e-6, where


@pytest.mark.parametrize("name", FROM_OUTPUT)
def test_a_derivative_from_the_output_needs_no_input(name):
    Z, dA = GRID[::7].reshape(-1, 1), np.random.default_rng(0).normal(size=(GRID[::7].size, 1))
    activation, memory, dZ = make_activation(name), Z.copy(), np.empty_like(Z)
    activation.forward(memory, out=memory)  # over its input
    assert np.array_equal(memory, forward(name, Z))
    activation.backward(dA, np.full_like(Z, np.nan), memory, out=dZ)
    assert np.array_equal(dZ, backward(name, dA, Z))


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_z_of_a_layer_is_what_its_activation_was_applied_to(name):
    net = mlp.MLP([mlp.Dense(2, 3, name, bias=0.5)], "mae", seed=0)
    net.predict([[1.0, 2.0]])
    layer = net.layers[0]
    np.testing.assert_allclose(layer.Z, [[1.0, 2.0]] @ layer.W + 0.5)
    A = np.empty_like(layer.Z)
    layer.activation.forward(layer.Z, out=A)
    np.testing.assert_allclose(layer.A, A)
