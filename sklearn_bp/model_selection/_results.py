"""The results of a study, and what can be read off them."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ..fitting import check_hidden_layer_sizes
from ..utils import PlainNumbers
from ._epoch_curve import EpochCurve
from ._honest import HonestScores
from ._means import FoldSizes
from ._page import draw_best, sections_of
from ._plain import PlainState, revive
from ._ranking import best_first
from ._reports import Report
from ._summary import count, format_error, format_params, format_score, summarize
from ._tables import Tables

RULES = ("best", "one_standard_error")


def check_rule(rule, n_folds):
    """Raise a ValueError if there is no such rule, or if it cannot be followed."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {RULES}, got {rule!r}.")
    if rule == "one_standard_error" and n_folds == 1:
        raise ValueError(
            "rule='one_standard_error' needs a standard error over two or more folds,"
            " got scores of a single fold. Use more folds in cv, or rule='best'."
        )


class Choice(NamedTuple):
    """A setting and an epoch.

    Parameters
    ----------
    index : int
        The number of the setting.
    params : dict
        The setting.
    epoch : int
        The number of epochs after which training is best stopped.
    score : float
        The mean test score over the folds after that epoch.
    standard_error : float
        The standard error of that mean; NaN for a single fold.
    """

    index: int
    params: dict
    epoch: int
    score: float
    standard_error: float


