"""The epoch loop that ties engine, optimizer, schedule and stopping together."""

import math
from time import perf_counter

from sklearn.exceptions import ConvergenceWarning

from ..utils import warn


class Course:
    """The course of one training by epochs: takes them block by block, records them,
    and decides when training is over.

    Parameters
    ----------
    runner : EpochRunner
        Runs the epochs.
    state : TrainingState
        The network and its optimizer, schedule, stopping rule and history; changed
        in place.
    max_epochs : int
        The maximum number of epochs.
    measure : callable, default=None
        Maps parameters to the loss on validation data and a score or None.
    watches_score : bool, default=False
        Whether the stopping rule watches that score instead of the training loss.
    follower : object, default=None
        Its `begin_epochs()` is called before an epoch, and its `end_epochs(thetas)`
        after it, with the parameters as a row; the latter returns whether to stop. If
        its `may_lag_behind` is true, there may be several epochs between the two calls,
        with a row for each, and it cannot stop between them; epochs just before a
        divergence may go unreported.
    verbose : bool, default=False
        Whether to print a line per epoch.

    Attributes
    ----------
    n_iter : int
        The number of epochs done.
    """

    def __init__(
        self,
        runner,
        state,
        max_epochs,
        *,
        measure=None,
        watches_score=False,
        follower=None,
        verbose=False,
    ):
        self.n_iter = 0
        self._is_over = False
        self._runner = runner
        self._state = state
        self._max_epochs = max_epochs
        self._measure = measure
        self._watches_score = watches_score
        self._follower = follower
        self._verbose = verbose
        state.stopping.start(state.theta, state.epoch)

    @property
    def has_epochs_left(self):
        """Whether there are more epochs to come."""
        return not self._is_over and self.n_iter < self._max_epochs

    def advance(self):
        """Take the next block of epochs. A generator, see `EpochRunner.next_block`.

        Raises
        ------
        ValueError
            If the loss or the gradient becomes infinite or NaN.
        """
        stopping, follower = self._state.stopping, self._follower
        if follower is not None:
            follower.begin_epochs()
        block = yield from self._runner.next_block(self._max_epochs - self.n_iter)
        self._take(block)
        is_stopped = follower is not None and follower.end_epochs(block.used_thetas)
        if is_stopped or (stopping.out_of_patience and not self._is_given_a_chance()):
            self._is_over = True

    def _take(self, block):
        """Record the epochs of a block, up to the one that ends patience."""
        state, measured = self._state, None
        n_finite = _n_finite(block)
        scores = [-loss for loss in block.losses[:n_finite]]
        if n_finite > 0 and self._measure is not None:  # a block of one epoch
            start = perf_counter()
            try:
                measured = self._measure(state.theta)
            except BaseException:  # such as Ctrl-C in a scorer: the epoch counts
                self._record(block, 1, None)
                raise
            block.seconds += perf_counter() - start
            if self._watches_score:
                scores = [measured[1]]
        epoch = len(state.history.rows) + 1
        n_used = state.stopping.update(scores, state.theta, epoch)
        self._record(block, n_used, measured)
        is_over = n_used > 0 and state.stopping.out_of_patience
        if n_used == n_finite < len(block.losses) and not is_over:
            block.n_used += 1  # it is what training has come to
            loss, norm = block.losses[n_used], block.gradient_norms[n_used]
            state.schedule.learning_rate = block.learning_rates[n_used]
            raise _divergence(self.n_iter + 1, loss, norm, state.schedule)

    def _record(self, block, n_epochs, measured):
        """Record the first epochs of a block."""
        if n_epochs == 0:
            return
        state = self._state
        losses = block.losses[:n_epochs]
        rates = block.learning_rates[:n_epochs]
        norms = block.gradient_norms[:n_epochs]
        block.n_used = n_epochs
        self.n_iter += n_epochs
        state.n_samples_seen += n_epochs * self._runner.n_rows
        state.schedule.learning_rate = rates[-1]
        state.schedule.end_epochs(n_epochs, state.n_samples_seen)
        state.history.record(losses, rates, norms, block.seconds, measured)
        if self._verbose:
            self._print(losses, measured)

    def _print(self, losses, measured):
        first = self.n_iter - len(losses) + 1
        for epoch, loss in enumerate(losses, start=first):
            print(f"Iteration {epoch}, loss = {loss:.8f}")
        if self._watches_score and measured is not None:
            print(f"Validation score: {measured[1]:f}")

    def _is_given_a_chance(self):
        """Whether training at a standstill continues with a lower learning rate."""
        schedule, stopping = self._state.schedule, self._state.stopping
        goes_on = schedule.lower()
        if goes_on:
            stopping.be_patient()
        if self._verbose:
            watched = "Validation score" if self._watches_score else "Training loss"
            consequence = (
                f"Setting learning rate to {schedule.learning_rate:f}"
                if goes_on
                else "Stopping."
            )
            print(
                f"{watched} did not improve more than tol={stopping.tol:f} for"
                f" {stopping.patience} consecutive epochs. {consequence}"
            )
        return goes_on

    def close(self):
        """Undo epochs that were run ahead and not used."""
        self._runner.undo_unused()

    def warn_of_end(self):
        """Warn if training ran out of epochs without being meant to."""
        if not self._is_over and not self._state.schedule.has_an_end:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.n_iter}) reached"
                " and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def finish(self):
        """Restore the best parameters, if the stopping rule has kept them."""
        state = self._state
        state.stopping.finish(state.theta)
        best = state.stopping.best_epoch
        state.epoch = len(state.history.rows) if best is None else best


def train(course, *, warns_of_end=True, is_alone=True):
    """Run a training to its end: a generator, for `run_alone` or `run_together`.

    Parameters
    ----------
    course : Course or LbfgsCourse
        The training.
    warns_of_end : bool, default=True
        Whether to warn if training has not converged.
    is_alone : bool, default=True
        Whether no other trainings run side by side with this one. If so, Ctrl-C ends it
        with a warning instead of being raised.

    Returns
    -------
    is_complete : bool
        Whether it came to its end.

    Raises
    ------
    ValueError
        If the loss becomes infinite or NaN.
    """
    is_complete = True
    try:
        try:
            while course.has_epochs_left:
                yield from course.advance()
        finally:
            course.close()
        if warns_of_end:
            course.warn_of_end()
    except KeyboardInterrupt:
        if not is_alone:
            raise
        is_complete = False
        warn("Training interrupted by user.")
    course.finish()
    return is_complete


def _n_finite(block):
    """How many epochs there are before the first that diverges."""
    if math.isfinite(sum(block.losses) + sum(block.gradient_norms)):
        return len(block.losses)
    for epoch, numbers in enumerate(zip(block.losses, block.gradient_norms)):
        if not math.isfinite(sum(numbers)):
            return epoch
    return len(block.losses)


def _divergence(epoch, loss, gradient_norm, schedule):
    what = f"loss is {loss}"
    if math.isfinite(loss):
        what = f"length of the gradient is {gradient_norm}"
    return ValueError(
        f"Training diverged in epoch {epoch}: the {what}. Lower"
        f" learning_rate_init (it is {schedule.learning_rate_init:g}), and scale the"
        " features, for example with StandardScaler, if they have large values."
    )
