"""Overfitting studies: networks cross-validated epoch by epoch."""

from ._checks import check_study as check_study
from ._comparison import SettingsComparison
from ._epoch_curve import EpochCurve, epoch_curve
from ._fold import Candidate as Candidate
from ._fold import FoldCurve as FoldCurve
from ._holder import StudyHolder as StudyHolder
from ._memory import CurveStore as CurveStore
from ._memory import Shelf as Shelf
from ._nested import NestedStudy, nested_study
from ._plot import EpochCurveDisplay
from ._plot_study import OverfittingDisplay
from ._progress import check_verbose as check_verbose
from ._results import OverfittingStudy
from ._search import BackpropClassifierCV, BackpropRegressorCV
from ._study import overfitting_study
from ._study import run_study as run_study
from ._study import settings_of as settings_of
from ._study import watched_studies as watched_studies
from ._trainings import jobs_of as jobs_of
from ._trainings import train as train

# The names that are not listed below are for the ensembles.

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
