"""What the two estimators share: the way from the parameters into the trainer."""

import math
import warnings
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state

from ._callbacks import CallbackSupportMixin, EpochCallbacks
from ._data import DataChecks
from ._evaluation import measure_by, split
from ._fitted import FittedNetwork
from ._inspection import InspectionMixin
from ._parameters import Parameters
from ._validation import (
    check_activations,
    check_dropout,
    check_hidden_layer_sizes,
    mean_weight,
)
from .engine import Dropout, Objective, get_engine
from .network import Network, initialize
from .training import (
    OPTIMIZERS,
    Stopping,
    TrainingState,
    make_schedule,
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
# The schedules that scikit-learn has for sgd alone.
SGD_SCHEDULES = ("invscaling", "adaptive")


class BaseBackprop(
    CallbackSupportMixin, InspectionMixin, FittedNetwork, DataChecks, Parameters
):
    """Base class of the estimators; not to be used directly.

    A child says what its targets are, in the methods at the end.
    """

    @_fit_context(prefer_skip_nested_validation=True)
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
            The targets: class labels or, for several labels a sample, indicators
            in classification; numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data. Their loss is recorded after each epoch, in `history_`,
            and early stopping watches them instead of a part of the training data. A
            search through a grid cuts arrays as long as X into its folds, these too.
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
        """
        validation = (X_val, y_val, sample_weight_val)
        self._fit(X, y, sample_weight, validation, n_epochs=self.max_iter)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def initialize(self, X, y, sample_weight=None):
        """Make the network that training would begin with; it can predict.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data of the kind that it will be trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with all classes.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample; of use where the output's biases start from the
            targets.

        Returns
        -------
        self : object
            The untrained estimator. `partial_fit`, or `fit` with ``warm_start=True``,
            goes on from there.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid. The estimator is then as it was
            before the call.
        """
        self._fit(X, y, sample_weight, (None, None, None), n_epochs=0)
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

    def _fit(self, X, y, sample_weight, validation, **options):
        """Train, or leave the estimator as it was; `options` are those of
        `_fit_or_fail`."""
        callbacks = None
        if options["n_epochs"] > 0 and getattr(self, "_skl_callbacks", None):
            # before the copy of the attributes, for scikit-learn ends what begins here
            shown = {"X": X, "y": y, "metadata": None}
            if sample_weight is not None:
                shown["metadata"] = {"sample_weight": sample_weight}
            callbacks = EpochCallbacks(self, options["n_epochs"], shown)
        with _unchanged_on_error(self):
            self._fit_or_fail(X, y, sample_weight, validation, callbacks, **options)

    def _fit_or_fail(
        self,
        X,
        y,
        sample_weight,
        validation,
        callbacks,
        *,
        n_epochs,
        incremental=False,
        classes=None,
    ):
        goes_on = hasattr(self, "coefs_") and (incremental or self.warm_start)
        goes_on = goes_on and n_epochs > 0
        state = self._state().copy() if goes_on else None
        data = self._check_data(X, y, sample_weight, state, incremental, classes)
        self._fit_checked(
            data,
            validation,
            callbacks,
            state,
            n_epochs=n_epochs,
            incremental=incremental,
        )

    def _fit_checked(
        self,
        checked,
        validation=(None, None, None),
        callbacks=None,
        state=None,
        *,
        n_epochs,
        incremental=False,
        rows=None,
        is_alone=True,
    ):
        """Train on data that have been checked, on all rows or on some, for at most
        `n_epochs`. A state is one to go on from. One training of many is not
        `is_alone`: nothing is warned of, and Ctrl-C is for all of them."""
        if rows is None:
            rows = np.arange(checked.X.shape[0], dtype=np.int64)
        data, class_weights = self._training_data(checked, rows)
        if incremental:
            # Of the other calls nothing is known: so class weights count as they are,
            # or they would cancel where all rows are of one class.
            own_mean = mean_weight(checked.sample_weight, data.rows)
            data = replace(data, mean_weight=own_mean)
        held_out = self._check_validation(*validation, data.X.dtype, class_weights)

        random_state = check_random_state(self.random_state)
        is_new = state is None
        state = self._network_to_train(state, data, random_state)
        watches_score = self.early_stopping and self.solver != "lbfgs"
        if held_out is None and watches_score and n_epochs > 0:
            data, held_out = split(
                data,
                checked.given,
                test_size=self.validation_fraction,
                random_state=random_state,
                stratify=self._stratify(data.y[data.rows]),
            )
        if is_new:
            self._start_outputs(state, data)
        self._pickles_optimizer = incremental
        if n_epochs > 0:
            self._prepare(state, random_state, keep_optimizer=incremental)
            self._train(
                state,
                data,
                held_out,
                random_state,
                n_epochs,
                callbacks,
                is_alone,
                incremental,
            )
        else:
            self.n_iter_ = 0
            for name in ("loss_", *STOCHASTIC_ATTRIBUTES):
                vars(self).pop(name, None)
        self._show(state)
        if callbacks is not None:
            callbacks.end_fit(state.theta)

    def _network_to_train(self, state, data, random_state):
        """The state to go on from, or a new one with first weights."""
        sizes = check_hidden_layer_sizes(self.hidden_layer_sizes)
        if any(check_dropout(self.dropout, len(sizes))) and self.solver == "lbfgs":
            raise ValueError(
                "solver='lbfgs' needs the same objective at each step, which dropout"
                " does not give it. Set dropout=0 or solver to one of"
                f" {sorted(OPTIMIZERS)}."
            )
        network = Network(
            (data.X.shape[1], *sizes, self.n_outputs_),
            check_activations(self.activation, len(sizes)),
            self._loss(),
        )
        if state is not None:
            if not network.is_like(state.network):
                raise ValueError(
                    f"The fitted network is {state.network}, the parameters ask for"
                    f" {network}. To go on training, leave hidden_layer_sizes,"
                    " activation and loss as they were; to start afresh, call fit with"
                    " warm_start=False."
                )
            state.network = network
            return state
        activation = self.activation if isinstance(self.activation, str) else "relu"
        theta = initialize(
            network, self.initializer, activation, random_state, data.X.dtype
        )
        return TrainingState(network, theta)

    def _start_outputs(self, state, data):
        """Where the loss wants it, begin with outputs that are near the targets."""
        weight = data.sample_weight
        start = state.network.loss.start(
            data.y[data.rows], None if weight is None else weight[data.rows]
        )
        if start is not None:
            _, intercepts = state.network.views(state.theta)
            intercepts[-1][:] = start

    def _prepare(self, state, random_state, keep_optimizer):
        """Give the training state what the parameters ask for and it lacks."""
        if self.solver == "lbfgs":
            return
        if not (keep_optimizer and getattr(state.optimizer, "name", "") == self.solver):
            optimizer = OPTIMIZERS[self.solver]
            state.optimizer = optimizer(
                state.theta,
                **{name: getattr(self, name) for name in optimizer.parameters},
            )
            schedule = self.learning_rate
            if self.solver != "sgd" and schedule in SGD_SCHEDULES:
                schedule = "constant"
            state.schedule = make_schedule(
                schedule, self.learning_rate_init, self.power_t, self.max_iter
            )
            state.dropout = None
        elif state.schedule.has_ended:
            warnings.warn(
                f"learning_rate={self.learning_rate!r} has come to its end after"
                f" max_iter={state.schedule.n_epochs} epochs, and stays there. Set"
                " max_iter to the number of calls of partial_fit that you plan.",
                stacklevel=7,
            )
        rates = check_dropout(self.dropout, len(state.network.activations))
        if not any(rates):
            state.dropout = None
        elif state.dropout is None:
            seed = random_state.randint(np.iinfo(np.int64).max, dtype=np.int64)
            state.dropout = Dropout(rates, int(seed))
        else:
            state.dropout = replace(state.dropout, rates=rates)
        # Scores of one kind say nothing about those of another.
        watched = self.early_stopping and ("validation set", self.scoring)
        if state.stopping is None or state.watched != watched:
            state.stopping = Stopping(keep_best=self.early_stopping)
            state.history.validation_scores.clear()
            state.watched = watched
        state.stopping.tol = self.tol
        state.stopping.patience = self.n_iter_no_change

    def _train(
        self,
        state,
        data,
        held_out,
        random_state,
        max_iter,
        callbacks,
        is_alone,
        incremental,
    ):
        validate = self._validation(state, held_out)
        common = {
            "objective": self._objective(data),
            "validate": validate,
            "callbacks": callbacks,
            "warn_at_max_iter": is_alone and not incremental,
            "is_alone": is_alone,
            "verbose": self.verbose,
        }
        if callbacks is not None:
            callbacks.begin_fit(state)
        engine = get_engine()
        if self.solver == "lbfgs":
            for name in STOCHASTIC_ATTRIBUTES:
                vars(self).pop(name, None)
            self.n_iter_, self.loss_ = minimize_lbfgs(
                engine,
                state,
                data,
                max_iter=max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                **common,
            )
        else:
            if self.early_stopping and held_out.is_the_users and state.history.rows:
                # Perhaps not the same data as last time. (`validate` counts epochs.)
                measure = self._validation(state, held_out)
                state.stopping.rescore(measure(state.theta)[1])
            self.n_iter_ = train(
                engine,
                state,
                data,
                watch_score=self.early_stopping,
                batch_size=self._check_batch_size(len(data.rows), is_alone),
                max_iter=max_iter,
                shuffle=self.shuffle,
                random_state=random_state,
                max_grad_norm=self.max_grad_norm or math.inf,
                **common,
            )
            self._show_progress(state)
        if not np.isfinite(state.theta).all():
            raise ValueError(
                f"Training diverged in epoch {self.n_iter_}: some weights are not"
                " finite. Lower learning_rate_init, and scale the features, for"
                " example with StandardScaler, if they have large values."
            )

    def _objective(self, data):
        mean = data.mean_weight
        if mean is None:
            mean = mean_weight(data.sample_weight, data.rows)
        is_per_batch = self.penalty_scaling == "batch"
        return Objective(
            alpha=float(self.alpha),
            mean_weight=mean,
            penalty_size=None if is_per_batch else len(data.rows) * mean,
        )

    def _validation(self, state, held_out):
        """From parameters to the validation loss and the score, None if it is not asked
        for."""
        if held_out is None:
            return None
        scorer = None
        if self.scoring not in ("loss", None):
            from sklearn.metrics import check_scoring  # late, as in _evaluation.split

            scorer = check_scoring(self, self.scoring)
        with_score = self.scoring != "loss"
        measure = measure_by(scorer, self, state, held_out, with_score)

        def validate(theta):
            losses, scores = measure(theta[np.newaxis])
            if scores is not None:
                return float(losses[0]), scores[0]
            return float(losses[0]), -float(losses[0]) if self.early_stopping else None

        return validate

    def _check_batch_size(self, n_rows, is_alone):
        needs_all = OPTIMIZERS[self.solver].needs_full_batch
        if self.batch_size == "full" or (self.batch_size == "auto" and needs_all):
            return n_rows
        if self.batch_size == "auto":
            return min(200, n_rows)
        if self.batch_size > n_rows and is_alone:
            warnings.warn(
                f"Got `batch_size` larger than sample size ({self.batch_size} >"
                f" {n_rows}). It is going to be clipped.",
                stacklevel=8,
            )
        if needs_all and self.batch_size < n_rows:
            raise ValueError(
                f"solver='{self.solver}' compares the gradients of whole epochs:"
                f" batch_size must be 'full' or 'auto', got {self.batch_size}."
            )
        return min(self.batch_size, n_rows)

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

    def _class_weights(self, y, sample_weight):
        """The weight of each class, from encoded targets, or None; see `_targets`."""

    @abstractmethod
    def _loss(self):
        """The loss that fits the targets."""

    @abstractmethod
    def _scores(self, outputs, y, sample_weight):
        """What `score` would return, for each of several networks, from an engine's
        `Evaluation` and encoded targets."""

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
