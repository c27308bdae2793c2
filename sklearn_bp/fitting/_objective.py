"""What is minimised: weights of samples and classes, and the penalty.

Weights are float64 up to here, on whatever scale the user has put them. The engines are
given them divided by their mean, in the computing type, in which they can neither
overflow nor vanish; their scale counts in the penalty alone.
"""

import math

import numpy as np

from ..engine import Objective
from ._class_weights import weigh_classes


def mean_weight(sample_weight, of="training"):
    """The mean of weights that must not all be zero; for None, it is 1."""
    if sample_weight is None:
        return 1.0
    mean = float(scaled_weights(sample_weight).mean())
    if mean == 0:
        raise ValueError(
            f"The sample weights of the {of} set are all zero, including those from"
            " class_weight. Pass at least one positive weight; if early_stopping=True"
            " has split them off, change validation_fraction or random_state."
        )
    mean = math.ldexp(mean, _exponent(sample_weight))
    return max(mean, math.ulp(0))  # which the mean of very small ones may round to


def scaled_weights(sample_weight):
    """Weights times a power of two that brings the largest near 1, or None: sums of
    these do not overflow, and nothing is rounded."""
    if sample_weight is None:
        return None
    return np.ldexp(sample_weight, -_exponent(sample_weight))


def _relative_weights(sample_weight, others):
    """Weights divided by the mean of others."""
    if others is None:
        return sample_weight
    scaled = np.ldexp(sample_weight, -_exponent(others))
    return scaled / scaled_weights(others).mean()


def _exponent(sample_weight):
    return int(np.frexp(sample_weight.max())[1])


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
    weight = scaled_weights(part.sample_weight)
    return targets.class_weights(estimator, part.y, weight)


def weigh_part(part, class_weights):
    """The same rows, with sample weights multiplied by class weights."""
    samples = part.samples
    weight = weigh_classes(class_weights, samples.y, samples.sample_weight)
    return samples.weighted(weight).part(part.rows)


def make_objective(parameters, part, unweighted=None):
    """The objective that an estimator's parameters ask for, in the form that engines
    take it.

    Parameters
    ----------
    parameters : object
        Has the estimator's `alpha` and `penalty_scaling`, as Python's own.
    part : Part
        The training set.
    unweighted : Part, default=None
        The training set before it was weighted by classes, if class weights count as
        they are, and not relative to their mean.

    Returns
    -------
    part : Part
        The same rows, with weights of mean 1 in the computing type.
    objective : Objective
        What is minimised.

    Raises
    ------
    ValueError
        If all weights are zero, or so small that nothing but the penalty counts.
    """
    samples, dtype = part.samples, part.samples.y.dtype
    others = (part if unweighted is None else unweighted).sample_weight
    mean = mean_weight(others)
    alpha = parameters.alpha / mean
    if samples.sample_weight is not None:
        if alpha > max(parameters.alpha, math.sqrt(np.finfo(dtype).max)):
            raise ValueError(
                f"The sample weights, of mean {mean:.3g}, are too small for the penalty"
                f" of alpha={parameters.alpha:g}, which counts relative to their sum."
                " Scale them, for example to a mean of 1, or set alpha=0."
            )
        with np.errstate(over="ignore"):  # of rows that are not used
            weight = _relative_weights(samples.sample_weight, others).astype(dtype)
        part = samples.weighted(weight).part(part.rows)
    is_per_batch = parameters.penalty_scaling == "batch"
    return part, Objective(
        alpha=alpha, penalty_size=None if is_per_batch else float(len(part))
    )
