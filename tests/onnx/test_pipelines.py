"""What holds networks, as skl2onnx converts it."""

import doctest
import importlib
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from numpydoc.validate import validate
from runtime import by_column, run
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from test_docstrings import IGNORED

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropEnsembleClassifier,
    BackpropRegressor,
    BackpropRegressorCV,
    gradient_importances,
)
from sklearn_bp.preprocessing import PiecewiseLinearEncoder, TableEncoder

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")

from sklearn_bp import onnx as package  # noqa: E402
from sklearn_bp.onnx import register, to_onnx  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(0)
X = 5 + RNG.normal(scale=2, size=(90, 4))
WORDS = np.array(["a", "b", "c"])[
    (np.abs(X[:, 0] - 5) + X[:, 1] > 6) * 1 + (X[:, 2] > 5)
]
TRUTH = X[:, 0] > X[:, 1]
NET = BackpropClassifier((6,), solver="lbfgs", alpha=1, max_iter=20, random_state=0)
REGRESSOR = BackpropRegressor(
    hidden_layer_sizes=(6,), solver="lbfgs", max_iter=20, random_state=0
)
PIPELINE = make_pipeline(StandardScaler(), NET)
FOLDS = BackpropClassifierCV(
    alphas=[1], hidden_layer_sizes=[4], max_iter=5, cv=3, keep="folds", random_state=0
)

CLASSIFIERS = {
    "pipeline": PIPELINE,
    "pipeline in a pipeline": make_pipeline(StandardScaler(), PIPELINE),
    "search in a pipeline": make_pipeline(
        StandardScaler(), GridSearchCV(NET, {"alpha": [1, 10]}, cv=3)
    ),
    "pipeline in a search": GridSearchCV(
        PIPELINE, {"backpropclassifier__alpha": [1, 10]}, cv=3
    ),
    "search": GridSearchCV(NET, {"alpha": [1, 10]}, cv=3),
    "calibrated network": CalibratedClassifierCV(NET, cv=3),
    "calibrated mean": CalibratedClassifierCV(FOLDS, cv=3),
    "calibrated pipeline": CalibratedClassifierCV(PIPELINE, cv=3),
    "calibrated pipeline in a pipeline": CalibratedClassifierCV(
        make_pipeline(StandardScaler(), PIPELINE), cv=3, ensemble=False
    ),
    "calibrated in a pipeline": make_pipeline(
        StandardScaler(), CalibratedClassifierCV(NET, cv=3)
    ),
    "voting": VotingClassifier(
        [("net", NET), ("pipe", PIPELINE), ("linear", LogisticRegression())],
        voting="soft",
        flatten_transform=False,
    ),
    "one versus rest": OneVsRestClassifier(NET),
    "stacking": StackingClassifier([("net", NET), ("pipe", PIPELINE)], cv=3),
    "bagging": BaggingClassifier(NET, n_estimators=3, random_state=0),
    "encoder": make_pipeline(PiecewiseLinearEncoder(4), NET),
    "columns": make_pipeline(
        ColumnTransformer(
            [
                ("scaled", StandardScaler(), [0, 1]),
                ("encoded", PiecewiseLinearEncoder(4), [2, 3]),
            ]
        ),
        NET,
    ),
    "folds": make_pipeline(StandardScaler(), FOLDS),
    "ensemble": make_pipeline(
        StandardScaler(), BackpropEnsembleClassifier(NET, cv=3, random_state=0)
    ),
}
REGRESSORS = {
    "pipeline": make_pipeline(StandardScaler(), REGRESSOR),
    "voting": VotingRegressor([("net", REGRESSOR), ("linear", Ridge())]),
    "stacking": StackingRegressor([("net", REGRESSOR), ("linear", Ridge())], cv=3),
    "cv": make_pipeline(
        StandardScaler(),
        BackpropRegressorCV(
            alphas=[1], hidden_layer_sizes=[4], max_iter=5, cv=3, random_state=0
        ),
    ),
}
TOLERANCE = {"float32": 1e-5, "float64": 1e-9}


