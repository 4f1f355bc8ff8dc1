"""Data of other packages: frames, series and tensors are converted, whatever takes data.

Small classes stand for the protocols, so that these tests need no other package; those with
pandas, Polars, PyTorch and SciPy themselves run where these are installed.
"""

import numpy as np
import pytest

import mlp

X = np.random.default_rng(0).normal(size=(12, 3)).round(3)
LABELS = np.array([0, 1, 1] * 4)
NUMBERS = (X[:, 0] - X[:, 1]).round(3)


class Series:
    """A column that converts itself, as one of pandas does."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.dtype = f"a dtype for {self.values.dtype}"

    def to_numpy(self):
        return self.values


class Frame:
    """Named columns; of several dtypes, the whole converts to objects as in pandas."""

    def __init__(self, columns):
        self.columns = list(columns)
        self.series = [Series(values) for values in columns.values()]

    def items(self):
        return zip(self.columns, self.series, strict=True)

    def to_numpy(self):
        dtypes = {series.values.dtype for series in self.series}
        kind = object if len(dtypes) > 1 else dtypes.pop()
        return np.stack([series.values.astype(kind) for series in self.series], axis=1)

    def __getitem__(self, names):
        chosen = dict(self.items())
        return Frame({name: chosen[name].values for name in names})


class Tensor:
    """An array of another package, which has a dtype of its own and `take`."""

    def __init__(self, values, error=None):
        self.values, self.error = values, error
        self.shape, self.dtype = values.shape, "other.float64"

    def take(self, index):
        raise NotImplementedError

    def __array__(self, dtype=None, copy=None):
        if self.error is not None:
            raise self.error
        return self.values


class OnlyDLPack:
    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class Sparse:
    dtype, shape, nnz = X.dtype, X.shape, 3

    def toarray(self):
        return X


def frame(values=X, names="abc"):
    return Frame(dict(zip(names, values.T, strict=True)))


def classifier():
    return mlp.MLP.from_sizes([3, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)


def regressor(n_out=1):
    return mlp.MLP.from_sizes([3, 4, n_out], "tanh", loss="mse", seed=0)


def trained(X, Y, net=None, **options):
    net = net or classifier()
    mlp.Trainer(net, mlp.SGD(0.1), batch_size=4).fit(X, Y, 2, validation=(X, Y), **options)
    return net


def assert_same_everywhere(X_given, Y_given, X_plain=X, Y_plain=LABELS, make=classifier):
    """Every call that takes data gives the bits that the plain arrays give."""
    expected = trained(X_plain, Y_plain, make())
    assert np.array_equal(trained(X_given, Y_given, make()).theta, expected.theta)
    net = make()
    assert np.array_equal(net.predict(X_given), net.predict(X_plain))
    assert net.evaluate(X_given, Y_given) == net.evaluate(X_plain, Y_plain)
    assert net.loss_and_grad(X_given, Y_given) == net.loss_and_grad(X_plain, Y_plain)
    assert np.array_equal(
        net.input_gradient(X_given, Y_given), net.input_gradient(X_plain, Y_plain)
    )
    assert mlp.check_gradients(net, X_given, Y_given).error < 1e-6


def assert_rejected_everywhere(message, X, Y, make=classifier):
    net = make()
    theta = net.theta.copy()
    for call in (
        lambda: net.predict(X),
        lambda: net.evaluate(X, Y),
        lambda: net.loss_and_grad(X, Y),
        lambda: mlp.Trainer(net).fit(X, Y),
        lambda: mlp.learning_rate_sweep(net, X, Y, [0.1], epochs=1),
        lambda: mlp.find_learning_rate(net, X, Y),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()
    assert np.array_equal(net.theta, theta)


@pytest.mark.parametrize("convert", [frame, Tensor, OnlyDLPack, lambda X: [Series(x) for x in X]])
def test_what_converts_itself_is_taken_as_its_array(convert):
    assert_same_everywhere(convert(X), Series(LABELS))


def test_columns_of_several_dtypes_are_converted_one_by_one():
    mixed = Frame({"a": X[:, 0], "b": LABELS, "c": LABELS == 1})
    plain = np.column_stack([X[:, 0], LABELS, LABELS])
    assert_same_everywhere(mixed, LABELS.tolist(), X_plain=plain)


def test_a_column_of_text_is_named():
    bad = Frame({"a": X[:, 0], "b": np.array(["x", "y", "z"] * 4), "c": X[:, 2]})
    assert_rejected_everywhere("received dtype a dtype for <U1 in column 'b', exp", bad, LABELS)


@pytest.mark.parametrize(
    "error", [RuntimeError("requires grad: call detach()"), TypeError("call cpu() first")]
)
def test_what_cannot_convert_itself_says_why(error):
    message = rf"^X: received Tensor, which makes no array \({error}\)".replace("()", r"\(\)")
    assert_rejected_everywhere(message, Tensor(X, error), LABELS)


def test_sparse_inputs_are_told_how_to_become_dense():
    assert_rejected_everywhere(r"^X: received a sparse Sparse, .*X\.toarray\(\)", Sparse(), LABELS)


@pytest.mark.parametrize("loss", ["squared_error", "mse", "mae", "huber"])
@pytest.mark.parametrize("convert", [np.array, list, Series, Tensor])
def test_a_flat_target_is_the_column_of_one_output(convert, loss):
    def make():
        return mlp.MLP.from_sizes([3, 4, 1], "tanh", loss=loss, seed=0)

    net, column = make(), NUMBERS[:, None]
    given = convert(NUMBERS)
    assert net.evaluate(X, given) == net.evaluate(X, column)
    assert net.loss_and_grad(X, given) == net.loss_and_grad(X, column)
    assert np.array_equal(trained(X, given, make()).theta, trained(X, column, make()).theta)
    one_row = net.evaluate(X[:1], NUMBERS[:1])
    assert one_row == net.evaluate(X[:1], column[:1])


@pytest.mark.parametrize("flat", [NUMBERS[:-1], NUMBERS[None], np.full(12, np.nan)])
def test_a_flat_target_that_does_not_fit_is_rejected(flat):
    with pytest.raises(ValueError, match="^Y: received"):
        trained(X, flat, regressor())
    with pytest.raises(ValueError, match="^Y: received"):
        trained(X, NUMBERS, regressor(n_out=2))


def test_the_names_of_the_columns_are_remembered_and_must_be_the_same():
    net = classifier()
    assert net.feature_names is None
    net.predict(frame(names="xyz"))  # nothing to compare with yet
    trained(frame(), LABELS, net)
    assert net.feature_names == ["a", "b", "c"]
    net.predict(frame())
    net.predict(X)  # an array has no names
    permuted = frame()[["b", "a", "c"]]
    message = r"^X: received the columns \['b', 'a', 'c'\], expected the order .*net.feature_names"
    assert_rejected_everywhere(message, permuted, LABELS, lambda: net)
    assert np.array_equal(net.predict(permuted[net.feature_names]), net.predict(X))
    others = frame(names=["a", "b", "d"])
    message = r"^X: received no column \['c'\] and the unknown \['d'\]"
    assert_rejected_everywhere(message, others, LABELS, lambda: net)
    net.feature_names = None
    net.predict(others)


def test_the_validation_data_has_the_columns_of_the_training_data():
    net = classifier()
    with pytest.raises(ValueError, match="received the columns"):
        mlp.Trainer(net).fit(frame(), LABELS, validation=(frame()[["c", "b", "a"]], LABELS))
    assert net.feature_names is None
    recorder = mlp.LayerRecorder(frame()[["c", "b", "a"]])
    with pytest.raises(ValueError, match="received the columns"):
        mlp.Trainer(net, callbacks=[recorder]).fit(frame(), LABELS)


@pytest.mark.parametrize("names", [[0, 1, 2], ["a", "a", "b"]])
def test_names_that_are_no_text_or_not_unique_are_not_remembered(names):
    given = frame()
    given.columns = names
    assert trained(given, LABELS).feature_names is None


def test_copies_and_files_keep_the_names(tmp_path):
    net = trained(frame(), LABELS)
    for copied in (net.copy(), net.replicate(2), net.replicate(2).replica(1), net.astype("f4")):
        assert copied.feature_names == ["a", "b", "c"]
    net.save(tmp_path / "net.npz", {"classes": ["no", "yes"]})
    assert mlp.load(tmp_path / "net.npz").feature_names == ["a", "b", "c"]
    assert mlp.files.read_model(tmp_path / "net.npz")[1] == {"classes": ["no", "yes"]}


def test_a_file_without_names_has_the_bytes_that_it_always_had(tmp_path):
    net = trained(frame(), LABELS)
    net.feature_names = None
    net.save(tmp_path / "none.npz")
    trained(X, LABELS).save(tmp_path / "array.npz")
    assert (tmp_path / "none.npz").read_bytes() == (tmp_path / "array.npz").read_bytes()
    assert b"feature_names" not in (tmp_path / "none.npz").read_bytes()


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", 3], "abc", ["a", "b", "b"], 1])
def test_wrong_names_are_rejected_also_in_a_file(names):
    with pytest.raises((TypeError, ValueError), match="feature_names: received"):
        classifier().feature_names = names
    content = mlp.files.describe(classifier()) | {"feature_names": names}
    with pytest.raises((TypeError, ValueError), match="feature_names: received"):
        mlp.files.rebuild(content)


MASKED = np.ma.array(X, mask=np.eye(12, 3))
MASKED_LABELS = np.ma.array(LABELS, mask=LABELS == 1)


@pytest.mark.parametrize(
    "convert",
    [
        lambda rows: rows,
        list,
        tuple,
        lambda rows: [list(row) for row in rows],
        lambda rows: [np.array(rows[0]), *rows[1:]],
        lambda rows: [rows[:1][0], *rows[1:].filled(0.0).tolist()],
    ],
)
def test_masked_rows_are_found_in_any_container(convert):
    assert_rejected_everywhere("^X: received masked entries", convert(MASKED), LABELS)


@pytest.mark.parametrize("convert", [lambda labels: labels, list, tuple])
def test_masked_targets_are_found_in_any_container(convert):
    for call in (classifier().evaluate, mlp.Trainer(classifier()).fit):
        with pytest.raises(ValueError, match="^Y: received masked entries"):
            call(X, convert(MASKED_LABELS))


def test_a_mask_that_masks_nothing_is_no_matter():
    assert_same_everywhere(list(np.ma.array(X)), np.ma.array(LABELS))


@pytest.mark.parametrize(
    "missing",
    [
        [0, None, 1] * 4,
        np.array([0, None, 1] * 4, object),
        Series(np.array([0, float("nan"), 1] * 4, object)),
        Series([0.0, np.nan, 1.0] * 4),
        np.array(["2020-01-01", "NaT", "2020-01-02"] * 4, "M8[D]"),
        np.zeros(12, [("label", int)]),
    ],
)
def test_a_missing_target_is_rejected_in_any_container(missing):
    for net in (classifier(), regressor()):
        for call in (net.evaluate, net.loss_and_grad, mlp.Trainer(net).fit):
            with pytest.raises((TypeError, ValueError), match="^Y: received"):
                call(X, missing)


def test_frames_of_pandas():
    pd = pytest.importorskip("pandas")
    plain = pd.DataFrame(X, columns=list("abc"))
    assert_same_everywhere(plain, pd.Series(LABELS, index=range(100, 112)))
    nullable = pd.DataFrame({"a": X[:, 0], "b": LABELS, "c": LABELS == 1}).convert_dtypes()
    stacked = np.column_stack([X[:, 0], LABELS, LABELS])
    assert_same_everywhere(nullable, pd.Series(LABELS, dtype="Int64"), X_plain=stacked)
    assert_same_everywhere(plain, pd.Series(LABELS == 1, dtype="boolean"))
    assert_same_everywhere(plain, pd.Series(LABELS).astype("category"))
    assert trained(plain, LABELS).feature_names == ["a", "b", "c"]
    numbers = pd.Series(NUMBERS, dtype="Float64")
    assert_same_everywhere(plain, numbers, Y_plain=NUMBERS[:, None], make=regressor)
    for dtype in ("Int64", "category", "object", "Float64"):
        missing = pd.Series([0, None, 1] * 4, dtype=dtype)
        with pytest.raises((TypeError, ValueError), match="^Y: received"):
            trained(plain, missing)
        with pytest.raises((TypeError, ValueError), match="^Y: received"):
            trained(plain, missing, regressor())
    assert_rejected_everywhere("received dtype", plain.assign(b="text"), LABELS)
    nullable.loc[2, "b"] = pd.NA
    assert_rejected_everywhere("received nan at", nullable, LABELS)


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    plain = pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})
    assert_same_everywhere(plain, pl.Series(LABELS))
    assert_rejected_everywhere("received the columns|order", plain[["b", "a", "c"]], LABELS,
                               lambda: trained(plain, LABELS))  # fmt: skip
    with pytest.raises((TypeError, ValueError), match="^Y: received"):
        trained(plain, pl.Series([0, None, 1] * 4))


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    assert_same_everywhere(torch.tensor(X), torch.tensor(LABELS))
    assert_same_everywhere(list(torch.tensor(X)), torch.tensor(LABELS))
    assert_rejected_everywhere("detach", torch.tensor(X, requires_grad=True), LABELS)


def test_sparse_matrices_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    for kind in (sparse.csr_array, sparse.coo_matrix):
        assert_rejected_everywhere(r"X\.toarray\(\)", kind(X), LABELS)
