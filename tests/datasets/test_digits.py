"""The digits are the published ones."""

import hashlib

import numpy as np
import pytest

from mlp.datasets import load_digits

PIXELS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS_SHA256 = "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"
CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_digits_have_the_published_shape_counts_and_sum_of_pixels():
    X, y = load_digits(normalize=False)
    assert X.shape == (1797, 64)
    assert X.sum() == 561718
    assert (X.min(), X.max()) == (0, 16)
    assert np.bincount(y).tolist() == CLASS_COUNTS


def test_every_pixel_and_label_is_the_published_one():
    X, y = load_digits(normalize=False)
    assert hashlib.sha256(X.astype(np.uint8).tobytes()).hexdigest() == PIXELS_SHA256
    assert hashlib.sha256(y.astype(np.uint8).tobytes()).hexdigest() == LABELS_SHA256


def test_the_digits_are_those_of_scikit_learn():
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    pixels, labels = sklearn_datasets.load_digits(return_X_y=True)
    X, y = load_digits(normalize=False)
    np.testing.assert_array_equal(X, pixels)
    np.testing.assert_array_equal(y, labels)


def test_a_feature_name_gives_the_row_and_column_of_its_pixel():
    names = load_digits().feature_names
    assert len(names) == 64
    assert (names[0], names[10], names[63]) == ("pixel_0_0", "pixel_1_2", "pixel_7_7")


@pytest.mark.parametrize("dtype", ["float32", "float64", np.float32, np.dtype("float64")])
def test_normalized_pixels_are_exact_sixteenths_in_either_dtype(dtype):
    X = load_digits(dtype=dtype).X
    assert X.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(X * 16, load_digits(normalize=False).X)


def test_each_call_returns_fresh_arrays():
    X, y = load_digits()
    X[:], y[:] = -1, -1
    fresh = load_digits()
    assert fresh.X.min() == 0
    assert fresh.y.min() == 0


@pytest.mark.parametrize("dtype", ["int8", "float16", "no such type", None])
def test_a_dtype_other_than_float32_and_float64_is_rejected(dtype):
    with pytest.raises(ValueError, match="^dtype: received .*, expected 'float64' or 'float32'$"):
        load_digits(dtype=dtype)


def test_normalize_must_be_a_bool():
    with pytest.raises(TypeError, match="^normalize: received 'yes', expected True or False$"):
        load_digits(normalize="yes")
