"""A network in training as a scorer sees it."""

import inspect
from dataclasses import replace

import numpy as np

from ..utils import metric_of, scorer_of_classes
from ._fitted import KnownOutputs
from ._shown import shown_copy


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

    def move_to(self, theta, epoch):
        """Move to the parameters after this epoch."""
        self._estimator.n_iter_ = epoch
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


def check_weights_of_scorer(scorer, sample_weight):
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
