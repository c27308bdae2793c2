"""Knots where a decision tree splits the feature."""

import numpy as np
import pytest
from sklearn.preprocessing import LabelBinarizer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_bp.preprocessing import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.RandomState(0)
# Numbers that float32 can hold, as trees take them.
X = RNG.exponential(size=(400, 2)).astype(np.float32)
WAVES = np.sin(5.0 * X[:, 0], dtype=np.float64) + X[:, 1]
CLASSES = np.array(["few", "some", "many"])[np.digitize(X[:, 0] + X[:, 1], [1, 2])]


def knots_by_tree(y, X=X, n_bins=8, **settings):
    encoder = PiecewiseLinearEncoder(n_bins, knots="tree", **settings)
    return encoder.fit(X, y).knots_


def splits(tree, x, y):
    """With those at the ends."""
    fitted = tree.fit(x[:, None], y).tree_
    inner = fitted.threshold[fitted.feature == 0]
    return np.array([x.min(), *np.sort(inner), x.max()])


@pytest.mark.parametrize(
    ("tree", "y", "target_type"),
    [
        (DecisionTreeRegressor, WAVES, "auto"),
        (DecisionTreeRegressor, np.round(10 * WAVES), "continuous"),
        (DecisionTreeClassifier, CLASSES, "auto"),
        (DecisionTreeClassifier, CLASSES[:, None], "discrete"),
        (DecisionTreeClassifier, CLASSES == "few", "auto"),
        (DecisionTreeClassifier, np.round(3 * WAVES), "auto"),
        (DecisionTreeClassifier, LabelBinarizer().fit_transform(CLASSES), "auto"),
        (DecisionTreeClassifier, np.column_stack([CLASSES, CLASSES]), "discrete"),
    ],
)
def test_knots_are_the_splits_of_a_tree(tree, y, target_type):
    for feature, knots in enumerate(knots_by_tree(y, target_type=target_type)):
        expected = splits(
            tree(max_leaf_nodes=8, min_weight_fraction_leaf=0.03, random_state=0),
            X[:, feature],
            y,
        )
        np.testing.assert_allclose(knots, expected, rtol=1e-6)


def test_a_step_is_found():
    x = np.arange(1000.0)
    knots, _ = knots_by_tree(x > 700, np.column_stack([x, -x]), n_bins=2)
    np.testing.assert_array_equal(knots, [0, 700.5, 999])


def test_a_step_between_numbers_that_float32_cannot_tell_apart():
    x = 1e9 + np.arange(100.0)
    (knots,) = knots_by_tree(x > 1e9 + 70, x[:, None], n_bins=2)
    np.testing.assert_array_equal(knots, [1e9, 1e9 + 70.5, 1e9 + 99])


def test_missing_values_are_left_out():
    gaps = np.array(X, dtype=np.float64)
    gaps[::3, 0] = np.nan
    known = ~np.isnan(gaps[:, 0])
    first, second = knots_by_tree(WAVES, gaps)
    np.testing.assert_array_equal(first, knots_by_tree(WAVES[known], X[known])[0])
    np.testing.assert_array_equal(second, knots_by_tree(WAVES)[1])


def test_targets_count_alike_whatever_their_scales():
    y = np.column_stack([WAVES, np.cos(3 * X[:, 0])])
    for scale in ([1, 1e12], [1e-200, 1e200], [1e-300, 1]):
        for one, two in zip(knots_by_tree(y), knots_by_tree(y * scale)):
            np.testing.assert_array_equal(one, two)


def test_a_target_far_from_zero():
    for one, two in zip(knots_by_tree(WAVES), knots_by_tree(WAVES + 2.0**30)):
        np.testing.assert_allclose(one, two)


@pytest.mark.parametrize("y", [np.ones(400), np.full(400, 0.5)])
def test_a_constant_target_has_no_splits(y):
    assert [len(knots) for knots in knots_by_tree(y)] == [0, 0]


def test_leaves_are_no_smaller_than_asked_for():
    for share in (0.05, 0.2, 0.5):
        for x, knots in zip(X.T, knots_by_tree(WAVES, min_weight_fraction_leaf=share)):
            counts, _ = np.histogram(x, knots) if len(knots) else ([400], None)
            assert min(counts) >= share * 400


def test_the_target_is_required_and_the_tags_say_so():
    by_tree = PiecewiseLinearEncoder(knots="tree")
    assert by_tree.__sklearn_tags__().target_tags.required
    assert not PiecewiseLinearEncoder().__sklearn_tags__().target_tags.required
    with pytest.raises(ValueError, match=r"requires y .*\. Pass y, or set knots="):
        by_tree.fit(X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (WAVES[:-1], "inconsistent numbers of samples"),
        (np.where(WAVES > 1, np.nan, WAVES), "Input y contains NaN"),
        (np.where(WAVES > 1, np.inf, WAVES), "Input y contains infinity"),
        (CLASSES, "could not convert string to float"),
        ([10**400] * 400, "y contains a number too large"),
    ],
)
def test_targets_that_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        knots_by_tree(y, target_type="continuous")


def test_the_target_is_of_no_matter_for_quantiles():
    encoder = PiecewiseLinearEncoder()
    first = encoder.fit_transform(X)
    np.testing.assert_array_equal(first, encoder.fit_transform(X, [np.nan]))
