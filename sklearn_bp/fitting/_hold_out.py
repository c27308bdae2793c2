"""The rows that early stopping holds out."""

import math

import numpy as np
from sklearn.base import is_classifier

from ..utils import warn

REMEDY = "Pass more data, or X_val and y_val, or set early_stopping=False."


def hold_out(part, targets, fraction, random_state, warns=True):
    """Set part of the training data aside.

    Parameters
    ----------
    part : Part
        The training data.
    targets : ClassTargets or NumberTargets
        What their targets are.
    fraction : float
        The share of the rows, `validation_fraction`.
    random_state : RandomState
        Draws them.
    warns : bool, default=True
        Whether to warn of parts that are not what the user may expect.

    Returns
    -------
    training, held_out : Part
        The two parts.

    Raises
    ------
    ValueError
        If the data cannot be split like this.
    """
    positions = _draw(part, targets, fraction, random_state, warns)
    training, held_out = (part.samples.part(part.rows[p]) for p in positions)
    lost = targets.classes_only_in(held_out.y, training.y)
    if warns and len(lost) > 0:
        warn(
            f"early_stopping=True holds out all samples of the class(es) {lost}, so"
            " there are none to train on. Set validation_fraction to a splitter that"
            " leaves some, such as StratifiedShuffleSplit, or pass X_val and y_val."
        )
    return training, held_out


def check_score_of_one(estimator, stops_early, warns=True):
    """Raise a ValueError if the score of a single validation sample means nothing: it
    has no coefficient of determination, and its accuracy is 0 or 1.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator whose `scoring` is used.
    stops_early : bool
        Whether early stopping watches the score; else it is only recorded.
    warns : bool, default=True
        Whether to warn of scorers about which nothing is known.
    """
    scoring = estimator.scoring
    remedy = (
        "Use scoring='loss', or more validation data: a larger validation_fraction or"
        " X_val."
    )
    is_r2 = scoring is None and not is_classifier(estimator)
    if is_r2 or (stops_early and scoring is None):
        raise ValueError(
            f"With scoring=None, the {'R2 score' if is_r2 else 'accuracy'} is measured"
            " after each epoch, which means nothing for a single validation sample."
            f" {remedy}"
        )
    if warns and stops_early and scoring != "loss":
        warn(
            f"early_stopping=True watches scoring={scoring!r} on a single validation"
            f" sample, of which many scores say little. {remedy}"
        )


def _draw(part, targets, fraction, random_state, warns):
    """Positions as scikit-learn's networks draw them, where these can."""
    # Only early stopping needs it, and it takes up a good part of the import time.
    from sklearn.model_selection import train_test_split

    if fraction == 0:
        raise ValueError(
            "early_stopping=True needs a validation set: validation_fraction must"
            " be > 0, got 0. Alternatively, pass X_val and y_val."
        )
    labels = targets.groups(part.y)
    is_lone = _are_lone(labels, len(part))
    free = np.flatnonzero(~is_lone)
    strata = None if labels is None else labels[free]
    size = _size(len(part), fraction, len(free), strata, warns)
    training, held_out = train_test_split(
        free, random_state=random_state, test_size=size, stratify=strata
    )
    if not is_lone.any():
        return training, held_out
    if warns:
        warn(
            f"The class(es) {np.unique(labels[is_lone])} have a single sample, which"
            " early_stopping=True leaves in the training set. Pass more data, or X_val"
            " and y_val."
        )
    return np.concatenate([training, np.flatnonzero(is_lone)]), held_out


def _are_lone(labels, n_samples):
    """Whether each sample is the only one of its class: it cannot be in both parts."""
    if labels is None:
        return np.zeros(n_samples, dtype=bool)
    _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return counts[numbers] == 1


def _size(n_samples, fraction, n_free, strata, warns):
    """How many samples to hold out: the share, or the nearest number that leaves each
    class in both parts, and two samples to score if possible."""
    n_strata = 1 if strata is None else len(np.unique(strata))
    wanted = math.ceil(float(fraction) * n_samples)
    size = min(max(wanted, 2, n_strata), n_free - n_strata)
    if size < 1:
        raise ValueError(
            f"early_stopping=True cannot hold out validation_fraction={fraction} of"
            f" {n_samples} sample(s) and still train on every class. {REMEDY}"
        )
    if warns and (size != wanted or size < 2):
        warn(
            f"early_stopping=True holds out {size} of {n_samples} samples, where"
            f" validation_fraction={fraction} means {wanted}: so few samples cannot be"
            f" split otherwise. {REMEDY}"
        )
    return size
