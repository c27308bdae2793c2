"""From the user's data to what an engine takes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from ._evaluation import EvaluationSet
from ._targets import weigh_classes
from ._validation import check_dtype, check_sample_weight, mean_weight
from .training import TrainingData


@dataclass(frozen=True)
class CheckedData:
    """Data that have been checked, as the engines take them.

    Parameters
    ----------
    X, y, sample_weight : arrays
        Data, encoded targets, and the weights of the samples or None.
    given : tuple of array-like
        X and y as the user has given them.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    given: tuple

    def part(self, rows=None):
        """Some rows, or all, to measure a network on."""
        return EvaluationSet(self.X, self.y, self.sample_weight, rows, self.given)


class DataChecks:
    """What the estimators do to all data that they are given."""

    def _computing_type(self, state):
        """The type or, where X is to decide, the types that X may be converted to."""
        if self.dtype is None:
            return [np.float64, np.float32] if state is None else state.theta.dtype
        dtype = check_dtype(self.dtype)
        if state is not None and dtype != state.theta.dtype:
            raise ValueError(
                f"The fitted network computes in {state.theta.dtype}, dtype asks"
                f" for {dtype}. To go on training, leave dtype as it was; to start"
                " afresh, call fit with warm_start=False."
            )
        return dtype

    def _validate_X_y(self, X, y, dtype, reset=False):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=dtype,
            order="C",
            multi_output=True,
            y_numeric=is_regressor(self),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _check_data(
        self, X, y, sample_weight, state=None, incremental=False, classes=None
    ):
        """The user's data, checked. The targets are learned, or with a state to go on
        from compared with what was learned before."""
        given = X, y
        X, y = self._validate_X_y(
            X, y, self._computing_type(state), reset=state is None
        )
        sample_weight = check_sample_weight(sample_weight, X.shape[0], X.dtype)
        if state is None:
            self._learn_targets(y, incremental, classes)
        elif incremental:
            self._check_classes(classes)
        else:
            self._check_same_targets(y)
        return CheckedData(X, self._encode_targets(y, X.dtype), sample_weight, given)

    def _check_more_data(self, X, y, sample_weight, dtype):
        """Data of the kind that has been checked before, in the computing type."""
        given = X, y
        X, y = self._validate_X_y(X, y, dtype)
        sample_weight = check_sample_weight(sample_weight, X.shape[0], X.dtype)
        return CheckedData(X, self._encode_targets(y, X.dtype), sample_weight, given)

    def _training_data(self, checked, rows):
        """Some rows to train on; and the weights of the classes in them."""
        sample_weight = checked.sample_weight
        mean_weight(sample_weight, rows)  # is not zero
        weight = None if sample_weight is None else sample_weight[rows]
        class_weights = self._class_weights(checked.y[rows], weight)
        sample_weight = weigh_classes(class_weights, checked.y, sample_weight)
        return TrainingData(checked.X, checked.y, sample_weight, rows), class_weights

    def _check_validation(self, X, y, sample_weight, dtype, class_weights):
        """The user's validation data, or None."""
        if X is None and y is None and sample_weight is None:
            return None
        if X is None or y is None:
            raise ValueError(
                "X_val and y_val belong together, and sample_weight_val with them: pass"
                " both, or none."
            )
        given = X, y
        try:
            X, y = self._validate_X_y(X, y, dtype)
            y = self._encode_targets(y, dtype)
        except (ValueError, TypeError) as error:
            raise type(error)(f"X_val or y_val is not valid: {error}") from error
        sample_weight = check_sample_weight(
            sample_weight, X.shape[0], dtype, name="sample_weight_val"
        )
        sample_weight = weigh_classes(class_weights, y, sample_weight)
        mean_weight(sample_weight, slice(None), of="validation")
        return EvaluationSet(X, y, sample_weight, None, given)
