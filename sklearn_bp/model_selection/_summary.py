"""A study in plain words."""

from dataclasses import dataclass
from textwrap import shorten

import numpy as np

from ._train_sizes import last_gain

#: The name of scores that are losses with the opposite sign.
NEGATED_LOSS = "negated loss"
#: A change of the loss by less than this share of it does not count.
NOTABLE = 0.01
#: How many of the settings that overfit are named one by one.
MOST_NAMED = 3
#: The length up to which values of parameters are written in full, in one line.
MOST_LETTERS = 60


@dataclass(frozen=True)
class Trend:
    """The trend of a setting's test loss, averaged over the folds.

    Parameters
    ----------
    best : int
        The epoch of its minimum.
    last : int
        The last epoch.
    overfits : bool
        Whether it rises after its minimum, by more than the standard error of that rise
        over the folds and by a notable share, while the training loss falls.
    improves : bool
        Whether it falls by as much in the last tenth of the training.
    """

    best: int
    last: int
    overfits: bool
    improves: bool

    @classmethod
    def of(cls, curve):
        losses, train_means = curve.test_losses, curve.train_losses.mean(axis=1)
        means = losses.mean(axis=1)
        best, last = int(means.argmin()), len(losses) - 1
        late = last - max(1, len(losses) // 10)
        rises = _is_notable(losses[last] - losses[best], means[best])
        return cls(
            best + 1,
            last + 1,
            rises and train_means[last] <= train_means[best],
            late >= 0 and _is_notable(losses[late] - losses[last], means[last]),
        )


@np.errstate(invalid="ignore")  # of infinite losses
def summarize(study):
    """The sentences of a summary, one per line.

    Parameters
    ----------
    study : OverfittingStudy
        The study, with curves for all settings.

    Returns
    -------
    text : str
        What is best and how sure that is, what overfits from which epoch on, what
        helps, and if sizes of training parts were studied, whether more data would.
    """
    valid = [i for i, error in enumerate(study.errors) if error is None]
    trends = {index: Trend.of(study.curves[index]) for index in valid}
    lines = [
        _best(study),
        _simplest(study),
        *_trust(study),
        name_left_out(study.curves[valid[0]].left_out),
        *_overfitting(study, trends),
        *_improving(study, trends),
        _remedy(study, trends),
        _more_data(study),
        *(f"{format_params(study.params[i])} failed." for i in _others(study, valid)),
    ]
    return "\n".join(line for line in lines if line)


def format_params(params):
    """Parameters as in code, without the names of a pipeline's steps."""
    if not params:
        return "the network"
    return ", ".join(
        f"{name.split('__')[-1]}={format_value(value)}"
        for name, value in params.items()
    )


def format_score(study, score):
    """A score with its name; for a negated loss, the loss."""
    name, sign = _shown(study.score_name)
    return f"{name} {sign * score:.4g}"


def _shown(score_name):
    """The name and the sign that a score is shown with."""
    return ("loss", -1) if score_name == NEGATED_LOSS else (score_name, 1)


def format_error(standard_error):
    """A standard error, which a single fold does not have."""
    if np.isnan(standard_error):
        return "no standard error"
    return f"standard error {standard_error:.2g}"


def name_left_out(folds):
    """A sentence about the folds that are left out of means, if there are any."""
    if not folds:
        return ""
    numbers = ", ".join(map(str, folds))
    return f"Mean scores leave out fold(s) {numbers}, whose test part has no score."


def count(n, what):
    """A number of things, in words."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def format_value(value):
    """A value in short form."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return shorten(str(value), MOST_LETTERS, placeholder="...")


def _best(study):
    choice = study.select("best")
    measures = study.measures(choice.index)
    return (
        f"Best: {format_params(choice.params)} after {_epochs(choice.epoch)}, with"
        f" test {format_score(study, choice.score)}"
        f" ({format_error(choice.standard_error)}) and training"
        f" {format_score(study, measures['train_score'])}."
    )


def _simplest(study):
    if study.n_scored_folds == 1:
        return (
            "Scores are of one fold, without a standard error: differences between"
            " settings may be chance."
        )
    best, simple = study.select("best"), study.select("one_standard_error")
    if (best.index, best.epoch) == (simple.index, simple.epoch):
        return "No simpler model is within one standard error of it."
    return (
        "The simplest model within one standard error of it:"
        f" {format_params(simple.params)} after {_epochs(simple.epoch)}, with test"
        f" {format_score(study, simple.score)}."
    )


def _trust(study):
    """What the best score is without the luck of having been chosen, and which settings
    are worse beyond doubt; if the folds are known and there are two or more."""
    if study.folds is None or study.n_scored_folds == 1:
        return
    corrected = study.corrected_score("best")
    if not np.isnan(corrected.score):
        yield (
            "Corrected for having been chosen by these folds:"
            f" {format_score(study, corrected.score)}"
            f" ({format_error(corrected.standard_error)})."
        )
    compared = study.by("best").compare()
    worse, others = compared.told_apart, compared.not_told_apart
    if not worse + others:  # there is nothing to compare
        return
    n_settings = count(len(worse) + len(others), "other setting")
    if not worse:
        subject = f"None of the {n_settings} can"
        if len(others) == 1:
            subject = "The other setting cannot"
        yield f"{subject} be told apart from the best."
        return
    yield (
        f"{len(worse)} of the {n_settings} can be told apart from the best:"
        f" {_some(study, worse)}."
    )


def _some(study, indices):
    """The names of settings; if there are many, a few stand for all."""
    names = [format_params(study.params[index]) for index in indices[:MOST_NAMED]]
    n_more = len(indices) - len(names)
    return "; ".join(names) + (f" and {n_more} more" if n_more else "")


def _overfitting(study, trends):
    """The settings that overfit, in detail those whose loss rises most."""
    rises = {
        index: _rise(study.curves[index], trend)
        for index, trend in trends.items()
        if trend.overfits
    }
    given_up = study.given_up  # whose losses might have risen much further
    worst = sorted(rises, key=lambda index: (index in given_up, -rises[index]))
    for index in worst[:MOST_NAMED]:
        trend = trends[index]
        losses = study.curves[index].test_losses.mean(axis=1)
        train = study.curves[index].train_losses.mean(axis=1)
        yield (
            f"{format_params(study.params[index])} overfits from epoch {trend.best}"
            f" on: by epoch {trend.last} its test loss rises from"
            f" {losses[trend.best - 1]:.3g} to {losses[-1]:.3g}, while its training"
            f" loss goes from {train[trend.best - 1]:.3g} to {train[-1]:.3g}."
        )
    if len(worst) > MOST_NAMED:
        first = min(trends[index].best for index in worst[MOST_NAMED:])
        n_others = len(worst) - MOST_NAMED
        verb = "overfits" if n_others == 1 else "overfit"
        less = "less so"
        if any(index in given_up for index in worst):
            less = "less so or for fewer epochs"
        yield f"{n_others} more {verb}, {less}, from epoch {first} on at the earliest."
    if not worst:
        yield "No setting overfits within the epochs that it was trained for."


def _improving(study, trends):
    # Settings that were given up early do not count.
    longest = max(trend.last for trend in trends.values())
    improving = [
        index
        for index, trend in trends.items()
        if trend.improves and not trend.overfits and trend.last == longest
    ]
    if improving:
        names, verb = _some(study, improving), "is" if len(improving) == 1 else "are"
        yield f"{names} {verb} still improving at the end: more epochs may help."


def _remedy(study, trends):
    """What closes the gap of the worst setting, if anything does at no cost to the test
    score. Settings that were given up early have no gap at the end."""
    gaps = {
        index: float(
            study.curves[index].test_losses[-1].mean()
            - study.curves[index].train_losses[-1].mean()
        )
        for index in trends
        if index not in study.given_up
    }
    if not gaps:  # the others failed
        return None
    worst = max(gaps, key=gaps.get)
    best = study.select("best")
    threshold = best.score - best.standard_error
    scores = {index: study.measures(index)["test_score"] for index in trends}
    cures = [
        index
        for index, gap in gaps.items()
        if gap <= gaps[worst] / 2 and scores[index] >= threshold
    ]
    if not (cures and trends[worst].overfits and study.compares_losses):
        return None
    cure = max(cures, key=scores.get)
    return (
        f"{format_params(study.params[cure])} closes the gap at no cost: at the end the"
        f" test loss is {gaps[cure]:.3g} above the training loss instead of"
        f" {gaps[worst]:.3g} with {format_params(study.params[worst])}, and its best"
        " test score is within one standard error of the overall best."
    )


def _more_data(study):
    """What more data would bring, judged by what the last ones have brought."""
    gain = last_gain(study)
    if gain is None:
        return None
    name, sign = _shown(study.score_name)
    before, after = (f"{sign * score:.4g}" for score in gain.scores)
    change = (
        f"trained on {gain.sizes[1]} rows instead of {gain.sizes[0]}, the best test"
        f" {name} is {after} instead of {before}, a gain of {gain.mean:.2g}"
        f" ({format_error(gain.standard_error)})."
    )
    if np.isnan(gain.standard_error):
        return f"Whether more data would help is unclear: {change}"
    if gain.mean > gain.standard_error:
        return f"More data may help: {change}"
    return f"More data would hardly help: {change}"


def _rise(curve, trend):
    losses = curve.test_losses.mean(axis=1)
    return losses[-1] - losses[trend.best - 1]


def _is_notable(differences, scale):
    """Whether the folds' mean difference exceeds its error and a small share."""
    mean, error = differences.mean(), 0.0
    if len(differences) > 1:
        error = differences.std(ddof=1) / np.sqrt(len(differences))
    return bool(mean > error and mean > NOTABLE * scale)


def _epochs(n):
    return count(n, "epoch")


def _others(study, valid):
    return [i for i in range(len(study.params)) if i not in valid]
