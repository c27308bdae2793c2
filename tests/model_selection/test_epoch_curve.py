"""Curves by epoch against independent fits, and against scikit-learn's own scores."""

import gc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_blobs
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sweeps import each_pair, one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    epoch_curve,
)
from sklearn_bp.model_selection._fold import Follower

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
N_EPOCHS = 6
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def fits_by_epoch(estimator, X, y, cv, weight=None):
    """Independent fits: for each epoch and fold, the model and the two parts."""
    for epoch in range(1, N_EPOCHS + 1):
        for fold, parts in enumerate(cv.split(X, y)):
            model = clone(estimator)
            name = "max_iter"
            if not hasattr(model, name):
                name = f"{model.steps[-1][0]}__max_iter"
            model.set_params(**{name: epoch})
            train = parts[0]
            fit_params = {} if weight is None else {"sample_weight": weight[train]}
            model.fit(X[train], y[train], **fit_params)
            yield epoch - 1, fold, model, parts


def assert_is_that_of_fits(curve, estimator, X, y, cv, loss, weight=None):
    def part_of(array, rows):
        return None if array is None else array[rows]

    for epoch, fold, model, parts in fits_by_epoch(estimator, X, y, cv, weight):
        for rows, losses, scores in zip(
            parts,
            (curve.train_losses, curve.test_losses),
            (curve.train_scores, curve.test_scores),
        ):
            expected = loss(model, X[rows], y[rows], part_of(weight, rows))
            np.testing.assert_allclose(losses[epoch, fold], expected, rtol=1e-6)
            expected = model.score(X[rows], y[rows], part_of(weight, rows))
            np.testing.assert_allclose(scores[epoch, fold], expected, rtol=1e-6)


def classifier_loss(model, X, y, weight):
    return log_loss(y, model.predict_proba(X), sample_weight=weight)


def regressor_loss(model, X, y, weight):
    return 0.5 * mean_squared_error(y, model.predict(X), sample_weight=weight)


SETTINGS = [
    {},
    {"solver": "sgd", "dropout": 0.3, "batch_size": 20, "learning_rate_init": 0.05},
    {"solver": "lbfgs"},
    {"class_weight": {"b": 3}},
    {"early_stopping": True, "validation_fraction": 0.3, "learning_rate_init": 0.3},
    {"n_iter_no_change": 1, "tol": 0.5},  # ends after three epochs
]


@each_pair(
    settings=SETTINGS, container=[np.asarray, sp.csr_array], weighted=[False, True]
)
def test_classifier(settings, container, weighted):
    X, y = load_iris(return_X_y=True)
    X, y = container(X - X.mean(axis=0)), np.array(["a", "b", "c"])[y]
    weight = np.random.RandomState(0).uniform(1, 3, len(y)) if weighted else None
    model = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0, **settings)
    curve = epoch_curve(model, X, y, cv=FOLDS, sample_weight=weight)
    assert curve.test_losses.shape[1] == 3
    if "n_iter_no_change" in settings:
        assert (curve.n_epochs == 3).all()
        return
    assert_is_that_of_fits(curve, model, X, y, FOLDS, classifier_loss, weight)


@pytest.mark.parametrize("most", [1, 4, 6])
def test_networks_are_measured_any_number_at_a_time(most, monkeypatch):
    X, y = load_iris(return_X_y=True)
    model = BackpropClassifier((8,), max_iter=9, random_state=0)
    expected = epoch_curve(model, X, y, cv=FOLDS)
    monkeypatch.setattr(Follower, "MAX_NETWORKS", most)
    curve = epoch_curve(model, X, y, cv=FOLDS)
    np.testing.assert_array_equal(curve.train_losses, expected.train_losses)
    np.testing.assert_array_equal(curve.test_scores, expected.test_scores)


def test_a_training_that_converged_stays_as_it_was():
    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(
        max_iter=300, n_iter_no_change=3, learning_rate_init=0.03, random_state=0
    )
    curve = epoch_curve(model, X, y / 100, cv=KFold(4))
    assert curve.n_epochs.min() < curve.n_epochs.max() == len(curve.test_losses)
    for fold, n_epochs in enumerate(curve.n_epochs):
        for values in (curve.train_losses, curve.test_scores):
            np.testing.assert_array_equal(
                values[n_epochs - 1 :, fold], values[n_epochs - 1, fold]
            )


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressor(n_outputs):
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -y])[:, :n_outputs] / 100
    y = y[:, 0] if n_outputs == 1 else y
    model = BackpropRegressor(max_iter=N_EPOCHS, random_state=0, batch_size=64)
    curve = epoch_curve(model, X, y, cv=KFold(3))
    assert_is_that_of_fits(curve, model, X, y, KFold(3), regressor_loss)


