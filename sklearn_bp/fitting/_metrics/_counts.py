"""Metrics of predicted labels: functions of how often each was predicted, and how often
rightly."""

from functools import partial

import numpy as np

from ._outputs import LeftToScikitLearn

# ---- what is counted ---------------------------------------------------------------


def tallies(block):
    """The weight of the rows for which each label was predicted, wrongly and rightly,
    shape (n_networks, 2, n_classes)."""
    return _tallies(block, block.weight)


def unweighted_tallies(block):
    """The number of these rows."""
    return _tallies(block, None)


def _tallies(block, weight):
    predicted = block.predicted
    n_networks, n_classes = len(predicted), len(block.truth.classes)
    if block.truth.is_multilabel:
        kinds = predicted & ~block.y, predicted & block.y
        if weight is None:
            return np.stack([kind.sum(axis=1) for kind in kinds], axis=1)
        sums = [np.einsum("nrk,r->nk", kind, weight) for kind in kinds]
        return np.stack(sums, axis=1)
    cells = predicted + n_classes * (predicted == block.y)
    cells += 2 * n_classes * np.arange(n_networks)[:, np.newaxis]
    if weight is not None:
        weight = np.broadcast_to(weight, cells.shape).ravel()
    counts = np.bincount(cells.ravel(), weight, 2 * n_classes * n_networks)
    return counts.reshape(n_networks, 2, n_classes)


def _wrong_and_right(outputs):
    counted = outputs.total(tallies)
    return counted[:, 0], counted[:, 1]


def _are_present(outputs):
    """Whether each label was predicted or occurs, whatever the weight, as scikit-learn
    has it: shape (n_networks, n_classes)."""
    is_weighted = outputs.truth.weight is not None
    counted = outputs.total(unweighted_tallies if is_weighted else tallies)
    return (counted.sum(axis=1) > 0) | outputs.truth.occurs


def right(block):
    """The weight of the rows that are right, in all labels."""
    are_right = block.predicted == block.y
    return block.sum(are_right.all(axis=-1) if block.truth.is_multilabel else are_right)


# ---- metrics of all labels together ------------------------------------------------


def accuracy_score(truth, *, normalize):
    if normalize:
        return lambda outputs: outputs.mean(right)
    return lambda outputs: outputs.total(right)


def balanced_accuracy_score(truth, *, adjusted):
    _check_single_label(truth)
    counts = truth.support > 0
    n_counting = np.count_nonzero(counts)
    chance = 1 / max(n_counting, 1) if adjusted else 0

    def scores(outputs):
        _, right = _wrong_and_right(outputs)
        recalls = right[:, counts] / truth.support[counts]
        are_present = _are_present(outputs)
        warns = (are_present & ~counts).any(axis=1) | (are_present.sum(axis=1) == 1)
        return (recalls.mean(axis=1) - chance) / (1 - chance), warns

    return scores


def matthews_corrcoef(truth):
    _check_single_label(truth)

    def scores(outputs):
        wrong, right = _wrong_and_right(outputs)
        predicted, true = wrong + right, truth.support
        total = predicted.sum(axis=1)
        of_both = right.sum(axis=1) * total - (predicted * true).sum(axis=1)
        of_predicted = total**2 - (predicted * predicted).sum(axis=1)
        of_true = total**2 - (true * true).sum()
        values = of_both / np.sqrt(of_predicted * of_true)
        is_constant = np.count_nonzero(predicted, axis=1) == 1
        values[is_constant | (np.count_nonzero(true) == 1)] = 0.0
        return values, _are_present(outputs).sum(axis=1) == 1

    return scores


def positive_likelihood_ratio(truth):
    return _likelihood_ratio(truth, is_positive=True)


def negative_likelihood_ratio(truth):
    return _likelihood_ratio(truth, is_positive=False)


def _likelihood_ratio(truth, is_positive):
    if not truth.is_binary:
        raise LeftToScikitLearn
    negative, positive = truth.support

    def scores(outputs):
        _, right = _wrong_and_right(outputs)
        true_negative, true_positive = right.T
        false_positive = negative - true_negative
        if is_positive:
            above, below = true_positive * negative, false_positive * positive
            is_undefined = false_positive == 0
        else:
            above = (positive - true_positive) * negative
            below = true_negative * positive
            is_undefined = true_negative == 0
        values = np.where(is_undefined, 1.0, above / below)
        values[~_are_present(outputs).all(axis=1)] = np.nan
        warns = (false_positive == 0) | (true_negative == 0) | (positive == 0)
        return values, warns

    return scores


def _check_single_label(truth):
    if truth.is_multilabel:
        raise LeftToScikitLearn


# ---- metrics of each label, averaged -----------------------------------------------


def precision_score(truth, *, labels, pos_label, average, zero_division):
    def ratio(wrong, right, true):
        return right, wrong + right

    return _of_labels(truth, ratio, labels, pos_label, average, zero_division)


