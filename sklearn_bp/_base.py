"""What the two estimators share: check, prepare, run, show."""

from abc import ABC, abstractmethod
from contextlib import contextmanager
from operator import is_

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ._callbacks import EpochCallbacks
from ._parameters import CONSTRAINTS
from .fitting import (
    Training,
    check_more_samples,
    check_samples,
    check_validation_samples,
    class_weights_in,
    from_plain,
    make_objective,
    mean_weight,
    to_plain,
    weigh_part,
)
from .training import OPTIMIZERS
from .utils import (
    CallbackSupportMixin,
    DocLinkMixin,
    PlainNumbers,
    VersionedState,
    check_parameters,
    fit_context,
    like,
    unchanged_on_error,
)

NO_VALIDATION = (None, None, None)


class BaseBackprop(
    VersionedState, DocLinkMixin, CallbackSupportMixin, BaseEstimator, ABC
):
    """Base class of the estimators; not to be used directly."""

    _parameter_constraints = CONSTRAINTS

    @abstractmethod
    def __init__(self, **parameters):
        for name, value in parameters.items():
            setattr(self, name, value)

    # ---- training --------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network on the data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data. A C-contiguous array of float32 or float64, or a
            CSR matrix of these, is used as it is; anything else is converted.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels or, for several labels per sample, indicators
            in classification; numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data. Their loss is recorded after each epoch, in `history_`,
            and early stopping watches them instead of a part of the training data. A
            grid search splits arrays as long as X into its folds, these included.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid, or if training diverges.
            The estimator is then as it was before the call.

        Warns
        -----
        ConvergenceWarning
            If training has not converged, or if the training loss of the network,
            without penalty and dropout, is above that of the best constant prediction.
            The message says whether features or targets have to be scaled.
        """
        # before attributes are put aside, since scikit-learn ends what begins here
        max_iter = int(self.max_iter)
        follower = EpochCallbacks.of(self, max_iter, X, y, sample_weight)
        with self._unchanged_on_error():
            training = self._check(
                X,
                y,
                sample_weight,
                (X_val, y_val, sample_weight_val),
                goes_on=self.warm_start,
            )
            training.prepare()
            training.run(max_iter, follower)
            self._finish(training, follower)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def initialize(self, X, y, sample_weight=None):
        """Make the network that training would begin with; it can already predict.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data of the kind that it will be trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets that contain all classes.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample; used where the output biases are initialized
            from the targets.

        Returns
        -------
        self : object
            The untrained estimator. `partial_fit`, or `fit` with ``warm_start=True``,
            continues from there.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid. The estimator is then as it was
            before the call.
        """
        with self._unchanged_on_error():
            training = self._check(X, y, sample_weight)
            training.initialize()
            self._finish(training)
        return self

    def _train_one_epoch(self, X, y, sample_weight, validation, classes=None):
        """Do the work of `partial_fit`."""
        follower = EpochCallbacks.of(self, 1, X, y, sample_weight)
        with self._unchanged_on_error():
            self._check_changed_parameters()
            training = self._check(
                X,
                y,
                sample_weight,
                validation,
                goes_on=True,
                is_incremental=True,
                classes=classes,
            )
            training.prepare()
            training.run(1, follower)
            self._finish(training, follower)
        return self

    def _check_changed_parameters(self):
        """Check the parameters if any has been set since the last training. After the
        first `partial_fit` scikit-learn checks none: all take as long as an epoch."""
        checked = vars(self).get("_checked_values")
        if checked is None or not all(map(is_, self._values(), checked)):
            check_parameters(self)

    def _values(self):
        """The values of the parameters."""
        return [vars(self)[name] for name in self._parameter_constraints]

    def _check(
        self,
        X,
        y,
        sample_weight,
        validation=NO_VALIDATION,
        *,
        goes_on=False,
        is_incremental=False,
        classes=None,
    ):
        """Check the user's arguments and return the training that they ask for."""
        self._checked_values = self._values()
        fitted = state = None
        if goes_on and hasattr(self, "coefs_"):
            fitted = self.network_
            state = self._state.fork(fitted.theta)
        targets, samples = check_samples(
            self,
            X,
            y,
            sample_weight,
            fitted=fitted,
            incremental=is_incremental,
            classes=classes,
        )
        vars(self).update(targets.attributes)  # callbacks look at them
        return Training(
            self,
            targets,
            samples,
            validation=check_validation_samples(
                self, targets, *validation, samples.X.dtype, samples.scaling
            ),
            state=state,
            is_incremental=is_incremental,
        )

    def _finish(self, training, follower=None):
        """Show what the training has led to."""
        self.__sklearn_bp_show__(training.outcome)
        if follower is not None:
            follower.end_fit(training.state.theta)

    @contextmanager
    def _unchanged_on_error(self):
        """Restore all attributes if the block fails."""
        history = self._state.history if hasattr(self, "_state") else None
        mark = history and history.mark()
        try:
            with unchanged_on_error(self):
                yield
        except BaseException:
            if history is not None:
                history.go_back(mark)
            raise

    def _can_fit_partially(self):
        """Whether `partial_fit` is available; the error says why it is not."""
        # What is no name at all is for the check of the parameters to refuse.
        if isinstance(self.solver, str) and self.solver not in OPTIMIZERS:
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

    # ---- what training leaves behind -------------------------------------------------

    @property
    def network_(self):
        """The fitted network, with any arrays that a user has put into `coefs_`."""
        fitted = self._left_by_training("network_", "_fitted")
        return fitted.with_parameters(self.coefs_, self.intercepts_)

    @property
    def history_(self):
        return self._left_by_training("history_", "_state").history.as_arrays()

    @property
    def loss_curve_(self):
        self._left_by_training("loss_curve_", "best_loss_")
        return self._state.history.losses

    @property
    def validation_scores_(self):
        best = self._left_by_training("validation_scores_", "best_validation_score_")
        return None if best is None else self._state.history.validation_scores

    def _left_by_training(self, name, attribute):
        """The attribute on which the property of that name depends. It is not there
        before training, or after one that does not have it."""
        if attribute not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} has no {name}: it is not fitted, or its"
                " solver does not set it."
            )
        return vars(self)[attribute]

    def __sklearn_bp_show__(self, outcome):
        for name in ("best_loss_", "best_validation_score_", "best_epoch_", "loss_"):
            vars(self).pop(name, None)
        vars(self).update(outcome.attributes)
        self._fitted, self._state = outcome.fitted, outcome.state

    def __getstate__(self):
        # Everything is plain data: arrays, numbers, strings and dicts. The parameters
        # are stored only once, in `coefs_` and `intercepts_`.
        attributes = super().__getstate__()
        attributes.pop("_checked_values", None)
        if "_fitted" in attributes:
            fitted, state = attributes.pop("_fitted"), attributes.pop("_state")
            attributes["_network"] = to_plain(fitted, state)
        return attributes

    def __setstate__(self, attributes):
        attributes = dict(attributes)
        plain = attributes.pop("_network", None)
        super().__setstate__(attributes)
        if plain is not None:
            fitted, state = from_plain(plain, self.coefs_, self.intercepts_)
            self._fitted, self._state = fitted, state
            self.coefs_ = list(fitted.coefs)
            self.intercepts_ = list(fitted.intercepts)

    # ---- querying the network --------------------------------------------------------

    def loss_and_gradients(self, X, y, sample_weight=None):
        """The objective of training on these data, and its derivatives.

        Class weights, if any, are those that training on these data would use.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data, taken as one batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative.

        Returns
        -------
        loss : float
            The loss, summed over outputs and averaged over samples, plus the penalty.
        coef_gradients : list of ndarray of shape (n_units_below, n_units)
            The derivatives with respect to `coefs_`.
        intercept_gradients : list of ndarray of shape (n_units,)
            The derivatives with respect to `intercepts_`.
        """
        check_is_fitted(self)
        self._check_changed_parameters()
        fitted = self.network_
        samples = check_more_samples(
            self, fitted.targets, X, y, sample_weight, fitted.dtype, fitted.scaling
        )
        part = samples.part()
        mean_weight(part.sample_weight)  # raises if zero
        part = weigh_part(part, class_weights_in(self, fitted.targets, part))
        part, objective = make_objective(PlainNumbers(self), part)
        return fitted.loss_and_gradients(part.samples, objective)

    def input_gradients(self, X):
        """The derivatives of each raw output with respect to each feature.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_outputs, n_features)
            The derivatives of the single raw output, or of each of them, at each
            sample. Raw outputs are those before `out_activation_`.
        """
        given, X = X, self._check_X(X)
        gradients = self.network_.input_gradients(X)
        return like(given, gradients[:, 0] if self.n_outputs_ == 1 else gradients)

    def hidden_activations(self, X, layer=-1):
        """The outputs of the units of a hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        layer : int, default=-1
            The number of the hidden layer, from 0; -1 is the last one.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            The outputs of its units.
        """
        given, X = X, self._check_X(X)
        return like(given, self.network_.hidden_activations(X, layer))

    def _respond(self, method, X):
        """What the method of that name returns."""
        given, X = X, self._check_X(X)
        return like(given, self.network_.respond(method, X))

    def _check_X(self, X):
        check_is_fitted(self)
        return self._fitted.check_X(self, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
