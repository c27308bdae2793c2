"""The encoder among scikit-learn's transformers."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bp import BackpropClassifier
from sklearn_bp.preprocessing import PiecewiseLinearEncoder

FRAME = pd.DataFrame(
    {
        "age": [20, 30, np.nan, 50, 60],
        "income": [1.0, 2, 3, 4, 5],
        "is_new": [0, 1] * 2 + [0],
    }
)
NAMES = [
    *["age_scaled", "age_ramp_0", "age_ramp_1", "age_missing"],
    *["income_scaled", "income_ramp_0", "income_ramp_1"],
    "is_new_scaled",
]


@parametrize_with_checks(
    [
        PiecewiseLinearEncoder(),
        PiecewiseLinearEncoder(1),
        PiecewiseLinearEncoder(3),
        PiecewiseLinearEncoder(knots="tree"),
        PiecewiseLinearEncoder(3, knots="tree", target_type="discrete"),
        PiecewiseLinearEncoder(knots="tree", target_type="continuous"),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


def test_names_of_columns():
    encoder = PiecewiseLinearEncoder(n_bins=2).fit(FRAME)
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert encoder.get_feature_names_out(FRAME.columns).tolist() == NAMES
    with pytest.raises(ValueError, match="input_features is not equal to"):
        encoder.get_feature_names_out(["a", "b", "c"])
    encoder.fit(FRAME.to_numpy())
    assert encoder.get_feature_names_out()[3] == "x0_missing"
    assert encoder.get_feature_names_out(FRAME.columns).tolist() == NAMES


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (pd.DataFrame, "float32"),
        (pd.DataFrame, "float64"),
        (pl.DataFrame, "float64"),  # scikit-learn takes all of polars' as float64
    ],
)
def test_data_frames(make, dtype):
    frame = make({name: x.to_numpy(dtype) for name, x in FRAME.items()})
    encoder = PiecewiseLinearEncoder(n_bins=2)
    expected = encoder.fit_transform(FRAME.to_numpy(dtype))
    library = make.__module__.partition(".")[0]
    encoded = encoder.set_output(transform=library).fit_transform(frame)
    assert isinstance(encoded, make)
    assert list(encoded.columns) == NAMES
    assert all(str(kind).lower() == dtype for kind in encoded.dtypes)
    np.testing.assert_array_equal(encoded.to_numpy(), expected)


def test_missing_values_of_pandas():
    frame = FRAME.convert_dtypes()
    assert frame["age"].isna().any()
    assert str(frame["age"].dtype) == "Int64"
    encoder = PiecewiseLinearEncoder(n_bins=2)
    expected = encoder.fit_transform(FRAME)
    np.testing.assert_array_equal(encoder.fit_transform(frame), expected)


def test_copies_encode_the_same():
    encoder = PiecewiseLinearEncoder(n_bins=2).fit(FRAME)
    expected = encoder.transform(FRAME)
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(FRAME), expected)
    with pytest.raises(NotFittedError):
        clone(encoder).transform(FRAME)
    with pytest.raises(NotFittedError):
        clone(encoder).get_feature_names_out()


def test_before_a_network():
    rng = np.random.RandomState(0)
    x = rng.uniform(-3, 3, size=400)
    frame = pd.DataFrame({"angle": x, "noise": rng.normal(size=400)})
    frame.loc[::9, "noise"] = np.nan
    model = make_pipeline(
        make_column_transformer(
            (PiecewiseLinearEncoder(), ["angle"]),
            (PiecewiseLinearEncoder(2), ["noise"]),
        ),
        BackpropClassifier(random_state=0, tol=1e-3, learning_rate_init=0.01),
    )
    waves = np.sin(4 * x) > 0
    assert model.fit(frame, waves).score(frame, waves) > 0.9


def test_weights_are_routed():
    X, weights = FRAME, np.array([0, 1, 2, 0, 3])
    expected = PiecewiseLinearEncoder().fit(X, sample_weight=weights).transform(X)
    with config_context(enable_metadata_routing=True):
        encoder = PiecewiseLinearEncoder().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(encoder).fit(X, sample_weight=weights)
    np.testing.assert_array_equal(pipeline.transform(X), expected)


def test_data_stay_as_they_are():
    for X in (FRAME.to_numpy(), np.asfortranarray(FRAME.to_numpy())):
        X.flags.writeable = False  # or it raises
        PiecewiseLinearEncoder().fit_transform(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_encoding_takes_no_memory_but_its_result(dtype):
    X = np.random.RandomState(0).normal(size=(20_000, 20)).astype(dtype)
    encoder = PiecewiseLinearEncoder().fit(X)
    tracemalloc.start()
    encoded = encoder.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < encoded.nbytes + 2**22


ODD = FRAME.assign(income=[1, 2, np.inf, 4, 5])
REFUSED = {
    "infinity": ({}, (ODD,), "contains infinity, in feature 'income'"),
    "minus infinity": ({}, (-ODD.to_numpy(),), "contains infinity, in feature 'x1'"),
    "text": ({}, ([["a"], ["b"]],), "could not convert string to float"),
    "one axis": ({}, ([1.0, 2.0],), "Expected 2D array, got 1D array"),
    "a large integer": ({}, ([[10**400]],), "X contains a number too large"),
    "no samples": ({}, (np.zeros((0, 2)),), "minimum of 1 is required"),
    "weights": ({}, (FRAME, None, [1, 2]), "one weight per sample"),
    "a negative weight": ({}, (FRAME, None, [1, 2, 3, 4, -1]), "Negative values"),
    "no weight": ({}, (FRAME, None, [0] * 5), "zero for all samples"),
    "n_bins=0": ({"n_bins": 0}, (FRAME,), "'n_bins' parameter"),
    "n_bins=2.5": ({"n_bins": 2.5}, (FRAME,), "'n_bins' parameter"),
    "knots": ({"knots": "uniform"}, (FRAME,), "'knots' parameter"),
    "a share": (
        {"min_weight_fraction_leaf": 0.6},
        (FRAME,),
        "'min_weight_fraction_leaf' parameter",
    ),
    "target_type": ({"target_type": "binary"}, (FRAME,), "'target_type' parameter"),
}


@pytest.mark.parametrize(
    ("settings", "arguments", "message"), REFUSED.values(), ids=REFUSED
)
def test_what_is_refused(settings, arguments, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseLinearEncoder(**settings).fit(*arguments)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array])
def test_sparse_data_are_refused(form):
    X = FRAME.fillna(0).to_numpy()
    encoder = PiecewiseLinearEncoder().fit(X)
    for method in (encoder.fit, encoder.transform):
        with pytest.raises(TypeError, match="Sparse data was passed"):
            method(form(X))


def test_what_is_refused_later():
    encoder = PiecewiseLinearEncoder().fit(FRAME)
    with pytest.raises(ValueError, match="infinity, in feature 'income'"):
        encoder.transform(ODD)
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(FRAME.rename(columns={"age": "years"}))
    with pytest.raises(ValueError, match="expecting 3 features"):
        PiecewiseLinearEncoder().fit(FRAME.to_numpy()).transform([[1.0, 2.0]])
