"""From the outputs of networks in training to losses and scores, for many epochs at
once."""

import inspect
from dataclasses import replace
from functools import partial

import numpy as np
from sklearn.base import is_classifier

from ..utils import is_name, metric_of, scorer_of_classes
from ._fitted import KnownOutputs
from ._objective import scaled_weights
from ._shown import shown_copy

R2_IS_UNDEFINED = (
    "The coefficient of determination is undefined for fewer than two samples. Use"
    " scoring='loss', or larger parts."
)


class Measure:
    """Measures networks on some rows: a function from their parameters, a row for each,
    to losses and scores.

    Losses exclude the penalty, and are infinite rather than NaN.

    Parameters
    ----------
    training : Training
        The training that the networks belong to.
    part : Part
        The rows.
    scorer : callable, "loss" or None
        A scorer as in scikit-learn; "loss" is the negated loss, and None the
        estimator's own score.
    on_undefined : callable, default=None
        Called with the error where the scorer fails or returns NaN; the score is then
        NaN. None raises the error.
    """

    def __init__(self, training, part, scorer, on_undefined=None):
        scorer = _scorer_for(training.targets, scorer)
        self._engine = training.engine
        self._network = training.state.network
        self._part = part
        self._weight = scaled_weights(part.sample_weight)
        self._scorer = scorer
        self._is_loss = is_name(scorer, "loss")
        self._on_undefined = on_undefined
        self._own_scores, self._with_winners, self._seen = None, False, None
        if scorer is None and is_classifier(training.estimator):
            self._own_scores = partial(_accuracies, training.targets)
            self._with_winners = True
        elif scorer is None:
            self._own_scores = partial(_r2_scores, self._network.loss, training.targets)
            if on_undefined is not None and part.n_counting < 2:
                on_undefined(ValueError(R2_IS_UNDEFINED))
                self._own_scores = _no_scores
        elif not self._is_loss:
            _check_weights_of_scorer(scorer, part.sample_weight)
            self._seen = SeenNetwork(training, scorer)

    def __call__(self, thetas):
        part, network, weight = self._part, self._network, self._weight
        samples = part.samples
        outputs = self._engine.evaluate(
            network, thetas, samples.X, samples.y, part.rows, self._with_winners
        )
        losses = np.average(outputs.losses, axis=1, weights=weight)
        losses = network.loss.shown(losses, network.n_outputs)
        losses[~np.isfinite(losses)] = np.inf
        if self._is_loss:
            return losses, -losses
        if self._scorer is None:
            return losses, self._own_scores(outputs, part.y, weight)
        return losses, np.array(list(map(self._score, thetas, outputs.raw)))

    def _score(self, theta, raw):
        self._seen.move_to(theta)
        try:
            return self._seen.score(self._part, raw)
        except Exception as error:
            if self._on_undefined is None:
                raise
            self._on_undefined(error)
            return np.nan


def score_of_targets(training, part, scorer):
    """What a scorer returns, or raises, if the network predicts the targets."""
    network = training.state.network
    scorer = _scorer_for(training.targets, scorer)
    seen = SeenNetwork(training, scorer, has_known_outputs=True)
    return seen.score(part, network.loss.raw_outputs_near(part.y, network.n_outputs))


def _scorer_for(targets, scorer):
    """The scorer, or that which stands for the estimator's own score."""
    if scorer is None and targets.own_scorer is not None:
        from sklearn.metrics import get_scorer  # late, as it takes long

        return get_scorer(targets.own_scorer)
    return scorer


class SeenNetwork:
    """A network in training as a scorer sees it: a fitted estimator, but not the
    one that is being fitted.

    Parameters
    ----------
    training : Training
        The training that the network belongs to.
    scorer : callable
        The scorer.
    has_known_outputs : bool, default=False
        Whether it predicts from the outputs that `score` is given, and not from X.
    """

    def __init__(self, training, scorer, has_known_outputs=False):
        self._scorer = self._informed = scorer
        if training.targets.labels is not None:
            self._informed = scorer_of_classes(scorer, training.targets.labels)
        self._theta = training.state.theta.copy()
        self._raw = [None]
        # scikit-learn's scorers only look at predictions, so no row of X is copied for
        # them.
        self._looks_at_X = metric_of(scorer) is None
        outcome = training.outcome_so_far(self._theta, n_iter=0)
        if has_known_outputs or not self._looks_at_X:
            fitted = outcome.fitted
            known = KnownOutputs(
                fitted.network, fitted.theta, fitted.targets, raw=self._raw
            )
            outcome = replace(outcome, fitted=known)
        self._estimator = shown_copy(training.estimator, outcome)

    def move_to(self, theta):
        """Move on by one epoch, to these parameters."""
        self._estimator.n_iter_ += 1
        self._theta[:] = theta

    def score(self, part, raw):
        """The score on these rows, whose raw outputs are known."""
        self._raw[0] = raw
        X = part.given_X if self._looks_at_X else None
        weight = part.sample_weight
        weights = {} if weight is None else {"sample_weight": weight}
        try:
            score = self._informed(self._estimator, X, part.given_y, **weights)
        except AttributeError as error:
            if self._looks_at_X:  # a user's own function
                raise
            raise ValueError(
                f"scoring={self._scorer!r} is for other estimators: {error}"
            ) from error
        try:
            score = float(score)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"scoring={self._scorer!r} must return one number, got {score!r}."
            ) from error
        if np.isnan(score):
            raise ValueError(
                f"scoring={self._scorer!r} returned NaN, so this epoch cannot be"
                " compared with others. Use data that it is defined for, such as data"
                " with all classes."
            )
        return score


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
        error = np.average(error, axis=-2, weights=sample_weight)
        scores = 1 - error / of_mean
    # Constant targets leave nothing to explain: as in r2_score.
    scores = np.where(of_mean > 0, scores, (error == 0).astype(float))
    scores[np.isnan(scores)] = -np.inf
    return scores.mean(axis=-1)


def _no_scores(outputs, y, sample_weight):
    return np.full(len(outputs.losses), np.nan)


def _check_weights_of_scorer(scorer, sample_weight):
    """Raise a ValueError if there are weights that the scorer does not accept."""
    if sample_weight is None:
        return
    try:
        parameters = inspect.signature(metric_of(scorer) or scorer).parameters
    except Exception:  # compiled functions need not have a signature
        return
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if not takes_all and "sample_weight" not in parameters:
        raise ValueError(
            f"The samples have weights, their own or from class_weight, but"
            f" scoring={scorer!r} does not accept sample weights. Give it a parameter"
            " sample_weight, or use scoring='loss'."
        )
