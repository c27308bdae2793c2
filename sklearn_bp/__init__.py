"""Multilayer perceptrons behind the scikit-learn API, on an engine of their own."""

from typing import TYPE_CHECKING

from ._classifier import BackpropClassifier
from ._importances import gradient_importances
from ._regressor import BackpropRegressor
from ._show_versions import show_versions
from ._trusted_types import trusted_types
from .engine import config_context, get_config, set_config

if TYPE_CHECKING:
    from .ensemble import BackpropEnsembleClassifier, BackpropEnsembleRegressor
    from .model_selection import (
        BackpropClassifierCV,
        BackpropRegressorCV,
        EpochCurve,
        EpochCurveDisplay,
        NestedStudy,
        OverfittingDisplay,
        OverfittingStudy,
        SettingsComparison,
        epoch_curve,
        nested_study,
        overfitting_study,
    )

__version__ = "0.1.0"

__all__ = [
    "BackpropClassifier",
    "BackpropClassifierCV",
    "BackpropEnsembleClassifier",
    "BackpropEnsembleRegressor",
    "BackpropRegressor",
    "BackpropRegressorCV",
    "EpochCurve",
    "EpochCurveDisplay",
    "NestedStudy",
    "OverfittingDisplay",
    "OverfittingStudy",
    "SettingsComparison",
    "config_context",
    "epoch_curve",
    "get_config",
    "gradient_importances",
    "nested_study",
    "overfitting_study",
    "set_config",
    "show_versions",
    "trusted_types",
]


def __getattr__(name):
    # Studies stand on sklearn.model_selection, which takes as long to import as all the
    # rest, so it is imported when they are first used.
    if name in __all__:
        from . import ensemble, model_selection

        return getattr(ensemble if name in ensemble.__all__ else model_selection, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, "__version__"])
