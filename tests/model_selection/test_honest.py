"""What a choice is worth: of score matrices whose truth is known."""

import pickle

import numpy as np
import pytest
from simulated import study_of
from sklearn.datasets import load_iris
from sklearn.model_selection import (
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

from sklearn_bp import BackpropClassifier, BackpropClassifierCV, overfitting_study
from sklearn_bp.model_selection._means import FoldSizes

X, Y = load_iris(return_X_y=True)
A = [[0.6, 0.9, 0.5], [0.7, 0.7, 0.7]]
B = [[0.8, 0.4, 0.6], [0.5, 0.8, 0.9]]


# ---- by hand -----------------------------------------------------------------------


def test_leaving_one_fold_out_by_hand():
    """Means: 0.667 and 0.7 of A, 0.6 and 0.733 of B. Without fold 0, epoch 2 of B is
    best (0.85), which has 0.5 there; without fold 1, the same ties with epoch 1 of B
    (0.7), and with epoch 2 of A, the first; without fold 2, epoch 1 of A (0.75)."""
    corrected = study_of(A, B).corrected_score()
    assert corrected.score == pytest.approx(np.mean([0.5, 0.7, 0.5]))
    assert corrected.bias == pytest.approx(2.2 / 3 - 1.7 / 3)


def test_tibshirani_by_hand():
    """The folds' best are 0.8, 0.9 and 0.9, the choice has 0.5, 0.8 and 0.9."""
    corrected = study_of(A, B).corrected_score(method="tibshirani")
    assert corrected.bias == pytest.approx((0.3 + 0.1 + 0) / 3)
    assert corrected.score == pytest.approx(2.2 / 3 - 0.4 / 3)


def test_the_rule_of_one_standard_error_against_a_loop():
    rng = np.random.RandomState(0)
    matrices = rng.normal(0, 1, (3, 6, 5)) + np.arange(3).reshape(3, 1, 1) / 4
    scores = []
    for fold in range(5):
        others = np.delete(matrices, fold, axis=2)
        means = others.mean(axis=2)
        best = np.unravel_index(means.argmax(), means.shape)
        threshold = means[best] - others[best].std(ddof=1) / 2
        setting = max(s for s in range(3) if (means[s] >= threshold).any())
        epoch = np.flatnonzero(means[setting] >= threshold)[0]
        scores.append(matrices[setting, epoch, fold])
    study = study_of(*matrices, rule="one_standard_error")
    assert study.corrected_score().score == pytest.approx(np.mean(scores))
    assert study.corrected_score("best") != study.corrected_score()


def test_the_standard_error_is_that_of_folds_that_overlap():
    scores = np.array([0.5, 0.7, 0.5])
    expected = scores.std(ddof=1) * np.sqrt(1 / 3 + 20 / 40)
    assert study_of(A, B).corrected_score().standard_error == pytest.approx(expected)


# ---- by simulation -----------------------------------------------------------------


def simulated(n_studies, n_folds, spread, seed, n_repeats=1):
    """Studies of two settings with normal scores whose means differ, given with the
    true score of each."""
    rng = np.random.RandomState(seed)
    for _ in range(n_studies):
        truth = spread * rng.normal(size=(2, 12))
        noise = rng.normal(size=(2, 12, n_folds * n_repeats))
        noise += rng.normal(size=noise.shape[2])  # folds are hard or easy
        repeats = np.repeat(np.arange(n_repeats), n_folds)
        n_all = n_folds * n_repeats
        sizes = FoldSizes((80,) * n_all, (20,) * n_all, tuple(repeats.tolist()))
        yield study_of(*(truth[..., np.newaxis] + noise), sizes=sizes), truth


@pytest.mark.parametrize(
    ("rule", "n_folds"),
    [
        ("best", 2),
        ("best", 5),
        ("best", 10),
        ("one_standard_error", 3),
        ("one_standard_error", 10),
    ],
)
def test_unbiased_on_pure_noise(rule, n_folds):
    pairs = [
        (study.corrected_score(rule).score, study.select(rule).score)
        for study, _ in simulated(400, n_folds, 0, n_folds)
    ]
    corrected, plain = np.transpose(pairs)
    error = corrected.std() / np.sqrt(len(corrected))
    assert abs(corrected.mean()) < 3 * error
    if rule == "best":
        assert plain.mean() > 10 * error


def test_repeats_are_no_way_around_it():
    """Repeats that are the same folds again: a choice by all other folds would have
    seen the fold that it is scored on."""
    rng = np.random.RandomState(0)
    sizes = FoldSizes((80,) * 10, (20,) * 10, (0,) * 5 + (1,) * 5)
    scores = []
    for _ in range(400):
        matrix = np.tile(rng.normal(size=(20, 5)), 2)
        scores.append(study_of(matrix, sizes=sizes).corrected_score().score)
    assert abs(np.mean(scores)) < 3 * np.std(scores) / 20


def test_tibshirani_on_pure_noise_has_the_error_of_its_closed_form():
    """The best mean of n folds is too large by c / sqrt(n), where c is what the best
    of one fold is; the estimate is c (1 - 1 / sqrt(n)). Equal for four folds."""
    for n_folds in (2, 4, 10):
        biases, truth = [], []
        for study, _ in simulated(400, n_folds, 0, 10 + n_folds):
            choice = study.select()
            noise = np.mean([curve.test_scores.mean() for curve in study.curves])
            biases.append(study.corrected_score(method="tibshirani").bias)
            truth.append(choice.score - noise)
        ratio = np.sqrt(n_folds) - 1
        expected = ratio * np.mean(truth)
        error = np.std(np.array(biases) - ratio * np.array(truth)) / 20
        assert abs(np.mean(biases) - expected) < 3 * error


def test_closer_to_the_truth_where_settings_differ():
    plain, corrected = [], []
    for study, truth in simulated(300, 5, 0.5, 1):
        choice = study.select()
        true_score = truth[choice.index, choice.epoch - 1]
        plain.append(choice.score - true_score)
        corrected.append(study.corrected_score().score - true_score)
    assert np.mean(plain) > 0.3
    assert abs(np.mean(corrected)) < 0.3 * np.mean(plain)


# ---- what is not as usual --------------------------------------------------------


def test_one_model_is_not_chosen():
    for method in ("leave_one_fold_out", "tibshirani"):
        corrected = study_of([[0.5, 0.7, 0.9]]).corrected_score(method=method)
        assert corrected.score == pytest.approx(0.7)
        assert corrected.bias == pytest.approx(0)


@pytest.mark.parametrize("method", ["leave_one_fold_out", "tibshirani"])
def test_what_cannot_be_chosen_does_not_count(method):
    """Epochs without a score in some fold, and settings that failed."""
    holes = [*A, [np.nan, 1.0, 1.0]]
    study = study_of(holes, B, np.full((1, 3), np.nan), errors=[None, None, "failed"])
    expected = study_of(A, B).corrected_score(method=method)
    assert study.corrected_score(method=method) == expected


@pytest.mark.parametrize("method", ["leave_one_fold_out", "tibshirani"])
def test_folds_that_are_left_out(method):
    more = [np.insert(scores, 1, np.nan, axis=1) for scores in (A, B)]
    sizes = FoldSizes((40, 7, 40, 40), (20, 900, 20, 20), (0,) * 4)
    study = study_of(*more, left_out=(1,), sizes=sizes)
    expected = study_of(A, B).corrected_score(method=method)
    assert study.corrected_score(method=method) == expected


def test_settings_that_were_given_up():
    study = study_of(A[:1], B, given_up=(0,))
    assert study.corrected_score().score == pytest.approx(np.mean([0.5, 0.4, 0.5]))


def test_infinite_losses():
    """Chosen by two folds, and infinite in the third."""
    spoiled = [[-0.1, -0.1, -np.inf], [-1, -1, -1]]
    corrected = study_of(spoiled).corrected_score()
    assert corrected.score == -np.inf
    assert corrected.bias == np.inf
    assert np.isnan(corrected.standard_error)
    never_chosen = [[-np.inf] * 3, [-1, -1, -1]]
    assert study_of(never_chosen).corrected_score()[:2] == (-1, 0)
    by_fold = study_of(never_chosen).corrected_score(method="tibshirani")
    assert by_fold[:2] == (-1, 0)
    study_of([[-np.inf] * 3]).corrected_score(method="tibshirani")


@pytest.mark.parametrize("method", ["leave_one_fold_out", "tibshirani"])
def test_a_single_fold_has_no_correction(method):
    assert np.isnan(study_of([[0.5], [0.6]]).corrected_score(method=method)).all()


def test_two_folds_have_none_by_a_standard_error():
    study = study_of([[0.5, 0.6], [0.6, 0.8]])
    assert np.isnan(study.corrected_score("one_standard_error")).all()


def test_what_is_refused():
    study = study_of(A, B)
    with pytest.raises(ValueError, match=r"method must be one of .* got 'other'"):
        study.corrected_score(method="other")
    with pytest.raises(ValueError, match="rule must be one of"):
        study.corrected_score("other")
    with pytest.raises(ValueError, match="corrects the largest mean score"):
        study.corrected_score("one_standard_error", "tibshirani")
    unknown = study_of(A, B, folds=None)
    for method in (unknown.corrected_score, unknown.compare):
        with pytest.raises(ValueError, match="does not know the sizes of its folds"):
            method()


# ---- of real studies ---------------------------------------------------------------


def network():
    return BackpropClassifier(
        4, learning_rate_init=0.02, max_iter=5, random_state=0, n_iter_no_change=9
    )


SPLITTERS = {
    "k folds": (KFold(3, shuffle=True), (100,) * 3, (50,) * 3, (0, 0, 0)),
    "repeated": (
        RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0),
        (100,) * 6,
        (50,) * 6,
        (0, 0, 0, 1, 1, 1),
    ),
    "shuffled": (ShuffleSplit(3, random_state=0), (135,) * 3, (15,) * 3, (0, 1, 2)),
    "growing": (TimeSeriesSplit(2, test_size=30), (90, 120), (30, 30), (0, 0)),
    "single": (PredefinedSplit(np.arange(150) % 3 // 2 - 1), (100,), (50,), (0,)),
}


@pytest.mark.filterwarnings("ignore:In some folds")
@pytest.mark.parametrize("kind", SPLITTERS)
def test_a_study_knows_its_folds(kind):
    cv, n_train, n_test, repeats = SPLITTERS[kind]
    study = overfitting_study(network(), X, Y, {"alpha": [1, 2]}, cv=cv)
    assert study.folds.n_train == n_train
    assert study.folds.n_test == n_test
    assert study.folds.repeats == repeats
    assert study.only([1]).folds == study.folds
    has_others = len(set(repeats)) < len(repeats)
    assert np.isnan(study.corrected_score().score) != has_others
    assert pickle.loads(pickle.dumps(study)) == study


def test_repeats_are_corrected_one_by_one():
    cv = SPLITTERS["repeated"][0]
    grid = {"alpha": [0.1, 10], "learning_rate_init": [0.01, 0.05]}
    study = overfitting_study(network(), X, Y, grid, cv=cv)
    folds = list(cv.split(X, Y))
    each = [
        overfitting_study(network(), X, Y, grid, cv=part).corrected_score().score
        for part in (folds[:3], folds[3:])
    ]
    assert study.corrected_score().score == pytest.approx(np.mean(each))


@pytest.mark.filterwarnings("ignore:The training loss:UserWarning")
def test_a_network_that_chooses_for_itself_knows_its_folds():
    model = BackpropClassifierCV(
        network(), alphas=[0.1, 1], hidden_layer_sizes=[3], max_iter=5, random_state=0
    )
    with pytest.warns(UserWarning, match="more may be better"):
        model.fit(X, Y)
    assert np.isfinite(model.study_.corrected_score()).all()
