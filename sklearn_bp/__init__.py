"""Multilayer perceptrons behind the scikit-learn API, on an engine of their own."""

from ._classifier import BackpropClassifier
from ._regressor import BackpropRegressor
from ._show_versions import show_versions
from .engine import config_context, get_config, set_config

__version__ = "0.1.0"

# Studies stand on sklearn.model_selection, which takes as long to import as all the
# rest: only who asks for them waits for it.
_STUDIES = (
    "BackpropClassifierCV",
    "BackpropRegressorCV",
    "EpochCurve",
    "EpochCurveDisplay",
    "OverfittingDisplay",
    "OverfittingStudy",
    "epoch_curve",
    "overfitting_study",
)

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    *_STUDIES,
    "config_context",
    "get_config",
    "set_config",
    "show_versions",
]


def __getattr__(name):
    if name in _STUDIES:
        from . import model_selection

        return getattr(model_selection, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
