import numpy as np
from sweeps import EACH_LOSS, each_pair

from sklearn_bp.engine import Objective
from sklearn_bp.network import ACTIVATIONS

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


@each_pair(activation=ACTIVATIONS, loss=EACH_LOSS, dtype=TOLERANCE)
def test_every_network(activation, loss, dtype, engine, make_problem):
    problem = make_problem(
        loss=loss, activation=activation, hidden=(4, 3), n_features=4, weighted=True
    )
    assert_gradient_is_that_of_the_loss(engine, problem, dtype)


@each_pair(
    activation=["tanh", "gelu"],
    loss=EACH_LOSS,
    alpha=[0.0, 0.5],
    weighted=[False, True],
    sparse=[False, True],
)
def test_every_kind_of_data(
    activation, loss, alpha, weighted, sparse, engine, make_problem
):
    problem = make_problem(
        loss=loss, activation=activation, weighted=weighted, sparse=sparse
    )
    assert_gradient_is_that_of_the_loss(engine, problem, alpha=alpha)
