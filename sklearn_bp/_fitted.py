"""The trained network, as the estimators show and keep it."""

import copy
from dataclasses import replace
from operator import is_

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from .engine import get_engine, one_blas_thread


class FittedNetwork:
    """Fitted attributes, which are views of the training state, and what needs them."""

    # Whether training by partial_fit may go on in another process.
    _pickles_optimizer = False

    def _show(self, state):
        """Make the trained state the estimator's own."""
        self._training_state = state
        self._show_theta()
        self.n_layers_ = len(state.network.layer_sizes)
        self.out_activation_ = state.network.loss.link
        self.t_ = state.n_samples_seen
        self.history_ = state.history.as_arrays()

    def _show_progress(self, state):
        """What only solvers by epochs have."""
        history, best_score = state.history, state.stopping.best_score
        self.loss_ = history.losses[-1] if history.losses else np.inf
        self.loss_curve_ = history.losses
        self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None
        if self.early_stopping:
            self.validation_scores_ = history.validation_scores
            self.best_validation_score_ = best_score
        else:
            self.best_loss_ = -best_score

    def _attributes_at(self, state, theta, n_iter):
        """The attributes of this estimator if training ended here."""
        fitted = copy.copy(self)
        fitted._show(replace(state, theta=theta))
        if state.stopping is not None:
            fitted._show_progress(state)
        fitted.n_iter_ = n_iter
        return vars(fitted)

    def _show_theta(self):
        state = self._training_state
        self.coefs_, self.intercepts_ = state.network.views(state.theta)
        self._views = (*self.coefs_, *self.intercepts_)

    def _state(self):
        """The training state, with whatever arrays a user has put into `coefs_`."""
        self._training_state.theta = self._theta()
        return self._training_state

    def _theta(self):
        """All parameters as one vector: a new one if a user has put other arrays into
        `coefs_` or `intercepts_`."""
        state = self._training_state
        shown = (*self.coefs_, *self.intercepts_)
        if len(shown) == len(self._views) and all(map(is_, shown, self._views)):
            return state.theta
        return state.network.flatten(
            self.coefs_, self.intercepts_, dtype=state.theta.dtype
        )

    def _theta_and_data(self, X):
        check_is_fitted(self)
        theta = self._theta()
        X = validate_data(
            self, X, accept_sparse="csr", dtype=theta.dtype, order="C", reset=False
        )
        return theta, X

    def _raw_outputs(self, X):
        theta, X = self._theta_and_data(X)
        with one_blas_thread:
            return get_engine().forward(self._training_state.network, theta, X)

    def __getstate__(self):
        # The parameters are pickled once, in `coefs_` and `intercepts_`. Only a network
        # in the middle of training with partial_fit takes its optimizer along.
        attributes = dict(super().__getstate__())
        if "_training_state" in attributes:
            state = copy.copy(attributes["_training_state"])
            state.theta = np.empty(0, dtype=state.theta.dtype)
            if not self._pickles_optimizer:
                state.optimizer = None
            attributes["_training_state"] = state
            attributes["_views"] = ()
        return attributes

    def __setstate__(self, attributes):
        super().__setstate__(attributes)
        if hasattr(self, "_training_state"):
            self._state()
            self._show_theta()
