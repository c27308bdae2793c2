import math

import numpy as np
import pytest

from sklearn_bp.network import ACTIVATIONS
from sklearn_bp.network._activations import logistic


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_that_of_the_function(name):
    activation = ACTIVATIONS[name]
    z = np.concatenate([np.linspace(-5, -0.1, 50), np.linspace(0.1, 5, 50)])
    step = 1e-6
    numerical = (activation.function(z + step) - activation.function(z - step)) / (
        2 * step
    )
    derivative = activation.derivative(z, activation.function(z))
    np.testing.assert_allclose(derivative, numerical, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_type_is_kept_and_extremes_are_finite(name, dtype):
    activation = ACTIVATIONS[name]
    z = np.array([-1e4, -1, 0, 1, 1e4], dtype=dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = activation.function(z)
        derivative = activation.derivative(z, a)
    for result in (a, derivative):
        assert result.dtype == dtype
        assert np.isfinite(result).all()


def test_logistic_is_precise_in_both_tails():
    for z in (-700.0, -40.0, -1e-9, 0.0, 3.0, 40.0):
        np.testing.assert_allclose(
            logistic(np.array(z)), 1 / (1 + math.exp(-z)), rtol=1e-15
        )
