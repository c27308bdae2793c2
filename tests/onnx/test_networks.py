"""Networks as ONNX models, in onnxruntime, against what the estimators say."""

import json
import subprocess
import sys

import numpy as np
import pytest
from runtime import run
from scipy.sparse import csr_matrix
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import ShuffleSplit
from sweeps import each_pair

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
    __version__,
)
from sklearn_bp.network import ACTIVATIONS, LOSSES

onnx = pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import numpy_helper  # noqa: E402

from sklearn_bp.onnx import _activations as activations  # noqa: E402
from sklearn_bp.onnx import to_onnx  # noqa: E402
from sklearn_bp.onnx._graph import Graph, Tensor  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TOLERANCE = {"float32": 1e-5, "float64": 1e-9}
LABELS = {
    "negative": np.array([-7, 0, 4, 2**62]),
    "unsigned": np.array([1, 2, 3, 200], dtype=np.uint8),
    "texts": np.array(["", "a", "ß\n", "日本"]),
    "objects": np.array(["b", "longer", "x", "y"], dtype=object),
    "floats": np.array([-1.0, 0.0, 2.0, 3.0], dtype=np.float32),
    "truth values": np.array([False, True]),
}


def assert_close(actual, expected, dtype):
    assert actual.shape == expected.shape
    tolerance = TOLERANCE[np.dtype(dtype).name]
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def assert_same_classifier(model, X, proto=None, dtype=None):
    outputs = run(to_onnx(model, X) if proto is None else proto, X)
    assert list(outputs) == ["label", "probabilities"]
    expected = model.predict(X)
    expected = expected.toarray() if hasattr(expected, "toarray") else expected
    np.testing.assert_array_equal(outputs["label"], expected)
    dtype = model.networks_[0].dtype if dtype is None else dtype
    assert_close(outputs["probabilities"], model.predict_proba(X), dtype)


def make_data(dtype="float64", n_samples=40):
    X = np.random.RandomState(0).normal(scale=3, size=(n_samples, 5))
    return X.astype(dtype)


def make_targets(loss, n_outputs, n_samples=40):
    rng = np.random.RandomState(1)
    if loss == "log_loss":
        return rng.permutation(np.arange(n_samples) % 3)
    if loss == "binary_log_loss":
        y = rng.permutation(np.arange(n_samples * n_outputs) % 2)
        return y.reshape(n_samples, n_outputs) if n_outputs > 1 else y
    return 0.1 + rng.gamma(
        2, size=(n_samples, n_outputs) if n_outputs > 1 else n_samples
    )


def test_tables_are_complete():
    assert activations.ACTIVATIONS.keys() == ACTIVATIONS.keys()
    assert activations.LINKS.keys() == {loss.link for loss in LOSSES.values()}
    of_classes = {loss.link for loss in LOSSES.values() if loss.is_of_classes}
    assert activations.LOG_LINKS.keys() == of_classes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_by_itself(name, dtype):
    z = np.concatenate([np.linspace(-30, 30, 6001), [-1e4, -200, 1e-9, 200, 1e4]])
    z = z.astype(dtype)[:, np.newaxis]
    graph = Graph()
    activations.ACTIVATIONS[name](Tensor(graph, "X", z.dtype)).named("y")
    outputs = run(graph_model(graph, z.dtype), z)
    expected = ACTIVATIONS[name].function(z.astype(np.float64))
    tolerance = {"float32": 1e-6, "float64": 5e-14}[dtype]
    np.testing.assert_allclose(outputs["y"], expected, rtol=tolerance, atol=tolerance)


