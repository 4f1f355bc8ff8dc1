"""The preset for tables: from columns as people have them to predictions."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mlp
from mlp.files import FileFormatError, read_model
from mlp.studies.tabular.selection import FoldSelection, log_loss, squared_error

pytestmark = pytest.mark.usefixtures("small_preset")


def people(n=60, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, n)
    frame = pd.DataFrame(
        {
            "age": age,
            "city": rng.choice(["Oslo", "Rome", "Bern"], n),
            "sex": rng.choice(["f", "m"], n),
            "joined": pd.date_range("2024-01-01", periods=n),
            "name": [f"n{i}" for i in range(n)],
            "one": 1,
            "empty": [None] * n,
            "buys": np.where(age > 40, "yes", "no"),
            "spends": 0.5 * age + rng.normal(size=n),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[1::9, "city"] = None
    return frame


PEOPLE = people()


@pytest.fixture(scope="module")
def classifier(small_preset):
    return mlp.tabular(PEOPLE, "buys", ignore=["spends"], effort="quick")


@pytest.fixture(scope="module")
def regressor(small_preset):
    return mlp.tabular(PEOPLE, "spends", ignore=["buys"], effort="quick")


def test_the_summary_says_what_was_done(classifier):
    text = classifier.summary()
    for part in (
        "target: 'buys', 2 classes, 60 rows",
        "dates in 'joined'",
        "one-hot words in 'city' (3), 'sex' (2)",
        "filled with the median and marked by an input: 'age' (9)",
        "a word of their own: 'city' (7)",
        "'name' (60 different words in 60 rows)",
        "'empty' (no value)",
        "'one' (constant)",
        "kept the weights of epoch ",
        "out of fold: accuracy ",
        "most frequent class: accuracy ",
        "slightly optimistic",
    ):
        assert part in text


def test_classes_probabilities_and_spread_have_the_shapes_of_the_rows(classifier):
    found = classifier.predict_proba(PEOPLE)
    assert found.shape == (60, 2)
    assert np.allclose(found.sum(axis=1), 1)
    names = np.array(classifier.classes)
    assert (names[found.argmax(axis=1)] == classifier.predict(PEOPLE)).all()
    members = classifier.ensemble.predict_members(
        classifier.model.inputs.encode(classifier._table(PEOPLE))
    )
    assert np.allclose(classifier.predict_spread(PEOPLE), members.std(axis=0))
    assert classifier.score(PEOPLE) == (classifier.predict(PEOPLE) == PEOPLE["buys"]).mean()


def test_numbers_stay_within_the_range_of_training(regressor):
    far = PEOPLE.assign(age=1e6)
    low, high = PEOPLE["spends"].min(), PEOPLE["spends"].max()
    for found in (regressor.predict(far), regressor.predict(PEOPLE)):
        assert found.shape == (60,)
        assert (found >= low - 1e-6).all()
        assert (found <= high + 1e-6).all()
    assert set(regressor.evaluate(PEOPLE)) == {"r2", "mae"}
    with pytest.raises(ValueError, match="predict_proba: received a model of numbers"):
        regressor.predict_proba(PEOPLE)


def test_a_prediction_does_not_depend_on_the_rows_beside_it(classifier):
    alone = np.vstack([classifier.predict_proba(PEOPLE[i : i + 1]) for i in range(60)])
    together = classifier.predict_proba(PEOPLE)
    backwards = classifier.predict_proba(PEOPLE[::-1])[::-1]
    assert np.allclose(alone, together, rtol=1e-12)
    assert np.allclose(backwards, together, rtol=1e-12)


def test_frames_mappings_and_files_give_the_same_model(classifier, tmp_path):
    expected = classifier.predict_proba(PEOPLE)
    path = tmp_path / "people.csv"
    PEOPLE.to_csv(path, index=False)
    columns = {name: PEOPLE[name].to_numpy() for name in PEOPLE}
    polars = pl.DataFrame(
        {name: [None if pd.isna(v) else v for v in PEOPLE[name]] for name in PEOPLE}
    )
    for data in (path, str(path), polars, columns):
        model = mlp.tabular(data, "buys", ignore=["spends"], effort="quick")
        assert np.array_equal(model.predict_proba(data), expected)
    pair = PEOPLE.drop(columns=["buys", "spends"]), PEOPLE["buys"]
    model = mlp.tabular(pair, effort="quick")
    assert np.array_equal(model.predict_proba(pair[0]), expected)
    assert model.score(pair) == classifier.score(PEOPLE)


def test_a_matrix_has_columns_x0_x1_and_so_on():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    model = mlp.tabular((X, X[:, 0] - X[:, 1] + 0.5), effort="quick")
    assert model.model.inputs.columns == ("x0", "x1", "x2")
    assert model.predict(X).shape == (60,)
    assert model.score((X, X[:, 0] - X[:, 1] + 0.5)) > 0
    with pytest.raises(ValueError, match="missing 'x2'"):
        model.predict(X[:, :2])


def test_several_targets_are_numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    model = mlp.tabular((X, X + 0.5), effort="quick")
    assert model.predict(X).shape == model.predict_spread(X).shape == (40, 2)


def test_the_file_holds_the_whole_model(classifier, tmp_path):
    classifier.save(tmp_path / "model.npz")
    again = mlp.load(tmp_path / "model.npz")
    assert isinstance(again, mlp.TabularModel)
    assert again.summary() == classifier.summary()
    assert (again.effort, again.seed) == ("quick", 0)
    assert np.array_equal(again.predict_proba(PEOPLE), classifier.predict_proba(PEOPLE))
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()


@pytest.mark.parametrize(
    "odd",
    [
        None,
        3,
        {"effort": "much", "seed": 0, "lines": []},
        {"effort": "quick", "seed": -1, "lines": []},
        {"effort": "quick", "seed": 0, "lines": [1]},
        {"effort": "quick", "seed": 0, "lines": "text"},
        {"effort": "quick", "seed": 0},
    ],
)
def test_a_file_with_odd_facts_is_rejected(odd, classifier, tmp_path):
    classifier.save(tmp_path / "model.npz")
    net, metadata = read_model(tmp_path / "model.npz")
    net.save(tmp_path / "odd.npz", metadata | {"tabular": odd})
    with pytest.raises(FileFormatError, match="effort|seed|tabular|lines"):
        mlp.load(tmp_path / "odd.npz")


def test_the_seed_decides_all_draws():
    models = [mlp.tabular(PEOPLE, "buys", effort="quick", seed=seed) for seed in (1, 1, 2)]
    first, same, other = (model.predict_proba(PEOPLE) for model in models)
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_every_member_leaves_out_its_fold_and_the_best_epoch_is_kept():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 3)).astype("f"), np.eye(2, dtype="f")[rng.integers(0, 2, 20)]
    net = mlp.MLP.from_sizes(
        [3, 4, 2], output="softmax", loss="cross_entropy", dtype="float32", seed=0
    )
    folds = np.arange(20) % 2
    for measure in (squared_error, log_loss):
        replicas = net.replicate(2)
        seen = []
        watch = mlp.LambdaCallback(
            on_epoch_end=lambda t, seen=seen: seen.append(t.net.theta.copy())
        )
        selection = FoldSelection(X, Y, folds, measure=measure)
        mlp.Trainer(replicas, mlp.SGD(3.0), callbacks=[watch, selection]).fit(X, Y, 12)
        scores = []
        for theta in seen:
            replicas.theta = theta
            losses = measure(replicas.predict(X), Y)
            scores.append([losses[0][folds == 0].mean(), losses[1][folds == 1].mean()])
        assert selection.best_epochs == (np.argmin(scores, axis=0) + 1).tolist()


def test_the_best_weights_are_restored():
    X, Y = np.zeros((4, 1)), np.array([[0.0], [0.0], [1.0], [1.0]])
    net = mlp.MLP([mlp.Dense(1, 1)], loss="mse").replicate(2)
    selection = FoldSelection(X, Y, np.array([0, 0, 1, 1]), measure=squared_error)
    trainer = mlp.Trainer(net, mlp.SGD(0.1), batch_size=None, callbacks=[selection])
    trainer.fit(X, Y, 5)
    assert selection.best_epochs == [1, 5]  # the bias rises from 0 to 0.5
    assert net.theta[0, -1] < net.theta[1, -1]
    assert np.allclose(selection.outputs[:, 0], net.theta[:, -1].repeat(2))


def test_few_rows_of_numbers_are_encoded_only_where_that_predicts_better():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(300, 3)), rng.normal(size=300)
    for y, has_bins in ((X[:, 0] + X[:, 1] + noise, False), (np.abs(X[:, 0]) > 0.7, True)):
        model = mlp.tabular((X, y * 1.0), task="regress")
        has_layer = isinstance(model.ensemble.net.layers[0], mlp.PiecewiseLinear)
        assert has_layer == has_bins == ("8 bins" in model.summary())
        assert ("penalty: " in model.summary()) != has_bins


def test_sample_weights_are_factors_of_the_losses():
    X, y = np.random.default_rng(0).normal(size=(80, 2)), np.arange(80) % 2 * 1.0
    low, high = (
        mlp.tabular((X, y), task="regress", sample_weight=weight, effort="quick").predict(X).mean()
        for weight in (10 - 9 * y, 1 + 9 * y)
    )
    assert low < 0.4 < 0.6 < high
    with pytest.raises(ValueError, match="sample_weight: received shape"):
        mlp.tabular((X, y), task="regress", sample_weight=y[:3], effort="quick")


def test_a_target_whose_name_an_input_has_is_told_apart():
    frame = PEOPLE[["age"]].assign(y=PEOPLE["spends"])
    model = mlp.tabular((frame, PEOPLE["spends"].to_numpy()), task="regress", effort="quick")
    assert "target: 'y_'" in model.summary()
    assert model.predict(frame).shape == (60,)


def test_twenty_rows_are_enough_and_fewer_folds_are_told():
    model = mlp.tabular(PEOPLE[:6], "buys", ignore=["spends"])
    assert model.ensemble.size == 3
    assert "3 folds, not 4, for 6 rows" in model.summary()
    assert mlp.tabular(PEOPLE[:20], "spends", ignore=["buys"]).predict(PEOPLE).shape == (60,)
    with pytest.raises(ValueError, match="received 3 training rows, expected at least 4"):
        mlp.tabular(PEOPLE[:3].assign(buys=["a", "b", "a"]), "buys")


def test_a_class_of_one_row_is_told():
    frame = PEOPLE.assign(buys=["rare", *PEOPLE["buys"][1:]])
    assert "one row only of 'rare'" in mlp.tabular(frame, "buys", effort="quick").summary()


def test_one_class_is_an_error():
    with pytest.raises(ValueError, match="received only the class 'yes' in 'buys'"):
        mlp.tabular(PEOPLE.assign(buys="yes"), "buys")


def test_columns_that_say_nothing_leave_no_input():
    frame = PEOPLE[["one", "empty", "buys"]]
    with pytest.raises(ValueError, match="no column that differs between rows"):
        mlp.tabular(frame, "buys")


def test_an_unknown_word_is_told(classifier):
    odd = PEOPLE.assign(city="Paris")
    with pytest.warns(UserWarning, match="'city': received words not seen in training in 60 rows"):
        classifier.predict(odd)


def test_whole_numbers_need_a_task():
    frame = PEOPLE.assign(buys=np.arange(60) % 5)
    with pytest.raises(ValueError, match="task='classify'"):
        mlp.tabular(frame, "buys")
    assert mlp.tabular(frame, "buys", task="classify", effort="quick").classes == [*"01234"]


def test_declared_categories_are_words():
    frame = PEOPLE.assign(code=pd.Categorical(np.arange(60) % 3))
    model = mlp.tabular(frame, "buys", effort="quick")
    assert model.model.inputs.categories["code"].names == ("0", "1", "2")
    pair = frame.drop(columns="buys"), frame["buys"]
    assert "code" in mlp.tabular(pair, effort="quick").model.inputs.categories


def test_rows_without_a_target_are_an_error_or_dropped():
    frame = PEOPLE.assign(buys=PEOPLE["buys"].where(PEOPLE.index > 9))
    with pytest.raises(ValueError, match="missing value"):
        mlp.tabular(frame, "buys", effort="quick")
    model = mlp.tabular(frame, "buys", missing_target="drop", effort="quick")
    assert "50 rows to train on" in model.summary()


@pytest.mark.parametrize(
    ("data", "target", "message"),
    [
        (PEOPLE, None, "target: received none, expected a column"),
        (PEOPLE, "price", "price"),
        ((PEOPLE, [1.5] * 60), "buys", r"target: received 'buys' with a pair"),
        (3, "buys", "data: received 3, expected a path"),
        ({"a": [1.0, 2.0], "b": [1.0]}, "b", r"columns of \[1, 2\] rows"),
        ({"a": [[1.0], [2.0]], "b": [1.0, 2.0]}, "b", r"a: received shape \(2, 1\)"),
        ({"a": [1j, 2.0], "b": [1.0, 2.0]}, "b", "a: received an array of complex128"),
        (([1.0, 2.0], [1.0, 2.0]), None, r"received shape \(2,\), expected \(n, n_columns\)"),
    ],
)
def test_data_that_do_not_fit_are_rejected(data, target, message):
    with pytest.raises((ValueError, TypeError), match=message):
        mlp.tabular(data, target)


def test_an_unknown_effort_is_rejected_before_anything_is_read():
    with pytest.raises(ValueError, match="effort: received 'much', expected one of quick"):
        mlp.tabular("nowhere.csv", "y", effort="much")


def test_a_cell_that_is_no_number_is_an_error_that_names_it(classifier):
    odd = PEOPLE.astype({"age": object})
    odd.loc[3, "age"] = "old"
    with pytest.raises(ValueError, match=r"row 3, column 'age': received 'old'"):
        classifier.predict(odd)
