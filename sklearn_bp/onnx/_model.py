"""A fitted estimator as an ONNX model."""

import json
from inspect import getattr_static, isclass
from numbers import Integral

import numpy as np
from onnx import defs, helper, numpy_helper
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from ..utils import feature_names_in
from ._graph import ML_DOMAIN, ML_OPSET, Graph, Tensor
from ._inputs import inputs_of
from ._models import (
    CLASSIFIERS,
    OUTPUT_NAMES,
    REGRESSORS,
    computing_type,
    output_shapes,
    outputs,
)
from ._registration import with_skl2onnx

#: Versions of the set of operators: the oldest one that has all of ours, and one that
#: runtimes of the last years know.
FIRST_OPSET, DEFAULT_OPSET = 13, 17
DTYPES = ("float32", "float64")


def to_onnx(model, X=None, *, dtype=None, target_opset=DEFAULT_OPSET):
    """Convert a fitted estimator to an ONNX model.

    Parameters
    ----------
    model : estimator
        A fitted classifier or regressor of this package, or a pipeline or another
        estimator of scikit-learn that holds one. The latter are converted by skl2onnx,
        for which the former are registered, see :func:`register`.
    X : array-like or data frame of shape (n_samples, n_features), default=None
        Data that the model will be given, for their types: one sample is enough. None
        stands for the type that the networks compute in, for ensembles for float64
        and text. Estimators that are converted by skl2onnx require it.
    dtype : {"float32", "float64"} or dtype, default=None
        The type that networks compute in. None is the one that they were trained in,
        or that of X where skl2onnx converts. A model in float32 has half the size, and
        equals the estimator to about 1e-6 of the values in its layers.
    target_opset : int, default=17
        The version of the set of operators, at least 13.

    Returns
    -------
    onnx_model : onnx.ModelProto
        The model. It takes the features as ``X`` of shape (n_samples, n_features). Only
        if an ensemble was fitted to columns of text, or X is a data frame with such
        columns, it takes each column by its name, in shape (n_samples, 1): categories
        of text and truth values as text, in which an empty one stands for a missing
        value. A classifier returns ``label`` and ``probabilities``, as `predict` and
        `predict_proba` do, a regressor ``variable``, what `predict` returns, of shape
        (n_samples, n_outputs) also for one target.

    Raises
    ------
    ImportError
        If skl2onnx is needed, and not installed.
    NotFittedError
        If the model is not fitted.
    TypeError
        If the model is no estimator, or X is sparse or holds neither numbers nor text.
    ValueError
        If X has another number of features or other names of them, another argument is
        not valid, or the model has class labels or categories that ONNX cannot express.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifier
    >>> from sklearn_bp.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> onnx_model = to_onnx(model)
    >>> [output.name for output in onnx_model.graph.output]
    ['label', 'probabilities']
    """
    _check_model(model)
    dtype = _checked_dtype(dtype)
    _check_opset(target_opset)
    if issparse(X):
        raise TypeError(
            "X is sparse, which ONNX models do not take. Pass X as an array, such as"
            " X[:1].toarray(); the model gives the same for dense data."
        )
    if not isinstance(model, CLASSIFIERS + REGRESSORS):
        return with_skl2onnx(model, X, dtype, target_opset)
    _check_methods(type(model))
    inputs = inputs_of(model, X)
    dtype = computing_type(model) if dtype is None else dtype
    graph, returned = _graph_of(model, inputs, dtype)
    name = type(model).__name__
    proto = helper.make_model(
        _graph_proto(graph, name, inputs, returned),
        producer_name="sklearn_bp",
        producer_version=__version__,
        doc_string=f"A {name} that sklearn_bp has trained.",
        opset_imports=_opsets(graph, target_opset),
    )
    proto.ir_version = helper.find_min_ir_version_for(proto.opset_import)
    names = feature_names_in(model, None).tolist()
    helper.set_model_props(proto, {"feature_names": json.dumps(names)})
    return proto


def _check_model(model):
    if isclass(model) or not isinstance(model, BaseEstimator):
        raise TypeError(
            "model must be a fitted estimator, such as"
            f" BackpropClassifier().fit(X, y), got {model!r}."
        )
    check_is_fitted(model)


def _check_methods(cls):
    """Refuse a derived class that predicts by a method of its own."""
    ours = next(base for base in cls.__mro__ if base in CLASSIFIERS + REGRESSORS)
    for name in ("predict", "predict_proba"):
        if getattr_static(cls, name, None) is not getattr_static(ours, name, None):
            raise ValueError(
                f"{cls.__name__} has a {name} of its own, which cannot be converted;"
                f" that of {ours.__name__} can."
            )


def _checked_dtype(dtype):
    try:
        name = None if dtype is None else np.dtype(dtype).name
    except TypeError:
        name = dtype
    if name not in (None, *DTYPES):
        raise ValueError(f"dtype must be one of {DTYPES} or None, got {dtype!r}.")
    return name and np.dtype(name)


def _check_opset(target_opset):
    last = defs.onnx_opset_version()
    is_number = isinstance(target_opset, Integral)
    if not is_number or not FIRST_OPSET <= target_opset <= last:
        raise ValueError(
            f"target_opset must be a number from {FIRST_OPSET} to {last}, the last that"
            f" this version of onnx knows, got {target_opset!r}."
        )


def _graph_of(model, inputs, dtype):
    """The operators that a model is made of, and, by its name, the type of each of its
    outputs and the lengths of the axes after that of the samples."""
    graph = Graph(taken={*inputs, *OUTPUT_NAMES})
    table = [Tensor(graph, name, kind) for name, (kind, _) in inputs.items()]
    found, returned = outputs(model, table, dtype), {}
    for name, shape in output_shapes(model).items():
        returned[name] = found[name].named(name).dtype, shape
    return graph, returned


def _graph_proto(graph, name, inputs, returned):
    nodes = [
        helper.make_node(
            node.op_type,
            node.inputs,
            [node.output],
            name=node.output,
            domain=node.domain,
            **node.attributes,
        )
        for node in graph.nodes
    ]
    return helper.make_graph(
        nodes,
        name,
        [_value_info(name, kind, [width]) for name, (kind, width) in inputs.items()],
        [_value_info(name, kind, shape) for name, (kind, shape) in returned.items()],
        [numpy_helper.from_array(a, name) for name, a in graph.arrays.items()],
    )


def _value_info(name, dtype, shape):
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    return helper.make_tensor_value_info(name, kind, ["n_samples", *shape])


def _opsets(graph, target_opset):
    opsets = [helper.make_opsetid("", target_opset)]
    if any(node.domain == ML_DOMAIN for node in graph.nodes):
        opsets.append(helper.make_opsetid(ML_DOMAIN, ML_OPSET))
    return opsets
