"""Weights of the classes, and the weights of samples that they make."""

import numpy as np

from ..utils import Finite


def class_weight_tables(class_weight, classes, y, sample_weight, is_multilabel):
    """What the parameter `class_weight` asks for.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        Weights by class, in a multilabel problem a dict for each label; classes that
        are not mentioned have weight 1. "balanced" gives each class the same total.
    classes : sequence
        The classes, in the order of the numbers in y.
    y : ndarray of shape (n_samples, n_targets)
        Encoded targets.
    sample_weight : ndarray of shape (n_samples,) or None
        The weights of the samples, which count in the totals.
    is_multilabel : bool
        Whether each column of y is a label, which a sample has or has not.

    Returns
    -------
    tables : list of ndarray, or None
        For each column of y, the weight of each number in it.

    Raises
    ------
    ValueError
        If a label is not among the classes, or a weight is not >= 0.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        return [
            _balanced(column.astype(int), len(classes), sample_weight) for column in y.T
        ]
    if is_multilabel != isinstance(class_weight, list) or (
        is_multilabel and len(class_weight) != y.shape[1]
    ):
        raise ValueError(
            "class_weight must be a dict from classes to weights or, in a multilabel"
            " problem, a list with one for each label, such as"
            f" {{0: 1, 1: 5}}; got {class_weight!r}."
        )
    weights = class_weight if is_multilabel else [class_weight]
    if not all(isinstance(by_class, dict) for by_class in weights):
        raise ValueError(
            f"All items of class_weight must be dicts, got {class_weight!r}."
        )
    return [_table(by_class, classes) for by_class in weights]


def weigh_classes(tables, y, sample_weight):
    """Sample weights times the weights of the classes, or of all the labels."""
    if tables is None:
        return sample_weight
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    with np.errstate(over="ignore"):
        for table, column in zip(tables, y.T, strict=True):
            weight = weight * table[column.astype(int)]
    if not np.isfinite(weight).all():
        raise ValueError(
            "Sample weights times class weights are too large for float64. Scale"
            " sample_weight, for example to a mean of 1, or class_weight."
        )
    return weight


def _balanced(numbers, n_classes, sample_weight):
    totals = np.bincount(numbers, weights=sample_weight, minlength=n_classes)
    mean = totals.sum() / np.count_nonzero(totals)
    return np.divide(mean, totals, out=np.zeros(n_classes), where=totals > 0)


def _table(by_class, classes):
    known = set(classes)  # by their hashes: an array would compare itself with tuples
    unknown = [label for label in by_class if label not in known]
    if unknown:
        raise ValueError(
            f"class_weight has weights for {unknown}, which are not among the classes"
            f" {list(classes)}."
        )
    if not all(map(Finite(0, closed="left").is_satisfied_by, by_class.values())):
        raise ValueError(
            f"The weights in class_weight must be numbers >= 0, got {by_class!r}."
        )
    return np.array([by_class.get(label, 1.0) for label in classes], dtype=float)
