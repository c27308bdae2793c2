"""Data that a network in training is measured on after each epoch: validation data, the
user's or a part of the training set, and the folds of a study."""

import copy
import inspect
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing, indexable

from ._validation import mean_weight
from .engine import get_engine


@dataclass(frozen=True)
class EvaluationSet:
    """Rows that a network is measured on.

    Parameters
    ----------
    X, y, sample_weight : arrays
        Data and encoded targets, as the engines take them.
    rows : ndarray or None
        The numbers of the rows; None stands for all.
    given : tuple of array-like
        X and y as the user has given them, of which these are the rows.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray | None
    given: tuple

    @cached_property
    def y_of_rows(self):
        """The targets of these rows."""
        return self.y if self.rows is None else self.y[self.rows]

    @cached_property
    def weight_of_rows(self):
        """The weights of these rows, or None."""
        if self.sample_weight is None or self.rows is None:
            return self.sample_weight
        return self.sample_weight[self.rows]

    @cached_property
    def X_for_scorers(self):
        """The data of these rows, as the user has given them."""
        return self._of_rows(self.given[0])

    @cached_property
    def y_for_scorers(self):
        """The targets of these rows, as the user has given them."""
        return self._of_rows(self.given[1])

    @property
    def is_the_users(self):
        """Whether it is no part of the training set."""
        return self.rows is None

    def _of_rows(self, array):
        if self.rows is None:
            return array
        return _safe_indexing(*indexable(array), self.rows)


def split(data, given, *, test_size, random_state, stratify):
    """Hold out a part of the training data.

    Parameters
    ----------
    data : TrainingData
        The data to be split.
    given : tuple of array-like
        X and y as the user has given them.
    test_size : float
        The share to be held out.
    random_state : RandomState
        Chooses the rows.
    stratify : array-like or None
        The groups whose shares are kept.

    Returns
    -------
    data : TrainingData
        What is left for training.
    held_out : EvaluationSet
        The rest.
    """
    # Early stopping alone needs it, and it is a good part of the import's time.
    from sklearn.model_selection import train_test_split

    if test_size == 0:
        raise ValueError(
            "early_stopping=True needs a validation set: validation_fraction must be"
            " > 0, got 0. Or pass X_val and y_val."
        )
    rows, held_out = train_test_split(
        data.rows, random_state=random_state, test_size=test_size, stratify=stratify
    )
    if len(held_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    weight = data.sample_weight
    mean_weight(weight, held_out, of="validation")
    return replace(data, rows=rows), EvaluationSet(
        data.X, data.y, weight, held_out, given
    )


def _check_weights_of_scorer(scorer, sample_weight):
    """Raise a ValueError if there are weights and the scorer takes none."""
    if sample_weight is None:
        return
    function = getattr(scorer, "_score_func", scorer)
    parameters = inspect.signature(function).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if not takes_all and "sample_weight" not in parameters:
        raise ValueError(
            f"The samples have weights, their own or by class_weight, and"
            f" scoring={scorer!r} takes none. Give it a parameter sample_weight, or use"
            " scoring='loss'."
        )


def measure_by(
    scorer, estimator, state, evaluation, with_score=True, on_undefined=None
):
    """What is to be measured on a set.

    Parameters
    ----------
    scorer : callable or None
        A scorer of scikit-learn's form; None is the estimator's own score.
    estimator : BackpropClassifier or BackpropRegressor
        The one that is in training, and has learned what its targets are.
    state : TrainingState
        Its network.
    evaluation : EvaluationSet
        The set.
    with_score : bool, default=True
        Whether a score is asked for at all.
    on_undefined : callable, default=None
        Where the scorer fails, or returns NaN, this is called with the error and the
        score is NaN. None raises the error.

    Returns
    -------
    measure : callable
        From parameters, a row for each network, to the losses, without the penalty and
        infinite rather than NaN, and the scores or None.
    """
    network, weight = state.network, evaluation.weight_of_rows
    with_winners = with_score and scorer is None and is_classifier(estimator)
    if scorer is not None:
        _check_weights_of_scorer(scorer, weight)
        fitted = _in_training(estimator, state)

    def measure(thetas):
        outputs = get_engine().evaluate(
            network,
            thetas,
            evaluation.X,
            evaluation.y,
            evaluation.rows,
            with_winners,
        )
        losses = np.average(outputs.losses, axis=1, weights=weight)
        losses = network.loss.shown(losses, network.n_outputs)
        losses[~np.isfinite(losses)] = np.inf
        if not with_score:
            return losses, None
        if scorer is None:
            return losses, estimator._scores(outputs, evaluation.y_of_rows, weight)
        return losses, np.array(list(map(score, thetas, outputs.raw)))

    def score(theta, raw):
        fitted.n_iter_ += 1
        if _needs_predictions_alone(scorer):
            # They can be made of the raw outputs that are there.
            fitted._raw_outputs = lambda X: raw
        else:
            fitted._training_state.theta[:] = theta
        try:
            return _score(scorer, fitted, evaluation)
        except Exception as error:
            if on_undefined is None:
                raise
            on_undefined(error)
            return np.nan

    return measure


def score_of_targets(scorer, estimator, state, evaluation):
    """What a scorer says, or raises, where the network predicts the targets."""
    fitted = _in_training(estimator, state)
    raw = state.network.loss.raw_outputs_near(
        evaluation.y_of_rows, state.network.n_outputs
    )
    fitted._raw_outputs = lambda X: raw
    return _score(scorer, fitted, evaluation)


def _in_training(estimator, state):
    """An estimator that scorers can look at, before its first epoch."""
    fitted = copy.copy(estimator)
    fitted._show(replace(state, theta=state.theta.copy()))
    fitted.n_iter_ = 0
    return fitted


def _needs_predictions_alone(scorer):
    """Whether it is one of scikit-learn's, which look at nothing else."""
    return hasattr(scorer, "_score_func")


def _score(scorer, fitted, evaluation):
    # No row of X is copied without need.
    X = None if _needs_predictions_alone(scorer) else evaluation.X_for_scorers
    weight = evaluation.weight_of_rows
    weights = {} if weight is None else {"sample_weight": weight}
    score = float(scorer(fitted, X, evaluation.y_for_scorers, **weights))
    if np.isnan(score):
        raise ValueError(
            f"scoring={scorer!r} returned NaN, so this epoch cannot be compared with"
            " others. Use data that it is defined for, such as ones with all classes."
        )
    return score