@pytest.mark.parametrize("y", [WORDS, TRUTH], ids=["words", "truth values"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier(name, y):
    model = CLASSIFIERS[name].fit(X, y)
    label, probabilities = model.predict(X), model.predict_proba(X)
    for dtype, tolerance in TOLERANCE.items():
        data = X.astype(dtype)
        outputs = run(to_onnx(model, data), data)
        assert list(outputs) == ["label", "probabilities"]
        np.testing.assert_array_equal(outputs["label"], label)
        assert outputs["probabilities"].dtype == dtype
        np.testing.assert_allclose(
            outputs["probabilities"], probabilities, rtol=0, atol=tolerance
        )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor(name, dtype):
    model = REGRESSORS[name].fit(X, 100 + X[:, 0] * X[:, 1])
    (variable,) = run(to_onnx(model, X.astype(dtype)), X.astype(dtype)).values()
    assert variable.dtype == dtype
    expected = model.predict(X)
    np.testing.assert_allclose(variable[:, 0], expected, rtol=TOLERANCE[dtype])


def test_multilabel():
    data, y = make_multilabel_classification(60, 5, random_state=0)
    model = make_pipeline(StandardScaler(), NET).fit(data, y)
    outputs = run(to_onnx(model, data), data)
    np.testing.assert_array_equal(outputs["label"], model.predict(data))
    expected = model.predict_proba(data)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-9)


def test_hard_voting():
    voters = [("net", NET), ("pipe", PIPELINE), ("linear", LogisticRegression())]
    model = VotingClassifier(voters, flatten_transform=False).fit(X, WORDS)
    outputs = run(to_onnx(model, X), X)
    np.testing.assert_array_equal(outputs["label"], model.predict(X))


def test_table_with_text():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"word": WORDS.astype(object), "x": X[:, 3], "n": TRUTH * 3})
    model = make_pipeline(TableEncoder(4, dtype="float64"), NET).fit(frame, TRUTH)
    outputs = run(to_onnx(model, frame), by_column(frame))
    np.testing.assert_array_equal(outputs["label"], model.predict(frame))
    expected = model.predict_proba(frame)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-9)


def test_inputs_of_several_widths():
    register()
    table = np.column_stack([X[:, :3].astype(object), WORDS])
    model = make_pipeline(TableEncoder(4, dtype="float64"), NET).fit(table, TRUTH)
    kinds = skl2onnx.common.data_types
    types = [
        ("first", kinds.DoubleTensorType([None, 2])),
        ("second", kinds.DoubleTensorType([None, 1])),
        ("words", kinds.StringTensorType([None, 1])),
    ]
    proto = skl2onnx.convert_sklearn(model, initial_types=types)
    parts = {"first": X[:, :2], "second": X[:, 2:3]}
    outputs = run(proto, {**parts, "words": table[:, 3:]})
    expected = model.predict_proba(table)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-9)


@pytest.mark.parametrize("steps", [[], [StandardScaler()]], ids=["network", "scaler"])
def test_frame_of_numbers(steps):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X.astype("float32"), columns=list("abcd"))
    model = make_pipeline(*steps, NET).fit(frame, WORDS)
    outputs = run(to_onnx(model, frame), by_column(frame))
    expected = model.predict_proba(frame)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)


def test_precision_of_choice():
    model = PIPELINE.fit(X, WORDS)
    outputs = run(to_onnx(model, X, dtype="float32"), X.astype(np.float32))
    expected = model.predict_proba(X)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)


@pytest.mark.parametrize("y", [WORDS, TRUTH], ids=["words", "truth"])
def test_raw_scores(y):
    register()
    model = NET.fit(X, y)
    options = {id(model): {"raw_scores": True}}
    outputs = run(skl2onnx.to_onnx(model, X[:1], options=options), X)
    raw = model.decision_function(X)
    expected = np.column_stack([-raw, raw]) if raw.ndim == 1 else raw
    np.testing.assert_allclose(outputs["probabilities"], expected, rtol=1e-9)


def test_zipmap_is_off():
    register()
    model = PIPELINE.fit(X, WORDS)
    outputs = run(skl2onnx.to_onnx(model, X[:1]), X)
    assert outputs["probabilities"].shape == (90, 3)


def test_registering_again_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register()
        register()


