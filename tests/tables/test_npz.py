"""NumPy's ``.npz`` files, read as tables."""

import numpy as np
import pytest

from mlp.tables import read_npz

X = np.arange(6.0).reshape(3, 2)


def test_arrays_are_found_by_the_names_given_in_any_case(tmp_path):
    np.savez(tmp_path / "a.npz", Inputs=X, label=np.array(["no", "yes", "no"]))
    made = read_npz(tmp_path / "a.npz", "inputs", "LABEL")
    assert made.names == ("x0", "x1", "LABEL")
    assert read_npz(tmp_path / "a.npz", "inputs", "other", need_target=False).targets == ()
    with pytest.raises(ValueError, match=r"received the arrays .* expected inputs and other"):
        read_npz(tmp_path / "a.npz", "inputs", "other")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "y": np.array([{}, 1, 2])}, "received y corrupted or not numeric"),
        ({"X": X, "y": X.astype(str)}, "y: received dtype"),
        ({"X": X, "y": X + 1j}, "y: received dtype complex128"),
        ({"X": X[:0], "y": X[:0, 0]}, r"received X \(0, 2\), expected \(n, n_in\)"),
        ({"X": X[0], "y": X[0]}, r"received X \(2,\), expected \(n, n_in\)"),
        ({"X": X, "y": X[None]}, r"received X \(3, 2\) and y \(1, 3, 2\)"),
        ({"X": X.astype("M8[s]"), "y": X[:, 0]}, "X: received dtype datetime64"),
    ],
)
def test_arrays_that_cannot_be_a_table_are_rejected(arrays, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_npz(tmp_path / "a.npz")
