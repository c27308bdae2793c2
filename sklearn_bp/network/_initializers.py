"""Rules for the first weights of a network."""

import numpy as np

from ._activations import ACTIVATIONS


def glorot_uniform(network, activations, random_state, dtype):
    """Draw starting weights and biases uniformly from [-bound, bound].

    The bound is sqrt(6 / (fan_in + fan_out)), and sqrt(2 / (fan_in + fan_out))
    for logistic units (Glorot & Bengio, 2010). Each layer's weights are drawn
    before its biases, in float64, as scikit-learn draws them: equal seeds give
    equal networks.

    Parameters
    ----------
    network : Network
        The network to initialize.
    activations : sequence of str
        The name of the activation whose rule each layer follows. The output
        layer has none of its own and goes by its neighbour's.
    random_state : RandomState
        The source of the numbers.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    theta : ndarray of shape (n_parameters,)
        The flat parameters.
    """
    theta = np.empty(network.n_parameters, dtype=dtype)
    for name, coef, intercept in zip(activations, *network.views(theta), strict=True):
        bound = np.sqrt(ACTIVATIONS[name].initializer_factor / sum(coef.shape))
        coef[:] = random_state.uniform(-bound, bound, coef.shape)
        intercept[:] = random_state.uniform(-bound, bound, intercept.shape)
    return theta
