"""Which units a step drops: a function of the seed and of counters, and thus the same
in each engine and for any number of threads."""

from dataclasses import dataclass

import numpy as np

# SplitMix64 (Steele, Lea & Flood, 2014).
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Dropout:
    """Inverted dropout (Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov,
    2014).

    In each step, each hidden unit of each sample is set to zero at random, and the
    others are scaled up so that the expected value stays the same.

    Parameters
    ----------
    rates : tuple of float
        The probability of being dropped, from 0 to below 1, for each hidden layer.
    seed : int
        From 0 to 2^64 - 1.
    """

    rates: tuple
    seed: int

    @property
    def thresholds(self):
        """The numbers, of 2^32 equally likely ones, below which a unit is dropped."""
        return np.round(2**32 * np.array(self.rates, dtype=np.float64)).astype(
            np.uint64
        )

    @property
    def factors(self):
        """The factors that the remaining units are multiplied by."""
        return 1 / (1 - np.array(self.rates))

    def masks(self, step, shapes, dtype):
        """The factors of all hidden units: 0, or what makes up for the dropped ones.

        Parameters
        ----------
        step : int
            The number of the step, from 1.
        shapes : list of tuple of int
            The number of samples and of units in each hidden layer.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        masks : list of ndarray
            A mask of each of these shapes.
        """
        masks = []
        with np.errstate(over="ignore"):
            step_key = _split_mix(np.uint64(self.seed) + GOLDEN * np.uint64(step))
            for layer, shape in enumerate(shapes):
                key = _split_mix(step_key + GOLDEN * np.uint64(layer))
                numbers = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape)
                bits = _split_mix(key + GOLDEN * numbers) >> np.uint64(32)
                mask = np.where(bits < self.thresholds[layer], 0, self.factors[layer])
                masks.append(mask.astype(dtype))
        return masks


def _split_mix(state):
    state = (state ^ (state >> np.uint64(30))) * MULTIPLIERS[0]
    state = (state ^ (state >> np.uint64(27))) * MULTIPLIERS[1]
    return state ^ (state >> np.uint64(31))
