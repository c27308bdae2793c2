"""How curves and studies are shown: two lines of text, or a page for notebooks."""

import html
import io
from dataclasses import fields

import numpy as np


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
    """Whether two values, or everything in them, are equal; NaN equals NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_are_equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(_are_equal, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        are_floats = a.dtype.kind == b.dtype.kind == "f"
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=are_floats)
    return a is b or bool(a == b)


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
    """The drawing as an element of a page; empty without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    figure, file = Figure(layout="constrained"), io.StringIO()
    draw(figure)
    with rc_context({"svg.fonttype": "none"}):  # text, not outlines
        figure.savefig(file, format="svg")
    text = file.getvalue()
    return text[text.index("<svg") :]
