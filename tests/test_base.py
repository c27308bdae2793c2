"""What the two estimators share beyond the trajectory of scikit-learn's."""

import pickle
import threading
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sklearn_bp import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

ESTIMATORS = pytest.mark.parametrize(
    "estimator", [BackpropClassifier, BackpropRegressor]
)


@pytest.fixture
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def assert_same_network(a, b, **tolerance):
    tolerance = tolerance or {"rtol": 0, "atol": 0}
    for part, expected in zip(
        (*a.coefs_, *a.intercepts_), (*b.coefs_, *b.intercepts_), strict=True
    ):
        np.testing.assert_allclose(part, expected, **tolerance)


@ESTIMATORS
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_full_batch_is_a_batch_of_all(estimator, solver, digits):
    X, y = digits
    settings = {"solver": solver, "max_iter": 5, "random_state": 0}
    full = estimator(batch_size="full", **settings).fit(X, y)
    assert_same_network(full, estimator(batch_size=300, **settings).fit(X, y))


@ESTIMATORS
@pytest.mark.parametrize("fmt", ["csr", "csc", "coo", "lil"])
@pytest.mark.parametrize("container", ["matrix", "array"])
def test_sparse_data_give_the_network_of_dense_data(estimator, fmt, container, digits):
    X, y = digits
    make = getattr(sp, f"{fmt}_{container}")
    settings = {"max_iter": 5, "random_state": 0, "batch_size": 17}
    dense = estimator(**settings).fit(X, y)
    sparse = estimator(**settings).fit(make(X), y)
    assert_same_network(sparse, dense, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(sparse.predict(make(X)), dense.predict(X), rtol=1e-8)


@ESTIMATORS
def test_layout_of_the_data_does_not_matter(estimator, digits):
    X, y = digits
    settings = {"max_iter": 3, "random_state": 0}
    expected = estimator(**settings).fit(X, y)
    wide = np.repeat(X, 2, axis=1)
    for same in (np.asfortranarray(X), wide[:, ::2], X.tolist(), pd.DataFrame(X)):
        model = estimator(**settings).fit(same, y)
        assert_same_network(model, expected)
        np.testing.assert_array_equal(model.predict(same), expected.predict(X))


@ESTIMATORS
@pytest.mark.parametrize("sparse", [False, True])
def test_computing_type_follows_the_data(estimator, sparse, digits):
    X, y = digits
    make = sp.csr_matrix if sparse else np.asarray
    for given, computed in (
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int64, np.float64),
        (np.float16, np.float64),
        (bool, np.float64),
    ):
        if sparse and given is np.float16:
            continue  # SciPy has no sparse float16
        model = estimator(max_iter=2).fit(make(X.astype(given)), y)
        assert {part.dtype for part in (*model.coefs_, *model.intercepts_)} == {
            np.dtype(computed)
        }
        method = getattr(model, "predict_proba", model.predict)
        assert method(make(X)).dtype == computed


@ESTIMATORS
@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float64"), float])
def test_dtype_overrides_the_type_of_the_data(estimator, dtype, digits):
    X, y = digits
    for given in (np.float32, np.float64):
        model = estimator(max_iter=2, dtype=dtype).fit(X.astype(given), y)
        assert model.coefs_[0].dtype == np.dtype(dtype)


@ESTIMATORS
def test_float32_is_close_to_float64(estimator, digits):
    X, y = digits
    y = y if estimator is BackpropClassifier else y / 10
    settings = {"max_iter": 20, "random_state": 0}
    wide = estimator(**settings).fit(X, y)
    narrow = estimator(**settings).fit(X.astype(np.float32), y)
    np.testing.assert_allclose(narrow.loss_curve_, wide.loss_curve_, rtol=1e-4)


@ESTIMATORS
def test_feature_names(estimator, digits):
    X, y = digits
    frame = pd.DataFrame(X).add_prefix("pixel_")
    model = estimator(max_iter=2, early_stopping=True).fit(frame, y)
    np.testing.assert_array_equal(model.feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.add_suffix("x"))


# ---- penalty and weights -------------------------------------------------------


def mean_square(model):
    return np.mean([np.square(coef).mean() for coef in model.coefs_])


