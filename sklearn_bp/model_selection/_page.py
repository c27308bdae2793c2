"""The page of a study: what there is to say and to see, section by section."""

import html
from functools import partial

from ._comparison import draw_comparison, size_of_comparison
from ._drawing import SIZE_OF_SIZES, draw_panels, draw_train_sizes, new_axes, panel_grid
from ._map import draw_map, is_for_map, size_of_map, varying_parameters
from ._reports import html_table, svg

#: The maximum number of settings drawn as panels.
MOST_DRAWN = 12


def draw_best(figure, study, quantity="loss"):
    """Draw a panel for each setting, the best ones if there are many."""
    shown = study.only(sorted(study.ranking()[:MOST_DRAWN]))
    n_panels = len(shown.params)
    shape, size = panel_grid(n_panels)
    figure.set_size_inches(size)
    axes = new_axes(figure, n_panels, shape, shared=True)
    draw_panels(axes, shown, quantity, shape[1])


def sections_of(study, header, rows):
    """The titles and elements of a study's page.

    Parameters
    ----------
    study : OverfittingStudy
        The study.
    header, rows : lists
        Its table.
    """
    sentences = study.summary().splitlines()
    yield "In words", "\n".join(f"<p>{html.escape(each)}</p>" for each in sentences)
    yield "Settings", html_table(header, rows)
    varying = varying_parameters(study.params)
    if is_for_map(study.params, varying):
        yield "Map", svg(partial(_draw_map, study=study, varying=varying))
    if study.folds is not None and study.n_scored_folds > 1 and len(study.params) > 1:
        yield "Differences", svg(partial(_draw_differences, study=study))
    if study.smaller:
        yield "More data", svg(partial(_draw_train_sizes, study=study))
    yield "Losses by epoch", svg(partial(draw_best, study=study))
    for name in study.metrics or (study.score_name,):
        seen = study.of_metric(name) if study.metrics else study
        title = f"Scores by epoch: {seen.score_name}"
        yield title, svg(partial(draw_best, study=seen, quantity="score"))


def draw_differences(ax, study):
    """Draw how the settings compare; the title says what the best score is worth."""
    best, corrected = study.select("best"), study.corrected_score("best")
    draw_comparison(ax, study.by("best").compare())
    ax.set_title(
        f"best: {best.score:.4g}; corrected for the choice: {corrected.score:.4g}"
        f" ± {corrected.standard_error:.2g}",
        fontsize="medium",
    )


def _draw_differences(figure, study):
    figure.set_size_inches(size_of_comparison(study))
    draw_differences(figure.subplots(), study)


def _draw_map(figure, study, varying):
    figure.set_size_inches(size_of_map(varying))
    draw_map(figure.subplots(), study, varying)


def _draw_train_sizes(figure, study):
    figure.set_size_inches(SIZE_OF_SIZES)
    draw_train_sizes(figure.subplots(), study)
