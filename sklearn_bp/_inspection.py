"""Looking inside a fitted network."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .engine import get_engine, input_gradients, one_blas_thread
from .network import ACTIVATIONS


class InspectionMixin:
    """Methods that show what a network has learned, and how it learns."""

    def loss_and_gradients(self, X, y, sample_weight=None):
        """The objective of a training on these data, and its derivatives.

        Class weights, if there are any, are those that these data would have.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; all of them make one batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative.

        Returns
        -------
        loss : float
            The loss, summed over outputs and averaged over samples, plus the penalty.
        coef_gradients : list of ndarray of shape (n_units_below, n_units)
            The derivatives by `coefs_`.
        intercept_gradients : list of ndarray of shape (n_units,)
            The derivatives by `intercepts_`.
        """
        check_is_fitted(self)
        state = self._state()
        checked = self._check_more_data(X, y, sample_weight, state.theta.dtype)
        rows = np.arange(checked.X.shape[0], dtype=np.int64)
        data, _ = self._training_data(checked, rows)
        with one_blas_thread:
            data_loss, penalty, gradient = get_engine().loss_and_gradients(
                state.network,
                state.theta,
                data.X,
                data.y,
                data.sample_weight,
                self._objective(data),
            )
        return data_loss + penalty, *state.network.views(gradient)

    def input_gradients(self, X):
        """The derivative of each raw output by each feature.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_outputs, n_features)
            The derivatives of the single raw output, or of each, at each sample. Raw
            outputs are those before `out_activation_`.
        """
        theta, X = self._theta_and_data(X)
        with one_blas_thread:
            gradients = input_gradients(self._training_state.network, theta, X)
        return gradients[:, 0] if self.n_outputs_ == 1 else gradients

    def hidden_activations(self, X, layer=-1):
        """What the units of a hidden layer put out.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        layer : int, default=-1
            Which of the hidden layers, from 0; -1 is the last one.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            The outputs of its units.
        """
        theta, X = self._theta_and_data(X)
        network = self._training_state.network
        n_hidden = len(network.activations)
        if n_hidden == 0:
            raise ValueError("This network has no hidden layer.")
        if not isinstance(layer, Integral) or not -n_hidden <= layer < n_hidden:
            raise ValueError(
                f"layer must be one of the {n_hidden} hidden layers, from {-n_hidden}"
                f" to {n_hidden - 1}, got {layer}."
            )
        layer %= n_hidden
        below = network.up_to(layer + 1)
        coefs, intercepts = network.views(theta)
        theta = below.flatten(
            coefs[: layer + 1], intercepts[: layer + 1], dtype=theta.dtype
        )
        with one_blas_thread:
            net_inputs = get_engine().forward(below, theta, X)
        activations = ACTIVATIONS[network.activations[layer]].function(net_inputs)
        return np.asarray(activations, dtype=theta.dtype)
