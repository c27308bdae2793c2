"""The columns that features are encoded in."""

import numpy as np

#: Scaled values beyond it are clipped to the same number.
FAR = 1e9


class Columns:
    """The columns of all features beside each other: of each, its scaled value, its
    ramps, and an indicator if it had missing values.

    All but the indicators are (x - start) / width, clipped. This is computed for all of
    them at once, and with halves of everything, whose differences do not overflow.

    Parameters
    ----------
    knots : list of ndarray of shape (n_knots,)
        The knots of each feature.
    center, scale : ndarray of shape (n_features,)
        Where its missing values are put, and its scale.
    has_missing : ndarray of bool of shape (n_features,)
        Whether it has an indicator.
    """

    def __init__(self, knots, center, scale, has_missing):
        n_knots = np.array([len(of_feature) for of_feature in knots])
        n_ramps = np.maximum(n_knots - 1, 0)
        self._n_columns = 1 + n_ramps + has_missing
        self._scaled = np.cumsum(self._n_columns) - self._n_columns
        self._missing = (self._scaled + 1 + n_ramps)[has_missing]
        self._is_shown = has_missing
        self._center = center

        is_ramp = np.ones(self._n_columns.sum(), dtype=bool)
        is_ramp[self._scaled] = is_ramp[self._missing] = False
        # Zeros over an infinite width, until indicators are put in.
        self._start, self._width = np.zeros(len(is_ramp)), np.full(len(is_ramp), np.inf)
        self._start[self._scaled], self._width[self._scaled] = center / 2, scale / 2
        # A ramp begins at each knot but the last of a feature.
        halves = np.concatenate(knots) / 2
        begins = np.ones(len(halves), dtype=bool)
        begins[np.cumsum(n_knots)[n_knots > 0] - 1] = False
        self._start[is_ramp] = halves[begins]
        self._width[is_ramp] = np.diff(halves, append=0.0)[begins]
        self._low = np.where(is_ramp, 0.0, -FAR)
        self._high = np.where(is_ramp, 1.0, FAR)

    def __len__(self):
        return len(self._start)

    def encode(self, X):
        """Encode samples, in double precision.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        encoded : ndarray of float64 of shape (n_samples, n_columns)
            Their columns.
        """
        is_missing = np.isnan(X)
        halves = np.where(is_missing, self._center, X) / 2
        encoded = np.repeat(halves, self._n_columns, axis=1)
        encoded -= self._start
        with np.errstate(over="ignore"):
            encoded /= self._width
        np.clip(encoded, self._low, self._high, out=encoded)
        scaled = encoded[:, self._scaled]
        encoded[:, self._scaled] = scaled / np.sqrt(1 + (scaled / 3) ** 2)
        encoded[:, self._missing] = is_missing[:, self._is_shown]
        return encoded
