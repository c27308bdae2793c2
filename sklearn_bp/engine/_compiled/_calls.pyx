"""Both ends of a call of the engine: what it listens to, and what it raises if that has
ended it too early."""

from cpython.exc cimport PyErr_Occurred
from libc.stdint cimport int32_t

from ._interrupts cimport (
    OPERATIONS_PER_LOOK, READ, SECONDS_PER_HEARING, PyThread_get_thread_ident,
    interruption, now,
)
from ._structs cimport address

import os
import threading

from .._interrupts import Cancelled, listen


# How often calls have looked for an interruption, and how often they ask for signals.
cdef int32_t n_looks = 0
cdef double seconds_per_hearing = SECONDS_PER_HEARING


# The one that handles signals; a fork makes it that of the thread which forked.
cdef unsigned long main_thread


def _find_main_thread():
    global main_thread
    main_thread = threading.main_thread().ident


_find_main_thread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_find_main_thread)


def get_looks():
    """For tests: how often calls have looked for an interruption so far, and how many
    multiplications and additions there are between two looks."""
    return READ(n_looks), OPERATIONS_PER_LOOK


def set_seconds_per_hearing(seconds=SECONDS_PER_HEARING):
    """For tests: handle signals more often."""
    global seconds_per_hearing
    seconds_per_hearing = seconds


cdef int listen_for(interruption *shared) except -1:
    """At the beginning of a call, which the current cancellation will outlive."""
    is_cancelled = listen()
    shared.is_over = 0
    shared.hears_signals = PyThread_get_thread_ident() == main_thread
    shared.is_cancelled = NULL
    if is_cancelled is not None:
        shared.is_cancelled = <const int32_t *> address(is_cancelled)
    shared.n_looks = &n_looks
    shared.seconds_per_hearing = seconds_per_hearing
    shared.heard = now()
    return 0


cdef int raise_if_over(const interruption *shared) except -1:
    """At the end of a call, raise what has ended it too early."""
    if PyErr_Occurred() != NULL:  # in the handler of a signal
        return -1
    if shared.is_over:
        raise Cancelled
    return 0
