"""Weights and gradients of any size: they neither overflow nor vanish in silence."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    epoch_curve,
)
from sklearn_bp.fitting import mean_weight

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings(
        "ignore::sklearn.exceptions.ConvergenceWarning",
        "ignore:overflow encountered",  # in steps that lead to an error
    ),
]

X = np.random.RandomState(0).normal(size=(120, 4))
Y = np.arange(120) % 3 * (X[:, 0] > 0)
WEIGHT = np.random.RandomState(1).randint(0, 5, size=120) / 2
DTYPES = [np.float32, np.float64]
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)

#: Powers of two, so that nothing is rounded; the least are denormal even in float64.
EXPONENTS = [-1070, -1000, -140, -126, 100, 127, 1000, 1021]


def arrays(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_network(model, expected, rtol=0):
    for ours, theirs in zip(arrays(model), arrays(expected)):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(model.loss_, expected.loss_, rtol=rtol)


SETTINGS = [
    {"solver": "adam", "batch_size": 50},
    {"solver": "sgd", "batch_size": 7},
    {"solver": "rprop", "penalty_scaling": "dataset"},
    {"solver": "lbfgs"},
]


def classifier(**parameters):
    return BackpropClassifier((5,), max_iter=3, random_state=0, **parameters)


@each_dtype
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_scale_of_weights_counts_for_the_penalty_alone(settings, dtype):
    data = X.astype(dtype), Y
    expected = classifier(**settings, alpha=0).fit(*data, WEIGHT)
    for exponent in EXPONENTS:
        model = classifier(**settings, alpha=0)
        assert_same_network(model.fit(*data, np.ldexp(WEIGHT, exponent)), expected)
    expected = classifier(**settings, alpha=1).fit(*data, WEIGHT)
    for exponent in (-140, -126, 100, 127):
        model = classifier(**settings, alpha=2.0**exponent)
        assert_same_network(model.fit(*data, np.ldexp(WEIGHT, exponent)), expected)


@each_dtype
@pytest.mark.parametrize("weight", [1e-42, 1e-38, 3e38])
def test_equal_weights_of_float32(weight, dtype):
    data = X.astype(dtype), Y
    model = classifier(alpha=0).fit(*data, np.full(120, weight, dtype=np.float32))
    assert_same_network(model, classifier(alpha=0).fit(*data))
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float16, np.float32, object])
def test_the_type_of_weights_does_not_count(kind):
    weight = 2 * WEIGHT
    assert_same_network(
        classifier().fit(X, Y, weight.astype(kind)), classifier().fit(X, Y, weight)
    )


@pytest.mark.parametrize("exponent", EXPONENTS[1:])  # the least would be rounded
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 2}])
def test_weights_of_classes_and_samples(class_weight, exponent):
    settings = {"class_weight": class_weight, "alpha": 0, "early_stopping": True}
    expected = classifier(**settings).fit(X, Y, WEIGHT)
    model = classifier(**settings).fit(X, Y, np.ldexp(WEIGHT, exponent))
    assert_same_network(model, expected, rtol=1e-12)
    np.testing.assert_allclose(
        model.validation_scores_, expected.validation_scores_, rtol=1e-12
    )


@each_dtype
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_partial_fit(exponent, dtype):
    model, expected = (classifier(alpha=0, class_weight={1: 2}) for _ in range(2))
    weight = np.ldexp(WEIGHT, exponent)
    for part in (slice(70), slice(70, None)):
        data = X[part].astype(dtype), Y[part]
        model.partial_fit(*data, weight[part], classes=[0, 1, 2])
        expected.partial_fit(*data, WEIGHT[part], classes=[0, 1, 2])
    assert_same_network(model, expected)


@each_dtype
@pytest.mark.parametrize("scoring", ["loss", None])
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_weights_of_validation_data(exponent, scoring, dtype):
    def history(estimator, y, weight):
        model = estimator(max_iter=3, random_state=0, scoring=scoring)
        model.fit(
            X.astype(dtype), y, X_val=X[:50], y_val=y[:50], sample_weight_val=weight
        )
        return model.history_

    for estimator, y in ((BackpropClassifier, Y), (BackpropRegressor, X[:, 0])):
        expected = history(estimator, y, WEIGHT[:50])
        found = history(estimator, y, np.ldexp(WEIGHT[:50], exponent))
        for name in expected.keys() - {"seconds"}:
            np.testing.assert_array_equal(found[name], expected[name])


@each_dtype
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_weights_of_a_study(exponent, dtype):
    data = X.astype(dtype), Y
    weight = np.ldexp(WEIGHT, exponent)
    for parameters in ({}, {"solver": "lbfgs"}):
        network = classifier(alpha=0, **parameters)
        curve = epoch_curve(network, *data, sample_weight=weight, cv=2)
        assert curve == epoch_curve(network, *data, sample_weight=WEIGHT, cv=2)


def test_weights_of_an_estimator_with_cross_validation():
    settings = {"alphas": [0], "max_iter": 9, "cv": 2, "random_state": 0}
    weight = np.ldexp(WEIGHT, 1000)
    model = BackpropClassifierCV(**settings).fit(X, Y, weight)
    expected = BackpropClassifierCV(**settings).fit(X, Y, WEIGHT)
    assert model.best_score_ == expected.best_score_
    assert_same_network(model.best_estimator_, expected.best_estimator_)


@each_dtype
def test_weights_of_losses_and_gradients(dtype):
    model = classifier(alpha=0).fit(X.astype(dtype), Y)
    loss, _, expected = model.loss_and_gradients(X, Y, WEIGHT)
    for exponent in EXPONENTS:
        found = model.loss_and_gradients(X, Y, np.ldexp(WEIGHT, exponent))
        assert found[0] == loss
        for ours, theirs in zip(found[2], expected):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "gamma"])
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_outputs_start_at_weighted_targets(loss, exponent):
    y = np.float32(1e37) * (1 + np.arange(120, dtype=np.float32) % 7)
    model = BackpropRegressor(loss, (5,), random_state=0)
    started = model.initialize(X.astype(np.float32), y, WEIGHT).intercepts_[-1]
    assert np.isfinite(started).all()
    again = model.initialize(X.astype(np.float32), y, np.ldexp(WEIGHT, exponent))
    np.testing.assert_array_equal(again.intercepts_[-1], started)


@pytest.mark.parametrize("weight", [[5e-324, 0, 0], [1.7e308] * 3, [1e-310, 3e-310]])
def test_mean_of_weights(weight):
    largest = max(weight)
    expected = math.fsum(w / largest for w in weight) / len(weight) * largest
    np.testing.assert_allclose(mean_weight(np.array(weight)), max(expected, 5e-324))


@each_dtype
def test_weights_too_small_for_the_penalty(dtype):
    """It counts relative to their sum: nothing but the penalty would be trained."""
    weight = {np.float32: 1e-38, np.float64: 1e-300}[dtype]
    model = classifier()
    for alpha in (1e-4, 1):
        model.set_params(alpha=alpha)
        with pytest.raises(ValueError, match="too small for the penalty of alpha="):
            model.fit(X.astype(dtype), Y, np.full(120, weight))
        assert not hasattr(model, "coefs_")
    model.set_params(alpha=weight).fit(X.astype(dtype), Y, np.full(120, weight))
    assert_same_network(model, classifier(alpha=1).fit(X.astype(dtype), Y), rtol=1e-6)


def test_weights_too_large_for_those_of_classes():
    model = classifier(class_weight={1: 1e10})
    with pytest.raises(ValueError, match="Sample weights times class weights are too"):
        model.fit(X, Y, np.full(120, 1e300))


# ---- gradients -----------------------------------------------------------------------

LARGE = {np.float32: [1e18, 1e19, 1e20, 1e30, 1e36], np.float64: [1e150, 1e155, 1e300]}
SIZES = [(dtype, size) for dtype in DTYPES for size in LARGE[dtype]]
each_size = pytest.mark.parametrize(
    ("dtype", "size"), SIZES, ids=[f"{d.__name__}-{size:g}" for d, size in SIZES]
)


def far_off(dtype, size, sparse=False, n_features=4, n_samples=120):
    """Features so large that so are gradients, though the loss is finite."""
    rng = np.random.RandomState(0)
    X = rng.uniform(0.5, 1, size=(n_samples, n_features))
    y = rng.normal(size=n_samples) * size
    X = (X * size).astype(dtype)
    return sp.csr_matrix(X) if sparse else X, y.astype(dtype)


def regressor(hidden=(), **parameters):
    settings = {"alpha": 0, "random_state": 0, "max_iter": 1, "batch_size": "full"}
    return BackpropRegressor("absolute_error", hidden, **settings | parameters)


def gradient_before(model, X, y):
    """At the initial weights, by themselves."""
    _, *gradients = model.initialize(X, y).loss_and_gradients(X, y)
    parts = [part.ravel() for of_layers in gradients for part in of_layers]
    return np.concatenate(parts).astype(float)


SHAPES = [
    {},
    {"sparse": True},
    {"n_features": 300},  # several tiles
    {"n_samples": 1000},  # several shards
]


@each_size
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("solver", ["rprop", "sgd"])
def test_the_length_of_a_large_gradient(solver, shape, dtype, size):
    X, y = far_off(dtype, size, **shape)
    model = regressor(solver=solver, max_grad_norm=None, hidden=(20,))
    expected = math.hypot(*gradient_before(model, X, y))
    assert expected > size / 100
    for max_grad_norm in (None, 1e-3):
        model.set_params(max_grad_norm=max_grad_norm, learning_rate_init=1e-30)
        norm = model.fit(X, y).history_["gradient_norm"][0]
        np.testing.assert_allclose(norm, expected, rtol=1e-5)


@each_size
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_large_gradient_is_shortened(shape, dtype, size):
    X, y = far_off(dtype, size, **shape)
    settings = {"momentum": 0, "learning_rate_init": 0.5, "max_grad_norm": 3}
    model = regressor(solver="sgd", **settings)
    gradient = gradient_before(model, X, y)
    before = np.concatenate([part.ravel() for part in arrays(model)]).astype(float)
    after = np.concatenate([part.ravel() for part in arrays(model.fit(X, y))])
    step = 0.5 * 3 * (gradient / math.hypot(*gradient))
    np.testing.assert_allclose(before - after, step, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(math.hypot(*step), 1.5)


@each_size
@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
def test_squares_that_overflow_are_an_error(solver, dtype, size):
    """Their steps would be zero from then on."""
    X, y = far_off(dtype, size)
    model = regressor(solver=solver, max_iter=3)
    overflows = size > math.sqrt(np.finfo(dtype).max) * 3
    if overflows:
        with pytest.raises(ValueError, match="squares overflow"):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")
    before = arrays(model.initialize(X, y))[0].copy()
    model.set_params(max_grad_norm=1.0).fit(X, y)
    assert np.abs(model.coefs_[0] - before).max() > 1e-3


@each_dtype
@pytest.mark.parametrize("solver", ["rprop", "adam", "sgd"])
@pytest.mark.parametrize("max_grad_norm", [None, 1.0])
def test_a_gradient_that_is_not_finite_is_an_error(max_grad_norm, solver, dtype):
    largest = float(np.finfo(dtype).max)
    X, y = far_off(dtype, 0.99 * largest, n_features=1, n_samples=4)
    X[:] = 0.99 * largest
    y[:] = [largest, -largest, 0, 0]
    model = regressor(solver=solver, max_grad_norm=max_grad_norm, hidden=(3,))
    with pytest.raises(ValueError, match="Training diverged in epoch 1"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
