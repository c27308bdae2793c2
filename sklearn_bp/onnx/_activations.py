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


def _operator(op_type, **attributes):
    return lambda z: z.apply(op_type, **attributes)


def _by_type(in_float32, in_float64):
    """What has no kernel in float64, and what stands for it there."""
    return lambda z: (in_float64 if z.dtype == np.float64 else in_float32)(z)


def _expm1_below_zero(z):
    return z.apply("Min", 0).exp() - 1


def _elu(z):
    return z.apply("Relu") + _expm1_below_zero(z)


def _selu(z):
    return SELU_SCALE * (z.apply("Relu") + SELU_ALPHA * _expm1_below_zero(z))


def _log_of_1_and_exp_below(z):
    """log(1 + exp(-abs(z)))"""
    return (1 + (-abs(z)).exp()).log()


def _softplus(z):
    return z.apply("Relu") + _log_of_1_and_exp_below(z)


def _gelu_by_erf(z):
    return 0.5 * z * (1 + (z * np.sqrt(0.5)).apply("Erf"))


def _gelu_by_tail(z):
    """z * Phi(z), by the upper tail Q of the normal distribution: of positive z, it is
    z - z * Q(z), and otherwise z * Q(-z)."""
    x = abs(z)
    t = 1 / (1 + x / TAIL_MIDDLE)
    u = 2 * t - 1
    log, *coefs = reversed(_tail_polynomial())
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


_SOFTPLUS = _by_type(_operator("Softplus"), _softplus)

#: Functions from the net inputs of a layer to its outputs, by the activation's name.
ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "relu": _operator("Relu"),
    "leaky_relu": lambda z: z.apply("Max", LEAKY_SLOPE * z),
    "elu": _by_type(_operator("Elu"), _elu),
    "selu": _by_type(_operator("Selu", alpha=SELU_ALPHA, gamma=SELU_SCALE), _selu),
    "gelu": _by_type(_gelu_by_erf, _gelu_by_tail),
    # Not z * Sigmoid(z), of which onnxruntime makes an operator without a kernel in
    # float64 up to version 1.20, and which is less precise in float32.
    "silu": lambda z: z / (1 + (-z).exp()),
    "mish": lambda z: z * _SOFTPLUS(z).apply("Tanh"),
    "softplus": _SOFTPLUS,
}

#: Functions from raw outputs to predictions, by the name of the loss's link.
LINKS = {
    "identity": lambda z: z,
    "exp": lambda z: z.exp(),
    # Precise also where it is small, which onnxruntime's Sigmoid in float32 is not.
    "logistic": lambda z: 1 / (1 + (-z).exp()),
    "softmax": _operator("Softmax", axis=1),
}

#: The logarithms of those that are probabilities.
LOG_LINKS = {
    "logistic": lambda z: z.apply("Min", 0) - _log_of_1_and_exp_below(z),
    "softmax": _operator("LogSoftmax", axis=1),
}
