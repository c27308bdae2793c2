"""The threads of OpenMP, as Cython sees them."""


cdef extern from "threads.h" nogil:
    void barrier()
    int max_threads()
    int team_size()
    int thread_number()
