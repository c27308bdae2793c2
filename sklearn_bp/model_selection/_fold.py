"""One fold of a study: a network is trained once, and measured after each epoch."""

import copy
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from .._base import BaseBackprop
from .._data import CheckedData
from .._evaluation import measure_by
from ..engine import one_blas_thread


class Samples(NamedTuple):
    """What all folds share: X and y as scorers and a pipeline's steps see them, both as
    the engines take them, and weights. Of a pipeline, whose folds have data of their
    own, there are none for the engines."""

    X: Any
    y: Any
    numbers: Any
    encoded: np.ndarray | None
    sample_weight: np.ndarray | None

    @property
    def checked(self):
        """As what a network trains on."""
        given = self.X, self.y
        return CheckedData(self.numbers, self.encoded, self.sample_weight, given)

    def of(self, rows):
        """Copies of some rows of X, y and weights."""
        X, y = _safe_indexing(self.X, rows), _safe_indexing(self.y, rows)
        weight = self.sample_weight
        return X, y, None if weight is None else weight[rows]


@dataclass(frozen=True)
class Candidate:
    """A setting that is studied.

    Parameters
    ----------
    params : dict
        The setting.
    preprocessing : Pipeline or None
        The steps before the network.
    network : BackpropClassifier or BackpropRegressor
        What is trained, as copies. Without other steps, it has learned its targets.
    """

    params: dict
    preprocessing: Pipeline | None
    network: BaseBackprop

    @property
    def uses_rows(self):
        """Whether the rows of X are used where they are."""
        return self.preprocessing is None and self.network.solver != "lbfgs"

    def prepare(self, samples, train, test):
        """A network of one's own, what it is trained on, and what it is measured on.

        Returns
        -------
        network : BackpropClassifier or BackpropRegressor
            Not trained.
        data : CheckedData
            The data.
        rows : ndarray of int or None
            The rows of these to train on, None for all.
        sets : list of EvaluationSet
            The training and the test part.
        """
        network = copy.copy(self.network)
        network.random_state = copy.deepcopy(network.random_state)
        if self.uses_rows:
            data = samples.checked
            return network, data, train, [data.part(train), data.part(test)]
        parts = samples.of(train), samples.of(test)
        if self.preprocessing is None:
            data = network._check_data(*parts[0])
            tested = network._check_more_data(*parts[1], data.X.dtype)
            return network, data, None, [data.part(), tested.part()]
        preprocessing = copy.deepcopy(self.preprocessing)
        X, y, weight = parts[0]
        data = network._check_data(preprocessing.fit_transform(X, y), y, weight)
        # Some steps, such as TargetEncoder, make something else of what they are fitted
        # on. A fitted pipeline transforms it like other data, and that is measured.
        sets = [
            network._check_more_data(
                preprocessing.transform(X), y, weight, data.X.dtype
            ).part()
            for X, y, weight in parts
        ]
        return network, data, None, sets


