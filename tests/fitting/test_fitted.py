"""A fitted network describes itself, and answers as its estimator does."""

import dataclasses

import numpy as np
import pytest
from scipy.special import expit, softmax

from sklearn_bp import BackpropClassifier, BackpropRegressor, get_config
from sklearn_bp.engine import get_engine

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

X = np.random.RandomState(0).normal(size=(50, 4)).astype(np.float32)


@pytest.fixture
def classifier():
    y = (X[:, 0] > 0) + (X[:, 1] > 0).astype(int)
    model = BackpropClassifier(
        hidden_layer_sizes=(7, 5),
        activation=["tanh", "relu"],
        max_iter=5,
        random_state=0,
    )
    return model.fit(X, y)


def test_its_description(classifier):
    fitted = classifier.network_
    assert fitted.layer_sizes == (4, 7, 5, 3)
    assert fitted.activations == ("tanh", "relu")
    assert (fitted.loss, fitted.link) == ("log_loss", "softmax")
    assert fitted.dtype == np.float32
    for name in ("network", "theta", "targets", "layer_sizes", "loss"):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
            setattr(fitted, name, None)


def test_its_description_is_enough_to_compute_what_it_predicts(classifier):
    fitted, activations = classifier.network_, X
    functions = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
    for name, coef, intercept in zip(
        fitted.activations, fitted.coefs, fitted.intercepts
    ):
        activations = functions[name](activations @ coef + intercept)
    raw = activations @ fitted.coefs[-1] + fitted.intercepts[-1]
    np.testing.assert_allclose(fitted.raw_outputs(X), raw, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        classifier.predict_proba(X), softmax(raw, axis=1), rtol=1e-4, atol=1e-5
    )


def test_links_of_other_targets():
    regressor = BackpropRegressor(
        hidden_layer_sizes=(3,), loss="poisson", max_iter=3
    ).fit(X, X[:, 0] ** 2)
    raw = regressor.network_.raw_outputs(X)[:, 0]
    assert regressor.network_.link == "exp"
    np.testing.assert_allclose(regressor.predict(X), np.exp(raw))
    multilabel = BackpropClassifier(hidden_layer_sizes=(3,), max_iter=3).fit(
        X, (X > 0).astype(int)
    )
    raw = multilabel.network_.raw_outputs(X)
    assert multilabel.network_.link == "logistic"
    np.testing.assert_allclose(multilabel.predict_proba(X), expit(raw), rtol=1e-5)


def test_it_has_the_arrays_that_a_user_has_put_in_place(classifier):
    before = classifier.network_
    classifier.intercepts_[-1] = classifier.intercepts_[-1] + 1
    np.testing.assert_allclose(
        classifier.network_.raw_outputs(X),
        before.raw_outputs(X) + 1,
        rtol=1e-4,
        atol=1e-6,
    )


def test_it_computes_on_the_engine_of_the_settings(classifier):
    assert classifier.network_.engine is None
    assert get_engine().name in (get_config()["engine"], "compiled", "reference")


@pytest.mark.parametrize(
    "name",
    ["network_", "history_", "loss_curve_", "validation_scores_", "best_loss_"],
)
def test_there_is_none_before_training(name):
    assert not hasattr(BackpropClassifier(), name)
    with pytest.raises(AttributeError):
        getattr(BackpropClassifier(), name)
