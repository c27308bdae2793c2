"""Metrics of predicted numbers, by target, and averaged over the targets."""

import numpy as np
from scipy.special import xlogy

from ._outputs import LeftToScikitLearn

# ---- averages over targets -----------------------------------------------------------


def _over_targets(truth, of_targets, multioutput="uniform_average"):
    """Average a metric over the targets.

    Parameters
    ----------
    truth : Truth
        What is known of the rows.
    of_targets : callable
        From outputs to the metric of each target, shape (n_networks, n_targets).
    multioutput : "uniform_average", array-like or None
        The weights of the targets.

    Returns
    -------
    scores : callable
        From outputs to the averages.
    """
    n_targets, weights = truth.y.shape[1], None
    if not (multioutput is None or isinstance(multioutput, str)):
        weights = np.asarray(multioutput, dtype=float)
        if n_targets == 1 or weights.shape != (n_targets,) or weights.sum() == 0:
            raise LeftToScikitLearn
    elif multioutput not in (None, "uniform_average"):
        raise LeftToScikitLearn

    def scores(outputs):
        values = np.average(of_targets(outputs), axis=1, weights=weights)
        return np.where(_are_finite(outputs), values, np.nan)

    return scores


def _are_finite(outputs):
    return np.isfinite(outputs.total(_all_predictions))


def _all_predictions(block):
    return block.predictions.sum(axis=(1, 2))


def _single(truth):
    """Leave several targets to scikit-learn, which refuses them."""
    if truth.y.shape[1] > 1:
        raise LeftToScikitLearn


# ---- means of errors -----------------------------------------------------------------


def squared_errors(block):
    return block.sum(np.square(block.predictions - block.y))


def absolute_errors(block):
    return block.sum(np.abs(block.predictions - block.y))


def relative_errors(block):
    size = np.maximum(np.abs(block.y), np.finfo(np.float64).eps)
    return block.sum(np.abs(block.predictions - block.y) / size)


def squared_log_errors(block):
    """NaN where a prediction is out of the range."""
    predictions = np.where(block.predictions > -1, block.predictions, np.nan)
    return block.sum(np.square(np.log1p(predictions) - np.log1p(block.y)))


def mean_squared_error(truth, *, multioutput):
    return _over_targets(truth, lambda out: out.mean(squared_errors), multioutput)


def root_mean_squared_error(truth, *, multioutput):
    def roots(outputs):
        return np.sqrt(outputs.mean(squared_errors))

    return _over_targets(truth, roots, multioutput)


def mean_absolute_error(truth, *, multioutput):
    return _over_targets(truth, lambda out: out.mean(absolute_errors), multioutput)


def mean_absolute_percentage_error(truth, *, multioutput):
    return _over_targets(truth, lambda out: out.mean(relative_errors), multioutput)


def mean_squared_log_error(truth, *, multioutput):
    _check_log(truth)
    return _over_targets(truth, lambda out: out.mean(squared_log_errors), multioutput)


def root_mean_squared_log_error(truth, *, multioutput):
    def roots(outputs):
        return np.sqrt(outputs.mean(squared_log_errors))

    _check_log(truth)
    return _over_targets(truth, roots, multioutput)


def mean_pinball_loss(truth, *, alpha, multioutput):
    losses = _pinball_losses(alpha)
    return _over_targets(truth, lambda out: out.mean(losses), multioutput)


def _pinball_losses(alpha):
    return lambda block: block.sum(_pinball(block.y - block.predictions, alpha))


def _pinball(error, alpha):
    return np.where(error >= 0, alpha, alpha - 1) * error


def _check_log(truth):
    if (truth.y <= -1).any():
        raise LeftToScikitLearn


# ---- order statistics ----------------------------------------------------------------


def max_error(truth):
    _single(truth)

    def largest(outputs):
        errors = [
            np.abs(block.predictions - block.y).max(axis=1)
            for block in outputs.blocks()
        ]
        return np.max(errors, axis=0)

    return _over_targets(truth, largest)


def median_absolute_error(truth, *, multioutput):
    def medians(outputs):
        columns = []
        for output, y in enumerate(truth.y.T):
            errors = np.abs(outputs.predictions_of(output) - y)
            if truth.weight is None:
                columns.append(np.median(errors, axis=1))
            else:
                columns.append(_quantile(errors, truth.weight, 0.5))
        return np.transpose(columns)

    return _over_targets(truth, medians, multioutput)


def _quantile(values, weight, share):
    """The value at which a share of the weight is reached, along the last axis; the
    mean of it and the next one if it is reached exactly (Hyndman & Fan, 1996)."""
    order = np.argsort(values, axis=-1)
    reached = np.cumsum(weight[order], axis=-1)
    wanted = share * reached[..., -1:]
    wanted = np.where(wanted == 0, np.nextafter(0, 1), wanted)
    last = values.shape[-1] - 1
    place = np.minimum((reached < wanted).sum(axis=-1, keepdims=True), last)
    at_place = np.take_along_axis(reached, place, axis=-1)
    next_place = (reached <= at_place).sum(axis=-1, keepdims=True)  # with a weight
    next_place = np.where(next_place > last, place, next_place)
    low, high = (
        np.take_along_axis(values, np.take_along_axis(order, p, axis=-1), axis=-1)
        for p in (place, next_place)
    )
    is_between = at_place - wanted > np.finfo(np.float64).eps
    return np.where(is_between, low, (low + high) / 2)[..., 0]


