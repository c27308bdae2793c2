"""Losses, each with its link, its gradient and its valid targets.

A loss is written in terms of the *raw output* z of the last layer. Its link turns
z into the prediction, and its gradient is taken with respect to z, so that any
pair of loss and link works, not only the canonical ones.

Targets are arrays of shape (n_samples, n_targets) in the computing type. The
multiclass log loss has one target column that holds the number of the class;
all other losses have one column per output.
"""

from abc import ABC, abstractmethod
from dataclasses import astuple, dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from ._activations import logistic

#: The number of columns up to which it is quicker to compare these than rows.
SHORT = 10


def softmax(z):
    """exp(z) normalised over the last axis, without overflow."""
    e = np.exp(_below_largest(z))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    """The logarithm of the softmax, precise also where that is 0 or 1."""
    z = _below_largest(z)
    e = np.exp(z)
    e[np.arange(len(z)), z.argmax(axis=1)] = 0  # instead of 1, which log1p adds
    return z - np.log1p(e.sum(axis=1, keepdims=True))


def _below_largest(z):
    """Each output minus the largest of its row; infinite ones among them."""
    # The same, but several times sooner where rows are short.
    is_short = z.shape[1] <= SHORT
    largest = reduce(np.maximum, z.T) if is_short else z.max(axis=1)
    largest = largest[:, np.newaxis]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(z == largest, 0, z - largest)


#: Functions from raw outputs to predictions of the same shape, by their names in the
#: fitted attribute `out_activation_`.
LINKS = {
    "identity": lambda z: z,
    "exp": np.exp,
    "logistic": logistic,
    "softmax": softmax,
}

#: The logarithms of those that are probabilities.
LOG_LINKS = {
    "logistic": lambda z: np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))),
    "softmax": log_softmax,
}

#: The raw output that stands for an all but certain label.
SURE = 10.0

#: Functions from targets and the number of outputs back to raw outputs.
INVERSE_LINKS = {
    "identity": lambda y, n_outputs: y,
    "exp": lambda y, n_outputs: np.log(np.maximum(y, np.finfo(y.dtype).tiny)),
    "logistic": lambda y, n_outputs: SURE * (2 * y - 1),
    "softmax": lambda y, n_outputs: SURE * np.eye(n_outputs)[_class_numbers(y)],
}


@dataclass(frozen=True)
class Loss(ABC):
    """A loss function; the fields of a subclass are its settings, all numbers."""

    name: ClassVar[str]
    #: The estimator parameters that the fields are taken from, in order.
    parameters: ClassVar[tuple] = ()
    #: Whether it is a loss for class labels, which determine their loss themselves.
    is_of_classes: ClassVar[bool] = False
    link: ClassVar[str] = "identity"
    #: The interval of valid targets, and whether its lower end is valid.
    target_range: ClassVar[tuple] = (-np.inf, np.inf)
    lowest_is_valid: ClassVar[bool] = True
    #: Whether the value *shown* (`loss_`, `loss_curve_`) is the mean over the outputs.
    #: scikit-learn shows the squared error this way but trains on the sum; so do
    #: we.
    averages_outputs: ClassVar[bool] = False

    @classmethod
    def of(cls, estimator):
        """The loss that an estimator's parameters ask for."""
        return cls(*(float(getattr(estimator, name)) for name in cls.parameters))

    @property
    def settings(self):
        """The fields in order, as passed to the twin in the compiled engine."""
        return tuple(map(float, astuple(self)))

    @abstractmethod
    def value(self, z, y):
        """The loss of each sample, float64 of shape (n_samples,), summed over the
        outputs."""

    @abstractmethod
    def gradient(self, z, y):
        """Its gradient with respect to the raw outputs, (n_samples, n_outputs)."""

    def n_targets(self, n_outputs):
        """The number of columns that targets have for so many outputs."""
        return n_outputs

    def prediction(self, z):
        """Turn raw outputs into predictions, which may be infinite."""
        with np.errstate(over="ignore"):
            return LINKS[self.link](z)

    def log_prediction(self, z):
        """Turn raw outputs into logarithms of predicted probabilities."""
        return LOG_LINKS[self.link](z)

    def raw_outputs_near(self, y, n_outputs):
        """Raw outputs whose predictions are close to the targets."""
        return INVERSE_LINKS[self.link](y, n_outputs)

    def start(self, y, sample_weight):
        """Raw outputs (n_outputs,) that are close enough for training to start from, or
        None where the rule for the initial weights will do."""
        return None

    @abstractmethod
    def best_constant(self, y, n_outputs, sample_weight=None):
        """The raw outputs (n_outputs,) of the best prediction that is the same for all
        samples."""

    def shown(self, data_loss, n_outputs):
        """The data part of the objective as scikit-learn's `loss_` shows it."""
        return data_loss / n_outputs if self.averages_outputs else data_loss

    def average(self, z, y, sample_weight=None):
        """The weighted mean loss over the samples, as it is shown."""
        mean = np.average(self.value(z, y), weights=sample_weight)
        return float(self.shown(mean, z.shape[1]))