class Follower:
    """Measures a network on some sets after each epoch of its training.

    Networks are kept, up to `MAX_BYTES` of parameters and outputs, and measured
    several at a time: of a small one, an epoch is done sooner than a call from Python.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The one that is trained.
    sets : list of EvaluationSet
        What it is measured on.
    scorer : callable, "loss" or None
        None is the estimator's own score, "loss" the negated loss.
    """

    MAX_BYTES = 2**21
    MAX_NETWORKS = 128
    may_lag_behind = True

    def __init__(self, estimator, sets, scorer):
        self._estimator = estimator
        self._sets = sets
        self._scorer = scorer
        self._state = None
        self._measures = None
        self._thetas = None
        self._n_kept = 0
        self._curves = []
        self._undefined = []
        self.seconds = 0.0

    @property
    def curves(self):
        """What was measured, of shape (n_epochs, sets, loss and score)."""
        return np.concatenate(self._curves)

    @property
    def undefined(self):
        """Why some scores are not defined, or None."""
        return self._undefined[0] if self._undefined else None

    def begin_fit(self, state):
        self._state = state
        undefined = self._undefined

        def note(error):  # knows no more than the list, so that nobody is kept alive
            undefined.append(describe(error))

        self._measures = [
            measure_on(self._estimator, state, evaluation, self._scorer, note)
            for evaluation in self._sets
        ]
        n_samples = max(len(evaluation.y_of_rows) for evaluation in self._sets)
        n_bytes = state.theta.nbytes + n_samples * (
            state.network.n_outputs * state.theta.itemsize + 16
        )
        n_networks = max(1, min(self.MAX_NETWORKS, self.MAX_BYTES // n_bytes))
        self._thetas = np.empty((n_networks, state.theta.size), state.theta.dtype)

    def begin_epochs(self):
        """Nothing is to be done."""

    def end_epochs(self, thetas):
        stopping = self._state.stopping
        if stopping is not None and stopping.best_theta is not None:
            # What early stopping would keep. It sees one epoch at a time.
            thetas = stopping.best_theta[np.newaxis]
        while len(thetas) > 0:
            n = min(len(thetas), len(self._thetas) - self._n_kept)
            self._thetas[self._n_kept : self._n_kept + n] = thetas[:n]
            self._n_kept += n
            if self._n_kept == len(self._thetas):
                self._measure()
            thetas = thetas[n:]
        return False

    def end_fit(self, theta):
        if self._n_kept == 0 and not self._curves:  # lbfgs began at the minimum
            self.end_epochs(theta[np.newaxis])
        if self._n_kept > 0:
            self._measure()

    def _measure(self):
        start = perf_counter()
        thetas = self._thetas[: self._n_kept]
        with one_blas_thread:
            measured = [measure(thetas) for measure in self._measures]
        self._curves.append(np.transpose(measured, (2, 0, 1)))
        self._n_kept = 0
        self.seconds += perf_counter() - start


def describe(error):
    """An error in a line."""
    return f"{type(error).__name__}: {error}"


def measure_on(estimator, state, evaluation, scorer, on_undefined):
    """A function from parameters, a row for each network, to losses and scores. Where
    a score is not defined, `on_undefined` is called with the error."""
    if scorer != "loss":
        return measure_by(
            scorer, estimator, state, evaluation, on_undefined=on_undefined
        )
    measure = measure_by(None, estimator, state, evaluation, with_score=False)

    def negate(thetas):
        losses, _ = measure(thetas)
        return losses, -losses

    return negate


@dataclass(frozen=True)
class FoldCurve:
    """What one training run measured.

    Parameters
    ----------
    losses, scores : ndarray of shape (n_epochs, 2)
        After each epoch, on the training part and on the test part.
    fit_time, score_time : float
        How many seconds training and measuring took.
    error : str or None, default=None
        Why the training failed; then there is one epoch, of NaN.
    undefined : str or None, default=None
        Why some scores are not defined, and NaN.
    """

    losses: np.ndarray
    scores: np.ndarray
    fit_time: float
    score_time: float
    error: str | None = None
    undefined: str | None = None

    @classmethod
    def failed(cls, error):
        """That of a training which ended with this error."""
        nothing = np.full((1, 2), np.nan)
        return cls(nothing, nothing, np.nan, np.nan, describe(error))

    def padded(self, n_epochs):
        """As if it had gone on: what has converged stays as it is."""
        missing = n_epochs - len(self.losses)
        return (
            np.vstack([part, np.repeat(part[-1:], missing, axis=0)])
            for part in (self.losses, self.scores)
        )


def train_fold(candidate, train, test, scorer, n_epochs, *samples):
    """Train a network on some rows, and follow it on these and on others.

    Parameters
    ----------
    candidate : Candidate
        What is trained.
    train, test : ndarray of int
        Row numbers.
    scorer : callable, "loss" or None
        None is the estimator's own score, "loss" the negated loss.
    n_epochs : int
        After how many epochs training ends at the latest.
    *samples : arrays
        Those of `Samples`, one by one: so a cluster is sent each of them once.

    Returns
    -------
    curve : FoldCurve
        What was measured.
    """
    start = perf_counter()
    try:
        network, data, rows, sets = candidate.prepare(Samples(*samples), train, test)
        follower = Follower(network, sets, scorer)
        network._fit_checked(
            data, callbacks=follower, n_epochs=n_epochs, rows=rows, is_alone=False
        )
        curves = follower.curves
    except Exception as error:  # of a pipeline's steps, too: other folds go on
        return FoldCurve.failed(error)
    seconds = perf_counter() - start
    return FoldCurve(
        curves[..., 0],
        curves[..., 1],
        seconds - follower.seconds,
        follower.seconds,
        undefined=follower.undefined,
    )
