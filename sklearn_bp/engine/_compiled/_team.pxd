"""The threads of team.h and their meetings, as Cython sees them."""

from libc.stdint cimport int32_t

from ._interrupts cimport watchman


cdef extern from "team.h" nogil:
    ctypedef struct meeting_point:
        double began
        double waited

    int max_threads()
    int team_size()
    int thread_number()
    void find_place(meeting_point *point)
    void begin_slice(meeting_point *point, double patience)
    double lost_time(const meeting_point *point)
    void meet(meeting_point *point, int n_threads, watchman *watch)
    int32_t take_next(int32_t *n_taken)
