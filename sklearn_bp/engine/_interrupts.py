"""What ends the engines' work before it is done: the handler of a signal, such as
Ctrl-C's, or `Cancellation`.

Python handles signals between two of its instructions, in its main thread alone. Within
a call of the compiled engine, see interrupts.h.
"""

import threading
import weakref
from contextlib import contextmanager

import numpy as np


class Cancelled(BaseException):
    """Raised in cancelled work. Not an `Exception`, since those are failures, and
    reported."""


class Cancellation:
    """Tells the work of several threads, of which nobody wants the result any more, to
    end.

    Attributes
    ----------
    flag : ndarray of int32 of shape (1,)
        Not zero when cancelled. The compiled engine looks at it without the GIL.
    """

    def __init__(self):
        self.flag = np.zeros(1, dtype=np.int32)
        self._at_work = set()
        self._changed = threading.Condition()
        self._within = weakref.WeakSet()
        outer = _own.cancellation
        if outer is not None:
            outer.extend_to(self)

    def __reduce__(self):
        return Cancellation, ()  # other processes do not hear of it

    def extend_to(self, inner):
        """Make this one cancel another one, too."""
        self._within.add(inner)
        if self.flag[0]:
            inner.cancel()

    def check(self):
        """Raise `Cancelled` if the work is cancelled."""
        if self.flag[0]:
            raise Cancelled

    @contextmanager
    def covers(self):
        """Let what the calling thread does in this block raise `Cancelled`."""
        outer, thread = _own.cancellation, threading.get_ident()
        try:
            self._at_work.add(thread)
            _own.cancellation = self
            self.check()
            yield
        finally:
            _own.cancellation = outer
            with self._changed:
                self._at_work.discard(thread)
                self._changed.notify_all()

    def cancel(self, timeout=0):
        """Cancel the work, and wait for so many seconds at most until it has ended."""
        self.flag[0] = 1
        for inner in list(self._within):
            inner.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, timeout)


class _Own(threading.local):
    cancellation = None


_own = _Own()


def listen():
    """Begin a piece of work: raise `Cancelled` if it is cancelled already.

    Returns
    -------
    flag : ndarray of int32 of shape (1,) or None
        Not zero once the work is cancelled, if that is possible.
    """
    cancellation = _own.cancellation
    if cancellation is None:
        return None
    cancellation.check()
    return cancellation.flag
