"""Tables of any make, and what becomes of their columns."""

import datetime
import pickle
import re
import tracemalloc
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bp.preprocessing import PiecewiseLinearEncoder, TableEncoder

ALL = {"min_frequency": 1, "dtype": "float64"}  # keeps every category


@parametrize_with_checks(
    [
        TableEncoder(),
        TableEncoder(2, min_frequency=1),
        TableEncoder(categorical_features=[0]),
        TableEncoder(categorical_features=None, dtype="float64"),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


def make_columns(n_rows=60, seed=0):
    """A column of each kind as lists, with missing values in all of them."""
    rng = np.random.default_rng(seed)
    columns = {
        "number": rng.normal(size=n_rows).tolist(),
        "whole": rng.integers(0, 9, size=n_rows).tolist(),
        "city": rng.choice(["Bern", "Rome", "Rome ", "Oslo"], size=n_rows).tolist(),
        "member": (rng.random(n_rows) < 0.3).tolist(),
    }
    for column in columns.values():
        for row in rng.choice(n_rows, size=7, replace=False):
            column[row] = None
    return columns


COLUMNS = make_columns()


def by_hand(columns):
    """What numbers and categories become, one value at a time."""
    numbers = np.array([columns["number"], columns["whole"]], dtype=float).T
    parts = [PiecewiseLinearEncoder().fit_transform(numbers)]
    for name in ("city", "member"):
        kinds = sorted({value for value in columns[name] if value is not None})
        parts.append(
            [[float(v == kind) for kind in [*kinds, None]] for v in columns[name]]
        )
    return np.hstack(parts)


def as_rows(columns):
    return [list(row) for row in zip(*columns.values())]


TABLES = {
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas, objects": lambda c: pd.DataFrame(c, dtype=object),
    "pandas, NA": lambda c: pd.DataFrame(c, dtype=object).replace({None: pd.NA}),
    "pandas, NaN": lambda c: pd.DataFrame(c, dtype=object).replace({None: np.nan}),
    "pandas, category": lambda c: pd.DataFrame(c).astype(
        {"city": "category", "member": "category"}
    ),
    "pandas, an index": lambda c: pd.DataFrame(c, index=[3] * len(c["city"])),
    "polars": pl.DataFrame,
    "polars, categorical": lambda c: pl.DataFrame(c).with_columns(
        pl.col("city").cast(pl.Categorical)
    ),
    "polars, enum": lambda c: pl.DataFrame(c).with_columns(
        pl.col("city").cast(pl.Enum(["Z", "Rome", "Rome ", "Oslo", "Bern"])),
        pl.col("whole").cast(pl.UInt8),
    ),
    "polars, objects": lambda c: pl.DataFrame(
        [pl.Series(name, values, dtype=pl.Object) for name, values in c.items()]
    ),
    "array of objects": lambda c: np.array(as_rows(c), dtype=object),
    "lists": as_rows,
    "tuples": lambda c: tuple(map(tuple, as_rows(c))),
}


@pytest.mark.parametrize("name", TABLES)
def test_encodes_the_same_whatever_the_table_is_made_of(name):
    X = TABLES[name](COLUMNS)
    encoder = TableEncoder(**ALL)
    expected = by_hand(COLUMNS)
    np.testing.assert_array_equal(encoder.fit_transform(X), expected)
    np.testing.assert_array_equal(encoder.transform(X), expected)
    assert encoder.is_categorical_.tolist() == [False, False, True, True]
    assert encoder.n_features_out_ == expected.shape[1]


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("name", TABLES)
def test_fitted_to_one_make_it_takes_all_others(name):
    encoder = TableEncoder(**ALL).fit(np.array(as_rows(COLUMNS), dtype=object))
    other = make_columns(n_rows=30, seed=1)
    X = TABLES[name](other)
    expected = encoder.transform(as_rows(other))
    np.testing.assert_array_equal(encoder.transform(X), expected)


def test_types_of_arrow():
    pytest.importorskip("pyarrow", reason="pandas' types of Arrow need it")
    frame = pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow")
    assert all("pyarrow" in str(dtype) for dtype in frame.dtypes)
    expected = by_hand(COLUMNS)
    np.testing.assert_array_equal(TableEncoder(**ALL).fit_transform(frame), expected)
    frame["city"] = frame["city"].astype("category")
    np.testing.assert_array_equal(TableEncoder(**ALL).fit_transform(frame), expected)


POLARS_NUMBERS = [
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128),
    *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Float32, pl.Float64),
    pl.Decimal(10, 2),
]
PANDAS_NUMBERS = [
    *("Int8", "Int64", "UInt8", "UInt64", "Float32", "Float64", "float32", "object"),
    "Sparse[float64, nan]",
]


