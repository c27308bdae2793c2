"""The members of an ensemble: each is trained without a fold, stopped by its loss on
that fold, and asked about it."""

import time
from dataclasses import dataclass

import numpy as np

from ..engine import one_blas_thread
from ..fitting import FittedNetwork, in_probabilities
from ..model_selection import FoldCurve
from ..training import Stopping
from ._folds import Halving

#: What stands for an infinite loss.
FAR = 1e300
#: Outputs and losses of several epochs are computed at once, up to so many numbers.
MOST_NUMBERS = 2**19


@dataclass(frozen=True)
class Member:
    """A network that was trained without a fold.

    Parameters
    ----------
    fitted : FittedNetwork
        The network as it was after the epoch with the smallest loss on the fold.
    epoch : int
        The number of that epoch.
    predictions : ndarray of shape (n_rows, n_columns)
        For each sample of the fold, what was predicted after the epoch that had the
        smallest loss on the other half of the fold: the sample has taken no part.
    has_ended : bool
        Whether the loss had stopped falling when training ended.
    """

    fitted: FittedNetwork
    epoch: int
    predictions: np.ndarray
    has_ended: bool


@dataclass(frozen=True)
class Watch:
    """How trainings are stopped; makes their followers.

    Parameters
    ----------
    halving : Halving
        Cuts folds in two, and knows the weight of each sample.
    tol : float
        By how much the loss must improve.
    patience : int or inf
        How many epochs in a row may pass without improvement.
    deadline : float, default=inf
        When to stop in any case, in seconds of `time.time`.
    """

    halving: Halving
    tol: float
    patience: float
    deadline: float = np.inf

    def __call__(self, parts, scoring, n_epochs, test):
        return HeldOut(self, parts[1], test)


class HeldOut:
    """Follows a training, and stops it by its loss on a fold.

    Three rules watch the loss: on the whole fold, to choose the epoch of the network
    that is kept; and on each half, to choose the epoch after which the other half is
    predicted. Each stops by itself, and training goes on until all of them have.

    Parameters
    ----------
    watch : Watch
        How to stop.
    part : Part
        The fold.
    rows : ndarray of int
        Its row numbers among all samples.
    """

    may_lag_behind = True

    def __init__(self, watch, part, rows):
        self._part = part
        self._deadline = watch.deadline
        halves = watch.halving.halve(rows)
        weight = watch.halving.weights(rows)
        # One column for each rule: how much each sample counts in its loss.
        shares = np.stack([weight, weight * halves, weight * ~halves])
        self._shares = (shares / shares.sum(axis=1, keepdims=True)).T
        self._predicted = [np.flatnonzero(~halves), np.flatnonzero(halves)]
        self._rules = [Stopping(True, watch.tol, watch.patience) for _ in range(3)]
        self._training = None
        self._losses = []
        self._n_watched = 0
        self.seconds = 0.0

    def begin_fit(self, training):
        self._training = training

    def begin_epochs(self):
        """Do nothing."""

    def end_epochs(self, thetas):
        start = time.perf_counter()
        n_numbers = len(self._part) * self._training.state.network.n_outputs
        n_at_once = max(1, MOST_NUMBERS // n_numbers)
        for first in range(0, len(thetas), n_at_once):
            if not self._is_over:
                self._watch(thetas[first : first + n_at_once])
        self.seconds += time.perf_counter() - start
        return self._is_over or time.time() >= self._deadline

    @property
    def _is_over(self):
        return all(rule.out_of_patience for rule in self._rules)

    def end_fit(self, theta):
        if self._n_watched == 0:  # lbfgs began at the minimum
            self._watch(theta[np.newaxis])

    def _watch(self, thetas):
        training, samples = self._training, self._part.samples
        with one_blas_thread.held():
            evaluation = training.engine.evaluate(
                training.state.network,
                thetas,
                samples.X,
                samples.y,
                self._part.rows,
                False,
            )
        # A sample without weight may have an infinite loss.
        counts = self._shares[:, 0] > 0
        # Infinite losses are not to be those of the other half, too.
        of_samples = np.nan_to_num(evaluation.losses[:, counts], nan=FAR, posinf=FAR)
        losses = of_samples.astype(np.float64) @ self._shares[counts]
        for theta, raw, of_rules in zip(thetas, evaluation.raw, losses, strict=True):
            if self._is_over:
                return
            self._n_watched += 1
            self._losses.append(of_rules[0])
            kept = theta, *(raw[rows] for rows in self._predicted)
            for rule, loss, array in zip(self._rules, of_rules, kept, strict=True):
                if not rule.out_of_patience:
                    rule.update([-loss], array, self._n_watched)

    def result(self, training, seconds):
        """What `train_fold` returns: the losses, in training as it recorded them, and
        the network.

        Parameters
        ----------
        training : Training
            The training, which has been run.
        seconds : float
            How long it took to prepare it.

        Returns
        -------
        curve : FoldCurve
            With the `Member` as what was kept.
        """
        whole, *halves = self._rules
        if whole.best_theta is None or any(h.best_theta is None for h in halves):
            raise ValueError(
                "The loss on the fold that was left out is infinite after each epoch."
                " Scale the targets, or lower learning_rate_init."
            )
        state, n_epochs = training.state, self._n_watched
        fitted = FittedNetwork(
            state.network,
            whole.best_theta,
            training.targets,
            scaling=training.part.samples.scaling,
        ).without_scaling()
        raw = np.empty(
            (len(self._part), state.network.n_outputs), dtype=whole.best_theta.dtype
        )
        for rows, half in zip(self._predicted, halves, strict=True):
            raw[rows] = half.best_theta
        shown = state.network.loss.shown(
            np.array(self._losses), state.network.n_outputs
        )
        recorded = state.history.as_arrays().get("loss", np.array([training.loss]))
        losses = np.stack([recorded[:n_epochs], shown], axis=1)
        return FoldCurve(
            losses,
            -losses[..., np.newaxis],
            seconds + training.seconds,
            self.seconds,
            undefined=(None,),
            kept=Member(
                fitted,
                whole.best_epoch,
                in_probabilities(fitted, raw),
                self._is_over,
            ),
        )
