"""Helpers that know nothing about networks."""

from ._arrays import aligned, check_sample_weight, refusing_large_integers
from ._finite import Finite
from ._namespaces import like, to_numpy
from ._saved import VersionedState, check_version
from ._site import SITE, DocLinkMixin
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
    feature_names_in,
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
from ._unchanged import unchanged_on_error
from ._values import PlainNumbers, are_equal, is_name, plain_number
from ._warnings import warn

__all__ = [
    "SITE",
    "CallbackSupportMixin",
    "DocLinkMixin",
    "Finite",
    "HasMethods",
    "Interval",
    "Options",
    "PlainNumbers",
    "Splitter",
    "StrOptions",
    "VersionedState",
    "aligned",
    "are_equal",
    "begin_callbacks",
    "check_parameters",
    "check_sample_weight",
    "check_version",
    "describe_scorer",
    "feature_names_in",
    "fit_context",
    "has_callbacks",
    "is_name",
    "is_routing",
    "like",
    "managed_callbacks",
    "metric_of",
    "plain_number",
    "refusing_large_integers",
    "routed",
    "scorer_of_classes",
    "take_rows",
    "takes_weight",
    "to_numpy",
    "unchanged_on_error",
    "warn",
]
