"""One fold of a study: a network is trained once, and measured after each epoch."""

import copy
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from .._callbacks import epoch_callbacks
from ..engine import get_engine, one_blas_thread
from ..fitting import (
    Measure,
    Training,
    check_more_samples,
    check_samples,
    scale_samples,
)
from ..training import Samples, Streams, run_alone, run_together
from ..utils import take_rows, takes_weight
from ._pipelines import FollowedPipeline


@dataclass(frozen=True)
class Candidate:
    """A setting that is studied.

    Parameters
    ----------
    params : dict
        The setting.
    pipeline : Pipeline or None
        The pipeline around the network; None if the network is given the data as they
        are.
    network : BackpropClassifier or BackpropRegressor
        The network, of which trainings use copies.
    targets : ClassTargets, NumberTargets or None, default=None
        What the targets are; without other steps, all folds have the same.
    scales : bool or "targets", default=False
        Whether features and targets, or the targets alone, are standardised in each
        fold; those of the samples are then yet to be encoded.
    follows : callable, default=None
        Makes what follows a training, from what a `Follower` is made of, which is what
        None stands for.
    classes : ndarray of shape (n_classes,), default=None
        All classes, for which networks have outputs even in folds that are trained
        without some of them; None if there are none to know.
    """

    params: dict
    pipeline: Pipeline | None
    network: BaseEstimator
    targets: Any = None
    scales: bool | str = False
    classes: Any = None
    follows: Any = None

    @property
    def uses_rows(self):
        """Whether the rows of X are used in place."""
        return self.pipeline is None and self.network.solver != "lbfgs"

    def in_fold(self, number):
        """This candidate in the fold of that number."""
        return self

    def training(self, samples, train, test, scoring, engine, streams=None):
        """The training on a fold, and what it is measured on.

        Parameters
        ----------
        samples : Samples
            The data; with a pipeline, as given by the user.
        train, test : ndarray of int
            Row numbers.
        scoring : Scoring
            The metrics, which may request no weights.
        engine : Engine
            The engine that computes.
        streams : Streams, default=None
            The orders of trainings that are run side by side.

        Returns
        -------
        training : Training
            The training, not yet prepared.
        parts : list of Part
            The training and the test part.
        """
        network = copy.copy(self.network)
        for name in ("random_state", "validation_fraction"):  # may hold a RandomState
            setattr(network, name, copy.deepcopy(getattr(network, name)))
        common = {"is_alone": False, "engine": engine, "streams": streams}
        weighs_fit = takes_weight(network, "fit")
        weighs_score = scoring.takes_weight(network)
        targets, rows = self.targets, None
        if self.pipeline is not None:
            targets, own, parts = self._followed(network, samples, train, test)
        else:
            if self.scales:
                targets, samples = self._scaled(network, samples, train)
            parts = [samples.part(train), samples.part(test)]
            own, rows = samples, train
            if not self.uses_rows:
                parts = [part.as_copy() for part in parts]
                own, rows = parts[0].samples, None
        own = _weighted(own, weighs_fit)
        parts = [
            _weighted(part.samples, weighs_score).part(part.rows) for part in parts
        ]
        return Training(network, targets, own, rows=rows, **common), parts

    def n_bytes_of_copy(self, samples):
        """How much memory each training takes for features of its own, other than a
        pipeline's."""
        return 0

    def _scaled(self, network, samples, train):
        """The targets and the samples, scaled as the training part suggests."""
        features = self.scales is True
        return scale_samples(network, self.targets, samples, train, features)

    def _followed(self, network, samples, train, test):
        """The targets, the samples to train on and the parts to measure on that the
        pipeline gives to its network."""
        pipeline = FollowedPipeline(self.pipeline)
        train, test = _copies(samples, train), _copies(samples, test)
        targets, own = check_samples(
            network, *pipeline.fit(*train), classes=self.classes
        )
        targets = pipeline.targets(targets)
        # Some steps, such as TargetEncoder, transform the data that they are fitted on
        # differently. A fitted pipeline treats these like other data, and so do we.
        parts = []
        for data in (train, test):
            X, y, weight = pipeline.transform(*data)
            measured = check_more_samples(network, targets, X, y, weight, own.X.dtype)
            if targets.own_scorer is not None:  # scorers see targets as they were
                measured = replace(measured, given=(X, data[1]))
            parts.append(measured.part())
        return targets, own, parts