def test_pipeline():
    """The scaler sees the training part alone."""
    X, y = load_breast_cancer(return_X_y=True)
    network = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0)
    model = make_pipeline(StandardScaler(), network)
    curve = epoch_curve(model, X, y, cv=FOLDS)
    assert_is_that_of_fits(curve, model, X, y, FOLDS, classifier_loss)
    frame = pd.DataFrame(X, columns=[f"feature {i}" for i in range(X.shape[1])])
    of_frame = epoch_curve(model, frame, y, cv=FOLDS)
    np.testing.assert_allclose(of_frame.test_losses, curve.test_losses)


class Doubling(TransformerMixin, BaseEstimator):
    """Doubles what it is fitted on and nothing else, as TargetEncoder encodes it."""

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X

    def fit_transform(self, X, y=None):
        return 2 * self.fit(X).transform(X)


def test_a_step_that_transforms_what_it_is_fitted_on_otherwise():
    X, y = load_iris(return_X_y=True)
    network = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0)
    model = make_pipeline(Doubling(), network)
    curve = epoch_curve(model, X, y, cv=FOLDS)
    assert_is_that_of_fits(curve, model, X, y, FOLDS, classifier_loss)


def test_multilabel():
    X, y = load_iris(return_X_y=True)
    y = np.column_stack([y == 0, y != 1]).astype(int)
    model = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0)
    curve = epoch_curve(model, X, y, cv=KFold(3, shuffle=True, random_state=0))
    expected = cross_val_score(model, X, y, cv=KFold(3, shuffle=True, random_state=0))
    np.testing.assert_allclose(curve.test_scores[-1], expected)


@pytest.mark.parametrize(
    "scoring", [None, "neg_log_loss", "roc_auc", get_scorer("f1")], ids=str
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_last_scores_are_those_of_scikit_learn(scoring, dtype):
    X, y = load_breast_cancer(return_X_y=True)
    X = (X / X.max(axis=0)).astype(dtype)
    model = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0)
    curve = epoch_curve(model, X, y, scoring=scoring)
    expected = cross_val_score(model, X, y, scoring=scoring)
    np.testing.assert_allclose(curve.test_scores[-1], expected, rtol=1e-6)


def test_a_scorer_sees_how_many_epochs_are_done():
    X, y = load_iris(return_X_y=True)
    model = BackpropClassifier((8,), max_iter=N_EPOCHS)
    curve = epoch_curve(model, X, y, cv=3, scoring=lambda model, X, y: model.n_iter_)
    for scores in (curve.train_scores, curve.test_scores):
        np.testing.assert_array_equal(scores.T, [np.arange(1, N_EPOCHS + 1)] * 3)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_of_a_fold_nothing_is_left_behind(scoring):
    """Not even until the next garbage collection, for it may be large."""
    X, y = load_iris(return_X_y=True)
    gc.collect()
    gc.disable()
    try:
        epoch_curve(BackpropClassifier(max_iter=2), X, y, cv=3, scoring=scoring)
        assert not any(isinstance(thing, Follower) for thing in gc.get_objects())
    finally:
        gc.enable()


def test_epochs_without_a_score():
    def scorer(model, X, y):
        return np.nan if model.n_iter_ == 2 else model.score(X, y)

    X, y = load_iris(return_X_y=True)
    model = BackpropClassifier((8,), max_iter=N_EPOCHS, random_state=0)
    with pytest.warns(UndefinedMetricWarning, match=r"NaN: .*scoring=.* returned NaN"):
        curve = epoch_curve(model, X, y, cv=3, scoring=scorer)
    expected = epoch_curve(model, X, y, cv=3)
    assert np.isnan(curve.test_scores[1]).all()
    for rows in (slice(1), slice(2, None)):
        np.testing.assert_array_equal(
            curve.test_scores[rows], expected.test_scores[rows]
        )
    np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


def test_no_epoch_with_a_score():
    def scorer(model, X, y):  # is defined before training alone
        return np.nan if model.n_iter_ > 0 else 1

    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"No epoch has .*scoring=.* returned NaN"):
        epoch_curve(BackpropClassifier(max_iter=2), X, y, cv=3, scoring=scorer)


