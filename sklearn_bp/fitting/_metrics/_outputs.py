"""What metrics are computed from: what is known of the rows, and the outputs of several
networks for them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._targets import ClassTargets

#: The largest array, in bytes, that sums over rows are computed with: rows are taken in
#: blocks, so that it does not grow with their number. (A row of all networks is the
#: smallest block.)
MAX_BYTES = 2**20


class LeftToScikitLearn(Exception):
    """A metric is not computed here, for these rows or with these keywords."""


class Truth:
    """What is known of the rows that networks are measured on.

    Parameters
    ----------
    targets : ClassTargets or NumberTargets
        What the targets are.
    loss : Loss
        The networks' loss.
    part : Part
        The rows.

    Attributes
    ----------
    is_of_classes : bool
        Whether the targets are class labels.
    is_multilabel : bool
        Whether there are several for each row.
    classes : list
        The labels, as the user gave them; empty if there are none.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Numbers of classes; in multilabel problems whether each label is set; otherwise
        the targets in the user's units, in float64.
    weight : ndarray of float64 of shape (n_rows,), or None
        The weights.
    total : float
        Their sum, or the number of rows.
    """

    def __init__(self, targets, loss, part):
        self.targets, self.loss = targets, loss
        self.is_of_classes = isinstance(targets, ClassTargets)
        self.is_multilabel = self.is_of_classes and targets.is_multilabel
        self.classes = targets.classes.tolist() if self.is_of_classes else []
        self.n_rows = len(part)
        self.weight = part.sample_weight
        self.total = self.n_rows if self.weight is None else self.weight.sum()
        if self.is_multilabel:
            self.y = part.y > 0
        elif self.is_of_classes:
            self.y = part.y[:, 0].astype(np.intp)
        else:
            given = np.asarray(part.given_y, dtype=np.float64)
            self.y = given.reshape(self.n_rows, -1)

    @property
    def is_binary(self):
        """Whether a single output stands for two classes."""
        return len(self.classes) == 2 and not self.is_multilabel

    def number_of(self, label):
        """The number of a class."""
        try:
            return self.classes.index(label)
        except ValueError:
            raise LeftToScikitLearn from None

    def check_labels(self, labels):
        """Leave to scikit-learn what is not of all classes in their order."""
        if labels is None or list(labels) != self.classes:
            raise LeftToScikitLearn

    @cached_property
    def members(self):
        """Whether each row is of each class, shape (n_rows, n_classes)."""
        if self.is_multilabel:
            return self.y
        return self.y[:, np.newaxis] == np.arange(len(self.classes))

    @cached_property
    def support(self):
        """The total weight of the rows of each class."""
        return self.sum(self.members)

    @cached_property
    def occurs(self):
        """Whether there are rows of each class, of any weight; columns of labels always
        count."""
        return self.members.any(axis=0) | self.is_multilabel

    def sum(self, values):
        """Sum over the rows, weighted."""
        if self.weight is None:
            return values.sum(axis=0, dtype=np.float64)
        return np.einsum("r,r...->...", self.weight, values)

    def mean(self, values):
        """Average over the rows, weighted."""
        return self.sum(values) / self.total


class Outputs:
    """The outputs of several networks for the same rows.

    Parameters
    ----------
    truth : Truth
        What is known of the rows.
    evaluation : Evaluation
        What an engine has computed for them.
    """

    def __init__(self, truth, evaluation):
        self.truth = truth
        self.n_networks = len(evaluation.raw)
        self._evaluation = evaluation
        self._totals, self._by_class, self._only_block = {}, {}, None

    def total(self, statistic):
        """The sum over all rows of what a function returns for blocks of them. It is
        computed once, however many metrics ask for it."""
        if statistic not in self._totals:
            self._totals[statistic] = sum(map(statistic, self.blocks()))
        return self._totals[statistic]

    def mean(self, statistic):
        """The same, divided by the sum of the weights."""
        return self.total(statistic) / self.truth.total

    def blocks(self):
        """The rows, block by block. A single block keeps what is computed for it."""
        raw = self._evaluation.raw
        bytes_of_row = raw[:, :1].size * np.dtype(np.float64).itemsize
        n_rows = max(1, MAX_BYTES // bytes_of_row)
        if n_rows >= self.truth.n_rows:
            if self._only_block is None:
                self._only_block = self._block(slice(None))
            yield self._only_block
            return
        for start in range(0, self.truth.n_rows, n_rows):
            yield self._block(slice(start, start + n_rows))

    def _block(self, rows):
        truth = self.truth
        raw, losses, winners = self._evaluation
        return Block(
            truth,
            raw[:, rows],
            losses[:, rows],
            None if winners is None else winners[:, rows],
            truth.y[rows],
            None if truth.weight is None else truth.weight[rows],
        )

    def by_class(self, response):
        """What the method `response` returns, shape (n_columns, n_networks, n_rows),
        with a single column for two classes. Once for all metrics."""
        if response not in self._by_class:
            parts = [
                np.moveaxis(block.scores(response), -1, 0) for block in self.blocks()
            ]
            self._by_class[response] = np.concatenate(parts, axis=-1)
        return self._by_class[response]

    def predictions_of(self, output):
        """The predictions of one target, shape (n_networks, n_rows)."""
        parts = [block.predictions[..., output] for block in self.blocks()]
        return np.concatenate(parts, axis=1)

    @cached_property
    def are_finite(self):
        """Whether each network's raw outputs are finite. (Sums that overflow are taken
        for infinite outputs, and left to scikit-learn.)"""
        with np.errstate(all="ignore"):
            return np.isfinite(self._evaluation.raw.sum(axis=(1, 2)))


@dataclass(eq=False)
class Block:
    """The outputs of several networks for some of the rows.

    Parameters
    ----------
    truth : Truth
        What is known of all rows.
    raw : ndarray of shape (n_networks, n_rows, n_outputs)
        Raw outputs.
    losses : ndarray of shape (n_networks, n_rows)
        The loss of each row.
    winners : ndarray of shape (n_networks, n_rows), or None
        The numbers of the largest outputs.
    y, weight : ndarray
        Those of these rows.
    """

    truth: Truth
    raw: np.ndarray
    losses: np.ndarray
    winners: Any
    y: np.ndarray
    weight: Any

    def sum(self, values):
        """Sum over the rows, which are the second axis, weighted."""
        if self.weight is None:
            return values.sum(axis=1, dtype=np.float64)
        return np.einsum("nr...,r->n...", values, self.weight)

    @property
    def predicted(self):
        """The numbers of predicted classes or, in multilabel problems, whether each
        label is."""
        if self.truth.is_multilabel:
            return self.raw > 0
        return self.raw[..., 0] > 0 if self.truth.is_binary else self.winners

    @cached_property
    def probabilities(self):
        """Those of each class; for two classes, of the second one."""
        raw = np.ascontiguousarray(self.raw)
        flat = self.truth.loss.prediction(raw.reshape(-1, raw.shape[-1]))
        return flat.reshape(raw.shape)

    def scores(self, response):
        """What a method of the estimator returns for each class; for two classes, for
        the second one."""
        return self.raw if response == "decision_function" else self.probabilities

    @cached_property
    def predictions(self):
        """Numbers in the user's units, shape (n_networks, n_rows, n_targets)."""
        truth = self.truth
        predictions = truth.targets.predictions(self.raw, truth.loss)
        return np.asarray(predictions, dtype=np.float64)
