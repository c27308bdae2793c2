"""What each estimator is made of, as operators."""

import numpy as np
from sklearn.base import is_classifier

from .._classifier import BackpropClassifier
from .._regressor import BackpropRegressor
from ..ensemble import BackpropEnsembleClassifier, BackpropEnsembleRegressor
from ..model_selection import BackpropClassifierCV, BackpropRegressorCV
from ._heads import class_outputs
from ._network import MeanOfNetworks, OneNetwork
from ._tables import encoded, is_of_numbers, joined

CLASSIFIERS = (BackpropClassifier, BackpropClassifierCV, BackpropEnsembleClassifier)
REGRESSORS = (BackpropRegressor, BackpropRegressorCV, BackpropEnsembleRegressor)
ENSEMBLES = (BackpropEnsembleClassifier, BackpropEnsembleRegressor)

OUTPUT_NAMES = ("label", "probabilities", "variable")


def takes_numbers(model):
    """Whether a model takes its data in one tensor of numbers."""
    return not isinstance(model, ENSEMBLES) or is_of_numbers(model.encoder_)


def output_shapes(model):
    """By the names of what a model returns, the lengths of the axes after that of the
    samples."""
    if not is_classifier(model):
        return {"variable": (model.n_outputs_,)}
    n_classes = (len(model.classes_),)
    is_multilabel = _networks(model)[0].targets.is_multilabel
    return {
        "label": n_classes if is_multilabel else (),
        "probabilities": n_classes,
    }


def computing_type(model):
    """The type that the networks of a model compute in."""
    return _networks(model)[0].dtype


def outputs(model, table, dtype):
    """What a model returns.

    Parameters
    ----------
    model : estimator
        One of this package's that is fitted.
    table : list of Tensor of shape (n_samples, n_columns)
        The features: one tensor for all of them, or one for each.
    dtype : dtype
        The type that networks compute in.

    Returns
    -------
    outputs : dict of Tensor
        Those of `class_outputs`, or the predicted numbers as "variable".
    """
    networks = [OneNetwork(fitted, np.dtype(dtype)) for fitted in _networks(model)]
    answering = networks[0]
    if isinstance(model, ENSEMBLES):
        answering = MeanOfNetworks(networks, model.weights_)
        X = encoded(model.encoder_, table)
    else:
        if hasattr(model, "networks_"):  # those of the folds
            weights = np.full(len(networks), 1 / len(networks))
            answering = MeanOfNetworks(networks, weights)
        # What is scaled is so in float64.
        is_scaled = networks[0].fitted.scaling is not None
        X = joined(table, np.float64 if is_scaled else dtype)
    if is_classifier(model):
        return class_outputs(answering.raw_outputs(X), answering.targets)
    return {"variable": answering.numbers(X)}


def _networks(model):
    return model.networks_ if hasattr(model, "networks_") else [model.network_]
