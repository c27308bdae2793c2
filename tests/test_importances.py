"""Importances of features, and the selectors that go by them."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_friedman1
from sklearn.decomposition import PCA
from sklearn.feature_selection import (
    RFE,
    RFECV,
    SelectFromModel,
    SequentialFeatureSelector,
)
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropEnsembleRegressor,
    BackpropRegressor,
    BackpropRegressorCV,
    gradient_importances,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)

FRIEDMAN = make_friedman1(300, n_features=10, random_state=0)  # the first five count
GROUPS = make_classification(  # the first four count
    400,
    n_features=12,
    n_informative=4,
    n_redundant=0,
    n_classes=3,
    n_clusters_per_class=1,
    class_sep=1.5,
    shuffle=False,
    random_state=0,
)
REGRESSOR = BackpropRegressor(
    hidden_layer_sizes=(10,), solver="lbfgs", alpha=1.0, max_iter=60, random_state=0
)
CLASSIFIER = BackpropClassifier(
    (20,), alpha=1.0, learning_rate_init=0.02, max_iter=60, random_state=0
)
PROBLEMS = {"friedman": (REGRESSOR, *FRIEDMAN, 5), "groups": (CLASSIFIER, *GROUPS, 4)}


def standardised(X):
    return StandardScaler().fit_transform(X)


def test_of_a_linear_network_they_are_its_weights():
    X, y = FRIEDMAN
    model = BackpropRegressor(
        hidden_layer_sizes=(), solver="lbfgs", random_state=0
    ).fit(X, y)
    weights = np.abs(model.coefs_[0][:, 0])
    np.testing.assert_allclose(gradient_importances(model), weights)
    np.testing.assert_allclose(gradient_importances(model, X), weights * X.std(axis=0))


def test_of_given_samples_they_are_the_mean_absolute_gradients():
    X, y = GROUPS[0], GROUPS[1] % 2
    model = CLASSIFIER.fit(X, y)
    expected = np.abs(model.input_gradients(X)).mean(axis=0) * X.std(axis=0)
    np.testing.assert_allclose(gradient_importances(model, X), expected)


def test_what_is_common_to_all_classes_does_not_count():
    model = CLASSIFIER.fit(*GROUPS)
    before = gradient_importances(model)
    model.coefs_[-1] += np.arange(20.0)[:, np.newaxis]
    np.testing.assert_allclose(gradient_importances(model), before)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_they_rank_features_as_permutations_do(problem):
    model, X, y, n_informative = PROBLEMS[problem]
    X = standardised(X)
    model.fit(X[::2], y[::2])
    importances = gradient_importances(model)
    assert set(np.argsort(-importances)[:n_informative]) == set(range(n_informative))
    by_permutation = permutation_importance(
        model, X[1::2], y[1::2], n_repeats=10, random_state=0
    ).importances_mean
    assert spearmanr(importances, by_permutation).statistic > 0.7
    assert spearmanr(importances, gradient_importances(model, X)).statistic > 0.9


@pytest.mark.parametrize("problem", PROBLEMS)
def test_selectors_find_the_informative_features(problem):
    model, X, y, n_informative = PROBLEMS[problem]
    model = make_pipeline(StandardScaler(), model)
    expected = list(range(n_informative))
    for selector in (
        RFE(
            model,
            n_features_to_select=n_informative,
            importance_getter=gradient_importances,
        ),
        SelectFromModel(
            model,
            threshold=-np.inf,
            max_features=n_informative,
            importance_getter=gradient_importances,
        ),
    ):
        assert selector.fit(X, y).get_support(indices=True).tolist() == expected


def test_scaling_of_a_network_makes_no_difference():
    """A network that scales features by itself has the importances of one behind a
    scaler, whatever their units are."""
    X, y = FRIEDMAN
    units = 10.0 ** np.arange(-5, 5)
    search = {"alphas": [1.0], "hidden_layer_sizes": [(5,)], "cv": 2, "max_iter": 50}
    importances = [
        gradient_importances(BackpropRegressorCV(**search, random_state=0).fit(Z, y))
        for Z in (X, X * units)
    ]
    np.testing.assert_allclose(*importances, rtol=1e-6)


def test_of_averaged_networks_they_are_the_mean():
    X, y = GROUPS
    search = {"alphas": [1.0], "hidden_layer_sizes": [(5,)], "cv": 2, "max_iter": 20}
    model = BackpropClassifierCV(**search, keep="folds", random_state=0).fit(X, y)
    importances = gradient_importances(model)
    assert importances.shape == (12,)
    assert set(np.argsort(-importances)[:3]) <= {0, 1, 2, 3}


def test_a_pipeline_transforms_the_given_samples():
    X, y = FRIEDMAN
    model = make_pipeline(StandardScaler(), REGRESSOR).fit(X, y)
    expected = gradient_importances(model[-1], model[0].transform(X))
    np.testing.assert_allclose(gradient_importances(model, X), expected)


def test_a_step_of_a_pipeline_may_do_nothing():
    X, y = FRIEDMAN
    model = make_pipeline("passthrough", StandardScaler(), REGRESSOR).fit(X, y)
    expected = gradient_importances(model[1:], X)
    np.testing.assert_array_equal(gradient_importances(model, X), expected)
    model = make_pipeline("passthrough", PCA(3), REGRESSOR).fit(X, y)
    with pytest.raises(ValueError, match="has 3 features, but the pipeline has 10"):
        gradient_importances(model)


@pytest.mark.parametrize(
    "step",
    [
        PCA(),
        ColumnTransformer(
            [("scaled", StandardScaler(), [-1])], remainder="passthrough"
        ),
    ],
    ids=["mixed", "in other places"],
)
def test_names_tell_that_features_are_others(step):
    model = make_pipeline(StandardScaler(), step, REGRESSOR).fit(*FRIEDMAN)
    with pytest.raises(ValueError, match=f"behind the step {type(step).__name__}"):
        gradient_importances(model)


@pytest.mark.parametrize("has_names", [False, True])
def test_names_tell_that_features_are_in_their_places(has_names):
    X, y = FRIEDMAN
    step = ColumnTransformer(
        [("one", StandardScaler(), slice(0, 4)), ("other", "passthrough", slice(4, 10))]
    )
    if has_names:
        X = pd.DataFrame(X, columns=[f"a__{number}" for number in range(10)])
    model = make_pipeline(step, REGRESSOR).fit(X, y)
    expected = gradient_importances(model[-1], step.transform(X))
    np.testing.assert_allclose(gradient_importances(model, X), expected)


class Sampler(BaseEstimator):
    """Like those of imbalanced-learn, which have no transform."""

    def fit_transform(self, X, y):
        self.n_features_in_ = X.shape[1]
        return X


def test_steps_that_do_nothing_to_new_data_are_passed_over():
    X, y = FRIEDMAN
    model = make_pipeline(StandardScaler(), REGRESSOR).fit(X, y)
    expected = gradient_importances(model, X)
    model.steps.insert(1, ("sampler", Sampler()))
    np.testing.assert_allclose(gradient_importances(model, X), expected)


@pytest.mark.parametrize("is_double", [False, True])
def test_sparse_samples(is_double):
    X, y = FRIEDMAN
    model = REGRESSOR.fit(X, y)
    expected = gradient_importances(model, X)
    data = csr_matrix(X)
    if is_double:  # each entry stands there twice, as a half
        data = csr_matrix(
            (np.repeat(data.data / 2, 2), np.repeat(data.indices, 2), 2 * data.indptr),
            shape=X.shape,
        )
    np.testing.assert_allclose(gradient_importances(model, data), expected)


def test_many_features_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr("sklearn_bp.fitting._importances.NUMBERS_AT_A_TIME", 100)
    model = CLASSIFIER.fit(*GROUPS)
    in_parts = gradient_importances(model)
    monkeypatch.undo()
    np.testing.assert_allclose(in_parts, gradient_importances(model))


@pytest.mark.parametrize("kind", [LinearRegression, BackpropEnsembleRegressor])
def test_what_has_no_network_is_refused(kind):
    model = kind(cv=2) if kind is BackpropEnsembleRegressor else kind()
    with pytest.raises(TypeError, match=f"must be, or end in, .* got {kind.__name__}"):
        gradient_importances(model.fit(*FRIEDMAN))


def test_steps_that_change_the_features_are_refused():
    model = make_pipeline(PCA(3), REGRESSOR).fit(*FRIEDMAN)
    with pytest.raises(ValueError, match="has 3 features, but the pipeline has 10"):
        gradient_importances(model)


def test_a_single_sample_is_refused():
    """It has no standard deviation, so that all importances would be zero."""
    X, y = FRIEDMAN
    with pytest.raises(ValueError, match=r"a single sample.* at least two"):
        gradient_importances(REGRESSOR.fit(X, y), X[:1])


@pytest.mark.parametrize("selector", [RFECV, SequentialFeatureSelector])
def test_other_selectors_work(selector):
    X, y = FRIEDMAN
    model = REGRESSOR
    getter = {"importance_getter": gradient_importances} if selector is RFECV else {}
    few = selector(model, cv=2, **getter).fit(X[:, :4], y)
    assert 1 <= few.transform(X[:, :4]).shape[1] <= 4
