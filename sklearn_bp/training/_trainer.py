"""The epoch loop that ties engine, optimizer, schedule and stopping together."""

import copy
import math
import warnings
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..engine import one_blas_thread
from ..network import Network
from ._epochs import Epochs
from ._history import History


@dataclass
class TrainingState:
    """A network in training, with all that the next epoch depends on."""

    network: Network
    theta: np.ndarray
    optimizer: Any = None
    schedule: Any = None
    stopping: Any = None
    history: History = field(default_factory=History)
    dropout: Any = None
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

    `rows` are the numbers of the rows to train on. `mean_weight` is what their weights
    count as in the mean; None is the mean itself.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray
    mean_weight: float | None = None


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
    max_grad_norm=math.inf,
    validate=None,
    watch_score=False,
    callbacks=None,
    warn_at_max_iter=True,
    is_alone=True,
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
    max_grad_norm : float, default=inf
        Longer gradients are shortened to this length.
    validate : callable, default=None
        From parameters to the loss on validation data and a score, or None.
    watch_score : bool, default=False
        Whether the stopping rule watches that score, and not the training loss.
    callbacks : object, default=None
        Its `begin_epochs()` is called before an epoch, and its `end_epochs(thetas)`
        after it, with the parameters in a row; it returns whether to stop. If its
        `may_lag_behind` is true, there may be several epochs between the two calls, a
        row each, and it cannot stop between them; of epochs before a divergence it may
        not hear.
    warn_at_max_iter : bool, default=True
        Whether to warn if `max_iter` ends the training, and not the schedule.
    is_alone : bool, default=True
        Whether this is not one training of many. If so, Ctrl-C ends it with a warning,
        instead of being raised.
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
    blocks = Epochs(
        engine,
        state,
        data,
        objective,
        batch_size,
        max_grad_norm,
        random_state if shuffle else None,
    ).blocks(
        max_iter,
        may_run_ahead=validate is None
        and (callbacks is None or callbacks.may_lag_behind),
        is_alone=is_alone,
        keep_thetas=callbacks is not None,
    )
    history, schedule, stopping = state.history, state.schedule, state.stopping
    n_iter = 0
    stopping.start(state.theta)
    try:
        with one_blas_thread, closing(blocks):
            while n_iter < max_iter:
                if callbacks is not None:
                    callbacks.begin_epochs()
                block = next(blocks)
                for loss, gradient_norm, learning_rate in block:
                    start = perf_counter()
                    schedule.learning_rate = learning_rate
                    if not math.isfinite(loss):
                        raise _divergence(n_iter + 1, loss, schedule)
                    n_iter += 1
                    state.n_samples_seen += len(data.rows)
                    history.losses.append(loss)
                    if verbose:
                        print(f"Iteration {n_iter}, loss = {loss:.8f}")

                    score, measured = -loss, validate and validate(state.theta)
                    if watch_score:
                        _, score = measured
                        history.validation_scores.append(score)
                        if verbose:
                            print(f"Validation score: {score:f}")
                    stopping.update(score, state.theta)
                    schedule.end_epoch(state.n_samples_seen)
                    seconds = block.seconds + perf_counter() - start
                    history.record(
                        loss, learning_rate, gradient_norm, seconds, measured
                    )
                    if stopping.out_of_patience:
                        break
                if callbacks is not None and callbacks.end_epochs(block.used_thetas):
                    break
                if stopping.out_of_patience and not _go_on(state, watch_score, verbose):
                    break
            else:
                if warn_at_max_iter and not schedule.has_an_end:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached"
                        " and the optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=2,
                    )
    except KeyboardInterrupt:
        if not is_alone:
            raise
        warnings.warn("Training interrupted by user.", stacklevel=2)
    stopping.finish(state.theta)
    return n_iter


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
