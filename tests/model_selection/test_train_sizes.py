"""Studies on growing parts of each fold, against learning curves and folds that are cut
by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    learning_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor, overfitting_study
from sklearn_bp.model_selection._train_sizes import last_gain, learning_curves

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
WEIGHT = np.random.RandomState(0).uniform(0.5, 2, size=150)
GROUPS = np.arange(150) % 15
FOLDS = StratifiedKFold(3)
SETTINGS = {
    "hidden_layer_sizes": (4,),
    "learning_rate_init": 0.02,
    "max_iter": 8,
    "random_state": 0,
}
NETWORK = BackpropClassifier(**SETTINGS)
REGRESSOR = BackpropRegressor(**SETTINGS)
GRID = {"alpha": [0.001, 1, 30]}


def study(train_sizes=(15, 50), network=NETWORK, y=Y, cv=FOLDS, **options):
    return overfitting_study(
        network, X, y, GRID, cv=cv, train_sizes=train_sizes, **options
    )


def cut_by_hand(cv, size, groups=None):
    random_state = np.random.RandomState(0)
    for train, test in cv.split(X, Y, groups):
        chosen = random_state.permutation(train)[:size]
        yield np.array([row for row in train if row in chosen]), test


# ---- against other ways to the same numbers ------------------------------------------


@pytest.mark.parametrize("train_sizes", [[0.2, 0.5, 1.0], [12, 40, 100]], ids=str)
@pytest.mark.parametrize("kind", ["classifier", "pipeline", "regressor", "targets"])
def test_scores_are_those_of_a_learning_curve(kind, train_sizes):
    # a step takes all rows, so that their order only matters to rounding
    settings = {**SETTINGS, "batch_size": "full", "n_iter_no_change": np.inf}
    data = X, Y
    network = BackpropClassifier(**settings)
    if kind == "pipeline":
        network = make_pipeline(StandardScaler(), network)
    elif kind != "classifier":
        network, data = BackpropRegressor(**settings), load_diabetes(return_X_y=True)
        data = data[0][:150], data[1][:150] / 100
        if kind == "targets":
            network = TransformedTargetRegressor(network, transformer=StandardScaler())
    cv = KFold(3, shuffle=True, random_state=1)
    found = overfitting_study(network, *data, {}, cv=cv, train_sizes=train_sizes)
    sizes, *expected = learning_curve(
        network, *data, cv=cv, train_sizes=train_sizes, shuffle=True, random_state=0
    )
    assert found.train_sizes.tolist() == sizes.tolist()
    for part, scores in zip(("train", "test"), expected, strict=True):
        of_last_epoch = [
            getattr(found.at_size(size).curves[0], f"{part}_scores")[-1]
            for size in sizes
        ]
        np.testing.assert_allclose(of_last_epoch, scores, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("network", "cv", "options"),
    [
        (NETWORK, FOLDS, {"sample_weight": WEIGHT, "scoring": "loss"}),
        (NETWORK, GroupKFold(3), {"groups": GROUPS}),
        (NETWORK, FOLDS, {"halving_factor": 2, "n_jobs": 2}),
        (Pipeline([("scale", StandardScaler()), ("net", NETWORK)]), FOLDS, {}),
        (BackpropClassifier(**SETTINGS, early_stopping=True), FOLDS, {}),
        (BackpropClassifier(**SETTINGS, solver="lbfgs"), FOLDS, {}),
    ],
    ids=["weights", "groups", "halving", "pipeline", "early stopping", "lbfgs"],
)
def test_each_size_is_a_study_of_folds_that_are_cut(network, cv, options):
    name = "net__alpha" if isinstance(network, Pipeline) else "alpha"

    def run(cv, **sizes):
        grid = {name: GRID["alpha"]}
        return overfitting_study(network, X, Y, grid, cv=cv, **options, **sizes)

    found = run(cv, train_sizes=[15, 50])
    assert found.train_sizes.tolist() == [15, 50, 100]
    for size in (15, 50):
        folds = list(cut_by_hand(cv, size, options.get("groups")))
        assert found.at_size(size) == run(folds)
    assert found.at_size(100) is found
    assert replace(found, smaller={}) == run(cv)


def test_smaller_parts_lie_within_larger_ones():
    rows = [list(cut_by_hand(FOLDS, size)) for size in (15, 50)]
    for (small, _), (large, _) in zip(*rows, strict=True):
        assert set(small) < set(large)


# ---- sizes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train_sizes", "expected"),
    [
        (None, [100]),
        ([1.0], [100]),
        ([100], [100]),
        ([0.5, 0.1, 0.5], [10, 50, 100]),
        (np.array([20, 10], dtype=np.uint8), [10, 20, 100]),
        (np.linspace(0.25, 1, 4, dtype=np.float32), [25, 50, 75, 100]),
        (pd.Series([0.333]), [33, 100]),
    ],
    ids=str,
)
def test_sizes(train_sizes, expected):
    found = study(train_sizes)
    assert found.train_sizes.tolist() == expected
    assert list(found.smaller) == expected[:-1]


def test_sizes_of_unequal_folds():
    found = study([0.5, 1.0], cv=TimeSeriesSplit(3), y=X[:, 0], network=REGRESSOR)
    smallest = len(next(TimeSeriesSplit(3).split(X))[0])
    mean = np.mean([len(train) for train, _ in TimeSeriesSplit(3).split(X)])
    assert found.train_sizes.tolist() == [smallest // 2, round(mean)]


@pytest.mark.parametrize(
    ("train_sizes", "message"),
    [
        ([], "train_sizes must be a list"),
        (0.5, "train_sizes must be a list"),
        (["all"], "train_sizes must be a list"),
        ([True], "train_sizes must be a list"),
        ([[10]], "train_sizes must be a list"),
        ([0, 10], "Integers in train_sizes must be > 0 and <= 100"),
        ([101], "Integers in train_sizes must be > 0 and <= 100"),
        ([-1], "Integers in train_sizes must be > 0"),
        ([0.0], "Fractions in train_sizes must be > 0 and <= 1"),
        ([1.5], "Fractions in train_sizes must be > 0 and <= 1"),
        ([np.nan], "Fractions in train_sizes must be > 0 and <= 1"),
        ([10.0, 50.0], "Numbers of rows must be integers"),
    ],
)
def test_what_are_no_sizes(train_sizes, message):
    with pytest.raises(ValueError, match=message):
        study(train_sizes)


def test_too_few_rows_for_all_classes():
    with pytest.warns(
        UserWarning, match="In some folds of cv, cut to 2 rows by train_sizes, networks"
    ) as warned:
        found = study([2, 50])
    assert len(warned) == 1
    assert np.isfinite(found.at_size(2).curves[0].test_losses).all()


@pytest.mark.usefixtures("_no_training")
def test_too_few_rows_for_a_network_are_found_before_training():
    network = BackpropClassifier(**SETTINGS, early_stopping=True, scoring="roc_auc_ovr")
    with (
        pytest.raises(ValueError, match=r"^train_sizes=1: "),
        pytest.warns(UserWarning, match="without samples of some classes"),
    ):
        study([1, 50], network=network)
    weight = np.zeros(150)
    weight[[10, 60, 110]] = 1
    with pytest.raises(ValueError, match=r"fold . of cv, cut to 1 row by train_sizes,"):
        study([1], sample_weight=weight, cv=KFold(3))


@pytest.fixture
def _no_training(monkeypatch):
    def train(*args):
        raise AssertionError("something was trained")

    monkeypatch.setattr("sklearn_bp.model_selection._trainings.train_fold", train)


def test_a_size_at_which_all_settings_fail_is_left_out():
    calls = []

    def fail(X):
        calls.append(len(X))
        if calls.count(15) > 2:  # not in the trial before training
            raise ValueError("too few")
        return X

    network = make_pipeline(FunctionTransformer(fail), NETWORK)
    with pytest.warns(FitFailedWarning, match="train_sizes=15: All settings failed"):
        found = overfitting_study(network, X, Y, {}, cv=FOLDS, train_sizes=[15, 40])
    assert found.train_sizes.tolist() == [40, 100]


def test_warnings_name_the_size():
    grid = [{"alpha": [1]}, {"solver": ["sgd"], "learning_rate_init": [1e300]}]
    with pytest.warns(FitFailedWarning) as warned:
        overfitting_study(NETWORK, X, Y, grid, cv=FOLDS, train_sizes=[15])
    starts = [str(warning.message).partition(" settings")[0] for warning in warned]
    assert starts == ["1 of 2", "15 rows: 1 of 2"]


# ---- what can be read off ------------------------------------------------------------


def test_questions():
    found = study()
    with pytest.raises(ValueError, match=r"must be one of \[15, 50, 100\], got 20"):
        found.at_size(20)
    simple = found.by("one_standard_error")
    assert (
        simple.at_size(15).best_params_
        == found.at_size(15).select("one_standard_error").params
    )
    some = found.only([2, 0])
    assert some.at_size(50).params == [{"alpha": 30}, {"alpha": 0.001}]
    assert some.at_size(50).curves[1] == found.at_size(50).curves[0]


def test_frames_and_numbers_for_pictures():
    found = study()
    frame = found.to_frame(by_size=True)
    assert len(frame) == 9
    curves = learning_curves(found)
    for row, size in enumerate((15, 50, 100)):
        part = found.at_size(size)
        rows = frame.query(f"train_size == {size}").drop(columns="train_size")
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), part.to_frame())
        for column, (name, error) in {
            "test_score": ("test_score", "test_error"),
            "train_score": ("train_score", "train_error"),
        }.items():
            np.testing.assert_array_equal(curves[name][row], rows[column])
            for index in range(3):
                scores = getattr(part.curves[index], f"{column}s")
                scores = scores[part.best_epoch_of(index) - 1]
                expected = scores.std(ddof=1) / np.sqrt(3)
                np.testing.assert_allclose(curves[error][row, index], expected)
        assert curves["epoch"][row].tolist() == rows["best_epoch"].tolist()
    by_epoch = found.to_frame(by_epoch=True, by_size=True)
    assert len(by_epoch) == 3 * 3 * 3 * 8
    assert list(by_epoch)[:2] == ["train_size", "alpha"]


def test_the_gain_of_the_last_doubling():
    found = study([5, 15, 40, 70])
    gain = last_gain(found)
    assert gain.sizes == (40, 100)  # 2.5 is closer to a doubling than 1.43 is
    before, after = (
        part.curves[part.best_index_].test_scores[part.best_epoch_ - 1]
        for part in (found.at_size(40), found)
    )
    assert gain.scores == (before.mean(), after.mean())
    assert gain.mean == pytest.approx((after - before).mean())
    expected = (after - before).std(ddof=1) / np.sqrt(3)
    assert gain.standard_error == pytest.approx(expected)
    assert last_gain(study(None)) is None


def with_scores(found, before, after):
    """A study of one setting with these scores in its folds, at 50 and 100 rows."""

    def having(part, scores):
        curve = part.curves[0]
        scores = np.tile(np.asarray(scores, dtype=float), (8, 1))
        vars(curve)["test_scores"] = scores
        return part

    having(found.at_size(50), before)
    return having(found, after)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            [0.7, 0.7, 0.7],
            [0.8, 0.82, 0.78],
            "More data may help: trained on 100 rows instead of 50, the best test"
            " accuracy is 0.8 instead of 0.7, a gain of 0.1 (standard error 0.012).",
        ),
        ([0.7, 0.8, 0.9], [0.9, 0.8, 0.71], "More data would hardly help: trained on"),
        ([0.7, 0.8, 0.9], [0.7, 0.7, 0.7], "More data would hardly help: trained on"),
    ],
)
def test_a_sentence_of_the_summary(before, after, sentence):
    found = overfitting_study(NETWORK, X, Y, {}, cv=FOLDS, train_sizes=[50])
    assert sentence in with_scores(found, before, after).summary()


def test_a_sentence_about_losses_and_a_single_fold():
    found = study([50], scoring="loss")
    after, before = -found.best_score_, -found.at_size(50).best_score_
    assert f"test loss is {after:.4g} instead of {before:.4g}" in found.summary()
    found = study([50], cv=[(np.arange(0, 150, 2), np.arange(1, 150, 2))])
    assert "Whether more data would help is unclear" in found.summary()
    assert "More data" not in study(None).summary()
