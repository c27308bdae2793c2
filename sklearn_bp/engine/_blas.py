"""BLAS on one thread while an engine works.

The engines make many small products, which BLAS's own threads slow down, and whose
last bits may depend on their number.

A BLAS library has one number of threads for the whole process, so the last of several
overlapping holds to end must restore it; with separate context managers of
threadpoolctl, the first to end would free BLAS while the others still rely on it. (An
OpenBLAS built on OpenMP has a number for each thread instead, and every thread sets and
restores its own.)
"""

import os
import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


class _OneThread:
    """Hold BLAS to one thread from the first `__enter__` to the last `__exit__`.

    A hold within a hold of the same thread ends with the outer one.
    """

    def __init__(self):
        # Reentrant, as garbage collection may close a generator inside `expecting`.
        self._lock = threading.RLock()
        self._n_inside = 0
        self._libraries = None
        self._shared_before = None
        self._own = _Own()
        self._expectations = ()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._let_go)

    def __enter__(self):
        with self._lock:
            if self._libraries is None:
                # Looks through all libraries of the process: once is enough.
                controller = ThreadpoolController().select(user_api="blas")
                self._libraries = controller.lib_controllers
            if self._own.depth == 0:
                before = [library.get_num_threads() for library in self._libraries]
                if self._n_inside == 0:
                    self._shared_before = before
                self._n_inside += 1
                self._own.before = before
            self._own.depth += 1
            for library in self._libraries:
                _set_num_threads(library, 1)

    def __exit__(self, *exception):
        if self._own.depth == 0:  # a fork has let go
            return
        self._own.depth -= 1
        if self._own.depth > 0:
            return
        with self._lock:
            self._n_inside -= 1
            for library, own, shared in zip(
                self._libraries, self._own.before, self._shared_before, strict=True
            ):
                if _is_per_thread(library):
                    _set_num_threads(library, own)
                elif self._n_inside == 0:
                    _set_num_threads(library, shared)

    @property
    def n_at_work(self):
        """How many threads currently hold BLAS, or are expected to."""
        # The threads of a study within a study's training belong to the outer one.
        return max([self._n_inside, *(n_threads() for n_threads in self._expectations)])

    @contextmanager
    def expecting(self, n_threads):
        """Count threads even while they hold nothing, as between two trainings.

        Parameters
        ----------
        n_threads : callable
            Returns how many there currently are.
        """
        with self._lock:
            self._expectations = (*self._expectations, n_threads)
        try:
            yield
        finally:
            with self._lock:
                self._expectations = tuple(
                    other for other in self._expectations if other is not n_threads
                )

    def _let_go(self):
        """Reset a forked process, where the threads that held BLAS do not exist."""
        self._lock = threading.RLock()
        self._own = _Own()
        self._expectations = ()
        if self._n_inside > 0:
            self._n_inside = 0
            for library, shared in zip(self._libraries, self._shared_before):
                _set_num_threads(library, shared)


class _Own(threading.local):
    """How often a thread has entered, and the BLAS thread numbers before."""

    depth = 0
    before = ()


def _is_per_thread(library):
    return (
        library.internal_api == "openblas"
        and getattr(library, "threading_layer", None) == "openmp"
    )


def _set_num_threads(library, n_threads):
    # From 3.7 on, threadpoolctl lets only the first thread that tries set OpenBLAS's
    # number of threads, and silently ignores the others. Under our lock, any thread
    # may set it.
    setter = getattr(library, "_real_set_num_threads", library.set_num_threads)
    setter(n_threads)


one_blas_thread = _OneThread()
