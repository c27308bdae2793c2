"""Checks of arrays that scikit-learn has no public function for."""

from contextlib import contextmanager
from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from ._namespaces import to_numpy


def aligned(array):
    """An array or CSR matrix, or a copy if its items do not lie where a processor wants
    them, as in the middle of a buffer."""
    parts = [array]
    if issparse(array):
        parts = [array.data, array.indices, array.indptr]
    return array if all(part.flags.aligned for part in parts) else array.copy()


@contextmanager
def refusing_large_integers(name):
    """Have Python's integers refused, by the argument's name, that are too large for a
    float: NumPy raises an OverflowError. Infinite values are refused without a warning
    of their sum."""
    try:
        with np.errstate(invalid="ignore"):
            yield
    except OverflowError as error:
        raise ValueError(
            f"{name} contains a number too large for float64: {error}. Scale {name}."
        ) from error


def check_sample_weight(sample_weight, n_samples, name="sample_weight"):
    """Return sample weights as an array, or None if there are none.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        Weights that are finite and not negative.
    n_samples : int
        The expected number of weights.
    name : str, default="sample_weight"
        Their name in error messages.

    Returns
    -------
    sample_weight : ndarray of float64 of shape (n_samples,) or None
        The weights.
    """
    if sample_weight is None:
        return None
    sample_weight = to_numpy(sample_weight, name)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    with refusing_large_integers(name):
        sample_weight = check_array(
            sample_weight,
            ensure_2d=False,
            dtype=np.float64,
            order="C",
            input_name=name,
        )
    if sample_weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if sample_weight.shape != (n_samples,):
        raise ValueError(
            f"{name}.shape == {sample_weight.shape}, expected {(n_samples,)}:"
            " one weight per sample."
        )
    if (sample_weight < 0).any():
        raise ValueError(f"Negative values in {name}: weights must be >= 0.")
    return aligned(sample_weight)
