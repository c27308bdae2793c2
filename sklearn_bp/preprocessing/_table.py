"""Tables as people have them, as networks take them."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils import (
    DocLinkMixin,
    Interval,
    StrOptions,
    VersionedState,
    feature_names_in,
    fit_context,
    is_name,
    like,
    to_numpy,
    unchanged_on_error,
)
from ._piecewise import PiecewiseLinearEncoder, positive_scale
from ._read import columns_of, is_frame

#: How many numbers are encoded at a time.
NUMBERS_AT_A_TIME = 2**21


class TableEncoder(VersionedState, DocLinkMixin, TransformerMixin, BaseEstimator):
    """Encode a table: numbers by their place between quantiles, categories one-hot.

    Columns may be of any type that pandas, polars or NumPy have for numbers, truth
    values, text and categories, with missing values in all of them: None, NaN and
    `pandas.NA`. What is encoded depends on the values, not on these types.

    Parameters
    ----------
    n_bins : int, default=16
        The largest number of segments that a column of numbers is cut into, see
        :class:`PiecewiseLinearEncoder`.
    min_frequency : int, default=5
        Categories of fewer samples share an indicator, to which categories that were
        not seen in :term:`fit` belong, too. Without rare ones, these have no indicator.
    max_categories : int, default=50
        The largest number of indicators of a column: the rarest categories share one.
    categorical_features : "from_dtype", array-like of {bool, int, str} or None, \
            default="from_dtype"
        Which columns hold categories: those with text, truth values or a categorical
        type of pandas or polars; or those that a mask, numbers or names say; or none.
        Missing values are a category. An array of text, which NumPy makes of mixed
        ones, holds numbers in columns that can all be read as such.
    dtype : {"float32", "float64"}, default="float32"
        The type of what is returned.

    Attributes
    ----------
    is_categorical_ : ndarray of bool of shape (`n_features_in_`,)
        Which columns hold categories.
    number_encoder_ : PiecewiseLinearEncoder or None
        Encodes the columns of numbers; None if there are none.
    categories_ : list of ndarray of object
        For each column of categories, those that have an indicator of their own, as
        text. None stands for missing values.
    has_rare_ : ndarray of bool
        Which columns of categories have an indicator that rare ones share.
    is_text_ : ndarray of bool
        Which columns of categories held nothing but text and truth values: a type of
        numbers is an error there.
    is_ramp_ : ndarray of bool of shape (`n_features_out_`,)
        Which of the columns that `transform` returns are ramps.

    n_features_out_ : int
        The number of columns that tables are encoded in.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Their names. Defined only if all of them are strings.

    See Also
    --------
    PiecewiseLinearEncoder : For numbers alone.
    sklearn.preprocessing.OneHotEncoder : For categories alone.

    Notes
    -----
    Sample weights count in quantiles and in the frequencies of categories: relative to
    their mean, so that their scale does not matter. Samples of weight 0 do not count.

    Categories are compared as text, so that 1, 1.0 and "1" are the same one, and so are
    True and "True". Text is taken as it is, with all its spaces.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_bp.preprocessing import TableEncoder
    >>> X = pd.DataFrame({"age": [31.0, 45.0, None], "member": [True, False, True]})
    >>> encoder = TableEncoder(n_bins=1, min_frequency=1).fit(X)
    >>> encoder.get_feature_names_out()
    array(['age_scaled', 'age_missing', 'member_False', 'member_True'],
          dtype=object)
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "max_categories": [Interval(Integral, 1, None, closed="left")],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "dtype": [StrOptions({"float32", "float64"})],
    }

    def __init__(
        self,
        n_bins=16,
        *,
        min_frequency=5,
        max_categories=50,
        categorical_features="from_dtype",
        dtype="float32",
    ):
        self.n_bins = n_bins
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.categorical_features = categorical_features
        self.dtype = dtype

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Learn what the columns hold.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.
        y : None
            Not used, present by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If the table is empty, or holds infinite numbers or dates, or if a parameter
            or the weights are not valid. The encoder is then as it was before the call.
        TypeError
            If the table is sparse, or holds what is neither a number nor text.
        """
        self._learn(X, sample_weight)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None, sample_weight=None):
        """Learn what the columns hold, and encode them.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.
        y : None
            Not used, present by convention.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative. None stands for equal weights.

        Returns
        -------
        X_out : ndarray of shape (n_samples, `n_features_out_`)
            What `transform` returns for X.
        """
        return like(X, self._encode(self._learn(X, sample_weight)))

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.

        Returns
        -------
        X_out : ndarray of shape (n_samples, `n_features_out_`)
            First the columns of numbers, as :class:`PiecewiseLinearEncoder` encodes
            them, and then an indicator for each category, all of `dtype`.

        Raises
        ------
        ValueError
            If the table is not like the one seen in :term:`fit`, or holds infinite
            numbers.
        TypeError
            If it is sparse, or holds what is neither a number nor text.
        """
        check_is_fitted(self)
        return like(X, self._encode(self._read(X, reset=False)))

    @property
    def is_ramp_(self):
        """Which columns are ramps, an ndarray of bool of shape (`n_features_out_`,)."""
        are_ramps = np.zeros(self.n_features_out_, dtype=bool)
        if self.number_encoder_ is not None:
            of_numbers = self.number_encoder_.is_ramp_
            are_ramps[: len(of_numbers)] = of_numbers
        return are_ramps

    def get_feature_names_out(self, input_features=None):
        """The names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the features, which must be those seen in :term:`fit` if these
            were given. None stands for these, or for x0, x1 and so on.

        Returns
        -------
        names : ndarray of object of shape (`n_features_out_`,)
            The names of the features, followed by what
            :meth:`PiecewiseLinearEncoder.get_feature_names_out` says, by the category,
            or by `_missing` or `_rare`. Where these are equal, numbers are appended.
        """
        check_is_fitted(self)
        features = np.asarray(feature_names_in(self, input_features), dtype=object)
        names = []
        if self.number_encoder_ is not None:
            numeric = features[~self.is_categorical_]
            names += self.number_encoder_.get_feature_names_out(numeric).tolist()
        for name, categories, has_rare in zip(
            features[self.is_categorical_], self.categories_, self.has_rare_
        ):
            kinds = ["missing" if c is None else c for c in categories]
            if has_rare:
                kinds.append("rare")
            names += [f"{name}_{kind}" for kind in kinds]
        return np.array(_made_unique(names), dtype=object)

    @property
    def n_features_out_(self):
        """The number of columns that tables are encoded in."""
        return len(self.get_feature_names_out())

    def _learn(self, X, sample_weight):
        """Fit to a table, and return its columns."""
        with unchanged_on_error(self):
            columns = self._read(X, reset=True)
            self.is_categorical_ = self._find_categories(columns)
            numeric, categorical = self._split(columns)
            weight = positive_scale(sample_weight, len(columns[0]))
            self.number_encoder_ = None
            if numeric:
                encoder = PiecewiseLinearEncoder(n_bins=self.n_bins)
                self.number_encoder_ = encoder.fit(_numbers(numeric), None, weight)
            self._choose_categories(categorical, weight / weight[weight > 0].mean())
        return columns

    def _read(self, X, reset):
        """The columns of a table that was checked."""
        if is_frame(X):
            validate_data(self, X, skip_check_array=True, reset=reset)
            for number, what in zip(X.shape, ("sample", "feature")):
                if number == 0:
                    raise ValueError(
                        f"Found array with 0 {what}(s) (shape={X.shape}) while a"
                        f" minimum of 1 is required by {type(self).__name__}."
                    )
            return columns_of(X)
        X = to_numpy(X, "X")
        # NumPy would turn numbers into text if there is any beside them.
        dtype = object if isinstance(X, list | tuple) else None
        return columns_of(
            validate_data(self, X, dtype=dtype, ensure_all_finite=False, reset=reset)
        )

    def _find_categories(self, columns):
        given = self.categorical_features
        if is_name(given, "from_dtype"):
            return np.array([column.is_categorical for column in columns])
        items = [] if given is None else np.asarray(given, dtype=object).tolist()
        if items and all(isinstance(item, bool | np.bool_) for item in items):
            if len(items) != len(columns):
                raise ValueError(
                    f"categorical_features, as a mask, must have {len(columns)}"
                    f" entries, one for each column, got {len(items)}."
                )
            return np.array(items, dtype=bool)
        names = [column.name for column in columns]
        for item in items:
            is_number = isinstance(item, Integral) and 0 <= item < len(names)
            if not is_number and not (isinstance(item, str) and item in names):
                raise ValueError(
                    f"categorical_features names {item!r}, but the columns are"
                    f" {names}. Pass their names, numbers from 0 to {len(names) - 1}, a"
                    " mask, 'from_dtype' or None."
                )
        return np.array(
            [
                number in items or (isinstance(name, str) and name in items)
                for number, name in enumerate(names)
            ]
        )

    def _split(self, columns):
        """Those of numbers and those of categories."""
        pairs = list(zip(columns, self.is_categorical_))
        return tuple([c for c, is_c in pairs if is_c == kind] for kind in (False, True))

    def _choose_categories(self, columns, weight):
        self.categories_ = []
        has_rare = []
        for column in columns:
            labels, codes = column.labels()
            # Rounded, so that they do not depend on the order of samples.
            frequencies = np.bincount(codes, weight, len(labels)).round(6)
            is_kept = self._are_frequent(frequencies)
            self.categories_.append(np.array(labels, dtype=object)[is_kept])
            has_rare.append(frequencies[~is_kept].any())
        self.has_rare_ = np.array(has_rare, dtype=bool)
        self.is_text_ = np.array([column.is_text for column in columns], dtype=bool)

    def _are_frequent(self, frequencies):
        """Which categories have an indicator of their own."""
        are_frequent = frequencies >= self.min_frequency
        has_rare = frequencies[~are_frequent].any()
        if are_frequent.sum() + has_rare > self.max_categories:
            by_frequency = np.argsort(frequencies, kind="stable")
            n_rare = len(frequencies) - (self.max_categories - 1)
            are_frequent[by_frequency[:n_rare]] = False
        return are_frequent

    def _encode(self, columns):
        self._refuse_numbers_for_text(columns)
        numeric, categorical = self._split(columns)
        n_rows = len(columns[0])
        X_out = np.empty((n_rows, self.n_features_out_), self.dtype)
        n_indicators = sum(map(len, self.categories_)) + self.has_rare_.sum()
        start = X_out.shape[1] - n_indicators
        if numeric:
            numbers = _numbers(numeric)
            for rows in gen_batches(n_rows, max(1, NUMBERS_AT_A_TIME // start)):
                X_out[rows, :start] = self.number_encoder_.transform(numbers[rows])
        for column, *kept in zip(categorical, self.categories_, self.has_rare_):
            indicators = _indicators(*column.labels(), *kept)
            stop = start + indicators.shape[1]
            X_out[:, start:stop] = indicators
            start = stop
        return X_out

    def _refuse_numbers_for_text(self, columns):
        _, categorical = self._split(columns)
        for column, is_text in zip(categorical, self.is_text_):
            if is_text and column.is_numeric:
                raise ValueError(
                    f"Column {column.name!r} holds numbers, but held text or truth"
                    " values in fit. Turn them into the same, or fit again."
                )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _numbers(columns):
    """The numbers that columns hold, as an array of shape (n_samples, n_columns)."""
    return np.array([column.numbers() for column in columns]).T


def _indicators(labels, codes, categories, has_rare):
    """For each sample, whether it has these categories, and whether another one."""
    place = {category: number for number, category in enumerate(categories)}
    places = np.array([place.get(label, len(categories)) for label in labels])
    is_at = places[:, np.newaxis] == np.arange(len(categories) + has_rare)
    return is_at[codes]


def _made_unique(names):
    """Names, followed by a number if they have occurred before."""
    taken, counts, unique = set(names), {}, []
    for name in names:
        number = counts.get(name, 0) + 1
        new = name
        if number > 1:
            while (new := f"{name}_{number}") in taken:
                number += 1
            taken.add(new)
        counts[name] = number
        unique.append(new)
    return unique
