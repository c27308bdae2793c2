"""What an ONNX model takes: the names, types and widths of its inputs."""

import numpy as np

from ..utils import feature_names_in
from ._models import ENSEMBLES, OUTPUT_NAMES, computing_type, takes_numbers

TEXT = np.dtype(object)


def inputs_of(model, X):
    """The inputs that a model has.

    Parameters
    ----------
    model : estimator
        One of this package's that is fitted.
    X : array-like, data frame or None
        Data that it will be given.

    Returns
    -------
    inputs : dict
        By its name, the type and the number of columns of each input: a single one for
        numbers, otherwise one for each feature.

    Raises
    ------
    TypeError
        If the model takes no such data.
    ValueError
        If X has another number of features, or other names of them.
    """
    names = feature_names_in(model, None)
    is_table = isinstance(model, ENSEMBLES)
    kinds = _kinds_of_model(model) if X is None else _kinds_of_data(X)
    if len(kinds) != len(names):
        raise ValueError(
            f"X has {len(kinds)} features, but {type(model).__name__} is expecting"
            f" {len(names)} features as input."
        )
    _check_names(names, X, hasattr(model, "feature_names_in_"))
    if is_table:
        kinds = _kinds_of_table(model.encoder_, names, kinds)
    are_numbers = [kind.kind in "biuf" for kind in kinds]
    if all(are_numbers) and takes_numbers(model):
        return {"X": (_as_known(np.result_type(*kinds)), len(names))}
    if not is_table:
        raise TypeError(
            f"A {type(model).__name__} takes numbers, but X holds values of type"
            f" {kinds[are_numbers.index(False)]}. Convert X, for example with"
            " X.astype(float)."
        )
    kinds = map(_as_known, kinds)
    return {name: (kind, 1) for name, kind in zip(_valid(names), kinds)}


def _check_names(names, X, are_known):
    """The types of columns are those of features by their places."""
    if not (are_known and hasattr(X, "columns")):
        return
    for number, (name, given) in enumerate(zip(names, X.columns)):
        if name != given:
            raise ValueError(
                f"Column {number} of X is {given!r}, where the model was fitted to"
                f" {name!r}. Pass X[model.feature_names_in_]."
            )


def _kinds_of_model(model):
    """The types that a model is given if nothing is said about it."""
    n_features = model.n_features_in_
    if not isinstance(model, ENSEMBLES):
        return [computing_type(model)] * n_features
    if takes_numbers(model):
        return [np.dtype(np.float64)] * n_features
    return [TEXT] * n_features


def _kinds_of_data(X):
    """The type of each column."""
    if hasattr(X, "columns"):
        return [np.asarray(X[name]).dtype for name in X.columns]
    is_list = isinstance(X, list | tuple)
    X = np.asarray(X)
    if is_list and X.dtype.kind == "U":  # also if there are numbers beside text
        X = X.astype(object)
    if X.ndim != 2:
        raise ValueError(
            "X must have the shape (n_samples, n_features), got an array of shape"
            f" {X.shape}. Pass a row of your data as X[:1]."
        )
    return [X.dtype] * X.shape[1]


def _kinds_of_table(encoder, names, kinds):
    """Text is categories; other objects are numbers where there are no categories."""
    for name, kind, is_categorical in zip(names, kinds, encoder.is_categorical_):
        # text beside categories, objects that hold numbers
        if kind.kind not in ("biufOUST" if is_categorical else "biufO"):
            raise TypeError(
                f"Column {name!r} of X holds values of type {kind}, where the model was"
                f" fitted to {'categories' if is_categorical else 'numbers'}."
            )
    return [
        kind if kind.kind in "biuf" else TEXT if is_categorical else np.dtype(float)
        for kind, is_categorical in zip(kinds, encoder.is_categorical_)
    ]


def _as_known(kind):
    """A type as ONNX has it: of the floats, those of more than 64 bits it has not."""
    return np.dtype(np.float64) if kind.kind == "f" and kind.itemsize > 8 else kind


def _valid(names):
    """Names of features as those of inputs: not empty, and not those of others."""
    taken, valid = {"", *OUTPUT_NAMES}, []
    for name in names:
        while name in taken:
            name = f"{name}_"
        taken.add(name)
        valid.append(name)
    return valid
