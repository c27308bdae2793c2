"""What fuzzed lines call: data of every kind, and functions for parameters."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import scipy.sparse as sp

# ---- values ----------------------------------------------------------------------


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def integers(*shape, seed=0):
    return np.random.RandomState(seed).randint(-3, 4, size=shape)


def mostly_zeros(*shape, seed=0):
    values = normal(*shape, seed=seed)
    return np.where(np.abs(values) < 1, 0.0, values)


def constant(*shape, seed=0):
    return np.full(shape, float(seed))


def scaled(factor, *shape, seed=0):
    return normal(*shape, seed=seed) * factor


def with_value(value, *shape, seed=0):
    """Normal numbers, one of which is replaced."""
    values = normal(*shape, seed=seed)
    values.flat[values.size // 2 : values.size // 2 + 1] = value
    return values


# ---- orders and containers -------------------------------------------------------


def cast(values, dtype):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of overflow, which is intended
        return np.asarray(values).astype(dtype)


def strided(values):
    return np.repeat(values, 2, axis=-1)[..., ::2]


def reversed_rows(values):
    return values[::-1].copy()[::-1]


def reversed_columns(values):
    return values[..., ::-1].copy()[..., ::-1]


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def unaligned(values):
    buffer = np.empty(values.nbytes + 1, np.uint8)
    moved = buffer[1:].view(values.dtype).reshape(values.shape)
    moved[...] = values
    return moved


def big_endian(values):
    return values.astype(values.dtype.newbyteorder(">"))


def masked(values):
    return np.ma.masked_array(values, mask=np.arange(values.size) % 5 == 1).reshape(
        values.shape
    )


def frame(values):
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])


def mixed_frame(values):
    table = frame(values)
    return table.assign(x0=table["x0"].astype("float32"))


def nullable_frame(values):
    return frame(np.rint(values)).astype("Int64")


def category_frame(values):
    return frame(values).astype("category")


def _for_scipy(values):
    """As a type that sparse matrices may have."""
    values = np.asarray(values)
    return values.astype(float) if values.dtype.char in "eO" else values


def csr(values):
    return sp.csr_matrix(_for_scipy(values))


def csr_array(values):
    return sp.csr_array(_for_scipy(values))


def csc(values):
    return sp.csc_matrix(_for_scipy(values))


def coo(values):
    return sp.coo_matrix(_for_scipy(values))


def lil(values):
    return sp.lil_matrix(_for_scipy(values))


def dok(values):
    return sp.dok_array(_for_scipy(values))


def bsr(values):
    return sp.bsr_matrix(_for_scipy(values))


def long_indices(values):
    matrix = csr(values)
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def unsorted(values):
    matrix = csr(values)
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        matrix.indices[start:stop] = matrix.indices[start:stop][::-1].copy()
        matrix.data[start:stop] = matrix.data[start:stop][::-1].copy()
    matrix.has_sorted_indices = False
    return matrix


def duplicated(values):
    """Every entry as two halves."""
    matrix = csr(values)
    halves = np.repeat(matrix.data / 2, 2), np.repeat(matrix.indices, 2)
    return sp.csr_matrix((*halves, matrix.indptr * 2), shape=matrix.shape)


def explicit_zeros(values):
    matrix = csr(values)
    matrix.data[::2] = 0
    return matrix


def read_only_csr(values):
    matrix = csr(values)
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    return matrix


# ---- targets ---------------------------------------------------------------------


def labels(classes, n, seed=0):
    """All of the classes, as far as there is room, in some order."""
    numbers = np.arange(n) % len(classes)
    return np.asarray(classes)[np.random.RandomState(seed).permutation(numbers)]


def indicators(n, n_labels, seed=0):
    return np.random.RandomState(seed).randint(2, size=(n, n_labels))


def decimals(n):
    return [Decimal(i) / 4 for i in range(n)]


def fractions(n):
    return [Fraction(i, 3) for i in range(n)]


# ---- functions for parameters ----------------------------------------------------


def half(progress):
    return 0.5


def descending(progress):
    return 1 - progress


def nan_rate(progress):
    return float("nan")


def none_rate(progress):
    return None


def array_rate(progress):
    return np.array([1.0])


def numpy_rate(progress):
    return np.float32(0.5)


class Rate:
    """A callable that is not hashable."""

    __hash__ = None

    def __eq__(self, other):
        return type(other) is Rate

    def __call__(self, progress):
        return 1.0


def ones_like_shape(shape, random_state):
    return np.ones(shape)


def draws(shape, random_state):
    return random_state.normal(size=shape).astype("float32")


def wrong_shape(shape, random_state):
    return np.ones((*shape, 2))


def nan_weights(shape, random_state):
    return np.full(shape, np.nan)


def no_weights(shape, random_state):
    return None


def ragged_weights(shape, random_state):
    return [[1.0], [1.0, 2.0]]


def score_of_estimator(estimator, X, y, sample_weight=None):
    return estimator.score(X, y, sample_weight)


def weightless_score(estimator, X, y):
    return estimator.score(X, y)


def nan_score(estimator, X, y, sample_weight=None):
    return float("nan")


def none_score(estimator, X, y, sample_weight=None):
    return None


def numpy_score(estimator, X, y, sample_weight=None):
    return np.float32(0.25)


class StopAfter:
    """A callback that stops training after an epoch; it has nothing to remember."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        return context.task_name == "epoch" and context.task_id + 1 == self.epoch


# ---- what users do to an estimator -----------------------------------------------


def with_own_coefs(model, change):
    """A fitted estimator whose weights were replaced."""
    if hasattr(model, "coefs_"):
        model.coefs_ = change(model.coefs_)
    return model


def halved(coefs):
    return [coef / 2 for coef in coefs]


def without_first(coefs):
    return coefs[1:]
