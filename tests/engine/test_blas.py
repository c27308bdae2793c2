import os
import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_bp.engine._blas import _OneThread


def blas_threads():
    return {
        pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
    }


@pytest.fixture(autouse=True)
def two_blas_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_blas_is_held_to_one_thread_and_let_go():
    with _OneThread():
        assert blas_threads() == {1}
    assert blas_threads() == {2}


def test_the_last_one_out_lets_go():
    hold = _OneThread()
    first_left = threading.Event()
    inside = threading.Event()
    seen = []

    def overlap():
        with hold:
            inside.set()
            assert first_left.wait(timeout=30)
            seen.append(blas_threads())

    thread = threading.Thread(target=overlap)
    with hold:
        thread.start()
        assert inside.wait(timeout=30)
    first_left.set()
    thread.join()
    assert seen == [{1}]
    assert blas_threads() == {2}


def test_a_hold_within_a_hold_changes_nothing():
    hold = _OneThread()
    with hold:
        with hold:
            assert hold.n_at_work == 1
        assert hold.n_at_work == 1
        assert blas_threads() == {1}
        with threadpool_limits(2, user_api="blas"), hold:
            assert blas_threads() == {1}
    assert hold.n_at_work == 0
    assert blas_threads() == {2}


def test_threads_that_are_expected_are_counted():
    hold, numbers = _OneThread(), [3]
    with hold.expecting(lambda: numbers[0]):
        assert hold.n_at_work == 3
        numbers[0] = 1
        with hold, hold.expecting(lambda: 2):
            assert hold.n_at_work == 2
        numbers[0] = 0
        with hold:
            assert hold.n_at_work == 1
    assert hold.n_at_work == 0
    assert blas_threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_starts_with_nothing_held():
    hold = _OneThread()
    with hold, hold.expecting(lambda: 2):
        child = os.fork()
        if child == 0:
            hold.__exit__()
            os._exit(0 if blas_threads() == {2} and hold.n_at_work == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_error_inside_lets_go():
    with pytest.raises(KeyError), _OneThread():
        raise KeyError
    assert blas_threads() == {2}