@ESTIMATORS
def test_dataset_penalty_is_that_of_a_rescaled_alpha(estimator, digits):
    """alpha / 300 in a batch of 20 is 20 / 300 of it in terms of the batch."""
    X, y = digits
    settings = {"batch_size": 20, "max_iter": 5, "random_state": 0}
    dataset = estimator(alpha=3, penalty_scaling="dataset", **settings).fit(X, y)
    batch = estimator(alpha=3 * 20 / 300, **settings).fit(X, y)
    assert_same_network(dataset, batch, rtol=1e-10, atol=1e-14)


@ESTIMATORS
def test_dataset_penalty_of_the_full_batch_is_the_batch_penalty(estimator, digits):
    X, y = digits
    weight = np.random.RandomState(0).uniform(size=300)
    for solver in ("adam", "lbfgs"):
        settings = {"solver": solver, "alpha": 2, "batch_size": "full", "max_iter": 5}
        models = [
            estimator(penalty_scaling=scaling, random_state=0, **settings).fit(
                X, y, weight
            )
            for scaling in ("batch", "dataset")
        ]
        assert_same_network(*models, rtol=1e-9, atol=1e-13)


@ESTIMATORS
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weights_are_repeated_rows_in_the_full_batch(estimator, solver, digits):
    X, y = digits[0][:60], digits[1][:60]
    y = y if estimator is BackpropClassifier else y / 10
    weight = np.random.RandomState(0).randint(0, 4, size=60)
    model = estimator(
        solver=solver, alpha=1, batch_size="full", max_iter=10, random_state=0
    )
    repeated = clone(model).fit(X.repeat(weight, axis=0), y.repeat(weight))
    weighted = model.fit(X, y, weight)
    assert_same_network(weighted, repeated, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(weighted.loss_, repeated.loss_, rtol=1e-9)


@ESTIMATORS
def test_a_weight_counts_in_a_batch_of_one(estimator, digits):
    """The gradient of a single row is multiplied by w / mean(w), so that plain gradient
    descent on one weighted row is that with a multiplied learning rate."""
    X, y = digits[0][:2], np.array([0.0, 1.0])
    settings = {
        "solver": "sgd",
        "momentum": 0,
        "alpha": 0,
        "batch_size": 1,
        "shuffle": False,
        "max_iter": 1,
        "random_state": 0,
    }
    weighted = estimator(learning_rate_init=0.01, **settings).fit(X, y, [0, 3])
    plain = estimator(learning_rate_init=0.02, **settings)
    classes = {"classes": [0, 1]} if estimator is BackpropClassifier else {}
    plain.partial_fit(X[[1]], y[[1]], **classes)
    assert_same_network(weighted, plain, rtol=1e-12, atol=1e-15)


@ESTIMATORS
def test_a_batch_of_zero_weights_is_no_error(estimator, digits):
    X, y = digits
    weight = np.zeros(300)
    weight[7] = 1
    model = estimator(batch_size=5, max_iter=3).fit(X, y, weight)
    assert np.isfinite(model.loss_)


@ESTIMATORS
def test_equal_weights_are_none(estimator, digits):
    X, y = digits
    settings = {"max_iter": 4, "batch_size": 32, "alpha": 0, "random_state": 0}
    plain = estimator(**settings).fit(X, y)
    for weight in (np.full(300, 2.5), 2.5):
        model = estimator(**settings).fit(X, y, sample_weight=weight)
        assert_same_network(model, plain, rtol=1e-8, atol=1e-11)


# ---- early stopping ------------------------------------------------------------


@ESTIMATORS
def test_early_stopping_watches_the_validation_loss(estimator, digits):
    X, y = digits
    model = estimator(early_stopping=True, max_iter=30, random_state=0).fit(X, y)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_) < 0
    assert model.best_loss_ is None


