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

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The one that is trained.
    sets : list of tuple
        X, y, weights, and the numbers of rows, None for all.
    scorer : callable or None
        None is the estimator's own score.
    """

    def __init__(self, estimator, sets, scorer):
        self._estimator = estimator
        self._sets = sets
        self._scorer = scorer
        self._state = None
        self._measures = None
        self.rows = []

    def begin_fit(self, state):
        self._state = state
        self._measures = [
            measure_by(self._scorer, self._estimator, state, evaluation)
            for evaluation in map(self._estimator._evaluation_set, *zip(*self._sets))
        ]

    def begin_epoch(self):
        """Nothing is to be done."""

    def end_epoch(self, theta):
        stopping = self._state.stopping
        if stopping is not None and stopping.best_theta is not None:
            theta = stopping.best_theta  # what early stopping would keep
        self.rows.append([measure(theta) for measure in self._measures])
        return False

    def end_fit(self, theta):
        """Nothing is to be done."""


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
    measured = np.array(follower.rows)  # (n_epochs, sets, loss and score)
    return FoldCurve(measured[..., 0], measured[..., 1], perf_counter() - start)
