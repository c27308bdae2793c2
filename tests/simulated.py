"""Studies of score matrices that no network has been trained for."""

import numpy as np

from sklearn_bp import EpochCurve, OverfittingStudy
from sklearn_bp.model_selection._means import FoldSizes


def curve_of(scores, left_out=()):
    """The curve of test scores of shape (n_epochs, n_folds)."""
    scores = np.array(scores, dtype=float)
    n_epochs, n_folds = scores.shape
    return EpochCurve(
        -scores,
        -scores,
        scores,
        scores,
        np.full(n_folds, n_epochs),
        np.ones(n_folds),
        np.ones(n_folds),
        "accuracy",
        left_out,
    )


def study_of(*matrices, sizes=None, left_out=(), **fields):
    """The study of settings with these scores, the simplest last."""
    curves = [curve_of(scores, left_out) for scores in matrices]
    n_folds = curves[0].test_scores.shape[1]
    if sizes is None:
        n_train = 20 * max(1, n_folds - 1)
        sizes = FoldSizes((n_train,) * n_folds, (20,) * n_folds, (0,) * n_folds)
    n = len(matrices)
    defaults = {"errors": [None] * n, "score_name": "accuracy", "folds": sizes}
    return OverfittingStudy(
        [{"alpha": number} for number in range(n)],
        curves,
        simplicities=[(10, -number, 0.0, 0.0) for number in range(n)],
        **{**defaults, **fields},
    )
