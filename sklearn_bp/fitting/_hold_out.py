"""The rows that early stopping holds out: a share that is drawn, those that a splitter
splits off, or those that the user names."""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier

from ..utils import is_name, warn

GROUPS = " To hold out whole groups, set validation_fraction to their row numbers."
REMEDY = "Pass more data, or X_val and y_val, or set early_stopping=False."


def hold_out(parameters, part, targets, random_state, warns=True):
    """Set part of the training data aside.

    Parameters
    ----------
    parameters : object
        Parameters of an estimator, of which `validation_fraction` says which.
    part : Part
        The training data.
    targets : ClassTargets or NumberTargets
        What their targets are.
    random_state : RandomState
        Draws the rows, if `validation_fraction` is a number.
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
    which = parameters.validation_fraction
    if isinstance(which, Real):
        positions = _draw(part, targets, which, random_state, warns)
    elif names_rows(which):
        positions = _leave_out(which, len(part))
    else:
        positions = _split(which, part, parameters.warm_start)
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
            " after each epoch, which means nothing for a single validation sample, of"
            " a single class or value."
            f" {remedy}"
        )
    if warns and stops_early and not is_name(scoring, "loss"):
        warn(
            f"early_stopping=True watches scoring={scoring!r} on a single validation"
            f" sample, of which many scores say little. {remedy}"
        )


def names_rows(which):
    """Whether a value of `validation_fraction` is row numbers or a mask."""
    return not isinstance(which, Real) and not is_splitter(which)


def is_splitter(which):
    """Whether a value of `validation_fraction` is a splitter."""
    return hasattr(which, "split")


def check_for_folds(estimator):
    """Raise a ValueError if early stopping would hold out rows by their numbers, where
    an estimator is trained on parts of the data.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator.
    """
    if estimator.early_stopping and names_rows(estimator.validation_fraction):
        raise ValueError(
            "validation_fraction holds row numbers or a mask, which say nothing about"
            " the rows of a fold. Set it to a number or a splitter."
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
    if warns and size == wanted == 1:
        warn(
            f"early_stopping=True holds out a single one of {n_samples} samples, whose"
            f" loss says little. {REMEDY}"
        )
    elif warns and size != wanted:
        warn(
            f"early_stopping=True holds out {size} of {n_samples} samples, where"
            f" validation_fraction={fraction} means {wanted}: so few samples cannot be"
            f" split otherwise. {REMEDY}"
        )
    return size


def _split(splitter, part, is_warm):
    """Positions by the last split, which is the one that holds out the last rows if the
    splitter keeps them in their order, as `KFold` and `TimeSeriesSplit` do."""
    n_samples, split = len(part), None
    name = f"{type(splitter).__name__}, the splitter in validation_fraction,"
    if is_warm and _draws_anew(splitter):
        raise ValueError(
            f"{name} would hold out other rows in each fit, after training on them."
            " With warm_start=True, give it an int as random_state."
        )
    try:
        for split in splitter.split(*_given(part)):
            training, held_out = split
    except Exception as error:
        of_groups = "" if "groups" not in str(error) else GROUPS
        raise ValueError(
            f"{name} cannot split the {n_samples} training samples for"
            f" early_stopping=True: {error}{of_groups}"
        ) from error
    if split is None:
        raise ValueError(f"{name} has no split of the {n_samples} training samples.")
    training = _positions(training, n_samples, f"{name} has a training part that")
    held_out = _positions(held_out, n_samples, f"{name} has a test part that")
    if np.isin(held_out, training).any():
        raise ValueError(f"{name} has samples in both parts of its last split.")
    return training, held_out


def _draws_anew(splitter):
    """Whether one of scikit-learn's splitters draws other rows each time."""
    seed = getattr(splitter, "random_state", 0)
    return getattr(splitter, "shuffle", True) and not isinstance(seed, Integral)


def _given(part):
    """X and y as given by the user, copied only if they are not all of the rows."""
    given = part.samples.given
    if np.array_equal(part.rows, np.arange(part.samples.X.shape[0])):
        return given
    return part.given_X, part.given_y


def _leave_out(rows, n_samples):
    held_out = _positions(rows, n_samples, "validation_fraction")
    if len(np.unique(held_out)) < len(held_out):
        raise ValueError(
            "validation_fraction has row numbers more than once. Pass each of them"
            " once, or a boolean mask."
        )
    is_held_out = np.zeros(n_samples, dtype=bool)
    is_held_out[held_out] = True
    if is_held_out.all():
        raise ValueError(
            f"validation_fraction names all {n_samples} rows, so there are none to"
            " train on. Name fewer rows."
        )
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _positions(rows, n_samples, what):
    """Row numbers, which count from the end if negative, or a mask, as positions."""
    rows = np.asarray(rows)
    if rows.dtype == object:  # as of a nullable series
        rows = np.array(rows.tolist())
    if rows.dtype == bool and rows.shape != (n_samples,):
        raise ValueError(
            f"{what} is a mask of shape {rows.shape}, but must have one value for each"
            f" of the {n_samples} training samples."
        )
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise ValueError(f"{what} is empty: it must have at least one row.")
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"{what} must be a list of row numbers or a boolean mask, got an array of"
            f" shape {rows.shape} and type {rows.dtype}."
        )
    wrong = rows[(rows < -n_samples) | (rows >= n_samples)]
    if len(wrong) > 0:
        raise ValueError(
            f"{what} has row numbers that are out of range: {wrong[:5]}; there are"
            f" {n_samples} training samples."
        )
    return rows.astype(np.int64) % n_samples
