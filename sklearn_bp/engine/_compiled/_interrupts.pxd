"""The interruptions of interrupts.h, as Cython sees them."""

from libc.stdint cimport int32_t


cdef extern from "interrupts.h" nogil:
    unsigned long PyThread_get_thread_ident()  # of Python
    double OPERATIONS_PER_LOOK
    double SECONDS_PER_HEARING

    ctypedef struct interruption:
        int32_t is_over
        bint hears_signals
        const int32_t *is_cancelled
        int32_t *n_looks
        double seconds_per_hearing
        double heard

    ctypedef struct watchman:
        interruption *shared
        int thread
        double operations
        int n_meetings
        bint is_told
        bint is_cut

    int32_t READ(int32_t flag)
    double now()
    double own_time()
    bint is_interrupted(watchman *watch, double operations)
