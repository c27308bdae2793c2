"""A study that is ready to begin."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np

from ..fitting import check_hidden_layer_sizes
from ..network import LOSSES
from ..training import bytes_of_training, operations_of_epoch
from ..utils import has_callbacks, plain_number
from ._fold import Follower
from ._means import FoldSizes
from ._pipelines import transformations_of_targets
from ._scoring import Scoring

#: Parameters that make losses different quantities.
PARAMETERS_OF_LOSSES = (
    "loss",
    *sorted({name for loss in LOSSES.values() for name in loss.parameters}),
)


@dataclass(frozen=True)
class Plan:
    """A study that is ready to begin.

    Parameters
    ----------
    candidates : list of Candidate
        What is trained.
    samples : list of Samples
        The data of each candidate; most of them share all arrays.
    folds : list of tuple of ndarray
        Row numbers for training and for testing.
    scoring : Scoring
        What they are measured by.
    engine : {"auto", "compiled", "reference"}
        The engine that computes, also in other threads and processes.
    drawn_anew : str, default=''
        What draws other random numbers in each call, if anything does.
    label : str, default=''
        What lines about the study begin with.
    smaller : tuple of Plan, default=()
        The same study on smaller training parts, in ascending order of size.
    limits : tuple of float, default=None
        What a group of trainings may take for each that the engine runs at a time:
        multiplications and additions, and memory; None are those for studies.
    """

    candidates: list
    samples: list
    folds: list
    scoring: Scoring
    engine: str
    drawn_anew: str = ""
    label: str = ""
    smaller: tuple = ()
    limits: tuple | None = None

    @property
    def train_size(self):
        """The number of rows that networks are trained on, the mean over the folds."""
        return round(np.mean([len(train) for train, _ in self.folds]))

    @cached_property
    def fold_sizes(self):
        """What a study remembers of the folds."""
        return FoldSizes.of(self.folds)

    @property
    def compares_losses(self):
        """Whether the losses of all candidates are the same quantity."""
        kinds = {
            (
                *(getattr(c.network, name, None) for name in PARAMETERS_OF_LOSSES),
                *transformations_of_targets(c.pipeline),
            )
            for c in self.candidates
        }
        return len(kinds) == 1

    def n_epochs(self, number, share):
        """The number of epochs in a share of a candidate's training."""
        max_iter = plain_number(self.candidates[number].network.max_iter)
        return math.ceil(share * max_iter)

    def arguments(self, number, fold, n_epochs, task=None):
        """The arguments of `train_fold` for a candidate and a fold."""
        return (
            self.candidates[number].in_fold(fold),
            *self.folds[fold],
            self.scoring,
            n_epochs,
            self.engine,
            task,
            *self._arrays(number),
        )

    def arguments_of_group(self, jobs):
        """The arguments of `train_folds` for candidates that have the same samples."""
        members = [
            (self.candidates[number].in_fold(fold), *self.folds[fold], n_epochs)
            for number, fold, n_epochs in jobs
        ]
        return members, self.scoring, self.engine, *self._arrays(jobs[0].number)

    def _arrays(self, number):
        samples = self.samples[number]
        return samples.X, samples.y, samples.sample_weight, *samples.given

    def is_plain(self, number):
        """Whether a candidate's training does nothing but calls of the engine."""
        candidate = self.candidates[number]
        network = candidate.network
        return not (
            candidate.pipeline is not None
            or self.scoring.calls_user_code
            or callable(network.scoring)
            or network.solver == "lbfgs"
            or has_callbacks(network)
        )

    def operations(self, number, n_epochs):
        """The approximate number of multiplications and additions in training and
        measuring a candidate; infinite if user code is involved."""
        candidate, X = self.candidates[number], self.samples[number].X
        if candidate.pipeline is not None or self.scoring.calls_user_code:
            return math.inf
        n_coefs = sum(below * above for below, above in pairwise(self._sizes(number)))
        return operations_of_epoch(n_coefs, X.shape[0]) * n_epochs

    def n_bytes(self, number):
        """About how much memory a candidate's training takes, without the data."""
        sizes, n_rows = self._sizes(number), max(len(train) for train, _ in self.folds)
        n_numbers = sum(map(prod, pairwise(sizes))) + n_rows * sizes[-1]
        of_follower = min(Follower.MAX_BYTES, 8 * Follower.MAX_NETWORKS * n_numbers)
        of_copy = self.candidates[number].n_bytes_of_copy(self.samples[number])
        return bytes_of_training(sizes, n_rows) + of_follower + of_copy

    def _sizes(self, number):
        """The numbers of features, units and outputs."""
        network = self.candidates[number].network
        hidden = check_hidden_layer_sizes(network.hidden_layer_sizes)
        n_features = self.samples[number].X.shape[1]
        return n_features, *hidden, self.candidates[number].targets.n_outputs

    def cost(self, number, fold, n_epochs):
        """What a training costs, in a unit that all trainings share."""
        train, _ = self.folds[fold]
        if self._has_user_code:
            return float(len(train) * n_epochs)
        return len(train) * self.operations(number, n_epochs)

    @cached_property
    def _has_user_code(self):
        numbers = range(len(self.candidates))
        return any(math.isinf(self.operations(number, 1)) for number in numbers)