@dataclass(frozen=True, eq=False, repr=False)
class OverfittingStudy(PlainState, HonestScores, Tables, Report):
    """What :func:`overfitting_study` returns.

    Two of them are equal if everything but the times is.

    Parameters
    ----------
    params : list of dict
        The settings, in the order of the grid.
    curves : list of EpochCurve
        Losses and scores of each setting by epoch and fold. One that was given up early
        has fewer epochs, and one whose training failed has a single epoch of NaN.
    errors : list of str or None
        Why each setting failed, or None.
    simplicities : list of tuple
        The smaller, the simpler the model: its number of hidden units, and its
        penalty, dropout and label smoothing with the opposite sign.
    score_name : str
        The name of the score.
    compares_losses : bool, default=True
        Whether the losses of all settings are the same quantity.
    rule : {'best', 'one_standard_error'}, default='best'
        How `best_params_` and the like are chosen, see `select`.
    given_up : tuple of int, default=()
        The numbers of the settings whose training was cut short by halving.
    train_size : int, default=None
        The number of rows that networks are trained on, the mean over the folds.
    smaller : dict, default={}
        The studies of smaller training parts, by size in ascending order; see
        `at_size`.
    folds : FoldSizes, default=None
        The numbers of samples in the parts of each fold, `n_train` and `n_test`, and
        the number of the repeat that it belongs to, `repeats`. None if they are
        unknown.

    Attributes
    ----------
    best_index_ : int
        The number of the chosen setting.
    best_params_ : dict
        The chosen setting.
    best_epoch_ : int
        The number of epochs after which training is best stopped.
    best_score_ : float
        The mean test score over the folds after that epoch.
    cv_results_ : dict of ndarray
        What `cv_results` returns.
    train_sizes : ndarray of shape (n_sizes,)
        The sizes that were studied, `train_size` last.
    """

    params: list
    curves: list
    errors: list
    simplicities: list
    score_name: str
    compares_losses: bool = True
    rule: str = "best"
    given_up: tuple = ()
    train_size: int | None = None
    smaller: dict = field(default_factory=dict)
    folds: FoldSizes | None = None

    @classmethod
    def of(cls, plan, curves, errors, given_up=()):
        """The study of a plan, some of whose candidates may have no curves yet."""
        return cls(
            [candidate.params for candidate in plan.candidates],
            list(curves),
            list(errors),
            [_simplicity(candidate.network) for candidate in plan.candidates],
            plan.scoring.title,
            plan.compares_losses,
            given_up=tuple(given_up),
            train_size=plan.train_size,
            folds=plan.fold_sizes,
        )

    def _plain_parts(self):
        return {
            "curves": [curve.__getstate__() for curve in self.curves],
            "smaller": {n: study.__getstate__() for n, study in self.smaller.items()},
            "folds": self.folds and tuple(self.folds),
        }

    def _revived_parts(self, plain):
        smaller, folds = plain["smaller"].items(), plain["folds"]
        return {
            "curves": [revive(EpochCurve, curve) for curve in plain["curves"]],
            "smaller": {n: revive(OverfittingStudy, study) for n, study in smaller},
            "folds": folds and FoldSizes(*folds),
        }

    # ---- sizes of the training parts ---------------------------------------------

    @property
    def train_sizes(self):
        return np.array([*self.smaller, self.train_size])

    def at_size(self, train_size):
        """The study of the same settings, trained on fewer rows of each fold.

        Parameters
        ----------
        train_size : int
            The number of rows, one of `train_sizes`.

        Returns
        -------
        study : OverfittingStudy
            Curves on the same test parts; this study itself for all rows.

        Raises
        ------
        ValueError
            If this size was not studied.
        """
        if train_size == self.train_size:
            return self
        if train_size not in self.smaller:
            raise ValueError(
                f"train_size must be one of {self.train_sizes.tolist()}, got"
                f" {train_size!r}. Others are studied if they are in train_sizes of"
                " overfitting_study."
            )
        return replace(self.smaller[train_size], rule=self.rule)

    @property
    def metrics(self):
        """The names of the metrics, if there are several."""
        return tuple(self.curves[0].by_metric)

    def of_metric(self, name):
        """The same study by another of several metrics.

        What it chooses, its tables, words and pictures are by that metric. Settings
        that were given up early were so by the metric that the whole study chooses by.

        Parameters
        ----------
        name : str
            The name of one of several metrics.

        Returns
        -------
        study : OverfittingStudy
            A study with the same losses.

        Raises
        ------
        ValueError
            If there is no such metric, or no setting has a score.
        """
        curves = [curve.of_metric(name) for curve in self.curves]
        errors = [
            error if curve.has_failed else _why_without(curve, name)
            for curve, error in zip(curves, self.errors, strict=True)
        ]
        if None not in errors:
            raise ValueError(f"No setting has the score {name!r}: {errors[0]}")
        smaller = {}
        for size, study in self.smaller.items():
            with suppress(ValueError):  # that size has no such score
                smaller[size] = study.of_metric(name)
        title = curves[0].score_name
        return replace(
            self, curves=curves, errors=errors, score_name=title, smaller=smaller
        )

    # ---- choosing ----------------------------------------------------------------

    def select(self, rule=None, epoch=None):
        """Choose a setting and an epoch.

        Parameters
        ----------
        rule : {'best', 'one_standard_error'}, default=None
            'best' is the largest mean test score. 'one_standard_error' is the simplest
            model whose mean is at most one standard error below that [1]_, [2]_: the
            fewest hidden units; among these, the largest alpha, dropout and label
            smoothing; among these, the fewest epochs. None is the study's own rule.
        epoch : int, default=None
            Compare the settings after this many epochs, or after their last if they
            were given up earlier; None chooses the epoch as well.

        Returns
        -------
        choice : Choice
            A tuple of index, params, epoch, score and standard_error.

        Raises
        ------
        ValueError
            If there is no such rule or epoch, if no setting has a score after that
            epoch, or if the rule needs a standard error and there is a single fold.

        References
        ----------
        .. [1] Breiman, L., Friedman, J., Olshen, R. & Stone, C. (1984).
           "Classification and Regression Trees." Section 3.4.3.

        .. [2] Hastie, T., Tibshirani, R. & Friedman, J. (2009). "The Elements of
           Statistical Learning." Section 7.10.
        """
        rule = self.rule if rule is None else rule
        check_rule(rule, self.n_scored_folds)
        best = self._choice(self.ranking(epoch)[0], epoch)
        if np.isnan(best.score):
            raise ValueError(
                f"No setting has a score after epoch {epoch}. With score_epochs, or"
                " where a score is undefined, choose another epoch, or epoch=None."
            )
        if rule == "best":
            return best
        threshold = best.score - best.standard_error
        if not np.isfinite(threshold):  # of an infinite loss in a fold
            return best
        simplest_first = sorted(
            range(len(self.params)), key=lambda index: self.simplicities[index]
        )
        good_enough = [
            (self.simplicities[index], within[0], index)
            for index in simplest_first
            if len(within := self._epochs_within(index, threshold, epoch)) > 0
        ]
        _, epoch, index = min(good_enough)
        return self._choice(index, int(epoch))

    def by(self, rule):
        """The same study with another rule.

        Parameters
        ----------
        rule : {'best', 'one_standard_error'}
            How `best_params_` and the like are chosen, see `select`.

        Returns
        -------
        study : OverfittingStudy
            A study with the same curves.
        """
        study = replace(self, rule=rule)
        study.select()  # raises an error if the rule cannot be followed
        return study

    @property
    def n_scored_folds(self):
        """The number of folds that mean test scores are over."""
        valid = (i for i, error in enumerate(self.errors) if error is None)
        return min((self.curves[i].n_scored_folds for i in valid), default=0)

    @property
    def best_index_(self):
        return self.select().index

    @property
    def best_params_(self):
        return self.select().params

    @property
    def best_epoch_(self):
        return self.select().epoch

    @property
    def best_score_(self):
        return self.select().score

    def best_epoch_of(self, index):
        """The epoch after which a setting has its largest mean test score.

        Parameters
        ----------
        index : int
            The number of the setting.

        Returns
        -------
        epoch : int
            The epoch, counted from 1.
        """
        return int(best_first(self._means(index))[0]) + 1

    def ranking(self, epoch=None):
        """The numbers of the settings, the one with the best mean test score first.

        Parameters
        ----------
        epoch : int, default=None
            The epoch to compare at; None is each setting's best.

        Returns
        -------
        indices : list of int
            The numbers; equal scores keep the order of the grid.
        """
        scores = [
            np.nan if curve is None else self._score_at(index, epoch)
            for index, curve in enumerate(self.curves)
        ]
        return best_first(scores).tolist()

    def _choice(self, index, epoch):
        row = self._row(index, epoch)
        return Choice(
            index,
            self.params[index],
            row + 1,
            float(self._means(index)[row]),
            float(self.curves[index].standard_errors[row]),
        )

    def _row(self, index, epoch):
        if epoch is None:
            return self.best_epoch_of(index) - 1
        if epoch < 1:
            raise ValueError(f"Epochs count from 1, got epoch={epoch}.")
        return min(epoch, len(self.curves[index].test_scores)) - 1

    def _score_at(self, index, epoch):
        return self._means(index)[self._row(index, epoch)]

    def _means(self, index):
        return self.curves[index].mean_test_scores

    def _epochs_within(self, index, threshold, epoch):
        """The epochs of a setting, or of a given one, that reach the threshold."""
        is_within = self._means(index) >= threshold
        if epoch is None:
            return np.flatnonzero(is_within) + 1
        return [epoch] if is_within[self._row(index, epoch)] else []

    # ---- words and pictures --------------------------------------------------------

    def _lines(self):
        n_folds = self.curves[0].test_scores.shape[1]
        choice = self.select()
        settings, folds = count(len(self.params), "setting"), count(n_folds, "fold")
        yield f"OverfittingStudy of {settings} in {folds}"
        yield (
            f"{self.rule.replace('_', ' ')}: {format_params(choice.params)} after"
            f" epoch {choice.epoch}, {format_score(self, choice.score)}"
            f" ({format_error(choice.standard_error)})"
        )

    def _draw(self, figure):
        draw_best(figure, self)

    def _sections(self):
        return sections_of(self, *self._table())

    def only(self, indices):
        """The same study with some of its settings.

        Parameters
        ----------
        indices : list of int
            The numbers of the settings, in the desired order.

        Returns
        -------
        study : OverfittingStudy
            A study with the curves of these.
        """
        parts = {
            name: [getattr(self, name)[index] for index in indices]
            for name in ("params", "curves", "errors", "simplicities")
        }
        given_up = (new for new, old in enumerate(indices) if old in self.given_up)
        smaller = {size: study.only(indices) for size, study in self.smaller.items()}
        return replace(self, **parts, given_up=tuple(given_up), smaller=smaller)

    def summary(self):
        """What the study says, in plain words.

        Returns
        -------
        text : str
            A few sentences, one per line.
        """
        return summarize(self)

    def line(self, index):
        """Describe a setting in one line.

        Parameters
        ----------
        index : int
            The number of the setting.

        Returns
        -------
        text : str
            Its best epoch and score.
        """
        name = format_params(self.params[index])
        if self.errors[index] is not None:
            return f"{name}: {self.errors[index]}"
        choice = self._choice(index, None)
        return (
            f"{name}: {format_score(self, choice.score)}"
            f" ({format_error(choice.standard_error)}) at epoch {choice.epoch} of"
            f" {len(self.curves[index].test_scores)}"
        )


def _simplicity(network):
    network = PlainNumbers(network)
    sizes = check_hidden_layer_sizes(network.hidden_layer_sizes)
    smoothing = getattr(network, "label_smoothing", 0.0)
    dropout = float(np.sum(network.dropout, dtype=float)) / max(
        1, np.size(network.dropout)
    )
    return sum(sizes), -network.alpha, -dropout, -smoothing


def _why_without(curve, name):
    """Why a curve has no scores by a metric; None if it has."""
    return curve.by_metric[name].undefined if curve.is_without_scores else None
