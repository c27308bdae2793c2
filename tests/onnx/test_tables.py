"""Ensembles and encoders of tables as ONNX models."""

import numpy as np
import pytest
from runtime import by_column, run

from sklearn_bp import (
    BackpropClassifier,
    BackpropEnsembleClassifier,
    BackpropEnsembleRegressor,
    BackpropRegressor,
)
from sklearn_bp.preprocessing import PiecewiseLinearEncoder, TableEncoder

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
pd = pytest.importorskip("pandas")

from sklearn_bp.onnx import to_onnx  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(0)
N = 90
NUMBERS = RNG.lognormal(size=(N, 4))
NUMBERS[:, 2] = 3  # constant
NUMBERS[:, 3] = RNG.randint(3, size=N)
GAPS = np.where(RNG.uniform(size=(N, 4)) < 0.1, np.nan, NUMBERS)
FRAME = pd.DataFrame(
    {
        "number": GAPS[:, 0],
        "count": RNG.randint(100, size=N),
        "word": RNG.choice(
            ["a", "ß c", "rare", None], p=[0.5, 0.3, 0.05, 0.15], size=N
        ),
        "flag": RNG.uniform(size=N) > 0.5,
        "code": RNG.choice([1, 2.5, 40], size=N),
        "label": RNG.choice(["x", "y"], size=N),
    }
)
FRAME["word"] = FRAME["word"].astype(object)


def fitted(kind, X, y, **parameters):
    estimator = None
    if kind is BackpropEnsembleClassifier:
        estimator = BackpropClassifier((8,), max_iter=10, dtype="float64")
    return kind(estimator, cv=3, n_bins=5, random_state=0, **parameters).fit(X, y)


