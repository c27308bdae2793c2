"""Means over folds that share their data."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student


class FoldSizes(NamedTuple):
    """What a study remembers of its folds.

    Parameters
    ----------
    n_train, n_test : tuple of int
        The numbers of samples that each fold is trained and tested on.
    repeats : tuple of int
        The number of the repeat that each fold belongs to. Folds of one repeat follow
        each other, and share no sample that they are tested on.
    """

    n_train: tuple
    n_test: tuple
    repeats: tuple

    @classmethod
    def of(cls, folds):
        """The sizes of folds that are given as row numbers."""
        repeats, repeat = [], 0
        is_tested = np.zeros(1 + max(test.max() for _, test in folds), dtype=bool)
        for _, test in folds:
            if is_tested[test].any():
                repeat += 1
                is_tested[:] = False
            is_tested[test] = True
            repeats.append(repeat)
        n_train, n_test = (tuple(map(len, parts)) for parts in zip(*folds, strict=True))
        return cls(n_train, n_test, tuple(repeats))

    def without(self, numbers):
        """Those of all but some folds."""
        return FoldSizes(
            *(tuple(np.delete(part, list(numbers)).tolist()) for part in self)
        )


class Mean(NamedTuple):
    """A mean over folds that share their data.

    Parameters
    ----------
    value : float
        The mean.
    standard_error : float
        Its standard error; NaN for a single fold.
    n_folds : int
        The number of folds.
    """

    value: float
    standard_error: float
    n_folds: int

    @classmethod
    @np.errstate(invalid="ignore")  # of infinite losses
    def of(cls, values, sizes):
        """The mean of a value for each fold, with the error of Nadeau & Bengio.

        The folds' values are not independent: they are of networks that were trained on
        much the same samples. For independent ones, the variance of the mean would be
        that of the values, divided by their number; to this number's inverse is added
        the ratio of the sizes of the test and the training part. Repeated folds are
        more values of the same ratio, as in Bouckaert & Frank.
        """
        n_folds = len(values)
        if n_folds == 1:
            return cls(float(values[0]), np.nan, 1)
        share = 1 / n_folds + np.divide(sizes.n_test, sizes.n_train).mean()
        error = np.std(values, ddof=1) * np.sqrt(share)
        return cls(float(np.mean(values)), float(error), n_folds)

    def interval(self, confidence):
        """Its lower and upper confidence limit, by Student's distribution."""
        quantile = student.ppf((1 + confidence) / 2, self.n_folds - 1)
        margin = quantile * self.standard_error
        return self.value - margin, self.value + margin

    @property
    def p_value(self):
        """The probability of a mean this far from 0, if it is 0 in truth. NaN if all
        values are equal, which says nothing of how much they vary."""
        if self.standard_error <= 1e-12 * abs(self.value):
            return 1.0 if self.value == 0 else np.nan
        ratio = abs(self.value) / self.standard_error
        return float(2 * student.sf(ratio, self.n_folds - 1))


def sizes_that_count(study):
    """The sizes of the folds that mean scores are over."""
    first = valid_settings(study)[0]
    return study.folds.without(study.curves[first].left_out)


def valid_settings(study):
    """The numbers of the settings that have not failed."""
    return [index for index, error in enumerate(study.errors) if error is None]
