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
from contextlib import ExitStack
from functools import partial

from threadpoolctl import ThreadpoolController


class _OneThread:
    """Hold BLAS to one thread from the first of several holds to the last.

    A hold within a hold of the same thread ends with the outer one.
    """

    def __init__(self):
        # Reentrant, as garbage collection may end a hold inside of it.
        self._lock = threading.RLock()
        self._libraries = None
        self._holds = set()  # the outermost one of each thread
        self._shared_before = ()
        self._own = _Own()
        self._expectations = ()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._let_go)

    def held(self):
        """Hold BLAS in a ``with`` block."""
        hold = _Hold()
        return _FromTo(partial(self._begin, hold), partial(self._end, hold))

    def _begin(self, hold):
        with self._lock:
            if self._libraries is None:
                # Looks through all libraries of the process: once is enough.
                controller = ThreadpoolController().select(user_api="blas")
                self._libraries = controller.lib_controllers
            if self._own.outermost.is_over:
                before = [library.get_num_threads() for library in self._libraries]
                if not self._holds:
                    self._shared_before = before
                self._own.outermost = hold
                self._holds.add(hold)
                hold.before = before
            for library in self._libraries:
                _set_num_threads(library, 1)

    def _end(self, hold):
        if hold.is_over:
            return
        with self._lock:
            try:
                if hold.before is not None:
                    self._restore(hold)
            except Exception:  # but not Ctrl-C, after which it can be tried again
                self._forget(hold)
                raise
            self._forget(hold)

    def _restore(self, hold):
        is_last = self._holds <= {hold}
        with ExitStack() as all_of_them:  # even if one of them raises an error
            for library, own, shared in zip(
                self._libraries, hold.before, self._shared_before, strict=True
            ):
                if _is_per_thread(library):
                    all_of_them.callback(_set_num_threads, library, own)
                elif is_last:
                    all_of_them.callback(_set_num_threads, library, shared)

    def _forget(self, hold):
        self._holds.discard(hold)
        hold.is_over = True

    @property
    def n_at_work(self):
        """How many threads currently hold BLAS, or are expected to."""
        # The threads of a study within a study's training belong to the outer one.
        return max(
            [len(self._holds), *(n_threads() for n_threads in self._expectations)]
        )

    def expecting(self, n_threads):
        """Count threads even while they hold nothing, as between two trainings.

        Parameters
        ----------
        n_threads : callable
            Returns how many there currently are.
        """
        return _FromTo(
            partial(self._expect, n_threads), partial(self._expect_no_longer, n_threads)
        )

    def _expect(self, n_threads):
        with self._lock:
            self._expectations = (*self._expectations, n_threads)

    def _expect_no_longer(self, n_threads):
        with self._lock:
            self._expectations = tuple(
                other for other in self._expectations if other is not n_threads
            )

    def _let_go(self):
        """Reset a forked process, where the threads that held BLAS do not exist."""
        self._lock = threading.RLock()
        self._expectations = ()
        if self._holds:
            for hold in list(self._holds):
                self._forget(hold)
            for library, shared in zip(self._libraries, self._shared_before):
                _set_num_threads(library, shared)


class _Hold:
    """A hold of BLAS, and if it is its thread's outermost one, the BLAS thread numbers
    before."""

    is_over = False
    before = None


class _NoHold:
    is_over = True


class _Own(threading.local):
    outermost = _NoHold


class _FromTo:
    """Call `begin` and `end` at the two ends of a ``with`` block.

    An error or Ctrl-C may come between at any point of them, too. `end` takes back what
    has been done of `begin`, and may be called several times.
    """

    def __init__(self, begin, end):
        self._begin = begin
        self._end = end
        self._ending = None

    def __enter__(self):
        self._ending = _at_last(self._end)
        next(self._ending)
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exception):
        try:
            self._ending.close()
        except BaseException:
            self._end()
            raise


def _at_last(end):
    """A generator that calls a function when it is closed: as it also is when nobody
    refers to it any more, if Ctrl-C comes before the first line of `__exit__`."""
    try:
        yield
    finally:
        end()


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
