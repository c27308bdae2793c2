"""Activations of hidden layers, each with its derivative.

A derivative is a function of the net input z and of the activation's output a = g(z):
backpropagation has both at hand, and most derivatives need only the latter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

# The slope of leaky_relu below zero (Maas, Hannun & Ng, 2013).
LEAKY_SLOPE = 0.01
# With these, zero mean and unit variance are a fixed point of selu (Klambauer,
# Unterthiner, Mayr & Hochreiter, 2017).
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Parameters
    ----------
    name : str
        The value of the estimators' parameter `activation`.
    function : callable
        Maps the net input z to the output a = g(z), elementwise.
    derivative : callable
        Maps z and a = g(z) to g'(z), elementwise.
    initializer_factor : float, default=6.0
        The numerator in the bound of the initial weights, see `initialize`.
    """

    name: str
    function: Callable
    derivative: Callable
    initializer_factor: float = 6.0


def logistic(z):
    """1 / (1 + exp(-z)), without overflow and precise in both tails."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softplus(z):
    """log(1 + exp(z)), without overflow."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _expm1_below_zero(z):
    return np.expm1(np.minimum(z, 0))


def _normal_density(z):
    return np.exp(-0.5 * z * z) / z.dtype.type(np.sqrt(2 * np.pi))


def _mish_derivative(z, a):
    gate = np.tanh(softplus(z))
    return gate + z * (1 - gate * gate) * logistic(z)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            "identity",
            function=lambda z: z,
            derivative=lambda z, a: np.ones_like(a),
        ),
        Activation(
            "logistic",
            function=logistic,
            derivative=lambda z, a: a * (1 - a),
            initializer_factor=2.0,
        ),
        Activation(
            "tanh",
            function=np.tanh,
            derivative=lambda z, a: 1 - a * a,
        ),
        Activation(
            "relu",
            function=lambda z: np.maximum(z, 0),
            derivative=lambda z, a: (a > 0).astype(a.dtype),
        ),
        Activation(
            "leaky_relu",
            function=lambda z: np.where(z > 0, z, LEAKY_SLOPE * z),
            derivative=lambda z, a: np.where(a > 0, 1, LEAKY_SLOPE).astype(a.dtype),
        ),
        Activation(  # Clevert, Unterthiner & Hochreiter (2016), with alpha = 1
            "elu",
            function=lambda z: np.where(z > 0, z, _expm1_below_zero(z)),
            derivative=lambda z, a: np.where(a > 0, 1, a + 1),
        ),
        Activation(
            "selu",
            function=lambda z: (
                SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * _expm1_below_zero(z))
            ),
            derivative=lambda z, a: np.where(
                a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA
            ).astype(a.dtype),
        ),
        Activation(  # Hendrycks & Gimpel (2016), without approximation
            "gelu",
            function=lambda z: z * ndtr(z),
            derivative=lambda z, a: ndtr(z) + z * _normal_density(z),
        ),
        Activation(  # Elfwing, Uchibe & Doya (2018), also called swish
            "silu",
            function=lambda z: z * logistic(z),
            derivative=lambda z, a: logistic(z) * (1 + z - a),
        ),
        Activation(  # Misra (2020)
            "mish",
            function=lambda z: z * np.tanh(softplus(z)),
            derivative=_mish_derivative,
        ),
        Activation(  # Dugas, Bengio, Belisle, Nadeau & Garcia (2001)
            "softplus",
            function=softplus,
            derivative=lambda z, a: -np.expm1(-a),
        ),
    )
}
