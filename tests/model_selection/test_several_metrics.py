"""Several metrics in one study, and scorers called after some epochs, against studies
with one metric, grid searches and counted calls."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    EpochCurveDisplay,
    OverfittingDisplay,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.model_selection._checks import check_study

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, NUMBERS = load_iris(return_X_y=True)
Y = np.array(["a", "b", "c"])[NUMBERS]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
GRID = {"alpha": [0.001, 1, 30], "hidden_layer_sizes": [(4,), (9,)]}
CURVES = ("train_losses", "test_losses", "train_scores", "test_scores")


def accuracy(model, X, y):
    return float(np.mean(model.predict(X) == y))


METRICS = {
    "own": None,
    "loss": "loss",
    "f1": "f1_macro",
    "made": make_scorer(f1_score, average="micro"),
    "mine": accuracy,
}


def network(**settings):
    defaults = {"max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}
    return BackpropClassifier(**{**defaults, **settings})


def assert_same_curves(curve, expected):
    for name in CURVES:
        np.testing.assert_array_equal(getattr(curve, name), getattr(expected, name))
    assert curve.left_out == expected.left_out


# ---- several metrics -----------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_study_by_each_metric_is_that_with_this_metric(n_jobs):
    settings = {"cv": FOLDS, "n_jobs": n_jobs}
    study = overfitting_study(
        network(), X, Y, GRID, scoring=METRICS, refit="f1", **settings
    )
    assert study.metrics == tuple(METRICS)
    for name, metric in METRICS.items():
        shown = study.of_metric(name)
        expected = overfitting_study(network(), X, Y, GRID, scoring=metric, **settings)
        for curve, other in zip(shown.curves, expected.curves, strict=True):
            assert_same_curves(curve, other)
        assert shown.errors == expected.errors
        for rule in ("best", "one_standard_error"):
            assert shown.select(rule) == expected.select(rule)
        assert shown.ranking(epoch=3) == expected.ranking(epoch=3)
    assert study == study.of_metric("f1")
    assert study.best_params_ == study.of_metric("f1").best_params_


@pytest.mark.parametrize("epoch", [2, 8])
def test_the_results_are_those_of_a_grid_search(epoch):
    scoring = {name: METRICS[name] for name in ("f1", "made", "mine")}
    study = overfitting_study(
        network(), X, Y, GRID, cv=FOLDS, scoring=scoring, refit="made"
    )
    search = GridSearchCV(
        network(max_iter=epoch),
        GRID,
        cv=FOLDS,
        scoring=scoring,
        refit="made",
        return_train_score=True,
    ).fit(X, Y)
    results, expected = study.cv_results(epoch), search.cv_results_
    assert results.keys() == {*expected, "epoch", "n_epochs"}
    for name, column in expected.items():
        if name.split("_")[-1] in scoring:
            np.testing.assert_allclose(results[name], column, rtol=1e-10, atol=1e-12)
    choice = study.select(epoch=epoch)
    assert choice.params == search.best_params_
    np.testing.assert_allclose(choice.score, search.best_score_)


def test_tables():
    scoring = ["accuracy", "f1_macro", "neg_log_loss"]
    study = overfitting_study(
        network(), X, Y, GRID, cv=FOLDS, scoring=scoring, refit="f1_macro"
    )
    table, by_epoch = study.to_frame(), study.to_frame(by_epoch=True)
    for index, curve in enumerate(study.curves):
        row = study.best_epoch_of(index) - 1
        for name in scoring:
            shown = curve.of_metric(name)
            assert table[f"test_score_{name}"][index] == shown.mean_test_scores[row]
            of_curve = shown.to_frame()
            pd.testing.assert_series_equal(
                of_curve["test_score"],
                of_curve[f"test_score_{name}"],
                check_names=False,
            )
    assert (by_epoch["test_score"] == by_epoch["test_score_f1_macro"]).all()
    assert list(study.cv_results_["epoch"]) == list(table["best_epoch"])


def test_words_and_pictures_are_by_the_metric_that_is_shown():
    scoring = {"f1 of all": "f1_macro", "likelihood": "loss"}
    grid = {"alpha": [0.001, 1]}
    study = overfitting_study(
        network(), X, Y, grid, cv=FOLDS, scoring=scoring, refit="f1 of all"
    )
    shown = study.of_metric("likelihood")
    assert "f1 of all" in study.summary()
    assert "test loss" in shown.summary()
    assert "f1 of all" in repr(study.curves[0])
    assert "f1 of all" not in repr(shown) + repr(shown.curves[0])
    display = OverfittingDisplay.from_study(study, quantity="score")
    assert display.axes_[0].get_ylabel() == "f1 of all"
    display = EpochCurveDisplay.from_study(shown)
    mean = shown.curves[shown.best_index_].mean_test_scores
    np.testing.assert_allclose(display.axes_[1].get_lines()[1].get_ydata(), mean)


def test_an_epoch_curve():
    scoring = {"f1": "f1_macro", "loss": "loss"}
    settings = {"scoring": scoring, "refit": "loss"}
    curve = epoch_curve(network(), X, Y, cv=FOLDS, **settings)
    for name, metric in scoring.items():
        expected = epoch_curve(network(), X, Y, cv=FOLDS, scoring=metric)
        assert_same_curves(curve.of_metric(name), expected)
        assert curve.of_metric(name).best_epoch == expected.best_epoch
    assert curve.best_epoch == curve.of_metric("loss").best_epoch
    assert curve == epoch_curve(
        network(), X, Y, cv=FOLDS, scoring=scoring, refit="loss"
    )
    with pytest.raises(ValueError, match=r"no metric 'f2'.* \['f1', 'loss'\]"):
        curve.of_metric("f2")
    with pytest.raises(ValueError, match="no metric 'accuracy'"):
        epoch_curve(network(), X, Y, cv=FOLDS).of_metric("accuracy")


def test_regression_in_a_pipeline():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), BackpropRegressor(max_iter=3))
    model.set_params(backpropregressor__random_state=0)
    scoring = {"neg_max_error", "r2"}
    curve = epoch_curve(model, X, y, cv=KFold(3), scoring=scoring, refit="r2")
    for name in scoring:
        expected = epoch_curve(model, X, y, cv=KFold(3), scoring=name)
        assert_same_curves(curve.of_metric(name), expected)


def test_a_network_that_chooses_for_itself():
    model = BackpropClassifierCV(
        network(n_iter_no_change=np.inf),
        alphas=[0.001, 10],
        hidden_layer_sizes=[4],
        max_iter=12,
        cv=FOLDS,
        scoring=["accuracy", "roc_auc_ovr"],
        refit="roc_auc_ovr",
        halving_factor=None,
    ).fit(X, Y)
    shown = model.study_.of_metric("roc_auc_ovr").select()
    assert (model.best_params_, model.best_epoch_) == (shown.params, shown.epoch)
    assert model.best_score_ == shown.score
    assert "mean_test_accuracy" in model.cv_results_
    expected = model.set_params(scoring="roc_auc_ovr", refit=None).fit(X, Y)
    assert expected.best_score_ == shown.score


def test_metrics_that_are_undefined_in_different_folds():
    """Each has its own folds to leave out, and its own settings that have failed."""
    y = (X[:, 0] + X[:, 1] > 9).astype(int)
    is_of_fold_0 = (y == 1) & (np.arange(150) % 3 == 0)
    folds = PredefinedSplit(np.where(is_of_fold_0, 0, 1 + np.arange(150) % 2))

    def of_small(model, X, y):
        score = accuracy(model, X, y)
        return score if model.alpha < 10 or score == 1 else 1 / 0

    scoring = {"area": "roc_auc", "own": None, "small": of_small}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = overfitting_study(
            network(), X, y, {"alpha": [1, 30]}, cv=folds, scoring=scoring, refit="own"
        )
        assert study.errors == [None, None]
        for name, metric in scoring.items():
            expected = overfitting_study(
                network(), X, y, {"alpha": [1, 30]}, cv=folds, scoring=metric
            )
            shown = study.of_metric(name)
            assert shown.errors == expected.errors
            assert shown.best_score_ == expected.best_score_
            for curve, other in zip(shown.curves, expected.curves, strict=True):
                assert_same_curves(curve, other)
    assert study.of_metric("area").curves[0].left_out == (0,)
    assert study.of_metric("small").errors[1].startswith("ZeroDivisionError")
    with pytest.warns(UndefinedMetricWarning, match="the score 'area' is undefined"):
        epoch_curve(network(), X, y, cv=folds, scoring=scoring, refit="own")


def test_what_is_measured_can_be_sent_to_other_processes():
    scoring = {"f1": "f1_macro", "made": METRICS["made"]}
    plan = check_study(network(), [{}], X, Y, cv=3, scoring=scoring, refit="f1")
    sent = pickle.loads(pickle.dumps(plan.scoring))
    assert sent.names == ("f1", "made")
    assert not sent.calls_user_code


WRONG = [
    ({"scoring": ["accuracy", "f1_macro"]}, r"refit must be the name .* got None"),
    ({"scoring": {"a": "accuracy", "b": None}, "refit": "c"}, r"\['a', 'b'\], got 'c'"),
    ({"scoring": ["accuracy", "accuracy"], "refit": "accuracy"}, "occur twice"),
    ({"scoring": [accuracy]}, "Pass a dict from names"),
    ({"scoring": []}, "scoring is empty"),
    ({"scoring": {}}, "scoring is empty"),
    ({"scoring": {1: "accuracy"}}, "names of metrics in scoring must be strings"),
    ({"scoring": {"a": ["accuracy"]}}, "must be a name, a callable or None"),
    ({"scoring": {"a": "acuracy"}}, "acuracy"),
    ({"scoring": ["accuracy", "f1"], "refit": "accuracy"}, "scoring='f1' fails"),
    ({"refit": "accuracy"}, "Leave refit=None, got 'accuracy'"),
    ({"scoring": "accuracy", "refit": 3}, "Leave refit=None, got 3"),
    ({"score_epochs": 0}, "score_epochs must be a number of epochs >= 1"),
    ({"score_epochs": 2.5}, "score_epochs must be a number"),
    ({"score_epochs": True}, "score_epochs must be a number"),
    ({"score_epochs": [[1], [2]]}, "score_epochs must be a number"),
    ({"score_epochs": [1, 0]}, "score_epochs must be a number"),
    ({"score_epochs": "all"}, "score_epochs must be a number"),
    ({"score_epochs": []}, "must name some epochs"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_wrong_arguments(settings, message):
    with pytest.raises(ValueError, match=message):
        overfitting_study(network(), X, Y, GRID, **settings)
    with pytest.raises(ValueError, match=message):
        epoch_curve(network(), X, Y, **settings)


def test_a_collection_of_one_metric_needs_no_choice():
    for scoring in (["f1_macro"], {"f1_macro"}, {"f1_macro": "f1_macro"}):
        curve = epoch_curve(network(), X, Y, cv=FOLDS, scoring=scoring)
        assert_same_curves(
            curve, epoch_curve(network(), X, Y, cv=FOLDS, scoring="f1_macro")
        )
    epoch_curve(network(), X, Y, cv=FOLDS, scoring="accuracy", refit="accuracy")


# ---- scorers that are called after some epochs ---------------------------------------


class Counted:
    """The accuracy, which notes after which epochs it was called."""

    def __init__(self):
        self.epochs = []

    def __call__(self, model, X, y):
        self.epochs.append(model.n_iter_)
        return accuracy(model, X, y)


@pytest.mark.parametrize("most", [1, 7, 128])
@pytest.mark.parametrize(
    ("score_epochs", "expected"),
    [
        (None, range(1, 41)),
        (1, [1, 40]),
        (2, [1, 40]),
        (5, [1, 3, 6, 16, 40]),
        (30, None),
        (40, range(1, 41)),
        (10**9, range(1, 41)),
        ([3, 7, 99], [3, 7, 40]),
        (np.array([40]), [40]),
    ],
)
def test_scorers_are_called_after_these_epochs(
    score_epochs, expected, most, monkeypatch
):
    monkeypatch.setattr("sklearn_bp.model_selection._fold.Follower.MAX_NETWORKS", most)
    scorer, model = Counted(), network(max_iter=40, n_iter_no_change=np.inf)
    settings = {"cv": [(range(0, 150, 2), range(1, 150, 2))]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curve = epoch_curve(
            model, X, Y, scoring=scorer, score_epochs=score_epochs, **settings
        )
    whole = epoch_curve(model, X, Y, **settings)
    rows = np.flatnonzero(~np.isnan(curve.test_scores[:, 0]))
    if expected is None:  # about as many, closest together at the beginning
        assert 20 <= len(rows) <= 30
        assert list(rows[:5]) == [0, 1, 2, 3, 4]
        assert rows[-1] == 39
    else:
        assert list(rows + 1) == list(expected)
    # For both parts, and once before training, to find out whether it fails.
    assert sorted(scorer.epochs) == sorted([1, *(2 * list(rows + 1))])
    for name in CURVES:
        values, others = getattr(curve, name), getattr(whole, name)
        chosen = rows if "scores" in name else slice(None)
        np.testing.assert_allclose(values[chosen], others[chosen], rtol=1e-12)
    best = rows[np.argmax(whole.test_scores[rows, 0])]
    assert curve.best_epoch == best + 1


def test_the_last_epoch_of_each_training_has_a_score():
    """Some end earlier than others, and keep their last score from then on."""
    model = network(max_iter=60, tol=0.02, n_iter_no_change=2, learning_rate_init=0.05)
    grid = {"alpha": [0.001, 100]}
    whole = overfitting_study(model, X, Y, grid, cv=FOLDS)
    study = overfitting_study(
        model, X, Y, grid, cv=FOLDS, scoring=accuracy, score_epochs=[2]
    )
    for curve, other in zip(study.curves, whole.curves, strict=True):
        ends = other.n_epochs - 1
        assert len(set(ends)) > 1
        folds = np.arange(3)
        np.testing.assert_allclose(
            curve.test_scores[ends, folds], other.test_scores[ends, folds]
        )
        np.testing.assert_allclose(curve.test_scores[-1], other.test_scores[-1])
    assert np.isfinite(study.best_score_)
    assert np.isfinite(study.cv_results_["mean_test_score"]).all()


def test_metrics_in_bulk_are_measured_after_each_epoch():
    scoring = {"f1": "f1_macro", "mine": accuracy}
    study = overfitting_study(
        network(),
        X,
        Y,
        GRID,
        cv=FOLDS,
        scoring=scoring,
        refit="mine",
        score_epochs=3,
        halving_factor=2,
    )
    for curve in study.curves:
        assert np.isfinite(curve.of_metric("f1").test_scores).all()
        assert 1 < np.isfinite(curve.test_scores[:, 0]).sum() <= 3
    assert np.isfinite(study.best_score_)
    display = EpochCurveDisplay.from_study(study)
    drawn = display.axes_[1].get_lines()[1].get_ydata()
    assert np.isfinite(drawn).all()


def test_a_network_that_chooses_after_some_epochs():
    scorer = Counted()
    model = BackpropClassifierCV(
        alphas=[0.01],
        hidden_layer_sizes=[4],
        max_iter=50,
        cv=3,
        scoring=scorer,
        score_epochs=[10, 50],
        random_state=0,
    ).fit(X, Y)
    assert model.best_epoch_ in (10, 50)
    assert set(scorer.epochs) == {1, 10, 50}


def test_sizes_are_seen_by_the_other_metric_too():
    metrics = {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"}
    study = overfitting_study(network(), X, Y, GRID, cv=3, train_sizes=[0.5], **metrics)
    seen = study.of_metric("neg_log_loss")
    for size in study.train_sizes:
        assert seen.at_size(size) == study.at_size(size).of_metric("neg_log_loss")
        assert (seen.at_size(size).curves[0].test_scores < 0).all()
    assert "loss" in seen.summary().splitlines()[-1]


def test_an_epoch_without_scores():
    def own(model, X, y):
        return model.score(X, y)

    study = overfitting_study(network(), X, Y, GRID, scoring=own, score_epochs=[2, 4])
    assert study.select(epoch=2).epoch == 2
    for rule in ("best", "one_standard_error"):
        with pytest.raises(ValueError, match="No setting has a score after epoch 3"):
            study.select(rule, epoch=3)
