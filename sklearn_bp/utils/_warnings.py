"""Warnings that point at the user's line."""

import sys
import warnings
from inspect import currentframe
from traceback import walk_stack

# Packages that may stand between the user's line and the place that warns: this one,
# the libraries that call its estimators, and the standard library.
BETWEEN = {
    "dask",
    "distributed",
    "imblearn",
    "joblib",
    "scipy",
    "sklearn",
    "sklearn_bp",
    *sys.stdlib_module_names,
}


def warn(message, category=UserWarning):
    """Issue a warning that points at the line of the user's code that caused it.

    That is the innermost line outside this package and the libraries that call it,
    however many calls lie in between. A worker thread or process has no such line;
    there, the outermost line stands in for it.

    Parameters
    ----------
    message : str
        The message.
    category : type, default=UserWarning
        The class of the warning.
    """
    frames = [frame for frame, _ in walk_stack(currentframe())]
    outside = (n for n, frame in enumerate(frames, start=1) if _is_outside(frame))
    warnings.warn(message, category, stacklevel=next(outside, len(frames)))


def _is_outside(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] not in BETWEEN
