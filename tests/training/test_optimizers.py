"""Against scikit-learn's optimizers, which the estimators' trajectories depend on."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from sklearn_bp.training import OPTIMIZERS


def run_both(ours, theirs, theta, their_theta):
    rng = np.random.RandomState(0)
    for _ in range(30):
        gradient = rng.normal(size=theta.shape)
        ours.step(theta, gradient, 0.05)
        theirs.update_params([their_theta], [gradient])
    np.testing.assert_allclose(theta, their_theta, rtol=1e-12)
    assert ours.n_steps == 30


@pytest.mark.parametrize("momentum", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd(momentum, nesterov):
    theta, their_theta = np.ones(7), np.ones(7)
    run_both(
        OPTIMIZERS["sgd"](theta, momentum=momentum, nesterov=nesterov),
        SGDOptimizer([their_theta], 0.05, "constant", momentum, nesterov),
        theta,
        their_theta,
    )


@pytest.mark.parametrize(("beta_1", "beta_2"), [(0.9, 0.999), (0.0, 0.5)])
def test_adam(beta_1, beta_2):
    theta, their_theta = np.ones(7), np.ones(7)
    run_both(
        OPTIMIZERS["adam"](theta, beta_1=beta_1, beta_2=beta_2, epsilon=1e-6),
        AdamOptimizer([their_theta], 0.05, beta_1, beta_2, 1e-6),
        theta,
        their_theta,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_has_the_type_of_the_parameters(name):
    settings = {
        "sgd": {"momentum": 0.9, "nesterov": True},
        "adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    }[name]
    theta = np.ones(3, dtype=np.float32)
    optimizer = OPTIMIZERS[name](theta, **settings)
    optimizer.step(theta, np.ones(3, dtype=np.float32), 0.1)
    assert {array.dtype for array in (theta, *optimizer.state)} == {
        np.dtype(np.float32)
    }
