"""Fitted networks as operators: from features to raw outputs and predicted numbers."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from ._activations import ACTIVATIONS, LINKS, LOG_LINKS


@dataclass(frozen=True)
class OneNetwork:
    """A network that answers for itself.

    Parameters
    ----------
    fitted : FittedNetwork
        The network.
    dtype : dtype
        The type that the model computes in.
    """

    fitted: Any
    dtype: Any

    @property
    def targets(self):
        """What the outputs stand for."""
        return self.fitted.targets

    def raw_outputs(self, X):
        """The outputs before the link."""
        fitted = self.fitted
        a = _scaled(X, fitted.scaling).cast(self.dtype)
        layers = zip(fitted.coefs, fitted.intercepts, (*fitted.activations, "identity"))
        for coef, intercept, activation in layers:
            coef, intercept = (self._narrowed(part) for part in (coef, intercept))
            a = ACTIVATIONS[activation](a.apply("Gemm", coef, intercept))
        return a

    def numbers(self, X):
        """The predicted numbers, in the user's units."""
        targets = self.targets
        y = LINKS[self.fitted.link](self.raw_outputs(X))
        if targets.scale is None:
            return y
        # in float64: the mean may be far larger than the spread
        y = y.cast(np.float64) * targets.scale + targets.center
        is_constant = ~np.isnan(targets.constant)
        if is_constant.any():
            known = np.where(is_constant, targets.constant, 0.0)
            y = y.replaced(y.graph.constant(is_constant), known)
        return y

    def _narrowed(self, array):
        with np.errstate(over="ignore"):
            narrowed = array.astype(self.dtype)
        if np.isfinite(array).all() and not np.isfinite(narrowed).all():
            raise ValueError(
                f"The network has weights that are too large for {self.dtype}. Convert"
                " it with dtype='float64'."
            )
        return narrowed


@dataclass(frozen=True)
class MeanOfNetworks:
    """Networks whose probabilities, or predicted numbers, are averaged, in float64.

    Parameters
    ----------
    networks : list of OneNetwork
        The networks.
    weights : ndarray of shape (n_networks,)
        The weight of each, which sum to 1.
    """

    networks: list
    weights: np.ndarray

    @property
    def targets(self):
        """What the outputs of the first network stand for, and thereby of all."""
        return self.networks[0].targets

    def raw_outputs(self, X):
        """The raw outputs that stand for the mean of the probabilities: logarithms of
        them, or of the odds where one output stands for two classes, or for a label."""
        link = self.networks[0].fitted.link
        raws = [each.raw_outputs(X).cast(np.float64) for each in self.networks]
        mean = self._log_mean([LOG_LINKS[link](raw) for raw in raws])
        if link == "softmax":
            return mean
        return mean - self._log_mean([LOG_LINKS[link](-raw) for raw in raws])

    def numbers(self, X):
        """The mean of the predicted numbers."""
        return self._mean([each.numbers(X).cast(np.float64) for each in self.networks])

    def _log_mean(self, logs):
        largest = logs[0].apply("Max", *logs[1:])
        return largest + self._mean([(log - largest).exp() for log in logs]).log()

    def _mean(self, tensors):
        return reduce(add, (t * weight for t, weight in zip(tensors, self.weights)))


def _scaled(X, scaling):
    """Features as the network was trained on them."""
    if scaling is None:
        return X
    X = X.cast(np.float64)
    centered = X if scaling.center is None else X - scaling.center
    return centered / scaling.scale
