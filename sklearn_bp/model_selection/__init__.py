"""Overfitting studies: networks by epoch, cross-validated."""

from ._epoch_curve import EpochCurve, epoch_curve
from ._plot import EpochCurveDisplay

__all__ = ["EpochCurve", "EpochCurveDisplay", "epoch_curve"]