def assert_same(model, proto, X, feed, tolerance):
    outputs = run(proto, feed)
    if "variable" in outputs:
        expected = model.predict(X).reshape(len(X), -1)
        return np.testing.assert_allclose(outputs["variable"], expected, rtol=tolerance)
    np.testing.assert_array_equal(outputs["label"], model.predict(X))
    expected = model.predict_proba(X)
    assert outputs["probabilities"].dtype == expected.dtype
    return np.testing.assert_allclose(
        outputs["probabilities"], expected, rtol=0, atol=tolerance
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_of_numbers(n_classes, dtype):
    X = GAPS.astype(dtype)
    model = fitted(BackpropEnsembleClassifier, X, np.arange(N) % n_classes)
    assert_same(model, to_onnx(model, X), X, X, 1e-9)


def test_it_takes_float64_unless_told_otherwise():
    model = fitted(BackpropEnsembleClassifier, GAPS, np.arange(N) % 2)
    assert_same(model, to_onnx(model), GAPS, GAPS, 1e-9)


def test_multilabel():
    y = (RNG.uniform(size=(N, 3)) < 0.5).astype(int)
    model = fitted(BackpropEnsembleClassifier, GAPS, y)
    assert_same(model, to_onnx(model), GAPS, GAPS, 1e-9)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressor_of_numbers(n_outputs):
    y = 1e3 + RNG.normal(size=(N, n_outputs))
    model = fitted(BackpropEnsembleRegressor, GAPS, y[:, 0] if n_outputs == 1 else y)
    assert_same(model, to_onnx(model), GAPS, GAPS, 1e-6)


def test_several_settings():
    model = BackpropEnsembleClassifier(
        param_grid={"alpha": [1e-4, 1.0]}, cv=3, n_bins=5, random_state=0
    ).fit(NUMBERS, NUMBERS[:, 0] > 1)
    assert_same(model, to_onnx(model), NUMBERS, NUMBERS, 1e-5)


@pytest.mark.parametrize("is_asked_for_types", [False, True])
def test_classifier_of_a_table_with_text(is_asked_for_types):
    X = FRAME if is_asked_for_types else FRAME.astype({"flag": str, "code": float})
    model = fitted(
        BackpropEnsembleClassifier,
        FRAME,
        np.arange(N) % 3,
        categorical_features=["word", "flag", "code", "label"],
    )
    new = FRAME.copy()
    new.loc[:3, "word"] = "never seen"
    new.loc[4:8, "word"] = None
    new.loc[9:12, "code"] = 7.0
    proto = to_onnx(model, FRAME) if is_asked_for_types else to_onnx(model, X)
    feed = by_column(new.astype(X.dtypes.to_dict()))
    feed["label_"] = feed.pop("label")  # a name that the output has
    assert_same(model, proto, new, feed, 1e-9)


def test_all_columns_are_text_if_nothing_is_said():
    X = FRAME[["word", "flag"]]
    model = fitted(BackpropEnsembleClassifier, X, np.arange(N) % 2)
    assert_same(model, to_onnx(model), X, by_column(X.astype(str)), 1e-9)


def test_categories_that_are_numbers():
    X = np.where(RNG.uniform(size=(N, 2)) < 0.1, np.nan, RNG.randint(4, size=(N, 2)))
    X = np.column_stack([X, GAPS])
    model = fitted(
        BackpropEnsembleClassifier,
        X,
        np.arange(N) % 2,
        categorical_features=[0, 1],
    )
    X[:3, 0] = 2.5  # was not there
    assert_same(model, to_onnx(model), X, X, 1e-9)


@pytest.mark.parametrize("min_frequency", [1, 30, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_table_encoder(dtype, min_frequency):
    encoder = TableEncoder(
        n_bins=4,
        dtype=dtype,
        min_frequency=min_frequency,
        categorical_features=["word", "flag", "code", "label"],
    ).fit(FRAME)
    outputs = run(to_onnx(encoder, FRAME), by_column(FRAME))
    np.testing.assert_array_equal(outputs["variable"], encoder.transform(FRAME))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("knots", ["quantile", "tree"])
def test_piecewise_linear_encoder(knots, dtype):
    X = GAPS.astype(dtype)
    encoder = PiecewiseLinearEncoder(n_bins=4, knots=knots).fit(X, X[:, 3] > 1)
    far = np.array([[1e300 if dtype == "float64" else 1e38] * 4, [-1e30] * 4], dtype)
    for data in (X, far):
        outputs = run(to_onnx(encoder, X), data)
        assert outputs["variable"].dtype == dtype
        np.testing.assert_allclose(
            outputs["variable"], encoder.transform(data), rtol=1e-15, atol=0
        )


def test_encoder_of_constant_features():
    X = np.ones((9, 2))
    encoder = PiecewiseLinearEncoder().fit(X)
    np.testing.assert_array_equal(run(to_onnx(encoder, X), X)["variable"], 0 * X)


def encoder_of(words):
    return TableEncoder(min_frequency=1).fit(
        pd.DataFrame({"word": words}, dtype=object)
    )


def test_empty_text_is_a_category():
    encoder = encoder_of(["", "a", ""])
    X = pd.DataFrame({"word": ["", "a", "b"]}, dtype=object)
    outputs = run(to_onnx(encoder, X), by_column(X))
    np.testing.assert_array_equal(outputs["variable"], encoder.transform(X))


@pytest.mark.parametrize(
    ("words", "given", "match"),
    [
        (["", "a", None], ["a"], "empty texts and missing values"),
        (["a", "b"], [1.5], "holds numbers, but held text"),
    ],
)
def test_categories_that_cannot_be_expressed(words, given, match):
    with pytest.raises(ValueError, match=match):
        to_onnx(encoder_of(words), pd.DataFrame({"word": given}))


def test_categories_that_float64_cannot_tell_apart():
    X = pd.DataFrame({"key": [2**53 + 1, 2**53 + 2] * 3})
    encoder = TableEncoder(categorical_features=["key"], min_frequency=1).fit(X)
    with pytest.raises(ValueError, match=r"'key' has integers beyond 2\*\*53"):
        to_onnx(encoder, X)
    words = X.astype(str).astype(object)
    outputs = run(to_onnx(encoder, words), by_column(words))
    np.testing.assert_array_equal(outputs["variable"], encoder.transform(X))


@pytest.mark.parametrize(
    "column",
    [np.array([1 + 2j] * 40), np.array(["2020-01-01"] * 40, dtype="M8[D]")],
    ids=["complex", "dates"],
)
def test_columns_that_are_no_numbers_are_refused(column):
    table = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7})
    model = BackpropEnsembleRegressor(cv=2, random_state=0).fit(table, table["a"])
    with pytest.raises(TypeError, match=r"Column 'b' of X holds values of type"):
        to_onnx(model, table.assign(b=column))


@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_of_text_and_numbers(kind):
    rows = kind(kind(["red" if i % 3 else "blue", float(i)]) for i in range(40))
    model = fitted(BackpropEnsembleRegressor, rows, np.arange(40.0))
    table = pd.DataFrame(rows, columns=["x0", "x1"])
    outputs = run(to_onnx(model, rows[:1]), by_column(table))
    found = outputs["variable"][:, 0]  # of networks in float32
    np.testing.assert_allclose(found, model.predict(rows), rtol=1e-5)


def test_columns_must_be_in_their_order():
    X = pd.DataFrame({"size": np.arange(40.0), "color": ["red", "blue"] * 20})
    network = BackpropRegressor(max_iter=1)
    model = BackpropEnsembleRegressor(network, cv=2, random_state=0).fit(X, X["size"])
    with pytest.raises(ValueError, match=r"Column 0 of X is 'color', .* 'size'"):
        to_onnx(model, X[["color", "size"]])


def test_numbers_cannot_be_text():
    encoder = TableEncoder().fit(FRAME[["number", "word"]])
    texts = FRAME[["number", "word"]].astype(str).astype(object)
    with pytest.raises(ValueError, match="'number' holds numbers"):
        to_onnx(encoder, texts)
