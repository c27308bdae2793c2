"""From class labels to what the network is trained on, and back."""

from numbers import Real

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .network import LOSSES


class ClassLabels:
    """The classes of a problem, and the numbers that stand for them.

    Parameters
    ----------
    y : array-like or sparse matrix
        Labels of shape (n_samples,), or indicators of shape (n_samples, n_classes).
    classes : array-like of shape (n_classes,), default=None
        All classes, of which `y` may hold a part; None takes those of `y`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels in sorted order; in a multilabel problem, the column numbers.
    loss : str
        The loss that fits the problem.
    n_outputs : int
        The number of outputs that it needs.
    """

    def __init__(self, y, classes=None):
        self.is_multilabel = is_multilabel(y)
        self.is_sparse = issparse(y)
        if self.is_multilabel:
            self.classes = np.arange(y.shape[1])
        else:
            self.classes = np.unique(y if classes is None else classes)
        n_classes = len(self.classes)
        if not self.is_multilabel and n_classes > 2:
            self.loss, self.n_outputs = "log_loss", n_classes
        else:
            self.loss = "binary_log_loss"
            self.n_outputs = n_classes if self.is_multilabel else 1

    def encode(self, y, dtype):
        """Labels as targets of the loss.

        Parameters
        ----------
        y : array-like or sparse matrix
            Labels or indicators, as in the constructor.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        targets : ndarray of shape (n_samples, n_targets)
            Class numbers in one column, or indicators.

        Raises
        ------
        ValueError
            If a label is not among the classes.
        """
        if self.is_multilabel != is_multilabel(y) or (
            self.is_multilabel and y.shape[1] != len(self.classes)
        ):
            raise ValueError(
                f"y has shape {y.shape} and the network was trained for"
                f" {self._description()}. Pass targets of that kind, or fit anew with"
                " warm_start=False."
            )
        if self.is_multilabel:
            y = y.toarray() if issparse(y) else np.asarray(y)
            return np.ascontiguousarray(y, dtype=dtype)
        self.check(y)
        return np.searchsorted(self.classes, y).astype(dtype)[:, np.newaxis]

    def check(self, y):
        """Raise a ValueError if `y` holds a label that is not among the classes."""
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown) > 0:
            raise ValueError(
                f"`y` has classes not in `self.classes_`: {unknown}. `self.classes_`"
                f" is {self.classes}. On the first call to partial_fit, pass all"
                " classes."
            )

    def are_all_in(self, y):
        """Whether `y` holds each class, and nothing else."""
        return self.is_multilabel or np.array_equal(np.unique(y), self.classes)

    def decode(self, raw):
        """Raw outputs of shape (n_samples, n_outputs) as labels or indicators."""
        if self.is_multilabel:
            indicators = (raw > 0).astype(int)
            return csr_matrix(indicators) if self.is_sparse else indicators
        if self.n_outputs > 1:
            return self.classes[raw.argmax(axis=-1)]
        return self.classes[self._decode_single(raw).astype(int)]

    def _decode_single(self, raw):
        """The number of the class, where a single output tells; it may be the only
        one."""
        return (raw[..., 0] > 0) & (len(self.classes) > 1)

    def are_right(self, outputs, y):
        """Whether outputs stand for the encoded targets, in all labels.

        Parameters
        ----------
        outputs : Evaluation
            What an engine has made of the rows.
        y : ndarray of shape (n_samples, n_targets)
            The targets.

        Returns
        -------
        are_right : ndarray of bool of shape (n_networks, n_samples)
            Whether they do.
        """
        if self.is_multilabel:
            return ((outputs.raw > 0) == y).all(axis=-1)
        if self.n_outputs > 1:
            return outputs.winners == y[:, 0]
        return self._decode_single(outputs.raw) == y[:, 0]

    def decode_targets(self, y):
        """The labels that `encode` gave as one column of class numbers."""
        return self.classes[y[:, 0].astype(int)]

    def probabilities(self, raw):
        """Raw outputs as probabilities, one column a class."""
        probabilities = LOSSES[self.loss]().prediction(raw)
        if self.is_multilabel or self.n_outputs > 1:
            return probabilities
        if len(self.classes) == 1:
            return np.ones_like(probabilities)
        return np.hstack([1 - probabilities, probabilities])

    def class_weights(self, class_weight, y, sample_weight):
        """What the parameter `class_weight` asks for.

        Parameters
        ----------
        class_weight : dict, list of dict, "balanced" or None
            Weights by label, in a multilabel problem a dict for each label; what is
            not mentioned has the weight 1. "balanced" gives each class the same total.
        y : ndarray of shape (n_samples, n_targets)
            Encoded targets.
        sample_weight : ndarray of shape (n_samples,) or None
            The weights of the samples, which count in the totals.

        Returns
        -------
        tables : list of ndarray, or None
            For each column of y, the weight of each number in it.

        Raises
        ------
        ValueError
            If there is a label that is no class, or a weight that is not >= 0.
        """
        if class_weight is None:
            return None
        classes = [0, 1] if self.is_multilabel else self.classes
        n_columns = y.shape[1]
        if isinstance(class_weight, str):
            return [
                _balanced(column.astype(int), len(classes), sample_weight)
                for column in y.T
            ]
        if self.is_multilabel != isinstance(class_weight, list) or (
            self.is_multilabel and len(class_weight) != n_columns
        ):
            raise ValueError(
                "class_weight must be a dict from classes to weights, and in a"
                " multilabel problem a list of one for each label, such as"
                f" {{0: 1, 1: 5}}; got {class_weight!r}."
            )
        weights = class_weight if self.is_multilabel else [class_weight]
        if not all(isinstance(by_class, dict) for by_class in weights):
            raise ValueError(
                f"class_weight must be made of dicts, got {class_weight!r}."
            )
        return [_table(by_class, classes) for by_class in weights]

    def _description(self):
        if self.is_multilabel:
            return f"indicators of {len(self.classes)} labels"
        return f"one label a sample, out of {self.classes}"


def weigh_classes(tables, y, sample_weight):
    """Sample weights times the weights of the classes, or of all the labels."""
    if tables is None:
        return sample_weight
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    for table, column in zip(tables, y.T, strict=True):
        weight = weight * table[column.astype(int)]
    return weight.astype(y.dtype)


def _balanced(numbers, n_classes, sample_weight):
    totals = np.bincount(numbers, weights=sample_weight, minlength=n_classes)
    mean = totals.sum() / np.count_nonzero(totals)
    return np.divide(mean, totals, out=np.zeros(n_classes), where=totals > 0)


def _table(by_class, classes):
    unknown = [label for label in by_class if label not in classes]
    if unknown:
        raise ValueError(
            f"class_weight has weights for {unknown}, which are not among the classes"
            f" {list(classes)}."
        )
    are_weights = all(
        isinstance(weight, Real) and 0 <= weight < np.inf
        for weight in by_class.values()
    )
    if not are_weights:
        raise ValueError(
            f"class_weight must be made of weights >= 0, got {by_class!r}."
        )
    return np.array([by_class.get(label, 1.0) for label in classes], dtype=float)


def is_multilabel(y):
    """Whether y holds indicators; a ValueError if it holds no class labels at all."""
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y has several columns with more than two classes in one of them, which is"
            " not supported. Fit one classifier a column, with MultiOutputClassifier."
        )
    return kind == "multilabel-indicator"
