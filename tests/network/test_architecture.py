import numpy as np
import pytest

from sklearn_bp.network import LOSSES, Network


@pytest.fixture
def network():
    return Network((3, 4, 2), ("tanh",), LOSSES["squared_error"]())


def test_sizes_are_those_of_the_matrices(network):
    assert network.coef_shapes == ((3, 4), (4, 2))
    assert network.n_coefs == 3 * 4 + 4 * 2
    assert network.n_parameters == 3 * 4 + 4 * 2 + 4 + 2


def test_views_share_memory_and_cover_every_parameter_once(network):
    theta = np.zeros(network.n_parameters)
    coefs, intercepts = network.views(theta)
    for part in (*coefs, *intercepts):
        part += 1
    np.testing.assert_array_equal(theta, 1)


def test_penalised_part_holds_the_weights_alone(network):
    theta = np.zeros(network.n_parameters)
    coefs, _ = network.views(theta)
    for coef in coefs:
        coef += 1
    np.testing.assert_array_equal(theta[: network.n_coefs], 1)
    np.testing.assert_array_equal(theta[network.n_coefs :], 0)


def test_flatten_is_the_inverse_of_views(network):
    theta = np.arange(network.n_parameters, dtype=float)
    flat = network.flatten(*network.views(theta), dtype=np.float64)
    np.testing.assert_array_equal(flat, theta)
    assert not np.shares_memory(flat, theta)


def test_flatten_takes_only_parameters_of_this_network(network):
    coefs, intercepts = network.views(np.zeros(network.n_parameters))
    with pytest.raises(ValueError, match=r"needs coefs of shapes .* got"):
        network.flatten([coefs[0].T, coefs[1]], intercepts, dtype=np.float64)


def test_each_hidden_layer_needs_an_activation():
    with pytest.raises(ValueError, match="1 hidden layers need as many activations"):
        Network((3, 4, 2), (), LOSSES["squared_error"]())
