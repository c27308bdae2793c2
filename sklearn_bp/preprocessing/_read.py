"""The columns of a table, whatever it is made of."""

import datetime
from decimal import Decimal
from functools import cached_property
from numbers import Integral, Real

import numpy as np

# Kinds of columns, by their types.
NUMBERS, TRUTH_VALUES, CATEGORIES, DATES, COMPLEX, OBJECTS = range(6)

#: What a column of objects may hold, besides missing values.
SCALARS = (str, Real, Decimal, np.bool_)
#: The types of missing values, besides what is unequal to itself. Two are pandas'.
MISSING = ("NoneType", "NAType", "NaTType")
#: Dates and periods of time. Those of pandas are among them, but for its Period.
TIMES = (
    *(datetime.date, datetime.time, datetime.timedelta),
    *(np.datetime64, np.timedelta64),
)


def is_frame(X):
    """Whether this is a data frame of pandas or polars."""
    return (hasattr(X, "iloc") or hasattr(X, "get_columns")) and hasattr(X, "columns")


def columns_of(X):
    """The columns of a table.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_samples, n_features)
        The table.

    Returns
    -------
    columns : list of Column
        Its columns.

    Raises
    ------
    ValueError
        If some hold dates, periods of time or complex numbers, by their types.
    """
    if hasattr(X, "iloc"):
        return [PandasColumn(x, name) for name, x in X.items()]
    if hasattr(X, "get_columns"):
        return [PolarsColumn(x, x.name) for x in X.get_columns()]
    if X.dtype.kind == "S":
        X = X.astype(str)
    return [ArrayColumn(x, f"x{number}") for number, x in enumerate(X.T)]


class Column:
    """A column of a table.

    Parameters
    ----------
    values : ndarray, or series of pandas or polars, of shape (n_samples,)
        What it holds.
    name : object
        Its name, for messages.

    Attributes
    ----------
    kind : int
        What it holds by its type.
    """

    def __init__(self, values, name):
        self._values = values
        self.name = name
        if self.kind == DATES:
            raise self._no_dates()
        if self.kind == COMPLEX:
            raise ValueError(f"Complex data not supported: column {name!r}.")

    def __len__(self):
        return len(self._values)

    @property
    def is_categorical(self):
        """Whether it holds text, truth values or what is of a categorical type."""
        if self.kind == OBJECTS:
            kinds = set(map(type, self._objects))
            return any(issubclass(kind, str | bool | np.bool_) for kind in kinds)
        return self.kind in (TRUTH_VALUES, CATEGORIES)

    @property
    def is_text(self):
        """Whether all that is not missing is text or truth values, and something is."""
        _, distinct = self._distinct
        known = [value for value in distinct if not _is_missing(value)]
        return bool(known) and all(isinstance(v, str | bool | np.bool_) for v in known)

    @property
    def is_numeric(self):
        """Whether it is of a type of numbers, and something is not missing."""
        return self.kind == NUMBERS and not np.isnan(self._floats()).all()

    def numbers(self):
        """What it holds as numbers.

        Returns
        -------
        numbers : ndarray of float64 of shape (n_samples,)
            NaN where they are missing.

        Raises
        ------
        ValueError
            If it cannot be read as numbers, or some are infinite.
        TypeError
            If it holds what is neither a number nor text.
        """
        is_direct = self.kind in (NUMBERS, TRUTH_VALUES)
        objects = None if is_direct else self._objects  # its errors are of their own
        try:
            numbers = self._floats() if is_direct else _as_floats(objects)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"Column {self.name!r} cannot be read as numbers: {error}. Replace what"
                " is no number by NaN; or, if it holds categories, name it in"
                " categorical_features before fit."
            ) from error
        if np.isinf(numbers).any():
            raise ValueError(
                f"Input X contains infinity, in column {self.name!r}. Replace infinite"
                " values by finite ones, or by NaN, which stands for missing values."
            )
        return numbers

    def labels(self):
        """What it holds as text.

        Returns
        -------
        labels : list of str and None
            Texts in their order, the same for numbers that are equal, and for truth
            values, of any type; and None, which stands for missing values.
        codes : ndarray of int of shape (n_samples,)
            Which of them each sample has.

        Raises
        ------
        ValueError
            If it holds dates or periods of time.
        TypeError
            If it holds anything else that is neither a number nor text.
        """
        codes, distinct = self._distinct
        texts = [*map(_text, distinct), None]
        labels = [*sorted(set(texts) - {None}), None]
        place = {label: number for number, label in enumerate(labels)}
        return labels, np.array([place[text] for text in texts])[codes]

    @cached_property
    def _distinct(self):
        """For each sample, the number of its value, where -1 stands for missing ones,
        and a list of the values."""
        return self._factorize()

    def _factorize(self):
        keys = objects = self._objects
        kinds = set(map(type, objects))
        if sum(not issubclass(kind, str) for kind in kinds) > 1:  # True == 1 == 1.0
            keys = list(zip(map(type, objects), objects))
        values = dict(zip(keys, objects))
        number = {key: i for i, key in enumerate(values)}
        codes = np.fromiter(map(number.__getitem__, keys), np.intp, len(keys))
        return codes, list(values.values())

    @cached_property
    def _objects(self):
        objects = self._list()
        for kind in set(map(type, objects)):
            if kind.__name__ in MISSING:
                continue
            if issubclass(kind, TIMES) or kind.__name__ == "Period":
                raise self._no_dates()
            if not issubclass(kind, SCALARS):
                value = next(value for value in objects if type(value) is kind)
                raise TypeError(
                    f"Column {self.name!r} holds {value!r} of type {kind.__name__}: the"
                    " argument must be a string or a real number. Turn such cells into"
                    " columns of text or numbers, or leave the column out."
                )
        return objects

    def _list(self):
        return self._values.tolist()

    def _no_dates(self):
        return ValueError(
            f"Column {self.name!r} holds dates or periods of time, of type"
            f" {self._values.dtype}. Turn them into numbers, such as days or the month,"
            " or leave the column out."
        )