@one_engine  # a study is trained side by side on each of them
@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_same_bits_side_by_side(backend, each_engine, monkeypatch):
    monkeypatch.setenv("SKLEARN_BP_ENGINE", each_engine)  # for new processes
    X, y = load_breast_cancer(return_X_y=True)
    X /= X.max(axis=0)
    model = BackpropClassifier((30, 20), dropout=0.2, max_iter=4, random_state=0)
    expected = epoch_curve(model, X, y)
    with parallel_config(backend=backend):
        curve = epoch_curve(model, X, y, n_jobs=2)
    for name in ("train_losses", "test_losses", "train_scores", "test_scores"):
        assert getattr(curve, name).tobytes() == getattr(expected, name).tobytes()


def test_folds_as_masks():
    X, y = load_iris(return_X_y=True)
    model = BackpropClassifier(max_iter=2, random_state=0)
    folds = list(FOLDS.split(X, y))
    masks = [
        tuple(np.isin(np.arange(len(y)), part) for part in parts) for parts in folds
    ]
    np.testing.assert_array_equal(
        epoch_curve(model, X, y, cv=masks).test_losses,
        epoch_curve(model, X, y, cv=folds).test_losses,
    )


def test_nothing_is_warned_of_and_nothing_is_changed():
    X, y = load_iris(return_X_y=True)
    model = BackpropClassifier(max_iter=3)
    before = vars(model).copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epoch_curve(model, X, y)
    assert vars(model) == before


def test_frame():
    X, y = load_iris(return_X_y=True)
    curve = epoch_curve(BackpropClassifier(max_iter=4, random_state=0), X, y, cv=3)
    frame = curve.to_frame()
    assert len(frame) == 12
    row = frame[(frame["fold"] == 2) & (frame["epoch"] == 3)].iloc[0]
    for name in ("train_loss", "test_loss", "train_score", "test_score"):
        plural = name.replace("loss", "losses").replace("score", "scores")
        assert row[name] == getattr(curve, plural)[2, 2]


class Untouched(BackpropClassifier):
    """Fails if it is trained."""

    def _train(self, *args, **kwargs):
        raise AssertionError("trained before the arguments were checked")


def failing_scorer(estimator, X, y):
    raise KeyError("no such thing")


X_BLOBS, Y_BLOBS = make_blobs(60, random_state=0)
WRONG = [
    ({"estimator": LogisticRegression()}, TypeError, "must be a BackpropClassifier"),
    (
        {"estimator": make_pipeline(Untouched(), StandardScaler())},
        TypeError,
        "must be a BackpropClassifier",
    ),
    ({"estimator": Untouched(alpha=-1)}, ValueError, "'alpha' parameter"),
    ({"cv": 61}, ValueError, "number of splits n_splits=61 greater than"),
    ({"cv": 1}, ValueError, "k-fold cross-validation requires at least one"),
    ({"scoring": "no_such"}, ValueError, "scoring"),
    ({"scoring": failing_scorer}, ValueError, "fails for this estimator .* KeyError"),
    ({"scoring": lambda model, X, y: np.nan}, ValueError, "fails .* returned NaN"),
    ({"scoring": "roc_auc"}, ValueError, "fails for this estimator"),
    *(
        (
            {"scoring": several},
            ValueError,
            "With several metrics, refit must be the name",
        )
        for several in (["accuracy", "f1"], {"f1", "accuracy"}, {"a": "f1", "b": None})
    ),
    (
        {"scoring": lambda model, X, y: {"f1": 0.5}},
        ValueError,
        "fails .* must return one number, got {'f1': 0.5}",
    ),
    ({"groups": [1, 2]}, ValueError, "inconsistent numbers of samples"),
    ({"y": Y_BLOBS[:-1]}, ValueError, "inconsistent numbers of samples"),
    ({"X": np.full_like(X_BLOBS, np.nan)}, ValueError, "Input X contains NaN"),
    ({"sample_weight": -np.ones(60)}, ValueError, "Negative values in sample_weight"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG)
def test_wrong_arguments_are_found_before_training(change, error, message):
    arguments = {"estimator": Untouched(), "X": X_BLOBS, "y": Y_BLOBS, **change}
    with pytest.raises(error, match=message):
        epoch_curve(**arguments)
