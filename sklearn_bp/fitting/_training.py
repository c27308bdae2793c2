"""A training: prepared from parameters and samples, run, and followed."""

import math
from dataclasses import replace

import numpy as np
from sklearn.utils import check_random_state

from ..engine import Dropout, get_engine
from ..network import Network, initialize
from ..training import (
    OPTIMIZERS,
    Course,
    EpochRunner,
    LbfgsCourse,
    Stopping,
    TrainingState,
    make_schedule,
    run_alone,
    train,
)
from ..utils import PlainNumbers, are_equal, is_name, warn
from ._checks import check_dropout, check_layers
from ._fitted import FittedNetwork
from ._hold_out import check_for_folds, check_score_of_one, hold_out
from ._objective import (
    class_weights_in,
    make_objective,
    mean_weight,
    scaled_weights,
    weigh_part,
)
from ._scores import Measure
from ._shown import Outcome
from ._usefulness import warn_if_useless

# The schedules that scikit-learn has for sgd only.
SGD_SCHEDULES = ("invscaling", "adaptive")


class Training:
    """The training of one network.

    It is created, then prepared, then run. It reads its parameters from an estimator,
    which it never changes.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator whose parameters are used.
    targets : ClassTargets or NumberTargets
        What the targets of the samples are.
    samples : Samples
        The data.
    rows : ndarray of int64, default=None
        The numbers of the rows to train on; None stands for all.
    validation : Samples, default=None
        The user's validation data. Their weights do not include class weights.
    state : TrainingState, default=None
        A training to continue from, changed in place; None starts afresh.
    is_incremental : bool, default=False
        Whether further data may follow, as in `partial_fit`.
    is_alone : bool, default=True
        Whether no other trainings run side by side with this one. If they do, there are
        no warnings, and Ctrl-C ends all of them.
    engine : Engine, default=None
        The engine that computes; None is the one that the settings choose.
    streams : Streams, default=None
        The orders of this training and others.

    Attributes
    ----------
    parameters : PlainNumbers
        The estimator's parameters, with numbers of Python's own.
    state : TrainingState
        The network and everything that its next epoch depends on.
    part : Part
        The rows that it is trained on.
    held_out : Part or None
        The validation rows, which early stopping watches or which are only measured.
    n_iter : int
        The number of epochs, or of lbfgs iterations, of the last run.
    """

    def __init__(
        self,
        estimator,
        targets,
        samples,
        *,
        rows=None,
        validation=None,
        state=None,
        is_incremental=False,
        is_alone=True,
        engine=None,
        streams=None,
    ):
        self.estimator = estimator
        self.parameters = PlainNumbers(estimator)
        self.targets = targets
        self.engine = get_engine() if engine is None else engine
        self.state = state
        self.n_iter = 0
        self._is_incremental = is_incremental
        self._is_alone = is_alone
        self._streams = streams
        self._lbfgs_loss = None
        self._random_state = None
        if rows is not None:
            check_for_folds(estimator)
        else:
            rows = np.arange(samples.X.shape[0], dtype=np.int64)
        unweighted = samples.part(rows)
        mean_weight(unweighted.sample_weight)  # raises if zero
        class_weights = class_weights_in(estimator, targets, unweighted)
        self.part = weigh_part(unweighted, class_weights)
        # Nothing is known about the other calls, so class weights count as they are;
        # normalised, they would cancel where all rows are of one class.
        self._unweighted = unweighted if is_incremental else None
        self.held_out = None
        if validation is not None:
            self.held_out = weigh_part(validation.part(), class_weights)
            mean_weight(self.held_out.sample_weight, of="validation")

    # ---- preparing -----------------------------------------------------------------

    def initialize(self):
        """Make the network that training would begin with."""
        if self._make_network():
            self._start_outputs()

    def prepare(self):
        """Make or check everything that the first epoch needs."""
        parameters, is_new = self.parameters, self._make_network()
        stops_early = parameters.early_stopping and self.is_by_epochs
        if stops_early and self.held_out is None:
            self._hold_out()
        if self.held_out is not None and self.held_out.n_counting == 1:
            check_score_of_one(self.estimator, stops_early, warns=self._is_alone)
        if is_new:
            self._start_outputs()
        if self.is_by_epochs:
            self._prepare_optimizer()
            self._prepare_dropout()
            self._prepare_stopping()

    @property
    def is_by_epochs(self):
        """Whether it is run epoch by epoch, unlike with lbfgs."""
        return self.parameters.solver != "lbfgs"

    def _make_network(self):
        """Make or check the network; returns whether its weights were just drawn."""
        parameters = self.parameters
        self._random_state = check_random_state(parameters.random_state)
        sizes, activations = check_layers(parameters)
        X = self.part.samples.X
        network = Network(
            (X.shape[1], *sizes, self.targets.n_outputs),
            activations,
            self.targets.make_loss(parameters),
        )
        if self.state is not None:
            _check_is_like(network, self.state.network)
            self.state.network = network
            return False
        # Without a hidden layer there is no activation to follow.
        of_outputs = parameters.activation
        if not isinstance(of_outputs, str):
            of_outputs = "relu"
        theta = initialize(
            network, parameters.initializer, of_outputs, self._random_state, X.dtype
        )
        self.state = TrainingState(network, theta)
        return True

    def _hold_out(self):
        """Set part of the training data aside for early stopping."""
        self.part, self.held_out = hold_out(
            self.parameters,
            self.part,
            self.targets,
            self._random_state_of_split(),
            warns=self._is_alone,
        )
        mean_weight(self.held_out.sample_weight, of="validation")

    def _random_state_of_split(self):
        """What draws validation rows: in a warm start the same ones again, which have
        not been trained on."""
        state = self.state
        if state.seed_of_split is None:
            state.seed_of_split = self._random_state.get_state(legacy=False)
            return self._random_state
        kind = getattr(np.random, state.seed_of_split["bit_generator"])
        random_state = np.random.RandomState(kind())
        random_state.set_state(state.seed_of_split)
        return random_state

    def _start_outputs(self):
        """Where the loss asks for it, begin with outputs that are near the targets."""
        state = self.state
        weight = scaled_weights(self.part.sample_weight)
        start = state.network.loss.start(self.part.y, weight)
        if start is not None:
            _, intercepts = state.network.views(state.theta)
            intercepts[-1][:] = start

    def _prepare_optimizer(self):
        """Make an optimizer with its schedule; `partial_fit` keeps those of the call
        before."""
        parameters, state = self.parameters, self.state
        solver = parameters.solver
        if self._is_incremental and getattr(state.optimizer, "name", "") == solver:
            self._warn_of_ended_schedule()
            return
        optimizer = OPTIMIZERS[solver]
        state.optimizer = optimizer(
            state.theta,
            **{name: getattr(parameters, name) for name in optimizer.parameters},
        )
        schedule = parameters.learning_rate
        if solver != "sgd" and is_name(schedule, *SGD_SCHEDULES):
            schedule = "constant"
        state.schedule = make_schedule(
            schedule,
            parameters.learning_rate_init,
            parameters.power_t,
            parameters.max_iter,
        )
        state.dropout = None

    def _warn_of_ended_schedule(self):
        schedule = self.state.schedule
        if schedule.has_ended:
            warn(
                f"learning_rate={self.parameters.learning_rate!r} has come to its end"
                f" after max_iter={schedule.n_epochs} epochs, and stays there. Set"
                " max_iter to the number of calls to partial_fit that you plan."
            )

    def _prepare_dropout(self):
        state = self.state
        rates = check_dropout(self.parameters.dropout, len(state.network.activations))
        if not any(rates):
            state.dropout = None
        elif state.dropout is None:
            seed = self._random_state.randint(np.iinfo(np.int64).max, dtype=np.int64)
            state.dropout = Dropout(rates, int(seed))
        else:
            state.dropout = replace(state.dropout, rates=rates)

    def _prepare_stopping(self):
        parameters, state = self.parameters, self.state
        # Scores of one kind say nothing about those of another.
        watched = parameters.early_stopping and ("validation set", parameters.scoring)
        if state.stopping is None or not are_equal(state.watched, watched):
            state.stopping = Stopping(keep_best=parameters.early_stopping)
            state.history.watch_anew()
            state.watched = watched
        state.stopping.tol = parameters.tol
        state.stopping.patience = parameters.n_iter_no_change

    # ---- running -------------------------------------------------------------------

    def run(self, max_epochs, follower=None):
        """Train to the end.

        Parameters
        ----------
        max_epochs : int
            The maximum number of epochs, or of lbfgs iterations.
        follower : object, default=None
            Notified of the training: its `begin_fit(training)` is called first, and
            then the methods that `Course` describes.

        Raises
        ------
        ValueError
            If training diverges.
        """
        run_alone(self.steps(max_epochs, follower))

    def steps(self, max_epochs, follower=None):
        """The same as a generator, for `run_together`."""
        course = self.course(max_epochs, follower)
        if follower is not None:
            follower.begin_fit(self)
        is_complete = yield from train(
            course,
            warns_of_end=self._is_alone and not self._is_incremental,
            is_alone=self._is_alone,
        )
        self.n_iter = course.n_iter
        if not self.is_by_epochs:
            self._lbfgs_loss = course.loss
        if not np.isfinite(self.state.theta).all():
            raise ValueError(
                f"Training diverged in epoch {self.n_iter}: some weights are not"
                " finite. Lower learning_rate_init, and scale the features, for"
                " example with StandardScaler, if they have large values."
            )
        if self.is_by_epochs and not self.state.optimizer.is_finite:
            raise ValueError(
                f"Training diverged by epoch {self.n_iter}: gradients are so large that"
                f" their squares overflow, and solver='{self.parameters.solver}' stands"
                " still. Scale the features and the targets, for example with"
                " StandardScaler, or set max_grad_norm."
            )
        if is_complete and self._is_alone and not self._is_incremental:
            warn_if_useless(self)  # which may take as long as a large step

    def course(self, max_epochs, follower=None):
        """The epochs to come, to be taken block by block.

        Parameters
        ----------
        max_epochs : int
            The maximum number of epochs, or of lbfgs iterations.
        follower : object, default=None
            See `Course`.

        Returns
        -------
        course : Course or LbfgsCourse
            What `train` runs.
        """
        parameters, state = self.parameters, self.state
        part, objective = make_objective(parameters, self.part, self._unweighted)
        measure = self._measure_of_validation()
        if not self.is_by_epochs:
            return LbfgsCourse(
                self.engine,
                state,
                part,
                objective,
                max_iter=max_epochs,
                max_fun=parameters.max_fun,
                tol=parameters.tol,
                measure=measure,
                follower=follower,
                verbose=parameters.verbose,
            )
        if parameters.early_stopping and state.history.rows:
            # measured separately, as a scorer counts the epochs that it has seen
            state.stopping.rescore(self._measure_of_validation()(state.theta)[1])
        runner = EpochRunner(
            self.engine,
            state,
            part,
            objective,
            self.batch_size(),
            parameters.max_grad_norm or math.inf,
            self._random_state if parameters.shuffle else None,
            may_run_ahead=measure is None
            and (follower is None or follower.may_lag_behind),
            is_alone=self._is_alone,
            keep_thetas=follower is not None,
            streams=self._streams,
        )
        return Course(
            runner,
            state,
            max_epochs,
            measure=measure,
            watches_score=parameters.early_stopping,
            follower=follower,
            verbose=parameters.verbose,
        )

    def batch_size(self):
        """The number of rows in a step."""
        parameters, n_rows = self.parameters, len(self.part)
        size = parameters.batch_size
        needs_all = OPTIMIZERS[parameters.solver].needs_full_batch
        if size == "full" or (size == "auto" and needs_all):
            return n_rows
        if size == "auto":
            return min(200, n_rows)
        if size > n_rows and self._is_alone:
            warn(
                f"Got `batch_size` larger than sample size ({size} >"
                f" {n_rows}). It is going to be clipped."
            )
        if needs_all and size < n_rows:
            raise ValueError(
                f"solver='{parameters.solver}' compares the gradients of whole epochs:"
                f" batch_size must be 'full' or 'auto', got {size}."
            )
        return min(size, n_rows)

    def _measure_of_validation(self):
        """A function from parameters to the validation loss and a score, or None."""
        if self.held_out is None:
            return None
        scoring, stops_early = self.parameters.scoring, self.parameters.early_stopping
        is_loss = is_name(scoring, "loss")
        if not is_loss and scoring is not None:
            from sklearn.metrics import check_scoring  # late, as in _hold_out

            scoring = check_scoring(self.estimator, scoring)
        measure = Measure(self, self.held_out, [scoring])

        def measure_one(theta):
            losses, scores = measure(theta[np.newaxis])
            loss, score = float(losses[0]), scores[0, 0]
            if is_loss:
                score = -loss if stops_early else None
            return loss, score

        return measure_one

    # ---- what to show --------------------------------------------------------------

    @property
    def fitted(self):
        """The network in its current state."""
        return self._fitted(self.state.theta)

    @property
    def loss(self):
        """The loss of the last epoch, or of lbfgs at its end; None before training."""
        if not self.is_by_epochs:
            return self._lbfgs_loss
        return None if self.state.stopping is None else self.state.history.last_loss

    @property
    def is_open_ended(self):
        """Whether more epochs may help: neither does the learning rate end by plan, nor
        are predictions known whatever the network says."""
        schedule = self.state.schedule
        ends_by_plan = schedule is not None and schedule.has_an_end
        return not (ends_by_plan or self.targets.are_constant)

    @property
    def seconds(self):
        """How long the epochs took, without what a follower does."""
        return sum(self.state.history.seconds)

    @property
    def outcome(self):
        """What there is to show at the end."""
        return self._outcome(self.fitted, self.state, self.n_iter)

    def outcome_so_far(self, theta, n_iter, can_go_on=False):
        """What there would be to show, had training ended with other parameters.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters.
        n_iter : int
            The number of epochs.
        can_go_on : bool, default=False
            Whether it may be trained further, so that it needs a copy of all that this
            training goes on to change.

        Returns
        -------
        outcome : Outcome
            The network stays on this training's engine.
        """
        state = self.state.fork(theta) if can_go_on else self.state
        history = state.history.copy()
        state = replace(state, theta=theta, history=history, epoch=len(history.rows))
        return self._outcome(self._fitted(theta, self.engine), state, n_iter)

    def _fitted(self, theta, engine=None):
        scaling = self.part.samples.scaling
        return FittedNetwork(self.state.network, theta, self.targets, engine, scaling)

    def _outcome(self, fitted, state, n_iter):
        has_rule = self.is_by_epochs and state.stopping is not None
        return Outcome(
            fitted,
            state,
            n_iter,
            self.loss,
            state.stopping.best_score if has_rule else None,
            self.parameters.early_stopping,
        )


def _check_is_like(network, fitted):
    if not network.is_like(fitted):
        raise ValueError(
            f"The fitted network is {fitted}, but the parameters ask for"
            f" {network}. To continue training, leave hidden_layer_sizes,"
            " activation and loss as they were; to start afresh, call fit with"
            " warm_start=False."
        )
