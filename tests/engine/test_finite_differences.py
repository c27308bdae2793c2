import numpy as np
import pytest

from sklearn_bp.engine import Objective
from sklearn_bp.network import ACTIVATIONS, INITIALIZERS

OBJECTIVE = {"mean_weight": 1.3, "penalty_size": 17.0}
TOLERANCE = {
    np.float64: {"rtol": 1e-6, "atol": 1e-8},
    np.float32: {"rtol": 1e-3, "atol": 1e-4},
}


def assert_gradient_is_that_of_the_loss(engine, problem, dtype=np.float64, alpha=0.5):
    """The gradient in the computing type, the differences in float64."""
    objective = Objective(alpha=alpha, **OBJECTIVE)

    def evaluate(theta, dtype=np.float64):
        weight = problem.sample_weight
        return engine.loss_and_gradients(
            problem.network,
            theta.astype(dtype),
            problem.X.astype(dtype),
            problem.y.astype(dtype),
            None if weight is None else weight.astype(dtype),
            objective,
        )

    def value(theta):
        data_loss, penalty, _ = evaluate(theta)
        return data_loss + penalty

    step = 1e-6
    numerical = np.array(
        [
            (value(problem.theta + move) - value(problem.theta - move)) / (2 * step)
            for move in step * np.eye(problem.network.n_parameters)
        ]
    )
    *_, gradient = evaluate(problem.theta, dtype)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, numerical, **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("initializer", ["auto", *INITIALIZERS])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_network(activation, loss, initializer, dtype, engine, make_problem):
    problem = make_problem(
        loss=loss,
        activation=activation,
        initializer=initializer,
        hidden=(4, 3),
        n_features=4,
        weighted=True,
    )
    # away from zero, where units below a dead layer would sit on the kink of relu
    n_coefs = problem.network.n_coefs
    problem.theta[n_coefs:] = np.random.RandomState(1).uniform(0.1, 0.5, 7 + 3)
    assert_gradient_is_that_of_the_loss(engine, problem, dtype)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_every_kind_of_data(
    activation, loss, alpha, weighted, sparse, engine, make_problem
):
    problem = make_problem(
        loss=loss, activation=activation, weighted=weighted, sparse=sparse
    )
    assert_gradient_is_that_of_the_loss(engine, problem, alpha=alpha)
