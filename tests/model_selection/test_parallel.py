import _thread
import os
import time
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from interruptions import interrupted
from joblib import parallel_config

from sklearn_bp import (
    BackpropRegressor,
    BackpropRegressorCV,
    EpochCurve,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.engine import get_engine, one_blas_thread
from sklearn_bp.engine._interrupts import listen
from sklearn_bp.model_selection._parallel import side_by_side


@pytest.mark.parametrize(
    ("n_tasks", "operations", "n_at_a_time"),
    [
        (120, 1e9, "auto"),  # long ones go one by one, or as joblib thinks best
        (120, np.inf, "auto"),
        (120, 1e8, 5),
        (120, 1e6, 15),  # two workers, four turns each
        (7, 1e6, "auto"),
    ],
)
def test_short_tasks_go_several_at_a_time(
    n_tasks, operations, n_at_a_time, monkeypatch
):
    sizes = []
    init = joblib.Parallel.__init__

    def spy(self, *args, batch_size, **kwargs):
        sizes.append(batch_size)
        init(self, *args, batch_size=batch_size, **kwargs)

    monkeypatch.setattr(joblib.Parallel, "__init__", spy)
    tasks = [(number,) for number in range(n_tasks)]
    results = dict(side_by_side(str, tasks, 2, operations))
    assert results == {number: str(number) for number in range(n_tasks)}
    assert sizes == [n_at_a_time]


def test_threads_between_two_tasks_keep_their_processor():
    def n_at_work():
        return one_blas_thread.n_at_work

    numbers = dict(side_by_side(n_at_work, [()] * 6, 2))
    assert numbers[0] == 2
    assert set(numbers.values()) <= {1, 2}  # 1 for the last of them
    assert set(dict(side_by_side(n_at_work, [()] * 6, None)).values()) == {1}
    assert n_at_work() == 0


@pytest.mark.usefixtures("fresh_workers")
def test_processes_leave_this_one_its_processors():
    with parallel_config(backend="loky"):
        for _ in side_by_side(str, [(number,) for number in range(6)], 2):
            assert one_blas_thread.n_at_work == 0


def test_they_keep_it_no_longer_if_the_results_are_not_wanted():
    results = side_by_side(str, [(number,) for number in range(6)], None)
    assert next(results) == (0, "0")
    assert one_blas_thread.n_at_work == 1
    results.close()
    assert one_blas_thread.n_at_work == 0


def what_a_worker_sees():
    """A function that is pickled by its value."""

    def function():
        import warnings

        import sklearn

        actions = [
            action
            for action, message, *_ in warnings.filters
            if message is not None and message.match("of this test")
        ]
        return sklearn.get_config()["assume_finite"], actions

    return function


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_know_the_configuration_and_the_filters_of_warnings(backend):
    with (
        warnings.catch_warnings(),
        sklearn.config_context(assume_finite=True),
        parallel_config(backend=backend),
    ):
        warnings.filterwarnings("ignore", "of this test")
        seen = dict(side_by_side(what_a_worker_sees(), [()] * 4, 2))
    assert seen == dict.fromkeys(range(4), (True, ["ignore"]))


def test_threads_leave_the_filters_of_warnings_alone():
    # What they put in their place at the same time, they may put back in any order.
    seen = dict(side_by_side(lambda: id(warnings.filters), [()] * 4, 2))
    assert set(seen.values()) == {id(warnings.filters)}


@pytest.mark.parametrize("n_jobs", [0, "all", [1]])
def test_a_number_of_jobs_that_is_none(n_jobs):
    with pytest.raises(ValueError, match="n_jobs must be an integer other than 0"):
        next(side_by_side(print, [()], n_jobs))


# ---- Ctrl-C --------------------------------------------------------------------------

X = np.random.RandomState(0).normal(size=(60, 3))
Y = X[:, 0]


def endless_network(**settings):
    return BackpropRegressor(
        hidden_layer_sizes=(4,),
        solver="sgd",
        learning_rate_init=1e-9,
        n_iter_no_change=np.inf,
        max_iter=10**7,
        **settings,
    )


def study_them(n_jobs, scoring):
    overfitting_study(
        endless_network(), X, Y, {"alpha": [1, 2, 3]}, scoring=scoring, n_jobs=n_jobs
    )


def curve_them(n_jobs, scoring):
    epoch_curve(endless_network(), X, Y, scoring=scoring, n_jobs=n_jobs)


def search_them(n_jobs, scoring):
    BackpropRegressorCV(
        endless_network(),
        hidden_layer_sizes=[(4,)],
        max_iter=10**7,
        scoring=scoring,
        n_jobs=n_jobs,
        halving_factor=None,
    ).fit(X, Y)


@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("run", [study_them, curve_them, search_them])
def test_no_thread_goes_on_after_ctrl_c(run, n_jobs, each_engine):
    calls = []

    def press(model, X, y):
        calls.append(None)
        if len(calls) == 50:
            _thread.interrupt_main()
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        run(n_jobs, press)
    n_calls = len(calls)
    assert one_blas_thread.n_at_work == 0
    time.sleep(0.1)
    assert len(calls) == n_calls


@pytest.mark.skipif(get_engine().name == "reference", reason="one product is one call")
@pytest.mark.usefixtures("hears_ctrl_c")
def test_no_thread_goes_on_with_a_long_step():
    many = np.random.RandomState(0).uniform(size=(20000, 300)).astype(np.float32)
    network = BackpropRegressor(hidden_layer_sizes=(1000, 1000), batch_size="full")
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        epoch_curve(network, many, many[:, 0], cv=2, n_jobs=2)
    assert one_blas_thread.n_at_work == 0


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_no_thread_goes_on_if_the_results_are_not_wanted():
    ended = []

    def wait(number):
        try:
            while number > 0:
                listen()
                time.sleep(0.001)
        finally:
            ended.append(number)

    results = side_by_side(wait, [(0,), (1,), (2,)], 3)
    assert next(results) == (0, None)
    results.close()
    assert sorted(ended) == [0, 1, 2]


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_threads_within_threads_do_not_go_on():
    ended = []

    def wait(number):
        try:
            while True:
                listen()
                time.sleep(0.001)
        finally:
            ended.append(number)

    def run(number):
        if number == 0:
            return
        with parallel_config(backend="threading"):
            for _ in side_by_side(wait, [(number,)] * 2, 2):
                pytest.fail("cancelled work has no result")

    results = side_by_side(run, [(0,), (1,), (2,)], 3)
    assert next(results) == (0, None)
    results.close()
    assert set(ended) <= {1, 2}
    assert one_blas_thread.n_at_work == 0


@pytest.mark.usefixtures("fresh_workers", "hears_ctrl_c")
def test_no_process_goes_on_after_ctrl_c(tmp_path):
    calls, parent = tmp_path / "calls", os.getpid()

    def press(model, X, y):
        import os
        import signal

        with calls.open("a") as file:
            file.write(".")
        if os.getpid() != parent and calls.stat().st_size == 50:
            os.kill(parent, signal.SIGINT)
        return 0.5

    with pytest.raises(KeyboardInterrupt), parallel_config(backend="loky"):
        study_them(2, press)
    n_calls = calls.stat().st_size
    time.sleep(0.1)
    assert calls.stat().st_size == n_calls


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_nothing_goes_on_after_ctrl_c_between_two_results(monkeypatch):
    def press(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(EpochCurve, "of", press)
    grid = {"max_iter": [1, 10**7], "alpha": [1, 2]}
    with pytest.raises(KeyboardInterrupt) as caught:
        overfitting_study(endless_network(), X, Y, grid, n_jobs=2, cv=2)
    assert caught.tb is not None  # which holds all frames
    assert one_blas_thread.n_at_work == 0