def graph_model(graph, dtype):
    kind = onnx.np_dtype_to_tensor_dtype(dtype)
    info = [onnx.make_tensor_value_info(name, kind, [None, 1]) for name in "Xy"]
    nodes = [
        onnx.make_node(n.op_type, n.inputs, [n.output], **n.attributes)
        for n in graph.nodes
    ]
    arrays = [numpy_helper.from_array(a, name) for name, a in graph.arrays.items()]
    made = onnx.make_graph(nodes, "test", info[:1], info[1:], arrays)
    model = onnx.make_model(made, opset_imports=[onnx.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@each_pair(
    activation=ACTIVATIONS,
    loss=LOSSES,
    n_outputs=[1, 3],
    dtype=["float32", "float64"],
    target_opset=[13, 17, 21],
)
def test_every_activation_and_loss(activation, loss, n_outputs, dtype, target_opset):
    X, y = make_data(dtype), make_targets(loss, n_outputs)
    kind, parameters = BackpropClassifier, {}
    if not LOSSES[loss].is_of_classes:
        kind, parameters = BackpropRegressor, {"loss": loss}
    model = kind(
        hidden_layer_sizes=(6, 5),
        activation=[activation, "tanh"],
        random_state=0,
        **parameters,
    ).initialize(X, y)
    model.coefs_ = [2 * coef for coef in model.coefs_]  # into both tails
    outputs = run(to_onnx(model, target_opset=target_opset), X)
    expected = model.predict(X)
    if kind is BackpropRegressor:
        assert outputs["variable"].dtype == dtype
        return assert_close(outputs["variable"], expected.reshape(len(X), -1), dtype)
    np.testing.assert_array_equal(outputs["label"], expected)
    assert outputs["probabilities"].dtype == dtype
    return assert_close(outputs["probabilities"], model.predict_proba(X), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_small_probabilities(n_classes, dtype):
    X, y = make_data(dtype), np.arange(40) % n_classes
    model = BackpropClassifier((4,), "tanh", random_state=0).initialize(X, y)
    model.coefs_[1][:] *= 30
    expected = model.predict_proba(X)
    assert expected.min() < 1e-9
    outputs = run(to_onnx(model), X)
    tolerance = {"float32": 1e-4, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(
        outputs["probabilities"], expected, rtol=tolerance, atol=0
    )


def test_network_without_hidden_layers():
    X, y = make_data(), make_targets("squared_error", 1)
    model = BackpropRegressor(hidden_layer_sizes=(), random_state=0).initialize(X, y)
    expected = model.predict(X)
    assert_close(run(to_onnx(model), X)["variable"][:, 0], expected, "float64")


@pytest.mark.parametrize("n_classes", [1, 2, 4])
@pytest.mark.parametrize("labels", LABELS)
def test_class_labels(labels, n_classes):
    classes = LABELS[labels][:n_classes]
    X, y = make_data(), classes[np.arange(40) % len(classes)]
    model = BackpropClassifier((4,), random_state=0).initialize(X, y)
    outputs = run(to_onnx(model), X)
    np.testing.assert_array_equal(outputs["label"], model.predict(X))
    assert_close(outputs["probabilities"], model.predict_proba(X), "float64")


def test_class_labels_that_cannot_be_expressed():
    classes = np.array([1, 2**64 - 1], dtype=np.uint64)
    model = BackpropClassifier((4,), random_state=0)
    model.initialize(make_data(), classes[np.arange(40) % 2])
    with pytest.raises(ValueError, match=r"class labels .* cannot be converted"):
        to_onnx(model)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_multilabel(is_sparse):
    X, y = make_multilabel_classification(40, 5, random_state=0)
    model = BackpropClassifier((4,), max_iter=5, random_state=0)
    model.fit(X, csr_matrix(y) if is_sparse else y)
    assert_same_classifier(model, X, dtype="float64")


@pytest.mark.parametrize("n_samples", [0, 1])
def test_few_samples(n_samples):
    X, y = make_data(), make_targets("log_loss", 1)
    model = BackpropClassifier((4,), random_state=0).initialize(X, y)
    outputs = run(to_onnx(model), X[:n_samples])
    assert outputs["label"].shape == (n_samples,)
    assert outputs["probabilities"].shape == (n_samples, 3)
    if n_samples == 1:
        expected = model.predict_proba(X[:1])
        assert_close(outputs["probabilities"], expected, "float64")


def test_one_feature():
    X, y = make_data()[:, :1], make_targets("log_loss", 1)
    model = BackpropClassifier((4,), random_state=0).initialize(X, y)
    assert_same_classifier(model, X, dtype="float64")


@pytest.mark.parametrize("kind", ["int8", "int64", "uint16", "bool", "float16"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_of_data(kind, dtype):
    X, y = make_data(), make_targets("log_loss", 1)
    model = BackpropClassifier((4,), dtype=dtype, random_state=0).initialize(X, y)
    given = np.abs(X).astype(kind)
    assert_same_classifier(model, given, dtype=dtype)


def test_data_of_another_precision():
    X, y = make_data(), make_targets("log_loss", 1)
    model = BackpropClassifier((4,), dtype="float32", random_state=0).initialize(X, y)
    assert_same_classifier(model, X, dtype="float32")


def test_model_in_another_precision():
    X, y = make_data("float32"), make_targets("log_loss", 1)
    model = BackpropClassifier((400,), dtype="float64", random_state=0)
    model.initialize(X, y)
    whole, half = to_onnx(model, X), to_onnx(model, X, dtype=np.float32)
    assert half.ByteSize() < 0.6 * whole.ByteSize()
    outputs = run(half, X)
    assert outputs["probabilities"].dtype == np.float32
    assert_close(outputs["probabilities"], model.predict_proba(X), "float32")


def test_weights_that_are_too_large_for_another_precision():
    X, y = make_data(), make_targets("log_loss", 1)
    model = BackpropClassifier((4,), random_state=0).initialize(X, y)
    model.coefs_[0][0, 0] = 1e39
    with pytest.raises(ValueError, match="too large for float32"):
        to_onnx(model, dtype="float32")


@pytest.mark.parametrize("keep", [None, "folds"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_cv(n_classes, dtype, keep):
    X, y = 1e3 + make_data(dtype), np.arange(40) % n_classes
    model = BackpropClassifierCV(
        alphas=[1], hidden_layer_sizes=[4], max_iter=5, cv=3, keep=keep, random_state=0
    ).fit(X, y)
    assert_same_classifier(model, X, dtype=dtype)


def test_mean_of_a_single_network():
    X, y = make_data("float32"), np.arange(40) % 3
    model = BackpropClassifierCV(
        alphas=[1],
        hidden_layer_sizes=[4],
        max_iter=5,
        cv=ShuffleSplit(1, random_state=0),
        keep="folds",
        random_state=0,
    ).fit(X, y)
    outputs = run(to_onnx(model), X)
    assert outputs["probabilities"].dtype == model.predict_proba(X).dtype
    assert_close(outputs["probabilities"], model.predict_proba(X), "float32")


def test_multilabel_cv():
    X, y = make_multilabel_classification(60, 5, random_state=0)
    model = BackpropClassifierCV(
        alphas=[1],
        hidden_layer_sizes=[4],
        max_iter=5,
        cv=3,
        keep="folds",
        random_state=0,
    ).fit(X, y)
    assert_same_classifier(model, X, dtype="float64")


@each_pair(
    loss=[name for name, loss in LOSSES.items() if not loss.is_of_classes],
    keep=[None, "folds"],
    dtype=["float32", "float64"],
    n_outputs=[1, 3],
    scale=[True, False],
)
def test_regressor_cv(loss, keep, dtype, n_outputs, scale):
    X, y = make_data(dtype), 100 * make_targets(loss, n_outputs)
    if n_outputs > 1:
        y[:, 1] = 3  # whatever the network says
    model = BackpropRegressorCV(
        BackpropRegressor(loss=loss),
        alphas=[1],
        hidden_layer_sizes=[4],
        max_iter=5,
        cv=3,
        keep=keep,
        scale=scale,
        random_state=0,
    ).fit(X, y)
    expected = model.predict(X)
    outputs = run(to_onnx(model), X)
    assert outputs["variable"].dtype == expected.dtype
    assert_close(outputs["variable"], expected.reshape(len(X), -1), dtype)


def test_arrays_that_a_user_has_set():
    X, y = make_data(), make_targets("log_loss", 1)
    model = BackpropClassifier((4,), random_state=0).initialize(X, y)
    model.intercepts_ = [intercept + 1 for intercept in model.intercepts_]
    assert_same_classifier(model, X, dtype="float64")


def test_description_of_the_model():
    pd = pytest.importorskip("pandas")
    X, y = make_data(), make_targets("log_loss", 1)
    frame = pd.DataFrame(X, columns=["a", "b", "ç", "label", ""])
    model = BackpropClassifier((4,), random_state=0).initialize(frame, y)
    proto = to_onnx(model, frame)
    assert (proto.producer_name, proto.producer_version) == ("sklearn_bp", __version__)
    assert "BackpropClassifier" in proto.doc_string
    props = {prop.key: prop.value for prop in proto.metadata_props}
    assert json.loads(props["feature_names"]) == list(frame.columns)
    (axes,) = [info.type.tensor_type.shape.dim for info in proto.graph.input]
    assert [axes[0].dim_param, axes[1].dim_value] == ["n_samples", 5]
    expected = model.predict_proba(frame)
    assert_close(run(proto, X)["probabilities"], expected, "float64")


def test_a_method_of_a_derived_class_is_not_converted():
    class Named(BackpropClassifier):
        pass

    class Doubting(BackpropClassifier):
        def predict_proba(self, X):
            return 0.5 + super().predict_proba(X) / 2

    X, y = np.random.RandomState(0).normal(size=(30, 2)), np.arange(30) % 2
    model = Named(max_iter=1).fit(X, y)
    outputs = run(to_onnx(model), X)
    np.testing.assert_allclose(outputs["probabilities"], model.predict_proba(X))
    with pytest.raises(ValueError, match="Doubting has a predict_proba of its own"):
        to_onnx(Doubting(max_iter=1).fit(X, y))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"model": BackpropClassifier}, TypeError, "must be a fitted estimator"),
        ({"model": 3}, TypeError, "must be a fitted estimator"),
        ({"model": BackpropClassifier()}, NotFittedError, "not fitted"),
        ({"model": BackpropClassifierCV()}, NotFittedError, "not fitted"),
        ({"dtype": "float16"}, ValueError, "dtype must be one of"),
        ({"dtype": "no type"}, ValueError, "dtype must be one of"),
        ({"target_opset": 12}, ValueError, "from 13 to"),
        ({"target_opset": 10**6}, ValueError, "from 13 to"),
        ({"target_opset": "17"}, ValueError, "from 13 to"),
        ({"X": csr_matrix(make_data())}, TypeError, "X is sparse"),
        ({"X": make_data()[0]}, ValueError, "X must have the shape"),
        ({"X": make_data()[:, 1:]}, ValueError, "expecting 5 features"),
        ({"X": make_data().astype(str)}, TypeError, "takes numbers"),
        ({"X": make_data().astype(complex)}, TypeError, "takes numbers"),
    ],
    ids=str,
)
def test_errors(arguments, error, match):
    model = BackpropClassifier((4,), random_state=0)
    model.initialize(make_data(), make_targets("log_loss", 1))
    with pytest.raises(error, match=match):
        to_onnx(**{"model": model, **arguments})


def in_a_new_process(program):
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_is_not_imported_with_the_package():
    program = (
        "import sys, sklearn_bp; print({'onnx', 'sklearn_bp.onnx'} & {*sys.modules})"
    )
    assert in_a_new_process(program).stdout == "set()\n"


def test_without_the_package_onnx():
    program = "import sys; sys.modules['onnx'] = None; import sklearn_bp.onnx"
    assert 'pip install "sklearn-bp[onnx]"' in in_a_new_process(program).stderr