@dataclass(frozen=True)
class SquaredError(Loss):
    """(z - y)^2 / 2"""

    name = "squared_error"
    averages_outputs = True

    def value(self, z, y):
        return 0.5 * np.square(_error(z, y)).sum(axis=1)

    def gradient(self, z, y):
        return z - y

    def best_constant(self, y, n_outputs, sample_weight=None):
        return _mean(y, sample_weight)


class _Bounded(Loss):
    """A loss whose gradient is bounded, however far away the target is.

    A bias that started near 0 would need as many steps as the targets are learning
    rates away, so it starts at the quantile of the targets that the loss aims at.
    """

    target_quantile = 0.5

    def start(self, y, sample_weight):
        return np.array(
            [_quantile(column, self.target_quantile, sample_weight) for column in y.T]
        )

    def best_constant(self, y, n_outputs, sample_weight=None):
        return self.start(y, sample_weight)


@dataclass(frozen=True)
class AbsoluteError(_Bounded):
    """|z - y|"""

    name = "absolute_error"

    def value(self, z, y):
        return np.abs(_error(z, y)).sum(axis=1)

    def gradient(self, z, y):
        return np.sign(z - y)


@dataclass(frozen=True)
class Huber(_Bounded):
    """The squared error up to an error of delta, linear beyond it (Huber, 1964)."""

    name = "huber"
    parameters = ("huber_delta",)
    delta: float = 1.35

    def value(self, z, y):
        error = np.abs(_error(z, y))
        linear = self.delta * (error - 0.5 * self.delta)
        return np.where(error <= self.delta, 0.5 * error**2, linear).sum(axis=1)

    def gradient(self, z, y):
        return np.clip(z - y, -self.delta, self.delta)

    def best_constant(self, y, n_outputs, sample_weight=None):
        # Steps of gradient descent from the median, which is near unless delta is
        # large; the mean, which is then the best, is a single step away.
        z = self.start(y, sample_weight)
        for _ in range(10):
            z = z - _mean(self.gradient(z, y), sample_weight)
        return z


@dataclass(frozen=True)
class Quantile(_Bounded):
    """The pinball loss, minimal at the quantile (Koenker & Bassett, 1978)."""

    name = "quantile"
    parameters = ("quantile",)
    quantile: float = 0.5

    @property
    def target_quantile(self):
        return self.quantile

    def value(self, z, y):
        error = _error(z, y)
        slope = np.where(error > 0, 1 - self.quantile, -self.quantile)
        return (slope * error).sum(axis=1)

    def gradient(self, z, y):
        slope = np.where(z > y, 1 - self.quantile, -self.quantile)
        return slope.astype(z.dtype)


class _LogLink(Loss):
    """A deviance of positive targets, which is least at their mean."""

    link = "exp"

    def best_constant(self, y, n_outputs, sample_weight=None):
        return self.raw_outputs_near(_mean(y, sample_weight), n_outputs)


@dataclass(frozen=True)
class Poisson(_LogLink):
    """Half the Poisson deviance, with the log link."""

    name = "poisson"
    target_range = (0, np.inf)

    def value(self, z, y):
        exp = np.exp(z)
        z, y = _in_float64(z, y)
        y_log_y = y * np.log(np.where(y > 0, y, 1))
        return (y_log_y - y * z - y + exp).sum(axis=1)

    def gradient(self, z, y):
        return np.exp(z) - y


