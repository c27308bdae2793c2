"""Activations, links and their logarithms as operators.

Where onnxruntime has no kernel of an operator in float64, the function is made of
others that it has in both types.
"""

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import erfcx

from ..network import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE

#: The degree of the polynomial in the tail of the normal distribution, and where the
#: middle of its range is: with these, gelu is as precise as float64 is.
TAIL_DEGREE, TAIL_MIDDLE = 20, 4.0


def _operator(op_type, composite=None, **attributes):
    """An operator, or what stands for it in float64, if it has no kernel there."""

    def function(z):
        if z.dtype == np.float64 and composite is not None:
            return composite(z)
        return z.apply(op_type, **attributes)

    return function


def _elu(z):
    return z.apply("Relu") + (z.apply("Min", 0).exp() - 1)


def _selu(z):
    below = z.apply("Min", 0).exp() - 1
    return SELU_SCALE * (z.apply("Relu") + SELU_ALPHA * below)


def _log_of_1_and_exp_below(z):
    """log(1 + exp(-abs(z)))"""
    return (1 + (-abs(z)).exp()).log()


def _softplus(z):
    return z.apply("Relu") + _log_of_1_and_exp_below(z)


def _gelu(z):
    """z * Phi(z), by the upper tail Q of the normal distribution: of positive z, it is
    z - z * Q(z), and otherwise z * Q(-z)."""
    x = abs(z)
    t = 1 / (1 + x / TAIL_MIDDLE)
    u, (last, *coefs) = 2 * t - 1, reversed(_tail_polynomial())
    log = u * 0 + last
    for coef in coefs:
        log = log * u + coef
    tail = t * (log - 0.5 * x * x).exp()
    return z.apply("Relu") - x * tail


@cache
def _tail_polynomial():
    """The coefficients of p, the lowest power first, such that Q(x) is
    t * exp(-x**2 / 2 + p(2 * t - 1)) with t = 1 / (1 + x / TAIL_MIDDLE)."""

    def log_of_rest(u):
        t = (u + 1) / 2
        x = TAIL_MIDDLE * (1 / t - 1)
        return np.log(erfcx(x / np.sqrt(2)) / (2 * t))

    in_chebyshev = chebyshev.chebinterpolate(log_of_rest, TAIL_DEGREE)
    return tuple(map(float, chebyshev.cheb2poly(in_chebyshev)))


_softplus_in_both = _operator("Softplus", _softplus)

#: Functions from the net inputs of a layer to its outputs, by the activation's name.
ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "relu": _operator("Relu"),
    "leaky_relu": lambda z: z.apply("Max", LEAKY_SLOPE * z),
    "elu": _operator("Elu", _elu),
    "selu": _operator("Selu", _selu, alpha=SELU_ALPHA, gamma=SELU_SCALE),
    "gelu": lambda z: (
        _gelu(z)
        if z.dtype == np.float64
        else 0.5 * z * (1 + (z * np.sqrt(0.5)).apply("Erf"))
    ),
    # Not z * Sigmoid(z), of which onnxruntime makes an operator without a kernel in
    # float64 up to version 1.20, and which is less precise in float32.
    "silu": lambda z: z / (1 + (-z).exp()),
    "mish": lambda z: z * _softplus_in_both(z).apply("Tanh"),
    "softplus": _softplus_in_both,
}

#: Functions from raw outputs to predictions, by the name of the loss's link.
LINKS = {
    "identity": lambda z: z,
    "exp": lambda z: z.exp(),
    "logistic": _operator("Sigmoid"),
    "softmax": _operator("Softmax", axis=1),
}

#: The logarithms of those that are probabilities.
LOG_LINKS = {
    "logistic": lambda z: z.apply("Min", 0) - _log_of_1_and_exp_below(z),
    "softmax": _operator("LogSoftmax", axis=1),
}
