"""Overfitting studies: networks cross-validated epoch by epoch."""

from ._comparison import SettingsComparison
from ._epoch_curve import EpochCurve, epoch_curve
from ._nested import NestedStudy, nested_study
from ._plot import EpochCurveDisplay
from ._plot_study import OverfittingDisplay
from ._results import OverfittingStudy
from ._search import BackpropClassifierCV, BackpropRegressorCV
from ._study import overfitting_study

__all__ = [
    "BackpropClassifierCV",
    "BackpropRegressorCV",
    "EpochCurve",
    "EpochCurveDisplay",
    "NestedStudy",
    "OverfittingDisplay",
    "OverfittingStudy",
    "SettingsComparison",
    "epoch_curve",
    "nested_study",
    "overfitting_study",
]
