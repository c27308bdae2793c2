"""Metrics of how rows, or classes, are ranked by their scores.

Those of two classes take scores of any shape, and whether what stands along the last
axis is positive, in a shape that is broadcast to that of the scores. One class is
sorted at a time, all rows of all networks at once.
"""

from itertools import combinations

import numpy as np

from ._outputs import LeftToScikitLearn

# ---- two classes -------------------------------------------------------------------


def _area_under_roc(scores, is_positive, weight, are_probabilities):
    """The share of pairs of a positive and a negative row that are in the right order;
    equal scores count half. NaN if there are no such pairs."""
    positive, negative, rises = _ranked(scores, is_positive, weight, are_probabilities)
    n_positive, n_negative = _totals(is_positive, weight)
    n_pairs = n_positive * n_negative
    if weight is None and rises is None:  # all scores differ
        ranks = np.einsum("...r,r->...", positive, np.arange(1, scores.shape[-1] + 1))
        return (ranks - n_positive * (n_positive + 1) / 2) / n_pairs
    right = np.einsum("...r,...r->...", positive, _lower(negative, rises))
    wrong = np.einsum("...r,...r->...", negative, _lower(positive, rises))
    return np.where(n_pairs == 0, np.nan, 0.5 + 0.5 * (right - wrong) / n_pairs)


def _average_precision(scores, is_positive, weight, are_probabilities):
    """The mean precision of thresholds at the positive rows; 0 if there are none."""
    positive, negative, rises = _ranked(scores, is_positive, weight, are_probabilities)
    n_positive, n_negative = (
        np.expand_dims(total, -1) for total in _totals(is_positive, weight)
    )
    true = n_positive - _lower(positive, rises)
    if weight is None and rises is None:
        above = np.arange(scores.shape[-1], 0, -1)  # and its own
    else:
        above = n_positive + n_negative - _lower(positive + negative, rises)
    precisions = np.where(true > 0, true / above, 0.0)
    means = np.einsum("...r,...r->...", positive, precisions) / n_positive[..., 0]
    return np.where(n_positive[..., 0] > 0, means, 0.0)


def _ranked(scores, is_positive, weight, are_probabilities):
    """Rows in the order of their scores: the weight of each as a positive one, and as a
    negative one; and whether each score is larger than the one before, or None if all
    are."""
    if weight is None and are_probabilities:
        # Not negative, so that they are in the order of their bits, of which the upper
        # two are 0: one place is left for the class, and sorting need move no indices.
        kind = {4: np.int32, 8: np.int64}[scores.itemsize]
        keys = (scores + 0).view(kind) << 1 | is_positive
        keys.sort(axis=-1)
        positive, ranked = keys & 1, keys >> 1
        negative = positive ^ 1
    else:
        order = np.argsort(scores, axis=-1)
        ranked = np.take_along_axis(scores, order, axis=-1)
        weight = 1.0 if weight is None else weight
        positive, negative = (
            np.take_along_axis(np.broadcast_to(own, scores.shape), order, axis=-1)
            for own in (is_positive * weight, ~is_positive * weight)
        )
    rises = ranked[..., 1:] != ranked[..., :-1]
    if rises.all():
        return positive, negative, None
    return positive, negative, np.insert(rises, 0, True, axis=-1)


def _lower(weights, rises):
    """The weight of the rows with lower scores than each row has."""
    before = np.cumsum(weights, axis=-1, dtype=np.float64) - weights
    if rises is None:
        return before
    return np.maximum.accumulate(np.where(rises, before, 0.0), axis=-1)


def _totals(is_positive, weight):
    """The weights of the positive and of the negative rows."""
    weight = 1.0 if weight is None else weight
    return (is_positive * weight).sum(axis=-1), (~is_positive * weight).sum(axis=-1)


# ---- averages over classes ----------------------------------------------------------


def roc_auc_score(
    truth, *, response, average, multi_class="raise", max_fpr=None, labels=None
):
    if max_fpr not in (None, 1) or len(truth.classes) < 2:
        raise LeftToScikitLearn
    if truth.is_multilabel or truth.is_binary:
        return _averaged(truth, _area_under_roc, average, response)
    truth.check_labels(labels)
    if response != "predict_proba":
        raise LeftToScikitLearn
    if multi_class == "ovo":
        return _one_vs_one(truth, average, response)
    if multi_class != "ovr" or average == "samples":
        raise LeftToScikitLearn
    return _averaged(truth, _area_under_roc, average, response)


def average_precision_score(truth, *, response, average, pos_label):
    if truth.is_binary:
        positive = truth.number_of(pos_label)
        return _averaged(truth, _average_precision, average, response, positive)
    if pos_label != 1 or len(truth.classes) < 2 or not truth.occurs.all():
        raise LeftToScikitLearn
    return _averaged(truth, _average_precision, average, response)


