"""One fold of a study: a network is trained once, and measured after each epoch."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from .._base import BaseBackprop
from .._evaluation import measure_by
from ..engine import one_blas_thread


@dataclass(frozen=True)
class Data:
    """What all folds share: samples, targets, and weights or None."""

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None

    def of(self, rows):
        """Copies of these rows."""
        weight = self.sample_weight
        X = _safe_indexing(self.X, rows)
        return X, self.y[rows], None if weight is None else weight[rows]


@dataclass(frozen=True)
class FoldCurve:
    """What one training run measured.

    Parameters
    ----------
    losses, scores : ndarray of shape (n_epochs, 2)
        After each epoch, on the training part and on the test part.
    seconds : float
        How long training and measuring took.
    """

    losses: np.ndarray
    scores: np.ndarray
    seconds: float

    def padded(self, n_epochs):
        """As if it had gone on: what has converged stays as it is."""
        missing = n_epochs - len(self.losses)
        width = (0, missing), (0, 0)
        return (np.pad(part, width, mode="edge") for part in (self.losses, self.scores))


class Follower:
    """Measures a network on some sets after each epoch of its training.

    Networks are kept, up to `MAX_BYTES` of parameters and outputs, and measured
    several at a time: of a small one, an epoch is done sooner than a call from Python.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The one that is trained.
    sets : list of tuple
        X, y, weights, and the numbers of rows, None for all.
    scorer : callable or None
        None is the estimator's own score.
    """

    MAX_BYTES = 2**20
    MAX_NETWORKS = 64

    def __init__(self, estimator, sets, scorer):
        self._estimator = estimator
        self._sets = sets
        self._scorer = scorer
        self._state = None
        self._measures = None
        self._thetas = None
        self._n_kept = 0
        self._rows = []
        self.seconds = 0.0

    @property
    def curves(self):
        """What was measured, of shape (n_epochs, sets, loss and score)."""
        return np.concatenate(self._rows)

    def begin_fit(self, state):
        self._state = state
        sets = [self._estimator._evaluation_set(*given) for given in self._sets]
        self._measures = [
            measure_by(self._scorer, self._estimator, state, evaluation)
            for evaluation in sets
        ]
        n_samples = max(len(evaluation.y_of_rows) for evaluation in sets)
        n_bytes = (
            state.theta.nbytes
            + n_samples * (1 + state.network.n_outputs) * state.theta.itemsize
        )
        n_networks = max(1, min(self.MAX_NETWORKS, self.MAX_BYTES // n_bytes))
        self._thetas = np.empty((n_networks, state.theta.size), state.theta.dtype)

    def begin_epoch(self):
        """Nothing is to be done."""

    def end_epoch(self, theta):
        stopping = self._state.stopping
        if stopping is not None and stopping.best_theta is not None:
            theta = stopping.best_theta  # what early stopping would keep
        self._thetas[self._n_kept] = theta
        self._n_kept += 1
        if self._n_kept == len(self._thetas):
            self._measure()
        return False

    def end_fit(self, theta):
        if self._n_kept > 0:
            self._measure()

    def _measure(self):
        start = perf_counter()
        thetas = self._thetas[: self._n_kept]
        with one_blas_thread:
            measured = [np.transpose(measure(thetas)) for measure in self._measures]
        self._rows.append(np.stack(measured, axis=1))
        self._n_kept = 0
        self.seconds += perf_counter() - start


def split_off(estimator):
    """The steps before the network, or None, and the network.

    Raises
    ------
    TypeError
        If there is no network of this package at the end.
    """
    preprocessing, network = None, estimator
    if isinstance(estimator, Pipeline):
        preprocessing, network = estimator[:-1], estimator[-1]
        if len(preprocessing.steps) == 0:
            preprocessing = None
    if not isinstance(network, BaseBackprop):
        raise TypeError(
            "estimator must be a BackpropClassifier, a BackpropRegressor, or a Pipeline"
            f" that ends in one, got {estimator!r}."
        )
    return preprocessing, network


def preprocessed(preprocessing, data, train, test):
    """Copies of some rows and of others, with weights, as they come from the steps
    before the network, which are fitted on the first."""
    (X, y, weight), (X_test, y_test, test_weight) = data.of(train), data.of(test)
    if preprocessing is not None:
        X = preprocessing.fit_transform(X, y)
        X_test = preprocessing.transform(X_test)
    return (X, y, weight), (X_test, y_test, test_weight)


def train_fold(estimator, data, train, test, scorer):
    """Train a clone on some rows, and follow it on these and on others.

    Parameters
    ----------
    estimator : estimator or Pipeline
        What is trained.
    data : Data
        All samples.
    train, test : ndarray of int
        Row numbers.
    scorer : callable or None
        None is the estimator's own score.

    Returns
    -------
    curve : FoldCurve
        What was measured.
    """
    start = perf_counter()
    preprocessing, network = split_off(clone(estimator))
    if preprocessing is None and network.solver != "lbfgs":
        # The rows of X are used where they are.
        fitted_on = data.X, data.y, data.sample_weight
        sets = [(*fitted_on, train), (*fitted_on, test)]
        rows = train
    else:
        fitted_on, tested_on = preprocessed(preprocessing, data, train, test)
        rows, sets = None, [(*fitted_on, None), (*tested_on, None)]
    follower = Follower(network, sets, scorer)
    network._fit(
        *fitted_on,
        (None, None, None),
        callbacks=follower,
        n_epochs=network.max_iter,
        rows=rows,
        warns=False,
    )
    curves = follower.curves
    return FoldCurve(curves[..., 0], curves[..., 1], perf_counter() - start)
