"""Validation data of the user's, what is recorded of them, and who passes them on."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    balanced_accuracy_score,
    log_loss,
    make_scorer,
    mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(scope="module")
def cancer():
    """X, X_val, y, y_val, with names of features and of classes."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X / X.std() - (X / X.std()).mean()
    return train_test_split(X, np.where(y, "benign", "malignant"), random_state=0)


def models_by_epochs(model, n_epochs, *data):
    """The same model, trained for 1, 2, ... epochs."""
    for epoch in range(1, n_epochs + 1):
        yield type(model)(**{**model.get_params(), "max_iter": epoch}).fit(*data)


def test_losses_are_those_of_fits_that_end_there(cancer):
    X, X_val, y, y_val = cancer
    weight = np.arange(len(y_val)) % 3
    model = BackpropClassifier((10,), max_iter=4, dropout=0.3, random_state=0)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    expected = [
        log_loss(y_val, one.predict_proba(X_val), sample_weight=weight)
        for one in models_by_epochs(model, 4, X, y)
    ]
    np.testing.assert_allclose(model.history_["validation_loss"], expected, rtol=1e-9)
    assert model.validation_scores_ is None


def test_recording_changes_nothing(cancer):
    X, X_val, y, y_val = cancer
    models = [
        BackpropClassifier((10,), max_iter=4, random_state=0).fit(X, y, **validation)
        for validation in ({}, {"X_val": X_val, "y_val": y_val})
    ]
    for coef, expected in zip(models[1].coefs_, models[0].coefs_):
        np.testing.assert_array_equal(coef, expected)


