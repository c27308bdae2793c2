import _thread
import gc
import os
import signal
import sys
import threading
from itertools import count

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_bp.engine import _blas
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
    with _OneThread().held():
        assert blas_threads() == {1}
    assert blas_threads() == {2}


def test_the_last_one_out_lets_go():
    hold = _OneThread()
    first_left = threading.Event()
    inside = threading.Event()
    seen = []

    def overlap():
        with hold.held():
            inside.set()
            assert first_left.wait(timeout=30)
            seen.append(blas_threads())

    thread = threading.Thread(target=overlap)
    with hold.held():
        thread.start()
        assert inside.wait(timeout=30)
    first_left.set()
    thread.join()
    assert seen == [{1}]
    assert blas_threads() == {2}


def test_a_hold_within_a_hold_changes_nothing():
    hold = _OneThread()
    with hold.held():
        with hold.held():
            assert hold.n_at_work == 1
        assert hold.n_at_work == 1
        assert blas_threads() == {1}
        with threadpool_limits(2, user_api="blas"), hold.held():
            assert blas_threads() == {1}
    assert hold.n_at_work == 0
    assert blas_threads() == {2}


def test_threads_that_are_expected_are_counted():
    hold, numbers = _OneThread(), [3]
    with hold.expecting(lambda: numbers[0]):
        assert hold.n_at_work == 3
        numbers[0] = 1
        with hold.held(), hold.expecting(lambda: 2):
            assert hold.n_at_work == 2
        numbers[0] = 0
        with hold.held():
            assert hold.n_at_work == 1
    assert hold.n_at_work == 0
    assert blas_threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_starts_with_nothing_held():
    hold = _OneThread()
    held = hold.held()
    with held, hold.expecting(lambda: 2):
        child = os.fork()
        if child == 0:
            held.__exit__()
            os._exit(0 if blas_threads() == {2} and hold.n_at_work == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_error_inside_lets_go():
    with pytest.raises(KeyError), _OneThread().held():
        raise KeyError
    assert blas_threads() == {2}


# ---- errors and Ctrl-C on the way in and out -----------------------------------------


class Library:
    """A BLAS library as threadpoolctl shows it."""

    internal_api = "flexiblas"

    def __init__(self):
        self.num_threads = 4
        self.error_from = None  # for so few threads

    def get_num_threads(self):
        return self.num_threads

    def set_num_threads(self, n):
        if self.error_from is not None and n >= self.error_from:
            raise OSError("no such number of threads")
        self.num_threads = n


def hold_of(*libraries):
    hold = _OneThread()
    hold._libraries = list(libraries)
    return hold


def enter_and_leave(hold):
    with hold.held(), hold.expecting(lambda: 7), hold.held():
        pass


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_on_the_way_in_lets_go(failing):
    libraries = [Library() for _ in range(3)]
    hold = hold_of(*libraries)
    libraries[failing].error_from = 1
    with pytest.raises(OSError, match="no such number"):
        enter_and_leave(hold)
    assert [library.num_threads for library in libraries] == [4, 4, 4]
    assert hold.n_at_work == 0
    libraries[failing].error_from = None
    with hold.held():
        assert [library.num_threads for library in libraries] == [1, 1, 1]
    assert [library.num_threads for library in libraries] == [4, 4, 4]


@pytest.mark.parametrize("method", ["get_num_threads", "set_num_threads"])
def test_an_error_of_threadpoolctl_lets_go(method, monkeypatch):
    hold = _OneThread()
    with hold.held():
        pass
    last = hold._libraries[-1]

    def fail(*_):
        raise OSError("not today")

    monkeypatch.setattr(
        _blas, "_set_num_threads", lambda lib, n: lib.set_num_threads(n)
    )
    monkeypatch.setattr(last, method, fail)
    with pytest.raises(OSError, match="not today"):
        enter_and_leave(hold)
    monkeypatch.undo()
    assert hold.n_at_work == 0
    assert blas_threads() == {2}


def test_an_error_on_the_way_out_does_not_keep_the_others():
    libraries = [Library() for _ in range(3)]
    hold = hold_of(*libraries)
    libraries[1].error_from = 2
    with pytest.raises(OSError, match="no such number"):
        enter_and_leave(hold)
    assert [library.num_threads for library in libraries] == [4, 1, 4]
    assert hold.n_at_work == 0


@pytest.fixture
def no_garbage_collection():
    """It could help out."""
    gc.disable()
    yield
    gc.enable()


def interrupt_at(event_number, function):
    """Call the function, and raise KeyboardInterrupt where the tracing of this file's
    and the guard's lines and calls comes to that number; returns whether it did."""
    numbers = count()

    def trace(frame, event, _):
        if frame.f_code.co_filename not in (_blas.__file__, __file__):
            return None
        if event != "return" and next(numbers) == event_number:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.usefixtures("no_garbage_collection")
def test_ctrl_c_at_any_point_lets_go():
    for number in count():
        libraries = [Library(), Library()]
        hold = hold_of(*libraries)
        was_interrupted = interrupt_at(number, lambda hold=hold: enter_and_leave(hold))
        assert [library.num_threads for library in libraries] == [4, 4], number
        assert hold.n_at_work == 0, number
        if not was_interrupted:
            break
    assert number > 50


@pytest.mark.usefixtures("no_garbage_collection", "hears_ctrl_c")
def test_ctrl_c_just_before_the_end_lets_go():
    """Python hears it at the first line of `__exit__`, which then does nothing."""
    libraries = [Library(), Library()]
    hold = hold_of(*libraries)
    press = map(_thread.interrupt_main, [signal.SIGINT])
    try:
        with hold.held():
            (_,) = press  # unlike a call, this does not look for signals
    except KeyboardInterrupt as error:
        where = error.__traceback__.tb_next.tb_frame.f_code.co_name
    assert where == "__exit__"
    assert [library.num_threads for library in libraries] == [4, 4]
    assert hold.n_at_work == 0
