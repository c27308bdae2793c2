"""Digests of what a training depends on: equal digests mean equal results."""

from types import CodeType, FunctionType

import joblib
import numpy as np
from joblib.hashing import NumpyHasher
from scipy.sparse import issparse

#: The libraries whose functions are what their names say.
KNOWN = {"copyreg", "joblib", "numpy", "scipy", "sklearn", __name__.partition(".")[0]}


def digest(thing):
    """A digest of an object: of values, the same in all processes.

    Functions of the user's count by what they do, so that a scorer that was edited is
    another one; classes, and what functions call, by name.

    Parameters
    ----------
    thing : object
        Anything that could be pickled but for the functions in it.

    Returns
    -------
    digest : str
        The digest.

    Raises
    ------
    Exception
        If it cannot be pickled.
    """
    return _Hasher().hash(thing)


def digest_of_data(data):
    """A digest of an array, data frame or sparse matrix: of what it holds, and not of
    how it is laid out in memory, or what it has found out about its entries."""
    if issparse(data):
        data = data.tocsr()
        return joblib.hash((data.shape, data.data, data.indices, data.indptr))
    if hasattr(data, "iloc") and data.ndim == 2:
        columns = (data.iloc[:, number] for number in range(data.shape[1]))
        return joblib.hash(
            [
                (column.name, column.dtype, np.ascontiguousarray(column.to_numpy()))
                for column in columns
            ]
        )
    return joblib.hash(data)


class _Hasher(NumpyHasher):
    def reducer_override(self, thing):  # of Python's Pickler
        if isinstance(thing, FunctionType) and _package(thing) not in KNOWN:
            closure = [cell.cell_contents for cell in thing.__closure__ or ()]
            defaults = (thing.__defaults__, thing.__kwdefaults__)
            state = (_instructions(thing.__code__), defaults, closure)
            return _Function, (thing.__module__, thing.__qualname__), state
        if isinstance(thing, frozenset):  # of sets, the order is made the same
            return frozenset, (set(thing),)
        return NotImplemented


class _Function:
    """What a function is taken for."""


def _package(function):
    return str(function.__module__).partition(".")[0]


def _instructions(code):
    """What a function does, without line numbers."""
    constants = [
        _instructions(value) if isinstance(value, CodeType) else value
        for value in code.co_consts
    ]
    return code.co_code, constants, code.co_names, code.co_varnames
