"""Which score is best, where some may not be defined."""

import numpy as np


def best_first(scores):
    """The numbers of the scores, that of the largest first and those of NaN last; of
    equal ones, in their order."""
    return np.argsort(np.negative(scores), kind="stable")
