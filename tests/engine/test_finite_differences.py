import numpy as np
import pytest

from sklearn_bp.engine import Objective
from sklearn_bp.network import ACTIVATIONS, LOSSES


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_that_of_the_loss(
    activation, loss, alpha, weighted, sparse, engine, make_problem
):
    problem = make_problem(
        loss=loss, activation=activation, weighted=weighted, sparse=sparse
    )
    objective = Objective(alpha=alpha, mean_weight=1.3, penalty_size=17.0)

    def evaluate(theta):
        return engine.loss_and_gradients(
            problem.network,
            theta,
            problem.X,
            problem.y,
            problem.sample_weight,
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
    _, _, gradient = evaluate(problem.theta)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)
