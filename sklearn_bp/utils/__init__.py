"""Helpers that know nothing about networks."""

from ._finite import Finite
from ._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    Options,
    Splitter,
    StrOptions,
    begin_callbacks,
    check_parameters,
    describe_scorer,
    fit_context,
    has_callbacks,
    is_routing,
    managed_callbacks,
    metric_of,
    routed,
    scorer_of_classes,
    take_rows,
    takes_weight,
)
from ._values import PlainNumbers, are_equal, is_name, plain_number
from ._warnings import warn

__all__ = [
    "CallbackSupportMixin",
    "Finite",
    "HasMethods",
    "Interval",
    "Options",
    "PlainNumbers",
    "Splitter",
    "StrOptions",
    "are_equal",
    "begin_callbacks",
    "check_parameters",
    "describe_scorer",
    "fit_context",
    "has_callbacks",
    "is_name",
    "is_routing",
    "managed_callbacks",
    "metric_of",
    "plain_number",
    "routed",
    "scorer_of_classes",
    "take_rows",
    "takes_weight",
    "warn",
]