def test_history_makes_a_frame(cancer):
    X, X_val, y, y_val = cancer
    model = BackpropClassifier((10,), solver="sgd", learning_rate="cosine", max_iter=6)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    frame = pd.DataFrame(model.history_)
    assert list(frame) == [
        "loss",
        "learning_rate",
        "gradient_norm",
        "seconds",
        "validation_loss",
    ]
    assert len(frame) == model.n_iter_ == 6
    np.testing.assert_array_equal(frame["loss"], model.loss_curve_)
    n_steps = -(-len(y) // 200)
    progress = (np.arange(6) + (n_steps - 1) / n_steps) / 6
    np.testing.assert_allclose(
        frame["learning_rate"], 0.001 * (1 + np.cos(np.pi * progress)) / 2
    )
    assert (frame["seconds"] > 0).all()


def test_gradient_norm_is_that_of_the_objective(cancer):
    X, _, y, _ = cancer
    model = BackpropClassifier((10,), batch_size="full", max_iter=3, random_state=0)
    model.fit(X, y)
    initial = BackpropClassifier((10,), random_state=0).initialize(X, y)
    states = [initial, *models_by_epochs(model, 2, X, y)]
    norms = []
    for state in states:
        _, *gradients = state.loss_and_gradients(X, y)
        norms.append(np.sqrt(sum((g**2).sum() for part in gradients for g in part)))
    np.testing.assert_allclose(model.history_["gradient_norm"], norms, rtol=1e-9)


def test_history_over_several_fits(cancer):
    """Each thing in the row of its epoch, NaN where it was not there."""
    X, X_val, y, y_val = cancer
    model = BackpropClassifier((5,), max_iter=2, warm_start=True, random_state=0)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    model.fit(X, y)
    model.set_params(solver="lbfgs").fit(X, y)
    model.set_params(solver="sgd").fit(X, y, X_val=X_val, y_val=y_val)
    frame = pd.DataFrame(model.history_)
    there = frame.notna().astype(int)
    assert there["loss"].tolist() == [1] * 8
    assert there["gradient_norm"].tolist() == [1, 1, 1, 1, 0, 0, 1, 1]
    assert there["validation_loss"].tolist() == [1, 1, 0, 0, 0, 0, 1, 1]
    assert len(model.loss_curve_) == 6  # as in scikit-learn, of epochs alone


def test_lbfgs_records_its_iterations(cancer):
    X, X_val, y, y_val = cancer
    model = BackpropClassifier((5,), solver="lbfgs", max_iter=6, random_state=0)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert list(model.history_) == ["loss", "seconds", "validation_loss"]
    assert len(model.history_["loss"]) == model.n_iter_ == 6
    np.testing.assert_allclose(model.history_["loss"][-1], model.loss_)
    last = log_loss(y_val, model.predict_proba(X_val))
    np.testing.assert_allclose(model.history_["validation_loss"][-1], last)


@pytest.mark.parametrize("scoring", ["loss", None, "balanced_accuracy"])
def test_early_stopping_keeps_the_best_weights(cancer, scoring):
    X, X_val, y, y_val = cancer
    model = BackpropClassifier(
        (10,),
        early_stopping=True,
        scoring=scoring,
        n_iter_no_change=3,
        learning_rate_init=0.03,
        random_state=0,
    ).fit(X, y, X_val=X_val, y_val=y_val)
    scores = np.array(model.validation_scores_)
    score = {
        "loss": lambda: -log_loss(y_val, model.predict_proba(X_val)),
        None: lambda: model.score(X_val, y_val),
        "balanced_accuracy": lambda: balanced_accuracy_score(
            y_val, model.predict(X_val)
        ),
    }[scoring]
    assert model.n_iter_ < 200
    assert scores.argmax() < len(scores) - 1
    np.testing.assert_allclose(score(), scores.max(), rtol=1e-9)
    np.testing.assert_array_equal(scores, model.history_["validation_score"])


def test_all_rows_are_trained_on_where_validation_data_are_given(cancer):
    X, X_val, y, y_val = cancer
    model = BackpropClassifier(
        (10,), early_stopping=True, tol=0, n_iter_no_change=1000, max_iter=2
    ).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.t_ == 2 * len(y)


def test_a_scorer_of_the_user_s_is_given_what_the_user_gave(cancer):
    X, X_val, y, y_val = cancer
    seen = []

    def scorer(model, X, y, sample_weight=None):
        seen.append((X, y, sample_weight))
        return model.score(X, y, sample_weight)

    model = BackpropClassifier(
        (10,), early_stopping=True, scoring=scorer, max_iter=3, random_state=0
    )
    weight = np.linspace(0, 1, len(y_val))
    with sklearn.config_context(assume_finite=False):
        model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    assert len(seen) == 3
    for X_seen, y_seen, weight_seen in seen:
        assert X_seen is X_val
        assert y_seen is y_val
        np.testing.assert_array_equal(weight_seen, weight)
    expected = [
        one.score(X_val, y_val, weight)
        for one in models_by_epochs(BackpropClassifier((10,), random_state=0), 3, X, y)
    ]
    np.testing.assert_allclose(model.validation_scores_, expected)

    seen.clear()
    model.fit(X, y)
    held_out = seen[0][0]
    assert isinstance(held_out, pd.DataFrame)
    assert set(held_out.index) < set(X.index)
    np.testing.assert_array_equal(seen[0][1], pd.Series(y, X.index)[held_out.index])


def test_a_scorer_sees_how_many_epochs_are_done(cancer):
    X, X_val, y, y_val = cancer
    for solver in ("adam", "lbfgs"):
        model = BackpropClassifier(
            (10,), solver=solver, scoring=lambda model, X, y: model.n_iter_, max_iter=4
        ).fit(X, y, X_val=X_val, y_val=y_val)
        np.testing.assert_array_equal(model.history_["validation_score"], [1, 2, 3, 4])
    model = BackpropClassifier(
        (10,),
        early_stopping=True,
        warm_start=True,
        scoring=lambda model, X, y: model.n_iter_,
        max_iter=2,
    )
    model.fit(X, y, X_val=X_val, y_val=y_val).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.validation_scores_ == [1, 2, 1, 2]


def test_a_scorer_in_regression():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    model = BackpropRegressor(
        hidden_layer_sizes=(10,),
        early_stopping=True,
        scoring=make_scorer(mean_squared_error, greater_is_better=False),
        learning_rate_init=0.03,
        random_state=0,
    ).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    best = mean_squared_error(y[300:], model.predict(X[300:]))
    np.testing.assert_allclose(-model.best_validation_score_, best)
    np.testing.assert_allclose(2 * np.min(model.history_["validation_loss"]), best)


def test_a_score_without_early_stopping_is_recorded(cancer):
    X, X_val, y, y_val = cancer
    for solver in ("adam", "lbfgs"):
        model = BackpropClassifier(
            (10,), solver=solver, scoring="accuracy", max_iter=4, random_state=0
        )
        model.fit(X, y, X_val=X_val, y_val=y_val)
        expected = [one.score(X_val, y_val) for one in models_by_epochs(model, 4, X, y)]
        np.testing.assert_allclose(model.history_["validation_score"], expected)
        assert getattr(model, "validation_scores_", None) is None


def test_a_score_that_is_not_a_number(cancer):
    X, X_val, y, y_val = cancer
    model = BackpropClassifier(
        early_stopping=True, scoring=lambda model, X, y: np.nan, max_iter=3
    )
    with pytest.raises(ValueError, match=r"scoring=.* returned NaN"):
        model.fit(X, y, X_val=X_val, y_val=y_val)
    assert not hasattr(model, "coefs_")


def test_a_scorer_without_weights_is_found_out_before_training(cancer):
    X, _, y, _ = cancer

    def metric(y, predicted):
        raise AssertionError("called")

    model = BackpropClassifier(
        early_stopping=True, scoring=make_scorer(metric), class_weight="balanced"
    )
    with pytest.raises(ValueError, match=r"but scoring=.* does not accept sample"):
        model.fit(X, y)


def test_a_warm_start_with_other_validation_data(cancer):
    """Scores of the first set are nothing that the second must beat, and weights that
    the second likes best are kept."""
    X, X_val, y, y_val = cancer
    easy = BackpropClassifier((10,), max_iter=60, random_state=0).fit(X, y).predict(X)
    model = BackpropClassifier(
        (10,),
        early_stopping=True,
        warm_start=True,
        n_iter_no_change=3,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X, y, X_val=X, y_val=easy)
    first = model.best_validation_score_
    before = -log_loss(y_val, model.predict_proba(X_val))
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_iter_ > 3
    assert before <= model.best_validation_score_ < first
    np.testing.assert_allclose(
        -log_loss(y_val, model.predict_proba(X_val)), model.best_validation_score_
    )


def test_coo_data_and_a_scorer(cancer):
    X, _, y, _ = (np.asarray(part) for part in cancer)
    scores = [
        BackpropClassifier(
            (10,), early_stopping=True, scoring="accuracy", max_iter=3, random_state=0
        )
        .fit(convert(X), y)
        .validation_scores_
        for convert in (np.asarray, sp.coo_array)
    ]
    np.testing.assert_allclose(*scores)


def test_sparse_validation_data(cancer):
    X, X_val, y, y_val = (np.asarray(part) for part in cancer)
    histories = [
        BackpropClassifier((10,), max_iter=3, random_state=0)
        .fit(convert(X), y, X_val=convert(X_val), y_val=y_val)
        .history_["validation_loss"]
        for convert in (np.asarray, sp.csr_array)
    ]
    np.testing.assert_allclose(*histories)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_through_a_pipeline(cancer):
    X, X_val, y, y_val = cancer
    network = BackpropClassifier((10,), early_stopping=True, random_state=0)
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), network, transform_input=["X_val"])
    pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    expected = BackpropClassifier((10,), early_stopping=True, random_state=0).fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    np.testing.assert_array_equal(
        pipeline.predict(X_val), expected.predict(scaler.transform(X_val))
    )
    np.testing.assert_array_equal(
        pipeline[-1].validation_scores_, expected.validation_scores_
    )


