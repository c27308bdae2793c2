"""What an estimator shows of its training."""

import copy
from dataclasses import dataclass
from typing import Any

from ..training import TrainingState
from ._fitted import FittedNetwork


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a training has led to, at its end or so far.

    Parameters
    ----------
    fitted : FittedNetwork
        The network.
    state : TrainingState
        All that a further training depends on.
    n_iter : int
        The number of epochs, or of iterations of lbfgs.
    loss : float or None
        The loss of the last epoch, or of lbfgs at its end; None before training.
    best_score : float or None
        The best of what the stopping rule has watched, if there is such a rule.
    stops_early : bool
        Whether that is a validation score, and not the negated training loss.
    """

    fitted: FittedNetwork
    state: TrainingState
    n_iter: int
    loss: Any
    best_score: Any
    stops_early: bool

    @property
    def attributes(self):
        """The fitted attributes of an estimator, by name."""
        fitted, best = self.fitted, self.best_score
        attributes = {
            **fitted.targets.attributes,
            "coefs_": list(fitted.coefs),
            "intercepts_": list(fitted.intercepts),
            "n_layers_": len(fitted.layer_sizes),
            "out_activation_": fitted.link,
            "t_": self.state.n_samples_seen,
            "n_iter_": self.n_iter,
        }
        if self.loss is not None:
            attributes["loss_"] = self.loss
        if best is not None:
            attributes["best_loss_"] = None if self.stops_early else -best
            attributes["best_validation_score_"] = best if self.stops_early else None
            attributes["best_epoch_"] = self.state.stopping.best_epoch
        return attributes


def show(estimator, outcome):
    """Make the outcome of a training the estimator's own.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator. Its method `__sklearn_bp_show__` does it, so that what it keeps
        of an outcome is its own affair.
    outcome : Outcome
        What it is to show.
    """
    estimator.__sklearn_bp_show__(outcome)


def shown_copy(estimator, outcome):
    """A copy of an estimator that shows another outcome."""
    copied = copy.copy(estimator)
    show(copied, outcome)
    return copied