def recall_score(truth, *, labels, pos_label, average, zero_division):
    def ratio(wrong, right, true):
        return right, true

    return _of_labels(truth, ratio, labels, pos_label, average, zero_division)


def f1_score(truth, *, labels, pos_label, average, zero_division):
    return fbeta_score(
        truth,
        beta=1,
        labels=labels,
        pos_label=pos_label,
        average=average,
        zero_division=zero_division,
    )


def fbeta_score(truth, *, beta, labels, pos_label, average, zero_division):
    def ratio(wrong, right, true):
        return (1 + beta**2) * right, beta**2 * true + wrong + right

    if not 0 < beta < np.inf:  # precision or recall, without their warnings
        raise LeftToScikitLearn
    return _of_labels(truth, ratio, labels, pos_label, average, zero_division)


def jaccard_score(truth, *, labels, pos_label, average, zero_division):
    def ratio(wrong, right, true):
        return right, wrong + true

    return _of_labels(truth, ratio, labels, pos_label, average, zero_division)


def _of_labels(truth, ratio, labels, pos_label, average, zero_division):
    """A ratio of counts of each label, averaged.

    Parameters
    ----------
    truth : Truth
        What is known of the rows.
    ratio : callable
        From the numbers of rows with a label predicted wrongly, predicted rightly, and
        true, to a numerator and a denominator.
    labels, pos_label, average, zero_division
        scikit-learn's keywords.

    Returns
    -------
    scores : callable
        From outputs to the average ratios, and whether scikit-learn warns of each.
    """
    columns = _columns(truth, labels, pos_label, average)
    divide = partial(_divided, zero_division=zero_division)
    if average == "samples":
        return _by_sample(truth, ratio, columns, divide)
    shows_all = labels is None and average != "binary"

    def scores(outputs):
        wrong, right = (counts[:, columns] for counts in _wrong_and_right(outputs))
        true, counts = truth.support[columns], np.ones(right.shape, dtype=bool)
        if average == "micro":
            wrong, right = (c.sum(axis=1, keepdims=True) for c in (wrong, right))
            true, counts = true.sum(keepdims=True), counts[:, :1]
        elif shows_all:
            counts = _are_present(outputs)[:, columns]
        values, warns = divide(*ratio(wrong, right, true))
        weight = true if average == "weighted" else np.ones_like(true)
        return _averaged(values, weight, counts), (warns & counts).any(axis=1)

    return scores


def _columns(truth, labels, pos_label, average):
    """The numbers of the labels that are looked at."""
    if average == "binary":
        if not truth.is_binary:
            raise LeftToScikitLearn
        return [truth.number_of(pos_label)]
    is_known = average in ("micro", "macro", "weighted") or (
        average == "samples" and truth.is_multilabel
    )
    if not is_known or pos_label not in (None, 1):  # an error, or a warning
        raise LeftToScikitLearn
    if truth.is_binary and pos_label is not None:
        truth.number_of(pos_label)
    if labels is None:
        return list(range(len(truth.classes)))
    columns = [truth.number_of(label) for label in labels]
    if len(set(columns)) < len(columns) or not columns:
        raise LeftToScikitLearn
    return columns


def _divided(numerator, denominator, zero_division):
    """Ratios, and where scikit-learn warns of them."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    is_warned_of = isinstance(zero_division, str)
    is_zero = denominator == 0
    value = 0.0 if is_warned_of else float(zero_division)
    ratios = np.where(is_zero, value, numerator / np.where(is_zero, 1, denominator))
    return ratios, is_zero & is_warned_of


def _averaged(values, weight, counts):
    """The mean of those of the values that count and are not NaN, which are weighted
    equally if the weights are all zero."""
    counts = counts & ~np.isnan(values)
    values, weights = np.where(counts, values, 0.0), np.where(counts, weight, 0.0)
    weights = np.where(weights.any(axis=1, keepdims=True), weights, counts)
    return (values * weights).sum(axis=1) / weights.sum(axis=1)


def _by_sample(truth, ratio, columns, divide):
    """The ratios of each row's labels, averaged over the rows."""

    def sums(block):
        predicted, y = block.predicted[..., columns], block.y[:, columns]
        right, all_predicted = (predicted & y).sum(axis=-1), predicted.sum(axis=-1)
        values, warns = divide(*ratio(all_predicted - right, right, y.sum(axis=-1)))
        counts = ~np.isnan(values)
        values = np.where(counts, values, 0.0)
        return np.stack(
            [block.sum(values), block.sum(counts), warns.any(axis=1)], axis=1
        )

    def scores(outputs):
        total, weight, warns = outputs.total(sums).T
        return total / weight, warns > 0

    return scores


METRICS = (
    accuracy_score,
    balanced_accuracy_score,
    matthews_corrcoef,
    positive_likelihood_ratio,
    negative_likelihood_ratio,
    precision_score,
    recall_score,
    f1_score,
    fbeta_score,
    jaccard_score,
)
