import numpy as np
import pytest

from sklearn_bp.training import Stopping


def watch(scores, *, tol=0.1, patience=2, keep_best=False):
    """Feed the scores; the parameters of epoch i are [i]."""
    stopping, theta = Stopping(keep_best, tol, patience), np.array([-1.0])
    stopping.start(theta, 0)
    for epoch, score in enumerate(scores):
        theta[0] = epoch
        assert stopping.update([score], theta, epoch + 1) == 1
    return stopping, theta


def test_patience_lasts_as_many_epochs_as_it_says():
    assert not watch([1, 1, 1])[0].out_of_patience
    assert watch([1, 1, 1, 1])[0].out_of_patience


def test_an_improvement_by_tol_renews_patience():
    assert not watch([1, 1, 1, 1.2, 1.2, 1.2])[0].out_of_patience


def test_an_improvement_by_less_raises_the_best_score_alone():
    stopping, _ = watch([1, 1.05, 1.09, 1.13])
    assert stopping.best_score == 1.13
    assert stopping.out_of_patience


def test_a_nan_renews_patience_and_is_not_the_best():
    stopping, _ = watch([1, 1, 1, np.nan])
    assert stopping.best_score == 1
    assert not stopping.out_of_patience


def test_endless_patience():
    assert not watch([1] * 1000, patience=np.inf)[0].out_of_patience


def test_the_best_parameters_come_back():
    stopping, theta = watch([1, 3, 2], keep_best=True)
    stopping.finish(theta)
    assert theta == [1]
    assert stopping.best_epoch == 2
    assert stopping.best_theta is None


def test_without_a_better_score_the_first_parameters_come_back():
    stopping, theta = watch([np.nan, np.nan], keep_best=True)
    stopping.finish(theta)
    assert theta == [-1]
    assert stopping.best_epoch == 0


def test_the_last_parameters_stay_if_the_best_are_not_kept():
    stopping, theta = watch([1, 3, 2])
    stopping.finish(theta)
    assert theta == [2]
    assert stopping.best_epoch is None


def test_another_score_renews_patience():
    stopping, theta = watch([1, 1, 1, 1])
    stopping.rescore(0.5)
    assert not stopping.out_of_patience
    assert stopping.best_score == 0.5
    stopping.update([0.4], theta, 5)
    assert not stopping.out_of_patience


def test_a_training_that_goes_on_keeps_what_it_cannot_beat():
    stopping, theta = watch([1, 3, 2], keep_best=True)
    stopping.finish(theta)
    stopping.rescore(5)
    stopping.start(theta, 2)
    theta[0] = 7
    stopping.update([4], theta, 4)
    stopping.finish(theta)
    assert theta == [1]
    assert (stopping.best_score, stopping.best_epoch) == (5, 2)


@pytest.mark.parametrize("seed", range(20))
def test_several_epochs_at_once_count_as_one_by_one(seed):
    scores = np.random.RandomState(seed).choice([0.1, 0.2, 0.35, np.nan], 30).tolist()
    expected, theta = Stopping(False, 0.1, 2), np.zeros(1)
    for n_expected, score in enumerate(scores, start=1):
        expected.update([score], theta, n_expected)
        if expected.out_of_patience:
            break
    ours = Stopping(False, 0.1, 2)
    assert ours.update(scores, theta, 30) == n_expected
    assert vars(ours) == vars(expected)
