from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sklearn_bp.network import LOSSES


@pytest.fixture
def problem(make_problem):
    def make(loss):
        made = make_problem(loss=loss, n_samples=40)
        raw = np.random.RandomState(1).normal(size=(40, 3))
        return made.network.loss, raw, made.y

    return make


def test_gradient_is_that_of_the_value(loss, problem):
    loss, raw, y = problem(loss)
    step = 1e-6
    gradient = loss.gradient(raw, y)
    for j in range(raw.shape[1]):
        move = np.zeros_like(raw)
        move[:, j] = step
        numerical = (loss.value(raw + move, y) - loss.value(raw - move, y)) / (2 * step)
        np.testing.assert_allclose(gradient[:, j], numerical, rtol=1e-6, atol=1e-8)


def test_raw_outputs_near_the_targets(loss, problem):
    loss, _, y = problem(loss)
    expected = np.eye(3)[y[:, 0].astype(int)] if loss.name == "log_loss" else y
    prediction = loss.prediction(loss.raw_outputs_near(y, 3))
    np.testing.assert_allclose(prediction, expected, atol=1e-4)


def test_log_loss_is_that_of_the_metrics(problem):
    loss, raw, y = problem("log_loss")
    expected = log_loss(y[:, 0], loss.prediction(raw), labels=[0, 1, 2])
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


def test_binary_log_loss_sums_that_of_the_metrics_over_labels(problem):
    loss, raw, y = problem("binary_log_loss")
    p = loss.prediction(raw)
    expected = sum(log_loss(y[:, j], p[:, j]) for j in range(3))
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


def test_squared_error_is_half_that_of_the_metrics_in_the_mean_over_outputs(problem):
    loss, raw, y = problem("squared_error")
    weight = np.arange(len(y))
    expected = 0.5 * mean_squared_error(y, raw, sample_weight=weight)
    np.testing.assert_allclose(loss.average(raw, y, weight), expected, rtol=1e-12)
    np.testing.assert_allclose(loss.value(raw, y).mean() / 3, loss.average(raw, y))


def test_poisson_is_half_the_deviance_of_the_metrics(problem):
    loss, raw, y = problem("poisson")
    p = loss.prediction(raw)
    expected = sum(0.5 * mean_poisson_deviance(y[:, j], p[:, j]) for j in range(3))
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


def test_gamma_is_half_the_deviance_of_the_metrics(problem):
    loss, raw, y = problem("gamma")
    p = loss.prediction(raw)
    expected = sum(0.5 * mean_gamma_deviance(y[:, j], p[:, j]) for j in range(3))
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


def test_absolute_error_sums_that_of_the_metrics(problem):
    loss, raw, y = problem("absolute_error")
    expected = 3 * mean_absolute_error(y, raw)
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


def test_quantile_sums_the_pinball_loss_of_the_metrics(problem):
    loss, raw, y = problem(LOSSES["quantile"](0.8))
    expected = 3 * mean_pinball_loss(y, raw, alpha=0.8)
    np.testing.assert_allclose(loss.average(raw, y), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["absolute_error", "huber", "quantile", "gamma"])
@pytest.mark.parametrize("weighted", [False, True])
def test_no_constant_near_the_start_is_better(name, weighted, problem):
    """Huber's start is the median, which is best only for symmetric targets."""
    loss, _, y = problem(LOSSES[name](*([0.3] if name == "quantile" else [])))
    if name == "huber":
        y = np.concatenate([y, -y])
    weight = np.arange(len(y)) % 4 if weighted and name != "huber" else None
    start = loss.start(y, weight)
    best = loss.average(np.tile(start, (len(y), 1)), y, weight)
    for step in (-0.3, -0.01, 0.01, 0.3):
        moved = np.tile(start + step, (len(y), 1))
        assert loss.average(moved, y, weight) >= best - 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["log_loss", "binary_log_loss"])
def test_log_losses_are_clipped_as_probabilities_are(name, dtype):
    """A probability counts as eps at least: scikit-learn's loss curves have the bound
    -log(eps), and so must ours."""
    raw = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype=dtype)
    y = np.array([[1.0], [1.0]]) if name == "log_loss" else np.array([[0, 1], [0, 1]])
    eps = np.finfo(dtype).eps
    n_labels = 1 if name == "log_loss" else 2
    with np.errstate(all="raise", under="ignore"):
        worst, best = LOSSES[name]().value(raw, y.astype(dtype))
    np.testing.assert_allclose(worst, -n_labels * np.log(eps), rtol=1e-6)
    np.testing.assert_allclose(best, n_labels * eps, rtol=1e-6)


def test_type_is_kept_but_for_values(loss, problem):
    loss, raw, y = problem(loss)
    raw, y = raw.astype(np.float32), y.astype(np.float32)
    assert loss.value(raw, y).dtype == np.float64
    assert loss.gradient(raw, y).dtype == np.float32
    assert loss.prediction(raw).dtype == np.float32


def test_settings_are_all_the_fields_in_their_order():
    @dataclass(frozen=True)
    class AsymmetricHuber(LOSSES["huber"]):
        above: int = 2

    assert AsymmetricHuber(delta=1.5).settings == (1.5, 2.0)
    assert LOSSES["squared_error"]().settings == ()


@pytest.mark.filterwarnings("error")
def test_predictions_that_overflow_are_infinite():
    raw = np.array([[1e200], [0.0]])
    np.testing.assert_array_equal(LOSSES["poisson"]().prediction(raw), [[np.inf], [1]])
