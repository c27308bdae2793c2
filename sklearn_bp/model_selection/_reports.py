"""How curves and studies are shown: two lines of text, or a page for notebooks."""

import html
import io
from dataclasses import fields

import numpy as np
from sklearn.base import BaseEstimator

STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; }
h2 { font-size: 1.1em; margin-top: 2em; border-bottom: 1px solid #ccc; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; }
th, td { padding: 0.2em 0.8em; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
"""


class Report:
    """Base class of what studies return; a dataclass.

    A subclass has `_lines`, its two lines; `_table`, a header and rows of text and
    numbers; `_draw`, which draws its curves on an empty matplotlib Figure; and, if
    there is more to say, `_sections`.
    """

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return all(
            _are_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
            if field.compare
        )

    __hash__ = None  # it holds arrays

    def __repr__(self):
        return "\n".join(self._lines())

    def _repr_html_(self):
        first, second = map(html.escape, self._lines())
        parts = [f"<p><b>{first}</b><br/>{second}</p>", html_table(*self._table())]
        picture = svg(self._draw)
        return "<div>" + "\n".join([*parts, picture]) + "</div>"

    def to_html(self, path):
        """Write a page for a browser, which needs no other file.

        Parameters
        ----------
        path : str or path-like
            The file, which is replaced if it exists.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        import matplotlib  # noqa: F401  # a page without its pictures is none

        first, second = map(html.escape, self._lines())
        sections = [
            f"<h2>{html.escape(title)}</h2>\n<div>{element}</div>"
            for title, element in self._sections()
        ]
        page = [
            f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'/>"
            f"<title>{first}</title>\n<style>{STYLE}</style></head>\n<body>",
            f"<h1>{first}</h1>\n<p>{second}</p>",
            *sections,
            "</body></html>\n",
        ]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(page))

    def _sections(self):
        """The titles and elements of a page."""
        yield "Table", html_table(*self._table())
        yield "Curves", svg(self._draw)


def _are_equal(a, b):
    """Whether two values, or all within them, are the same, NaN and NaN among them."""
    if a is b:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_are_equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(_are_equal, a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and _are_equal(a.tolist(), b.tolist())
    if isinstance(a, BaseEstimator) and type(a) is type(b):
        return _are_equal(a.get_params(deep=False), b.get_params(deep=False))
    if isinstance(a, np.random.RandomState) and type(a) is type(b):
        return _are_equal(a.get_state(legacy=False), b.get_state(legacy=False))
    try:
        return bool(a == b) or bool(a != a and b != b)
    except Exception:  # other people's types may not want to be compared
        return False


def html_table(header, rows):
    """A table as an element of a page."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    lines = [
        "".join(f"<td>{html.escape(_written(value))}</td>" for value in row)
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _written(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def svg(draw):
    """What is drawn, as an element of a page; nothing without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    figure, file = Figure(layout="constrained"), io.StringIO()
    with rc_context({"svg.fonttype": "none"}):  # letters, not their outlines
        draw(figure)
        figure.savefig(file, format="svg")
    _, _, element = file.getvalue().partition("<svg ")
    return f'<svg style="max-width: 100%; height: auto" {element}'
