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
        OPTIMIZERS["sgd"](theta, momentum=momentum, nesterovs_momentum=nesterov),
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
        "learning_rate_init": 0.1,
        "momentum": 0.9,
        "nesterovs_momentum": True,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "rho": 0.9,
    }
    cls = OPTIMIZERS[name]
    settings = {parameter: settings[parameter] for parameter in cls.parameters}
    theta = np.ones(3, dtype=np.float32)
    optimizer = cls(theta, **settings)
    optimizer.step(theta, np.ones(3, dtype=np.float32), 0.1)
    assert {array.dtype for array in (theta, *optimizer.state)} == {
        np.dtype(np.float32)
    }


def test_rprop_by_hand():
    """Both ends of a step's length, a turn, and the step after it."""
    theta = np.zeros(1)
    rprop = OPTIMIZERS["rprop"](theta, learning_rate_init=0.1)
    places = []
    for gradient in (1.0, 2.0, -1.0, -1.0, -1.0):
        rprop.step(theta, np.array([gradient]), 0.1)
        places.append(theta[0])
    # grows by 1.2; turned, it halves and stays; goes on, and grows once more
    np.testing.assert_allclose(places, [-0.1, -0.22, -0.22, -0.16, -0.088])
    for _ in range(100):
        rprop.step(theta, np.ones(1), 0.1)
    assert rprop.state[1][0] * 0.1 == 50
    for gradient in (-1.0, 1.0) * 100:
        rprop.step(theta, np.array([gradient]), 0.1)
        rprop.step(theta, np.array([gradient]), 0.1)
    assert rprop.state[1][0] * 0.1 == pytest.approx(1.2e-6, rel=0.2)
