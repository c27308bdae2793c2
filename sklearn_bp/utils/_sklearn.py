"""The private parts of scikit-learn that this package needs, in one place: if a release
renames them, only this file changes."""

import copy
import inspect
import sys
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._array_api import device, get_namespace
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
)
from sklearn.utils.validation import _check_feature_names_in as feature_names_in

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import (
        callback_management_context as managed_callbacks,
    )
except ImportError:  # before version 1.9
    managed_callbacks = nullcontext

    class CallbackSupportMixin:
        """This version of scikit-learn has no callbacks."""


class Splitter(HasMethods):
    """The constraint that a parameter be an object that splits data. Strings have a
    method of that name, too, and so do classes of splitters."""

    def is_satisfied_by(self, value):
        is_object = not isinstance(value, str | bytes | type)
        return is_object and super().is_satisfied_by(value)


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "Splitter",
    "StrOptions",
    "begin_callbacks",
    "check_parameters",
    "describe_scorer",
    "feature_names_in",
    "fit_context",
    "foreign_namespace",
    "has_callbacks",
    "is_routing",
    "managed_callbacks",
    "metric_of",
    "routed",
    "scorer_of_classes",
    "take_rows",
    "takes_weight",
]


def begin_callbacks(estimator, max_subtasks):
    """Begin a fit that the estimator's callbacks are notified of.

    Parameters
    ----------
    estimator : estimator
        The estimator.
    max_subtasks : int
        The maximum number of epochs, or of other tasks.

    Returns
    -------
    context : CallbackContext or None
        None if the estimator has no callbacks.
    """
    if not has_callbacks(estimator):
        return None
    return estimator._init_callback_context(max_subtasks=max_subtasks)


def has_callbacks(estimator):
    """Whether callbacks are notified of the estimator's fits."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def check_parameters(estimator):
    """Raise a ValueError if a parameter of the estimator is not valid by itself."""
    estimator._validate_params()


def metric_of(scorer):
    """The function of targets and predictions behind one of scikit-learn's scorers;
    None for other callables, which may look at anything."""
    return getattr(scorer, "_score_func", None)


class ScorerParts(NamedTuple):
    """What `make_scorer` was given, and the metric's defaults.

    Parameters
    ----------
    name : str
        The name of scikit-learn's metric.
    methods : tuple of str
        The estimator's methods that may be called, in order of preference.
    sign : int
        What the metric is multiplied by.
    given : dict
        The metric's keywords that the maker has fixed.
    defaults : dict
        Those that have a default.
    """

    name: str
    methods: tuple
    sign: int
    given: dict
    defaults: dict


def describe_scorer(scorer):
    """The parts of a scorer that `make_scorer` made of one of scikit-learn's metrics,
    with valid keywords; None for other callables."""
    metric = metric_of(scorer)
    module = getattr(metric, "__module__", None) or ""
    if not module.startswith("sklearn.metrics."):
        return None
    name = metric.__name__
    is_plain = type(scorer).__name__ == "_Scorer" and (
        type(scorer).__module__ == "sklearn.metrics._scorer"
    )
    if not is_plain or getattr(sys.modules[module], name, None) is not metric:
        return None
    given = dict(scorer._kwargs)
    parameters = inspect.signature(metric).parameters
    if not given.keys() <= parameters.keys():
        return None
    constraints = getattr(metric, "_skl_parameter_constraints", {})
    try:
        validate_parameter_constraints(constraints, given, name)
    except InvalidParameterError:
        return None
    methods = scorer._response_method
    defaults = {
        parameter.name: parameter.default
        for parameter in parameters.values()
        if parameter.default is not parameter.empty
    }
    return ScorerParts(
        name,
        (methods,) if isinstance(methods, str) else tuple(methods),
        scorer._sign,
        given,
        defaults,
    )


def scorer_of_classes(scorer, classes):
    """A scorer that knows which classes the columns of probabilities or decisions stand
    for, even where the targets that it is given hold only some of them.

    Scorers of predicted labels stay as they are: these say for themselves what they
    are, and knowing of others would change averages over classes.

    Parameters
    ----------
    scorer : callable
        The scorer. What its maker has fixed stays as it is.
    classes : ndarray of shape (n_classes,)
        The classes, in the order of the columns.

    Returns
    -------
    scorer : callable
        The same scorer or a copy.
    """
    metric = metric_of(scorer)
    if metric is None or getattr(scorer, "_response_method", "predict") == "predict":
        return scorer
    known = {"labels": classes}
    if len(classes) == 2:
        known["pos_label"] = classes[1]  # the class of the column that it is given
    parameters = inspect.signature(metric).parameters
    missing = {
        name: value
        for name, value in known.items()
        if name in parameters
        and parameters[name].default is None
        and name not in scorer._kwargs
    }
    scorer = copy.copy(scorer)
    scorer._kwargs = {**scorer._kwargs, **missing}
    return scorer


def is_routing():
    """Whether metadata routing is enabled."""
    return get_config()["enable_metadata_routing"]


def routed(consumer, method, **metadata):
    """Those of the metadata that are to be given to a method.

    Parameters
    ----------
    consumer : object
        An estimator, splitter or scorer, which may pass metadata on to others.
    method : str
        The name of its method.
    **metadata : dict
        Metadata by name; None stands for none.

    Returns
    -------
    requested : dict
        The metadata that the method, or those that it calls, request; without metadata
        routing nothing.

    Raises
    ------
    UnsetMetadataPassedError
        If the method takes some of the metadata, and it is not set whether it is to.
    """
    if not is_routing():
        return {}
    mapping = MethodMapping().add(caller="fit", callee=method)
    router = MetadataRouter(owner="a study").add(method_mapping=mapping, it=consumer)
    given = {name: value for name, value in metadata.items() if value is not None}
    return router.route_params(caller="fit", params=given)["it"][method]


def takes_weight(consumer, method):
    """Whether a method is to be given the sample weights of a study: unless metadata
    routing is enabled and it requests none, or others."""
    if not is_routing():
        return True
    requests = getattr(get_routing_for_object(consumer), method).requests
    return requests.get("sample_weight") in (None, True)


def take_rows(array, rows):
    """Some rows of any kind of array or data frame, as a copy."""
    return _safe_indexing(*indexable(array), rows)


def foreign_namespace(array):
    """The namespace and the device of an array of another library than NumPy, if
    scikit-learn's dispatch to the array API is enabled; otherwise None twice."""
    is_numpy = isinstance(array, np.ndarray | np.generic)
    is_array = hasattr(array, "shape") and not is_numpy
    if not is_array or not get_config()["array_api_dispatch"]:
        return None, None
    xp, is_foreign = get_namespace(array)
    return (xp, device(array)) if is_foreign else (None, None)
