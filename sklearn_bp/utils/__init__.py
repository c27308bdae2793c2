"""Helpers that know nothing about networks."""

from ._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    Options,
    Splitter,
    StrOptions,
    begin_callbacks,
    check_parameters,
    fit_context,
    managed_callbacks,
    metric_of,
    scorer_of_classes,
    take_rows,
)
from ._warnings import warn

__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "Splitter",
    "StrOptions",
    "begin_callbacks",
    "check_parameters",
    "fit_context",
    "managed_callbacks",
    "metric_of",
    "scorer_of_classes",
    "take_rows",
    "warn",
]