def _averaged(truth, metric, average, response, positive=1):
    """A metric of two classes, or its average over all classes against the others."""
    if average not in ("micro", "macro", "weighted", "samples"):
        raise LeftToScikitLearn
    members, weight = truth.members, truth.weight
    average = "binary" if truth.is_binary else average
    if average == "binary":
        members = members[:, [positive]]
    if average == "weighted" and not truth.support.any():
        raise LeftToScikitLearn
    # scikit-learn warns, though what lacks a class may not count in the average.
    axis = 1 if average == "samples" else 0
    warns = not (members.any(axis=axis) & ~members.all(axis=axis)).all()
    are_probabilities = response == "predict_proba"

    def scores(outputs):
        by_class = _of_class(outputs, response, positive)
        by_row, rows_weight = np.moveaxis(by_class, 0, -1), weight
        if average == "micro":
            by_row, own = by_row.reshape(len(by_row), -1), members.ravel()
            if weight is not None:
                rows_weight = np.repeat(weight, members.shape[1])
            values = metric(by_row, own, rows_weight, are_probabilities)
        elif average == "samples":
            by_row = np.ascontiguousarray(by_row)
            each = metric(by_row, members, None, are_probabilities)
            values = _weighted_mean(each.T, weight)
        else:
            each = [
                metric(column, own, weight, are_probabilities)
                for column, own in zip(by_class, members.T)
            ]
            is_weighted = average == "weighted"
            values = _weighted_mean(each, truth.support if is_weighted else None)
        values = np.where(outputs.are_finite, values, np.nan)
        return values, np.full(len(values), warns)

    return scores


def _of_class(outputs, response, positive):
    """The scores of each class, or those of one of two."""
    if not outputs.truth.is_binary or positive == 1:
        return outputs.by_class(response)
    decisions = -outputs.by_class("decision_function")
    if response == "decision_function":
        return decisions
    return outputs.truth.loss.prediction(decisions)


def _weighted_mean(values, weight):
    """The mean along the first axis, of values that may be NaN where they have no
    weight."""
    if weight is None:
        return np.mean(values, axis=0)
    values = np.where(weight[:, np.newaxis] == 0, 0.0, values)
    return np.average(values, axis=0, weights=weight)


def _one_vs_one(truth, average, response):
    """The mean over all pairs of classes (Hand & Till, 2001), each ranked by the scores
    of either class."""
    present = np.flatnonzero(truth.occurs)
    if truth.weight is not None or len(present) < 2:
        raise LeftToScikitLearn
    if average not in ("macro", "weighted"):
        raise LeftToScikitLearn
    counts = np.bincount(truth.y, minlength=len(truth.classes))
    pairs = list(combinations(present, 2))
    shares = [counts[a] + counts[b] if average == "weighted" else 1 for a, b in pairs]

    def scores(outputs):
        by_class = outputs.by_class(response)
        areas = {
            a: _areas_against_each(by_class[a], truth.y, a, counts) for a in present
        }
        each = [(areas[a][:, b] + areas[b][:, a]) / 2 for a, b in pairs]
        values = np.average(each, axis=0, weights=shares)
        return np.where(outputs.are_finite, values, np.nan)

    return scores


def _areas_against_each(scores, y, positive, counts):
    """The areas under the ROC curves of one class against each other one, shape
    (n_networks, n_classes)."""
    n_networks, n_classes = len(scores), len(counts)
    order = np.argsort(scores, axis=-1)
    sorted_, classes = np.take_along_axis(scores, order, axis=-1), y[order]
    is_positive = classes == positive
    higher = counts[positive] - np.cumsum(is_positive, axis=-1, dtype=np.float64)
    rises = sorted_[:, 1:] != sorted_[:, :-1]
    if not rises.all():
        # Half of those with equal scores: the mean of what is not lower and higher.
        first, last = (
            np.insert(rises, place, True, axis=-1) for place in (0, rises.shape[1])
        )
        not_lower = np.where(first, higher + is_positive, np.inf)
        higher = np.where(last, higher, 0.0)[:, ::-1]
        not_lower = np.minimum.accumulate(not_lower, axis=-1)
        higher = np.maximum.accumulate(higher, axis=-1)[:, ::-1]
        higher = (higher + not_lower) / 2
    cells = classes + n_classes * np.arange(n_networks)[:, np.newaxis]
    right = np.bincount(cells.ravel(), higher.ravel(), n_classes * n_networks)
    with np.errstate(invalid="ignore"):  # of classes that do not occur
        return right.reshape(n_networks, n_classes) / (counts[positive] * counts)


# ---- the ranks of classes ------------------------------------------------------------


def top_k_accuracy_score(truth, *, response, k, normalize, labels):
    if truth.is_multilabel or len(truth.classes) < 2:
        raise LeftToScikitLearn
    truth.check_labels(labels)
    hits = _hits_of_two if truth.is_binary else _hits

    def scores(outputs):
        values = hits(outputs, response, k)
        values = values / truth.total if normalize else values
        values = np.where(outputs.are_finite, values, np.nan)
        return values, np.full(len(values), k >= len(truth.classes))

    return scores


def _hits(outputs, response, k):
    """The weight of the rows whose class is among the k with the largest scores; of
    equal ones, those of the last class come first."""

    def hits(block):
        scores = block.scores(response)
        own = scores[:, np.arange(len(block.y)), block.y][..., np.newaxis]
        is_later = np.arange(scores.shape[-1]) > block.y[:, np.newaxis]
        is_before = (scores > own) | ((scores == own) & is_later)
        return block.sum(is_before.sum(axis=-1) < k)

    return outputs.total(hits)


def _hits_of_two(outputs, response, k):
    """The weight of the rows that are right, by a threshold that scikit-learn chooses
    by the range of the scores."""
    (scores,) = outputs.by_class(response)
    if k > 1:
        return np.full(len(scores), float(outputs.truth.total))
    low, high = scores.min(axis=1), scores.max(axis=1)
    thresholds = np.where((low >= 0) & (high <= 1), 0.5, 0.0)[:, np.newaxis]
    are_right = (scores > thresholds) == outputs.truth.y
    weight = outputs.truth.weight
    if weight is None:
        return are_right.sum(axis=1, dtype=np.float64)
    return np.einsum("nr,r->n", are_right, weight)


METRICS = (
    roc_auc_score,
    average_precision_score,
    top_k_accuracy_score,
)
