"""Estimators inside scikit-learn: pipelines, searches, containers, threads and callbacks."""

from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from mlp.sklearn import MLPClassifier, MLPRegressor
from tests.sklearn.data import diabetes, iris

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def most_threads(model, X, y):
    model.predict(X)
    return max(pool["num_threads"] for pool in threadpool_info())


def test_a_grid_search_in_two_processes_gives_each_its_share_of_the_threads(monkeypatch):
    for library in ("OPENBLAS", "OMP", "MKL"):
        monkeypatch.delenv(f"{library}_NUM_THREADS", raising=False)
    X, y = iris()
    search = GridSearchCV(
        MLPClassifier([8], max_iter=2, random_state=0),
        {"alpha": [1e-4, 1e-2]},
        scoring=most_threads,
        cv=2,
        n_jobs=2,
        refit=False,
    ).fit(X, y)
    assert search.cv_results_["mean_test_score"].max() <= max(1, joblib.cpu_count() // 2)


def test_eight_threads_predict_what_one_does():
    X, y = iris()
    for model in (
        MLPClassifier([16], max_iter=5, random_state=0).fit(X, y),
        MLPRegressor("poisson", [16], max_iter=5, random_state=0).fit(X, y),
    ):
        parts = [X[i % 100 : i % 100 + 40] for i in range(200)]
        alone = [model.predict(part) for part in parts]
        with ThreadPoolExecutor(8) as pool:
            for expected, found in zip(alone, pool.map(model.predict, parts), strict=True):
                assert_array_equal(found, expected)


def test_a_pipeline_scales_validation_data_too():
    X, y = diabetes()
    X = 100 * X + 7
    train, held_out = slice(300), slice(300, None)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPRegressor(hidden_layer_sizes=[8], max_iter=10, random_state=0)
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.transform_input = ["X_val"]
        pipeline.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out])
    error = 0.5 * np.mean((pipeline.predict(X[held_out]) - y[held_out]) ** 2)
    assert pipeline[-1].validation_loss_curve_[-1] == pytest.approx(error)


def test_sample_weights_are_routed_through_a_search():
    X, y = iris()
    weight = np.where(y == 0, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier([4], max_iter=3, random_state=0)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"alpha": [1e-4]}, cv=2).fit(X, y, sample_weight=weight)
    same = MLPClassifier([4], max_iter=3, random_state=0).fit(X, y, sample_weight=weight)
    assert search.best_estimator_.loss_curve_ == same.loss_curve_


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_go_in_and_hidden_activations_come_out_as_frames(library):
    frames = pytest.importorskip(library)
    X, y = iris()
    frame = frames.DataFrame(dict(zip("abcd", X.T, strict=True)))
    model = MLPClassifier([6, 3], max_iter=3, random_state=0).set_output(transform=library)
    out = model.fit(frame, frames.Series("kind", y) if library == "polars" else y).transform(frame)
    assert isinstance(out, frames.DataFrame)
    assert list(out.columns) == [f"mlpclassifier{i}" for i in range(3)]
    assert_array_equal(out.to_numpy(), model.set_output(transform="default").transform(frame))
    first = model.set_output(transform=library).transform(frame, layer=0)
    assert list(first.columns) == [f"mlpclassifier{i}" for i in range(6)]
    if hasattr(StandardScaler().fit(frame), "feature_names_in_"):  # 1.6 reads none of polars 2
        assert_array_equal(model.feature_names_in_, list("abcd"))
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[["b", "a", "c", "d"]])


def test_a_layer_that_is_not_there_is_rejected():
    X, y = iris()
    model = MLPClassifier([6, 3], max_iter=3).fit(X, y)
    with pytest.raises(ValueError, match="layer: received 2, expected .* 2 hidden layers"):
        model.transform(X, layer=2)
    with pytest.raises(TypeError, match=r"layer: received 0.5"):
        model.transform(X, layer=0.5)


def test_no_hidden_layer_is_a_linear_model():
    X, y = iris()
    model = MLPClassifier([], solver="lbfgs", random_state=0).fit(X, y)
    assert [W.shape for W in model.coefs_] == [(4, 3)]
    assert model.score(X, y) > 0.95


def test_tags_and_the_diagram_are_those_of_estimators():
    assert is_classifier(MLPClassifier())
    assert is_regressor(MLPRegressor())
    assert MLPClassifier().__sklearn_tags__().input_tags.sparse
    assert "MLPClassifier" in MLPClassifier([3])._repr_html_()


def test_out_of_fold_predictions_of_labels():
    X, y = iris()
    labels = np.eye(3, dtype=int)[y]
    found = cross_val_predict(MLPClassifier([8], max_iter=5, random_state=0), X, labels, cv=3)
    assert found.shape == labels.shape


needs_callbacks = pytest.mark.skipif(
    not hasattr(MLPClassifier, "set_callbacks"), reason="scikit-learn before 1.9"
)


@needs_callbacks
def test_a_scoring_monitor_scores_the_weights_of_each_epoch():
    from sklearn.callback import ScoringMonitor

    X, y = iris()
    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier([8], max_iter=4, random_state=0).set_callbacks(monitor).fit(X, y)
    log = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [
        MLPClassifier([8], max_iter=n, random_state=0).fit(X, y).score(X, y) for n in (1, 2, 3, 4)
    ]
    assert log == expected
    assert model.loss_curve_ == MLPClassifier([8], max_iter=4, random_state=0).fit(X, y).loss_curve_


@needs_callbacks
def test_a_callback_of_scikit_learn_ends_the_fit_and_sees_every_task():
    class Stop:
        def setup(self, estimator, context):
            self.seen = ["setup"]

        def teardown(self, estimator, context):
            self.seen.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            self.seen.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            self.seen.append(f"end {context.task_name}")
            fitted_estimator.predict(iris()[0])
            return context.task_id == 1

    stop = Stop()
    X, y = iris()
    model = MLPRegressor(hidden_layer_sizes=[8], max_iter=9).set_callbacks(stop).fit(X, y)
    assert model.n_iter_ == 2
    epoch = ["begin epoch", "end epoch"]
    assert stop.seen == ["setup", "begin fit", *epoch, *epoch, "end fit", "teardown"]
    model.set_params(solver="lbfgs").fit(X, y)
    assert stop.seen == ["setup", "begin fit", "end fit", "teardown"]
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, y)
    assert stop.seen[-1] in ("setup", "teardown", "begin fit")


@needs_callbacks
def test_a_progress_bar_of_scikit_learn_shows_the_epochs(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    X, y = iris()
    MLPClassifier([8], max_iter=3).set_callbacks(ProgressBar()).fit(X, y)
    assert "MLPClassifier" in capsys.readouterr().out