class ArrayColumn(Column):
    """A column of an array of NumPy."""

    @property
    def kind(self):
        return _kind_in_numpy(self._values.dtype.kind)

    @property
    def is_categorical(self):
        """As in any column. But arrays of text, which NumPy makes of what is mixed,
        hold numbers in those columns that can be read as such."""
        if self.kind == CATEGORIES:
            try:
                self._floats()
            except ValueError:
                return True
            return False
        return super().is_categorical

    def _floats(self):
        return self._values.astype(np.float64)


class PandasColumn(Column):
    """A series of pandas."""

    @cached_property
    def kind(self):
        dtype = self._values.dtype
        if type(dtype).__name__ == "CategoricalDtype" or dtype.type is str:
            return CATEGORIES
        return _kind_in_numpy(dtype.kind)

    def _floats(self):
        return self._values.to_numpy(dtype=np.float64, na_value=np.nan)

    def _factorize(self):
        if self.kind == OBJECTS:
            return super()._factorize()
        codes, distinct = self._values.factorize()
        return codes, distinct.tolist()


class PolarsColumn(Column):
    """A series of polars."""

    @cached_property
    def kind(self):
        dtype = self._values.dtype
        if dtype.is_numeric():
            return NUMBERS
        if dtype.is_temporal():
            return DATES
        kinds = {"Boolean": TRUTH_VALUES}
        kinds |= dict.fromkeys(("String", "Categorical", "Enum"), CATEGORIES)
        return kinds.get(dtype.base_type().__name__, OBJECTS)

    def _floats(self):
        return self._values.cast(float).to_numpy()

    def _list(self):
        return self._values.to_list()


def _kind_in_numpy(kind):
    """Of a type of NumPy, or one of pandas that says what it would be there."""
    kinds = {"b": TRUTH_VALUES, "M": DATES, "m": DATES, "c": COMPLEX}
    kinds |= dict.fromkeys("iuf", NUMBERS) | dict.fromkeys("UT", CATEGORIES)
    return kinds.get(kind, OBJECTS)


def _is_missing(value):
    return type(value).__name__ in MISSING or value != value


def _as_floats(objects):
    return np.array([np.nan if _is_missing(x) else float(x) for x in objects])


def _text(value):
    """The same text for equal numbers; None if the value is missing."""
    if _is_missing(value):
        return None
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        is_whole = isinstance(value, Integral) or float(value).is_integer()
        value = int(value) if is_whole else float(value)
    return str(value)
