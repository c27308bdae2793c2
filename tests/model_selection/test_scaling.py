"""Networks that choose for themselves scale their data, against pipelines."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
)
from sklearn_bp.network import LOSSES

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3)) * [1, 1e-4, 1e3] + [0, 1, 1e6]
Z = StandardScaler().fit_transform(X)
S = Z[:, 0] + Z[:, 1]
LABELS = (S > 0).astype(int) + (S > 1)
FOLDS = KFold(3, shuffle=True, random_state=0)
SMALL = {
    "alphas": [0.01, 10],
    "hidden_layer_sizes": [(8,)],
    "max_iter": 15,
    "cv": FOLDS,
    "halving_factor": None,
    "random_state": 0,
}
REGRESSION_LOSSES = [name for name, loss in LOSSES.items() if not loss.is_of_classes]


def fitted_alike(model):
    """The chosen network with its setting, to be fitted by hand."""
    network = copy.copy(model.best_estimator_)
    return type(network)(**network.get_params()).set_params(
        max_iter=model.best_epoch_, n_iter_no_change=np.inf
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_classifier_is_a_pipeline_with_a_scaler(kind, dtype, solver):
    data = sp.csr_matrix(X) if kind == "sparse" else X
    data = data.astype(dtype)
    network = BackpropClassifier(solver=solver, n_iter_no_change=np.inf)
    model = BackpropClassifierCV(network, **SMALL).fit(data, LABELS)
    scaler = StandardScaler(with_mean=kind == "dense")
    pipeline = make_pipeline(scaler, fitted_alike(model))
    tolerance = 1e-9 if dtype == "float64" else 1e-4
    if (dtype, solver) == ("float32", "lbfgs"):
        tolerance = 1e-3  # its line searches magnify rounding
    probabilities = pipeline.fit(data, LABELS).predict_proba(data)
    np.testing.assert_allclose(model.predict_proba(data), probabilities, atol=tolerance)
    assert model.predict_proba(data).dtype == dtype
    losses = []
    for train, test in FOLDS.split(X):
        pipeline.fit(data[train], LABELS[train])
        losses.append(log_loss(LABELS[test], pipeline.predict_proba(data[test])))
    np.testing.assert_allclose(model.best_score_, -np.mean(losses), rtol=10 * tolerance)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", ["one", "two"])
def test_regressor_is_a_pipeline_with_transformed_targets(shape, weighted):
    y = 1e5 * (S + 3) if shape == "one" else np.column_stack([1e5 * (S + 3), 1e-3 * S])
    scoring = "neg_mean_absolute_error"
    # scikit-learn's TransformedTargetRegressor does not weight its scaler.
    weight = np.repeat([1.0], len(y)) if weighted else None
    model = BackpropRegressorCV(
        BackpropRegressor(n_iter_no_change=np.inf), scoring=scoring, **SMALL
    ).fit(X, y, weight)
    peer = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), fitted_alike(model)),
        transformer=StandardScaler(),
    )
    np.testing.assert_allclose(
        model.predict(X), peer.fit(X, y).predict(X), rtol=1e-9, atol=1e-9 * y.std()
    )
    predictions = cross_val_predict(peer, X, y, cv=FOLDS)
    errors = [np.abs(predictions[test] - y[test]).mean() for _, test in FOLDS.split(X)]
    np.testing.assert_allclose(model.best_score_, -np.mean(errors))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_predictions_follow_the_units_of_the_targets(loss):
    y = np.exp(S)
    network = BackpropRegressor(loss)
    models = [
        BackpropRegressorCV(network, **SMALL).fit(X, unit * y) for unit in (1, 1e6)
    ]
    first, second = (model.predict(X) for model in models)
    np.testing.assert_allclose(second, 1e6 * first, rtol=1e-6)
    assert models[0].best_params_ == models[1].best_params_
    scores = [model.score(X, unit * y) for model, unit in zip(models, (1, 1e6))]
    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("value", [5.0, 500.0, 1e9, 1e-9, 0.0, -3.7])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_a_constant_target_is_predicted(loss, value, dtype):
    low, _ = LOSSES[loss].target_range
    if value < low or (value == low and not LOSSES[loss].lowest_is_valid):
        return
    y = np.full(len(X), value)
    model = BackpropRegressorCV(BackpropRegressor(loss), scoring=None, **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "The best number of epochs")
        model.fit(X.astype(dtype), y)
    np.testing.assert_allclose(model.predict(X.astype(dtype)), y, rtol=1e-6)
    np.testing.assert_array_equal(model.input_gradients(X), 0.0)
    assert model.best_score_ == 1.0  # R²


def test_weighted_constants_whose_variance_is_rounded():
    """scikit-learn's variance of some of them is negative."""
    rng = np.random.RandomState(0)
    weight, constants = rng.random_sample(12), np.tile(rng.normal(size=40), (12, 1))
    weight /= weight.max()
    with np.errstate(invalid="ignore"):
        assert (StandardScaler().fit(constants, None, weight).var_ < 0).any()
    model = BackpropRegressorCV(max_iter=2, cv=2, random_state=0)
    model.fit(constants, constants, sample_weight=weight)
    np.testing.assert_allclose(model.predict(constants), constants, rtol=1e-6)


