import numpy as np
import pytest

from sklearn_bp.engine import Dropout, Objective
from sklearn_bp.training import OPTIMIZERS


def split_mix(state):
    """SplitMix64 (Steele, Lea & Flood, 2014) in Python's integers."""
    limit = 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % limit
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % limit
    return state ^ (state >> 31)


def test_masks_follow_the_generator():
    golden, limit = 0x9E3779B97F4A7C15, 2**64
    # the first numbers of the generator with seed 1234567, as published with it
    numbers = [split_mix((1234567 + golden * i) % limit) for i in (1, 2)]
    assert numbers == [6457827717110365317, 3203168211198807973]

    seed, rates = 2**63 - 5, (0.5, 0.1)
    masks = Dropout(rates, seed).masks(7, [(3, 4), (3, 2)], np.float64)
    for layer, (mask, rate) in enumerate(zip(masks, rates)):
        step_key = split_mix((seed + golden * 7) % limit)
        key = split_mix((step_key + golden * layer) % limit)
        bits = [
            split_mix((key + golden * number) % limit) >> 32
            for number in range(mask.size)
        ]
        expected = np.where(np.array(bits) < round(rate * 2**32), 0, 1 / (1 - rate))
        np.testing.assert_allclose(mask.ravel(), expected, rtol=1e-15)


def test_shares_and_independence():
    rates = 0.1, 0.5, 0.9
    dropout = Dropout(rates, seed=3)
    shape = 400, 250
    masks = dropout.masks(1, [shape] * 3, np.float32)
    for mask, rate in zip(masks, rates):
        assert mask.dtype == np.float32
        error = np.sqrt(rate * (1 - rate) / mask.size)
        assert abs((mask == 0).mean() - rate) < 4 * error
        assert abs(mask.mean() - 1) < 4 * error / (1 - rate)
    others = [
        masks[0],
        dropout.masks(2, [shape] * 3, np.float32)[1],
        Dropout(rates, seed=4).masks(1, [shape] * 3, np.float32)[1],
        np.roll(masks[1], 1, axis=0),
        np.roll(masks[1], 1, axis=1),
    ]
    for other in others:
        correlation = np.corrcoef(masks[1].ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(masks[1].size)


@pytest.mark.parametrize("activation", ["identity", "tanh", "gelu"])
def test_a_step_is_that_of_the_network_without_the_dropped_units(
    activation, engine, make_problem
):
    """Of one sample: units that are zero can be cut out, the others count twice."""
    problem = make_problem(hidden=(9,), n_samples=1, activation=activation)
    network, theta = problem.network, problem.theta.copy()
    dropout = Dropout((0.5,), seed=11)
    (mask,) = dropout.masks(1, [(1, 9)], np.float64)
    kept = np.flatnonzero(mask[0])
    assert 0 < len(kept) < 9

    small = make_problem(hidden=(len(kept),), n_samples=1, activation=activation)
    coefs, intercepts = network.views(theta)
    small_theta = small.network.flatten(
        [coefs[0][:, kept], 2 * coefs[1][kept]],
        [intercepts[0][kept], intercepts[1]],
        dtype=np.float64,
    )
    data_loss, _, gradient = engine.loss_and_gradients(
        small.network, small_theta, problem.X, problem.y, None, Objective()
    )
    before = theta.copy()
    sums = train_one_step(engine, network, theta, problem, dropout)
    coefs, intercepts = network.views(before - theta)
    small_coefs, small_intercepts = small.network.views(gradient)
    np.testing.assert_allclose(sums[0], data_loss)
    np.testing.assert_allclose(coefs[0][:, kept], small_coefs[0], atol=1e-12)
    np.testing.assert_allclose(coefs[1][kept], 2 * small_coefs[1], atol=1e-12)
    np.testing.assert_allclose(intercepts[0][kept], small_intercepts[0], atol=1e-12)
    np.testing.assert_allclose(intercepts[1], small_intercepts[1], atol=1e-12)
    dropped = np.setdiff1d(np.arange(9), kept)
    np.testing.assert_array_equal(coefs[0][:, dropped], 0)
    np.testing.assert_array_equal(coefs[1][dropped], 0)


def train_one_step(engine, network, theta, problem, dropout=None, **settings):
    """A step of gradient descent of length 1."""
    sgd = OPTIMIZERS["sgd"](theta, momentum=0, nesterovs_momentum=False)
    n_rows = problem.X.shape[0]
    run_steps = engine.prepare_steps(
        network,
        theta,
        problem.X,
        problem.y,
        problem.sample_weight,
        settings.pop("objective", Objective()),
        n_rows,
        sgd,
        dropout,
        **settings,
    )
    (sums,) = run_steps(np.arange(n_rows)[np.newaxis], np.ones((1, 1)))
    return sums


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("share", [0.25, 4.0])
def test_long_gradients_are_shortened(share, alpha, engine, make_problem):
    problem = make_problem(weighted=True)
    objective = Objective(alpha, problem.sample_weight.mean())
    theta = problem.theta.copy()
    _, penalty, gradient = engine.loss_and_gradients(
        problem.network, theta, problem.X, problem.y, problem.sample_weight, objective
    )
    norm = np.linalg.norm(gradient)
    sums = train_one_step(
        engine,
        problem.network,
        theta,
        problem,
        objective=objective,
        max_grad_norm=share * norm,
    )
    expected = min(share, 1) * gradient
    np.testing.assert_allclose(problem.theta - theta, expected, atol=1e-12)
    np.testing.assert_allclose(sums[1:], [23 * penalty, norm])
