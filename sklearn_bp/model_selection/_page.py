"""The page of a study: what there is to say and to see, section by section."""

import html
from functools import partial

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
    if study.smaller:
        yield "More data", svg(partial(_draw_train_sizes, study=study))
    yield "Losses by epoch", svg(partial(draw_best, study=study))
    yield "Scores by epoch", svg(partial(draw_best, study=study, quantity="score"))


def _draw_map(figure, study, varying):
    figure.set_size_inches(size_of_map(varying))
    draw_map(figure.subplots(), study, varying)


def _draw_train_sizes(figure, study):
    figure.set_size_inches(SIZE_OF_SIZES)
    draw_train_sizes(figure.subplots(), study)
