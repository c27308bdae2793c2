"""Which score is best, where some may be undefined."""

import numpy as np


def best_first(scores):
    """The indices that sort the scores, the largest first and NaN last; equal ones keep
    their order."""
    return np.argsort(np.negative(scores), kind="stable")
