"""Losses, each with its link, its gradient and its valid targets.

A loss is written in terms of the *raw output* z of the last layer. Its link turns
z into the prediction, and its gradient is taken with respect to z, so that any
pair of loss and link fits, not only the canonical ones.

Targets are arrays of shape (n_samples, n_targets) in the computing type. The
multiclass log loss has one target column that holds the number of the class;
all other losses have one column per output.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ._activations import logistic


@dataclass(frozen=True)
class Loss:
    """One loss function.

    Parameters
    ----------
    name : str
        The key in `LOSSES`.
    link : str
        The name of the function from raw output to prediction, as it stands in
        the fitted attribute `out_activation_`.
    prediction : callable
        From raw outputs of shape (n_samples, n_outputs) to predictions of the
        same shape.
    value : callable
        From raw outputs and targets to the loss of each sample, shape
        (n_samples,), summed over the outputs.
    gradient : callable
        From raw outputs and targets to the derivative of the loss with respect
        to the raw outputs, shape (n_samples, n_outputs).
    target_range : tuple of float
        Smallest and largest valid target.
    averages_outputs : bool, default=False
        Whether the value *shown* (`loss_`, `loss_curve_`) is the mean over the
        outputs. scikit-learn shows the squared error this way, and trains on
        the sum all the same; so do we.
    """

    name: str
    link: str
    prediction: Callable
    value: Callable
    gradient: Callable
    target_range: tuple = (-np.inf, np.inf)
    averages_outputs: bool = False

    def shown(self, data_loss, n_outputs):
        """The data part of the objective as scikit-learn's `loss_` shows it."""
        return data_loss / n_outputs if self.averages_outputs else data_loss

    def average(self, raw, y, sample_weight=None):
        """Weighted mean over samples of the loss, as it is shown."""
        mean = np.average(self.value(raw, y), weights=sample_weight)
        return float(self.shown(mean, raw.shape[1]))


def _clip_log_loss(loss, dtype):
    """Bound a log loss as if its probability were clipped to [eps, 1 - eps]."""
    eps = np.finfo(dtype).eps
    return np.clip(loss, -np.log1p(-eps), -np.log(eps))


def softmax(z):
    """exp(z) normalised over the last axis, without overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _class_numbers(y):
    return y[:, 0].astype(np.intp)


def _log_loss(z, y):
    z = z - z.max(axis=1, keepdims=True)
    log_normalizer = np.log(np.exp(z).sum(axis=1))
    loss = log_normalizer - z[np.arange(len(z)), _class_numbers(y)]
    return _clip_log_loss(loss, z.dtype)


def _log_loss_gradient(z, y):
    delta = softmax(z)
    delta[np.arange(len(z)), _class_numbers(y)] -= 1
    return delta


def _binary_log_loss(z, y):
    # -y log(p) - (1 - y) log(1 - p) with p = 1 / (1 + exp(-z))
    loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return _clip_log_loss(loss, z.dtype).sum(axis=1)


def _squared_error(z, y):
    return 0.5 * np.square(z - y).sum(axis=1)


def _poisson(z, y):
    y_log_y = y * np.log(np.where(y > 0, y, 1))
    return (y_log_y - y * z - y + np.exp(z)).sum(axis=1)


LOSSES = {
    loss.name: loss
    for loss in (
        Loss(
            "squared_error",
            link="identity",
            prediction=lambda z: z,
            value=_squared_error,
            gradient=lambda z, y: z - y,
            averages_outputs=True,
        ),
        Loss(
            "poisson",
            link="exp",
            prediction=np.exp,
            value=_poisson,
            gradient=lambda z, y: np.exp(z) - y,
            target_range=(0, np.inf),
        ),
        Loss(
            "log_loss",
            link="softmax",
            prediction=softmax,
            value=_log_loss,
            gradient=_log_loss_gradient,
            target_range=(0, np.inf),
        ),
        Loss(
            "binary_log_loss",
            link="logistic",
            prediction=logistic,
            value=_binary_log_loss,
            gradient=lambda z, y: logistic(z) - y,
            target_range=(0, 1),
        ),
    )
}
