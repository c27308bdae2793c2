"""Metrics of predicted probabilities: averages over the rows."""

import numpy as np

from ._outputs import LeftToScikitLearn

# ---- of each row -------------------------------------------------------------------


def log_losses(block):
    """The sum of the negated logarithms of the true class's probability, which is
    clipped as in scikit-learn."""
    truth = block.truth
    if not truth.is_binary and truth.loss.label_smoothing == 0:
        return block.sum(block.losses)  # it is what networks are trained on
    probabilities = _of_true_class(block)
    eps = np.finfo(probabilities.dtype).eps
    return block.sum(-np.log(np.clip(probabilities, eps, 1 - eps)))


def squared_distances(block):
    """The sum of the squared differences between probabilities and what is true."""
    if block.truth.is_binary:
        return 2 * block.sum(np.square(1 - _of_true_class(block)))
    probabilities, weight = block.probabilities, block.weight
    n_networks, _, n_classes = probabilities.shape
    members = (block.y[:, np.newaxis] == np.arange(n_classes)).astype(np.float64)
    difference = probabilities.reshape(n_networks, -1) - members.ravel()
    if weight is None:
        return np.einsum("nx,nx->n", difference, difference)
    weight = np.repeat(weight, n_classes)
    return np.einsum("nx,nx->n", difference, difference * weight)


def _of_true_class(block):
    if block.truth.is_binary:
        # As in scikit-learn, which only looks at the second class's.
        second = block.probabilities[..., 0]
        return np.where(block.y == 1, second, 1 - second)
    return block.probabilities[:, np.arange(len(block.y)), block.y]


# ---- metrics -----------------------------------------------------------------------


def log_loss(truth, *, labels, normalize):
    _check(truth, labels)
    if normalize:
        return _of_finite(lambda outputs: outputs.mean(log_losses))
    return _of_finite(lambda outputs: outputs.total(log_losses))


def brier_score_loss(truth, *, pos_label, labels=None, scale_by_half="auto"):
    _check_brier(truth, pos_label, labels)
    if scale_by_half == "auto":
        scale_by_half = truth.is_binary
    factor = 0.5 if scale_by_half else 1.0
    return _of_finite(lambda outputs: factor * outputs.mean(squared_distances))


def d2_log_loss_score(truth, *, labels):
    _check(truth, labels, least_rows=2)
    shares, eps = truth.support / truth.total, np.finfo(np.float64).eps
    of_shares = truth.mean(-np.log(np.clip(shares, eps, 1 - eps))[truth.y])
    return _of_finite(lambda outputs: 1 - outputs.mean(log_losses) / of_shares)


def d2_brier_score(truth, *, pos_label, labels=None):
    _check_brier(truth, pos_label, labels, least_rows=2)
    shares = truth.support / truth.total
    of_shares = truth.mean(np.square(truth.members - shares).sum(axis=1))
    return _of_finite(lambda outputs: 1 - outputs.mean(squared_distances) / of_shares)


def _check(truth, labels, least_rows=1):
    if truth.is_multilabel or len(truth.classes) < 2 or truth.n_rows < least_rows:
        raise LeftToScikitLearn
    truth.check_labels(labels)


def _check_brier(truth, pos_label, labels, least_rows=1):
    """The score is the same for both of two classes."""
    if truth.is_binary:
        truth.number_of(pos_label)
        labels = truth.classes
    _check(truth, labels, least_rows)


def _of_finite(metric):
    """The same metric where outputs are finite, and NaN elsewhere."""
    return lambda outputs: np.where(outputs.are_finite, metric(outputs), np.nan)


METRICS = (
    log_loss,
    brier_score_loss,
    d2_log_loss_score,
    d2_brier_score,
)
