"""The data of a training: samples that have been checked, and parts of their rows."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..utils import take_rows


@dataclass(frozen=True, eq=False)
class Samples:
    """Data that have been checked.

    Parameters
    ----------
    X, y, sample_weight : arrays
        Data, encoded targets, and weights or None, as the engines take them.
    given : tuple of array-like, default=(None, None)
        X and y as given by the user, for scorers; with a pipeline also groups, if its
        steps may request them.
    scaling : Scaling, default=None
        What was done to the user's features.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    given: tuple = (None, None)
    scaling: Any = None

    def part(self, rows=None):
        """Some of the rows, or all of them."""
        return Part(self, rows)

    def weighted(self, sample_weight):
        """The same data with other weights."""
        return replace(self, sample_weight=sample_weight)


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of some samples, which a network is trained or measured on.

    Rows are given by number, so that no part is a copy.

    Parameters
    ----------
    samples : Samples
        The samples.
    rows : ndarray of int64 of shape (n_rows,) or None
        The numbers of the rows; None stands for all.
    """

    samples: Samples
    rows: np.ndarray | None

    def __len__(self):
        return self.samples.X.shape[0] if self.rows is None else len(self.rows)

    @property
    def n_counting(self):
        """The number of rows that have a weight."""
        weight = self.sample_weight
        return len(self) if weight is None else int(np.count_nonzero(weight))

    @cached_property
    def X(self):
        """The data of these rows."""
        return self._of_rows(self.samples.X)

    @cached_property
    def y(self):
        """The encoded targets of these rows."""
        return self._of_rows(self.samples.y)

    @cached_property
    def sample_weight(self):
        """The weights of these rows, or None."""
        weight = self.samples.sample_weight
        return None if weight is None else self._of_rows(weight)

    @cached_property
    def given_X(self):
        """The data of these rows, as given by the user."""
        return self._of_given(self.samples.given[0])

    @cached_property
    def given_y(self):
        """The targets of these rows, as given by the user."""
        return self._of_given(self.samples.given[1])

    def as_copy(self):
        """All rows of samples that hold no others."""
        given = self.given_X, self.given_y
        samples = replace(
            self.samples,
            X=self.X,
            y=self.y,
            sample_weight=self.sample_weight,
            given=given,
        )
        return samples.part()

    def _of_rows(self, array):
        return array if self.rows is None else array[self.rows]

    def _of_given(self, array):
        return array if self.rows is None else take_rows(array, self.rows)
