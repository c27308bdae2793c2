"""Scores of rows that lack a class, against scikit-learn's metrics called by hand."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    brier_score_loss,
    d2_log_loss_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    roc_auc_score,
    top_k_accuracy_score,
)
from sklearn.model_selection import PredefinedSplit

from sklearn_bp import BackpropClassifier, BackpropClassifierCV, epoch_curve
from sklearn_bp.utils import scorer_of_classes

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
CLASSES = np.array(["a", "b", "c"])
Y = CLASSES[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)]
# All samples of the last class are for training.
FOLDS = PredefinedSplit(np.where(Y == "c", -1, np.arange(90) % 2))

BY_HAND = {
    "neg_log_loss": lambda y, p: -log_loss(y, p, labels=CLASSES),
    "neg_brier_score": lambda y, p: -brier_score_loss(y, p, labels=CLASSES),
    "d2_log_loss_score": lambda y, p: d2_log_loss_score(y, p, labels=CLASSES),
    "top_k_accuracy": lambda y, p: top_k_accuracy_score(y, p, labels=CLASSES),
    "roc_auc_ovo": lambda y, p: roc_auc_score(y, p, labels=CLASSES, multi_class="ovo"),
    "roc_auc_ovo_weighted": lambda y, p: roc_auc_score(
        y, p, labels=CLASSES, multi_class="ovo", average="weighted"
    ),
    "roc_auc_ovr_weighted": lambda y, p: roc_auc_score(
        y, p, labels=CLASSES, multi_class="ovr", average="weighted"
    ),
    make_scorer(log_loss, response_method="predict_proba", greater_is_better=False): (
        lambda y, p: -log_loss(y, p, labels=CLASSES)
    ),
    make_scorer(top_k_accuracy_score, response_method="predict_proba", k=1): (
        lambda y, p: top_k_accuracy_score(y, p, k=1, labels=CLASSES)
    ),
}
if "labels" not in inspect.signature(brier_score_loss).parameters:  # scikit-learn 1.6
    del BY_HAND["neg_brier_score"]


def network(**settings):
    settings = {"max_iter": 4, "random_state": 0, "learning_rate_init": 0.03} | settings
    return BackpropClassifier((4,), **settings)


@pytest.mark.parametrize("scoring", list(BY_HAND), ids=str)
@pytest.mark.filterwarnings("ignore:Only one class is present")
def test_a_test_part_without_a_class(scoring):
    curve = epoch_curve(network(), X, Y, cv=FOLDS, scoring=scoring)
    choosing = BackpropClassifierCV(
        network(),
        alphas=[1e-4],
        hidden_layer_sizes=[4],
        max_iter=4,
        cv=FOLDS,
        scale=False,
    )
    best = choosing.set_params(scoring=scoring).fit(X, Y).best_score_
    np.testing.assert_allclose(best, curve.test_scores.mean(axis=1).max())
    for fold, (train, test) in enumerate(FOLDS.split()):
        model = network().fit(X[train], Y[train])
        expected = BY_HAND[scoring](Y[test], model.predict_proba(X[test]))
        np.testing.assert_allclose(curve.test_scores[-1, fold], expected)


@pytest.mark.parametrize("scoring", list(BY_HAND), ids=str)
@pytest.mark.filterwarnings("ignore:Only one class is present")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_validation_data_without_a_class(scoring, early_stopping):
    is_val = (Y != "c") & (np.arange(90) < 50)
    model = network(early_stopping=early_stopping, scoring=scoring)
    model.fit(X[~is_val], Y[~is_val], X_val=X[is_val], y_val=Y[is_val])
    expected = BY_HAND[scoring](Y[is_val], model.predict_proba(X[is_val]))
    scores = model.history_["validation_score"]
    np.testing.assert_allclose(max(scores) if early_stopping else scores[-1], expected)


def test_scores_that_scikit_learn_can_tell_are_as_it_tells_them():
    """Above all, averages over those classes that occur in labels."""
    train, test = next(FOLDS.split())
    model = network().fit(X[train], Y[train])
    compared = set()
    for name in get_scorer_names():
        scorer = get_scorer(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = scorer(model, X[test], Y[test])
            except ValueError:  # it cannot
                continue
            informed = scorer_of_classes(scorer, CLASSES)(model, X[test], Y[test])
        np.testing.assert_equal(informed, expected)
        compared.add(name)
    assert compared > {"accuracy", "balanced_accuracy", "f1_macro", "jaccard_macro"}
    assert compared > {"precision_weighted", "recall_micro", "matthews_corrcoef"}
    assert not compared & set(BY_HAND)


def test_what_the_maker_of_a_scorer_has_fixed_stays():
    def metric(y, p, labels=None, pos_label=None, k=1):
        return labels, pos_label, k

    def told(classes, **fixed):
        scorer = make_scorer(metric, response_method="predict_proba", **fixed)
        informed = scorer_of_classes(scorer, np.array(classes))
        assert informed is not scorer
        return informed._kwargs

    assert told([1, 2], labels=[2, 1], k=3) == {
        "labels": [2, 1],
        "k": 3,
        "pos_label": 2,
    }
    assert told([1, 2, 3], labels=None) == {"labels": None}
    assert told([1, 2, 3])["labels"].tolist() == [1, 2, 3]
    of_labels = make_scorer(metric)
    for scorer in (of_labels, metric):
        assert scorer_of_classes(scorer, CLASSES) is scorer


@pytest.mark.parametrize("labels", [[1, 2], ["n", "p"]])
def test_the_brier_score_of_one_of_two_classes(labels):
    """Left alone, scikit-learn takes that class for the positive one, or fails."""
    y = np.array(labels)[(X[:, 0] > 0).astype(int)]
    train, test = np.arange(60), 60 + np.flatnonzero(y[60:] == labels[0])
    curve = epoch_curve(network(), X, y, cv=[(train, test)], scoring="neg_brier_score")
    model = network().fit(X[train], y[train])
    expected = -np.square(model.predict_proba(X[test])[:, 1]).mean()
    np.testing.assert_allclose(curve.test_scores[-1, 0], expected)
