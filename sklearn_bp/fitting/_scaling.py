"""Features and targets on the scale that networks learn from."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

#: The types of X, which are not converted before it is scaled.
FLOATS = [np.float64, np.float32]

#: The number of values that are scaled at a time, in double precision.
VALUES_AT_A_TIME = 2**18


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is done to features before they reach a network.

    Parameters
    ----------
    center : ndarray of shape (n_features,) or None
        What is subtracted; None where X was sparse, whose zeros stay zeros.
    scale : ndarray of shape (n_features,)
        What it is then divided by.
    """

    center: np.ndarray | None
    scale: np.ndarray

    @classmethod
    def of(cls, part):
        """The scaling that standardises the features of these rows."""
        center, spread = mean_and_spread(part.X, part.sample_weight, "X")
        return cls(None if issparse(part.X) else center, np.where(spread, spread, 1.0))

    def __call__(self, X, dtype):
        """Scale features, and convert them to the computing type. Sparse ones become
        dense if something is subtracted.

        Raises
        ------
        ValueError
            If a value is then too large for it.
        """
        with np.errstate(over="ignore"):
            if issparse(X) and self.center is None:
                values = (X.data / self.scale[X.indices]).astype(dtype)
                scaled = csr_matrix((values, X.indices, X.indptr), shape=X.shape)
            else:
                values = scaled = self._standardised(X, dtype)
        if not np.isfinite(values).all():
            raise ValueError(
                "X contains a value that is too far from those that the network was"
                " trained on: in units of their standard deviation, it is too large for"
                f" {np.dtype(dtype)}."
            )
        return scaled

    def _standardised(self, X, dtype):
        center = 0.0 if self.center is None else self.center
        scaled = np.empty(X.shape, dtype)
        for rows in gen_batches(X.shape[0], max(1, VALUES_AT_A_TIME // X.shape[1])):
            values = X[rows].toarray() if issparse(X) else X[rows]
            scaled[rows] = (values - center) / self.scale
        return scaled

    def unscaled(self, gradients):
        """Derivatives with respect to the features as they were."""
        return (gradients / self.scale).astype(gradients.dtype)


def without_duplicates(array):
    """A sparse matrix without entries that stand there twice, which scikit-learn takes
    for different values where it computes variances; anything else as it is."""
    if issparse(array) and not array.has_canonical_format:
        array = array.copy()
        array.sum_duplicates()
    return array


def mean_and_spread(array, sample_weight, name):
    """The mean and the standard deviation of each column, the latter 0 if the column is
    constant but for rounding; of a sparse matrix, None and the latter.

    Raises
    ------
    ValueError
        If they are too large to be represented.
    """
    array = without_duplicates(array)
    if sample_weight is not None:  # whose sum may overflow
        sample_weight = sample_weight / sample_weight.max()
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler(with_mean=not issparse(array))
        scaler.fit(array, sample_weight=sample_weight)
    # With weights, rounding may leave less than nothing of a constant column.
    spread = np.sqrt(np.maximum(scaler.var_, 0))
    if not np.isfinite(spread).all():
        raise ValueError(
            f"{name} contains values that are too large to be standardised. Scale"
            f" {name} down, or set scale=False."
        )
    # where the scaler divides by 1 instead, the column is constant
    return scaler.mean_, np.where(scaler.scale_ == spread, spread, 0.0)