@pytest.mark.usefixtures("routing")
def test_through_a_grid_search(cancer):
    X, X_val, y, y_val = cancer
    network = BackpropClassifier((10,), early_stopping=True, random_state=0)
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), network, transform_input=["X_val"])
    search = GridSearchCV(pipeline, {"backpropclassifier__alpha": [1e-4, 10]}, cv=2)
    search.fit(X, y, X_val=X_val, y_val=y_val)
    best = search.best_estimator_[-1]
    assert best.t_ % len(y) == 0  # all rows of the last fit were trained on
    assert len(best.validation_scores_) == best.n_iter_
    assert search.score(X_val, y_val) > 0.9
    assert LogisticRegression().fit(X, y).score(X_val, y_val) > 0.9


def test_a_loss_that_overflows_is_infinite_and_not_nan():
    # Some hidden units are infinite, others minus infinity: their sum is not defined.
    X = np.random.RandomState(0).normal(size=(50, 40))
    model = BackpropRegressor(
        hidden_layer_sizes=(20,), activation="identity", max_iter=3, random_state=0
    )
    with np.errstate(all="ignore"):
        model.fit(X, X[:, 0], X_val=np.full((1, 40), 1.7e308), y_val=[0.0])
    np.testing.assert_array_equal(model.history_["validation_loss"], [np.inf] * 3)


@pytest.mark.parametrize("scoring", ["loss", None])
def test_a_row_without_weight_does_not_count_even_if_its_loss_is_infinite(scoring):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    far, weight = X[:6].copy(), np.array([1.0, 2, 1, 1, 3, 0])
    far[5] = 1e200
    model = BackpropRegressor(max_iter=4, random_state=0, scoring=scoring)
    model.set_params(early_stopping=True)
    model.fit(X, y, X_val=far, y_val=y[:6], sample_weight_val=weight)
    shown = model.history_
    model.fit(X, y, X_val=X[:5], y_val=y[:5], sample_weight_val=weight[:5])
    for name in ("validation_loss", "validation_score"):
        np.testing.assert_allclose(shown[name], model.history_[name], rtol=1e-12)
