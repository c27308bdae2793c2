"""What the two estimators share: parameters, validation, the way into the trainer."""

import copy
import warnings
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from operator import is_

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_regressor
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ._validation import (
    check_dtype,
    check_hidden_layer_sizes,
    check_sample_weight,
    mean_weight,
)
from .engine import Objective, get_engine, one_blas_thread
from .network import ACTIVATIONS, LOSSES, Network, glorot_uniform
from .training import (
    OPTIMIZERS,
    SCHEDULES,
    Stopping,
    TrainingData,
    TrainingState,
    minimize_lbfgs,
    train,
)

# What a fit with lbfgs does not have.
STOCHASTIC_ATTRIBUTES = (
    "best_loss_",
    "best_validation_score_",
    "loss_curve_",
    "validation_scores_",
)


class BaseBackprop(BaseEstimator, ABC):
    """Base class of the estimators; not to be used directly.

    A child says what its targets are, in the methods at the end.
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's protocol)
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "solver": [StrOptions({"lbfgs", *OPTIMIZERS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            StrOptions({"auto", "full"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "scoring": [StrOptions({"loss"}), None],
        "penalty_scaling": [StrOptions({"batch", "dataset"})],
        "dtype": [StrOptions({"float32", "float64"}), np.dtype, type, None],
    }

    @abstractmethod
    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        solver,
        alpha,
        batch_size,
        learning_rate,
        learning_rate_init,
        power_t,
        max_iter,
        shuffle,
        random_state,
        tol,
        verbose,
        warm_start,
        momentum,
        nesterovs_momentum,
        early_stopping,
        validation_fraction,
        beta_1,
        beta_2,
        epsilon,
        n_iter_no_change,
        max_fun,
        scoring,
        penalty_scaling,
        dtype,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.scoring = scoring
        self.penalty_scaling = penalty_scaling
        self.dtype = dtype

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network on the data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data. A C-contiguous array of float32 or float64, or a
            CSR matrix of these, is used as it is; anything else is converted.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels or, for several labels a sample, indicators
            in classification; numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid, or if training diverges.
            The estimator is then as it was before the call.
        """
        with _unchanged_on_error(self):
            self._fit(X, y, sample_weight, incremental=False)
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        with _unchanged_on_error(self):
            self._fit(X, y, sample_weight, incremental=True, classes=classes)
        return self

    def _can_fit_partially(self):
        """Whether there is a `partial_fit`; the error says why there is not."""
        if self.solver not in OPTIMIZERS:
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers."
                f" {self.solver} is not stochastic. Set solver to one of"
                f" {sorted(OPTIMIZERS)}."
            )
        if self.early_stopping:
            raise AttributeError(
                "partial_fit does not support early_stopping=True: one call is one"
                " epoch. Set early_stopping=False."
            )
        return True

    # ---- from the user's arguments to the trainer ------------------------------

    def _fit(self, X, y, sample_weight, incremental, classes=None):
        hidden_layer_sizes = check_hidden_layer_sizes(self.hidden_layer_sizes)
        goes_on = hasattr(self, "coefs_") and (incremental or self.warm_start)
        state = self._state().copy() if goes_on else None

        X, y = self._validate_X_y(X, y, state)
        sample_weight = check_sample_weight(sample_weight, X.shape[0], X.dtype)
        if not goes_on:
            self._learn_targets(y, incremental, classes)
        elif incremental:
            self._check_classes(classes)
        else:
            self._check_same_targets(y)
        y = self._encode_targets(y, X.dtype)

        random_state = check_random_state(self.random_state)
        network = Network(
            (X.shape[1], *hidden_layer_sizes, self.n_outputs_),
            (self.activation,) * len(hidden_layer_sizes),
            self._loss_name(),
        )
        if state is None:
            activations = (self.activation,) * (len(hidden_layer_sizes) + 1)
            theta = glorot_uniform(network, activations, random_state, X.dtype)
            state = TrainingState(network, theta)
        elif state.network != network:
            raise ValueError(
                f"The fitted network is {state.network}, the parameters ask for"
                f" {network}. To go on training, leave hidden_layer_sizes, activation"
                " and loss as they were; to start afresh, call fit with"
                " warm_start=False."
            )

        data = TrainingData(
            X, y, sample_weight, rows=np.arange(X.shape[0], dtype=np.int64)
        )
        if self.solver == "lbfgs":
            self._fit_lbfgs(data, state)
        else:
            self._fit_stochastic(data, state, random_state, incremental)
        if not np.isfinite(state.theta).all():
            raise ValueError(
                f"Training diverged in epoch {self.n_iter_}: some weights are not"
                " finite. Lower learning_rate_init, and scale the features, for"
                " example with StandardScaler, if they have large values."
            )
        self._show(state, incremental)

    def _validate_X_y(self, X, y, state):
        dtype = [np.float64, np.float32]
        if self.dtype is not None:
            dtype = check_dtype(self.dtype)
        if state is not None:
            if self.dtype is not None and dtype != state.theta.dtype:
                raise ValueError(
                    f"The fitted network computes in {state.theta.dtype}, dtype asks"
                    f" for {dtype}. To go on training, leave dtype as it was; to start"
                    " afresh, call fit with warm_start=False."
                )
            dtype = state.theta.dtype
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=dtype,
            order="C",
            multi_output=True,
            y_numeric=is_regressor(self),
            reset=state is None,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _objective(self, data):
        mean = mean_weight(data.sample_weight, data.rows)
        is_per_batch = self.penalty_scaling == "batch"
        return Objective(
            alpha=float(self.alpha),
            mean_weight=mean,
            penalty_size=None if is_per_batch else len(data.rows) * mean,
        )

    def _fit_lbfgs(self, data, state):
        for name in STOCHASTIC_ATTRIBUTES:
            vars(self).pop(name, None)
        self.n_iter_, self.loss_ = minimize_lbfgs(
            get_engine(),
            state,
            data,
            objective=self._objective(data),
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            tol=self.tol,
            verbose=self.verbose,
        )

    def _fit_stochastic(self, data, state, random_state, incremental):
        validation_score = None
        if self.early_stopping:
            data, validation_score = self._split(data, state.network, random_state)
        self._prepare(state, keep_optimizer=incremental)
        self.n_iter_ = train(
            get_engine(),
            state,
            data,
            objective=self._objective(data),
            batch_size=self._check_batch_size(len(data.rows)),
            max_iter=1 if incremental else self.max_iter,
            shuffle=self.shuffle,
            random_state=random_state,
            validation_score=validation_score,
            warn_at_max_iter=not incremental,
            verbose=self.verbose,
        )
        history, best_score = state.history, state.stopping.best_score
        self.loss_ = history.losses[-1] if history.losses else np.inf
        self.loss_curve_ = history.losses
        self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None
        if self.early_stopping:
            self.validation_scores_ = history.validation_scores
            self.best_validation_score_ = best_score
        else:
            self.best_loss_ = -best_score

    def _prepare(self, state, keep_optimizer):
        """Give the training state what the parameters ask for and it lacks."""
        theta = state.theta
        if not (keep_optimizer and getattr(state.optimizer, "name", "") == self.solver):
            if self.solver == "sgd":
                settings = {
                    "momentum": self.momentum,
                    "nesterov": self.nesterovs_momentum,
                }
            else:
                settings = {
                    "beta_1": self.beta_1,
                    "beta_2": self.beta_2,
                    "epsilon": self.epsilon,
                }
            state.optimizer = OPTIMIZERS[self.solver](theta, **settings)
            # scikit-learn's adam has a constant learning rate whatever is asked for.
            schedule = self.learning_rate if self.solver == "sgd" else "constant"
            state.schedule = SCHEDULES[schedule](self.learning_rate_init, self.power_t)
        # Scores of one kind say nothing about those of another.
        watched = self.early_stopping and f"validation set: {self.scoring}"
        if state.stopping is None or state.watched != watched:
            state.stopping = Stopping(keep_best=self.early_stopping)
            state.history.validation_scores.clear()
            state.watched = watched
        state.stopping.tol = self.tol
        state.stopping.patience = self.n_iter_no_change

    def _split(self, data, network, random_state):
        """The rows to train on, and the function that scores parameters on the rest."""
        if self.validation_fraction == 0:
            raise ValueError(
                "early_stopping=True needs a validation set: validation_fraction must"
                " be > 0, got 0."
            )
        # Early stopping alone needs it, and it is a good part of the import's time.
        from sklearn.model_selection import train_test_split

        rows, validation_rows = train_test_split(
            data.rows,
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(data.y),
        )
        if len(validation_rows) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' "
                "or the size of your dataset."
            )
        mean_weight(data.sample_weight, validation_rows, of="validation")
        y, weight = data.y[validation_rows], None
        if data.sample_weight is not None:
            weight = data.sample_weight[validation_rows]
        engine, loss = get_engine(), LOSSES[network.loss]

        def validation_score(theta):
            raw = engine.forward(network, theta, data.X, validation_rows)
            if self.scoring == "loss":
                score = -loss.average(raw, y, weight)
                return score if np.isfinite(score) else -np.inf
            return self._validation_score(raw, y, weight)

        return replace(data, rows=rows), validation_score

    def _check_batch_size(self, n_rows):
        if self.batch_size == "auto":
            return min(200, n_rows)
        if self.batch_size == "full":
            return n_rows
        if self.batch_size > n_rows:
            warnings.warn(
                f"Got `batch_size` larger than sample size ({self.batch_size} >"
                f" {n_rows}). It is going to be clipped.",
                stacklevel=5,
            )
        return min(self.batch_size, n_rows)

    # ---- the fitted network ----------------------------------------------------

    def _show(self, state, incremental):
        """Make the trained state the estimator's own."""
        self._training_state = state
        self._pickles_optimizer = incremental
        self._show_theta()
        self.n_layers_ = len(state.network.layer_sizes)
        self.out_activation_ = LOSSES[state.network.loss].link
        self.t_ = state.n_samples_seen

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

    def _raw_outputs(self, X):
        check_is_fitted(self)
        theta = self._theta()
        X = validate_data(
            self, X, accept_sparse="csr", dtype=theta.dtype, order="C", reset=False
        )
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- what a child has to say -----------------------------------------------

    @abstractmethod
    def _learn_targets(self, y, incremental, classes):
        """Learn from the first targets what the outputs are; set `n_outputs_`."""

    @abstractmethod
    def _check_classes(self, classes):
        """Raise a ValueError if these are not the classes of the first call."""

    @abstractmethod
    def _check_same_targets(self, y):
        """Raise a ValueError if a warm start is not possible with these targets."""

    @abstractmethod
    def _encode_targets(self, y, dtype):
        """Targets of shape (n_samples, n_targets) as the loss takes them."""

    @abstractmethod
    def _loss_name(self):
        """The key in LOSSES."""

    @abstractmethod
    def _validation_score(self, raw, y, sample_weight):
        """The estimator's own score, from raw outputs and encoded targets."""

    @abstractmethod
    def _stratify(self, y):
        """What a validation split is stratified by, or None."""


@contextmanager
def _unchanged_on_error(estimator):
    """Give the estimator all its attributes back if the block fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
