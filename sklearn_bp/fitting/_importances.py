"""How much the outputs of a network depend on each feature."""

from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import gen_batches
from sklearn.utils.sparsefuncs import mean_variance_axis

from ._scaling import without_duplicates

#: How many samples are drawn where none are given.
N_DRAWS = 1000
#: The number of derivatives that are taken at a time.
NUMBERS_AT_A_TIME = 2**21


def mean_gradients(fitted, X=None):
    """The mean absolute derivative of the raw outputs, by how much they change in a
    standard deviation of each feature.

    Parameters
    ----------
    fitted : FittedNetwork
        The network.
    X : ndarray or CSR matrix of shape (n_samples, n_features), default=None
        Samples, in the user's units. None draws standard normal ones, in the units that
        the network sees.

    Returns
    -------
    means : ndarray of float64 of shape (n_features,)
        The means over samples and outputs. What is common to all outputs of a softmax
        has no effect, and does not count.
    """
    n_features, n_outputs = fitted.layer_sizes[0], fitted.layer_sizes[-1]
    spread = 1.0
    if X is None:
        fitted = replace(fitted, scaling=None)
        X = np.random.RandomState(0).normal(size=(N_DRAWS, n_features))
        X = X.astype(fitted.dtype)
    else:
        spread = _spread(X)
    totals = np.zeros(n_features)
    n_rows = max(1, NUMBERS_AT_A_TIME // (n_features * n_outputs))
    for rows in gen_batches(X.shape[0], n_rows):
        gradients = fitted.input_gradients(X[rows]).astype(np.float64)
        if fitted.link == "softmax":
            gradients -= gradients.mean(axis=1, keepdims=True)
        totals += np.abs(gradients).sum(axis=(0, 1))
    return totals * spread / (X.shape[0] * n_outputs)


def _spread(X):
    """The standard deviation of each column."""
    if issparse(X):
        return np.sqrt(mean_variance_axis(without_duplicates(X), axis=0)[1])
    return X.std(axis=0, dtype=np.float64)
