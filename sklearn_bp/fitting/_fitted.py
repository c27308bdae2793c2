"""A fitted network: what it is, and what can be asked of it."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from operator import is_
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..engine import Engine, get_engine, input_gradients, one_blas_thread
from ..network import ACTIVATIONS, Network
from ..utils import aligned, refusing_large_integers, to_numpy
from ._scaling import FLOATS, Scaling


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network with its parameters, and what its outputs stand for.

    Its structure never changes; changing numbers in `theta` changes it for everything
    that holds it. Data are in the form that the engines take.

    Parameters
    ----------
    network : Network
        Layers, activations, loss.
    theta : ndarray of shape (n_parameters,)
        The parameters.
    targets : ClassTargets or NumberTargets
        What the outputs stand for.
    engine : Engine or None, default=None
        The engine that computes; None is the one that the settings choose.
    scaling : Scaling or None, default=None
        What is done to features before they reach the network.
    """

    network: Network
    theta: np.ndarray = field(repr=False)
    targets: Any = field(repr=False)
    engine: Engine | None = field(default=None, repr=False)
    scaling: Scaling | None = field(default=None, repr=False)

    # ---- what it is --------------------------------------------------------------

    @property
    def layer_sizes(self):
        """The numbers of inputs, of units in each hidden layer, and of outputs."""
        return self.network.layer_sizes

    @property
    def activations(self):
        """The name of the activation of each hidden layer."""
        return self.network.activations

    @property
    def loss(self):
        """The name of the loss."""
        return self.network.loss.name

    @property
    def link(self):
        """The name of the function that turns raw outputs into predictions."""
        return self.network.loss.link

    @property
    def dtype(self):
        """The computing type."""
        return self.theta.dtype

    @property
    def coefs(self):
        """The weights of each layer, shape (n_units_below, n_units): views."""
        return self._views[0]

    @property
    def intercepts(self):
        """The biases of each layer, shape (n_units,): views."""
        return self._views[1]

    @cached_property
    def _views(self):
        return tuple(map(tuple, self.network.views(self.theta)))

    def with_parameters(self, coefs, intercepts):
        """This network with these arrays: itself, if they are its own views."""
        own, shown = (*self.coefs, *self.intercepts), (*coefs, *intercepts)
        if len(own) == len(shown) and all(map(is_, own, shown)):
            return self
        theta = self.network.flatten(coefs, intercepts, dtype=self.dtype)
        return replace(self, theta=theta)

    def without_scaling(self):
        """The same function of features as a network of its own, whose first layer does
        what is done to them before."""
        if self.scaling is None:
            return self
        theta = self.theta.copy()
        coefs, intercepts = self.network.views(theta)
        unscaled = coefs[0] / self.scaling.scale[:, np.newaxis]
        if self.scaling.center is not None:
            intercepts[0][:] = intercepts[0] - self.scaling.center @ unscaled
        coefs[0][:] = unscaled
        return replace(self, theta=theta, scaling=None)

    def among(self, is_column):
        """The same network as one of more features, which ignores the others.

        Parameters
        ----------
        is_column : ndarray of bool of shape (n_all_features,)
            Which of all features are those of this network.
        """
        first = np.zeros((len(is_column), self.layer_sizes[1]), self.dtype)
        first[is_column] = self.coefs[0]
        sizes = len(is_column), *self.layer_sizes[1:]
        network = replace(self.network, layer_sizes=sizes)
        coefs = [first, *self.coefs[1:]]
        theta = network.flatten(coefs, self.intercepts, dtype=self.dtype)
        return replace(self, network=network, theta=theta)

    # ---- what it says about data ---------------------------------------------------

    def check_X(self, estimator, X):
        """Check data that an estimator with this network is asked about."""
        with refusing_large_integers("X"):
            X = validate_data(
                estimator,
                to_numpy(X, "X"),
                accept_sparse="csr",
                dtype=self.dtype if self.scaling is None else FLOATS,
                order="C",
                reset=False,
            )
        return aligned(X)

    def _scaled(self, X):
        return X if self.scaling is None else self.scaling(X, self.dtype)

    def raw_outputs(self, X):
        """The outputs before the link, shape (n_samples, n_outputs)."""
        X = self._scaled(X)
        with one_blas_thread.held():
            return self._engine.forward(self.network, self.theta, X)

    def respond(self, method, X):
        """What an estimator's method of that name returns, such as 'predict'."""
        return self.targets.responses(self.network.loss)[method](self.raw_outputs(X))

    def loss_and_gradients(self, samples, objective):
        """The objective over all samples, which are scaled already, and its derivatives
        with respect to weights and biases, by layer."""
        with one_blas_thread.held():
            data_loss, penalty, gradient = self._engine.loss_and_gradients(
                self.network,
                self.theta,
                samples.X,
                samples.y,
                samples.sample_weight,
                objective,
            )
        return data_loss + penalty, *self.network.views(gradient)

    def input_gradients(self, X):
        """The derivatives of the raw outputs with respect to the features, both in the
        user's units, shape (n_samples, n_outputs, n_features)."""
        X = self._scaled(X)
        with one_blas_thread.held():
            gradients = input_gradients(self.network, self.theta, X)
        if self.scaling is None:
            return gradients
        gradients = self.scaling.unscaled(gradients)
        return self.targets.unscaled(gradients, self.network.loss)

    @np.errstate(all="ignore")  # of overflow, as in the engines
    def hidden_activations(self, X, layer=-1):
        """The outputs of a hidden layer, shape (n_samples, n_units).

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The data.
        layer : int, default=-1
            The number of the layer, from 0; -1 is the last one.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        n_hidden = len(self.activations)
        if n_hidden == 0:
            raise ValueError("This network has no hidden layer.")
        if not isinstance(layer, Integral) or not -n_hidden <= layer < n_hidden:
            raise ValueError(
                f"layer must be one of the {n_hidden} hidden layers, from {-n_hidden}"
                f" to {n_hidden - 1}, got {layer}."
            )
        X = self._scaled(X)
        layer %= n_hidden
        below = self.network.up_to(layer + 1)
        theta = below.flatten(
            self.coefs[: layer + 1], self.intercepts[: layer + 1], dtype=self.dtype
        )
        with one_blas_thread.held():
            net_inputs = self._engine.forward(below, theta, X)
        activations = ACTIVATIONS[self.activations[layer]].function(net_inputs)
        return np.asarray(activations, dtype=self.dtype)

    @property
    def _engine(self):
        return get_engine() if self.engine is None else self.engine


@dataclass(frozen=True, eq=False)
class KnownOutputs(FittedNetwork):
    """A network whose raw outputs are known, so that its data are not looked at.

    Parameters
    ----------
    raw : list of one ndarray of shape (n_samples, n_outputs), default=()
        The raw outputs; whoever makes the network puts them there.
    """

    raw: Any = field(default=(), repr=False)

    def check_X(self, estimator, X):
        """There is nothing to check."""
        return X

    def raw_outputs(self, X):
        """What is known."""
        return self.raw[0]
