"""Where the values of a feature lie: its center, its scale, its knots.

Differences are taken of halves, where they do not overflow.
"""

import sys
from dataclasses import dataclass

import numpy as np

#: The scale of features without spread: on it, everything is at the center.
NO_SPREAD = np.inf


@dataclass(frozen=True, eq=False)
class Distribution:
    """The values of one feature in those samples that have a weight.

    Parameters
    ----------
    values : ndarray of float64 of shape (n_values,)
        The distinct values, in increasing order.
    rows : ndarray of int of shape (n_known,)
        The samples in which it is not missing.
    ranks : ndarray of int of shape (n_known,)
        The place of the value of each of them among the distinct ones.
    sample_weight : ndarray of shape (n_known,)
        The weight of each of them.
    has_missing : bool
        Whether there are others.
    """

    values: np.ndarray
    rows: np.ndarray
    ranks: np.ndarray
    sample_weight: np.ndarray
    has_missing: bool

    @classmethod
    def of(cls, x, sample_weight):
        """The distribution of a feature, whose value in each sample is given."""
        counts, is_missing = sample_weight > 0, np.isnan(x)
        rows = np.flatnonzero(counts & ~is_missing)
        values, ranks = np.unique(x[rows].astype(np.float64), return_inverse=True)
        has_missing = bool((counts & is_missing).any())
        return cls(values, rows, ranks, sample_weight[rows], has_missing)

    def quantiles(self, n_parts):
        """The values that cut the samples into parts of equal weight, with the smallest
        and the largest one: for each level, the first value that reaches it."""
        reached = np.cumsum(np.bincount(self.ranks, self.sample_weight))
        # Products, and not shares, so that integer weights make no rounding errors, and
        # mean the same as repeated samples.
        levels = np.arange(n_parts + 1) * reached[-1]
        return self.values[np.searchsorted(reached * n_parts, levels)]

    def center_and_scale(self):
        """The median, and the difference of the quartiles; where these agree, half the
        range."""
        if self.values.size == 0:
            return 0.0, NO_SPREAD
        low, first, center, third, high = map(float, self.quantiles(4))
        half = third / 2 - first / 2 or high / 4 - low / 4
        return center, min(2 * half, sys.float_info.max) if half else NO_SPREAD

    def knots(self, n_bins, cut):
        """The knots, none if there would be no more than two: the place between these
        is a linear function, as the scaled value is.

        Parameters
        ----------
        n_bins : int
            The number of segments between knots, at most.
        cut : callable
            Takes the distribution and `n_bins`, and returns knots in increasing order.
            It is not called if there is room for a knot at each value.

        Returns
        -------
        knots : ndarray of float64 of shape (n_knots,)
            The knots, in strictly increasing order, with the smallest and the largest
            value.
        """
        has_room = self.values.size <= n_bins + 1
        knots = self.values if has_room else cut(self, n_bins)
        knots = knots[np.diff(knots / 2, prepend=-np.inf) > 0]
        return knots if knots.size > 2 else knots[:0]


@dataclass(frozen=True, eq=False)
class TreeCuts:
    """Knots where a decision tree that predicts the target from the feature splits it.

    Parameters
    ----------
    tree : DecisionTreeClassifier or DecisionTreeRegressor
        The tree, which is fitted to one feature after the other.
    y : ndarray of shape (n_samples, n_outputs)
        The target of each sample.
    """

    tree: object
    y: np.ndarray

    def __call__(self, distribution, n_bins):
        values = distribution.values
        if n_bins == 1:  # too few leaves for a tree
            return values[[0, -1]]
        # Of ranks, which float32 can hold, in which trees compare.
        self.tree.set_params(max_leaf_nodes=n_bins).fit(
            distribution.ranks[:, None],
            self.y[distribution.rows],
            sample_weight=distribution.sample_weight,
        )
        nodes = self.tree.tree_
        splits = np.sort(nodes.threshold[nodes.children_left >= 0])
        between = 2 * np.interp(splits, np.arange(values.size), values / 2)
        return np.concatenate([values[:1], between, values[-1:]])
