"""How curves and studies are shown: two lines of text, or a page for notebooks."""

import html
import io
from dataclasses import fields

import numpy as np
from sklearn.base import BaseEstimator


class Report:
    """Base class of what studies return; a dataclass.

    A subclass has `_lines`, its two lines; `_table`, a header and rows of text and
    numbers; and `_draw`, which draws its curves on an empty matplotlib Figure.
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
        parts = [f"<p><b>{first}</b><br/>{second}</p>", _html_table(*self._table())]
        picture = _svg(self._draw)
        return "<div>" + "\n".join([*parts, picture]) + "</div>"


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


def _html_table(header, rows):
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    lines = [
        "".join(f"<td>{html.escape(_written(value))}</td>" for value in row)
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _written(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _svg(draw):
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
    text = file.getvalue()
    return text[text.index("<svg") :]
