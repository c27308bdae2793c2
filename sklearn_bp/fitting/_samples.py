"""From the user's data to samples, as the engines take them."""

import sys
from dataclasses import replace

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from ..training import Samples
from ..utils import aligned, check_sample_weight, refusing_large_integers, to_numpy
from ._checks import check_dtype
from ._scaling import FLOATS, Scaling
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
    scales=False,
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
    scales : bool or "targets", default=False
        Whether the network is to be given standardised features and targets, or
        standardised targets alone. One to continue from is given what it has been given
        so far.

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
    given = X, y = to_numpy(X, "X"), to_numpy(y, "y")
    classes = to_numpy(classes, "classes")
    scaling = fitted and fitted.scaling
    types = _computing_types(estimator, fitted)
    X, y = check_X_y(
        estimator,
        X,
        y,
        FLOATS if scales is True or scaling is not None else types,
        reset=fitted is None,
    )
    sample_weight = check_sample_weight(sample_weight, X.shape[0])
    if fitted is None:
        targets = learn_targets(estimator, y, classes, needs_classes=incremental)
    else:
        targets = fitted.targets
        if incremental:
            targets.check_classes(classes)
        else:
            targets.check_same(y)
    samples = Samples(X, y, sample_weight, given)
    if scales and fitted is None:
        return scale_samples(estimator, targets, samples, features=scales is True)
    dtype = X.dtype if fitted is None else fitted.dtype
    return targets, encode_samples(estimator, targets, samples, dtype, scaling)


def scale_samples(estimator, targets, samples, rows=None, features=True):
    """Standardise features and targets of samples that are yet to be encoded.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator whose parameters are used.
    targets : ClassTargets or NumberTargets
        What the targets are.
    samples : Samples
        Data that have been checked.
    rows : ndarray of int, default=None
        The rows that are standardised, and other rows along with them; None stands for
        all.
    features : bool or Scaling, default=True
        Whether features are, or targets alone; or what is done to the features.

    Returns
    -------
    targets : ClassTargets or NumberTargets
        What the scaled targets are.
    samples : Samples
        All rows, scaled and encoded.
    """
    part = samples.part(rows)
    dtype = estimator.dtype or samples.X.dtype
    targets = targets.scaled(part, targets.make_loss(estimator))
    scaling = features or None
    if features is True:
        scaling = Scaling.of(part)
    return targets, encode_samples(estimator, targets, samples, dtype, scaling)


def encode_samples(estimator, targets, samples, dtype, scaling=None):
    """Samples as the engines take them, from data that have been checked: in the
    computing type, to which X was converted unless it is scaled here."""
    X = samples.X if scaling is None else scaling(samples.X, dtype)
    y = targets.encode(samples.y, dtype, targets.make_loss(estimator))
    return replace(samples, X=X, y=y, scaling=scaling)


def check_more_samples(estimator, targets, X, y, sample_weight, dtype, scaling=None):
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
    scaling : Scaling, default=None
        How the network's features are scaled.

    Returns
    -------
    samples : Samples
        The data.
    """
    given = X, y = to_numpy(X, "X"), to_numpy(y, "y")
    X, y = check_X_y(estimator, X, y, dtype if scaling is None else FLOATS)
    sample_weight = check_sample_weight(sample_weight, X.shape[0])
    samples = Samples(X, y, sample_weight, given)
    return encode_samples(estimator, targets, samples, dtype, scaling)


def check_validation_samples(
    estimator, targets, X, y, sample_weight, dtype, scaling=None
):
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
        samples = check_more_samples(estimator, targets, X, y, None, dtype, scaling)
    except (ValueError, TypeError) as error:
        raise type(error)(f"X_val or y_val is not valid: {error}") from error
    return samples.weighted(
        check_sample_weight(sample_weight, samples.X.shape[0], name="sample_weight_val")
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
    try:
        with refusing_large_integers("X or y"):
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
    except (ValueError, TypeError):
        if y is not None:
            check_no_missing(np.asarray(y, dtype=object))
        raise
    check_no_missing(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return aligned(X), y


def check_no_missing(y):
    """Raise a ValueError if a target is missing in an array of objects: scikit-learn
    lets None pass, and does not say whether NaN is in X or in y.

    Parameters
    ----------
    y : ndarray or sparse matrix
        The targets.
    """
    if y.dtype != object:
        return
    of_pandas = getattr(sys.modules.get("pandas"), "NA", None)
    if any(
        value is None
        or value is of_pandas
        or (isinstance(value, float | np.floating) and value != value)
        for value in y.flat
    ):
        raise ValueError(
            "Input y contains NaN: some targets are missing, or None. Leave these"
            " samples out."
        )


def _computing_types(estimator, fitted):
    """The type or, where X decides, the types that X may be converted to."""
    if estimator.dtype is None:
        return FLOATS if fitted is None else fitted.dtype
    dtype = check_dtype(estimator.dtype)
    if fitted is not None and dtype != fitted.dtype:
        raise ValueError(
            f"The fitted network computes in {fitted.dtype}, but dtype asks"
            f" for {dtype}. To continue training, leave dtype as it was; to start"
            " afresh, call fit with warm_start=False."
        )
    return dtype
