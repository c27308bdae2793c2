"""A study of two parameters as a heat map, drawn on Axes."""

import numpy as np

from ._drawing import TEST
from ._summary import NEGATED_LOSS, format_value


def varying_parameters(settings):
    """The parameters that vary between settings, each with its values by their
    representations."""
    varying = {}
    for name in dict.fromkeys(name for params in settings for name in params):
        values = {
            repr(params[name]): params[name] for params in settings if name in params
        }
        if len(values) > 1 or any(name not in params for params in settings):
            varying[name] = values
    return list(varying.items())


def is_for_map(settings, varying):
    """Whether two parameters vary, and there are settings for half of their pairs."""
    if len(varying) != 2 or any(
        name not in params for name, _ in varying for params in settings
    ):
        return False
    (_, rows), (_, columns) = varying
    return len(rows) * len(columns) <= 2 * len(settings)


def size_of_map(varying):
    """The size of a map of these parameters in inches."""
    (_, rows), (_, columns) = varying
    return 2.2 + 1.1 * len(columns), 1.6 + 0.75 * len(rows)


def draw_map(ax, study, varying):
    """Draw a field for each setting, with the score and the number of its best epoch
    and, for the choice of the one-standard-error rule, those of that choice; and frames
    around the choices of the rules.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    study : OverfittingStudy
        What is drawn.
    varying : list of tuple
        The two parameters, as `varying_parameters` returns them.
    """
    (row_name, rows), (column_name, columns) = varying
    # A loss is shown as such; for both, light fields are good ones.
    is_loss = study.score_name == NEGATED_LOSS
    sign, name = (-1, "loss") if is_loss else (1, study.score_name)
    choices = _choices(study)
    places = [
        (
            list(rows).index(repr(params[row_name])),
            list(columns).index(repr(params[column_name])),
        )
        for params in study.params
    ]
    scores, words = np.full((len(rows), len(columns)), np.nan), {}
    for index, place in enumerate(places):
        shown = _shown(study, index, choices)
        scores[place] = sign * shown[0][0]
        words[place] = "\n".join(
            f"{_in_few_digits(sign * score)}\nepoch {epoch}" for score, epoch in shown
        )
        if study.errors[index] is not None:
            words[place] = "failed"
    colors = "cividis_r" if is_loss else "cividis"
    image = ax.imshow(scores, cmap=colors, aspect="auto")
    for (row, column), text in words.items():
        *rgb, opacity = image.cmap(image.norm(scores[row, column]))
        is_dark = opacity > 0 and sum(rgb) / 3 < 0.45  # NaN is not drawn
        color = "white" if is_dark else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
    styles = {"best": "-", "one_standard_error": "--"}
    for rule, choice in reversed(choices.items()):  # that of the best on top
        _frame(ax, places[choice.index], rule.replace("_", " "), styles[rule])
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    ax.set_xticks(range(len(columns)), map(format_value, columns.values()))
    ax.set_yticks(range(len(rows)), map(format_value, rows.values()))
    ax.set(xlabel=column_name.split("__")[-1], ylabel=row_name.split("__")[-1])
    ax.figure.colorbar(image, ax=ax, label=f"test {name} after that epoch")


def _choices(study):
    """The choices of the rules that can be followed."""
    rules = ["best", "one_standard_error"][: 1 if study.n_scored_folds == 1 else 2]
    return {rule: study.select(rule) for rule in rules}


def _shown(study, index, choices):
    """The scores and epochs that are shown of a setting: those of the choices, if it is
    chosen, or of its best epoch."""
    chosen = [(c.score, c.epoch) for c in choices.values() if c.index == index]
    if chosen:
        return list(dict.fromkeys(chosen))
    measures = study.measures(index)
    return [(measures["test_score"], measures["best_epoch"])]


def _in_few_digits(score):
    return format(score, ".3f" if abs(score) < 1000 else ".3g")


def _frame(ax, place, label, style):
    from matplotlib.patches import Rectangle

    row, column = place
    frame = Rectangle((column - 0.48, row - 0.46), 0.96, 0.92)
    frame.set(fill=False, edgecolor=TEST, linestyle=style, linewidth=2.5)
    frame.set_label(label)
    ax.add_patch(frame)
