"""How much each column of a table matters to a network, and columns scaled by that.

A network learns sooner from columns that vary more. Scaled by how much the outputs of a
first network depend on them, those that matter come first, and those that do not add
less noise. It is a step of the recursive feature machines of Radhakrishnan, Beaglehole,
Pandit & Belkin (2024), "Mechanism for feature learning in neural networks and
backpropagation-free machine learning models", with the diagonal of their matrix alone.
"""

import copy
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from ..engine import input_gradients
from ..fitting import Scaling, scale_samples
from ..model_selection import Candidate, FoldCurve

#: The number of samples of which derivatives are taken, and of derivatives at a time.
MOST_ROWS = 1000
NUMBERS_AT_A_TIME = 2**21
#: Of a mean.
ROUNDING = 1e-6
#: Columns that vary less, as few samples have another value, are not scaled up further.
LEAST_SPREAD = 0.02
#: The most variance of all columns together. The more there is, the more a step of the
#: optimizer changes the outputs: wide tables would be learned by heart in an epoch.
MOST_VARIANCE = 30.0
#: The relevance of a column is taken for at least this share of the largest one.
LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Stretched(Candidate):
    """A setting whose networks are given features that are centered and scaled in each
    fold.

    Parameters
    ----------
    seeds : list of int or int, default=()
        The network's `random_state` in each fold, or in this one.
    stretches : list of ndarray, ndarray or None, default=None
        What each feature is multiplied by in each fold, or in this one; None stands
        for ones.
    heights : ndarray of shape (n_features,) or float, default=1.0
        What each feature is multiplied by in any case.
    codes : ndarray of shape (n_samples, n_targets), default=None
        Encoded classes, of which nothing is learned in a fold; None for numbers.
    is_standardised : bool, default=False
        Whether features have a standard deviation of 1 before they are multiplied.
    """

    seeds: Any = ()
    stretches: Any = None
    heights: Any = 1.0
    codes: Any = None
    is_standardised: bool = False

    def in_fold(self, number):
        stretches = None if self.stretches is None else self.stretches[number]
        network = copy.copy(self.network)
        network.random_state = self.seeds[number]
        return replace(self, network=network, seeds=(), stretches=stretches)

    def n_bytes_of_copy(self, samples):
        return samples.X.nbytes

    def _scaled(self, network, samples, train):
        center, spread = _moments(samples, train)
        scale = np.where(spread > 0, np.maximum(spread, LEAST_SPREAD), 1.0)
        if not self.is_standardised:
            scale = np.ones_like(center)
        scale = scale / self.heights
        if self.stretches is not None:
            scale = scale / self.stretches
        variance = np.sum((spread / scale) ** 2)
        scale = scale * np.sqrt(max(1.0, variance / MOST_VARIANCE))
        scaling = Scaling(center, scale)
        if self.codes is None:
            return scale_samples(network, self.targets, samples, train, scaling)
        X = scaling(samples.X, self.codes.dtype)
        return self.targets, replace(samples, X=X, y=self.codes, scaling=scaling)


class Relevance:
    """Follows a first training, and finds how much each column matters at its end.

    Parameters
    ----------
    parts : list of Part
        The training and the test part, of which the latter is not looked at.
    scoring, n_epochs, test
        Not needed.
    deadline : float, default=inf
        When to stop, in seconds of `time.time`.
    """

    may_lag_behind = True

    def __init__(self, parts, scoring, n_epochs, test, deadline=np.inf):
        self._part = parts[0]
        self._deadline = deadline

    def begin_fit(self, training):
        """Do nothing."""

    def begin_epochs(self):
        """Do nothing."""

    def end_epochs(self, thetas):
        return time.time() >= self._deadline

    def end_fit(self, theta):
        """Do nothing."""

    def result(self, training, seconds):
        """What `train_fold` returns: the relevance of each column as what was kept.

        Parameters
        ----------
        training : Training
            The training, which has been run.
        seconds : float
            How long it took to prepare it.

        Returns
        -------
        curve : FoldCurve
            Without losses.
        """
        part, network = self._part, training.state.network
        rows = part.rows[_weights(part.samples, part.rows) > 0]
        if len(rows) > MOST_ROWS:
            rows = np.random.RandomState(0).choice(rows, MOST_ROWS, replace=False)
        X, weight = part.samples.X, _weights(part.samples, rows)
        is_softmax = network.loss.link == "softmax"
        squares = np.zeros(X.shape[1])
        n_rows = max(1, NUMBERS_AT_A_TIME // (X.shape[1] * network.n_outputs))
        for first in range(0, len(rows), n_rows):
            gradients = input_gradients(
                network, training.state.theta, X[rows[first : first + n_rows]]
            ).astype(np.float64)
            if is_softmax:  # what is common to all outputs has no effect
                gradients -= gradients.mean(axis=1, keepdims=True)
            some = weight[first : first + n_rows]
            squares += np.einsum("i,ijk,ijk->k", some, gradients, gradients)
        _, spread = _moments(part.samples, part.rows)
        return FoldCurve(
            np.zeros((1, 2)),
            np.zeros((1, 2, 1)),
            seconds + training.seconds,
            0.0,
            undefined=(None,),
            kept=_Columns(np.sqrt(squares) * spread, spread),
        )


@dataclass(frozen=True)
class _Columns:
    """What is known of the columns of a training part.

    Parameters
    ----------
    relevance : ndarray of shape (n_columns,)
        By how much the outputs change with each, in any unit.
    spread : ndarray of shape (n_columns,)
        Their standard deviations.
    """

    relevance: np.ndarray
    spread: np.ndarray

    def stretch(self, power):
        """What to multiply each column by: its relevance, to this power, times a number
        that keeps the variance of all columns together."""
        largest = self.relevance.max()
        if largest == 0 or not np.isfinite(largest):
            return np.ones_like(self.spread)
        stretch = np.maximum(self.relevance / largest, LEAST_SHARE) ** power
        before = np.sum(self.spread**2)
        after = np.sum((self.spread * stretch) ** 2)
        return stretch * np.sqrt(before / after)


def _weights(samples, rows):
    """The weights of some rows, on a scale on which sums are finite."""
    if samples.sample_weight is None:
        return np.ones(len(rows))
    weight = samples.sample_weight[rows]
    return weight / weight.max()


def _moments(samples, rows):
    """The mean and the standard deviation of each column over some rows, without a copy
    of these."""
    weight = _weights(samples, rows)
    n_columns = samples.X.shape[1]
    sums, squares = np.zeros(n_columns), np.zeros(n_columns)
    batches = list(gen_batches(len(rows), max(1, NUMBERS_AT_A_TIME // n_columns)))
    for some in batches:
        sums += weight[some] @ samples.X[rows[some]].astype(np.float64)
    mean = sums / weight.sum()
    for some in batches:
        squares += weight[some] @ np.square(samples.X[rows[some]] - mean)
    spread = np.sqrt(squares / weight.sum())
    # What rounding leaves of a constant column is no spread.
    return mean, np.where(spread > ROUNDING * np.abs(mean), spread, 0.0)
