import warnings

import joblib
import numpy as np
import pytest
import sklearn
from joblib import parallel_config

from sklearn_bp.engine import one_blas_thread
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
