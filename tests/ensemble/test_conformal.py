"""Intervals and sets, against their definition and by simulation."""

import numpy as np
import pytest

from sklearn_bp.ensemble._conformal import (
    are_plausible,
    check_coverage,
    sorted_errors,
    upper_bounds,
)


def equally(errors):
    return sorted_errors(
        errors, [np.ones(len(e)) for e in errors], sum(map(len, errors))
    )


def example(seed, sizes, integers=False):
    rng = np.random.RandomState(seed)
    errors = [rng.exponential(size=size) for size in sizes]
    if integers:
        errors = [np.round(3 * e) for e in errors]
    centers = rng.normal(size=(len(sizes), 7))
    if integers:
        centers = np.round(centers)
    return errors, centers


@pytest.mark.parametrize("coverage", [0.01, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("sizes", [(40, 13, 20), (1, 30), (25,)])
def test_bounds_are_the_quantile_of_all_sums(sizes, coverage, integers):
    errors, centers = example(0, sizes, integers)
    folds = equally(errors)
    bounds = upper_bounds(centers, folds, coverage)
    rank = int(np.ceil(coverage * (sum(sizes) + 1) - 1e-9))
    for column, bound in zip(centers.T, bounds, strict=True):
        sums = np.concatenate([c + e for c, e in zip(column, errors, strict=True)])
        expected = np.sort(sums)[rank - 1] if rank <= len(sums) else np.inf
        assert bound == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_too_few_errors_bound_nothing():
    errors, centers = example(1, (4, 4))
    folds = equally(errors)
    assert np.isinf(upper_bounds(centers, folds, 0.9)).all()
    errors, centers = example(1, (4, 5))
    folds = equally(errors)
    assert np.isfinite(upper_bounds(centers, folds, 0.9)).all()


def test_weights_are_relative():
    errors, centers = example(2, (30, 30))
    weights = [np.random.RandomState(3).uniform(size=30) for _ in range(2)]
    bounds = [
        upper_bounds(centers, sorted_errors(errors, [s * w for w in weights], 60), 0.8)
        for s in (1, 2**40)
    ]
    np.testing.assert_array_equal(*bounds)


def test_what_has_no_weight_does_not_count():
    errors, centers = example(4, (5, 5))
    far = [np.append(e, 1e25) for e in errors]
    with_far = sorted_errors(far, [np.append(np.ones(5), 0)] * 2, 10)
    for coverage in (0.5, 0.95):
        np.testing.assert_array_equal(
            upper_bounds(centers, with_far, coverage),
            upper_bounds(centers, equally(errors), coverage),
        )


def test_large_errors_do_not_blur_small_ones():
    folds = equally([np.array([1.0, 2, 3] + 10 * [1e25])])
    assert upper_bounds(np.zeros((1, 1)), folds, 0.2)[0] == 3


def test_samples_in_several_folds_count_once():
    errors, centers = example(8, (6,))
    twice = sorted_errors(2 * errors, [np.full(6, 0.5)] * 2, 6)
    twice_centers = np.repeat(centers, 2, axis=0)
    for coverage in (0.3, 0.85, 0.9):
        np.testing.assert_array_equal(
            upper_bounds(twice_centers, twice, coverage),
            upper_bounds(centers, equally(errors), coverage),
        )


@pytest.mark.parametrize("coverage", [0.3, 0.9])
def test_plausible_is_what_is_below_enough_errors(coverage):
    errors, _ = example(5, (20, 31))
    folds = equally(errors)
    asked = np.random.RandomState(6).exponential(size=(2, 9, 4))
    found = are_plausible(asked, folds, coverage)
    for place in np.ndindex(9, 4):
        below = sum(np.sum(e < a[place]) for e, a in zip(errors, asked, strict=True))
        assert found[place] == (below < np.ceil(coverage * 52 - 1e-9))


def test_coverage_of_new_targets():
    """With the true mean as the prediction of each fold, coverage is exact up to the
    size of the sample."""
    rng = np.random.RandomState(7)
    hits = []
    for _ in range(200):
        errors = [np.abs(rng.normal(size=50)) for _ in range(4)]
        folds = equally(errors)
        centers = np.zeros((4, 100))
        upper = upper_bounds(centers, folds, 0.9)
        hits.append(np.mean(np.abs(rng.normal(size=100)) <= upper))
    error = np.std(hits) / np.sqrt(len(hits))
    # ceil(0.9 * 201) of 201 places that a new error may have among the others
    assert abs(np.mean(hits) - 181 / 201) < 4 * error


@pytest.mark.parametrize("coverage", [0, 1, -0.5, 90, "0.9", None, True, np.nan])
def test_no_coverage(coverage):
    with pytest.raises(ValueError, match="coverage must be a number between 0 and 1"):
        check_coverage(coverage)