def test_validation_score_is_the_negated_loss_of_the_validation_set(digits):
    X, y = digits
    weight = np.random.RandomState(0).uniform(size=300)
    model = BackpropClassifier(
        early_stopping=True, max_iter=1, random_state=0, alpha=10
    ).fit(X, y, weight)
    rng = np.random.RandomState(0)
    for coef, intercept in zip(model.coefs_, model.intercepts_):
        rng.uniform(size=coef.shape), rng.uniform(size=intercept.shape)
    _, rows = train_test_split(np.arange(300), random_state=rng, test_size=0.1)
    expected = -log_loss(
        y[rows], model.predict_proba(X[rows]), sample_weight=weight[rows]
    )
    np.testing.assert_allclose(model.validation_scores_, [expected])


@ESTIMATORS
def test_best_weights_are_kept(estimator, digits):
    """They are those of a run that ends with the best epoch."""
    X, y = digits
    settings = {
        "early_stopping": True,
        "learning_rate_init": 0.05,
        "random_state": 0,
        "n_iter_no_change": 5,
    }
    model = estimator(**settings).fit(X, y)
    best_epoch = int(np.argmax(model.validation_scores_)) + 1
    assert best_epoch < model.n_iter_
    shorter = estimator(max_iter=best_epoch, **settings).fit(X, y)
    assert_same_network(model, shorter)


# ---- going on ------------------------------------------------------------------


@ESTIMATORS
def test_failed_warm_start_changes_nothing(estimator, digits):
    X, y = digits
    model = estimator(max_iter=3, warm_start=True).fit(X, y)
    before = pickle.dumps(model)
    for bad_X, bad_y in ((X[:, :5], y), (X, y[:-1]), (np.full_like(X, np.nan), y)):
        with pytest.raises(ValueError, match=r"features|inconsistent|NaN"):
            model.fit(bad_X, bad_y)
    model.set_params(hidden_layer_sizes=(3,))
    with pytest.raises(ValueError, match=r"The fitted network is .* warm_start=False"):
        model.fit(X, y)
    model.set_params(hidden_layer_sizes=(100,))
    assert pickle.dumps(model) == before


@ESTIMATORS
def test_diverging_partial_fit_changes_nothing(estimator, digits):
    X, y = digits
    model = estimator(max_iter=3, solver="sgd", activation="identity").fit(X, y)
    expected = model.predict(X)
    loss_curve = list(model.loss_curve_)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="diverged"):
        model.partial_fit(1e200 * X, y)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.loss_curve_ == loss_curve


@ESTIMATORS
def test_failed_first_fit_leaves_an_unfitted_estimator(estimator, digits):
    X, y = digits
    model = estimator()
    before = vars(model).copy()
    with pytest.raises(ValueError, match="Negative values in sample_weight"):
        model.fit(X, y, sample_weight=np.full(300, -1.0))
    assert vars(model) == before


@ESTIMATORS
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_survives_pickling_half_way(estimator, solver, digits):
    X, y = digits
    settings = {"solver": solver, "learning_rate": "invscaling", "random_state": 0}
    straight, broken = estimator(**settings), estimator(**settings)
    first = {"classes": range(10)} if estimator is BackpropClassifier else {}
    for model in (straight, broken):
        model.partial_fit(X, y, **first)
    for _ in range(3):
        broken = pickle.loads(pickle.dumps(broken))
        for model in (straight, broken):
            model.partial_fit(X, y)
    assert_same_network(broken, straight)
    assert broken.loss_curve_ == straight.loss_curve_


@ESTIMATORS
def test_solver_can_be_changed_between_calls_of_partial_fit(estimator, digits):
    X, y = digits
    model = estimator(max_iter=3).fit(X, y)
    loss = model.loss_
    model.set_params(solver="sgd")
    for _ in range(20):
        model.partial_fit(X, y)
    assert model.loss_ < loss


@ESTIMATORS
def test_tol_and_patience_can_be_changed_before_a_warm_start(estimator, digits):
    X, y = digits
    model = estimator(max_iter=30, warm_start=True, random_state=0).fit(X, y)
    model.set_params(tol=100, n_iter_no_change=2, max_iter=200).fit(X, y)
    assert model.n_iter_ == 3


@ESTIMATORS
def test_scores_of_another_kind_count_anew(estimator, digits):
    X, y = digits
    settings = {"early_stopping": True, "warm_start": True, "max_iter": 30}
    model = estimator(scoring=None, random_state=0, **settings).fit(X, y)
    loss = model.loss_
    model.set_params(scoring="loss").fit(X, y)
    assert model.loss_ < loss
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_) < 0


