"""From the outputs of networks in training to losses and scores, for many epochs at
once."""

from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from ..utils import is_name
from ._metrics import Outputs, Truth, bulk_metric, is_in_bulk
from ._objective import scaled_weights
from ._seen import SeenNetwork, check_weights_of_scorer

R2_IS_UNDEFINED = (
    "The coefficient of determination is undefined for fewer than two samples. Use"
    " scoring='loss', or larger parts."
)
#: How closely what is computed in bulk agrees with scikit-learn in cases of which it
#: warns: in float32, its own sums are no more precise.
TOLERANCE = 1e-4


class Measure:
    """Measures networks on some rows: a function from their parameters, a row for each,
    to losses and scores.

    Losses exclude the penalty, and are infinite rather than NaN. Scores are computed
    for all networks at once, except those of scorers about which nothing is known.

    Parameters
    ----------
    training : Training
        The training that the networks belong to, in the order of its epochs.
    part : Part
        The rows.
    scorers : sequence of callable, "loss" or None
        Scorers as in scikit-learn; "loss" is the negated loss, and None the
        estimator's own score.
    on_undefined : callable, default=None
        Called with the number of the scorer and the error where it fails or returns
        NaN; the score is then NaN. None raises the error.
    epochs : array-like of int, default=None
        The epochs after which scorers are called that have to be; other scores are then
        NaN. None stands for all.
    agreed : set of int, default=None
        The numbers of the scorers that were seen to agree with what is computed where
        they warn, so that they need not warn again; others are added. None is empty.
    """

    def __init__(
        self,
        training,
        part,
        scorers,
        on_undefined=None,
        epochs=None,
        agreed=None,
    ):
        self._engine = training.engine
        self._network = training.state.network
        self._part = part
        self._weight = scaled_weights(part.sample_weight)
        self._epochs = epochs
        self._agreed = set() if agreed is None else agreed
        self._n_measured = 0
        self._truth = None
        scorers = [_scorer_for(training.targets, scorer) for scorer in scorers]
        if any(callable(scorer) and is_in_bulk(scorer) for scorer in scorers):
            self._truth = Truth(training.targets, self._network.loss, part)
        self._with_winners = is_classifier(training.estimator) and not all(
            is_name(scorer, "loss") for scorer in scorers
        )
        self._scores = [
            self._score(training, number, scorer, on_undefined)
            for number, scorer in enumerate(scorers)
        ]

    def __call__(self, thetas, at_end=False):
        """Measure networks.

        Parameters
        ----------
        thetas : ndarray of shape (n_networks, n_parameters)
            Their parameters.
        at_end : bool, default=False
            Whether the last of them is that of the last epoch, after which all scorers
            are called.

        Returns
        -------
        losses : ndarray of shape (n_networks,)
            The losses.
        scores : ndarray of shape (n_scorers, n_networks)
            The scores.
        """
        part, network = self._part, self._network
        samples = part.samples
        evaluation = self._engine.evaluate(
            network, thetas, samples.X, samples.y, part.rows, self._with_winners
        )
        if self._weight is not None:  # 0 times infinity would count
            evaluation.losses[:, self._weight == 0] = 0
        losses = np.average(evaluation.losses, axis=1, weights=self._weight)
        losses = network.loss.shown(losses, network.n_outputs)
        losses[~np.isfinite(losses)] = np.inf
        epochs = self._n_measured + 1 + np.arange(len(thetas))
        self._n_measured += len(thetas)
        are_due = np.ones(len(thetas), dtype=bool)
        if self._epochs is not None:
            are_due = np.isin(epochs, self._epochs)
            are_due[-1] |= at_end
        outputs = None if self._truth is None else Outputs(self._truth, evaluation)
        measured = Measured(thetas, epochs, are_due, evaluation, losses, outputs)
        return losses, np.array([score(measured) for score in self._scores])

    def _score(self, training, number, scorer, on_undefined):
        """A function from what was measured to scores."""
        on_undefined = on_undefined and partial(on_undefined, number)
        part, loss = self._part, self._network.loss
        if is_name(scorer, "loss"):
            return lambda measured: -measured.losses
        if scorer is None:
            own = _accuracies
            if not is_classifier(training.estimator):
                own = partial(_r2_scores, loss)
                if on_undefined is not None and part.n_counting < 2:
                    on_undefined(ValueError(R2_IS_UNDEFINED))
                    own = _no_scores
            own, weight = partial(own, training.targets), self._weight
            return lambda measured: own(measured.evaluation, part.y, weight)
        check_weights_of_scorer(scorer, part.sample_weight)
        make_called = partial(CalledScore, training, part, scorer, on_undefined)
        if self._truth is not None:
            metric = bulk_metric(scorer, self._truth, training.estimator)
            if metric is not None:
                return BulkScore(metric, make_called, self._agreed, number)
        return make_called()


