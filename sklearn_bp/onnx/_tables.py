"""The encoders of tables as operators."""

import numpy as np

from ..preprocessing import TableEncoder
from ..utils import feature_names_in
from ._graph import ML_DOMAIN

#: Scaled values beyond it are smoothly clipped to 3, to the last bit.
FAR = 1e9


def encoded(encoder, table):
    """What an encoder makes of a table.

    Parameters
    ----------
    encoder : TableEncoder or PiecewiseLinearEncoder
        The encoder.
    table : list of Tensor of shape (n_samples, n_columns)
        The table: one tensor for all of its columns, or one for each.

    Returns
    -------
    encoded : Tensor of shape (n_samples, n_columns)
        In the type that a TableEncoder has; otherwise in float64.

    Raises
    ------
    ValueError
        If the encoder does not take columns of such types.
    """
    if not isinstance(encoder, TableEncoder):
        return _encoded_numbers(encoder, joined(table, np.float64))
    return _encoded_table(encoder, _columns(table, encoder.n_features_in_))


def joined(table, dtype):
    """Parts of a table of numbers beside each other, in one type."""
    return table[0].graph.concatenated([part.cast(dtype) for part in table])


def is_of_numbers(encoder):
    """Whether all that a TableEncoder knows can be given in one tensor of numbers."""
    return not encoder.is_text_.any() and all(
        category is None or number_of(category) is not None
        for categories in encoder.categories_
        for category in categories
    )


def number_of(category):
    """The number that a category is the text of; None if it is a word, or missing."""
    try:
        number = float(category)
        text = str(int(number) if number.is_integer() else number)
    except (TypeError, ValueError):
        return None
    return number if text == category and number == number else None


def _columns(table, n_features):
    if len(table) == n_features:
        return table
    (matrix,) = table
    return [matrix.columns([number]) for number in range(n_features)]


def _encoded_table(encoder, columns):
    names, is_categorical = feature_names_in(encoder, None), encoder.is_categorical_
    parts = []
    if encoder.number_encoder_ is not None:
        numeric = np.flatnonzero(~is_categorical)
        for number in numeric:
            if _is_text(columns[number]):
                raise ValueError(
                    f"Column {names[number]!r} holds numbers, which an ONNX model"
                    " cannot read from text. Give it the type of a number."
                )
        numbers = joined([columns[number] for number in numeric], np.float64)
        parts.append(_encoded_numbers(encoder.number_encoder_, numbers))
    for number, *learned in zip(
        np.flatnonzero(is_categorical),
        encoder.categories_,
        encoder.has_rare_,
        encoder.is_text_,
    ):
        parts += _indicators(names[number], columns[number], *learned)
    return joined(parts, encoder.dtype)


def _encoded_numbers(encoder, X):
    """The columns of each feature beside each other: its scaled value, its ramps, and
    whether it is missing. As in the encoder, with halves, which do not overflow."""
    n_features = len(encoder.center_)
    is_missing = X.apply("IsNaN", dtype=np.dtype(bool))
    halves = X.replaced(is_missing, encoder.center_) * 0.5
    scaled = (halves - encoder.center_ / 2) / (encoder.scale_ / 2)
    scaled = scaled.apply("Min", FAR).apply("Max", -FAR)
    third = scaled / 3
    parts = [scaled / (1 + third * third).apply("Sqrt")]
    owners = [np.arange(n_features)]

    knots = encoder.knots_
    ramps = np.repeat(owners[0], [max(len(of_feature) - 1, 0) for of_feature in knots])
    if len(ramps) > 0:
        begins = np.concatenate([of_feature[:-1] for of_feature in knots]) / 2
        widths = np.concatenate([np.diff(of_feature / 2) for of_feature in knots])
        places = (halves.columns(ramps) - begins) / widths
        parts.append(places.apply("Min", 1).apply("Max", 0))
        owners.append(ramps)
    shown = np.flatnonzero(encoder.has_missing_)
    if len(shown) > 0:
        parts.append(is_missing.columns(shown).cast(np.float64))
        owners.append(shown)
    beside = np.argsort(np.concatenate(owners), kind="stable")
    return X.graph.concatenated(parts).columns(beside)


def _indicators(name, column, categories, has_rare, is_text):
    """Whether a column has each of these categories, and whether another one, in a list
    of one tensor, or of none if there is nothing to tell."""
    n_categories = len(categories)
    if n_categories + has_rare == 0:
        return []
    if _is_text(column):
        codes = _codes_of_text(name, column, categories)
    else:
        codes = _codes_of_numbers(name, column, categories, is_text)
    return [codes.equals(np.arange(n_categories + has_rare))]


def _codes_of_text(name, column, categories):
    """The place of each sample among the categories; their number if it has none. An
    empty text stands for a missing value."""
    texts = ["" if category is None else category for category in categories]
    if len(set(texts)) < len(texts):
        raise ValueError(
            f"Column {name!r} has empty texts and missing values as two categories,"
            " which are one in an ONNX model. Replace either of them before fit."
        )
    # There must be a key.
    places = dict(zip(texts, range(len(texts)))) or {"": 0}
    return column.apply(
        "LabelEncoder",
        dtype=np.dtype(np.int64),
        domain=ML_DOMAIN,
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=len(texts),
    )


def _codes_of_numbers(name, column, categories, is_text):
    """The same of a column of numbers or truth values."""
    is_bool = column.dtype == np.dtype(bool)
    if is_text and not is_bool:
        raise ValueError(
            f"Column {name!r} held text or truth values in fit, which are no numbers in"
            " an ONNX model. Give it the type of text."
        )
    if column.dtype.kind in "iu" and any(map(_is_beyond_floats, categories)):
        raise ValueError(
            f"Column {name!r} has integers beyond 2**53 as categories, which are"
            " compared in float64 in an ONNX model, and taken for each other. Give it"
            " the type of text."
        )
    # NaN is equal to nothing, and stands for all that such a column cannot hold.
    number = {"True": 1, "False": 0}.get if is_bool else number_of
    values = [np.nan if number(c) is None else number(c) for c in categories]
    column, n_categories = column.cast(np.float64), len(categories)
    is_at = column.equals([values or [np.nan]]).cast(np.float64)
    steps = np.arange(max(n_categories, 1))[:, np.newaxis] - n_categories
    codes = is_at.apply("Gemm", steps, [[n_categories]])
    if None in categories:  # it is the last one
        codes -= column.apply("IsNaN", dtype=np.dtype(bool)).cast(np.float64)
    return codes


def _is_beyond_floats(category):
    """Whether it is an integer, and float64 does not tell it from its neighbours."""
    try:
        return abs(int(category)) > 2**53
    except (TypeError, ValueError):
        return False


def _is_text(tensor):
    return tensor.dtype == np.dtype(object)