def test_one_constant_target_among_others():
    y = np.column_stack([S, np.full(len(S), 7.0)])
    model = BackpropRegressorCV(**SMALL).fit(X, y)
    np.testing.assert_array_equal(model.predict(X)[:, 1], 7.0)
    assert model.score(X, y) > 0


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_gradients_are_in_the_units_of_the_data(loss):
    y = 1e4 * np.exp(S)
    model = BackpropRegressorCV(BackpropRegressor(loss), **SMALL).fit(X, y)
    link = np.log if loss == "poisson" else np.asarray
    for feature, step in enumerate(1e-5 * X.std(axis=0)):
        change = np.zeros(3)
        change[feature] = step
        slope = link(model.predict(X + change)) - link(model.predict(X - change))
        # relu has kinks
        gradients = model.input_gradients(X)[:, feature]
        is_near = np.isclose(gradients, slope / (2 * step), rtol=1e-3)
        assert is_near.mean() > 0.95


def test_weights_of_zero_are_as_rows_left_out():
    weight = np.ones(len(X))
    weight[::9] = 0
    far = X.copy()
    far[::9] *= 1000
    settings = {**SMALL, "cv": [(np.arange(60), np.arange(60, 90))]}
    network = BackpropClassifier(batch_size="full")
    model = BackpropClassifierCV(network, **settings).fit(far, LABELS, weight)
    scaling = model.best_estimator_.__getstate__()["_network"]["scaling"]
    np.testing.assert_allclose(scaling["center"], X[weight > 0].mean(axis=0))
    np.testing.assert_allclose(scaling["scale"], X[weight > 0].std(axis=0))


def test_sparse_entries_that_stand_there_twice():
    canonical = sp.csr_matrix(X)
    double = sp.csr_matrix(
        (
            np.repeat(canonical.data / 2, 2),
            np.repeat(canonical.indices, 2),
            2 * canonical.indptr,
        ),
        shape=X.shape,
    )
    models = [
        BackpropClassifierCV(**SMALL).fit(data, LABELS) for data in (canonical, double)
    ]
    np.testing.assert_allclose(*(model.predict_proba(X) for model in models))


def test_nothing_is_scaled_twice():
    y = 1e5 * (S + 3)
    alone = BackpropRegressorCV(**SMALL).fit(X, y)
    peer = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), BackpropRegressorCV(**SMALL)),
        transformer=StandardScaler(),
    ).fit(X, y)
    np.testing.assert_allclose(alone.predict(X), peer.predict(X), rtol=1e-6)


def test_the_network_goes_on_in_the_same_units():
    y = 1e5 * (S + 3)
    model = BackpropRegressorCV(**SMALL).fit(X, y)
    network = pickle.loads(pickle.dumps(model)).best_estimator_
    np.testing.assert_array_equal(network.predict(X), model.predict(X))
    before = network.score(X, y)
    loss, *_ = network.loss_and_gradients(X, y)
    assert loss < 10
    for _ in range(30):
        network.partial_fit(X, y)
    assert 1 > network.score(X, y) > before
    np.testing.assert_allclose(
        network.hidden_activations(X),
        np.maximum(Z @ network.coefs_[0] + network.intercepts_[0], 0),
        atol=1e-9,
    )


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("estimator", [BackpropClassifierCV, BackpropRegressorCV])
def test_data_of_the_other_type(estimator, kind):
    y = LABELS if estimator is BackpropClassifierCV else S
    double = kind(X)
    single = double.astype(np.float32)
    for first, second in ((single, double), (double, single)):
        model = estimator(**SMALL).fit(first, y)
        best, loss = model.best_estimator_, model.loss_and_gradients(first, y)[0]
        np.testing.assert_allclose(model.loss_and_gradients(second, y)[0], loss, 1e-3)
        before = best.coefs_[0].dtype
        best.partial_fit(second, y)
        best.set_params(warm_start=True, max_iter=2)
        best.fit(second, y, X_val=first, y_val=y)
        assert best.coefs_[0].dtype == before == first.dtype
        assert np.isfinite(best.history_["validation_loss"][-2:]).all()