@pytest.mark.parametrize("dtype", POLARS_NUMBERS, ids=str)
def test_numbers_of_polars(dtype):
    values = [3, None, 7, 7, 100]
    X = pl.DataFrame({"a": pl.Series(values).cast(dtype)})
    expected = PiecewiseLinearEncoder().fit_transform(np.array([values], float).T)
    encoded = TableEncoder(dtype="float64").fit_transform(X)
    np.testing.assert_array_equal(encoded, expected)


@pytest.mark.parametrize("dtype", PANDAS_NUMBERS)
def test_numbers_of_pandas(dtype):
    values = [3, np.nan, 7, 7, 100]
    X = pd.DataFrame({"a": pd.Series(values).astype(dtype)})
    expected = PiecewiseLinearEncoder().fit_transform(np.array([values]).T)
    encoded = TableEncoder(dtype="float64").fit_transform(X)
    np.testing.assert_array_equal(encoded, expected)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u8", "f2", "f4", "f8", "g", "O", "U", "S"]
)
def test_arrays_of_numbers(dtype):
    values = np.array([[0, 1], [1, 0], [1, 1]])
    X = values.astype(bool if dtype == "?" else int).astype(dtype)
    encoder = TableEncoder(categorical_features=None, dtype="float64").fit(X)
    expected = PiecewiseLinearEncoder().fit_transform(values)
    np.testing.assert_array_equal(encoder.transform(X), expected)
    assert TableEncoder().fit(X).is_categorical_.tolist() == [dtype == "?"] * 2


def test_numbers_of_any_precision_are_taken_as_they_are():
    single = np.array([[0.1], [0.2], [0.7]], dtype=np.float32)
    expected = PiecewiseLinearEncoder().fit_transform(single.astype(float))
    frame = pd.DataFrame({"a": single[:, 0], "b": [1.0, 2.0, 3.0]})
    for X in (single, frame[["a"]], single.tolist(), frame):
        encoded = TableEncoder(dtype="float64").fit_transform(X)
        np.testing.assert_array_equal(encoded[:, : expected.shape[1]], expected)
        in_single = TableEncoder().fit_transform(X)
        np.testing.assert_array_equal(in_single, encoded.astype("float32"))


def test_mixed_arrays_of_text_hold_numbers_where_all_can_be_read():
    X = np.array([["1.5", "a", "nan"], ["2.5", "b", "3"], ["9", "1", "4"]])
    encoder = TableEncoder(**ALL).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True, False]
    numbers = PiecewiseLinearEncoder().fit_transform(X[:, [0, 2]].astype(float))
    expected = np.hstack([numbers, np.eye(3)[[1, 2, 0]]])
    np.testing.assert_array_equal(encoder.transform(X), expected)


def test_mixed_lists_hold_numbers_and_text_as_they_are():
    encoder = TableEncoder(**ALL).fit([[1, "1"], [2.5, "2"]])
    names = ["x0_scaled", "x1_1", "x1_2"]
    assert encoder.get_feature_names_out().tolist() == names


