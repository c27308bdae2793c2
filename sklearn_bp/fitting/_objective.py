"""What is minimised: weights of samples and classes, and the penalty."""

import numpy as np

from ..engine import Objective
from ._targets import weigh_classes


def mean_weight(sample_weight, of="training"):
    """The mean of weights that must not all be zero; for None, it is 1."""
    if sample_weight is None:
        return 1.0
    mean = float(sample_weight.mean(dtype=np.float64))
    if mean == 0:
        raise ValueError(
            f"The sample weights of the {of} set are all zero, including those from"
            " class_weight. Pass at least one positive weight; if early_stopping=True"
            " has split them off, change validation_fraction or random_state."
        )
    return mean


def class_weights_in(estimator, targets, part):
    """The weight that each class has in a training set.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator whose `class_weight` is used, if it has one.
    targets : ClassTargets or NumberTargets
        What the targets are.
    part : Part
        The training set.

    Returns
    -------
    class_weights : list of ndarray, or None
        See `ClassTargets.class_weights`.
    """
    return targets.class_weights(estimator, part.y, part.sample_weight)


def weigh_part(part, class_weights):
    """The same rows, with sample weights multiplied by class weights."""
    samples = part.samples
    weight = weigh_classes(class_weights, samples.y, samples.sample_weight)
    return samples.weighted(weight).part(part.rows)


def make_objective(estimator, part):
    """The objective that the estimator's parameters ask for.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator whose `alpha` and `penalty_scaling` are used.
    part : Part
        The training set.

    Returns
    -------
    objective : Objective
        What is minimised.
    """
    mean = mean_weight(part.sample_weight)
    is_per_batch = estimator.penalty_scaling == "batch"
    return Objective(
        alpha=float(estimator.alpha),
        mean_weight=mean,
        penalty_size=None if is_per_batch else len(part) * mean,
    )
