"""Ensembles of networks, for tables."""

from ._classifier import BackpropEnsembleClassifier
from ._regressor import BackpropEnsembleRegressor

__all__ = ["BackpropEnsembleClassifier", "BackpropEnsembleRegressor"]