# ---- deviances -----------------------------------------------------------------------


def mean_tweedie_deviance(truth, *, power):
    deviances = _tweedie_deviances(truth, power)
    return _over_targets(truth, lambda outputs: outputs.mean(deviances))


def mean_poisson_deviance(truth):
    return mean_tweedie_deviance(truth, power=1)


def mean_gamma_deviance(truth):
    return mean_tweedie_deviance(truth, power=2)


def d2_tweedie_score(truth, *, power):
    _check_two_rows(truth)
    deviances = _tweedie_deviances(truth, power)
    of_mean = truth.mean(_tweedie(truth.y, truth.mean(truth.y), power))
    return _over_targets(truth, lambda outputs: 1 - outputs.mean(deviances) / of_mean)


def _tweedie_deviances(truth, power):
    """The sum of the deviances of each row; NaN where a prediction is not positive,
    unless it may be."""
    _single(truth)
    if (truth.y < 0).any() and power >= 1:
        raise LeftToScikitLearn
    if (truth.y == 0).any() and power >= 2:
        raise LeftToScikitLearn

    def deviances(block):
        predictions = block.predictions
        if power != 0:
            predictions = np.where(predictions > 0, predictions, np.nan)
        return block.sum(_tweedie(block.y, predictions, power))

    return deviances


def _tweedie(y, mean, power):
    if power == 0:
        return np.square(y - mean)
    if power == 1:
        return 2 * (xlogy(y, y / mean) - y + mean)
    if power == 2:
        return 2 * (np.log(mean / y) + y / mean - 1)
    one, two = 1 - power, 2 - power
    return 2 * (
        np.maximum(y, 0) ** two / (one * two) - y * mean**one / one + mean**two / two
    )


# ---- shares that are explained -------------------------------------------------------


def r2_score(truth, *, multioutput, force_finite):
    _check_two_rows(truth)
    error = np.square(truth.y - truth.mean(truth.y))
    return _explained(
        truth, lambda out: out.total(squared_errors), error, multioutput, force_finite
    )


def explained_variance_score(truth, *, multioutput, force_finite):
    error = np.square(truth.y - truth.mean(truth.y))

    def variances(outputs):
        mean = outputs.mean(_errors)[:, np.newaxis]
        return outputs.total(
            lambda block: block.sum(np.square(block.y - block.predictions - mean))
        )

    return _explained(truth, variances, error, multioutput, force_finite)


def d2_pinball_score(truth, *, alpha, multioutput):
    _check_two_rows(truth)
    weight = np.ones(truth.n_rows) if truth.weight is None else truth.weight
    error = _pinball(truth.y - _quantile(truth.y.T, weight, alpha), alpha)
    losses = _pinball_losses(alpha)
    return _explained(truth, lambda out: out.total(losses), error, multioutput)


def d2_absolute_error_score(truth, *, multioutput):
    return d2_pinball_score(truth, alpha=0.5, multioutput=multioutput)


def _errors(block):
    return block.sum(block.y - block.predictions)


def _explained(truth, losses, of_constant, multioutput, force_finite=True):
    """One minus the ratio of a loss and that of the best constant, of each target.

    Parameters
    ----------
    truth : Truth
        What is known of the rows.
    losses : callable
        From outputs to the sums of the losses, shape (n_networks, n_targets).
    of_constant : ndarray of shape (n_rows, n_targets)
        The losses of the constant.
    multioutput : str, array-like or None
        The weights of the targets; "variance_weighted" those of the constant's losses.
    force_finite : bool
        Whether scores are finite where there is nothing to explain.
    """
    below = truth.sum(of_constant)
    if isinstance(multioutput, str) and multioutput == "variance_weighted":
        multioutput = below if len(below) > 1 and below.any() else "uniform_average"
    is_zero = below == 0

    def shares(outputs):
        above = losses(outputs)
        values = 1 - above / below
        if force_finite:
            values = np.where(is_zero, np.where(above == 0, 1.0, 0.0), values)
        return values

    return _over_targets(truth, shares, multioutput)


def _check_two_rows(truth):
    if truth.n_rows < 2:
        raise LeftToScikitLearn


METRICS = (
    r2_score,
    explained_variance_score,
    max_error,
    mean_squared_error,
    root_mean_squared_error,
    mean_absolute_error,
    median_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_log_error,
    root_mean_squared_log_error,
    mean_pinball_loss,
    mean_tweedie_deviance,
    mean_poisson_deviance,
    mean_gamma_deviance,
    d2_tweedie_score,
    d2_pinball_score,
    d2_absolute_error_score,
)
