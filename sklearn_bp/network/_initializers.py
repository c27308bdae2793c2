"""Rules for the initial weights of a network."""

import numpy as np

from ._activations import ACTIVATIONS

#: The variance of weights between fan_in and fan_out units, by author: Glorot & Bengio
#: (2010); He, Zhang, Ren & Sun (2015); LeCun, Bottou, Orr & Mueller (1998).
VARIANCES = {
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
}


def _uniform(variance, shape, random_state):
    bound = np.sqrt(3 * variance)
    return random_state.uniform(-bound, bound, shape)


def _normal(variance, shape, random_state):
    return random_state.normal(0, np.sqrt(variance), shape)


def _rule(variance, draw):
    return lambda shape, random_state: draw(variance(*shape), shape, random_state)


#: Functions from the shape (fan_in, fan_out) of a weight matrix and a RandomState to
#: the matrix.
INITIALIZERS = {
    f"{author}_{draw.__name__[1:]}": _rule(variance, draw)
    for author, variance in VARIANCES.items()
    for draw in (_uniform, _normal)
}


def initialize(network, initializer, activation, random_state, dtype):
    """Draw initial weights and biases.

    Each layer's weights are drawn before its biases, in float64, as in scikit-learn:
    equal seeds give equal networks.

    Parameters
    ----------
    network : Network
        The network to initialize.
    initializer : str or callable
        "auto" draws weights and biases uniformly from [-bound, bound] with bound
        sqrt(6 / (fan_in + fan_out)), and sqrt(2 / (fan_in + fan_out)) for logistic
        units (Glorot & Bengio, 2010), as scikit-learn does. Otherwise biases are zero,
        and weights are drawn by the named rule in `INITIALIZERS`, or by a function
        of the same form.
    activation : str
        The activation whose rule "auto" follows for an output layer without a hidden
        layer below it.
    random_state : RandomState
        The source of randomness.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    theta : ndarray of shape (n_parameters,)
        The flat parameters.

    Raises
    ------
    ValueError
        If a function returns anything but finite numbers of that shape.
    """
    theta = np.zeros(network.n_parameters, dtype=dtype)
    # The output layer has no activation of its own and follows its neighbour's.
    *below, last = network.activations or (activation,)
    for name, coef, intercept in zip(
        (*below, last, last)[-len(network.coef_shapes) :], *network.views(theta)
    ):
        if callable(initializer):  # whose `__eq__` may do anything
            coef[:] = _checked(initializer(coef.shape, random_state), coef.shape)
        elif initializer == "auto":
            bound = np.sqrt(ACTIVATIONS[name].initializer_factor / sum(coef.shape))
            coef[:] = random_state.uniform(-bound, bound, coef.shape)
            intercept[:] = random_state.uniform(-bound, bound, intercept.shape)
        else:
            coef[:] = INITIALIZERS[initializer](coef.shape, random_state)
    return theta


def _checked(weights, shape):
    try:
        weights = np.asarray(weights)
    except ValueError:  # rows of several lengths
        weights = np.asarray(weights, dtype=object)
    are_numbers = weights.dtype.kind in "iuf" and np.isfinite(weights).all()
    if weights.shape != shape or not are_numbers:
        raise ValueError(
            f"initializer must return an array of finite numbers of shape {shape},"
            f" (fan_in, fan_out), got {weights.dtype} of shape {weights.shape}."
        )
    return weights
