"""The encoder of numeric features: what its columns are."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import RobustScaler, SplineTransformer

from sklearn_bp.preprocessing import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("error")

DTYPES = [np.float32, np.float64]
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
nan = np.nan


def column(*values):
    return np.array(values, dtype=float)[:, None]


def skewed(n_samples=101, n_features=3, seed=0):
    """Features of which none is symmetric, and the middle one has a spike."""
    rng = np.random.RandomState(seed)
    X = rng.exponential(size=(n_samples, n_features)) * [1, 10, 1000][:n_features]
    X[::2, 1:2] = 3
    return X


def split(encoder, X):
    """By feature, the scaled values, the ramps and the indicators of encoded data."""
    encoded = encoder.transform(X)
    names = [name.split("_")[:2] for name in encoder.get_feature_names_out()]
    parts = []
    for feature in range(encoder.n_features_in_):
        parts.append(
            [
                encoded[:, [name == [f"x{feature}", kind] for name in names]]
                for kind in ("scaled", "ramp", "missing")
            ]
        )
    return parts


def repeated(counts, *arrays):
    return [np.repeat(array, counts, axis=0) for array in arrays]


# ---- what is computed ----------------------------------------------------------------


@each_dtype
def test_ramps_are_those_of_the_paper(dtype):
    X = skewed().astype(dtype)
    encoder = PiecewiseLinearEncoder(n_bins=5).fit(X)
    beyond = np.concatenate([X, -X, 2 * X])
    tol = 1e-6 if dtype == np.float32 else 1e-14
    for x, knots, (_, ramps, _) in zip(
        beyond.T, encoder.knots_, split(encoder, beyond)
    ):
        assert ramps.shape[1] == len(knots) - 1 > 1
        for t, ramp in enumerate(ramps.T):
            expected = np.interp(x, knots[t : t + 2], [0, 1])
            np.testing.assert_allclose(ramp, expected, rtol=tol, atol=tol)


@pytest.mark.parametrize("n_bins", [2, 4, 16])
def test_knots_are_quantiles(n_bins):
    X = skewed(1001)
    encoder = PiecewiseLinearEncoder(n_bins).fit(X)
    levels = np.linspace(0, 1, n_bins + 1)
    for x, knots in zip(X.T, encoder.knots_):
        expected = np.unique(np.quantile(x, levels, method="inverted_cdf"))
        np.testing.assert_array_equal(knots, expected)
    assert len(encoder.knots_[0]) == n_bins + 1


def test_values_are_scaled_robustly_and_clipped_smoothly():
    X = skewed(101)[:, [0, 2]]  # of 4 n + 1 samples, all definitions of quartiles agree
    encoder = PiecewiseLinearEncoder().fit(X)
    scaler = RobustScaler().fit(X)
    np.testing.assert_allclose(encoder.center_, scaler.center_)
    np.testing.assert_allclose(encoder.scale_, scaler.scale_)
    z = scaler.transform(X)
    scaled = np.hstack([parts[0] for parts in split(encoder, X)])
    np.testing.assert_allclose(scaled, z / np.sqrt(1 + (z / 3) ** 2))


def test_the_scale_is_half_the_range_where_the_quartiles_agree():
    X = column(*[5] * 20, 1, 2, 11)
    encoder = PiecewiseLinearEncoder().fit(X)
    assert encoder.center_ == [5]
    assert encoder.scale_ == [5]
    z = (X - 5) / 5
    ((scaled, _, _),) = split(encoder, X)
    np.testing.assert_allclose(scaled, z / np.sqrt(1 + (z / 3) ** 2))


def test_ramps_and_hats_span_the_same_functions():
    X = skewed()
    encoder = PiecewiseLinearEncoder(n_bins=6).fit(X)
    for x, knots, (_, ramps, _) in zip(X.T, encoder.knots_, split(encoder, X)):
        hats = SplineTransformer(
            degree=1, knots=knots[:, None], extrapolation="constant"
        ).fit_transform(x[:, None])
        ramps = np.column_stack([np.ones(len(x)), ramps])  # beside a bias
        for basis, others in ((hats, ramps), (ramps, hats)):
            model = LinearRegression(fit_intercept=False).fit(basis, others)
            np.testing.assert_allclose(model.predict(basis), others, atol=1e-12)


def test_columns_do_not_decrease_and_stay_in_their_bounds():
    X = skewed()
    encoder = PiecewiseLinearEncoder().fit(X)
    line = np.concatenate([[-1e300], np.linspace(-100, 1e4, 5000), [1e300]])
    encoded = encoder.transform(np.repeat(line[:, None], 3, axis=1))
    assert (np.diff(encoded, axis=0) >= 0).all()
    for scaled, ramps, _ in split(encoder, np.repeat(line[:, None], 3, axis=1)):
        assert ramps.min() == 0
        assert ramps.max() == 1
        np.testing.assert_allclose([scaled.min(), scaled.max()], [-3, 3])
        # one ramp after the other
        assert ((ramps[:, 1:] == 0) | (ramps[:, :-1] == 1)).all()


def test_a_linear_model_learns_curves():
    x = np.linspace(-3, 3, 500)[:, None]
    y = np.sin(3 * x)
    encoded = PiecewiseLinearEncoder().fit_transform(x)
    assert LinearRegression().fit(x, y).score(x, y) < 0.1
    assert LinearRegression().fit(encoded, y).score(encoded, y) > 0.97


# ---- few values, none, and missing ones ----------------------------------------------


def test_few_distinct_values_are_all_knots():
    X = column(3, 1, 1, 1, 1, 1, 1, 1, 7)
    for knots in ("quantile", "tree"):
        encoder = PiecewiseLinearEncoder(n_bins=2, knots=knots).fit(X, X[:, 0])
        np.testing.assert_array_equal(encoder.knots_[0], [1, 3, 7])
        ((_, ramps, _),) = split(encoder, column(1, 3, 7))
        np.testing.assert_array_equal(ramps, [[0, 0], [1, 0], [1, 1]])


@pytest.mark.parametrize("n_bins", [1, 16])
def test_two_values_have_no_ramps(n_bins):
    encoder = PiecewiseLinearEncoder(n_bins).fit(column(0, 1, 1, 1, 0))
    assert encoder.get_feature_names_out().tolist() == ["x0_scaled"]
    encoded = encoder.transform(column(0, 1))
    assert encoded[0] < encoded[1]


@pytest.mark.parametrize("knots", ["quantile", "tree"])
def test_one_segment_is_no_ramp(knots):
    X = skewed()
    encoder = PiecewiseLinearEncoder(1, knots=knots).fit(X, X[:, 0])
    assert encoder.transform(X).shape == X.shape


@pytest.mark.parametrize("values", [[2], [2, 2, 2], [5e-324, 5e-324], [1e308, 1e308]])
def test_constant_features_are_zeros(values):
    encoder = PiecewiseLinearEncoder().fit(column(*values))
    others = column(*values, -1e308, 0, 3, 1e308, nan)
    np.testing.assert_array_equal(encoder.transform(others), np.zeros((len(others), 1)))


def test_missing_values_are_at_the_median_and_shown():
    X = np.column_stack([[1, 2, nan, 3, 4, 5], [1, 2, 3, 4, 5, 6.0]])
    encoder = PiecewiseLinearEncoder().fit(X)
    np.testing.assert_array_equal(encoder.has_missing_, [True, False])
    (a, a_ramps, a_missing), (b, b_ramps, b_missing) = split(
        encoder, np.array([[nan, nan], encoder.center_])
    )
    assert encoder.center_.tolist() == [3, 3]
    np.testing.assert_array_equal(a_missing, [[1], [0]])
    assert b_missing.shape == (2, 0)
    for part in (a, a_ramps, b, b_ramps):
        np.testing.assert_array_equal(part[0], part[1])
    assert a[0] == b[0] == 0


def test_missing_values_do_not_move_the_others():
    X = skewed()
    gaps = np.full((7, 3), nan)
    encoder = PiecewiseLinearEncoder().fit(X)
    other = PiecewiseLinearEncoder().fit(np.concatenate([gaps, X]))
    for one, two in zip(split(encoder, X), split(other, X)):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])
        assert not two[2].any()


@pytest.mark.parametrize("knots", ["quantile", "tree"])
def test_features_that_are_always_missing(knots):
    X = np.column_stack([[nan] * 4, [1, 2, 3, 4]])
    encoder = PiecewiseLinearEncoder(2, knots=knots).fit(X, [0, 1, 0, 1])
    encoded = encoder.transform([[nan, 1], [5, 1]])
    np.testing.assert_array_equal(encoded[:, :2], [[0, 1], [0, 0]])


# ---- numbers of any size -------------------------------------------------------------


EXTREMES = {
    "large": [-1e300, 0, 1, 1e300, 2e300],
    "the largest": np.linspace(-1, 1, 40) * np.finfo(float).max,
    "the smallest": np.arange(40) * 5e-324,
    "of all sizes": [0, 5e-324, 1e-300, 1, 1e300, 1.7e308],
    "neighbours": 1 + np.arange(40) * 2.0**-52,
    "one": [3.0],
    "repeated": [0.0] * 50 + [1, 2, 3, 1e9],
}


@each_dtype
@pytest.mark.parametrize("knots", ["quantile", "tree"])
@pytest.mark.parametrize("n_bins", [2, 16])
@pytest.mark.parametrize("values", EXTREMES.values(), ids=EXTREMES)
def test_extreme_values(values, n_bins, knots, dtype):
    limits = np.finfo(dtype)
    X = column(*np.clip(values, limits.min, limits.max)).astype(dtype)
    y = np.arange(len(X)) * 1e305
    encoder = PiecewiseLinearEncoder(n_bins, knots=knots).fit(X, y)
    ends = [limits.min, -1, -limits.smallest_subnormal, 0, 1, limits.max, nan]
    encoded = encoder.transform(np.concatenate([X, column(*ends).astype(dtype)]))
    assert (np.abs(encoded) <= 3 + 1e-6).all()
    order = np.argsort(X[:, 0])
    assert (np.diff(encoded[order], axis=0) >= 0).all()


def test_neighbouring_numbers_are_told_apart():
    X = column(*(1 + np.arange(5) * 2.0**-52))
    ((_, ramps, _),) = split(PiecewiseLinearEncoder(4).fit(X), X)
    np.testing.assert_array_equal(ramps, np.tri(5, 4, -1))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.int64, np.float16])
def test_other_types_become_float64(dtype):
    X = np.arange(40).reshape(20, 2).astype(dtype)
    encoded = PiecewiseLinearEncoder(4).fit_transform(X)
    assert encoded.dtype == np.float64
    expected = PiecewiseLinearEncoder(4).fit_transform(X.astype(np.float64))
    np.testing.assert_array_equal(encoded, expected)


def test_float32_is_float64_rounded():
    X = skewed().astype(np.float32)
    encoded = PiecewiseLinearEncoder().fit_transform(X)
    assert encoded.dtype == np.float32
    expected = PiecewiseLinearEncoder().fit_transform(X.astype(np.float64))
    np.testing.assert_array_equal(encoded, expected.astype(np.float32))


# ---- samples, alone and with weights -------------------------------------------------


def test_a_row_does_not_depend_on_the_others():
    X = skewed(3000)
    X[::7, 0] = nan
    encoder = PiecewiseLinearEncoder().fit(X)
    encoded = encoder.transform(X)
    rows = [0, 6, 7, 1500, 2999]
    alone = np.concatenate([encoder.transform(X[[row]]) for row in rows])
    np.testing.assert_array_equal(encoded[rows], alone)


TARGETS = {
    "quantile": lambda x: None,
    "numbers": lambda x: np.sin(x / 300),
    "classes": lambda x: np.array(["a", "b", "c"])[(x // 400 % 3).astype(int)],
    "several": lambda x: np.column_stack([np.sin(x / 300), 1e6 * np.cos(x / 500)]),
    "labels": lambda x: np.column_stack([x > 500, x % 300 > 100]).astype(int),
}
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@each_target
def test_weights_are_repetitions(target):
    X = skewed(200)
    X[::5, 2] = nan
    y = target(np.nan_to_num(X[:, 2]))
    weights = np.random.RandomState(0).randint(4, size=len(X))
    X[weights == 0, 0] = nan  # in samples that do not count
    encoder = PiecewiseLinearEncoder(knots="quantile" if y is None else "tree")
    encoded = encoder.fit(X, y, sample_weight=weights).transform(X)
    (same_X,) = repeated(weights, X)
    same_y = None if y is None else repeated(weights, y)[0]
    expected = clone(encoder).fit(same_X, same_y).transform(X)
    np.testing.assert_array_equal(encoded, expected)


@each_target
@pytest.mark.parametrize("factor", [2.0**-990, 8, 2.0**1023])  # without rounding
def test_the_scale_of_weights_does_not_matter(target, factor):
    X = skewed(200)
    y = target(X[:, 2])
    weights = np.random.RandomState(0).uniform(size=len(X))
    encoder = PiecewiseLinearEncoder(knots="quantile" if y is None else "tree")
    first = encoder.fit(X, y, sample_weight=weights).transform(X)
    second = encoder.fit(X, y, sample_weight=weights * factor).transform(X)
    np.testing.assert_array_equal(first, second)


def test_a_number_is_a_weight():
    X = skewed()
    first, second = (
        PiecewiseLinearEncoder().fit(X, sample_weight=weight).transform(X)
        for weight in (None, 2.5)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("X", "arguments", "match"),
    [
        (np.array([[1.0], [np.inf]]), {}, "infinity"),
        (np.array([[1.0], [2.0]]), {"sample_weight": [-1, 1]}, "[Nn]egative"),
    ],
    ids=["infinity", "weights"],
)
def test_a_fit_that_fails_changes_nothing(X, arguments, match):
    data = np.random.RandomState(0).normal(size=(20, 3))
    encoder = PiecewiseLinearEncoder(n_bins=3).fit(data)
    expected = encoder.transform(data)
    with pytest.raises(ValueError, match=match):
        encoder.fit(X, **arguments)
    np.testing.assert_array_equal(encoder.transform(data), expected)
