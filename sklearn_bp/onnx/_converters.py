"""Converters for skl2onnx."""

import numpy as np
from onnx import TensorProto, numpy_helper
from skl2onnx import update_registered_converter
from skl2onnx.common import data_types
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from ..preprocessing import PiecewiseLinearEncoder, TableEncoder
from ._graph import ML_DOMAIN, ML_OPSET, Graph, Tensor
from ._heads import class_labels
from ._models import CLASSIFIERS, computing_type, output_shapes, outputs
from ._registration import OURS
from ._tables import encoded

ENCODERS = (PiecewiseLinearEncoder, TableEncoder)
#: zipmap, which would make a dict of each row, is what pipelines ask for by default. It
#: is never done.
OPTIONS = {"zipmap": [True, False], "raw_scores": [True, False]}

TYPES = {
    "bool": data_types.BooleanTensorType,
    "float32": data_types.FloatTensorType,
    "float64": data_types.DoubleTensorType,
    "int64": data_types.Int64TensorType,
    "object": data_types.StringTensorType,
}


def update_converters():
    """Register all of them, or do so again."""
    for kind in OURS:
        update_registered_converter(
            kind,
            _alias(kind),
            _set_types,
            _convert,
            overwrite=True,
            parser=_parse,
            options=OPTIONS if kind in CLASSIFIERS else None,
        )


def _alias(kind):
    return f"SklearnBp{kind.__name__}"


def _parse(scope, model, inputs, custom_parsers=None):
    """Say what the operator of a model returns."""
    operator = scope.declare_local_operator(_alias(type(model)), model)
    operator.inputs = inputs
    kinds = _returned(model, inputs)
    if "label" in kinds:
        # As if they were integers, like everybody else, until types are set: those who
        # hold a pipeline have already said so, and would convert them.
        kinds["label"] = data_types.Int64TensorType()
    for name, kind in kinds.items():
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _set_types(operator):
    """Set the types of what an operator returns."""
    kinds = _returned(operator.raw_operator, operator.inputs).values()
    for output, kind in zip(operator.outputs, kinds, strict=True):
        output.set_type(kind)


def _convert(scope, operator, container):
    """Add the nodes of a model to the container."""
    model = operator.raw_operator
    graph = Graph(new_name=scope.get_unique_variable_name)
    table = _table(graph, operator.inputs)
    if isinstance(model, ENCODERS):
        found = {"variable": encoded(model, table)}
    else:
        found = outputs(model, table, _float_type(model, operator.inputs))
    if _is_asked_for_scores(scope, model):
        found["probabilities"] = found["scores"]
    kinds = _returned(model, operator.inputs)
    for output, (name, kind) in zip(operator.outputs, kinds.items(), strict=True):
        found[name].cast(_numpy_type(kind)).named(output.full_name)
    _write(graph, scope, container)


def _table(graph, inputs):
    """The inputs as parts of a table: a single one as it is, others by column."""
    tensors = [Tensor(graph, v.full_name, _numpy_type(v.type)) for v in inputs]
    if len(tensors) == 1:
        return tensors
    widths = [variable.get_second_dimension() for variable in inputs]
    return [
        tensor if width == 1 else tensor.columns([number])
        for tensor, width in zip(tensors, widths)
        for number in range(width)
    ]


def _returned(model, inputs):
    """By their names, the types of what a model returns: numbers in that of the inputs,
    as is usual in skl2onnx, but for a TableEncoder, which has its own."""
    n_samples, dtype = inputs[0].get_first_dimension(), _float_type(model, inputs)
    if isinstance(model, ENCODERS):
        n_columns = len(model.get_feature_names_out())
        return {"variable": TYPES[dtype]([n_samples, n_columns])}
    kinds = dict.fromkeys(("probabilities", "variable"), dtype)
    if is_classifier(model):
        is_matrix = len(output_shapes(model)["label"]) > 0
        labels = np.array([0]) if is_matrix else class_labels(model.classes_)
        kinds["label"] = labels.dtype.name
    return {
        name: TYPES[kinds[name]]([n_samples, *shape])
        for name, shape in output_shapes(model).items()
    }


def _float_type(model, inputs):
    """The name of the type that a model computes in."""
    if isinstance(model, TableEncoder):
        return model.dtype
    floats = [t for t in (_numpy_type(v.type) for v in inputs) if t.kind == "f"]
    if floats:
        return np.result_type(*floats).name
    return "float64" if isinstance(model, ENCODERS) else computing_type(model).name


def _numpy_type(kind):
    """The type of NumPy; that of text is object."""
    dtype = np.dtype(data_types.guess_numpy_type(kind))
    return np.dtype(object) if dtype.kind == "U" else dtype


def _is_asked_for_scores(scope, model):
    """Whether raw outputs are to take the place of probabilities.

    An estimator that holds a pipeline asks the pipeline, which does not hand this on.
    """
    holders = [each.raw_operator for each in scope.operators.values()]
    asked = [model, *(holder for holder in holders if _ends_with(holder, model))]
    return is_classifier(model) and any(
        scope.get_options(each, {"raw_scores": False})["raw_scores"] for each in asked
    )


def _ends_with(holder, model):
    """Whether this is a pipeline whose last step is the model."""
    if not isinstance(holder, Pipeline):
        return False
    last = holder.steps[-1][1]
    return last is model or _ends_with(last, model)


def _write(graph, scope, container):
    for name, array in graph.arrays.items():
        if array.dtype == object:
            texts = [text.encode() for text in array.ravel()]
            container.add_initializer(name, TensorProto.STRING, array.shape, texts)
        else:
            tensor = numpy_helper.from_array(array)
            container.add_initializer(name, tensor.data_type, array.shape, tensor)
    for node in graph.nodes:
        container.add_node(
            node.op_type,
            list(node.inputs),
            [node.output],
            op_domain=node.domain,
            # By itself skl2onnx may take a version of them that it then refuses.
            op_version=ML_OPSET if node.domain == ML_DOMAIN else None,
            name=scope.get_unique_operator_name(node.op_type),
            **node.attributes,
        )
