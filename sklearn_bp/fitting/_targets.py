"""From the user's targets to what the network is trained on, and back.

Both kinds of targets have the same methods; those that only one of them needs are
empty in the other.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.base import is_classifier
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from ..network import LOSSES
from ._class_weights import class_weight_tables
from ._scaling import mean_and_spread


def learn_targets(estimator, y, classes=None, needs_classes=False):
    """Learn from the first targets what the outputs stand for.

    Parameters
    ----------
    estimator : estimator
        A classifier or a regressor.
    y : array-like or sparse matrix
        The targets.
    classes : array-like of shape (n_classes,), default=None
        All classes, of which `y` may hold only some; None takes those of `y`.
    needs_classes : bool, default=False
        Whether more targets may follow, so that `classes` is needed.

    Returns
    -------
    targets : ClassTargets or NumberTargets
        What the targets are.
    """
    if not is_classifier(estimator):
        return NumberTargets(1 if y.ndim == 1 else y.shape[1])
    if needs_classes and classes is None and not is_multilabel(y):
        raise ValueError(
            "classes must be passed on the first call to partial_fit: all labels"
            " that will ever occur."
        )
    targets = ClassTargets(y, classes)
    if targets.is_multilabel:
        targets.check_classes(classes)
    return targets


@dataclass(eq=False)
class NumberTargets:
    """One or several numbers for each sample.

    Parameters
    ----------
    n_outputs : int
        The number of outputs.
    center, scale : ndarray of shape (n_outputs,), default=None
        The network is trained on targets from which the center is subtracted, and which
        are then divided by the scale. None leaves them as they are.
    constant : ndarray of shape (n_outputs,), default=None
        What is predicted whatever the network says; NaN for targets that vary.
    """

    #: The name of a scorer that measures predictions, where the coefficient of
    #: determination of the encoded targets is not that of the user's.
    own_scorer: ClassVar[str | None] = None

    n_outputs: int
    center: np.ndarray | None = None
    scale: np.ndarray | None = None
    constant: np.ndarray | None = None

    def scaled(self, part, loss):
        """Targets that are standardised or, for losses of positive numbers, divided by
        their mean, as some rows suggest."""
        y = NumberTargets(self.n_outputs).encode(part.y, np.float64, loss)
        weight = part.sample_weight
        mean, spread = mean_and_spread(y, weight, "y")
        any_value = y[0 if weight is None else weight.argmax()]  # without rounding
        constant = np.where(spread == 0, any_value, np.nan)
        center = np.where(spread == 0, any_value, mean)
        scale = spread
        if loss.link == "exp":
            center, scale = np.zeros_like(center), center
        return NumberTargets(
            self.n_outputs, center, np.where(scale == 0, 1.0, scale), constant
        )

    def rescaled(self, y):
        """Numbers in the units of the user as the network takes them."""
        return y if self.scale is None else (y - self.center) / self.scale

    def decode(self, y):
        """Encoded targets in the units of the user."""
        return y if self.scale is None else y * self.scale + self.center

    def in_units(self, predictions):
        """The network's predictions in the units of the user."""
        if self.scale is None:
            return predictions
        is_constant = ~np.isnan(self.constant)
        return np.where(is_constant, self.constant, self.decode(predictions))

    def predictions(self, raw, loss):
        """The raw outputs of several networks, shape (n_networks, n_samples,
        n_outputs), as predictions in the units of the user."""
        return self.in_units(loss.prediction(raw))

    def unscaled(self, gradients, loss):
        """Derivatives of the raw outputs, with the first two axes for samples and
        outputs, in the units of the user."""
        if self.scale is None:
            return gradients
        factor = np.isnan(self.constant) * (1.0 if loss.link == "exp" else self.scale)
        return (gradients * factor[:, np.newaxis]).astype(gradients.dtype)

    @property
    def attributes(self):
        """The fitted attributes that describe them."""
        return {"n_outputs_": self.n_outputs}

    def make_loss(self, estimator):
        """The loss that the estimator's parameters ask for."""
        return LOSSES[estimator.loss].of(estimator)

    def encode(self, y, dtype, loss):
        """Return targets as the loss takes them, in an array of shape (n_samples,
        n_outputs).

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        dtype : dtype
            float32 or float64.
        loss : Loss
            The loss, which determines the valid targets.
        """
        if issparse(y) or y.dtype.kind not in "biuf":
            raise ValueError(
                f"y must hold numbers in an array, got {type(y).__name__} of {y.dtype}."
                " Convert it, or use a classifier for class labels."
            )
        given = y = y.reshape(len(y), -1)
        has_all_outputs = y.shape[1] == self.n_outputs
        if has_all_outputs:
            y = self.rescaled(y)
        with np.errstate(over="ignore"):
            y = np.require(y, dtype, ["C", "A"])
        if not np.isfinite(y).all():
            raise _not_finite(given, y.dtype)
        low, high = loss.target_range
        is_low = y < low if loss.lowest_is_valid else y <= low
        if is_low.any() or (y > high).any():
            raise ValueError(
                f"Some value(s) of y are out of the valid range of loss='{loss.name}':"
                f" they must be {'>=' if loss.lowest_is_valid else '>'} {low}."
            )
        if not has_all_outputs:
            raise ValueError(
                f"y has {y.shape[1]} targets, but the network was trained for"
                f" {self.n_outputs}. To start afresh, call fit with warm_start=False."
            )
        return y

    @property
    def are_constant(self):
        """Whether the prediction is known without a network."""
        return self.constant is not None and not np.isnan(self.constant).any()

    @property
    def labels(self):
        """None: there are no classes."""

    def check_classes(self, classes):
        """Do nothing: there are no classes."""

    def check_same(self, y):
        """Do nothing: any numbers will do, and `encode` counts the columns."""

    def class_weights(self, estimator, y, sample_weight):
        """Return None: there are no classes."""

    def groups(self, y):
        """Return None: there is nothing to stratify by."""

    def classes_only_in(self, y, other):
        """Return an empty array: there are no classes."""
        return np.array([])

    def responses(self, loss):
        """Functions that turn raw outputs into what the estimators' methods return."""

        def predict(raw):
            # in float64 if they are scaled: the mean may be far larger than the spread
            y = self.in_units(loss.prediction(raw))
            return y[:, 0] if self.n_outputs == 1 else y

        return {"predict": predict}