@ESTIMATORS
def test_a_fit_with_lbfgs_leaves_no_attributes_of_another_solver(estimator, digits):
    X, y = digits
    model = estimator(max_iter=3).fit(X, y)
    assert model.loss_curve_
    model.set_params(solver="lbfgs").fit(X, y)
    for name in ("loss_curve_", "best_loss_", "validation_scores_"):
        assert not hasattr(model, name)


# ---- the fitted network --------------------------------------------------------


@ESTIMATORS
@pytest.mark.parametrize(("solver", "n_moments"), [("adam", 2), ("lbfgs", 0)])
def test_pickle_holds_parameters_and_moments_once(estimator, solver, n_moments):
    X = np.random.RandomState(0).normal(size=(2000, 50))
    model = estimator(hidden_layer_sizes=(200, 200), solver=solver, max_iter=2)
    model.fit(X, X[:, 0] > 0)
    n_bytes = sum(part.nbytes for part in (*model.coefs_, *model.intercepts_))
    assert len(pickle.dumps(model)) < (1 + n_moments) * n_bytes + 5000


@ESTIMATORS
def test_parameters_can_be_changed_in_place_or_replaced(estimator, digits):
    X, y = digits
    model = estimator(max_iter=2).fit(X, y)
    raw = getattr(model, "decision_function", model.predict)
    expected = raw(X) + 1
    model.intercepts_[-1] += 1
    np.testing.assert_allclose(raw(X), expected)
    model.intercepts_[-1] = model.intercepts_[-1] - 1
    np.testing.assert_allclose(raw(X), expected - 1)
    np.testing.assert_allclose(
        getattr(pickle.loads(pickle.dumps(model)), raw.__name__)(X), expected - 1
    )
    model.coefs_[0] = model.coefs_[0][:, :5]
    with pytest.raises(ValueError, match="needs coefs of shapes"):
        model.predict(X)


@ESTIMATORS
def test_training_goes_on_from_replaced_parameters(estimator, digits):
    X, y = digits
    model = estimator(max_iter=2, warm_start=True, learning_rate_init=1e-300)
    model.fit(X, y)
    model.coefs_ = [np.full_like(coef, 0.01) for coef in model.coefs_]
    model.fit(X, y)
    for coef in model.coefs_:
        np.testing.assert_array_equal(coef, 0.01)


@ESTIMATORS
def test_predicting_nothing(estimator, digits):
    model = estimator(max_iter=2).fit(*digits)
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        model.predict(digits[0][:0])


def test_indices_of_a_sparse_matrix_may_be_strided(digits):
    X, y = digits
    X = sp.csr_matrix(X)
    strided = sp.csr_matrix(
        (np.repeat(X.data, 2)[::2], X.indices, X.indptr), shape=X.shape, copy=False
    )
    strided.indices = np.repeat(X.indices, 2)[::2]
    model = BackpropClassifier(max_iter=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        clone(model).fit(strided, y).predict_proba(strided), model.predict_proba(X)
    )


@pytest.mark.parametrize("n_threads", [1, 2])
def test_number_of_blas_threads_does_not_show(n_threads, digits):
    X, y = digits
    model = BackpropClassifier(
        hidden_layer_sizes=(200, 100), max_iter=3, random_state=0
    )
    expected = clone(model).fit(X, y)
    with threadpool_limits(n_threads):
        assert_same_network(model.fit(X, y), expected)


def test_networks_train_side_by_side_in_threads(digits):
    X, y = digits
    expected = BackpropClassifier(max_iter=20, random_state=0).fit(X, y)
    models = [BackpropClassifier(max_iter=20, random_state=0) for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models:
        assert_same_network(model, expected)


@ESTIMATORS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_contiguous_data_are_not_copied(estimator, dtype, solver):
    X = np.random.RandomState(0).normal(size=(20_000, 200)).astype(dtype)
    y = X[:, 0] > 0
    model = estimator(hidden_layer_sizes=(4,), max_iter=1, solver=solver)
    tracemalloc.start()
    try:
        model.fit(X, y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * X.nbytes
