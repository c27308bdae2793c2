"""The estimators inside scikit-learn's tools, and joblib's."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.ensemble import BaggingClassifier, StackingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor, get_config

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X / X.std(axis=0), (y - y.mean()) / y.std()


@pytest.fixture
def classifier():
    return BackpropClassifier(
        hidden_layer_sizes=(16,), learning_rate_init=0.02, max_iter=60, random_state=0
    )


@pytest.fixture
def regressor():
    return BackpropRegressor(
        hidden_layer_sizes=(16,), learning_rate_init=0.01, max_iter=60, random_state=0
    )


def test_pipeline_and_cross_validate(classifier, iris):
    pipeline = make_pipeline(StandardScaler(), classifier)
    scores = cross_validate(pipeline, *iris, return_train_score=True)
    assert scores["test_score"].mean() > 0.93
    assert scores["train_score"].mean() > 0.95


@pytest.mark.usefixtures("fresh_workers")
def test_grid_search_is_the_same_in_every_way_to_run_it(classifier, iris, monkeypatch):
    grid = {"alpha": [1e-4, 1e-2, 1], "batch_size": [7, 40, "full"], "momentum": [0.9]}
    grid = [{**grid, "solver": ["adam"]}, {"solver": ["sgd", "lbfgs"], "alpha": [0, 1]}]
    # Worker processes take the engine from the environment.
    monkeypatch.setenv("SKLEARN_BP_ENGINE", get_config()["engine"])
    classifier.set_params(max_iter=25)
    searches = []
    for n_jobs, backend in ((1, "loky"), (2, "threading"), (2, "loky")):
        with joblib.parallel_config(backend=backend):
            search = GridSearchCV(classifier, grid, cv=3, n_jobs=n_jobs)
            searches.append(search.fit(*iris))
    serial = searches[0]
    assert len(serial.cv_results_["params"]) == 13
    assert serial.best_score_ > 0.9
    for search in searches[1:]:
        np.testing.assert_array_equal(
            search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
        )
        for coef, expected in zip(
            search.best_estimator_.coefs_, serial.best_estimator_.coefs_
        ):
            np.testing.assert_array_equal(coef, expected)


def test_halving_search_over_epochs(classifier, iris):
    search = HalvingGridSearchCV(
        classifier,
        {"alpha": [1e-4, 1e-2, 1, 10]},
        resource="max_iter",
        min_resources=25,
        max_resources=100,
        factor=2,
        random_state=0,
    ).fit(*iris)
    assert search.best_score_ > 0.9


def test_learning_curve(classifier, iris):
    _, train_scores, test_scores = learning_curve(
        classifier, *iris, train_sizes=[30, 100], cv=KFold(3, shuffle=True)
    )
    assert train_scores.shape == test_scores.shape == (2, 3)
    assert test_scores[-1].mean() > 0.85


def test_validation_curve_shows_that_a_large_penalty_underfits(classifier, iris):
    train_scores, _ = validation_curve(
        classifier, *iris, param_name="alpha", param_range=[1e-4, 1e4]
    )
    assert train_scores[0].mean() > train_scores[1].mean() + 0.2


def test_calibration(classifier, iris):
    for method in ("sigmoid", "isotonic"):
        calibrated = CalibratedClassifierCV(classifier, method=method, cv=3).fit(*iris)
        assert calibrated.score(*iris) > 0.93
        np.testing.assert_allclose(calibrated.predict_proba(iris[0]).sum(axis=1), 1)


def test_bagging(classifier, iris):
    bagging = BaggingClassifier(classifier, n_estimators=3, random_state=0).fit(*iris)
    assert bagging.score(*iris) > 0.93


def test_stacking(regressor, diabetes):
    stack = StackingRegressor([("ridge", RidgeCV()), ("net", regressor)])
    assert stack.fit(*diabetes).score(*diabetes) > 0.5


def test_multi_output_classifier(classifier):
    X, y = load_digits(return_X_y=True)
    X, Y = X[:300] / 16, np.column_stack([y[:300] % 2, y[:300] % 3])
    assert MultiOutputClassifier(classifier).fit(X, Y).score(X, Y) > 0.9


def test_permutation_importance_finds_the_feature_that_matters(regressor):
    X = np.random.RandomState(0).normal(size=(200, 3))
    model = regressor.fit(X, np.sin(2 * X[:, 1]))
    importances = permutation_importance(
        model, X, np.sin(2 * X[:, 1]), random_state=0
    ).importances_mean
    assert importances.argmax() == 1
    assert importances[1] > 10 * max(importances[0], importances[2])


def test_clone_takes_the_parameters_alone(classifier, iris):
    cloned = clone(classifier.fit(*iris))
    assert cloned.get_params() == classifier.get_params()
    assert not hasattr(cloned, "coefs_")


def test_pickle_and_deep_copy(classifier, regressor, iris):
    for model in (classifier, regressor):
        model.fit(*iris)
        for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(
                copied.predict(iris[0]), model.predict(iris[0])
            )


def test_joblib_dump_and_memory_mapped_load(classifier, iris, tmp_path):
    joblib.dump(classifier.fit(*iris), tmp_path / "model.joblib")
    for mmap_mode in (None, "r"):
        loaded = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
        np.testing.assert_array_equal(
            loaded.predict_proba(iris[0]), classifier.predict_proba(iris[0])
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_mapped_read_only_data(classifier, iris, tmp_path, dtype):
    X, y = iris[0].astype(dtype), iris[1]
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = classifier.fit(X, y).predict_proba(X)
    model = clone(classifier).fit(mapped, y)
    np.testing.assert_array_equal(model.predict_proba(mapped), expected)
    assert model.coefs_[0].dtype == dtype
