"""From the user's data to samples, as the engines take them."""

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from ..training import Samples
from ._checks import check_dtype, check_sample_weight
from ._targets import learn_targets


def check_samples(
    estimator,
    X,
    y,
    sample_weight=None,
    *,
    fitted=None,
    incremental=False,
    classes=None,
):
    """Check the data of a training.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator that is given the data. It records the number and the names of the
        features, unless it continues a training.
    X, y, sample_weight : array-like
        The data.
    fitted : FittedNetwork, default=None
        A network to continue from; None learns from `y` what the targets are.
    incremental : bool, default=False
        Whether further data may follow in other calls.
    classes : array-like of shape (n_classes,), default=None
        All classes, if the user names them.

    Returns
    -------
    targets : ClassTargets or NumberTargets
        What the targets are.
    samples : Samples
        The data.

    Raises
    ------
    ValueError
        If the data are not valid, or of a different kind from the network's.
    """
    given = X, y
    X, y = check_X_y(
        estimator, X, y, _computing_types(estimator, fitted), reset=fitted is None
    )
    sample_weight = check_sample_weight(sample_weight, X.shape[0], X.dtype)
    if fitted is None:
        targets = learn_targets(estimator, y, classes, needs_classes=incremental)
    else:
        targets = fitted.targets
        if incremental:
            targets.check_classes(classes)
        else:
            targets.check_same(y)
    y = targets.encode(y, X.dtype, targets.make_loss(estimator))
    return targets, Samples(X, y, sample_weight, given)


def check_more_samples(estimator, targets, X, y, sample_weight, dtype):
    """Check more data of a kind that has been checked before.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator that has learned what X looks like.
    targets : ClassTargets or NumberTargets
        What the targets are.
    X, y, sample_weight : array-like
        The data.
    dtype : dtype
        The computing type.

    Returns
    -------
    samples : Samples
        The data.
    """
    given = X, y
    X, y = check_X_y(estimator, X, y, dtype)
    sample_weight = check_sample_weight(sample_weight, X.shape[0], X.dtype)
    y = targets.encode(y, X.dtype, targets.make_loss(estimator))
    return Samples(X, y, sample_weight, given)


def check_validation_samples(estimator, targets, X, y, sample_weight, dtype):
    """Check the user's validation data; see `check_more_samples`.

    Returns
    -------
    samples : Samples or None
        None if there are none.
    """
    if X is None and y is None and sample_weight is None:
        return None
    if X is None or y is None:
        raise ValueError(
            "X_val and y_val belong together, and sample_weight_val needs both: pass"
            " both X_val and y_val, or none of the three."
        )
    try:
        samples = check_more_samples(estimator, targets, X, y, None, dtype)
    except (ValueError, TypeError) as error:
        raise type(error)(f"X_val or y_val is not valid: {error}") from error
    return samples.weighted(
        check_sample_weight(
            sample_weight, samples.X.shape[0], dtype, name="sample_weight_val"
        )
    )


def check_X_y(estimator, X, y, dtype, reset=False):
    """Check X and y as scikit-learn does.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator that is given the data.
    X, y : array-like
        The data.
    dtype : dtype or list of dtype
        What X is converted to, unless it is one of these.
    reset : bool, default=False
        Whether the estimator records the number and the names of the features, instead
        of comparing them.

    Returns
    -------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        C-contiguous.
    y : ndarray or sparse matrix
        The targets, one-dimensional if they are one column.
    """
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=dtype,
        order="C",
        multi_output=True,
        y_numeric=is_regressor(estimator),
        reset=reset,
    )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return X, y


def _computing_types(estimator, fitted):
    """The type or, where X decides, the types that X may be converted to."""
    if estimator.dtype is None:
        return [np.float64, np.float32] if fitted is None else fitted.dtype
    dtype = check_dtype(estimator.dtype)
    if fitted is not None and dtype != fitted.dtype:
        raise ValueError(
            f"The fitted network computes in {fitted.dtype}, but dtype asks"
            f" for {dtype}. To continue training, leave dtype as it was; to start"
            " afresh, call fit with warm_start=False."
        )
    return dtype
