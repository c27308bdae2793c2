"""scikit-learn's own checks."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_bp import (
    BackpropClassifier,
    BackpropEnsembleClassifier,
    BackpropEnsembleRegressor,
    BackpropRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.03, "max_iter": 60}
# No ramps, and so a single view.
OPTIONS = {"cv": 4, "n_bins": 1, "random_state": 0}


@parametrize_with_checks(
    [
        BackpropEnsembleClassifier(BackpropClassifier(**SMALL), **OPTIONS),
        BackpropEnsembleRegressor(BackpropRegressor(**SMALL), **OPTIONS),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)


def drawn_by_row(estimator):
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "batches, dropout and halves of folds are drawn by row, so that a weight of"
            " 2 is not the same as two rows"
        )
    }


@parametrize_with_checks(
    [
        BackpropEnsembleClassifier(random_state=0),
        BackpropEnsembleRegressor(random_state=0),
    ],
    expected_failed_checks=drawn_by_row,
)
def test_estimator_checks_by_default(estimator, check):
    check(estimator)
