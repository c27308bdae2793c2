"""The third axis of a study: how much data there are to train on."""

import math
from typing import NamedTuple

import numpy as np


def check_train_sizes(train_sizes, n_most):
    """The numbers of rows to train on, besides all of them.

    Parameters
    ----------
    train_sizes : array-like of shape (n_sizes,) or None
        Numbers of rows, or fractions of the most; None is none.
    n_most : int
        The most rows that all folds have.

    Returns
    -------
    sizes : list of int
        Those below `n_most`, in ascending order.

    Raises
    ------
    ValueError
        If these are no sizes.
    """
    if train_sizes is None:
        return []
    sizes = np.asarray(train_sizes)
    if sizes.ndim != 1 or len(sizes) == 0 or sizes.dtype.kind not in "iuf":
        raise ValueError(
            "train_sizes must be a list of integers, the numbers of rows to train on,"
            f" or of fractions of the training part of a fold, got {train_sizes!r}."
        )
    if sizes.dtype.kind == "f":
        if not ((sizes > 0) & (sizes <= 1)).all():
            raise ValueError(
                "Fractions in train_sizes must be > 0 and <= 1, got"
                f" {train_sizes!r}. Numbers of rows must be integers."
            )
        sizes = np.clip((sizes * n_most).astype(int), 1, n_most)
    elif sizes.min() <= 0 or sizes.max() > n_most:
        raise ValueError(
            f"Integers in train_sizes must be > 0 and <= {n_most}, the rows that the"
            f" smallest training part of cv has, got {train_sizes!r}."
        )
    return np.unique(sizes[sizes < n_most]).tolist()


def cut_folds(folds, train_sizes):
    """Folds whose training parts are cut to some sizes.

    Rows are drawn as `learning_curve` does with ``shuffle=True, random_state=0``, so
    that smaller parts lie within the larger ones, and stay in the order of the fold.

    Parameters
    ----------
    folds : list of tuple of ndarray
        Row numbers for training and for testing.
    train_sizes : array-like or None
        See `check_train_sizes`.

    Returns
    -------
    smaller : dict
        The folds of each size, in ascending order.
    """
    if train_sizes is None:
        return {}
    random_state = np.random.RandomState(0)
    orders = [random_state.permutation(len(train)) for train, _ in folds]
    return {
        size: [
            (train[np.sort(order[:size])], test)
            for (train, test), order in zip(folds, orders, strict=True)
        ]
        for size in check_train_sizes(train_sizes, min(map(len, orders)))
    }


class Gain(NamedTuple):
    """What more data have brought.

    Parameters
    ----------
    sizes : tuple of int
        How many rows networks were trained on, before and after.
    scores : tuple of float
        The best mean test scores over the folds, before and after.
    mean, standard_error : float
        The difference; its error is over the folds, NaN for a single one.
    """

    sizes: tuple
    scores: tuple
    mean: float
    standard_error: float


def last_gain(study):
    """What about the last doubling of the training parts has brought.

    Parameters
    ----------
    study : OverfittingStudy
        The study, with smaller ones.

    Returns
    -------
    gain : Gain or None
        From the size closest to the half up to all rows, each with its best setting and
        epoch; None if no smaller size was studied.
    """
    if not study.smaller:
        return None
    size = min(study.smaller, key=lambda n: abs(math.log(2 * n / study.train_size)))
    parts = (study.at_size(size), study)
    choices = [part.select("best") for part in parts]
    before, after = (
        part.curves[choice.index].test_scores[choice.epoch - 1]
        for part, choice in zip(parts, choices, strict=True)
    )
    left_out = {n for p, c in zip(parts, choices) for n in p.curves[c.index].left_out}
    with np.errstate(invalid="ignore"):  # of infinite losses
        gains = np.delete(after - before, sorted(left_out))
    return Gain(
        (size, study.train_size),
        tuple(choice.score for choice in choices),
        *_mean_and_error(gains),
    )


def learning_curves(study):
    """How scores depend on the number of rows that networks are trained on.

    Parameters
    ----------
    study : OverfittingStudy
        The study.

    Returns
    -------
    curves : dict of ndarray of shape (n_sizes, n_settings)
        At the best epoch of each size and setting: this epoch in 'epoch'; the mean
        scores over the folds and their standard errors in 'train_score',
        'train_error', 'test_score' and 'test_error'. NaN for what has failed.
    """
    names = ("epoch", "train_score", "train_error", "test_score", "test_error")
    points = [
        [_point(part, index) for index in range(len(study.params))]
        for part in map(study.at_size, study.train_sizes.tolist())
    ]
    return dict(zip(names, np.moveaxis(points, -1, 0), strict=True))


def _point(study, index):
    row = study.best_epoch_of(index) - 1
    curve = study.curves[index]
    scores = (curve.counting_scores(part)[row] for part in ("train", "test"))
    return row + 1, *(number for each in scores for number in _mean_and_error(each))


@np.errstate(invalid="ignore")  # of infinite losses
def _mean_and_error(scores):
    n_folds = len(scores)
    error = scores.std(ddof=1) / np.sqrt(n_folds) if n_folds > 1 else np.nan
    return float(scores.mean()), float(error)
