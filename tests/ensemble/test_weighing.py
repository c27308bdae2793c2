"""Means of networks, and their weights."""

import itertools

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss

from sklearn_bp import BackpropClassifier, BackpropRegressor
from sklearn_bp.fitting import (
    AveragedNetworks,
    LossOfMeans,
    averaged,
    greedy_weights,
    learn_targets,
)
from sklearn_bp.network import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
WEIGHTS = np.array([0.5, 0.3, 0.2])
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 5}
TARGETS = {
    "binary": (Y == 1).astype(int),
    "multiclass": Y,
    "multilabel": np.column_stack([Y == 0, Y < 2, X[:, 0] > 6]).astype(int),
}


def fitted(kind, y, **params):
    return [
        kind(**SMALL, random_state=seed, **params).fit(X, y).network_
        for seed in range(3)
    ]


@pytest.mark.parametrize("problem", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_averaged(problem, dtype):
    networks = fitted(BackpropClassifier, TARGETS[problem], dtype=dtype)
    mean = AveragedNetworks(networks, WEIGHTS)
    data = X.astype(dtype)
    of_each = [n.respond("predict_proba", data) for n in networks]
    expected = np.average(np.array(of_each, np.float64), axis=0, weights=WEIGHTS)
    rounding = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        mean.respond("predict_proba", data), expected, rtol=rounding, atol=rounding
    )
    np.testing.assert_allclose(
        mean.respond("predict_log_proba", data),
        np.log(expected),
        rtol=100 * rounding,
        atol=100 * rounding,
    )
    predicted = mean.respond("predict", data)
    if problem == "multilabel":
        np.testing.assert_array_equal(predicted, expected > 0.5)
    else:
        np.testing.assert_array_equal(predicted, expected.argmax(axis=1))


def test_small_probabilities_keep_their_digits():
    networks = fitted(BackpropClassifier, TARGETS["binary"])
    for network in networks:
        network.intercepts[-1][:] -= 100
    mean = AveragedNetworks(networks, WEIGHTS)
    raw = np.array([n.raw_outputs(X)[:, 0] for n in networks])
    # of the second class, from the logarithms, where it is much the less probable one
    expected = np.logaddexp.reduce(
        np.log(WEIGHTS)[:, np.newaxis] - np.logaddexp(0, -raw), axis=0
    )
    assert expected.min() < -40
    np.testing.assert_allclose(
        mean.respond("predict_log_proba", X)[:, 1], expected, rtol=1e-12
    )


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_numbers_are_averaged(loss):
    networks = fitted(BackpropRegressor, X[:, 3], loss=loss)
    expected = np.average(
        [n.respond("predict", X) for n in networks], axis=0, weights=WEIGHTS
    )
    mean = AveragedNetworks(networks, WEIGHTS)
    np.testing.assert_allclose(mean.respond("predict", X), expected, rtol=1e-14)


def test_a_single_network_stays_what_it_is():
    for y in TARGETS.values():
        network = fitted(BackpropClassifier, y)[0]
        np.testing.assert_allclose(
            averaged([network]).respond("decision_function", X)
            - averaged([network]).respond("decision_function", X).max(),
            averaged([network, network]).respond("decision_function", X)
            - averaged([network, network]).respond("decision_function", X).max(),
            rtol=1e-12,
            atol=1e-12,
        )
        np.testing.assert_allclose(
            averaged([network]).respond("predict_proba", X),
            network.respond("predict_proba", X),
            rtol=1e-12,
        )


def test_networks_without_weight_are_left_out():
    networks = fitted(BackpropRegressor, X[:, 3])
    mean = averaged(networks, [2, 0, 6])
    assert mean.networks == [networks[0], networks[2]]
    np.testing.assert_array_equal(mean.weights, [0.25, 0.75])


def test_plain_data_come_back():
    networks = fitted(BackpropClassifier, Y)
    mean = AveragedNetworks(networks, WEIGHTS)
    revived = AveragedNetworks.from_plain(mean.to_plain())
    np.testing.assert_array_equal(
        mean.respond("predict_proba", X), revived.respond("predict_proba", X)
    )


# ---- weights -------------------------------------------------------------------------


def loss_of_numbers(y, weight=None):
    targets = learn_targets(BackpropRegressor(), y[:, 0])
    return LossOfMeans(LOSSES["squared_error"](), targets, y, weight)


def test_the_loss_of_probabilities_is_scikit_learns():
    rng = np.random.RandomState(0)
    probabilities = rng.dirichlet(np.ones(3), size=len(Y))
    weight = rng.uniform(size=len(Y))
    targets = learn_targets(BackpropClassifier(), Y)
    losses = LossOfMeans(LOSSES["log_loss"](), targets, Y[:, np.newaxis] * 1.0, weight)
    rows = np.arange(0, 150, 2)
    relevant = losses.relevant(probabilities)[np.newaxis, rows]
    expected = log_loss(Y[rows], probabilities[rows], sample_weight=weight[rows])
    np.testing.assert_allclose(losses(relevant, rows), [expected], rtol=1e-12)


def test_greedy_weights_are_those_of_a_loop():
    rng = np.random.RandomState(1)
    y = rng.normal(size=(60, 1))
    predictions = y + rng.normal(size=(4, 60, 1)) * [[[1]], [[0.8]], [[2]], [[0.9]]]
    rows = np.arange(60)
    bag, best = [], (np.inf, None)
    for _ in range(25):
        errors = [
            np.mean((predictions[[*bag, number]].mean(axis=0) - y) ** 2)
            for number in range(4)
        ]
        bag.append(int(np.argmin(errors)))
        if min(errors) < best[0] - 1e-15:
            best = min(errors), len(bag)
    counts = np.bincount(bag[: best[1]], minlength=4)
    weights = greedy_weights(predictions, loss_of_numbers(y), rows)
    np.testing.assert_allclose(weights, counts / best[1])


def test_greedy_weights_come_near_the_best_ones():
    rng = np.random.RandomState(2)
    y = rng.normal(size=(500, 1))
    predictions = y + rng.normal(size=(3, 500, 1)) * [[[1.0]], [[0.7]], [[1.5]]]
    losses_of = loss_of_numbers(y)
    weights = greedy_weights(predictions, losses_of, np.arange(500))
    steps = np.linspace(0, 1, 41)
    grid = [(a, b, 1 - a - b) for a, b in itertools.product(steps, steps) if a + b <= 1]
    best = min(np.mean((np.tensordot(w, predictions, 1) - y) ** 2) for w in grid)
    loss = np.mean((np.tensordot(weights, predictions, 1) - y) ** 2)
    assert loss < 1.002 * best
    assert loss < np.mean((predictions - y) ** 2, axis=(1, 2)).min()


def test_only_some_samples_judge():
    y = np.zeros((10, 1))
    predictions = np.zeros((2, 10, 1))
    predictions[0, :5], predictions[1, 5:] = 1, 1
    losses_of = loss_of_numbers(y)
    np.testing.assert_array_equal(
        greedy_weights(predictions, losses_of, np.arange(5)), [0, 1]
    )
    np.testing.assert_array_equal(
        greedy_weights(predictions, losses_of, np.arange(5, 10)), [1, 0]
    )


def test_weights_of_samples_count():
    y = np.zeros((10, 1))
    predictions = np.zeros((2, 10, 1))
    predictions[0, :5], predictions[1, 5:] = 1, 1
    weight = np.repeat([1.0, 0.0], 5)
    np.testing.assert_array_equal(
        greedy_weights(predictions, loss_of_numbers(y, weight), np.arange(10)), [0, 1]
    )