class ClassTargets:
    """The classes of a problem, and the numbers that stand for them.

    Parameters
    ----------
    y : array-like or sparse matrix
        Labels of shape (n_samples,), or indicators of shape (n_samples, n_classes).
    classes : array-like of shape (n_classes,), default=None
        All classes, of which `y` may hold only some; None takes those of `y`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels in sorted order; in a multilabel problem, the column numbers.
    loss_name : str
        The loss that fits the problem.
    n_outputs : int
        The number of outputs that it needs.
    """

    own_scorer = None  # the accuracy is the same however labels are encoded

    def __init__(self, y, classes=None):
        self.is_multilabel = is_multilabel(y)
        self.is_sparse = issparse(y)
        if self.is_multilabel:
            self.classes = np.arange(y.shape[1])
        else:
            self.classes = np.unique(y) if classes is None else _labels(classes)
        n_classes = len(self.classes)
        if not self.is_multilabel and n_classes > 2:
            self.loss_name, self.n_outputs = "log_loss", n_classes
        else:
            self.loss_name = "binary_log_loss"
            self.n_outputs = n_classes if self.is_multilabel else 1

    def scaled(self, part, loss):
        """These targets: there is nothing to scale."""
        return self

    def unscaled(self, gradients, loss):
        """Derivatives of the raw outputs, as they are."""
        return gradients

    @property
    def attributes(self):
        """The fitted attributes that describe them."""
        return {"classes_": self.classes, "n_outputs_": self.n_outputs}

    @property
    def are_constant(self):
        """Whether the prediction is known without a network."""
        return not self.is_multilabel and len(self.classes) == 1

    @property
    def labels(self):
        """The classes, of which some targets may hold only a part; None in a multilabel
        problem, where each column says what it stands for."""
        return None if self.is_multilabel else self.classes

    def make_loss(self, estimator):
        """The loss that the estimator's parameters ask for."""
        return LOSSES[self.loss_name].of(estimator)

    def encode(self, y, dtype, loss=None):
        """Return labels as targets of the loss.

        Parameters
        ----------
        y : array-like or sparse matrix
            Labels or indicators, as in the constructor.
        dtype : dtype
            float32 or float64.
        loss : Loss, default=None
            Not used here; all labels are valid.

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
                f"y has shape {y.shape}, but the network was trained for"
                f" {self._description()}. Pass targets of that kind, or start afresh by"
                " calling fit with warm_start=False."
            )
        if self.is_multilabel:
            y = y.toarray() if issparse(y) else np.asarray(y)
            return np.require(y, dtype, ["C", "A"])
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

    def check_same(self, y):
        """Raise a ValueError unless `y` holds all classes and nothing else."""
        if self.is_multilabel or is_multilabel(y):
            return  # `encode` compares the kinds
        if not np.array_equal(np.unique(y), self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the"
                f" previous call to fit. Previously got {self.classes}, `y` has"
                f" {np.unique(y)}. Set warm_start=False to start afresh."
            )

    def check_classes(self, classes):
        """Raise a ValueError if these are different classes."""
        if classes is not None and not np.array_equal(_labels(classes), self.classes):
            raise ValueError(
                f"`classes={classes}` is not the same as on last call to partial_fit,"
                f" was: {self.classes} (the columns of y in a multilabel problem)."
                " Pass the same classes, or none at all."
            )

    def decode(self, raw):
        """Raw outputs of shape (n_samples, n_outputs) as labels or indicators."""
        if self.is_multilabel:
            indicators = (raw > 0).astype(int)
            return csr_matrix(indicators) if self.is_sparse else indicators
        if self.n_outputs > 1:
            return self.classes[raw.argmax(axis=-1)]
        return self.classes[self._decode_single(raw).astype(int)]

    def _decode_single(self, raw):
        """The number of the class, as told by a single output; there may be only one
        class."""
        return (raw[..., 0] > 0) & (len(self.classes) > 1)

    def are_right(self, outputs, y):
        """Whether outputs agree with the encoded targets, in all labels.

        Parameters
        ----------
        outputs : Evaluation
            What an engine has computed for the rows.
        y : ndarray of shape (n_samples, n_targets)
            The targets.

        Returns
        -------
        are_right : ndarray of bool of shape (n_networks, n_samples)
            Whether they agree.
        """
        if self.is_multilabel:
            return ((outputs.raw > 0) == y).all(axis=-1)
        if self.n_outputs > 1:
            return outputs.winners == y[:, 0]
        return self._decode_single(outputs.raw) == y[:, 0]

    def groups(self, y):
        """The labels behind encoded targets, to stratify a validation set by, in binary
        problems; None in others."""
        return self.classes[y[:, 0].astype(int)] if self.n_outputs == 1 else None

    def classes_only_in(self, y, other):
        """The classes that some encoded targets have and others do not; none in
        multilabel problems."""
        if self.is_multilabel:
            return self.classes[:0]
        return self.classes[np.setdiff1d(y, other).astype(int)]

    def responses(self, loss):
        """Functions that turn raw outputs into what the estimators' methods return."""
        return {
            "predict": self.decode,
            "decision_function": self.decisions,
            "predict_proba": self.probabilities,
            "predict_log_proba": self.log_probabilities,
        }

    def decisions(self, raw):
        """Raw outputs as scikit-learn's decision functions return them."""
        return raw[:, 0] if self.n_outputs == 1 else raw

    def probabilities(self, raw):
        """Raw outputs as probabilities, one column per class."""
        return self._by_class(raw, LOSSES[self.loss_name]().prediction)

    def log_probabilities(self, raw):
        """The logarithms of probabilities, one column per class; from the raw outputs,
        since probabilities round to 0 and 1."""
        return self._by_class(raw, LOSSES[self.loss_name]().log_prediction)

    def raw_of_probabilities(self, probabilities):
        """The inverse of `probabilities`, up to rounding and a constant."""
        with np.errstate(divide="ignore"):
            logs = np.log(probabilities)
            if self.is_multilabel:
                return logs - np.log1p(-probabilities)
        return logs if self.n_outputs > 1 else logs[:, -1:] - logs[:, :1]

    def _by_class(self, raw, function):
        """A function of raw outputs, of both classes where a single output stands for
        them."""
        if self.is_multilabel or self.n_outputs > 1:
            return function(raw)
        if len(self.classes) == 1:
            return function(np.full_like(raw, np.inf))
        return function(np.hstack([-raw, raw]))

    def class_weights(self, estimator, y, sample_weight):
        """What the parameter `class_weight` asks for, as of `class_weight_tables`."""
        classes = [0, 1] if self.is_multilabel else self.classes
        return class_weight_tables(
            estimator.class_weight, classes, y, sample_weight, self.is_multilabel
        )

    def _description(self):
        if self.is_multilabel:
            return f"indicators of {len(self.classes)} labels"
        return f"one label per sample, out of {self.classes}"


def _not_finite(y, dtype):
    """The error for numbers that are not finite in this type; scikit-learn does not
    look at those that were objects, such as None, and may be told not to look."""
    if np.isnan(y).any():
        return ValueError("Input y contains NaN.")
    if np.isinf(y).any():
        return ValueError("Input y contains infinity.")
    return ValueError(f"Input y contains a value too large for {dtype}. Scale y.")


def _labels(classes):
    """The argument `classes` in sorted order; raises a ValueError if these are no class
    labels."""
    try:
        unique_labels(classes)  # only as a check: it makes text of objects
        labels = np.unique(classes)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "classes must be an array of class labels, which are whole numbers or text,"
            f" got {classes!r}: {error}"
        ) from error
    if len(labels) == 0:
        raise ValueError("classes must be an array of class labels, and is empty.")
    return labels


def is_multilabel(y):
    """Whether y holds indicators; raises a ValueError if it holds no class labels."""
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y has several columns with more than two classes in one of them, which is"
            " not supported. Fit one classifier per column, with MultiOutputClassifier."
        )
    return kind == "multilabel-indicator"
