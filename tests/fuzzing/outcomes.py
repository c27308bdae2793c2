"""What may come of a call: a value or a documented error, documented warnings, nothing
on the screen; anything else is a fault."""

import os
import re
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    FitFailedWarning,
    UndefinedMetricWarning,
)

import sklearn_bp

ERRORS = (ValueError, TypeError)  # NotFittedError is a ValueError
WARNINGS = (
    ConvergenceWarning,
    DataConversionWarning,
    FitFailedWarning,
    UndefinedMetricWarning,
)
#: What shows how something works instead of what is wrong with the arguments.
INTERNALS = re.compile(
    r"object has no attribute|unsupported operand|not supported between instances"
    r"|cannot unpack|not enough values to unpack|too many values to unpack"
    r"|out of bounds|not aligned|could not be broadcast|cannot broadcast"
    r"|Buffer dtype mismatch|object is not (callable|iterable|subscriptable)"
    r"|has no len\(\)|unexpected keyword argument|missing \d+ required positional"
    r"|ufunc|arg(ument)? must be|division by zero|too large to convert|unhashable"
    r"|\b(Index|Key|Attribute|ZeroDivision|FloatingPoint|Overflow|Memory|Recursion"
    r"|UnboundLocal|Assertion)Error"
    r"|truth value of|setting an array element|inhomogeneous|must match the size"
)
PACKAGE = os.path.dirname(sklearn_bp.__file__)
SCIKIT_LEARN = os.path.dirname(sklearn.__file__)
METRICS = os.path.join(SCIKIT_LEARN, "metrics")
HERE = str(Path(__file__).parent)
PLAIN = {int, float, bool, str, type(None), type}
OURS = ("sklearn_bp.", "fuzzing.", "sklearn.")
KNOWN_PLACES = PACKAGE, SCIKIT_LEARN, HERE


class Fault(AssertionError):
    """Something that must not come of a call."""


@dataclass
class Outcome:
    """What has come of a call.

    Parameters
    ----------
    value : object, default=None
        What it returned.
    error : Exception, default=None
        What it raised.
    warnings : list, default=[]
        What it warned of.
    output : str, default=""
        What it wrote to standard output or standard error.
    """

    value: Any = None
    error: Exception | None = None
    warnings: list = field(default_factory=list)
    output: str = ""

    @property
    def kind(self):
        """Its name in statistics."""
        return "a value" if self.error is None else type(self.error).__name__


def outcome_of(function):
    """Call a function, and note everything that comes of it."""
    outcome = Outcome()
    with (
        warnings.catch_warnings(record=True) as outcome.warnings,
        _captured() as read_output,
    ):
        warnings.simplefilter("always")
        try:
            outcome.value = function()
        except Exception as error:
            outcome.error = error
        outcome.output = read_output()
    return outcome


# One for all calls, as they are many.
_file = tempfile.TemporaryFile()  # noqa: SIM115


@contextmanager
def _captured():
    """Take what Python and C write to standard output and standard error; gives a
    function that reads it."""
    written = StringIO()
    before = os.fstat(_file.fileno()).st_size

    def read():
        sys.stdout.flush()
        sys.stderr.flush()
        end = os.fstat(_file.fileno()).st_size
        return written.getvalue() + os.pread(
            _file.fileno(), end - before, before
        ).decode(errors="replace")

    saved = os.dup(1), os.dup(2)
    try:
        os.dup2(_file.fileno(), 1)
        os.dup2(_file.fileno(), 2)
        with redirect_stdout(written), redirect_stderr(written):
            yield read
    finally:
        for number, descriptor in enumerate(saved, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def check(outcome, may_print=False):
    """Raise a Fault if an outcome is not documented."""
    if outcome.error is not None:
        _check_error(outcome.error)
    for warning in outcome.warnings:
        _check_warning(warning, outcome.error)
    if outcome.output and not may_print:
        raise Fault(f"output: {outcome.output!r}")


def _check_error(error):
    frame = _frame_of(error)
    if _is_of_metrics(error):
        return
    what = f"{os.path.basename(frame.filename)}:{frame.lineno}: {type(error).__name__}"
    shown = f"{what}: {error}\n\n{''.join(traceback.format_exception(error))}"
    if not isinstance(error, ERRORS) and not _says_why_there_is_no_method(error):
        raise Fault(f"undocumented error in {shown}")
    if not frame.filename.startswith(PACKAGE):
        return  # of scikit-learn's checks, or of a function of the user
    if not (frame.line or "").startswith("raise"):
        raise Fault(f"an error that nothing raised on purpose in {shown}")
    if INTERNALS.search(str(error)) and error.__cause__ is None:
        raise Fault(f"an error that shows internals in {shown}")


def _frame_of(error):
    """Where it came from: this package, scikit-learn or a function of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    return next(f for f in reversed(frames) if f.filename.startswith(KNOWN_PLACES))


def _is_of_metrics(error):
    """Whether scikit-learn's `score` raised it, when we had done our part."""
    places = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    is_ours = any(place.startswith(PACKAGE) for place in places)
    return not is_ours and any(place.startswith(METRICS) for place in places)


def _says_why_there_is_no_method(error):
    """As scikit-learn's `available_if` does."""
    return isinstance(error, AttributeError) and "partial_fit" in str(error.__cause__)


def _check_warning(warning, error):
    category, message = warning.category, str(warning.message)
    if issubclass(category, WARNINGS) or category is UserWarning:
        return
    if METRICS in warning.filename:
        return  # scikit-learn's own, in `score`
    is_ours = warning.filename.startswith(PACKAGE)
    if category is RuntimeWarning and error is not None and not is_ours:
        return  # of NumPy, while scikit-learn looked at data that were then refused
    raise Fault(
        f"undocumented warning: {category.__name__} at"
        f" {os.path.basename(warning.filename)}:{warning.lineno}: {message}"
    )


# ---- whether anything has changed ------------------------------------------------


def fingerprint(value):
    """What tells whether anything within a value has been changed."""
    if type(value) in PLAIN:
        return repr(value)
    if isinstance(value, np.ndarray):
        if not value.dtype.isnative:  # as NumPy makes it in a copy by pickle
            value = value.astype(value.dtype.newbyteorder("="))
        content = value.tolist() if value.dtype.hasobject else value.tobytes()
        return type(value), value.dtype, value.shape, repr(content)
    if isinstance(value, dict):
        return [(fingerprint(key), fingerprint(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [fingerprint(item) for item in value]
    if isinstance(value, pd.DataFrame | pd.Series):
        return type(value), repr(value.to_dict())
    if isinstance(value, np.random.RandomState):
        return None  # it belongs to the user, and is there to be drawn from
    if sp.issparse(value):
        parts = ("data", "indices", "indptr", "row", "col", "rows")
        return (
            type(value),
            value.shape,
            [
                fingerprint(getattr(value, part))
                for part in parts
                if hasattr(value, part)
            ],
        )
    if isinstance(value, BaseEstimator):
        return type(value), fingerprint(value.__getstate__())
    if hasattr(value, "__dict__") and type(value).__module__.startswith(OURS):
        return type(value), fingerprint(vars(value))
    return type(value), re.sub(" at 0x[0-9a-fA-F]+", "", repr(value))
