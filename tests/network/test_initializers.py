import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from sklearn_bp.network import ACTIVATIONS, Network, glorot_uniform


@pytest.mark.parametrize("activation", ACTIVATIONS)
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
    network = Network((6, *hidden, 2), (activation,) * len(hidden), "squared_error")
    theta = glorot_uniform(
        network,
        [activation] * (len(hidden) + 1),
        np.random.RandomState(3),
        np.float64,
    )
    expected = network.flatten(mlp.coefs_, mlp.intercepts_, dtype=np.float64)
    np.testing.assert_array_equal(theta, expected)


def test_float32_weights_are_the_rounded_float64_ones():
    network = Network((6, 5, 2), ("relu",), "squared_error")
    wide, narrow = (
        glorot_uniform(network, ["relu"] * 2, np.random.RandomState(0), dtype)
        for dtype in (np.float64, np.float32)
    )
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))
