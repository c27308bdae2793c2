"""Which engine runs, and why."""

import os
import threading
from contextlib import contextmanager

from ..utils import warn
from ._reference import ReferenceEngine

ENGINES = ("auto", "compiled", "reference")
ENVIRONMENT_VARIABLE = "SKLEARN_BP_ENGINE"

try:
    from ._compiled import CompiledEngine
except ImportError as error:
    _compiled_engine = None
    _why_not_compiled = str(error)
else:
    _compiled_engine = CompiledEngine()
    _why_not_compiled = None

_reference_engine = ReferenceEngine()

_REMEDY = (
    "Install a C compiler and build again: pip install -v --force-reinstall --no-deps"
    " --no-cache-dir --no-binary sklearn-bp sklearn-bp (in a clone: pip install -v"
    " --force-reinstall --no-deps .). Its output says why a compiler failed."
)


def _checked(engine, source):
    """The engine's name, if this machine has that engine."""
    if engine not in ENGINES:
        raise ValueError(f"{source} must be one of {ENGINES}, got {engine!r}.")
    if engine == "compiled" and _compiled_engine is None:
        raise ImportError(
            f"{source} asks for the compiled engine, which is missing:"
            f" {_why_not_compiled}. {_REMEDY}"
        )
    return engine


# One setting per process, not per thread, so that the workers of joblib's threading
# backend run on the engine that was asked for.
_config = {
    "engine": _checked(
        os.environ.get(ENVIRONMENT_VARIABLE, "auto"),
        f"The environment variable {ENVIRONMENT_VARIABLE}",
    )
}
_lock = threading.Lock()

if _config["engine"] == "auto" and _compiled_engine is None:
    warn(
        f"sklearn_bp runs on its reference engine, in NumPy, and is several times"
        f" slower than it could be: the compiled engine is missing"
        f" ({_why_not_compiled}). {_REMEDY} To choose the reference engine without"
        f" this warning, set the environment variable {ENVIRONMENT_VARIABLE}"
        "=reference.",
        RuntimeWarning,
    )


def get_config():
    """Show the settings of the package.

    Returns
    -------
    config : dict
        The settings by name, see :func:`set_config`.

    Examples
    --------
    >>> import sklearn_bp
    >>> with sklearn_bp.config_context(engine="reference"):
    ...     sklearn_bp.get_config()
    {'engine': 'reference'}
    """
    return _config.copy()


def set_config(*, engine=None):
    """Choose how the package computes, for this process and all of its threads.

    Worker processes, such as those of joblib's loky backend, do not see this
    setting: for them, set the environment variable ``SKLEARN_BP_ENGINE``.

    Parameters
    ----------
    engine : {"auto", "compiled", "reference"}, default=None
        The engine that trains and predicts. "auto" is the compiled engine where
        it could be built and the reference engine elsewhere. None leaves the
        setting as it is.

    Raises
    ------
    ValueError
        If there is no engine of that name.
    ImportError
        If the compiled engine is asked for and was not built.

    Examples
    --------
    >>> import sklearn_bp
    >>> sklearn_bp.set_config(engine="auto")
    """
    if engine is not None:
        engine = _checked(engine, "engine")
        with _lock:
            _config["engine"] = engine


@contextmanager
def config_context(*, engine=None):
    """Choose how the package computes, for the duration of a ``with`` block.

    The setting applies to the whole process: other threads see it as well.

    Parameters
    ----------
    engine : {"auto", "compiled", "reference"}, default=None
        The engine that trains and predicts, see :func:`set_config`.

    Yields
    ------
    None

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import sklearn_bp
    >>> X, y = load_iris(return_X_y=True)
    >>> with sklearn_bp.config_context(engine="reference"):
    ...     model = sklearn_bp.BackpropClassifier(max_iter=500).fit(X, y)
    """
    before = get_config()
    set_config(engine=engine)
    try:
        yield
    finally:
        set_config(**before)


def get_engine(setting=None):
    """The engine that the settings choose.

    Parameters
    ----------
    setting : {"auto", "compiled", "reference"}, default=None
        The setting to use instead of this process's own.

    Returns
    -------
    engine : Engine
        The compiled or the reference engine.
    """
    setting = _config["engine"] if setting is None else _checked(setting, "engine")
    if setting == "reference" or _compiled_engine is None:
        return _reference_engine
    return _compiled_engine