def test_objects_are_told_apart_by_what_they_say():
    mixed = [1, True, "1", 1.0, Decimal("1.0"), np.int8(1), np.True_, "True", 1.5]
    mixed += [np.float32(1.5), "a", np.str_("a"), 10**30, 1e30, -0.0, 0, np.inf, None]
    codes = [1, 0, 1, 1, 1, 1, 0, 0, 2, 2, 3, 3, 4, 5, 6, 6, 7, 8]
    groups = {}
    encoded = TableEncoder(**ALL).fit_transform([[value] for value in mixed])
    found = [groups.setdefault(row.tobytes(), len(groups)) for row in encoded]
    again = {}
    assert found == [again.setdefault(code, len(again)) for code in codes]
    order = np.random.default_rng(0).permutation(len(mixed))
    shuffled = TableEncoder(**ALL).fit_transform([[mixed[row]] for row in order])
    np.testing.assert_array_equal(shuffled, encoded[order])


def test_intervals_and_other_categories_of_pandas():
    ages = pd.Series([3.0, 30, 33, np.nan, 70])
    X = pd.DataFrame({"age": pd.cut(ages, [0, 18, 65, 99])})
    names = ["age_(0, 18]", "age_(18, 65]", "age_(65, 99]", "age_missing"]
    encoded = TableEncoder(**ALL).set_output(transform="pandas").fit_transform(X)
    expected = pd.get_dummies(X, dtype=float, dummy_na=True)
    pd.testing.assert_frame_equal(encoded, expected.set_axis(names, axis=1))
    with pytest.raises(TypeError, match="Column 'age' holds Interval"):
        TableEncoder(categorical_features=None).fit(X)


