"""What networks are measured by: one metric or several, and after which epochs."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring as make_scorer

from ..fitting import is_in_bulk
from ..utils import is_name, plain_number, takes_weight
from ._summary import NEGATED_LOSS

#: The name of a metric that was not given one.
THE_SCORE = "score"


@dataclass(frozen=True)
class Scoring:
    """What networks are measured by.

    Parameters
    ----------
    names : tuple of str
        The names of the metrics.
    scorers : tuple of callable, "loss" or None
        None is the estimators' own score, "loss" the negated loss.
    given : tuple
        What the user has passed for each.
    titles : tuple of str
        The names in words.
    chosen : int
        The number of the one by which settings and epochs are chosen.
    is_multiple : bool, default=False
        Whether the user has passed several metrics, or a collection of one.
    score_epochs : int, tuple of int or None, default=None
        How many epochs, or which ones, scorers are called after that have to be; None
        stands for all.
    agreed : set
        See `Measure`; the trainings of a study share it.
    """

    names: tuple
    scorers: tuple
    given: tuple
    titles: tuple
    chosen: int = 0
    is_multiple: bool = False
    score_epochs: int | tuple | None = None
    agreed: set = field(default_factory=set, compare=False, repr=False)

    @property
    def title(self):
        """The name of the chosen one in words."""
        return self.titles[self.chosen]

    def in_words(self, number):
        """The score, or one of several, in a sentence."""
        return f"score {self.names[number]!r}" if self.is_multiple else "score"

    @property
    def calls_user_code(self):
        """Whether a scorer is called after each epoch."""
        return any(callable(s) and not is_in_bulk(s) for s in self.scorers)

    def takes_weight(self, network):
        """Whether scorers are to be given the study's weights."""
        return takes_weight(_that_scores(self.scorers[0], network), "score")

    def epochs(self, n_epochs):
        """The epochs of a training after which scorers are called that have to be, from
        1 on; None stands for all."""
        wanted = self.score_epochs
        if isinstance(wanted, int):
            if wanted >= n_epochs:
                return None
            spaced = np.rint(np.geomspace(1, n_epochs, wanted)).astype(int)
            return np.union1d(spaced, [1, n_epochs])
        return None if wanted is None else np.array(wanted)


def check_scoring(scoring, refit, score_epochs, network):
    """Check what networks are to be measured by.

    Parameters
    ----------
    scoring : str, callable, None, list, tuple, set or dict
        One metric, names of several, or a dict from names to metrics.
    refit : str or None
        The name of the one by which to choose, among several.
    score_epochs : int, array-like of int or None
        How many epochs, or which ones.
    network : BackpropClassifier or BackpropRegressor
        What is measured.

    Returns
    -------
    scoring : Scoring
        What was checked.

    Raises
    ------
    ValueError
        If one of them is not valid.
    """
    is_multiple = isinstance(scoring, Iterable) and not isinstance(scoring, str)
    metrics = _metrics(scoring) if is_multiple else {THE_SCORE: scoring}
    names = tuple(metrics)
    chosen = _chosen(names, refit) if is_multiple else _only(scoring, refit)
    scorers = tuple(_scorer(metric, network) for metric in metrics.values())
    titles = tuple(
        _title(name if is_multiple else metric, metric, network)
        for name, metric in metrics.items()
    )
    if len({takes_weight(_that_scores(s, network), "score") for s in scorers}) > 1:
        raise ValueError(
            "Some of the metrics in scoring request sample_weight and others do not."
            " Let all of them request it, or none, with set_score_request."
        )
    return Scoring(
        names,
        scorers,
        tuple(metrics.values()),
        titles,
        chosen,
        is_multiple,
        _score_epochs(score_epochs),
    )


def _metrics(scoring):
    """Several metrics by their names."""
    if not isinstance(scoring, Mapping):
        # The order of a set is not the same in all processes.
        names = sorted(scoring, key=repr) if isinstance(scoring, Set) else [*scoring]
        if not all(isinstance(name, str) for name in names):
            raise ValueError(
                "A collection of several metrics must hold names of scorers, got"
                f" {scoring!r}. Pass a dict from names of your choice to scorers."
            )
        if len(set(names)) < len(names):
            raise ValueError(f"Some metrics in scoring={scoring!r} occur twice.")
        scoring = {name: name for name in names}
    if not scoring:
        raise ValueError("There are no metrics: scoring is empty.")
    if not all(isinstance(name, str) for name in scoring):
        raise ValueError(
            f"The names of metrics in scoring must be strings, got {list(scoring)}."
        )
    return dict(scoring)


def _chosen(names, refit):
    """The number of the metric by which to choose."""
    if refit is None and len(names) == 1:
        return 0
    if not is_name(refit, *names):
        raise ValueError(
            "With several metrics, refit must be the name of the one by which to"
            f" choose, one of {list(names)}, got {refit!r}."
        )
    return names.index(refit)


def _only(scoring, refit):
    if refit is not None and not (is_name(refit, refit) and is_name(scoring, refit)):
        raise ValueError(
            "refit is the name of one of several metrics, but scoring is a single one,"
            f" by which is chosen. Leave refit=None, got {refit!r}."
        )
    return 0


def _scorer(metric, network):
    if metric is None or is_name(metric, "loss"):
        return metric
    if isinstance(metric, Iterable) and not isinstance(metric, str):
        raise ValueError(
            "Each metric in scoring must be a name, a callable or None, got"
            f" {metric!r}."
        )
    return make_scorer(network, metric)


def _title(name, metric, network):
    """The name of a metric, or what stands for it, in words."""
    if is_name(metric, "loss"):
        return NEGATED_LOSS
    if name is None:
        return "accuracy" if is_classifier(network) else "R²"
    return name.replace("_", " ") if isinstance(name, str) else THE_SCORE


def _that_scores(scorer, network):
    return scorer if callable(scorer) else network


def _score_epochs(score_epochs):
    if score_epochs is None:
        return None
    numbers = np.array(score_epochs, dtype=object)
    if numbers.ndim > 1 or not all(_is_number_of_epoch(n) for n in numbers.flat):
        raise ValueError(
            "score_epochs must be a number of epochs >= 1, an array of numbers of"
            f" epochs, which count from 1, or None for all, got {score_epochs!r}."
        )
    if numbers.ndim == 0:
        return plain_number(numbers.item())
    if numbers.size == 0:
        raise ValueError("score_epochs must name some epochs, got an empty array.")
    return tuple(sorted({plain_number(number) for number in numbers}))


def _is_number_of_epoch(value):
    is_number = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    return is_number and value >= 1
