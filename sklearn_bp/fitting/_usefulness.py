"""A warning of networks that are no better than a constant."""

import math

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from ..training import Part
from ..utils import warn
from ._scores import Measure

#: Rounding of the mean loss.
TOLERANCE = 1e-5

#: A pass over the rows costs about a third of an epoch. After so many epochs it takes
#: at most a hundredth of the time; after fewer, only a part of the rows is looked at:
#: at least 100 and, as far as these multiplications and additions allow, 1000.
EPOCHS_PER_PASS = 34
LEAST_ROWS = 100, 1000
LEAST_OPERATIONS = 20e6

#: A loss of the last epoch that is below this share of the constant's is good enough:
#: the network itself need not be measured.
SAFE_SHARE = 0.9

#: The typical sizes of features and targets that networks can learn from and with: the
#: initial weights and the usual learning rates are made for standardised data.
SIZES = 0.01, 30.0
SIZES_OF_POSITIVE_TARGETS = 0.01, 100.0
MOST_NAMES = 5


def warn_if_useless(training):
    """Warn if the network's training loss is above that of the best constant
    prediction, and name features and targets whose scale may be the cause.

    Parameters
    ----------
    training : Training
        A training that has been run.

    Warns
    -----
    ConvergenceWarning
        The losses include neither penalty nor dropout.
    """
    reason = why_useless(training)
    if reason is not None:
        warn(reason, ConvergenceWarning)


def why_useless(training, theta=None):
    """What `warn_if_useless` says, or None.

    Parameters
    ----------
    training : Training
        A training that has been run.
    theta : ndarray of shape (n_parameters,), default=None
        The network's parameters after another epoch; None stands for those at the end.

    Returns
    -------
    reason : str or None
        The message.
    """
    targets, network = training.targets, training.state.network
    if targets.are_constant:
        return None
    part = _some_rows(training)
    y, weight = part.y, part.sample_weight
    if network.loss.is_of_classes and (y == y[:1]).all():
        return None
    with np.errstate(over="ignore"):
        constant = network.loss.best_constant(y, network.n_outputs, weight)
        raw = np.broadcast_to(constant, (len(y), network.n_outputs))
        limit = network.loss.average(raw, y, weight)
    loss = math.inf
    if theta is None:
        theta, loss = training.state.theta, _loss_of_last_epoch(training)
    if loss < SAFE_SHARE * limit or not math.isfinite(limit):
        return None
    losses, _ = Measure(training, part, ["loss"])(theta[np.newaxis])
    if losses[0] <= limit * (1 + TOLERANCE):
        return None
    return (
        f"The training loss of the fitted network, {losses[0]:.6g}, is above that of"
        f" the best constant prediction, {max(limit, 0):.6g}: its predictions are of no"
        f" use by that measure. {_remedy(training.estimator, part, network.loss)}"
    )


def _some_rows(training):
    """All rows of the training set that have a weight or, after few epochs, some."""
    part = training.part
    rows = np.arange(len(part)) if part.rows is None else part.rows
    if part.sample_weight is not None:
        rows = rows[part.sample_weight > 0]
    n_cheap = int(LEAST_OPERATIONS / training.state.network.n_coefs)
    n_rows = max(
        int(np.clip(n_cheap, *LEAST_ROWS)),
        len(rows) * training.n_iter // EPOCHS_PER_PASS,
    )
    if n_rows < len(rows):  # whatever their order is
        rows = np.random.RandomState(0).choice(rows, n_rows)
    return part if len(rows) == len(part) else Part(part.samples, rows)


def _loss_of_last_epoch(training):
    """The loss that training has seen last, which stands in for that of the network
    unless early stopping may have gone back to an earlier one."""
    stops_early = training.estimator.early_stopping and training.is_by_epochs
    return math.inf if stops_early or training.loss is None else training.loss


def _remedy(estimator, part, loss):
    """What the user can do about it."""
    remedies = [
        *_remedies_of_features(estimator, part),
        *([] if loss.is_of_classes else _remedies_of_targets(part.y, loss)),
    ]
    return " ".join(remedies) or (
        "Lower learning_rate_init, alpha or dropout, or train for longer, with a larger"
        " max_iter or n_iter_no_change."
    )


def _remedies_of_features(estimator, part):
    sizes = _typical_sizes(part.X)
    columns = np.flatnonzero(_are_off(sizes, SIZES))
    if len(columns) > 0:
        yield (
            "Scale the features, for example with StandardScaler in a pipeline:"
            f" {_describe_columns(estimator, columns)} of a typical size of"
            f" {_range(sizes[columns])}."
        )


def _remedies_of_targets(y, loss):
    y = y.astype(np.float64)
    with np.errstate(over="ignore"):
        means, spreads = y.mean(axis=0), y.std(axis=0)
    if (y == y[:1]).all():
        yield "The targets are constant, so that there is nothing to learn from them."
    elif loss.link == "exp":
        if _are_off(means, SIZES_OF_POSITIVE_TARGETS).any():
            yield (
                f"Divide the targets by their mean, which is {_range(means)}: the"
                " network begins with predictions near 1."
            )
    elif _are_off(spreads, SIZES).any() or (abs(means) > SIZES[1]).any():
        yield (
            "Scale the targets, for example with TransformedTargetRegressor and"
            f" StandardScaler: their mean is {_range(means)}, their standard deviation"
            f" {_range(spreads)}."
        )


def _typical_sizes(X):
    """The root mean square of each column."""
    with np.errstate(over="ignore"):
        if issparse(X):
            squares = np.asarray(X.multiply(X).sum(axis=0)).ravel()
        else:
            squares = np.einsum("ij,ij->j", X, X, dtype=np.float64)
    return np.sqrt(squares / X.shape[0])


def _are_off(sizes, bounds):
    least, largest = bounds
    return (sizes > largest) | (sizes < least) & (sizes > 0)


def _describe_columns(estimator, columns):
    names = getattr(estimator, "feature_names_in_", None)
    shown = [str(j) if names is None else repr(names[j]) for j in columns[:MOST_NAMES]]
    if len(columns) > MOST_NAMES:
        shown.append("...")
    noun = "column" if len(columns) == 1 else f"{len(columns)} columns,"
    verb = "is" if len(columns) == 1 else "are"
    return f"{noun} {', '.join(shown)} {verb}"


def _range(numbers):
    """One or several numbers in few characters."""
    least, largest = min(numbers), max(numbers)
    if least == largest:
        return f"{least:.3g}"
    return f"{least:.3g} to {largest:.3g}"
