"""Inputs of ensembles: what is refused, or said, and what was once wrong."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from small_ensembles import (
    CLASSES,
    FOLDS,
    X_CLASSES,
    X,
    Y,
    classifier,
    regressor,
)

from sklearn_bp import BackpropClassifier, BackpropEnsembleRegressor
from sklearn_bp.engine import get_engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# ---- what is refused, or said --------------------------------------------------------


def test_a_network_of_the_other_kind():
    with pytest.raises(TypeError, match="must be an instance of BackpropRegressor"):
        BackpropEnsembleRegressor(BackpropClassifier()).fit(X, Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cv": 1}, "cv"),
        ({"param_grid": []}, "param_grid is empty"),
        ({"param_grid": {"alpha": [-1]}}, "alpha"),
        (
            {"param_grid": {"loss": ["huber", "squared_error"]}},
            "cannot compare settings",
        ),
        ({"params": {"learning_rate": "adaptive", "solver": "sgd"}}, "adaptive"),
        ({"max_seconds": 0}, "max_seconds"),
        ({"n_bins": 0}, "n_bins"),
        ({"categorical_features": ["no such"]}, "no such"),
        ({"verbose": -1}, "verbose"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_parameters(options, message):
    model = regressor(**options)
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


def test_infinite_features():
    bad = X.copy()
    bad[3, 4] = np.inf
    with pytest.raises(ValueError, match="infinity, in column 'x4'"):
        regressor().fit(bad, Y)


def test_a_fold_of_one_sample():
    folds = [(np.arange(1, 442), np.arange(1))]
    with pytest.raises(ValueError, match=r"A fold leaves out 1 sample\(s\)"):
        regressor(cv=folds).fit(X, Y)


def test_an_estimator_that_fails_stays_as_it_was():
    model = regressor().fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(estimator__learning_rate_init=1e200).fit(X, Y)
    model.set_params(estimator__learning_rate_init=0.02)
    np.testing.assert_array_equal(model.predict(X), before)


def test_one_class():
    model = classifier().fit(X_CLASSES, np.ones(150, dtype=int))
    np.testing.assert_array_equal(model.predict(X_CLASSES), 1)
    np.testing.assert_array_equal(model.predict_proba(X_CLASSES), 1)


def test_constant_targets():
    model = regressor().fit(X, np.full(442, 7.5))
    np.testing.assert_array_equal(model.predict(X), 7.5)


def test_a_class_that_some_networks_have_not_seen(recwarn):
    y = (CLASSES > 0).astype(int)
    y[70] = 2
    model = classifier(cv=4).fit(X_CLASSES, y)
    assert model.predict_proba(X_CLASSES).shape == (150, 3)
    assert not [w for w in recwarn if "without samples" in str(w.message)]


def test_a_budget_that_ends_at_once():
    model = regressor(
        params={"max_iter": 10**5, "learning_rate_init": 1e-5}, max_seconds=1e-6
    )
    with pytest.warns(ConvergenceWarning, match="max_seconds"):
        model.fit(X, Y)
    assert (model.best_epochs_ >= 1).all()
    assert np.isfinite(model.predict(X)).all()


def test_too_few_epochs():
    model = regressor(params={"learning_rate_init": 1e-4, "max_iter": 3})
    with pytest.warns(ConvergenceWarning, match="networks has ended while their loss"):
        model.fit(X, Y)


def test_features_that_say_nothing():
    noise = np.random.RandomState(0).normal(size=(100, 5))
    y = np.random.RandomState(1).normal(size=100)
    model = regressor(params={"alpha": 0})
    model.estimator.set_params(learning_rate_init=0.3, n_iter_no_change=1)
    with pytest.warns(ConvergenceWarning, match="best constant prediction"):
        model.set_params(cv=4).fit(noise, y)


def test_nothing_before_fit():
    model = regressor()
    for name in ("networks_", "weights_"):
        with pytest.raises(AttributeError, match="not fitted"):
            getattr(model, name)


# ---- what once was wrong ------------------------------------------------------------


def test_columns_that_are_constant_in_a_fold():
    rng = np.random.RandomState(0)
    for _ in range(20):
        data = np.column_stack([rng.normal(size=120), np.ones(120)])
        y = data[:, 0] + 0.1 * rng.normal(size=120)
        model = regressor(cv=3, params={"dtype": "float32"})
        model.fit(data, y, sample_weight=rng.uniform(size=120))
        changed = data[:10] + np.array([0, 0.5])
        assert np.abs(model.predict(changed) - y[:10]).max() < 2


def test_output_set_to_pandas():
    from sklearn import config_context

    expected = regressor().fit(X, Y).predict(X)
    with config_context(transform_output="pandas"):
        found = regressor().fit(X, Y).predict(X)
    np.testing.assert_array_equal(found, expected)


def test_a_warning_that_is_an_error_changes_nothing():
    import warnings

    noise = np.random.RandomState(0).normal(size=(100, 5))
    model = regressor(cv=4, params={"learning_rate_init": 0.3, "n_iter_no_change": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(noise, np.random.RandomState(1).normal(size=100))
    assert not hasattr(model, "networks_")
    assert not [name for name in vars(model) if name.endswith("_")]


def test_samples_that_a_network_is_trained_on_and_judged_by():
    with pytest.raises(ValueError, match=r"Fold 1 of cv is trained on 10 of the"):
        regressor(cv=[FOLDS[0], (np.arange(100), np.arange(90, 200))]).fit(X, Y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_type_of_a_setting(dtype):
    for model, data, y in ((regressor, X, Y), (classifier, X_CLASSES, CLASSES)):
        for grid in ({"dtype": [dtype]}, {"dtype": ["float32", "float64"]}):
            fitted = model(param_grid=grid).fit(data, y)
            types = {str(network.dtype) for network in fitted.networks_}
            assert types <= set(grid["dtype"])


def test_sparse_labels_stay_sparse():
    import scipy.sparse as sp

    labels = np.column_stack([CLASSES == 0, CLASSES < 2]).astype(int)
    dense = classifier().fit(X_CLASSES, labels)
    sparse = classifier().fit(X_CLASSES, sp.csr_matrix(labels))
    found = sparse.predict(X_CLASSES)
    assert sp.issparse(found)
    np.testing.assert_array_equal(found.toarray(), dense.predict(X_CLASSES))
    assert sparse.oof_score_ == dense.oof_score_


def test_nested_parameters_without_an_estimator():
    with pytest.raises(
        ValueError, match=r"estimator=BackpropRegressor\(alpha=\.\.\.\)"
    ):
        BackpropEnsembleRegressor().set_params(estimator__alpha=1)


def test_no_computing_type():
    with pytest.raises(ValueError, match="The 'dtype' parameter of BackpropRegressor"):
        regressor(params={"dtype": "float16"}).fit(X, Y)


def test_small_coverages():
    low, high = regressor().fit(X, Y).predict_interval(X, coverage=0.02).T
    assert (low <= high).all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_without_a_penalty_weights_count_by_their_ratios():
    weight = np.random.RandomState(0).uniform(0.5, 1, size=442)
    for make, data, y in ((regressor, X, Y), (classifier, X_CLASSES, CLASSES)):
        own = weight[: len(y)]
        model = make(cv=3, params={"alpha": 0}).fit(data, y, sample_weight=own)
        for scale in (2.0**-900, 2.0**1023):
            other = clone(model).fit(data, y, sample_weight=scale * own)
            np.testing.assert_array_equal(other.predict(data), model.predict(data))
            assert other.oof_loss_ == model.oof_loss_
            assert other.oof_score_ == model.oof_score_


def test_a_category_of_hardly_any_weight():
    indicator = np.zeros(60)
    indicator[7] = 1
    data = np.column_stack([indicator, X[:60, 2]])
    for weight in (1e-6, 1e-12):
        weights = np.where(indicator == 1, weight, 1)
        model = BackpropEnsembleRegressor(random_state=0)
        model.fit(data, 50 * X[:60, 2], sample_weight=weights)
        assert np.abs(model.predict([[1, 0]])) < 5


@pytest.mark.skipif(
    get_engine().name == "reference",
    reason="NumPy's products of a row depend on how many rows there are",
)
def test_a_row_does_not_depend_on_others():
    model = classifier(cv=4).fit(X_CLASSES, (CLASSES == 1).astype(int))
    whole = model.predict_proba(X_CLASSES)
    for rows in ([0], [70], slice(3, 20), slice(None, None, 7)):
        np.testing.assert_array_equal(model.predict_proba(X_CLASSES[rows]), whole[rows])


@pytest.mark.parametrize(
    "groups",
    [
        np.array(["a", "b", None], dtype=object)[np.arange(442) // 10 % 3],
        (np.arange(442) // 10)[:, np.newaxis],
        [str(number // 10) if number > 99 else number for number in range(442)],
    ],
    ids=["missing", "a column", "mixed"],
)
def test_groups_of_any_kind(groups, recwarn):
    assert np.isfinite(regressor(cv=3).fit(X, Y, groups=groups).oof_score_)
    assert not [w for w in recwarn if "groups" in str(w.message)]


@pytest.mark.parametrize("cv", [KFold, [1, 2], [(FOLDS[0][0],) * 3]])
def test_what_is_no_cv(cv):
    with pytest.raises(ValueError, match="cv must be"):
        regressor(cv=cv).fit(X, Y)


def test_targets_without_columns():
    with pytest.raises(ValueError, match=r"feature|column|target"):
        regressor(cv=3).fit(X, np.zeros((442, 0)))


def test_truth_values_that_became_numbers():
    import pandas as pd

    table = pd.DataFrame({"b": np.arange(120) % 3 == 0})
    model = regressor(cv=3).fit(table, 1.0 * table["b"])
    with pytest.raises(ValueError, match="Column 'b' holds numbers, but held text or"):
        model.predict(table.astype(int))