def _copies(samples, rows):
    """Copies of some rows of X, y, weights and other metadata, as given by the user."""
    X, y, *metadata = (take_rows(array, rows) for array in samples.given)
    weight = samples.sample_weight
    return X, y, None if weight is None else weight[rows], *metadata


def _weighted(samples, are_weights_taken):
    return samples if are_weights_taken else samples.weighted(None)


class Follower:
    """Measures a network on some rows after each epoch of its training.

    Networks are kept, up to `MAX_BYTES` of parameters and outputs, and measured
    several at a time: an epoch of a small one takes less time than a call from Python.

    Parameters
    ----------
    parts : list of Part
        The rows that it is measured on.
    scoring : Scoring
        What it is measured by.
    n_epochs : int
        The maximum number of epochs.
    test : ndarray of int
        The row numbers of the test part, not needed here.
    """

    MAX_BYTES = 2**21
    MAX_NETWORKS = 128
    may_lag_behind = True

    def __init__(self, parts, scoring, n_epochs, test):
        self._parts = parts
        self._scoring = scoring
        self._epochs = scoring.epochs(n_epochs)
        self._state = None
        self._measures = None
        self._thetas = None
        self._n_kept = 0
        self._curves = []
        self._undefined = {}
        self.seconds = 0.0

    @property
    def curves(self):
        """What was measured, of shape (n_epochs, n_parts, 1 + n_metrics): losses and
        scores."""
        return np.concatenate(self._curves)

    @property
    def undefined(self):
        """For each metric why some scores are undefined, or None."""
        return tuple(map(self._undefined.get, range(len(self._scoring.scorers))))

    def begin_fit(self, training):
        self._state = state = training.state
        undefined = self._undefined

        def note(number, error):  # only refers to the dict, to keep nothing else alive
            undefined.setdefault(number, describe(error))

        scorers, agreed = self._scoring.scorers, self._scoring.agreed
        self._measures = [
            Measure(training, part, scorers, note, self._epochs, agreed)
            for part in self._parts
        ]
        n_samples = max(map(len, self._parts))
        n_bytes = state.theta.nbytes + n_samples * (
            state.network.n_outputs * state.theta.itemsize + 16
        )
        n_networks = max(1, min(self.MAX_NETWORKS, self.MAX_BYTES // n_bytes))
        self._thetas = np.empty((n_networks, state.theta.size), state.theta.dtype)

    def begin_epochs(self):
        """Do nothing."""

    def end_epochs(self, thetas):
        stopping = self._state.stopping
        if stopping is not None and stopping.best_theta is not None:
            # What early stopping would keep. It sees one epoch at a time.
            thetas = stopping.best_theta[np.newaxis]
        while len(thetas) > 0:
            if self._n_kept == len(self._thetas):
                self._measure()
            n = min(len(thetas), len(self._thetas) - self._n_kept)
            self._thetas[self._n_kept : self._n_kept + n] = thetas[:n]
            self._n_kept += n
            thetas = thetas[n:]
        return False

    def end_fit(self, theta):
        if self._n_kept == 0 and not self._curves:  # lbfgs began at the minimum
            self.end_epochs(theta[np.newaxis])
        self._measure(at_end=True)

    def result(self, training, seconds):
        """What was measured.

        Parameters
        ----------
        training : Training
            The training, which has been run.
        seconds : float
            How long it took to prepare it.

        Returns
        -------
        curve : FoldCurve
            The curves.
        """
        curves = self.curves
        return FoldCurve(
            curves[..., 0],
            curves[..., 1:],
            seconds + training.seconds,
            self.seconds,
            undefined=self.undefined,
        )

    def _measure(self, at_end=False):
        start = perf_counter()
        thetas = self._thetas[: self._n_kept]
        with one_blas_thread.held():
            measured = [
                np.vstack(measure(thetas, at_end)) for measure in self._measures
            ]
        self._curves.append(np.transpose(measured, (2, 0, 1)))
        self._n_kept = 0
        self.seconds += perf_counter() - start


class Followers:
    """Several followers of one training."""

    def __init__(self, *followers):
        self._followers = [each for each in followers if each is not None]
        self.may_lag_behind = all(each.may_lag_behind for each in self._followers)

    def begin_fit(self, training):
        for follower in self._followers:
            follower.begin_fit(training)

    def begin_epochs(self):
        for follower in self._followers:
            follower.begin_epochs()

    def end_epochs(self, thetas):
        stops = [follower.end_epochs(thetas) for follower in self._followers]
        return any(stops)  # all of them are told

    def end_fit(self, theta):
        for follower in self._followers:
            follower.end_fit(theta)


def describe(error):
    """An error on one line."""
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class FoldCurve:
    """What one training run measured.

    Parameters
    ----------
    losses : ndarray of shape (n_epochs, 2)
        After each epoch, on the training part and on the test part.
    scores : ndarray of shape (n_epochs, 2, n_metrics)
        The same by each metric; NaN where it was not measured, or is undefined.
    fit_time, score_time : float
        How many seconds training and measuring took.
    error : str or None, default=None
        Why the training failed; there is then a single epoch of NaN.
    undefined : tuple of (str or None), default=()
        For each metric why some scores are undefined.
    kept : object, default=None
        What else the follower has kept.
    """

    losses: np.ndarray
    scores: np.ndarray
    fit_time: float
    score_time: float
    error: str | None = None
    undefined: tuple = ()
    kept: Any = None

    @classmethod
    def failed(cls, error, n_metrics):
        """The curve of a training that ended with this error."""
        nothing = np.full((1, 2, 1 + n_metrics), np.nan)
        return cls(
            nothing[..., 0],
            nothing[..., 1:],
            np.nan,
            np.nan,
            describe(error),
            (None,) * n_metrics,
        )

    def padded(self, n_epochs):
        """The curves as if training had gone on: what has converged stays as it is."""
        missing = n_epochs - len(self.losses)
        return (
            np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
            for part in (self.losses, self.scores)
        )


def train_fold(candidate, train, test, scoring, n_epochs, engine, task, *arrays):
    """Train a network on some rows, and follow it on these and on others.

    Parameters
    ----------
    candidate : Candidate
        What is trained.
    train, test : ndarray of int
        Row numbers.
    scoring : Scoring
        What it is measured by.
    n_epochs : int
        The maximum number of epochs.
    engine : {"auto", "compiled", "reference"}
        The engine that computes, as set in the process of the study.
    task : Task or None
        What callbacks are notified of.
    *arrays : arrays
        The fields of `Samples`, one by one, so that a cluster is sent each only once.

    Returns
    -------
    curve : FoldCurve
        What was measured.
    """
    steps = fold_steps(
        candidate, train, test, scoring, n_epochs, get_engine(engine), task, arrays
    )
    return run_alone(steps)


def train_folds(members, scoring, engine, *arrays):
    """Train networks side by side, in calls of the engine for all of them.

    Parameters
    ----------
    members : list of tuple
        Of each, the candidate, the row numbers to train on and to test on, and the
        maximum number of epochs.
    scoring, engine, *arrays
        As `train_fold` takes them.

    Returns
    -------
    curves : list of FoldCurve
        What `train_fold` returns for each.
    """
    engine, streams = get_engine(engine), Streams()
    common = {"task": None, "arrays": arrays, "streams": streams}
    trainings = [
        fold_steps(candidate, train, test, scoring, n_epochs, engine, **common)
        for candidate, train, test, n_epochs in members
    ]
    return run_together(trainings, engine)


def fold_steps(
    candidate, train, test, scoring, n_epochs, engine, task, arrays, streams=None
):
    """What `train_fold` does, as a generator for `run_together`."""
    start = perf_counter()
    X, y, sample_weight, *given = arrays
    samples = Samples(X, y, sample_weight, tuple(given))
    try:
        training, parts = candidate.training(
            samples, train, test, scoring, engine, streams
        )
        follow = candidate.follows or Follower
        follower = follow(parts, scoring, n_epochs, test)
        part = parts[0]
        with epoch_callbacks(
            training.estimator,
            task,
            n_epochs,
            lambda: part.given_X,
            lambda: part.given_y,
            part.sample_weight,
        ) as callbacks:
            followers = Followers(follower, callbacks)
            training.prepare()
            seconds = perf_counter() - start
            yield from training.steps(n_epochs, followers)
            followers.end_fit(training.state.theta)
        return follower.result(training, seconds)
    except Exception as error:  # in a pipeline's steps, too: other folds go on
        return FoldCurve.failed(error, len(scoring.scorers))
