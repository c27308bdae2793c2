"""Against the schedules inside scikit-learn's SGD optimizer."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sklearn_bp.training import FACTORS, SCHEDULES, make_schedule


def rates_of_a_training(schedule, n_epochs, n_steps):
    """Epoch by epoch, as the trainer asks for them."""
    rates = []
    for _ in range(n_epochs):
        rates += schedule.rates(n_steps).tolist()
        schedule.end_epochs(1, 0)
    return np.array(rates)


@pytest.mark.parametrize("name", SCHEDULES)
def test_learning_rate_goes_the_way_of_scikit_learn_s(name):
    ours = SCHEDULES[name](0.2, power_t=0.7)
    theirs = SGDOptimizer([np.zeros(1)], 0.2, name, power_t=0.7)
    for n_samples_seen in (50, 100, 150):
        np.testing.assert_array_equal(ours.rates(3), theirs.learning_rate)
        ours.end_epochs(1, n_samples_seen)
        theirs.iteration_ends(n_samples_seen)
    for _ in range(20):
        assert ours.lower() == (not theirs.trigger_stopping("", verbose=False))
        np.testing.assert_array_equal(ours.rates(2), theirs.learning_rate)


def test_cosine_is_that_of_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    sgd = torch.optim.SGD([torch.zeros(1)], lr=0.2)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=30)
    expected = []
    for _ in range(30):
        expected += theirs.get_last_lr()
        sgd.step()
        theirs.step()
    ours = rates_of_a_training(make_schedule("cosine", 0.2, 0.5, 5), 5, 6)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_one_cycle_is_that_of_torch_where_steps_are_short():
    """torch has the peak one step before three tenths, and the end in the last step."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    sgd = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    n_steps = 3000
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        sgd, max_lr=0.2, total_steps=n_steps, cycle_momentum=False
    )
    expected = []
    for _ in range(n_steps):
        expected += theirs.get_last_lr()
        sgd.step()
        if len(expected) < n_steps:
            theirs.step()
    ours = rates_of_a_training(make_schedule("one_cycle", 0.2, 0.5, 10), 10, 300)
    np.testing.assert_allclose(ours, expected, atol=0.2 * 4 / n_steps)


def test_a_function_is_given_the_progress():
    seen = []
    schedule = make_schedule(lambda p: seen.append(p) or 1 + p, 0.1, 0.5, 2)
    rates = rates_of_a_training(schedule, 3, 4)
    np.testing.assert_allclose(seen, [*np.arange(8) / 8, 1, 1, 1, 1])
    np.testing.assert_allclose(rates, 0.1 * (1 + np.array(seen)))


@pytest.mark.parametrize("factor", [-0.1, np.nan, np.inf, "1", None])
def test_a_function_must_return_a_factor(factor):
    schedule = make_schedule(lambda _: factor, 0.1, 0.5, 2)
    with pytest.raises(ValueError, match="learning_rate must return a factor >= 0"):
        schedule.rates(4)


@pytest.mark.parametrize("name", FACTORS)
def test_factors_stay_between_0_and_1(name):
    factors = [FACTORS[name](p) for p in np.linspace(0, 1, 101)]
    assert 0 <= min(factors) < 1e-4
    assert max(factors) == 1
