"""Folds side by side, on whichever joblib backend is chosen."""

import math
from concurrent.futures import BrokenExecutor, CancelledError

import joblib
import sklearn
from joblib.parallel import (
    LokyBackend,
    MultiprocessingBackend,
    SequentialBackend,
    ThreadingBackend,
    get_active_backend,
)
from sklearn.utils import parallel as sklearn_parallel

from ..engine import Cancellation, Cancelled, one_blas_thread
from ..utils import plain_number, warn

#: The number of consecutive calls without any result after which to give up.
MOST_FRUITLESS_CALLS = 3

#: Dispatching a task takes joblib about a millisecond, so short ones go several at a
#: time: up to this many multiplications and additions, some ten milliseconds, as long
#: as each worker gets several turns.
OPERATIONS_AT_A_TIME = 5e8
LEAST_TURNS = 4

#: How many seconds to wait for cancelled calls, which end at once unless they are in a
#: scorer or another function of the user's.
LONGEST_WAIT = 1.0


def side_by_side(function, tasks, n_jobs, operations=math.inf):
    """Call a function with each of several lists of arguments.

    When it is closed or interrupted, calls that are underway in threads are cancelled.

    Workers may be lost. What they leave undone is repeated, as the function returns
    the same result for the same arguments.

    Parameters
    ----------
    function : callable
        The function to call; it raises nothing.
    tasks : list of tuple
        Its arguments.
    n_jobs : int or None
        How many calls run at a time, in joblib's sense.
    operations : float, default=inf
        The approximate number of multiplications and additions in the longest call;
        infinite if unknown.

    Yields
    ------
    number : int
        The number of a task, in the order in which they end.
    result : object
        What the function returned.

    Raises
    ------
    RuntimeError
        If several calls in a row lose all of their workers.
    """
    n_jobs = plain_number(n_jobs)
    missing = set(range(len(tasks)))
    backend, _ = get_active_backend(prefer="threads")
    shares_memory = getattr(backend, "supports_sharedmem", False)
    n_threads = n_workers(n_jobs) if shares_memory else 0
    # A thread between two tasks keeps its processor.
    cancellation = Cancellation()
    with one_blas_thread.expecting(lambda: min(n_threads, len(missing))):
        try:
            yield from _results(
                function, tasks, missing, n_jobs, operations, cancellation
            )
        finally:
            cancellation.cancel(LONGEST_WAIT)


def _results(function, tasks, missing, n_jobs, operations, cancellation):
    config = sklearn.get_config()
    n_fruitless = 0
    while missing:
        n_before = len(missing)
        tools = _tools()
        calls = (
            tools.delayed(_numbered)(
                number, config, cancellation, function, *tasks[number]
            )
            for number in sorted(missing)
        )
        try:
            batch_size = _batch_size(n_before, n_jobs, operations)
            for number, result in _parallel(tools, n_jobs, batch_size)(calls):
                cancellation.check()  # of the work that all of this is part of
                missing.discard(number)
                yield number, result
        except Exception as error:
            if not _is_of_a_lost_worker(error):
                raise
            n_fruitless = 0 if len(missing) < n_before else n_fruitless + 1
            if n_fruitless == MOST_FRUITLESS_CALLS:
                raise RuntimeError(
                    f"{len(missing)} of {len(tasks)} trainings have no result:"
                    f" {type(error).__name__}: {error} If memory ran out, choose a"
                    " smaller n_jobs, or threads, which share X."
                ) from error
            warn(
                f"{type(error).__name__}: a worker was lost. What it left undone, at"
                f" most {len(missing)} of {len(tasks)} trainings, is repeated.",
                RuntimeWarning,
            )


def n_workers(n_jobs):
    """How many calls run at a time, in joblib's sense."""
    try:
        n_workers = joblib.effective_n_jobs(n_jobs)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"n_jobs must be an integer other than 0, or None, got {n_jobs!r}."
        ) from error
    return max(1, n_workers)  # a cluster's may be yet to start


def _batch_size(n_tasks, n_jobs, operations):
    n_turns = LEAST_TURNS * n_workers(n_jobs)
    size = min(int(OPERATIONS_AT_A_TIME / operations), n_tasks // n_turns)
    return size if size > 1 else "auto"  # by the clock, except for threads


def _tools():
    """The module that provides `Parallel` and `delayed`: those of scikit-learn pass the
    warning filters on to processes of one thread each. Threads of this process share
    them already, and threads that set them at the same time, here or in a cluster's
    worker, may lose them all (scikit-learn issue 32631)."""
    backend, _ = get_active_backend(prefer="threads")
    is_safe = isinstance(backend, LokyBackend | MultiprocessingBackend)
    return sklearn_parallel if is_safe else joblib


def is_in_threads():
    """Whether the joblib backend that is chosen has threads of this process, or none
    beside the calling one."""
    backend, _ = get_active_backend(prefer="threads")
    return isinstance(backend, ThreadingBackend | SequentialBackend)


def _parallel(tools, n_jobs, batch_size):
    settings = {"n_jobs": n_jobs, "batch_size": batch_size, "prefer": "threads"}
    try:
        return tools.Parallel(**settings, return_as="generator_unordered")
    except ValueError:  # the backend, such as ray's, returns all results at once
        return tools.Parallel(**settings)


def _is_of_a_lost_worker(error):
    """As opposed to one of the arguments, which may be impossible to pickle."""
    package = type(error).__module__.split(".")[0]
    return isinstance(error, BrokenExecutor | CancelledError) or package in (
        "distributed",
        "ray",
    )


def _numbered(number, config, cancellation, function, *arguments):
    # scikit-learn's settings are per thread, and other threads do not see them.
    try:
        with cancellation.covers(), sklearn.config_context(**config):
            return number, function(*arguments)
    except Cancelled:  # which joblib would take for an error
        return number, None
