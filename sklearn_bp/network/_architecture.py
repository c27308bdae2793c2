"""The shape of a network and the one vector that holds its parameters."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from ._losses import Loss


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron: how wide each layer is and what each one computes.

    All weights and biases live in one flat vector `theta`, the weight matrices
    first, then the biases, both from the input layer to the output layer. Thus
    an optimizer is a loop over one vector, the L2 penalty is a sum over one
    leading slice of it, and a copy of the model is a copy of one array.

    Parameters
    ----------
    layer_sizes : tuple of int
        The numbers of inputs, of units in each hidden layer, and of outputs.
    activations : tuple of str
        The name of the activation of each hidden layer.
    loss : Loss
        The loss, which also determines the output layer's link.
    """

    layer_sizes: tuple
    activations: tuple
    loss: Loss

    def __post_init__(self):
        if len(self.activations) != len(self.layer_sizes) - 2:
            raise ValueError(
                f"{len(self.layer_sizes) - 2} hidden layers need as many activations,"
                f" got {self.activations}."
            )

    def is_like(self, other):
        """Whether the parameters of one network make sense in the other."""
        return (
            self.layer_sizes == other.layer_sizes
            and self.activations == other.activations
            and self.loss.name == other.loss.name
        )

    @property
    def n_outputs(self):
        return self.layer_sizes[-1]

    @cached_property
    def coef_shapes(self):
        """The shape (fan_in, fan_out) of each weight matrix."""
        return tuple(pairwise(self.layer_sizes))

    @cached_property
    def n_coefs(self):
        """The number of weights, excluding biases: the penalised part of `theta`."""
        return sum(fan_in * fan_out for fan_in, fan_out in self.coef_shapes)

    @cached_property
    def n_parameters(self):
        return self.n_coefs + sum(self.layer_sizes[1:])

    def views(self, theta):
        """View `theta` as weight matrices and bias vectors, without copying.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The flat parameters.

        Returns
        -------
        coefs : list of ndarray of shape (fan_in, fan_out)
            The weights of each layer.
        intercepts : list of ndarray of shape (fan_out,)
            The biases of each layer.
        """
        coefs, intercepts = [], []
        start, intercept_start = 0, self.n_coefs
        for fan_in, fan_out in self.coef_shapes:
            stop = start + fan_in * fan_out
            coefs.append(theta[start:stop].reshape(fan_in, fan_out))
            start = stop
            intercept_stop = intercept_start + fan_out
            intercepts.append(theta[intercept_start:intercept_stop])
            intercept_start = intercept_stop
        return coefs, intercepts

    def up_to(self, n_layers):
        """The network whose raw outputs are the net inputs of hidden layer n_layers."""
        return replace(
            self,
            layer_sizes=self.layer_sizes[: n_layers + 1],
            activations=self.activations[: n_layers - 1],
        )

    def flatten(self, coefs, intercepts, dtype):
        """The inverse of `views`: one new vector with all parameters."""
        shapes = tuple(np.shape(coef) for coef in coefs)
        lengths = tuple(np.size(intercept) for intercept in intercepts)
        if shapes != self.coef_shapes or lengths != self.layer_sizes[1:]:
            raise ValueError(
                f"A network of layers {self.layer_sizes} needs coefs of shapes"
                f" {self.coef_shapes} and intercepts of lengths"
                f" {self.layer_sizes[1:]}, got {shapes} and {lengths}."
            )
        return np.concatenate(
            [np.ravel(part) for part in (*coefs, *intercepts)], dtype=dtype
        )