@pytest.mark.parametrize("min_frequency", [1, 3, 8, 100])
@pytest.mark.parametrize("max_categories", [1, 2, 5, 50])
def test_frequent_categories_are_those_of_scikit_learn(min_frequency, max_categories):
    rng = np.random.default_rng(1)
    X = rng.choice([*"abcdefgh", None], size=(60, 2), p=[0.4, *[0.075] * 8])
    unseen = np.array([["z", "a"], [None, "z"]], dtype=object)
    ours = TableEncoder(
        min_frequency=min_frequency, max_categories=max_categories, dtype="float64"
    )
    theirs = OneHotEncoder(
        min_frequency=min_frequency,
        max_categories=max_categories,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    np.testing.assert_array_equal(ours.fit_transform(X), theirs.fit_transform(X))
    np.testing.assert_array_equal(ours.transform(unseen), theirs.transform(unseen))


def test_weights_count_in_frequencies_and_quantiles():
    X = pd.DataFrame({"a": [*"xxxyyz"], "b": [1.0, 2, 3, 4, 5, 6]})
    weight = np.array([1.0, 1, 0, 2, 3, 0])
    encoder = TableEncoder(min_frequency=2, dtype="float64")
    encoder.fit(X, sample_weight=weight)  # 2 and 5, of mean 7 / 4: 1.14 and 2.86
    assert encoder.categories_[0].tolist() == ["y"]
    assert encoder.has_rare_.tolist() == [True]
    kept = weight > 0
    expected = encoder.transform(X)
    numbers = PiecewiseLinearEncoder().fit(X[["b"]].to_numpy(), sample_weight=weight)
    np.testing.assert_array_equal(
        expected[:, :-2], numbers.transform(X[["b"]].to_numpy())
    )
    for scale in (1e-300, 0.1, 1e300):
        encoder.fit(X, sample_weight=weight * scale)
        np.testing.assert_array_equal(encoder.transform(X), expected)
    encoder.fit(X[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(encoder.transform(X), expected)
    encoder.set_params(min_frequency=1).fit(X, sample_weight=weight)
    assert encoder.get_feature_names_out()[-2:].tolist() == ["a_x", "a_y"]


def test_weights_count_whatever_their_order():
    X = [[value] for value in "abababc"]
    weight = np.array([[0.1, 0.3], [0.2, 0.2], [0.3, 0.1]])  # rounded sums differ
    encoder = TableEncoder(max_categories=2, min_frequency=1)
    for pairs in (weight, weight[::-1]):
        encoder.fit(X, sample_weight=[*pairs.ravel(), 0.1])
        assert encoder.categories_[0].tolist() == ["b"]


@pytest.mark.parametrize("weight", [0.1, 1 / 3, 7e-5])
def test_equal_weights_are_none(weight):
    X = [[value] for value in "aaaaabbbb"]
    expected = TableEncoder().fit_transform(X)
    assert expected.shape[1] == 2
    encoded = TableEncoder().fit_transform(X, sample_weight=[weight] * 9)
    np.testing.assert_array_equal(encoded, expected)


def test_weights_are_routed():
    X = [[value] for value in "aaaaabbbb"]
    weight = [0] * 5 + [1] * 4
    expected = TableEncoder(min_frequency=4).fit(X, sample_weight=weight).transform(X)
    with config_context(enable_metadata_routing=True):
        encoder = TableEncoder(min_frequency=4).set_fit_request(sample_weight=True)
        encoded = make_pipeline(encoder).fit_transform(X, sample_weight=weight)
    np.testing.assert_array_equal(encoded, expected)


@pytest.mark.parametrize(
    "missing",
    [
        [None, None],
        [np.nan, np.nan],
        [pd.NA, pd.NA],
        pd.Series([pd.NaT, None], dtype=object),
        pd.array([None, None], dtype="Int64"),
        pd.array([None, None], dtype="string"),
        pd.array([None, None], dtype="boolean"),
        pd.Categorical([None, None]),
    ],
    ids=lambda values: f"{values[0]} {getattr(values, 'dtype', '')}",
)
def test_columns_that_are_all_missing(missing):
    X = pd.DataFrame({"a": missing, "b": [1.0, 2.0]})
    encoder = TableEncoder(**ALL).fit(X)
    names = ["b_scaled", "a_missing"]
    if X["a"].dtype not in ("string", "boolean", "category"):
        names = ["a_scaled", *reversed(names)]
    assert encoder.get_feature_names_out().tolist() == names
    assert (encoder.transform(X)[:, 1] == 1).all()
    full = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    encoder.fit(full).transform(X[["a"]].assign(b=missing))


def test_null_columns_of_polars():
    X = pl.DataFrame({"a": [None, None], "b": ["x", None]})
    encoder = TableEncoder(**ALL).fit(X)
    names = ["a_scaled", "a_missing", "b_x", "b_missing"]
    assert encoder.get_feature_names_out().tolist() == names
    empty = pl.DataFrame({"a": [None], "b": [None]})
    np.testing.assert_array_equal(encoder.transform(empty), [[0, 1, 0, 1]])


def test_a_category_that_was_integer_and_now_is_a_float():
    X = pd.DataFrame({"a": [3, 1, 3, 2]})
    encoder = TableEncoder(categorical_features=["a"], **ALL).fit(X)
    expected = np.eye(3)[[2, 0, 2, 1]]
    for other in (X.astype(float), X.astype("Int8"), X.astype(str), X.astype(object)):
        np.testing.assert_array_equal(encoder.transform(other), expected)
    np.testing.assert_array_equal(encoder.transform(X + 0.5), np.zeros((4, 3)))


def test_huge_integers():
    whole = [1, 2**70, 2**70 + 1]
    X = np.array([whole], dtype=object).T
    expected = PiecewiseLinearEncoder().fit_transform(X.astype(float))
    encoder = TableEncoder(dtype="float64")
    np.testing.assert_array_equal(encoder.fit_transform(X), expected)
    X = [[value] for value in [10**400, *whole]]
    encoder = TableEncoder(categorical_features=[0], **ALL).fit(X)
    assert set(encoder.categories_[0]) == {str(value) for (value,) in X}


def test_which_columns_are_categories():
    X = pd.DataFrame([[1, "1", True]] * 5, columns=["a", "b", "c"])

    def chosen(given, X=X):
        return TableEncoder(categorical_features=given).fit(X).is_categorical_.tolist()

    assert chosen("from_dtype") == [False, True, True]
    assert chosen(None) == chosen([]) == [False] * 3
    assert chosen(["c", "a"]) == chosen(np.array([0, 2])) == [True, False, True]
    assert chosen([True, False, True]) == chosen(("a", np.int8(2)))
    assert chosen(np.array([False, True, False])) == [False, True, False]
    assert chosen(pd.Index(["b"])) == [False, True, False]
    assert chosen([1], X.to_numpy()) == [False, True, False]


def test_names_of_columns():
    X = pd.DataFrame({"b": [*"xy", None] * 2 + [*"zw"], "a": range(8)})
    encoder = TableEncoder(1, min_frequency=2).fit(X)
    names = ["a_scaled", "b_x", "b_y", "b_missing", "b_rare"]
    assert encoder.get_feature_names_out().tolist() == names
    assert encoder.get_feature_names_out(["b", "a"]).tolist() == names
    with pytest.raises(ValueError, match="input_features is not equal to"):
        encoder.get_feature_names_out(["a", "b"])
    names = ["x1_scaled", "x0_x", "x0_y", "x0_missing", "x0_rare"]
    for table in (X.to_numpy(), X.set_axis([5, 7], axis=1)):
        encoder.fit(table)
        assert encoder.get_feature_names_out().tolist() == names
        assert not hasattr(encoder, "feature_names_in_")


def test_names_of_columns_are_unique():
    text = ["rare", "missing", "missing_2", None, "u"] * 2 + ["v"]
    X = pd.DataFrame({"a": text, "b": [1.0, 2] * 5 + [3], "a_b": [True] * 11})
    encoder = TableEncoder(min_frequency=2).fit(X)
    names = encoder.get_feature_names_out().tolist()
    assert len(set(names)) == len(names) == encoder.transform(X).shape[1]
    a = ["a_missing", "a_missing_2", "a_rare", "a_u", "a_missing_3", "a_rare_2"]
    assert [name for name in names if name.startswith("a_")][:6] == a


def test_columns_of_one_name_are_taken_where_scikit_learn_takes_them():
    X = pd.DataFrame([[1.0, 2], [3, 4]], columns=["a", "a"])
    try:
        StandardScaler().fit(X)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            TableEncoder().fit(X)
    else:
        names = TableEncoder().fit(X).get_feature_names_out().tolist()
        assert names == ["a_scaled", "a_scaled_2"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_output(library):
    X = pd.DataFrame(COLUMNS, index=range(100, 160))
    encoder = TableEncoder(min_frequency=1).set_output(transform=library)
    encoded = encoder.fit_transform(X)
    assert type(encoded).__module__.startswith(library)
    assert list(encoded.columns) == encoder.get_feature_names_out().tolist()
    assert {str(dtype).lower() for dtype in encoded.dtypes} == {"float32"}
    expected = by_hand(COLUMNS).astype("float32")
    np.testing.assert_array_equal(encoded.to_numpy(), expected)
    if library == "pandas":
        assert encoded.index.equals(X.index)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, as_rows])
def test_parts_encode_as_the_whole_and_in_any_order(make):
    encoder = TableEncoder(min_frequency=3)
    encoded = encoder.fit_transform(make(COLUMNS))
    order = np.random.default_rng(0).permutation(60)
    moved = {name: [x[row] for row in order] for name, x in COLUMNS.items()}
    part = {name: x[10:13] for name, x in moved.items()}
    np.testing.assert_array_equal(encoder.transform(make(part)), encoded[order[10:13]])
    np.testing.assert_array_equal(encoder.fit_transform(make(moved)), encoded[order])


def test_copies_encode_the_same():
    X = pd.DataFrame(COLUMNS)
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(X), expected)
    plain = (int, str, list, np.ndarray, PiecewiseLinearEncoder)
    assert all(type(value) in plain for value in vars(encoder).values())
    for method in ("transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(clone(encoder), method)(X)


def test_rows_are_encoded_piece_by_piece(monkeypatch):
    X = pd.DataFrame(COLUMNS)
    expected = TableEncoder().fit_transform(X)
    monkeypatch.setattr("sklearn_bp.preprocessing._table.NUMBERS_AT_A_TIME", 100)
    np.testing.assert_array_equal(TableEncoder().fit_transform(X), expected)


def test_encoding_takes_little_memory_but_its_result():
    X = np.random.default_rng(0).normal(size=(100_000, 10)).astype("float32")
    encoder = TableEncoder().fit(X)
    tracemalloc.start()
    encoded = encoder.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < encoded.nbytes + 3 * 8 * X.size + 8 * 2**21


def test_data_stay_as_they_are():
    X = pd.DataFrame(COLUMNS)
    before = X.copy()
    TableEncoder().fit_transform(X)
    pd.testing.assert_frame_equal(X, before)
    for array in (np.eye(3), np.array([["a", 1.0, None]], dtype=object)):
        array.flags.writeable = False  # or it raises
        TableEncoder().fit_transform(array)


def frame(**columns):
    return pd.DataFrame(columns)


DAY = datetime.date(2020, 1, 1)
DATES = {
    "datetime64": frame(day=pd.to_datetime(["2020-01-01"])),
    "time zone": frame(day=pd.to_datetime(["2020-01-01"]).tz_localize("UTC")),
    "period": frame(day=pd.period_range("2020", periods=1)),
    "timedelta64": frame(day=pd.to_timedelta(["1D"])),
    "date": frame(day=[DAY]),
    "time": frame(day=[datetime.time(3)]),
    "period among text": frame(day=["a", pd.Period("2020")]),
    "timestamp among text": frame(day=["a", pd.Timestamp("2020")]),
    "datetime64 among numbers": frame(
        day=pd.Series([1, np.datetime64(DAY)], dtype="O")
    ),
    "timedelta64 alone": frame(day=pd.Series([np.timedelta64(1, "s")], dtype="O")),
    **{
        f"polars' {value!r}": pl.DataFrame({"day": [value]})
        for value in (DAY, datetime.datetime(2020, 1, 1), datetime.timedelta(1))
    },
}


@pytest.mark.parametrize("chosen", ["from_dtype", None, [0]])
@pytest.mark.parametrize("name", DATES)
def test_dates_are_refused(name, chosen):
    with pytest.raises(ValueError, match=r"Column 'day' holds dates .* Turn them into"):
        TableEncoder(categorical_features=chosen).fit(DATES[name])


def test_dates_in_arrays_are_refused():
    for X in (np.array([["2020-01-01"]], dtype="M8[D]"), [[DAY]]):
        with pytest.raises(ValueError, match="Column 'x0' holds dates"):
            TableEncoder().fit(X)


@pytest.mark.parametrize(
    "cell",
    [{"a": 1}, [1], (1,), np.ones(2), 1j, b"a", object(), {1}],
    ids=lambda cell: type(cell).__name__,
)
@pytest.mark.parametrize("chosen", ["from_dtype", None, [1]])
def test_cells_of_other_types_are_refused(cell, chosen):
    cells = np.empty(3, dtype=object)
    cells[:2] = [1 if chosen is None else "a", None]
    cells[2] = cell
    X = frame(a=[1.0, 2, 3], b=cells)
    message = f"Column 'b' holds .* of type {type(cell).__name__}: the argument must be"
    with pytest.raises(TypeError, match=message):
        TableEncoder(categorical_features=chosen).fit(X)


X_OK = frame(a=[1.0, 2], b=["x", "y"])
REFUSED = {
    "infinity": ({}, frame(a=[1.0, np.inf]), "infinity, in column 'a'"),
    "minus infinity": ({}, pl.DataFrame({"a": [-np.inf]}), "infinity, in column 'a'"),
    "infinity in objects": ({}, [["a", 1], ["b", np.inf]], "infinity, in column 'x1'"),
    "infinity in an array": ({}, [[1, np.inf]], "infinity, in column 'x1'"),
    "complex": ({}, frame(a=[1j]), "Complex data not supported"),
    "a complex array": ({}, np.array([[1j]]), "Complex data not supported"),
    "too large": ({}, [[10**400]], "Column 'x0' cannot be read as numbers"),
    "text": (
        {"categorical_features": None},
        X_OK,
        "Column 'b' cannot be read as numbers: could not convert string to float: 'x'",
    ),
    "one axis": ({}, [1, 2], "Expected 2D array, got 1D array instead"),
    "a series": ({}, pd.Series([1, 2]), "Expected a 2-dimensional container but got"),
    "three axes": ({}, np.ones((1, 1, 1)), "Found array with dim 3"),
    "no rows": ({}, np.ones((0, 2)), r"0 sample\(s\) \(shape=\(0, 2\)\) while a mini"),
    "no columns": (
        {},
        np.ones((2, 0)),
        r"0 feature\(s\) \(shape=\(2, 0\)\) while a mi",
    ),
    "no rows in pandas": ({}, X_OK[:0], r"0 sample\(s\) \(shape=\(0, 2\)\) while a mi"),
    "no columns in pandas": ({}, X_OK[[]], r"0 feature\(s\) \(shape=\(2, 0\)\) while"),
    "nothing in polars": ({}, pl.DataFrame(), r"0 sample\(s\) \(shape=\(0, 0\)\)"),
    "a short mask": ({"categorical_features": [True]}, X_OK, "must have 2 entries"),
    "a number": ({"categorical_features": [2]}, X_OK, "names 2, but the columns are"),
    "below 0": ({"categorical_features": [-1]}, X_OK, "names -1, but the columns are"),
    "a name": ({"categorical_features": ["c"]}, X_OK, "names 'c', but the columns"),
    "half": ({"categorical_features": [0.5]}, X_OK, "names 0.5, but the columns"),
    "an option": ({"categorical_features": "all"}, X_OK, "'categorical_features' pa"),
    "n_bins": ({"n_bins": 0}, X_OK, "The 'n_bins' parameter"),
    "dtype": ({"dtype": "int"}, X_OK, "The 'dtype' parameter"),
}


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_fit_which_changes_nothing(case, method):
    params, X, message = REFUSED[case]
    fitted_to = frame(p=[1.0, 2, 4], q=["x", "y", None])
    encoder = TableEncoder().fit(fitted_to).set_params(**params)
    before = pickle.dumps(encoder)
    with pytest.raises(ValueError, match=message):
        getattr(encoder, method)(X)
    assert pickle.dumps(encoder) == before
    with pytest.raises(ValueError, match=message):
        getattr(clone(encoder), method)(X)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1], "one weight per sample"),
        ([-1, 1], "Negative values in sample_weight"),
        ([0, 0], "zero for all samples"),
        ([np.nan, 1], "sample_weight contains NaN"),
    ],
)
@pytest.mark.parametrize("names", [["a", "b"], ["b"]])
def test_weights_that_are_refused(weight, message, names):
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit(X_OK[names], sample_weight=weight)


