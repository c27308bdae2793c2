"""Warnings that point at the user's line."""

import os
import warnings
from inspect import currentframe

# The libraries whose code may call an estimator on behalf of the user.
BETWEEN = {"dask", "distributed", "feature_engine", "imblearn", "joblib", "ray"}
BETWEEN |= {"scipy", "sklearn", __name__.partition(".")[0]}
STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


def warn(message, category=UserWarning):
    """Warn about what the user's code has asked for, at the line that asked.

    This is the innermost line outside this package, the libraries that call it and
    Python's own modules, however many calls there are in between. In a worker thread or
    process without such a line, the outermost one takes its place.

    Parameters
    ----------
    message : str
        The message.
    category : type, default=UserWarning
        The class of the warning.
    """
    # Never its own frame: a frame that holds itself keeps all of the fit's data alive.
    frame = currentframe().f_back
    while _is_between(frame) and frame.f_back is not None:
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__") or "<unknown>",
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_between(frame):
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    file = frame.f_code.co_filename
    is_standard = file.startswith((STANDARD_LIBRARY, "<frozen ")) and not (
        "site-packages" in file or "dist-packages" in file
    )
    return package in BETWEEN or is_standard
