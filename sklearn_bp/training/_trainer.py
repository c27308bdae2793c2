"""The epoch loop that ties engine, optimizer, schedule and stopping together."""

import copy
import math
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..engine import one_blas_thread
from ..network import LOSSES, Network
from ._history import History

# Between two calls of the engine Python hears of Ctrl-C, so one call should take
# about 0.1 s: by multiplications and additions for large batches, by steps for small
# ones. Not by the clock, which would make the order of summation a matter of chance.
OPERATIONS_PER_SLICE = 2e9
STEPS_PER_SLICE = 2000


@dataclass
class TrainingState:
    """A network in training, with all that the next epoch depends on."""

    network: Network
    theta: np.ndarray
    optimizer: Any = None
    schedule: Any = None
    stopping: Any = None
    history: History = field(default_factory=History)
    n_samples_seen: int = 0
    #: What the stopping rule has watched so far.
    watched: Any = None

    def copy(self):
        """A state that can be trained without changing this one."""
        return replace(
            self,
            theta=self.theta.copy(),
            optimizer=copy.deepcopy(self.optimizer),
            schedule=copy.copy(self.schedule),
            stopping=copy.copy(self.stopping),
            history=self.history.copy(),
        )


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on, as the engines take it.

    `rows` are the numbers of the rows to train on.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray


def train(
    engine,
    state,
    data,
    *,
    objective,
    batch_size,
    max_iter,
    shuffle,
    random_state,
    validation_score=None,
    warn_at_max_iter=True,
    verbose=False,
):
    """Train until the stopping rule or `max_iter` ends it.

    Parameters
    ----------
    engine : Engine
        Computes the steps.
    state : TrainingState
        The network and its optimizer, schedule, stopping rule and history; changed
        in place.
    data : TrainingData
        The training set.
    objective : Objective
        What is minimised.
    batch_size : int
        Rows in a step.
    max_iter : int
        The largest number of epochs.
    shuffle : bool
        Whether each epoch has an order of its own.
    random_state : RandomState
        Draws the orders.
    validation_score : callable, default=None
        From parameters to the score that the stopping rule watches; None makes it
        watch the training loss.
    warn_at_max_iter : bool, default=True
        Whether to warn if `max_iter` ends the training.
    verbose : bool, default=False
        Whether to print a line an epoch.

    Returns
    -------
    n_iter : int
        The number of epochs done.

    Raises
    ------
    ValueError
        If the loss becomes infinite or NaN.
    """
    # scikit-learn shuffles the order of the epoch before, so the order is kept.
    order = data.rows.copy()
    run_epoch = _prepare_epochs(engine, state, data, objective, batch_size)
    n_iter = 0
    state.stopping.start(state.theta)
    try:
        with one_blas_thread:
            while n_iter < max_iter:
                if shuffle:
                    random_state.shuffle(order)
                loss = run_epoch(order)
                if not math.isfinite(loss):
                    raise _divergence(n_iter + 1, loss, state.schedule)
                n_iter += 1
                state.n_samples_seen += len(order)
                state.history.losses.append(loss)
                if verbose:
                    print(f"Iteration {n_iter}, loss = {loss:.8f}")

                score = -loss
                if validation_score is not None:
                    score = validation_score(state.theta)
                    state.history.validation_scores.append(score)
                    if verbose:
                        print(f"Validation score: {score:f}")
                state.stopping.update(score, state.theta)
                state.schedule.end_epoch(state.n_samples_seen)
                if state.stopping.out_of_patience and not _go_on(
                    state, validation_score is not None, verbose
                ):
                    break
            else:
                if warn_at_max_iter:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached"
                        " and the optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=2,
                    )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
    state.stopping.finish(state.theta)
    return n_iter


def _prepare_epochs(engine, state, data, objective, batch_size):
    """Returns a function that trains once on every row of `order`, and returns the
    mean loss."""
    network, schedule = state.network, state.schedule
    run_steps = engine.prepare_steps(
        network,
        state.theta,
        data.X,
        data.y,
        data.sample_weight,
        objective,
        batch_size,
        state.optimizer,
    )
    shown = LOSSES[network.loss].shown
    operations = 6 * network.n_coefs * batch_size
    steps_per_slice = math.ceil(min(STEPS_PER_SLICE, OPERATIONS_PER_SLICE / operations))
    rows_per_slice = steps_per_slice * batch_size

    def run_epoch(order):
        data_loss = penalty = 0.0
        for start in range(0, len(order), rows_per_slice):
            part = order[start : start + rows_per_slice]
            sums = run_steps(part, schedule.rates(-(-len(part) // batch_size)))
            data_loss += sums[0]
            penalty += sums[1]
        return (shown(data_loss, network.n_outputs) + penalty) / len(order)

    return run_epoch


def _go_on(state, has_validation, verbose):
    """Whether a lower learning rate gives a training at a standstill another chance."""
    goes_on = state.schedule.lower()
    if goes_on:
        state.stopping.be_patient()
    if verbose:
        watched = "Validation score" if has_validation else "Training loss"
        consequence = (
            f"Setting learning rate to {state.schedule.learning_rate:f}"
            if goes_on
            else "Stopping."
        )
        print(
            f"{watched} did not improve more than tol={state.stopping.tol:f} for"
            f" {state.stopping.patience} consecutive epochs. {consequence}"
        )
    return goes_on


def _divergence(epoch, loss, schedule):
    return ValueError(
        f"Training diverged in epoch {epoch}: the loss is {loss}. Lower"
        f" learning_rate_init (it is {schedule.learning_rate_init:g}), and scale the"
        " features, for example with StandardScaler, if they have large values."
    )
