"""The folds of an ensemble, and their halves."""

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import PredefinedSplit, check_cv
from sklearn.utils import check_consistent_length

from ..utils import routed


def folds_of(cv, X, y, sample_weight, groups, is_classification, random_state):
    """Row numbers for training and for what is left out.

    Parameters
    ----------
    cv : int, cross-validation generator or iterable
        The folds. An int deals the samples out at random, so that all folds have about
        as many of each class, or of small and large targets; it is the largest number
        of folds, which have at least two samples.
    X, y, sample_weight, groups : array-like
        What the user has passed; the weights have been checked.
    is_classification : bool
        Whether the targets are classes.
    random_state : RandomState
        Draws the folds.

    Returns
    -------
    folds : list of tuple of ndarray
        The folds.

    Raises
    ------
    ValueError
        If there are too few samples.
    """
    check_consistent_length(X, y, groups)
    if isinstance(cv, type):
        raise ValueError(
            f"cv must be an instance, such as {cv.__name__}(), got the class."
        )
    if isinstance(cv, Iterable) and not hasattr(cv, "split"):
        cv = list(cv)
        if not all(isinstance(fold, Sequence) and len(fold) == 2 for fold in cv):
            raise ValueError(
                "cv must be a number of folds, a splitter, or yield pairs of row"
                " numbers for training and for what is left out, got"
                f" {reprlib.repr(cv)}."
            )
    if isinstance(cv, Integral):
        groups, n_rows = None, X.shape[0]
        ranks = _ranks(y, n_rows)
        has_no_weight = np.zeros(len(ranks), dtype=bool)
        if sample_weight is not None:
            has_no_weight = sample_weight == 0
        n_samples = np.count_nonzero(~has_no_weight)
        n_folds = min(cv, n_samples // 2)
        if n_folds < 2:
            raise ValueError(
                "Two or more folds with two or more samples that have a weight are"
                f" needed, got cv={cv} and n_samples={n_samples}."
            )
        cv = PredefinedSplit(_dealt((ranks, has_no_weight), n_folds, random_state))
    cv = check_cv(cv, y, classifier=is_classification)
    requested = routed(cv, "split", sample_weight=sample_weight)
    return list(cv.split(X, y, groups, **requested))


def group_numbers(groups):
    """A number for each sample that says which group it belongs to.

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None
        The groups, of any type.

    Returns
    -------
    numbers : ndarray of int of shape (n_samples,) or None
        None if there are none.

    Raises
    ------
    ValueError
        If they are not one for each sample.
    """
    if groups is None:
        return None
    groups = np.asarray(groups, dtype=object)
    if groups.ndim == 2 and groups.shape[1] == 1:
        groups = groups[:, 0]
    if groups.ndim != 1:
        raise ValueError(
            f"groups must be one for each sample, got an array of shape {groups.shape}."
        )
    numbers = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups])


def _ranks(y, n_samples):
    """Numbers in the order of the targets, the first of several."""
    try:
        y = y.toarray() if issparse(y) else np.asarray(y)
        return np.unique(y.reshape(len(y), -1)[:, 0], return_inverse=True)[1]
    except (TypeError, ValueError, IndexError):
        return np.zeros(n_samples)  # of no valid targets, as will be said


def _dealt(keys, n_hands, random_state):
    """Deal items out, so that each hand is given about as many of similar ones.

    Parameters
    ----------
    keys : tuple of ndarray of shape (n_items,)
        What they are sorted by, the last one first.
    n_hands : int
        The number of hands.
    random_state : RandomState
        Draws which hand an item goes to.

    Returns
    -------
    hands : ndarray of int of shape (n_items,)
        The number of the hand.
    """
    n_items = len(keys[0])
    n_rounds = -(-n_items // n_hands)
    order = np.lexsort((random_state.permutation(n_items), *keys))
    # In each round, every hand is given one of the items that come next.
    rounds = random_state.random_sample((n_rounds, n_hands)).argsort(axis=1)
    hands = np.empty(n_items, dtype=int)
    hands[order] = rounds.ravel()[:n_items]
    return hands


@dataclass(frozen=True)
class Halving:
    """Cuts folds in two.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        The targets of all samples, as numbers.
    sample_weight : ndarray of shape (n_samples,) or None
        The weights.
    groups : ndarray of shape (n_samples,) or None
        The group of each sample.
    seed : int
        Breaks ties.
    """

    y: np.ndarray
    sample_weight: Any
    groups: Any
    seed: int

    def weights(self, rows):
        """The weights of the samples of a fold, on a scale on which sums are finite."""
        if self.sample_weight is None:
            return np.ones(len(rows))
        weight = self.sample_weight[rows].astype(np.float64)
        return weight / max(weight.max(), np.finfo(np.float64).tiny)

    def halve(self, rows):
        """Cut a fold in two: similar targets are dealt out evenly, and samples of a
        group stay together if the fold holds several groups.

        Parameters
        ----------
        rows : ndarray of int
            The row numbers of the fold.

        Returns
        -------
        is_second : ndarray of bool of shape (n_rows,)
            The samples in the second half. Both halves have samples with a weight.

        Raises
        ------
        ValueError
            If the fold has fewer than two samples that have a weight.
        """
        counts = self.weights(rows) > 0
        if counts.sum() < 2:
            raise ValueError(
                f"A fold leaves out {counts.sum()} sample(s) that have a weight, and"
                " two are needed: one half of a fold stops the networks that predict"
                " the other. Use fewer folds."
            )
        units = None if self.groups is None else self.groups[rows]
        if units is None or len(np.unique(units[counts])) == 1:
            units = np.arange(len(rows))
        _, first, units = np.unique(units, return_index=True, return_inverse=True)
        has_no_weight = np.bincount(units, weights=counts) == 0
        random_state = np.random.RandomState(self.seed)
        hands = _dealt((self.y[rows[first]], has_no_weight), 2, random_state)
        return hands[units] == 1
