"""Intervals and sets from the errors on samples that networks have not seen.

In the CV+ of Barber, Candès, Ramdas & Tibshirani (2021), "Predictive inference with the
jackknife+", each sample says where a new target may lie: as far from what the networks
that have not seen the sample predict as they were wrong about it.
"""

import math
from numbers import Real

import numpy as np

#: Of sums of weights, which are near whole numbers if all are equal.
ROUNDING = 1e-6


def check_coverage(coverage):
    """Raise a ValueError unless it is a share between 0 and 1."""
    is_number = isinstance(coverage, Real) and not isinstance(coverage, bool | np.bool_)
    if not (is_number and 0 < coverage < 1):
        raise ValueError(
            f"coverage must be a number between 0 and 1, such as 0.9, got {coverage!r}."
        )


def sorted_errors(errors, weights, n_samples):
    """The errors of the networks of each fold, as the functions below take them.

    Parameters
    ----------
    errors : list of ndarray of shape (n_rows,)
        For each fold, by how much its networks were wrong about its samples.
    weights : list of ndarray of shape (n_rows,)
        The weight of each sample; those without one are left out.
    n_samples : int
        What the weights are to sum to: the number of different samples.

    Returns
    -------
    folds : list of ndarray of shape (2, n_rows)
        Of each fold, the errors in ascending order, and the sum of the weights up to
        each.
    """
    scale = n_samples / sum(weight.sum() for weight in weights)
    folds = []
    for of_fold, weight in zip(errors, weights, strict=True):
        of_fold, weight = of_fold[weight > 0], weight[weight > 0]
        order = np.argsort(of_fold, kind="stable")
        folds.append(np.stack([of_fold[order], np.cumsum(weight[order]) * scale]))
    return folds


def upper_bounds(centers, folds, coverage):
    """Bounds below which the share `coverage` of what may be lies.

    Parameters
    ----------
    centers : ndarray of shape (n_folds, n_samples)
        What the networks of each fold predict.
    folds : list of ndarray of shape (2, n_rows)
        Their errors.
    coverage : float
        The share.

    Returns
    -------
    bounds : ndarray of shape (n_samples,)
        Of all sums of a prediction and an error, the one of that rank. Infinite if
        there are too few errors.
    """
    needed = _needed(folds, coverage)
    if needed > _total(folds):
        return np.full(centers.shape[1], np.inf)
    low = np.min([c + errors[0] for c, (errors, _) in zip(centers, folds)], axis=0)
    high = np.max([c + errors[-1] for c, (errors, _) in zip(centers, folds)], axis=0)
    low = np.nextafter(low, -np.inf)
    while True:
        middle = low / 2 + high / 2
        if ((middle <= low) | (middle >= high)).all():
            return high  # there are no doubles in between
        weight = sum(
            _weight_up_to(middle - center, fold, "right")
            for center, fold in zip(centers, folds)
        )
        is_enough = weight >= needed
        high, low = np.where(is_enough, middle, high), np.where(is_enough, low, middle)


def are_plausible(errors, folds, coverage):
    """Whether errors are among the share `coverage` of the smaller ones.

    Parameters
    ----------
    errors : ndarray of shape (n_folds, ...)
        How wrong the networks of each fold would be if something was true.
    folds : list of ndarray of shape (2, n_rows)
        Their errors about samples that they have not seen.
    coverage : float
        The share.

    Returns
    -------
    are_plausible : ndarray of bool of shape (...)
        Whether it may be true.
    """
    weight = sum(
        _weight_up_to(of_fold, fold, "left")
        for of_fold, fold in zip(errors, folds, strict=True)
    )
    return weight < _needed(folds, coverage)


def _needed(folds, coverage):
    """The rank, with the new sample counted as one of them."""
    return math.ceil(coverage * (_total(folds) + 1) - ROUNDING) - ROUNDING


def _total(folds):
    return sum(weights[-1] for _, weights in folds)


def _weight_up_to(values, fold, side):
    """The weight of the errors that are at most, or below, each of some values."""
    errors, weights = fold
    weights = np.concatenate([[0.0], weights])
    return weights[np.searchsorted(errors, values, side)]
