"""Numeric features as networks like them: scaled, and by their place between knots."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import check_array, check_consistent_length, gen_batches
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils import (
    DocLinkMixin,
    Interval,
    StrOptions,
    VersionedState,
    check_sample_weight,
    feature_names_in,
    fit_context,
    is_name,
    like,
    refusing_large_integers,
    to_numpy,
    unchanged_on_error,
)
from ._columns import Columns
from ._knots import Distribution, TreeCuts

#: The number of values that are computed at a time, in double precision.
VALUES_AT_A_TIME = 2**15

CONSTRAINTS = {
    "n_bins": [Interval(Integral, 1, None, closed="left")],
    "knots": [StrOptions({"quantile", "tree"})],
    "min_weight_fraction_leaf": [Interval(Real, 0, 0.5, closed="both")],
    "target_type": [StrOptions({"auto", "continuous", "discrete"})],
}


class PiecewiseLinearEncoder(
    VersionedState, DocLinkMixin, TransformerMixin, BaseEstimator
):
    """Encode each numeric feature by its place between knots, beside its scaled value.

    A network's first layer is linear in its inputs. If a feature is only scaled, it
    takes many units to make a function of it that bends often, and skewed distributions
    put most samples on a short interval. Here, each feature becomes

    - its value x, robustly scaled and smoothly clipped [2]_:
      z / sqrt(1 + (z / 3)**2) with z = (x - center) / scale. This is nearly z around
      the center, and never beyond -3 or 3;
    - for each segment between neighbouring knots, a ramp [1]_: 0 below the segment, 1
      above it, and linear inside. So the weight of a ramp is how much a function of the
      feature rises over its segment;
    - if it had missing values in `fit`, whether it is missing: 0 or 1.

    Ramps are clipped to [0, 1] at both ends, too: beyond the outermost knots, only the
    scaled value goes on, up to its bound, so that no input is far from those that a
    network was trained on.

    Missing values (NaN) are put at the center, which is the median, also those of
    features that had none in `fit`. Constant features, and those that are always
    missing, become a column of zeros. Features of two values have no ramps, which would
    be linear functions of the scaled value, nor has any feature with ``n_bins=1``.
    Features of up to ``n_bins + 1`` distinct values have a knot at each of them, so
    that any function of them can be learned.

    Parameters
    ----------
    n_bins : int, default=16
        The largest number of segments between the knots of a feature. A feature has up
        to ``n_bins + 1`` columns, and one more if it had missing values: 100,000
        samples of 800 features in float32 take 5.4 GB with 16 segments, 1.6 GB with 4
        and 0.3 GB with 1.
    knots : {"quantile", "tree"}, default="quantile"
        Where the knots are: at the quantiles of each feature, so that its segments hold
        about equally many samples (where quantiles agree, there are fewer knots), or
        where a decision tree with up to `n_bins` leaves, which predicts the target from
        this feature alone, splits it. The outermost knots are the smallest and the
        largest value.
    min_weight_fraction_leaf : float, default=0.03
        The smallest share of the samples, or of their weight, in a leaf of such a tree:
        at least 0 and at most 0.5. Samples in which the feature is missing do not
        count.
    target_type : {"auto", "continuous", "discrete"}, default="auto"
        Whether trees predict numbers or classes. "auto" decides as
        :func:`sklearn.utils.multiclass.type_of_target` does, and takes numbers that are
        all integers for classes. Several targets count alike, whatever their scales.

    Attributes
    ----------
    knots_ : list of ndarray of shape (n_knots,)
        The knots of each feature, in increasing order; none if it has no ramps.
    center_ : ndarray of shape (`n_features_in_`,)
        The median of each feature; 0 if it is always missing.
    scale_ : ndarray of shape (`n_features_in_`,)
        The difference between the third and the first quartile; half the range if these
        are equal; infinite if the feature is constant.
    has_missing_ : ndarray of bool of shape (`n_features_in_`,)
        Which features had missing values, and have an indicator.
    is_ramp_ : ndarray of bool of shape (n_columns,)
        Which of the columns that `transform` returns are ramps.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The names of the features, if X had any that are all strings.

    See Also
    --------
    sklearn.preprocessing.SplineTransformer : Splines of any degree.

    Notes
    -----
    Quantiles are values that occur: the smallest ones at which the samples up to them
    reach the given share. A sample of weight 2 counts like one that occurs twice, and
    one of weight 0 like none.

    Ramps span the same functions as the hats of ``SplineTransformer(degree=1)``, each
    of which is the difference of two neighbouring ramps. But where quantiles agree, its
    ``knots="quantile"`` makes columns of zeros, and leaves nothing of a feature of two
    values; it has no indicator of missing values.

    References
    ----------
    .. [1] Gorishniy, Rubachev & Babenko (2022). On Embeddings for Numerical Features in
       Tabular Deep Learning. Advances in Neural Information Processing Systems 35.
    .. [2] Holzmüller, Grinsztajn & Steinwart (2024). Better by Default: Strong
       Pre-Tuned MLPs and Boosted Trees on Tabular Data. Advances in Neural Information
       Processing Systems 37.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_bp.preprocessing import PiecewiseLinearEncoder
    >>> X = np.array([[0.0], [1.0], [2.0], [4.0], [100.0]])
    >>> encoder = PiecewiseLinearEncoder(n_bins=4).fit(X)
    >>> encoder.get_feature_names_out()
    array(['x0_scaled', 'x0_ramp_0', 'x0_ramp_1', 'x0_ramp_2', 'x0_ramp_3'],
          dtype=object)
    >>> encoder.transform([[3.0], [52.0]]).round(2)
    array([[0.33, 1.  , 1.  , 0.5 , 0.  ],
           [2.95, 1.  , 1.  , 1.  , 0.5 ]])
    """

    _parameter_constraints = CONSTRAINTS

    def __init__(
        self,
        n_bins=16,
        *,
        knots="quantile",
        min_weight_fraction_leaf=0.03,
        target_type="auto",
    ):
        self.n_bins = n_bins
        self.knots = knots
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.target_type = target_type

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Learn where the values of each feature lie.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data, in which NaN stands for missing values.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets; used by ``knots="tree"`` alone, which requires them.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid.
        """
        with unchanged_on_error(self):
            X = self._check(X, reset=True)
            weight = positive_scale(sample_weight, len(X))
            by_tree = is_name(self.knots, "tree")
            cut = self._cuts_by_tree(y, weight) if by_tree else Distribution.quantiles
        knots, centers, scales, has_missing = [], [], [], []
        for x in X.T:
            distribution = Distribution.of(x, weight)
            knots.append(distribution.knots(int(self.n_bins), cut))
            center, scale = distribution.center_and_scale()
            centers.append(center)
            scales.append(scale)
            has_missing.append(distribution.has_missing)
        self.knots_ = knots
        self.center_, self.scale_ = np.array(centers), np.array(scales)
        self.has_missing_ = np.array(has_missing)
        return self

    def transform(self, X):
        """Encode data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data, in which NaN stands for missing values.

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_columns)
            The columns of each feature beside each other: its scaled value, its ramps,
            and its indicator. In float32 if X is, otherwise in float64.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        check_is_fitted(self)
        given, X = X, self._check(X, reset=False)
        columns = Columns(self.knots_, self.center_, self.scale_, self.has_missing_)
        X_out = np.empty((len(X), len(columns)), X.dtype)
        n_rows = max(1, VALUES_AT_A_TIME // len(columns))
        for rows in gen_batches(len(X), n_rows):
            X_out[rows] = columns.encode(X[rows])
        return like(given, X_out)

    def get_feature_names_out(self, input_features=None):
        """The names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the features, which must be those seen in `fit` if these were
            given. None stands for these, or for x0, x1 and so on.

        Returns
        -------
        names : ndarray of object of shape (n_columns,)
            The name of the feature, followed by `_scaled`, `_ramp_0`, `_ramp_1` and so
            on, and `_missing`.
        """
        check_is_fitted(self)
        names = []
        for name, knots, has_missing in zip(
            feature_names_in(self, input_features), self.knots_, self.has_missing_
        ):
            names.append(f"{name}_scaled")
            names += [f"{name}_ramp_{number}" for number in range(len(knots) - 1)]
            if has_missing:
                names.append(f"{name}_missing")
        return np.array(names, dtype=object)

    @property
    def is_ramp_(self):
        """Which columns are ramps, an ndarray of bool of shape (n_columns,)."""
        parts = [
            [False, *[True] * max(len(knots) - 1, 0), *[False] * bool(has_missing)]
            for knots, has_missing in zip(self.knots_, self.has_missing_)
        ]
        return np.concatenate(parts).astype(bool)

    def _check(self, X, reset):
        with refusing_large_integers("X"):
            X = validate_data(
                self,
                to_numpy(X, "X"),
                dtype=[np.float64, np.float32],
                ensure_all_finite=False,
                reset=reset,
            )
        infinite = np.isinf(np.fmax.reduce(X)) | np.isinf(np.fmin.reduce(X))
        if infinite.any():
            name = feature_names_in(self, None)[np.argmax(infinite)]
            raise ValueError(
                f"Input X contains infinity, in feature {name!r}. Replace infinite"
                " values by finite ones, or by NaN, which stands for missing values."
            )
        return X

    def _cuts_by_tree(self, y, weight):
        if y is None:
            raise ValueError(
                f"{type(self).__name__}(knots='tree') requires y to be passed, but the"
                " target y is None. Pass y, or set knots='quantile'."
            )
        is_numeric = is_name(self.target_type, "continuous")
        dtype = np.float64 if is_numeric else None
        with refusing_large_integers("y"):
            y = check_array(
                to_numpy(y, "y"), ensure_2d=False, dtype=dtype, input_name="y"
            )
            check_consistent_length(weight, y)
            if is_name(self.target_type, "auto"):
                is_numeric = type_of_target(y, "y").startswith("continuous")
        y = y.reshape(len(y), -1)
        if is_numeric:
            tree = DecisionTreeRegressor(random_state=0)
            y = _standardised(y, weight)
        else:
            tree = DecisionTreeClassifier(random_state=0)
            y = OrdinalEncoder().fit_transform(y)
        tree.set_params(min_weight_fraction_leaf=self.min_weight_fraction_leaf)
        return TreeCuts(tree, y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = is_name(self.knots, "tree")
        tags.target_tags.multi_output = tags.target_tags.required
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def positive_scale(sample_weight, n_samples):
    """Sample weights on a scale on which no sum overflows.

    Raises
    ------
    ValueError
        If they are not valid, or all zero.
    """
    weight = check_sample_weight(sample_weight, n_samples)
    if weight is None:
        return np.ones(n_samples)
    if not weight.any():
        raise ValueError(
            "sample_weight is zero for all samples: at least one must have a positive"
            " weight."
        )
    return _below_one(weight)


def _standardised(y, weight):
    """Targets as deviations from their means, in units of their spread, of any size."""
    y = _below_one(y)
    y = _below_one(y - np.average(y, axis=0, weights=weight))
    spread = np.sqrt(np.average(y**2, axis=0, weights=weight))
    return y / np.where(spread > 0, spread, 1.0)


def _below_one(array):
    """Divide each column by a power of two, which is exact, so that its largest
    absolute value is below 1, and no longer small."""
    _, exponent = np.frexp(np.abs(array).max(axis=0))
    return np.ldexp(array, -exponent)
