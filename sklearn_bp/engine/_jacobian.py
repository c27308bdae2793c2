"""The derivative of a network's outputs with respect to its inputs, in NumPy for both
engines, as large matrix products take up all of its time."""

import numpy as np

from ..network import ACTIVATIONS
from ._reference import forward_pass

BLOCK_ROWS = 256


@np.errstate(all="ignore")  # of overflow, as in the engines
def input_gradients(network, theta, X):
    """Derivatives of the raw outputs with respect to the features.

    Parameters
    ----------
    network : Network
        Layers, activations, loss.
    theta : ndarray of shape (n_parameters,)
        The parameters.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The data.

    Returns
    -------
    gradients : ndarray of shape (n_samples, n_outputs, n_features)
        The derivatives at each sample.
    """
    n_features, *_, n_outputs = network.layer_sizes
    gradients = np.empty((X.shape[0], n_outputs, n_features), dtype=theta.dtype)
    for start in range(0, X.shape[0], BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        gradients[block] = _block_gradients(network, theta, X[block])
    return gradients


def _block_gradients(network, theta, X):
    coefs, _ = network.views(theta)
    net_inputs, activations, _ = forward_pass(network, theta, X)
    gradient = coefs[
        -1
    ].T  # (s_L, s_(L-1)), and from the first hidden layer on one per row
    for layer in reversed(range(len(net_inputs))):
        derivative = ACTIVATIONS[network.activations[layer]].derivative
        slope = derivative(net_inputs[layer], activations[layer + 1])  # (m, s_l)
        gradient = (gradient * slope[:, np.newaxis]) @ coefs[layer].T
    return gradient