class Measured(NamedTuple):
    """What is known of several networks that are to have scores.

    Parameters
    ----------
    thetas : ndarray of shape (n_networks, n_parameters)
        Their parameters.
    epochs : ndarray of int of shape (n_networks,)
        After which epoch each is, counted from 1.
    are_due : ndarray of bool of shape (n_networks,)
        Whether scorers that have to be called are.
    evaluation : Evaluation
        What an engine has computed.
    losses : ndarray of shape (n_networks,)
        The losses.
    outputs : Outputs or None
        What metrics in bulk are computed from, if there are any.
    """

    thetas: np.ndarray
    epochs: np.ndarray
    are_due: np.ndarray
    evaluation: Any
    losses: np.ndarray
    outputs: Any


class CalledScore:
    """A scorer that is called for each network.

    Parameters
    ----------
    training : Training
        The training that the networks belong to.
    part : Part
        The rows.
    scorer : callable
        The scorer.
    on_undefined : callable or None
        Called with the error where it fails or returns NaN; None raises the error.
    """

    def __init__(self, training, part, scorer, on_undefined):
        self._part, self._on_undefined = part, on_undefined
        self._seen = SeenNetwork(training, scorer)

    def __call__(self, measured):
        scores = np.full(len(measured.thetas), np.nan)
        for index in np.flatnonzero(measured.are_due):
            scores[index] = self.of_network(measured, index)
        return scores

    def of_network(self, measured, index):
        """The score of one of the networks."""
        self._seen.move_to(measured.thetas[index], int(measured.epochs[index]))
        try:
            return self._seen.score(self._part, measured.evaluation.raw[index])
        except Exception as error:
            if self._on_undefined is None:
                raise
            self._on_undefined(error)
            return np.nan


class BulkScore:
    """A scorer whose scores are computed for all networks at once.

    Where it may warn or fail it is called, to do so in its own words, until its score
    is seen to be the same as what was computed.

    Parameters
    ----------
    metric : callable
        From Outputs to scores, and whether to doubt each.
    make_called : callable
        Makes the `CalledScore` of the scorer, which takes time and may not be needed.
    agreed : set of int
        The numbers of the scorers that are known to agree where they only warn.
    number : int
        That of this one.
    """

    def __init__(self, metric, make_called, agreed, number):
        self._metric, self._make_called = metric, make_called
        self._agreed, self._number = agreed, number
        self._agrees_on_nan = False

    @cached_property
    def _called(self):
        return self._make_called()

    def __call__(self, measured):
        scores, are_doubtful = self._metric(measured.outputs)
        for index in np.flatnonzero(are_doubtful):
            scores[index] = self._settled(measured, index, scores[index])
        return scores

    def _settled(self, measured, index, score):
        if self._agrees_on_nan if np.isnan(score) else self._number in self._agreed:
            return score
        told = self._called.of_network(measured, index)
        if np.isnan(score):
            self._agrees_on_nan = np.isnan(told)
        elif np.isclose(told, score, TOLERANCE, TOLERANCE):
            self._agreed.add(self._number)
            return score  # with the same bits, whoever asks first
        return told


def _scorer_for(targets, scorer):
    """The scorer, or that which stands for the estimator's own score."""
    if scorer is None and targets.own_scorer is not None:
        from sklearn.metrics import get_scorer  # late, as it takes long

        return get_scorer(targets.own_scorer)
    return scorer


def _accuracies(targets, outputs, y, sample_weight):
    """The accuracy of each network; in multilabel problems, of all labels together."""
    is_right = targets.are_right(outputs, y)
    return np.average(is_right, axis=-1, weights=sample_weight)


def _r2_scores(loss, targets, outputs, y, sample_weight):
    """The coefficient of determination of each network, averaged over the targets."""
    y = targets.decode(y.astype(np.float64))
    mean = np.average(y, axis=0, weights=sample_weight)
    of_mean = np.average(np.square(y - mean), axis=0, weights=sample_weight)
    with np.errstate(all="ignore"):  # an outlying network may overflow
        error = np.square(y - targets.in_units(loss.prediction(outputs.raw)))
        if sample_weight is not None:
            error[..., sample_weight == 0, :] = 0  # which may be infinite
        error = np.average(error, axis=-2, weights=sample_weight)
        scores = 1 - error / of_mean
    # Constant targets leave nothing to explain: as in r2_score.
    scores = np.where(of_mean > 0, scores, (error == 0).astype(float))
    scores[np.isnan(scores)] = -np.inf
    return scores.mean(axis=-1)


def _no_scores(targets, outputs, y, sample_weight):
    return np.full(len(outputs.losses), np.nan)


def score_of_targets(training, part, scorer):
    """What a scorer returns, or raises, if the network predicts the targets."""
    network = training.state.network
    scorer = _scorer_for(training.targets, scorer)
    seen = SeenNetwork(training, scorer, has_known_outputs=True)
    return seen.score(part, network.loss.raw_outputs_near(part.y, network.n_outputs))
