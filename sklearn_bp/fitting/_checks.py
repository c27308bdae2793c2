"""Checks of parameters that scikit-learn has no public function for."""

from numbers import Integral, Real

import numpy as np

from ..network import ACTIVATIONS
from ..training import OPTIMIZERS


def check_dtype(dtype):
    """Return the parameter `dtype` as one of the two computing types.

    Parameters
    ----------
    dtype : str, dtype or type
        Anything that NumPy understands as float32 or float64.

    Returns
    -------
    dtype : dtype
        float32 or float64.
    """
    checked = np.dtype(dtype)
    if checked not in (np.float32, np.float64):
        raise ValueError(
            f"dtype must be 'float32', 'float64' or None, got {dtype!r}. None takes"
            " the type of X."
        )
    return checked


def check_layers(parameters):
    """Return the widths and the activations of the hidden layers.

    Parameters
    ----------
    parameters : object
        Has the estimator's parameters.

    Returns
    -------
    sizes : tuple of int
        The widths.
    activations : tuple of str
        The names of the activations.

    Raises
    ------
    ValueError
        If the parameters that describe layers are not valid, or not together.
    """
    sizes = check_hidden_layer_sizes(parameters.hidden_layer_sizes)
    has_dropout = any(check_dropout(parameters.dropout, len(sizes)))
    if has_dropout and parameters.solver not in OPTIMIZERS:
        raise ValueError(
            f"solver='{parameters.solver}' needs the same objective at each step, which"
            " dropout does not provide. Set dropout=0 or solver to one of"
            f" {sorted(OPTIMIZERS)}."
        )
    return sizes, check_activations(parameters.activation, len(sizes))


def check_hidden_layer_sizes(sizes):
    """Return the widths of the hidden layers as a tuple of int.

    Parameters
    ----------
    sizes : int or array-like of int
        One width, or one for each hidden layer; an empty sequence makes a single-layer
        network.

    Returns
    -------
    sizes : tuple of int
        The widths.
    """
    is_one = isinstance(sizes, Integral) or getattr(sizes, "ndim", 1) == 0
    widths = [sizes] if is_one else list(sizes)
    for width in widths:
        if not isinstance(width, Integral) or isinstance(width, bool) or width <= 0:
            raise ValueError(
                f"hidden_layer_sizes must be integers > 0, got {sizes!r}. Use () for a"
                " network without a hidden layer."
            )
    return tuple(int(width) for width in widths)


def check_activations(activation, n_hidden):
    """Return the parameter `activation` as one name for each hidden layer.

    Parameters
    ----------
    activation : str or sequence of str
        One name for all hidden layers, or one for each.
    n_hidden : int
        The number of hidden layers.

    Returns
    -------
    activations : tuple of str
        The names.
    """
    if isinstance(activation, str):
        return (activation,) * n_hidden
    are_names = all(
        isinstance(name, str) and name in ACTIVATIONS for name in activation
    )
    _check_layers("activation", activation, n_hidden, are_names, list(ACTIVATIONS))
    return tuple(activation)


def check_dropout(dropout, n_hidden):
    """Return the parameter `dropout` as one rate for each hidden layer.

    Parameters
    ----------
    dropout : float or sequence of float
        One rate for all hidden layers, or one for each.
    n_hidden : int
        The number of hidden layers.

    Returns
    -------
    rates : tuple of float
        The rates.
    """
    if isinstance(dropout, Real):
        return (float(dropout),) * n_hidden
    are_rates = all(isinstance(rate, Real) and 0 <= rate < 1 for rate in dropout)
    _check_layers("dropout", dropout, n_hidden, are_rates, "numbers >= 0 and < 1")
    return tuple(map(float, dropout))


def _check_layers(name, values, n_hidden, are_valid, what):
    if not are_valid or len(values) != n_hidden:
        raise ValueError(
            f"{name} must be a single value, or a list with one for each of the"
            f" {n_hidden} hidden layers, out of {what}; got {values!r}."
        )
