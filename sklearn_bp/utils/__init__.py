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
from ._values import PlainNumbers, are_equal, is_name, plain_number
from ._warnings import warn

__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "PlainNumbers",
    "Splitter",
    "StrOptions",
    "are_equal",
    "begin_callbacks",
    "check_parameters",
    "fit_context",
    "is_name",
    "managed_callbacks",
    "metric_of",
    "plain_number",
    "scorer_of_classes",
    "take_rows",
    "warn",
]