@dataclass(frozen=True)
class Gamma(_LogLink):
    """Half the gamma deviance, with the log link."""

    name = "gamma"
    target_range = (0, np.inf)
    lowest_is_valid = False

    def value(self, z, y):
        ratio = y * np.exp(-z)
        z, y = _in_float64(z, y)
        return (z - np.log(y) + ratio - 1).sum(axis=1)

    def gradient(self, z, y):
        return 1 - y * np.exp(-z)

    def start(self, y, sample_weight):
        # The gradient is bounded above but explodes below.
        y = y.astype(np.float64)  # the sum of large ones may overflow
        return np.log(np.average(y, axis=0, weights=sample_weight))


@dataclass(frozen=True)
class LogLoss(Loss):
    """The log loss of class numbers. A share `label_smoothing` of each target is spread
    over all classes (Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, 2016)."""

    name = "log_loss"
    parameters = ("label_smoothing",)
    is_of_classes = True
    link = "softmax"
    target_range = (0, np.inf)
    label_smoothing: float = 0.0

    def n_targets(self, n_outputs):
        return 1  # the number of the class

    def value(self, z, y):
        dtype, z = z.dtype, z - z.max(axis=1, keepdims=True)
        normalizer, z = _in_float64(np.exp(z).sum(axis=1), z)
        target = z[np.arange(len(z)), _class_numbers(y)]
        if self.label_smoothing > 0:
            target = target + self.label_smoothing * (z.mean(axis=1) - target)
        return _clip_log_loss(np.log(normalizer) - target, dtype)

    def gradient(self, z, y):
        delta = softmax(z)
        delta[np.arange(len(z)), _class_numbers(y)] -= 1 - self.label_smoothing
        delta -= self.label_smoothing / z.shape[1]
        return delta

    def best_constant(self, y, n_outputs, sample_weight=None):
        totals = np.bincount(
            _class_numbers(y), weights=sample_weight, minlength=n_outputs
        )
        shares = (1 - self.label_smoothing) * totals / totals.sum()
        return _log(shares + self.label_smoothing / n_outputs)


@dataclass(frozen=True)
class BinaryLogLoss(Loss):
    """The log loss of indicators, one per label. A share `label_smoothing` of each is
    replaced by 1 / 2."""

    name = "binary_log_loss"
    parameters = ("label_smoothing",)
    is_of_classes = True
    link = "logistic"
    target_range = (0, 1)
    label_smoothing: float = 0.0

    def _smooth(self, y):
        return y + self.label_smoothing * (0.5 - y)

    def value(self, z, y):
        # -y log(p) - (1 - y) log(1 - p) with p = 1 / (1 + exp(-z))
        dtype = z.dtype
        z, y = _in_float64(z, y)
        loss = np.maximum(z, 0) - z * self._smooth(y) + np.log1p(np.exp(-np.abs(z)))
        return _clip_log_loss(loss, dtype).sum(axis=1)

    def gradient(self, z, y):
        return logistic(z) - self._smooth(y)

    def best_constant(self, y, n_outputs, sample_weight=None):
        share = _mean(self._smooth(y), sample_weight)
        return _log(share) - _log(1 - share)


def _class_numbers(y):
    return y[:, 0].astype(np.intp)


def _mean(y, sample_weight):
    """The weighted mean of each column."""
    return np.average(y.astype(np.float64), axis=0, weights=sample_weight)


def _log(x):
    """The logarithm, which for 0 is large and negative, but finite."""
    return np.log(np.maximum(x, np.finfo(np.float64).tiny))


def _error(z, y):
    return (z - y).astype(np.float64)


def _in_float64(*arrays):
    return (array.astype(np.float64) for array in arrays)


def _clip_log_loss(loss, dtype):
    """Bound a log loss as if its probability were clipped to [eps, 1 - eps]."""
    eps = float(np.finfo(dtype).eps)
    return np.clip(loss, -np.log1p(-eps), -np.log(eps))


def _quantile(y, quantile, sample_weight):
    """The smallest value at or below which that share of the weight lies."""
    order = np.argsort(y)
    weight = np.ones(len(y)) if sample_weight is None else sample_weight[order]
    cumulated = np.cumsum(weight, dtype=np.float64)
    place = np.searchsorted(cumulated, quantile * cumulated[-1])
    return y[order[min(place, len(y) - 1)]]


LOSSES = {
    loss.name: loss
    for loss in (
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        Poisson,
        Gamma,
        LogLoss,
        BinaryLogLoss,
    )
}
