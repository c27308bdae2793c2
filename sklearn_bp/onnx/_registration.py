"""Estimators of others that hold ours, which skl2onnx converts."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline

from ..preprocessing import PiecewiseLinearEncoder, TableEncoder
from ._graph import ML_DOMAIN, ML_OPSET
from ._models import CLASSIFIERS, REGRESSORS

OURS = (*CLASSIFIERS, *REGRESSORS, PiecewiseLinearEncoder, TableEncoder)


def register():
    """Register the estimators and the encoders of this package with skl2onnx.

    Then `skl2onnx.to_onnx` and `skl2onnx.convert_sklearn` convert pipelines and other
    estimators of scikit-learn that hold them. Classifiers have the option "raw_scores",
    which puts raw outputs in the place of probabilities. They return the latter as an
    array, whatever the option "zipmap" says.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    """
    try:
        from ._converters import update_converters
    except ImportError as error:
        raise ImportError(
            "Pipelines are converted by skl2onnx, which cannot be imported:"
            ' pip install "sklearn-bp[onnx]".'
        ) from error
    update_converters()


def with_skl2onnx(model, X, dtype, target_opset):
    """What skl2onnx makes of an estimator.

    Parameters
    ----------
    model : estimator
        The estimator.
    X : array-like or data frame of shape (n_samples, n_features)
        Data for the types of the inputs.
    dtype : dtype or None
        The type of all numbers; None is that of X.
    target_opset : int
        The version of the set of operators.

    Returns
    -------
    onnx_model : onnx.ModelProto
        The model.
    """
    _check(model)
    if X is None:
        raise ValueError(
            f"X must be passed with a {type(model).__name__}: it takes data of the"
            " types of X. One sample is enough, such as X[:1]."
        )
    register()
    import skl2onnx

    X = _first_row(X, dtype)
    _check_that_it_takes(model, X)
    _check_opset_of_skl2onnx(target_opset)
    options = {"zipmap": False} if _has_zipmap(model) else None
    return skl2onnx.to_onnx(
        model,
        X,
        target_opset={"": target_opset, ML_DOMAIN: ML_OPSET},
        options=options,
    )


def _check_that_it_takes(model, X):
    """Let the model itself see to the number and the names of the features."""
    for method in ("predict", "transform"):
        if hasattr(model, method):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of X without names, for one
                getattr(model, method)(X)
            return


def _check_opset_of_skl2onnx(target_opset):
    from skl2onnx import __max_supported_opset__ as last

    if target_opset > last:
        raise ValueError(
            f"target_opset must be at most {last} for a model that skl2onnx converts,"
            f" got {target_opset}."
        )


def _has_zipmap(model):
    """Whether skl2onnx would make dicts of probabilities."""
    while _passes_on(model):
        model = model[-1] if isinstance(model, Pipeline) else model.best_estimator_
    return is_classifier(model) and not isinstance(model, SelectorMixin)


def _passes_on(model):
    """Whether it returns what another one returns: a pipeline or a search."""
    is_search = hasattr(model, "best_estimator_") and not isinstance(model, OURS)
    return is_search or isinstance(model, Pipeline)


def _check(model):
    held = list(_held(model))
    if not any(isinstance(each, OURS) for each in held):
        raise TypeError(
            f"This {type(model).__name__} holds no estimator of sklearn_bp. Convert it"
            " with skl2onnx.to_onnx."
        )
    for each in held:
        _check_that_it_is_exact(each)


def _check_that_it_is_exact(estimator):
    """Refuse what skl2onnx converts to something else."""
    if isinstance(estimator, TunedThresholdClassifierCV):
        raise ValueError(
            "TunedThresholdClassifierCV cannot be converted: skl2onnx ignores its"
            " threshold. Convert its estimator_, and compare the probabilities with"
            " best_threshold_."
        )
    if isinstance(estimator, CalibratedClassifierCV) and estimator.method != "sigmoid":
        raise ValueError(
            f"CalibratedClassifierCV(method={estimator.method!r}) cannot be converted"
            " exactly by skl2onnx, which makes steps of an isotonic function, where"
            " scikit-learn interpolates, and knows no others. Use method='sigmoid'."
        )
    if isinstance(estimator, FrozenEstimator):
        raise ValueError(
            "FrozenEstimator cannot be converted: skl2onnx does not know it. Convert"
            " the estimator in it, or hold that without freezing it."
        )
    if not (isinstance(estimator, OURS) or _passes_on(estimator)):
        _check_labels(estimator)


def _check_labels(estimator):
    """Refuse integers that skl2onnx would cut to 32 bits."""
    labels = getattr(estimator, "classes_", None)
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        return
    most = np.iinfo(np.int32).max
    if max(abs(int(labels.min())), abs(int(labels.max()))) > most:
        raise ValueError(
            f"The class labels {labels} of {type(estimator).__name__} cannot be"
            f" converted: skl2onnx takes integers up to {most}. Encode them before the"
            " fit, for example with LabelEncoder."
        )


def _first_row(X, dtype):
    """The first row of X, with its numbers in that type, or in their own if None."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    if len(X.shape) != 2:
        raise ValueError(
            "X must have the shape (n_samples, n_features), got an array of shape"
            f" {tuple(X.shape)}. Pass a row of your data as X[:1]."
        )
    X = X[:1]
    if dtype is None:
        return X
    if hasattr(X, "select_dtypes"):  # the other columns of a data frame are no numbers
        return X.astype(dict.fromkeys(X.select_dtypes("number").columns, dtype))
    return X.astype(dtype)


def _held(thing):
    """All estimators that something holds, itself included."""
    if isinstance(thing, BaseEstimator):
        yield thing
        parts = vars(thing).values()
    elif isinstance(thing, dict | list | tuple):
        parts = thing.values() if isinstance(thing, dict) else thing
    else:
        return
    for part in parts:
        yield from _held(part)
