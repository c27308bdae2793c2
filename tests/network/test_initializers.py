import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from sklearn_bp.network import INITIALIZERS, LOSSES, Network, initialize

SQUARED_ERROR = LOSSES["squared_error"]()


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (7,), (5, 3)])
def test_draws_the_weights_that_scikit_learn_draws(activation, hidden):
    X, y = np.zeros((4, 6)), np.zeros((4, 2))
    # A step of almost no length leaves the starting weights in view.
    mlp = MLPRegressor(
        hidden_layer_sizes=hidden,
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-300,
        random_state=3,
    ).partial_fit(X, y)
    network = Network((6, *hidden, 2), (activation,) * len(hidden), SQUARED_ERROR)
    theta = initialize(
        network, "auto", activation, np.random.RandomState(3), np.float64
    )
    expected = network.flatten(mlp.coefs_, mlp.intercepts_, dtype=np.float64)
    np.testing.assert_array_equal(theta, expected)


def test_float32_weights_are_the_rounded_float64_ones():
    network = Network((6, 5, 2), ("relu",), SQUARED_ERROR)
    wide, narrow = (
        initialize(network, "auto", "relu", np.random.RandomState(0), dtype)
        for dtype in (np.float64, np.float32)
    )
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_variances_and_bounds_are_those_of_torch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    author, draw = name.split("_")
    fan_in, fan_out = 300, 500
    network = Network((fan_in, fan_out), (), SQUARED_ERROR)
    theta = initialize(network, name, "relu", np.random.RandomState(0), np.float64)
    (coef,), (intercept,) = network.views(theta)
    np.testing.assert_array_equal(intercept, 0)

    expected = torch.empty(fan_out, fan_in, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    if author == "glorot":
        rule = getattr(torch.nn.init, f"xavier_{draw}_")
        rule(expected, generator=generator)
    else:
        rule = getattr(torch.nn.init, f"kaiming_{draw}_")
        nonlinearity = {"he": "relu", "lecun": "linear"}[author]
        rule(expected, nonlinearity=nonlinearity, generator=generator)
    # 150,000 draws: standard deviations to within four of their standard errors
    np.testing.assert_allclose(coef.std(), expected.std(), rtol=4 * 0.0026)
    if draw == "uniform":
        np.testing.assert_allclose(abs(coef).max(), expected.abs().max(), rtol=1e-3)
    else:
        assert 4 < abs(coef).max() / coef.std() < 6


def test_a_function_draws_weights():
    def by_shape(shape, random_state):
        return random_state.normal() + np.arange(np.prod(shape)).reshape(shape)

    network = Network((2, 3, 1), ("relu",), SQUARED_ERROR)
    theta = initialize(network, by_shape, "relu", np.random.RandomState(0), np.float64)
    draws = np.random.RandomState(0).normal(size=2)
    coefs, intercepts = network.views(theta)
    np.testing.assert_allclose(coefs[0], draws[0] + [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_allclose(coefs[1], draws[1] + [[0], [1], [2]])
    np.testing.assert_array_equal(np.concatenate(intercepts), 0)


@pytest.mark.parametrize("weights", [np.ones((3, 2)), np.full((2, 3), np.nan), 1.0])
def test_a_function_must_return_weights(weights):
    network = Network((2, 3, 1), ("relu",), SQUARED_ERROR)
    with pytest.raises(ValueError, match=r"initializer must return .* shape \(2, 3\)"):
        initialize(network, lambda *_: weights, "relu", np.random.RandomState(0), float)
