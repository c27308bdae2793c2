"""Estimators of others that hold ours, which skl2onnx converts."""

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.calibration import CalibratedClassifierCV

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

    X = (X if hasattr(X, "shape") else np.asarray(X))[:1]
    X = X if dtype is None else X.astype(dtype)
    options = {"zipmap": False} if is_classifier(model) else None
    return skl2onnx.to_onnx(
        model,
        X,
        target_opset={"": target_opset, ML_DOMAIN: ML_OPSET},
        options=options,
    )


def _check(model):
    held = list(_held(model))
    if not any(isinstance(each, OURS) for each in held):
        raise TypeError(
            f"This {type(model).__name__} holds no estimator of sklearn_bp. Convert it"
            " with skl2onnx.to_onnx."
        )
    for each in held:
        if isinstance(each, CalibratedClassifierCV) and each.method != "sigmoid":
            raise ValueError(
                f"CalibratedClassifierCV(method={each.method!r}) cannot be converted:"
                " skl2onnx makes steps of an isotonic function, where scikit-learn"
                " interpolates. Use method='sigmoid'."
            )


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