def test_sparse_is_refused():
    with pytest.raises(TypeError, match="Sparse data was passed"):
        TableEncoder().fit(sp.csr_array(np.eye(3)))
    with pytest.raises(TypeError, match="Sparse data was passed"):
        TableEncoder().fit(np.eye(3)).transform(sp.csr_array(np.eye(3)))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_columns_that_have_changed_are_refused(make):
    encoder = TableEncoder().fit(make({"a": [1.0, 2], "b": ["x", "y"]}))
    changed = {
        "Column 'a' cannot be read as numbers": {"a": ["u", "v"], "b": ["x", "y"]},
        "Column 'b' holds numbers, but held text": {"a": [1.0, 2], "b": [1, None]},
        "Column 'a' holds dates": {"a": [DAY] * 2, "b": ["x", "y"]},
        "Column 'b' holds dates": {"a": [1.0, 2], "b": [DAY] * 2},
        "infinity, in column 'a'": {"a": [1.0, np.inf], "b": ["x", "y"]},
        "feature names should match": {"b": ["x", "y"], "a": [1.0, 2]},
        "feature names should match.*": {"a": [1.0, 2]},
    }
    for message, columns in changed.items():
        with pytest.raises(ValueError, match=message):
            encoder.transform(make(columns))
    with pytest.raises(ValueError, match="X has 1 features, but TableEncoder is"):
        encoder.transform(make({"a": [1.0]}).to_numpy())
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        encoder.transform(make({"a": [1.0], "b": ["x"]})[:0])


def test_mixed_columns_may_hold_numbers_alone_later():
    encoder = TableEncoder(**ALL).fit(frame(a=[1, 2, "unknown"]))
    np.testing.assert_array_equal(encoder.transform(frame(a=[2, 1])), np.eye(3)[[1, 0]])