@pytest.mark.parametrize(
    ("model", "arguments", "error", "match"),
    [
        (PIPELINE, {}, ValueError, "X must be passed with a Pipeline"),
        (LogisticRegression(), {"X": X}, TypeError, "holds no estimator of sklearn_bp"),
        (
            CalibratedClassifierCV(NET, method="isotonic", cv=3),
            {"X": X},
            ValueError,
            "method='isotonic'",
        ),
        (
            make_pipeline(CalibratedClassifierCV(NET, method="isotonic", cv=3)),
            {"X": X},
            ValueError,
            "method='isotonic'",
        ),
        (TunedThresholdClassifierCV(NET, cv=3), {"X": X}, ValueError, "threshold"),
        (PIPELINE, {"X": X[:, :2]}, ValueError, "X has 2 features, but"),
        (
            PIPELINE,
            {"X": X, "target_opset": 28},
            ValueError,
            "for a model that skl2onnx converts, got 28",
        ),
        (PIPELINE, {"X": X[0]}, ValueError, r"of shape \(4,\)"),
        (PIPELINE, {"X": "a"}, ValueError, r"of shape \(\)"),
    ],
    ids=[
        "no data",
        "not ours",
        "isotonic",
        "isotonic in a pipeline",
        "threshold",
        "two features",
        "operator set",
        "one axis",
        "no axis",
    ],
)
def test_errors(model, arguments, error, match):
    with pytest.raises(error, match=match):
        to_onnx(model.fit(X, TRUTH), **arguments)


def test_a_frozen_network_is_refused_by_name():
    network = FrozenEstimator(clone(NET).fit(X, TRUTH))
    model = CalibratedClassifierCV(network).fit(X, TRUTH)
    with pytest.raises(ValueError, match="FrozenEstimator cannot be converted"):
        to_onnx(model, X)


def test_columns_in_other_places_are_refused():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make_pipeline(StandardScaler(), NET).fit(frame, TRUTH)
    for other in (frame[list("bacd")], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match="feature names"):
            to_onnx(model, other)
    # which are chosen by their names may come in any order
    named = make_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), list("abcd"))]), NET
    ).fit(frame, TRUTH)
    outputs = run(to_onnx(named, frame[list("dcba")]), by_column(frame))
    assert_allclose(
        outputs["probabilities"], named.predict_proba(frame), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("label", [2**31 + 5, -(2**62)])
def test_integers_that_skl2onnx_would_cut_are_refused(label):
    y = np.where(TRUTH, label, 7)
    model = CalibratedClassifierCV(NET, cv=2).fit(X, y)
    with pytest.raises(ValueError, match=r"class labels .* CalibratedClassifierCV"):
        to_onnx(model, X)
    for model in (PIPELINE, GridSearchCV(PIPELINE, {}, cv=2)):
        outputs = run(to_onnx(model.fit(X, y), X), X)
        np.testing.assert_array_equal(outputs["label"], model.predict(X))


@pytest.mark.parametrize("is_in_pipeline", [False, True])
def test_selectors_by_a_classifier(is_in_pipeline):
    model = RFE(NET, n_features_to_select=2, importance_getter=gradient_importances)
    if is_in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    model.fit(X, TRUTH)
    (selected,) = run(to_onnx(model, X), X).values()
    assert_allclose(selected, model.transform(X))


def test_numbers_of_a_table_in_float32_leave_its_text_alone():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pd.DataFrame({"number": X[:, 0], "count": np.arange(90), "word": WORDS})
    encoder = ColumnTransformer(
        [("n", StandardScaler(), ["number", "count"]), ("w", OneHotEncoder(), ["word"])]
    )
    model = make_pipeline(encoder, NET).fit(table, TRUTH)
    onnx_model = to_onnx(model, table, dtype="float32")
    feed = {
        "number": X[:, :1].astype(np.float32),
        "count": np.arange(90, dtype=np.float32)[:, np.newaxis],
        "word": WORDS.astype(object)[:, np.newaxis],
    }
    probabilities = run(onnx_model, feed)["probabilities"]
    assert_allclose(probabilities, model.predict_proba(table), atol=1e-5)


def test_what_skl2onnx_lacks_is_named():
    model = TransformedTargetRegressor(REGRESSOR, func=np.log, inverse_func=np.exp)
    with pytest.raises(Exception, match="TransformedTargetRegressor"):
        to_onnx(model.fit(X, np.exp(X[:, 0])), X)


@pytest.mark.parametrize("name", package.__all__)
def test_docstring_follows_numpydoc(name):
    errors = validate(f"sklearn_bp.onnx.{name}")["errors"]
    assert not [error for error in errors if error[0] not in IGNORED]


def test_examples_in_docstrings_run():
    results = doctest.testmod(importlib.import_module("sklearn_bp.onnx._model"))
    assert results.attempted > 0
    assert results.failed == 0
