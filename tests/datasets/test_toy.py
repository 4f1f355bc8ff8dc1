"""The toy problems in the plane."""

import numpy as np
import pytest

from mlp.datasets import circles, moons, spirals, xor


def test_xor_is_its_truth_table():
    X, y = xor()
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


def test_more_points_of_xor_cycle_through_the_corners():
    X, y = xor(10)
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2 + [[0, 0], [0, 1]]
    assert y.tolist() == [0, 1, 1, 0, 0, 1, 1, 0, 0, 1]


def test_noise_moves_the_points_of_xor_and_keeps_their_labels():
    X, y = xor(4000, noise=0.1)
    offsets = X - xor(4000).X
    np.testing.assert_array_equal(y, xor(4000).y)
    assert offsets.std() == pytest.approx(0.1, rel=0.05)
    assert abs(offsets.mean()) < 0.01


def test_a_point_of_a_spiral_is_where_its_equation_puts_it():
    X, y = spirals(n_per_class=5, n_classes=3, turns=1.5, noise=0.0)
    for i, (point, label) in enumerate(zip(X, y, strict=True)):
        t = (i // 3 + 1) / 5
        angle = 2 * np.pi * (1.5 * t + (i % 3) / 3)
        assert label == i % 3
        np.testing.assert_allclose(point, [t * np.cos(angle), t * np.sin(angle)], atol=1e-15)


def test_every_spiral_has_the_same_number_of_points():
    data = spirals(n_per_class=7, n_classes=4)
    assert np.bincount(data.y).tolist() == [7, 7, 7, 7]
    assert data.n_classes == 4


def test_noise_moves_the_points_of_a_spiral_by_its_standard_deviation():
    offsets = spirals(2000, noise=0.2).X - spirals(2000, noise=0.0).X
    assert offsets.std() == pytest.approx(0.2, rel=0.05)


def test_moons_and_circles_are_those_of_scikit_learn():
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    for make, theirs in ((moons, "make_moons"), (circles, "make_circles")):
        X, y = make(40, noise=0.0)
        options = {} if make is moons else {"factor": 0.5}
        X_theirs, y_theirs = getattr(sklearn_datasets, theirs)(40, shuffle=False, **options)
        for label in (0, 1):
            np.testing.assert_allclose(X[y == label], X_theirs[y_theirs == label], atol=1e-15)


def test_points_of_circles_have_their_radius_and_points_of_moons_their_arc():
    X, y = circles(51, factor=0.25, noise=0.0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.25))
    assert np.bincount(y).tolist() == [26, 25]
    X, y = moons(51, noise=0.0)
    centres = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.hypot(*(X - centres).T), 1.0)
    heights = (X - centres)[:, 1]
    assert (heights[y == 0] > -1e-15).all()
    assert (heights[y == 1] < 1e-15).all()


@pytest.mark.parametrize("make", [spirals, xor, moons, circles])
def test_a_seed_fixes_the_points_and_the_global_generator_is_not_used(make):
    before = np.random.get_state()  # noqa: NPY002 (to see that it stays as it is)
    first, again, other = (make(50, noise=0.3, seed=seed).X for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("make", [spirals, xor, moons, circles])
def test_both_dtypes_have_the_same_points(make):
    single, double = make(50, noise=0.3, dtype="float32").X, make(50, noise=0.3).X
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize(
    ("make", "arguments", "error", "expected"),
    [
        (xor, {"n": 0}, ValueError, "a whole number >= 1"),
        (xor, {"n": 4.0}, TypeError, "a whole number >= 1"),
        (xor, {"n": True}, TypeError, "a whole number >= 1"),
        (xor, {"noise": -1}, ValueError, "a finite number >= 0"),
        (xor, {"noise": float("nan")}, ValueError, "a finite number >= 0"),
        (xor, {"noise": "0.1"}, TypeError, "a finite number >= 0"),
        (xor, {"noise": False}, TypeError, "a finite number >= 0"),
        (xor, {"seed": -1}, ValueError, "a whole number >= 0"),
        (xor, {"seed": None}, TypeError, "a whole number >= 0"),
        (xor, {"dtype": "int8"}, ValueError, "'float64' or 'float32'"),
        (moons, {"n": 1}, ValueError, "a whole number >= 2"),
        (moons, {"noise": -1}, ValueError, "a finite number >= 0"),
        (circles, {"n": 2.5}, TypeError, "a whole number >= 2"),
        (circles, {"factor": 1.0}, ValueError, "a number between 0 and 1"),
        (spirals, {"n_per_class": 0}, ValueError, "a whole number >= 1"),
        (spirals, {"n_classes": 1}, ValueError, "a whole number >= 2"),
        (spirals, {"turns": 0.0}, ValueError, "a number > 0, at most 1,000,000"),
        (spirals, {"turns": float("inf")}, ValueError, "a number > 0, at most 1,000,000"),
        (spirals, {"turns": 1j}, TypeError, "a number > 0, at most 1,000,000"),
        (spirals, {"noise": -0.5}, ValueError, "a finite number >= 0"),
    ],
)
def test_a_bad_argument_is_rejected_by_name(make, arguments, error, expected):
    ((name, received),) = arguments.items()
    with pytest.raises(error, match="received") as caught:
        make(**arguments)
    assert str(caught.value) == f"{name}: received {received!r}, expected {expected}"


def test_numpys_numbers_are_accepted():
    assert xor(np.int64(8), noise=np.float32(0.5), seed=np.uint8(3)).X.shape == (8, 2)
