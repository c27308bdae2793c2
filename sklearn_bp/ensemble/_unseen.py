"""What networks say of samples that they have not seen."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from ..fitting import (
    LossOfMeans,
    class_weights_in,
    greedy_weights,
    scaled_weights,
    weigh_part,
)


def weighed_part(candidate, samples):
    """All samples with their targets encoded, in float64, and their weights times those
    of their classes: what counts in training counts in stopping and weighing, too.

    Parameters
    ----------
    candidate : Candidate
        A setting.
    samples : Samples
        Its data, with the targets as the user gave them.

    Returns
    -------
    part : Part
        The samples.
    """
    network, targets = candidate.network, candidate.targets
    y = targets.encode(samples.y, np.float64, targets.make_loss(network))
    part = replace(samples, y=y).part()
    return weigh_part(part, class_weights_in(network, targets, part))


class Unseen:
    """Predictions of the members of an ensemble for the folds that they were trained
    without, and what follows from these.

    Parameters
    ----------
    folds : list of ndarray of int
        The row numbers of each fold.
    members : list of list of Member
        For each setting, the member that belongs to each fold.
    candidate : Candidate
        A setting, which has the targets, the loss and the class weights of all.
    samples : Samples
        The data, with the targets as the user gave them.
    """

    def __init__(self, folds, members, candidate, samples):
        self.folds = folds
        self._members = members
        self._given_weight = samples.sample_weight
        self._loss = loss = candidate.targets.make_loss(candidate.network)
        self._targets = targets = candidate.targets.scaled(samples.part(), loss)
        part = weighed_part(replace(candidate, targets=targets), samples)
        self._y, self._weight = part.y, scaled_weights(part.sample_weight)
        self._losses_of = LossOfMeans(loss, targets, self._y, self._weight)
        self._times = np.bincount(np.concatenate(folds), minlength=len(self._y))

    @property
    def rows(self):
        """The numbers of the samples that are in a fold."""
        return np.flatnonzero(self._times)

    @cached_property
    def _relevant(self):
        """That part of each setting's predictions on whose mean the loss depends, of
        shape (n_settings, n_samples, n_targets)."""
        return np.array(
            [
                self._losses_of.relevant(
                    self._mean([member.predictions for member in of_setting])
                )
                for of_setting in self._members
            ]
        )

    def _mean(self, predictions):
        """Predictions for each fold as predictions for all samples: means where folds
        overlap, NaN for samples that are in none."""
        total = np.zeros((len(self._y), predictions[0].shape[1]))
        for rows, of_fold in zip(self.folds, predictions, strict=True):
            np.add.at(total, rows, of_fold)
        with np.errstate(invalid="ignore"):
            return total / self._times[:, np.newaxis]

    @cached_property
    def weights(self):
        """The weight of each setting."""
        return greedy_weights(self._relevant, self._losses_of, self.rows)

    @property
    def shares(self):
        """For each fold the weights of its samples, divided by the number of folds that
        they are in; and the number of samples that have a weight."""
        weight = self._given_weight
        if weight is None:
            weight = np.ones(len(self._y))
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = weight / weight.max() / self._times
        n_samples = np.count_nonzero(weight[self.rows])
        return [shares[rows] for rows in self.folds], n_samples

    @property
    def predictions(self):
        """What the ensemble predicts for each sample, shape (n_samples, n_columns),
        from networks that have not seen it. NaN for samples that are in no fold."""
        return self._mean(self.by_fold)

    @cached_property
    def by_fold(self):
        """The same for each fold, of shape (n_rows, n_columns): with weights that the
        other folds have chosen."""
        of_folds = []
        for fold, rows in enumerate(self.folds):
            others = np.setdiff1d(self.rows, rows)
            # Where there is a single fold, nothing else can tell.
            weights = np.full(len(self._members), 1 / len(self._members))
            if len(others) > 0:
                weights = greedy_weights(self._relevant, self._losses_of, others)
            of_settings = [of_setting[fold].predictions for of_setting in self._members]
            of_folds.append(np.tensordot(weights, of_settings, axes=1))
        return of_folds

    @cached_property
    def loss(self):
        """The mean loss of `predictions`."""
        relevant = self._losses_of.relevant(self.predictions)[np.newaxis, self.rows]
        loss = self._losses_of(relevant, self.rows)[0]
        return float(self._loss.shown(loss, relevant.shape[-1]))

    @property
    def loss_of_constant(self):
        """That of the constant which fits these samples best."""
        y, rows, loss = self._y[self.rows], self.rows, self._loss
        if loss.is_of_classes:
            loss = type(loss)()  # without smoothing, as in `loss`
        weight = None if self._weight is None else self._weight[rows]
        n_outputs = self._targets.n_outputs
        constant = loss.best_constant(y, n_outputs, weight)
        raw = np.broadcast_to(constant, (len(y), n_outputs))
        return loss.average(raw, y, weight)
