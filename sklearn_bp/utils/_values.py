"""Values as users give them: numbers of any library, objects of any kind."""

from numbers import Integral, Real

import numpy as np


class PlainNumbers:
    """The attributes of an object, each number of NumPy or of another library as
    Python's own: those of few bits round and overflow where Python's do not.

    Parameters
    ----------
    thing : object
        The object, such as an estimator whose parameters are read.
    """

    def __init__(self, thing):
        self._thing = thing

    def __getattr__(self, name):
        return plain_number(getattr(self._thing, name))


def plain_number(value):
    """A number as Python's own; anything else as it is."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def is_name(value, *names):
    """Whether a value is one of these strings. Objects of other kinds are not compared
    with them: their `__eq__` may do anything."""
    return isinstance(value, str) and value in names


def are_equal(a, b):
    """Whether two objects are the same or equal; if comparing them fails, or has no
    single answer, they are not."""
    try:
        return a is b or bool(a == b)
    except Exception:
        return False
