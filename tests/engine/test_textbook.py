"""The engines against backpropagation as the textbooks have it.

Example by example and weight by weight, in plain Python and in the classical
notation: Theta(l) maps layer l to layer l + 1, its column 0 holds the biases,
z(l + 1) = Theta(l) a(l), a = g(z), delta(L) = a(L) - y,
delta(l) = Theta(l)' delta(l + 1) * g'(z(l)), Delta(l) += delta(l + 1) a(l)',
D = (Delta + lambda Theta) / m, and D = Delta / m for the biases.
"""

import math

import numpy as np
from sweeps import each_pair

from sklearn_bp.engine import Objective

G = {
    "identity": (lambda z: z, lambda z: 1.0),
    "logistic": (
        lambda z: 1 / (1 + math.exp(-z)),
        lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2,
    ),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: 1.0 if z > 0 else 0.0),
}


def softmax(z):
    exps = [math.exp(z_k - max(z)) for z_k in z]
    return [e / sum(exps) for e in exps]


OUTPUT = {
    "squared_error": lambda z: z,
    "poisson": lambda z: [math.exp(z_k) for z_k in z],
    "log_loss": softmax,
    "binary_log_loss": lambda z: [1 / (1 + math.exp(-z_k)) for z_k in z],
}


def textbook_gradient(thetas, examples, targets, weights, lambda_, activation, loss):
    """D of each layer, as nested lists like the Thetas."""
    g, g_prime = G[activation]
    last = len(thetas)
    deltas_sum = [[[0.0] * len(row) for row in theta] for theta in thetas]
    for x, y, weight in zip(examples, targets, weights):
        a, z = [list(x)], [None]
        for layer, theta in enumerate(thetas):
            with_bias = [1.0, *a[layer]]
            net = [
                sum(theta[i][j] * with_bias[j] for j in range(len(with_bias)))
                for i in range(len(theta))
            ]
            z.append(net)
            is_output = layer + 1 == last
            a.append(OUTPUT[loss](net) if is_output else [g(z_i) for z_i in net])
        delta = [weight * (a_k - y_k) for a_k, y_k in zip(a[last], y)]
        for layer in reversed(range(last)):
            with_bias = [1.0, *a[layer]]
            for i in range(len(delta)):
                for j in range(len(with_bias)):
                    deltas_sum[layer][i][j] += delta[i] * with_bias[j]
            if layer > 0:
                delta = [
                    sum(thetas[layer][i][j + 1] * delta[i] for i in range(len(delta)))
                    * g_prime(z[layer][j])
                    for j in range(len(a[layer]))
                ]
    m = sum(weights)
    return [
        [
            [
                (total[i][j] + (lambda_ * theta[i][j] if j > 0 else 0)) / m
                for j in range(len(theta[i]))
            ]
            for i in range(len(theta))
        ]
        for total, theta in zip(deltas_sum, thetas)
    ]


def to_thetas(network, flat):
    return [
        np.column_stack([intercept, coef.T]).tolist()
        for coef, intercept in zip(*network.views(flat))
    ]


def one_hot(y, loss, n_outputs):
    return np.eye(n_outputs)[y[:, 0].astype(int)] if loss == "log_loss" else y


@each_pair(
    together=[("activation", "loss", "hidden")],
    activation=G,
    loss=OUTPUT,
    hidden=[(), (5,), (5, 4)],
    lambda_=[0.0, 0.7],
    weighted=[False, True],
)
def test_gradient_is_the_textbook_s(
    activation, loss, hidden, lambda_, weighted, engine, make_problem
):
    problem = make_problem(
        loss=loss, activation=activation, hidden=hidden, n_samples=9, weighted=weighted
    )
    weights = np.ones(9) if problem.sample_weight is None else problem.sample_weight
    expected = textbook_gradient(
        to_thetas(problem.network, problem.theta),
        problem.X.tolist(),
        one_hot(problem.y, loss, problem.network.n_outputs).tolist(),
        weights.tolist(),
        lambda_,
        activation,
        loss,
    )
    _, _, gradient = engine.loss_and_gradients(
        problem.network,
        problem.theta,
        problem.X,
        problem.y,
        problem.sample_weight,
        Objective(alpha=lambda_, mean_weight=weights.mean()),
    )
    for ours, theirs in zip(to_thetas(problem.network, gradient), expected):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
