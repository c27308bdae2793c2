"""Against the schedules inside scikit-learn's SGD optimizer."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sklearn_bp.training import SCHEDULES


@pytest.mark.parametrize("name", SCHEDULES)
def test_learning_rate_goes_the_way_of_scikit_learn_s(name):
    ours = SCHEDULES[name](0.2, power_t=0.7)
    theirs = SGDOptimizer([np.zeros(1)], 0.2, name, power_t=0.7)
    for n_samples_seen in (50, 100, 150):
        np.testing.assert_array_equal(ours.rates(3), theirs.learning_rate)
        ours.end_epoch(n_samples_seen)
        theirs.iteration_ends(n_samples_seen)
    for _ in range(20):
        assert ours.lower() == (not theirs.trigger_stopping("", verbose=False))
        np.testing.assert_array_equal(ours.rates(2), theirs.learning_rate)
