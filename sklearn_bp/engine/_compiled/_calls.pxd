from ._interrupts cimport interruption


cdef int listen_for(interruption *shared) except -1
cdef int raise_if_over(const interruption *shared) except -1
