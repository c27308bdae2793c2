"""Fitted networks that are asked together, and answer with their weighted mean."""

from dataclasses import dataclass

import numpy as np

from ._plain import network_from_plain, network_to_plain


@dataclass(frozen=True, eq=False)
class AveragedNetworks:
    """Fitted networks whose probabilities, or predicted numbers, are averaged.

    Parameters
    ----------
    networks : list of FittedNetwork
        The networks. They are given the same features, and their targets are of one
        kind; how these are scaled may differ.
    weights : ndarray of shape (n_networks,)
        The weight of each, which sum to 1.
    """

    networks: list
    weights: np.ndarray

    @property
    def targets(self):
        """What the outputs of the first network stand for, and thereby of all."""
        return self.networks[0].targets

    @property
    def loss(self):
        """The loss of the networks."""
        return self.networks[0].network.loss

    def check_X(self, estimator, X):
        """Check data that an estimator with these networks is asked about."""
        return self.networks[0].check_X(estimator, X)

    def raw_outputs(self, X):
        """The raw outputs that stand for the mean of the probabilities.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Data as the networks take them.

        Returns
        -------
        raw : ndarray of shape (n_samples, n_outputs)
            In float64. For each class the logarithm of its probability; where one
            output stands for two classes, or for a label, that of the odds.
        """
        log_prediction = self.loss.log_prediction
        logs, logs_of_others = [], []
        for network in self.networks:
            raw = network.raw_outputs(X).astype(np.float64)
            logs.append(log_prediction(raw))
            if self.loss.link == "logistic":
                logs_of_others.append(log_prediction(-raw))
        mean = self._log_mean(logs)
        return mean - self._log_mean(logs_of_others) if logs_of_others else mean

    def _log_mean(self, logs):
        # One network after the other, so that no row depends on how many there are.
        largest = np.max(logs, axis=0)
        total = 0.0
        for log, weight in zip(logs, self.weights, strict=True):
            total = total + weight * np.exp(log - largest)
        return largest + np.log(total)

    def respond(self, method, X):
        """What an estimator's method of that name returns, such as 'predict'."""
        if self.loss.is_of_classes:
            return self.targets.responses(self.loss)[method](self.raw_outputs(X))
        mean = 0.0
        for network, weight in zip(self.networks, self.weights, strict=True):
            mean += weight * network.respond(method, X)
        return mean

    def to_plain(self):
        """As arrays, numbers, strings and dicts."""
        return {
            "networks": [network_to_plain(network) for network in self.networks],
            "weights": self.weights,
        }

    @classmethod
    def from_plain(cls, plain):
        """The inverse of `to_plain`."""
        networks = [network_from_plain(network) for network in plain["networks"]]
        return cls(networks, plain["weights"])


def averaged(networks, weights=None):
    """Average networks that have a weight.

    Parameters
    ----------
    networks : list of FittedNetwork
        The networks.
    weights : array-like of shape (n_networks,), default=None
        The weight of each, not negative; None stands for equal ones.

    Returns
    -------
    averaged : AveragedNetworks
        Those whose weight is not zero.
    """
    weights = np.ones(len(networks)) if weights is None else np.asarray(weights)
    kept = np.flatnonzero(weights)
    weights = weights[kept] / weights[kept].sum()
    return AveragedNetworks([networks[number] for number in kept], weights)


def in_probabilities(fitted, raw):
    """Raw outputs as what is averaged: probabilities of the classes, or numbers in the
    user's units.

    Parameters
    ----------
    fitted : FittedNetwork
        The network.
    raw : ndarray of shape (n_samples, n_outputs)
        Its raw outputs.

    Returns
    -------
    predictions : ndarray of shape (n_samples, n_columns)
        A column for each class, label or target.
    """
    loss, targets = fitted.network.loss, fitted.targets
    method = "predict_proba" if loss.is_of_classes else "predict"
    return targets.responses(loss)[method](raw).reshape(len(raw), -1)
