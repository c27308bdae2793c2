"""Differences between settings, with errors that know that folds overlap."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from scipy.stats import ttest_rel
from simulated import study_of

from sklearn_bp.model_selection._means import FoldSizes

RNG = np.random.RandomState(0)
GOOD = RNG.normal(0.9, 0.01, (4, 5))
EQUAL = GOOD + RNG.normal(-0.001, 0.01, (4, 5))
BAD = GOOD + RNG.normal(-0.3, 0.01, (4, 5))


def test_against_the_formulas():
    """Of the paired t-test, whose variance of the mean is larger by 1 + n q, where q is
    the ratio of test and training samples."""
    compared = study_of(GOOD, EQUAL, BAD).compare(reference=0, epoch=2)
    stretch = np.sqrt(1 + 5 * 20 / 80)
    for index, scores in ((1, EQUAL), (2, BAD)):
        usual = ttest_rel(scores[1], GOOD[1])
        difference = (scores[1] - GOOD[1]).mean()
        assert compared.differences[index] == pytest.approx(difference)
        error = difference / usual.statistic * stretch
        assert compared.standard_errors[index] == pytest.approx(error)
        low, high = usual.confidence_interval(0.95)
        margin = (high - low) / 2 * stretch
        assert compared.lower[index] == pytest.approx(difference - margin)
        assert compared.upper[index] == pytest.approx(difference + margin)
    wider = study_of(GOOD, EQUAL).compare(0, 2, confidence=0.99)
    assert wider.lower[1] < compared.lower[1]


def test_p_values_belong_to_the_intervals():
    study = study_of(GOOD, EQUAL)
    p_value = study.compare(0, 2).p_values[1]
    at_the_limit = study.compare(0, 2, confidence=1 - p_value)
    limits = at_the_limit.lower[1], at_the_limit.upper[1]
    assert min(map(abs, limits)) == pytest.approx(0, abs=1e-12)


def test_sizes_are_those_of_the_folds_that_count():
    sizes = FoldSizes((90, 1, 60), (10, 1, 40), (0, 0, 0))
    scores = np.array([[0.8, np.nan, 0.9]]), np.array([[0.5, np.nan, 0.7]])
    compared = study_of(*scores, sizes=sizes, left_out=(1,)).compare()
    differences = np.array([-0.3, -0.2])
    share = 1 / 2 + (10 / 90 + 40 / 60) / 2
    expected = differences.std(ddof=1) * np.sqrt(share)
    assert compared.standard_errors[1] == pytest.approx(expected)


def test_what_can_be_told_apart():
    compared = study_of(EQUAL, BAD, GOOD).compare()
    assert compared.reference == 2
    assert compared.told_apart == [1]
    assert compared.not_told_apart == [0]
    np.testing.assert_allclose(
        compared.adjusted_p_values, np.minimum(1, 2 * compared.p_values).clip(max=1)
    )
    assert "1 can be told apart from alpha=2 after epoch" in repr(compared)


def test_epochs_are_those_of_the_choice_or_given():
    study = study_of(GOOD, EQUAL[:2], BAD, given_up=(1,))
    best = [study.best_epoch_of(index) for index in range(3)]
    np.testing.assert_array_equal(study.compare().epochs, best)
    np.testing.assert_array_equal(study.compare(epoch=3).epochs, [3, 2, 3])
    simple = study.by("one_standard_error")
    choice = simple.select()
    assert simple.compare().reference == choice.index
    assert simple.compare().epochs[choice.index] == choice.epoch


def test_settings_that_failed_and_infinite_losses():
    study = study_of(GOOD, np.full((1, 5), np.nan), errors=[None, "failed"])
    compared = study.compare()
    assert np.isnan(compared.differences[1])
    assert compared.told_apart == compared.not_told_apart == []
    infinite = [[-1, -1, -np.inf, -1, -1]]
    compared = study_of(GOOD - 1, infinite).compare()
    assert compared.differences[1] == -np.inf
    assert np.isnan(compared.p_values[1])


def test_no_difference_and_the_same_in_all_folds():
    compared = study_of([[0.5, 0.5]], [[0.5, 0.5]], [[0.25, 0.25]]).compare()
    np.testing.assert_array_equal(compared.p_values, [1, 1, np.nan])
    assert compared.not_told_apart == [1, 2]  # that do not vary, nobody knows why
    np.testing.assert_array_equal(compared.standard_errors, 0)


def test_a_single_fold_has_no_error():
    compared = study_of([[0.5]], [[0.25]]).compare()
    assert compared.differences[1] == -0.25
    assert np.isnan(compared.standard_errors[1])
    assert np.isnan(compared.adjusted_p_values[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reference": 3}, "reference must be the number of a setting below 3"),
        ({"reference": 2}, "reference=2 is a setting that failed"),
        ({"epoch": 0}, "Epochs count from 1"),
        ({"confidence": 95}, "confidence must be between 0 and 1, got 95"),
    ],
)
def test_what_is_refused(arguments, message):
    nothing = np.full((1, 5), np.nan)
    study = study_of(GOOD, EQUAL, nothing, errors=[None, None, "failed"])
    with pytest.raises(ValueError, match=message):
        study.compare(**arguments)


def test_a_setting_as_good_as_any_is_rarely_told_apart_from_the_chosen():
    """Although the reference is the luckiest of them."""
    # The standard error is the usual one if the parts for training are large.
    sizes = FoldSizes((10**9,) * 8, (1,) * 8, (0,) * 8)
    rng = np.random.RandomState(1)
    alone, together = 0, 0
    for _ in range(600):
        compared = study_of(*rng.normal(size=(6, 1, 8)), sizes=sizes).compare()
        alone += compared.p_values[0] < 0.05
        together += 0 in compared.told_apart
    assert alone > 600 * 0.06
    assert together < 600 * 0.05


def test_how_it_is_shown():
    compared = study_of(EQUAL, BAD, GOOD).compare()
    frame = compared.to_frame()
    assert list(frame.columns) == [
        *("alpha", "epoch", "difference", "standard_error", "lower", "upper"),
        *("p_value", "adjusted_p_value"),
    ]
    assert len(frame) == 3
    page = ET.fromstring(compared._repr_html_())
    assert len(page.findall("table/tbody/tr")) == 3
    assert compared == study_of(EQUAL, BAD, GOOD).compare()


def test_the_summary_says_what_can_be_told_apart():
    lines = study_of(EQUAL, BAD, GOOD).summary().splitlines()
    assert lines[2].startswith("Corrected for having been chosen by these folds: acc")
    assert lines[3] == "1 of the 2 other settings can be told apart from the best: " + (
        "alpha=1."
    )
    text = study_of(EQUAL, GOOD).summary()
    assert "The other setting cannot be told apart from the best." in text
    text = study_of(EQUAL, GOOD, GOOD).summary()
    assert "None of the 2 other settings can be told apart from the best." in text
    alone = study_of(GOOD).summary()
    assert "told apart" not in alone
    many = study_of(GOOD, *(BAD + i / 100 for i in range(8))).summary()
    assert "alpha=1; alpha=2; alpha=3 and 5 more." in many
    assert "told apart" not in study_of(EQUAL, GOOD, folds=None).summary()
    assert "told apart" not in study_of([[0.5]], [[0.6]]).summary()