def test_a_mean_far_larger_than_the_spread():
    y = 1e8 + S
    network = BackpropRegressor(learning_rate_init=0.02)
    model = BackpropRegressorCV(network, scoring="r2", **{**SMALL, "max_iter": 60})
    single = X.astype(np.float32)
    score = model.fit(single, y).score(single, y)
    assert score > 0.5
    assert model.best_score_ > 0.5
    assert np.isfinite(model.fit(single, 1e50 * S).predict(single)).all()


def test_a_value_that_is_too_far_away_is_refused():
    model = BackpropClassifierCV(BackpropClassifier(dtype="float32"), **SMALL)
    model.fit(1e-30 * Z, LABELS)
    with pytest.raises(ValueError, match="too far from those"):
        model.predict(np.full((1, 3), 1e10))
    probabilities = model.predict_proba(1e-30 * Z)
    model.fit(1e100 * Z, LABELS)  # which as it is would be too large, too
    np.testing.assert_allclose(model.predict_proba(1e100 * Z), probabilities, atol=1e-5)
    with pytest.raises(ValueError, match="too large to be standardised"):
        model.fit(1e200 * Z, LABELS)


@pytest.mark.parametrize("far", [1e6, -1e6])
@pytest.mark.parametrize("estimator", [BackpropClassifierCV, BackpropRegressorCV])
def test_a_feature_on_another_scale_does_no_harm(estimator, far):
    data = np.column_stack([Z, far + 1e4 * RNG.random_sample(len(Z))])
    y = (S > 0).astype(int) if estimator is BackpropClassifierCV else S
    settings = {**SMALL, "max_iter": 200}
    assert estimator(**settings).fit(data, y).score(data, y) > 0.9


def test_the_last_epoch_is_warned_of():
    model = BackpropClassifierCV(**SMALL)
    with pytest.warns(ConvergenceWarning, match="max_iter=15"):
        model.fit(X, LABELS)
    assert model.best_epoch_ == 15
    network = BackpropClassifier(learning_rate="cosine", learning_rate_init=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = BackpropClassifierCV(network, **SMALL).fit(X, LABELS)
    assert model.best_epoch_ == 15  # by plan


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(90).astype("datetime64[s]"), "y must hold numbers"),
        (np.array(["a"] * 90), "could not convert|must hold numbers"),
        (np.array([np.nan] + [1.0] * 89), "contains NaN"),
    ],
)
def test_targets_that_are_no_numbers(y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        BackpropRegressorCV(**SMALL).fit(X, y)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize("keep", [None, "folds"])
@pytest.mark.parametrize("is_classifier", [False, True])
def test_sparse_samples_after_dense_ones(kind, keep, is_classifier):
    """What was subtracted in training is subtracted in whatever form samples come."""
    far = X + 5
    cls = BackpropClassifierCV if is_classifier else BackpropRegressorCV
    model = cls(**SMALL, keep=keep).fit(far, LABELS if is_classifier else S)
    sparse = kind(far)
    for method in ("predict", "predict_proba") if is_classifier else ("predict",):
        ask = getattr(model, method)
        np.testing.assert_array_equal(ask(sparse), ask(far))
    if keep is None:
        expected = model.input_gradients(far)
        np.testing.assert_array_equal(model.input_gradients(sparse), expected)
        networks = [copy.deepcopy(model.best_estimator_) for _ in range(2)]
        for network, data in zip(networks, (far, sparse)):
            network.partial_fit(data, LABELS if is_classifier else S)
        np.testing.assert_array_equal(*(n.coefs_[0] for n in networks))
