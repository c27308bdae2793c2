"""Activations of hidden layers, each with its derivative.

A derivative is a function of the activation's *output*: backpropagation has the
outputs at hand, and for these functions nothing else is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Parameters
    ----------
    name : str
        The value of the estimators' parameter `activation`.
    function : callable
        From the net input z to the output a = g(z), elementwise.
    derivative : callable
        From the output a = g(z) to g'(z), elementwise.
    initializer_factor : float, default=6.0
        The numerator of the starting weights' bound, see `glorot_uniform`.
    """

    name: str
    function: Callable
    derivative: Callable
    initializer_factor: float = 6.0


def logistic(z):
    """1 / (1 + exp(-z)), without overflow and precise in both tails."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            "identity",
            function=lambda z: z,
            derivative=lambda a: np.ones_like(a),
        ),
        Activation(
            "logistic",
            function=logistic,
            derivative=lambda a: a * (1 - a),
            initializer_factor=2.0,
        ),
        Activation(
            "tanh",
            function=np.tanh,
            derivative=lambda a: 1 - a * a,
        ),
        Activation(
            "relu",
            function=lambda z: np.maximum(z, 0),
            derivative=lambda a: (a > 0).astype(a.dtype),
        ),
    )
}
