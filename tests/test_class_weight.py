"""Weights of classes and samples, and smoothed labels."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_bp import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(90, 4))


@pytest.fixture
def y(X):
    """Three classes, by name, one of them rare."""
    return np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 1.2)]


def labels(y):
    """Three labels a sample."""
    return np.column_stack([y == "a", y != "b", y == "c"]).astype(int)


def assert_same_weights(model, expected, **tolerance):
    for ours, theirs in zip(
        model.coefs_ + model.intercepts_, expected.coefs_ + expected.intercepts_
    ):
        np.testing.assert_allclose(ours, theirs, **tolerance)


SETTINGS = [
    {"solver": solver, "batch_size": batch_size}
    for solver in ("adam", "sgd", "lbfgs", "adamw", "rmsprop")
    for batch_size in (16, "full")
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("class_weight", ["balanced", {"a": 0.5, "c": 7}])
def test_class_weights_are_sample_weights(class_weight, settings, X, y):
    settings = {"max_iter": 5, "random_state": 0, **settings}
    weight = compute_sample_weight(class_weight, y)
    model = BackpropClassifier((8,), class_weight=class_weight, **settings).fit(X, y)
    expected = BackpropClassifier((8,), **settings).fit(X, y, weight)
    assert_same_weights(model, expected, rtol=1e-6)


@pytest.mark.parametrize("class_weight", ["balanced", [{1: 3}, {0: 2}, {1: 0.5}]])
def test_multilabel(class_weight, X, y):
    y = labels(y)
    weight = compute_sample_weight(class_weight, y)
    model = BackpropClassifier(class_weight=class_weight, max_iter=5, random_state=0)
    expected = BackpropClassifier(max_iter=5, random_state=0).fit(X, y, weight)
    assert_same_weights(model.fit(X, y), expected, rtol=1e-6)


def test_they_multiply(X, y):
    weight = np.arange(90) % 4
    class_weight = {"a": 2.0, "b": 0.5}
    model = BackpropClassifier(class_weight=class_weight, max_iter=5, random_state=0)
    product = weight * compute_sample_weight(class_weight, y)
    expected = BackpropClassifier(max_iter=5, random_state=0).fit(X, y, product)
    assert_same_weights(model.fit(X, y, weight), expected, rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_in_partial_fit(weighted, X, y):
    """Row by row, a weight is as good as a learning rate."""
    class_weight = {"a": 2.0, "b": 0.25}
    settings = {"solver": "sgd", "momentum": 0, "alpha": 0, "random_state": 0}
    model = BackpropClassifier((8,), class_weight=class_weight, **settings)
    model.initialize(X, y)
    expected = BackpropClassifier((8,), **settings).initialize(X, y)
    for i in range(40):
        rows = slice(i, i + 1)
        weight = [3.0] if weighted else None  # relative to the mean, that is, 1
        model.partial_fit(X[rows], y[rows], weight)
        _, *gradients = expected.loss_and_gradients(X[rows], y[rows])
        for parameters, gradient in zip(
            (expected.coefs_, expected.intercepts_), gradients
        ):
            for parameter, direction in zip(parameters, gradient):
                parameter -= 0.001 * class_weight.get(y[i], 1.0) * direction
    assert_same_weights(model, expected, rtol=1e-9)


def test_balanced_weights_in_partial_fit(X, y):
    model = BackpropClassifier(class_weight="balanced")
    with pytest.raises(AttributeError) as error:
        model.partial_fit(X, y, classes=["a", "b", "c"])
    assert "needs all data at once" in str(error.value.__cause__)


def test_validation_data_are_weighted_by_the_classes_of_the_training(X, y):
    model = BackpropClassifier(
        (8,), class_weight="balanced", early_stopping=True, max_iter=3, random_state=0
    ).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    labels, counts = np.unique(y[:60], return_counts=True)
    by_class = dict(zip(labels, 60 / (3 * counts)))
    expected = BackpropClassifier(
        (8,), early_stopping=True, max_iter=3, random_state=0
    ).fit(
        X[:60],
        y[:60],
        compute_sample_weight(by_class, y[:60]),
        X_val=X[60:],
        y_val=y[60:],
        sample_weight_val=compute_sample_weight(by_class, y[60:]),
    )
    np.testing.assert_allclose(model.validation_scores_, expected.validation_scores_)


@pytest.mark.parametrize(
    "solver", ["adam", "sgd", "adamw", "rmsprop", "rprop", "lbfgs"]
)
@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_a_weight_is_a_repeated_row(estimator, solver, X, y):
    """In a full batch."""
    y = y if estimator is BackpropClassifier else X[:, 0] ** 2
    weight = np.random.RandomState(1).randint(0, 4, size=90)
    settings = {
        "solver": solver,
        "batch_size": "full",
        "max_iter": 20,
        "alpha": 0.1,
        "activation": "tanh",
        "random_state": 0,
    }
    model = estimator(hidden_layer_sizes=(8,), **settings).fit(X, y, weight)
    repeated = np.repeat(np.arange(90), weight)
    expected = estimator(hidden_layer_sizes=(8,), **settings).fit(
        X[repeated], y[repeated]
    )
    assert_same_weights(model, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("solver", "learning_rate"), [("sgd", 0.02), ("adam", 1e-3)])
def test_weights_count_at_batch_size_1(solver, learning_rate):
    """100:1 for a class moves the odds towards it; against a model whose minimum
    is unique."""
    X, y = load_wine(return_X_y=True)
    X = (X[:, :1] - X[:, :1].mean()) / X[:, :1].std()
    y = (X[:, 0] + np.random.RandomState(0).normal(size=len(y)) > 0).astype(int)
    weight = np.where(y, 100.0, 1.0)
    settings = {
        "hidden_layer_sizes": (),
        "solver": solver,
        "learning_rate_init": learning_rate,
        "batch_size": 1,
        "max_iter": 300,
        "alpha": 0,
        "momentum": 0,
        "random_state": 0,
    }
    weighted = BackpropClassifier(**settings).fit(X, y, weight)
    plain = BackpropClassifier(**settings).fit(X, y)
    expected = LogisticRegression(C=np.inf).fit(X, y, weight)
    assert plain.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.02)
    np.testing.assert_allclose(
        weighted.predict_proba(X)[:, 1].mean(),
        expected.predict_proba(X)[:, 1].mean(),
        atol=0.02,
    )


def test_smoothed_labels_are_soft_targets(X):
    """Trained long, an unconstrained model predicts the smoothed targets."""
    y = np.arange(3)
    model = BackpropClassifier(
        (), solver="lbfgs", alpha=0, label_smoothing=0.3, tol=1e-9
    ).fit(np.eye(3), y)
    np.testing.assert_allclose(
        model.predict_proba(np.eye(3)), 0.7 * np.eye(3) + 0.1, atol=1e-4
    )
    model.fit(np.eye(3), [0, 1, 1])
    np.testing.assert_allclose(
        model.predict_proba(np.eye(3))[:, 1], [0.15, 0.85, 0.85], atol=1e-4
    )
