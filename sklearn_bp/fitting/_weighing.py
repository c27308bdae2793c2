"""How much each of several predictions should count in their mean."""

import numpy as np

#: How many times a prediction is added. The weights are multiples of one over the
#: number that turns out best.
ROUNDS = 25


class LossOfMeans:
    """The loss of the weighted mean of predictions of the same samples.

    Parameters
    ----------
    loss : Loss
        The loss of the networks that have made them.
    targets : ClassTargets or NumberTargets
        What the targets are.
    y : ndarray of shape (n_samples, n_targets)
        The targets, encoded.
    sample_weight : ndarray of shape (n_samples,) or None
        The weight of each sample.
    """

    def __init__(self, loss, targets, y, sample_weight):
        self._loss = loss
        self._targets = targets
        self._y = y
        self._weight = sample_weight

    def relevant(self, predictions):
        """That part of predictions on whose mean the loss depends.

        Parameters
        ----------
        predictions : ndarray of shape (n_samples, n_columns)
            Probabilities or numbers, as `in_probabilities` returns them.

        Returns
        -------
        relevant : ndarray of shape (n_samples, n_targets)
            The probability of what is true; or the numbers, encoded.
        """
        if not self._loss.is_of_classes:
            return self._targets.rescaled(predictions)
        if self._targets.is_multilabel:
            return np.where(self._y == 1, predictions, 1 - predictions)
        return np.take_along_axis(predictions, self._y.astype(np.intp), axis=1)

    def __call__(self, relevant, rows):
        """The loss of means on some of the samples.

        Parameters
        ----------
        relevant : ndarray of shape (n_means, n_rows, n_targets)
            Several means of what `relevant` returns, for these rows.
        rows : ndarray of int
            The numbers of the rows.

        Returns
        -------
        losses : ndarray of shape (n_means,)
            Their losses.
        """
        weight = None if self._weight is None else self._weight[rows]
        if self._loss.is_of_classes:
            tiny = np.finfo(np.float32).eps
            losses = -np.log(np.maximum(relevant, tiny)).sum(axis=-1)
        else:
            y = self._y[rows]
            raw = self._loss.raw_outputs_near(relevant, y.shape[1])
            losses = np.array([self._loss.value(z, y) for z in raw])
        return np.average(losses, axis=-1, weights=weight)


def greedy_weights(relevant, losses_of, rows, n_rounds=ROUNDS):
    """Weigh predictions by adding, again and again, the one that helps the mean most
    (Caruana, Niculescu-Mizil, Crew & Ksikes, 2004, "Ensemble selection from libraries
    of models").

    Parameters
    ----------
    relevant : ndarray of shape (n_predictions, n_samples, n_targets)
        The predictions, as `losses_of` takes them.
    losses_of : LossOfMeans
        What is to be small.
    rows : ndarray of int
        The samples to judge by.
    n_rounds : int, default=25
        How many times one is added.

    Returns
    -------
    weights : ndarray of shape (n_predictions,)
        The weights, which sum to 1: those of the round whose mean had the smallest
        loss, the first of these.
    """
    n_predictions = len(relevant)
    if n_predictions == 1:
        return np.ones(1)
    relevant = relevant[:, rows]
    total = np.zeros_like(relevant[0])
    counts = np.zeros(n_predictions)
    best, best_loss = None, np.inf
    for round_ in range(1, n_rounds + 1):
        losses = losses_of((total + relevant) / round_, rows)
        chosen = int(np.argmin(losses))
        total += relevant[chosen]
        counts[chosen] += 1
        if best is None or losses[chosen] < best_loss:
            best, best_loss = counts / round_, losses[chosen]
    return best
