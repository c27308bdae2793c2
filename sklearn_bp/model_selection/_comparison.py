"""Which settings differ: their scores side by side, with honest standard errors."""

from dataclasses import dataclass

import numpy as np

from ._means import Mean, sizes_that_count, valid_settings
from ._plain import PlainState
from ._reports import Report
from ._summary import count, format_params


@dataclass(frozen=True, eq=False, repr=False)
class SettingsComparison(PlainState, Report):
    """What :meth:`OverfittingStudy.compare` returns.

    Arrays have an element for each setting, in the order of the study. That of the
    reference is a difference of 0 with a p-value of 1; those of settings that failed
    are NaN.

    Parameters
    ----------
    params : list of dict
        The settings.
    reference : int
        The number of the setting that the others are compared with.
    epochs : ndarray of shape (n_settings,)
        The epoch after which each is taken.
    differences : ndarray of shape (n_settings,)
        Its mean test score minus that of the reference.
    standard_errors : ndarray of shape (n_settings,)
        The standard errors of these; NaN for a single fold.
    lower, upper : ndarray of shape (n_settings,)
        The confidence interval of each difference, taken by itself.
    p_values : ndarray of shape (n_settings,)
        How likely a difference as large as this is, in either direction, where there is
        none in truth; for each comparison by itself.
    adjusted_p_values : ndarray of shape (n_settings,)
        The same for all comparisons together: times their number, at most 1.
    confidence : float
        The level of the intervals.
    score_name : str
        The name of the score.
    """

    params: list
    reference: int
    epochs: np.ndarray
    differences: np.ndarray
    standard_errors: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_values: np.ndarray
    adjusted_p_values: np.ndarray
    confidence: float
    score_name: str

    @property
    def told_apart(self):
        """The numbers of the settings that differ from the reference, all comparisons
        taken together at the level of the intervals; those of the largest differences
        first."""
        differ = np.flatnonzero(self.adjusted_p_values <= 1 - self.confidence)
        return sorted(differ.tolist(), key=lambda index: -abs(self.differences[index]))

    @property
    def not_told_apart(self):
        """The numbers of the settings that may be as good as the reference."""
        others = set(np.flatnonzero(~np.isnan(self.differences)).tolist())
        return sorted(others - {self.reference, *self.told_apart})

    def to_frame(self):
        """Make a :class:`pandas.DataFrame`.

        Returns
        -------
        frame : DataFrame
            A row for each setting: a column for each parameter, and one for each array.
        """
        import pandas as pd

        return pd.DataFrame(self.params).join(pd.DataFrame(self._columns()))

    def _columns(self):
        return {
            "epoch": self.epochs,
            "difference": self.differences,
            "standard_error": self.standard_errors,
            "lower": self.lower,
            "upper": self.upper,
            "p_value": self.p_values,
            "adjusted_p_value": self.adjusted_p_values,
        }

    def _lines(self):
        reference = format_params(self.params[self.reference])
        yield (
            f"SettingsComparison of {count(len(self.params), 'setting')} by"
            f" {self.score_name}"
        )
        yield (
            f"{len(self.told_apart)} can be told apart from {reference} after epoch"
            f" {self.epochs[self.reference]}, {len(self.not_told_apart)} cannot"
        )

    def _table(self):
        columns = self._columns()
        header = ["setting", *(name.replace("_", " ") for name in columns)]
        values = zip(*(column.tolist() for column in columns.values()), strict=True)
        names = map(format_params, self.params)
        return header, [[name, *row] for name, row in zip(names, values, strict=True)]

    def _draw(self, figure):
        figure.set_size_inches(size_of_comparison(self))
        draw_comparison(figure.subplots(), self)


def size_of_comparison(comparison):
    """The size of its picture in inches."""
    return 8, 1.4 + 0.3 * len(comparison.params)


def draw_comparison(ax, comparison):
    """Draw the differences with their intervals, a row for each setting."""
    rows = np.arange(len(comparison.params))
    differences = comparison.differences
    margins = differences - comparison.lower, comparison.upper - differences
    ax.errorbar(differences, rows, xerr=margins, fmt="o", capsize=3)
    ax.axvline(0, color="#555555", linestyle=":", linewidth=1)
    names = [format_params(params) for params in comparison.params]
    ax.set_yticks(rows, names, parse_math=False)
    ax.invert_yaxis()
    ax.set_xlabel(f"difference of the mean test {comparison.score_name}")


@np.errstate(invalid="ignore")  # of infinite losses
def compare(study, reference, epochs, confidence):
    """Compare the settings of a study, see `OverfittingStudy.compare`.

    Parameters
    ----------
    study : OverfittingStudy
        A study that knows its folds.
    reference : int
        The number of the setting that the others are compared with.
    epochs : list of int
        The epoch after which each setting is taken.
    confidence : float
        The level of the intervals.

    Returns
    -------
    comparison : SettingsComparison
        The differences.
    """
    sizes, valid = sizes_that_count(study), valid_settings(study)
    rows = np.full((len(study.params), 5), np.nan)
    scores = {i: study.curves[i].counting_scores("test")[epochs[i] - 1] for i in valid}
    for index in valid:
        mean = Mean.of(scores[index] - scores[reference], sizes)
        rows[index] = (*mean[:2], *mean.interval(confidence), mean.p_value)
    rows[reference] = 0, 0, 0, 0, 1
    differences, errors, lower, upper, p_values = rows.T.copy()
    return SettingsComparison(
        study.params,
        reference,
        np.array(epochs),
        differences,
        errors,
        lower,
        upper,
        p_values,
        np.minimum(1, p_values * max(1, len(valid) - 1)),
        confidence,
        study.score_name,
    )
