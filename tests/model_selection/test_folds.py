"""Folds that lack a class, a score or company, against networks trained by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_sample_weight
from sweeps import each_pair, one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
    EpochCurveDisplay,
    OverfittingDisplay,
    epoch_curve,
    overfitting_study,
)

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The least populated class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Only one class is present"),
]
N_EPOCHS = 4
RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
CLASSES = np.array(["a", "b", "c"])
Y = CLASSES[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)]
LATE = np.sort(Y)
WITH_ONE_Z = np.where(np.arange(60) == 5, "z", Y)
BINARY = (X[:, 0] > 0).astype(int)

PROBLEMS = {
    "a class of one sample": (WITH_ONE_Z, StratifiedKFold(3)),
    "late classes": (LATE, TimeSeriesSplit(4)),
    "one of two classes": (np.sort(BINARY), KFold(2)),
}


def network(**settings):
    # Without shuffling, an epoch is a call of partial_fit.
    defaults = {"shuffle": False, "batch_size": 8, "learning_rate_init": 0.03}
    defaults |= {"max_iter": N_EPOCHS, "random_state": 0, "hidden_layer_sizes": (4,)}
    return BackpropClassifier(**{**defaults, **settings})


def networks_by_epoch(X, y, classes, weight=None, **settings):
    """Networks that know of all classes, trained on some of them."""
    model = network(**settings)
    for _ in range(N_EPOCHS):
        yield model.partial_fit(X, y, weight, classes=classes)


# ---- classes that a fold is trained without ---------------------------------------


@each_pair(
    problem=list(PROBLEMS),
    in_pipeline=[False, True],
    class_weight=[None, "balanced", "dict"],
    dtype=["float32", "float64"],
)
def test_networks_have_outputs_for_classes_that_they_are_trained_without(
    problem, in_pipeline, class_weight, dtype
):
    y, cv = PROBLEMS[problem]
    classes, data = np.unique(y), X.astype(dtype)
    if class_weight == "dict":
        class_weight = {classes[0]: 2, classes[-1]: 3}
    model = network(class_weight=class_weight)
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    with pytest.warns(UserWarning, match="trained without samples of some classes"):
        curve = epoch_curve(model, data, y, cv=cv)
    for fold, (train, test) in enumerate(cv.split(data, y)):
        scaler = StandardScaler(with_mean=in_pipeline, with_std=in_pipeline)
        X_train, X_test = (
            scaler.fit_transform(data[train]),
            scaler.transform(data[test]),
        )
        weight = None
        if class_weight is not None:
            present = class_weight
            if isinstance(present, dict):
                present = {c: w for c, w in present.items() if c in y[train]}
            weight = compute_sample_weight(present, y[train])
        models = networks_by_epoch(X_train, y[train], classes, weight)
        for epoch, expected in enumerate(models):
            loss = log_loss(y[test], expected.predict_proba(X_test), labels=classes)
            np.testing.assert_allclose(curve.test_losses[epoch, fold], loss, rtol=1e-5)
            assert curve.test_scores[epoch, fold] == accuracy_score(
                y[test], expected.predict(X_test)
            )


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_lbfgs_has_them_too(in_pipeline):
    """Samples without weight teach a network no more than that there is their class."""
    y, cv = PROBLEMS["late classes"]
    model = network(solver="lbfgs", alpha=0)
    study = make_pipeline(StandardScaler(with_std=False), model)
    with pytest.warns(UserWarning, match="trained without samples of some classes"):
        curve = epoch_curve(study if in_pipeline else model, X, y, cv=cv)
    for fold, (train, test) in enumerate(cv.split(X)):
        mean = X[train].mean(axis=0) if in_pipeline else 0
        rows = np.append(train, [0, 30, 59])
        model.fit(X[rows] - mean, y[rows], np.arange(len(rows)) < len(train))
        loss = log_loss(y[test], model.predict_proba(X[test] - mean), labels=CLASSES)
        np.testing.assert_allclose(curve.test_losses[-1, fold], loss, rtol=1e-5)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_of_missing_classes_is_warned_once(early_stopping):
    model = network(early_stopping=early_stopping)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study = overfitting_study(
            model, X, LATE, {"alpha": [1, 2]}, cv=TimeSeriesSplit(4)
        )
    messages = [str(w.message) for w in caught if w.category is UserWarning]
    assert len(messages) == 1
    assert "fold 0 without ['b' 'c'], fold 1 without ['c'], fold 2" in messages[0]
    assert caught[0].filename == __file__
    assert study.errors == [None, None]
    assert np.isfinite(study.curves[0].test_losses).all()


@one_engine
def test_folds_beyond_a_few_are_only_counted():
    folds = [(np.flatnonzero(LATE != "c"), range(60))] * 9
    with pytest.warns(UserWarning, match=r"fold 2 without \['c'\], 6 more folds\."):
        epoch_curve(network(), X, LATE, cv=folds)


@one_engine
@pytest.mark.parametrize(
    "container",
    [
        list,
        lambda y: y[:, np.newaxis],
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Series(pd.Categorical(y, categories=list("zcbay"))),
        lambda y: pd.Series(y, dtype=object),
    ],
)
@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_labels_in_any_container(container, in_pipeline):
    model = make_pipeline(StandardScaler(), network()) if in_pipeline else network()
    curves = []
    for y in (WITH_ONE_Z, container(WITH_ONE_Z)):
        with pytest.warns(UserWarning, match=r"fold 1 without \['z'\]\."):
            curves.append(epoch_curve(model, X, y, cv=3, scoring="neg_log_loss"))
    np.testing.assert_array_equal(curves[0].test_scores, curves[1].test_scores)
    np.testing.assert_allclose(curves[0].test_scores, -curves[0].test_losses)


@pytest.mark.parametrize(("y", "cv"), list(PROBLEMS.values())[:2])
def test_the_estimator_that_chooses_for_itself(y, cv):
    model = BackpropClassifierCV(
        network(),
        alphas=[0.1],
        hidden_layer_sizes=[(4,)],
        max_iter=N_EPOCHS,
        cv=cv,
        scale=False,
    )
    with pytest.warns(UserWarning, match="trained without samples of some classes"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    expected = network(alpha=0.1, max_iter=model.best_epoch_).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_a_label_that_is_constant_in_a_fold():
    y = np.column_stack([BINARY, np.arange(60) >= 50]).astype(int)
    cv = TimeSeriesSplit(3)
    curve = epoch_curve(network(), X, y, cv=cv)
    for fold, (train, test) in enumerate(cv.split(X)):
        model = network().fit(X[train], y[train])
        assert curve.test_scores[-1, fold] == model.score(X[test], y[test])


# ---- folds whose test part has no score --------------------------------------------

# Of the first test part, all samples are of one class.
PARTS = [np.flatnonzero(BINARY)[:9], np.arange(10, 30), np.arange(30, 50)]
UNDEFINED = [(np.setdiff1d(np.arange(60), test), test) for test in PARTS]
GRID = {"alpha": [0.1, 30], "hidden_layer_sizes": [(2,), (5,)]}


@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("halving_factor", [None, 2])
def test_means_leave_out_folds_without_a_score(in_pipeline, halving_factor):
    model, grid = network(), GRID
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
        grid = {f"backpropclassifier__{name}": values for name, values in grid.items()}
    settings = {"cv": UNDEFINED, "scoring": "roc_auc"}
    with pytest.warns(UndefinedMetricWarning, match=r"leave out fold\(s\) 0, whose"):
        study = overfitting_study(
            model, X, BINARY, grid, halving_factor=halving_factor, **settings
        )
    assert study.errors == [None] * 4
    results = study.cv_results_
    assert np.isnan(results["split0_test_score"]).all()
    scores = np.transpose([results[f"split{fold}_test_score"] for fold in (1, 2)])
    np.testing.assert_allclose(results["mean_test_score"], scores.mean(axis=1))
    np.testing.assert_allclose(results["std_test_score"], scores.std(axis=1))
    choice = study.select()
    assert choice.score == results["mean_test_score"].max()
    expected = np.ptp(scores[choice.index]) / 2  # the standard error of two numbers
    np.testing.assert_allclose(choice.standard_error, expected)
    row = study.to_frame().loc[choice.index]
    gaps = [results[f"split{f}_train_score"][choice.index] for f in (1, 2)]
    np.testing.assert_allclose(row["gap"], np.mean(gaps - scores[choice.index]))
    assert study.by("one_standard_error").best_params_ in study.params
    assert "nan" not in study.summary() + repr(study) + study.line(choice.index)
    assert "Mean scores leave out fold(s) 0, whose" in study.summary()
    assert "nan" not in repr(study.curves[0])
    if halving_factor is None:
        search = GridSearchCV(model, grid, refit=False, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the fold without a score
            search.fit(X, BINARY)
        for fold in range(3):
            name = f"split{fold}_test_score"
            np.testing.assert_allclose(
                study.cv_results(epoch=N_EPOCHS)[name], search.cv_results_[name]
            )


def test_a_curve_leaves_them_out():
    with pytest.warns(UndefinedMetricWarning, match=r"leave out fold\(s\) 0, whose"):
        curve = epoch_curve(network(), X, BINARY, cv=UNDEFINED, scoring="roc_auc")
    assert curve.left_out == (0,)
    expected = epoch_curve(network(), X, BINARY, cv=UNDEFINED[1:], scoring="roc_auc")
    for name in ("mean_test_scores", "standard_errors", "best_epoch"):
        np.testing.assert_array_equal(getattr(curve, name), getattr(expected, name))
    assert repr(curve).splitlines()[1] == repr(expected).splitlines()[1]


def test_a_training_part_without_a_score():
    train = np.flatnonzero(BINARY)
    folds = [(train, range(60)), (range(40), range(40, 60))]
    with (
        pytest.warns(UserWarning, match="trained without samples of some classes"),
        pytest.warns(UndefinedMetricWarning, match="undefined and set to") as caught,
    ):
        curve = epoch_curve(network(), X, BINARY, cv=folds, scoring="roc_auc")
    assert not any("leave out" in str(w.message) for w in caught)
    assert np.isnan(curve.train_scores[:, 0]).all()
    np.testing.assert_array_equal(
        curve.counting_scores("train")[:, 0], curve.train_scores[:, 1]
    )
    np.testing.assert_array_equal(
        curve.counting_scores("gap")[:, 0],
        (curve.train_scores - curve.test_scores)[:, 1],
    )
    assert curve.counting_scores("test").shape == (N_EPOCHS, 2)


def test_a_setting_without_a_score_where_others_have_one_has_failed():
    def scorer(model, X, y):
        if model.alpha == 30 and len(y) == 9 and model.n_iter_ > 0:
            return np.nan
        return model.score(X, y)

    with pytest.warns(FitFailedWarning, match="2 of 4 settings failed"):
        study = overfitting_study(
            network(), X, BINARY, GRID, cv=UNDEFINED, scoring=scorer
        )
    assert [error is None for error in study.errors] == [True, True, False, False]
    assert study.n_scored_folds == 3
    assert study.ranking()[2:] == [2, 3]
    assert np.isnan(study.cv_results_["mean_test_score"][2:]).all()


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_no_fold_with_a_score_is_found_out_before_training(in_pipeline):
    model = BackpropClassifier(max_iter=10**9)
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    with pytest.raises(ValueError, match=r"scoring='roc_auc' fails .* returned NaN"):
        epoch_curve(model, X, BINARY, cv=UNDEFINED[:1], scoring="roc_auc")


def regressor(**settings):
    return BackpropRegressor(hidden_layer_sizes=(4,), random_state=0, **settings)


def test_parts_of_a_single_sample_have_no_coefficient_of_determination():
    y = X.sum(axis=1)
    folds = [(range(50), [55]), ([3], range(40, 55)), (range(50), range(50, 60))]
    with pytest.warns(UndefinedMetricWarning, match=r"undefined .* than two samples"):
        curve = epoch_curve(regressor(max_iter=N_EPOCHS), X, y, cv=folds)
    assert np.isnan(curve.test_scores[:, 0]).all()
    assert np.isnan(curve.train_scores[:, 1]).all()
    assert curve.left_out == (0,)
    for fold in (1, 2):
        train, test = folds[fold]
        model = regressor(max_iter=N_EPOCHS).fit(X[train], y[train])
        expected = model.score(X[test], y[test])
        np.testing.assert_allclose(curve.test_scores[-1, fold], expected)


def test_a_single_sample_with_weight_has_none_either():
    y, weight = X.sum(axis=1), np.ones(60)
    weight[51:60] = 0
    folds = [(range(50), range(50, 60)), (range(40), range(40, 50))]
    with pytest.warns(UndefinedMetricWarning, match=r"undefined .* than two samples"):
        curve = epoch_curve(regressor(max_iter=2), X, y, cv=folds, sample_weight=weight)
    assert curve.left_out == (0,)


def test_leaving_one_out_in_regression():
    y = X.sum(axis=1)
    with pytest.raises(ValueError, match=r"Use fewer folds, or scoring='loss'"):
        epoch_curve(regressor(max_iter=10**9), X, y, cv=LeaveOneOut())
    curve = epoch_curve(regressor(max_iter=1), X, y, cv=LeaveOneOut(), scoring="loss")
    assert curve.test_scores.shape == (1, 60)


# ---- a single fold -----------------------------------------------------------------

ONE_FOLD = {
    "ShuffleSplit": ShuffleSplit(1, random_state=0),
    "PredefinedSplit": PredefinedSplit(np.where(np.arange(60) < 40, -1, 0)),
    "list": [(range(40), range(40, 60))],
}


@pytest.fixture(params=list(ONE_FOLD.values()), ids=list(ONE_FOLD))
def study_of_one_fold(request):
    return overfitting_study(network(), X, BINARY, GRID, cv=request.param)


@one_engine
def test_a_single_fold_has_no_standard_error(study_of_one_fold):
    study = study_of_one_fold
    assert np.isnan(study.select("best").standard_error)
    assert np.isnan(study.curves[0].standard_errors).all()
    assert study.to_frame()["standard_error"].isna().all()
    for ask in (study.select, study.by):
        with pytest.raises(ValueError, match=r"needs a standard error .* single fold"):
            ask("one_standard_error")
    assert "Scores are of one fold, without a standard error" in study.summary()
    for text in (repr(study), repr(study.curves[0]), study.line(0), study.summary()):
        assert "(no standard error)" in text
    # as in a grid search, it has a standard deviation
    assert (study.cv_results_["std_test_score"] == 0).all()


@one_engine
def test_pictures_of_a_single_fold(study_of_one_fold):
    plt = pytest.importorskip("matplotlib.pyplot")
    study = study_of_one_fold
    for display in (
        EpochCurveDisplay.from_study(study),
        OverfittingDisplay.from_study(study, kind="panels", quantity="score"),
    ):
        for ax in display.axes_:
            assert len(ax.collections) == 0  # no bands
        labels = display.axes_[0].get_legend_handles_labels()[1]
        assert labels[:2] == ["training (one fold)", "test (one fold)"]
    (ax,) = OverfittingDisplay.from_study(study, kind="map").axes_
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["best"]
    plt.close("all")


@one_engine
@pytest.mark.parametrize("kind", [*ONE_FOLD, "iterator"])
@pytest.mark.parametrize("estimator", [BackpropClassifierCV, BackpropRegressorCV])
def test_a_rule_that_needs_more_folds_is_refused_before_training(estimator, kind):
    cv = iter(ONE_FOLD["list"]) if kind == "iterator" else ONE_FOLD[kind]
    model = estimator(max_iter=10**9, cv=cv, rule="one_standard_error")
    before = vars(model).copy()
    with pytest.raises(ValueError, match=r"needs a standard error .* single fold"):
        model.fit(X, BINARY)
    assert vars(model) == before


def test_a_rule_and_folds_from_an_iterator():
    settings = {"alphas": [0.1, 30], "hidden_layer_sizes": [(2,)], "max_iter": 3}
    settings |= {"rule": "one_standard_error", "random_state": 0}
    folds = list(KFold(3).split(X))
    models = [
        BackpropClassifierCV(cv=cv, **settings).fit(X, BINARY)
        for cv in (folds, iter(folds))
    ]
    assert models[0].study_ == models[1].study_


# ---- what folds may look like ------------------------------------------------------


@one_engine
@pytest.mark.parametrize(
    "part",
    [
        range(40, 60),
        range(-20, 0),
        pd.Index(range(40, 60)),
        pd.Series(np.arange(60) >= 40),
        np.arange(40, 60, dtype=np.uint8),
        [row >= 40 for row in range(60)],
    ],
    ids=lambda part: type(part).__name__,
)
def test_rows_in_any_form(part):
    curve = epoch_curve(network(), X, BINARY, cv=[(range(60), part)])  # may overlap
    expected = epoch_curve(network(), X, BINARY, cv=[(range(60), range(40, 60))])
    np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


@one_engine
@pytest.mark.parametrize(
    ("fold", "message"),
    [
        ((range(40), range(50, 70)), "The test part of fold 0 .* below 60"),
        ((range(-70, 0), range(9)), "The training part of fold 0 .* row numbers below"),
        ((np.ones(50, bool), range(9)), "The training part .* mask of as many rows"),
        ((range(40), np.arange(9.0)), r"test part of fold 0 .* got array\(\[0\."),
        ((range(40), ["a", "b"]), "The test part of fold 0 .* row numbers"),
        ((range(40), np.arange(9)[:, np.newaxis]), "test part .* mask .*, got array"),
        ((range(40), 50), "The test part of fold 0 .* got 50"),
        ((range(40), None), "The test part of fold 0 .* got None"),
        ((np.zeros(60, bool), range(9)), "The training part of fold 0 of cv is empty"),
    ],
)
def test_rows_that_there_are_not(fold, message):
    with pytest.raises(ValueError, match=message):
        epoch_curve(network(), X, BINARY, cv=[fold])


@one_engine
def test_folds_that_there_are_not():
    for rule in ("best", "one_standard_error"):
        model = BackpropClassifierCV(cv=iter([]), rule=rule)
        with pytest.raises(ValueError, match=r"cv has no folds\. .* may be exhausted"):
            model.fit(X, BINARY)
        model.set_params(cv=GroupKFold(3))
        with pytest.raises(ValueError, match="'groups' parameter should not be None"):
            model.fit(X, BINARY)
