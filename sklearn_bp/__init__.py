"""Multilayer perceptrons behind the scikit-learn API, on an engine of their own."""

from ._classifier import BackpropClassifier
from ._regressor import BackpropRegressor
from ._show_versions import show_versions
from .engine import config_context, get_config, set_config

__version__ = "0.1.0"

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "config_context",
    "get_config",
    "set_config",
    "show_versions",
]
