"""Numbers that computing can begin with."""

import math
from numbers import Real

from ._sklearn import Interval


class Finite(Interval):
    """Numbers from a bound on, as far as a float goes; Python's integers and NumPy's
    longdouble go further.

    Parameters
    ----------
    left : float
        The bound.
    closed : {"left", "neither"}
        Whether it is included.
    """

    def __init__(self, left, *, closed):
        super().__init__(Real, left, None, closed=closed)

    def __contains__(self, value):
        try:
            return math.isfinite(value) and super().__contains__(value)
        except OverflowError:
            return False
