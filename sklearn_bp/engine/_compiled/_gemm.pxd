"""The matrix products of gemm.h, as Cython sees them."""

from ._interrupts cimport watchman


cdef extern from "instruction_sets.h" nogil:
    ctypedef enum instruction_set:
        NO_VECTORS
        BASELINE
        AVX2
        AVX512

    const char *const instruction_set_names[]
    instruction_set best_instruction_set()
    instruction_set chosen_instruction_set()


cdef extern from "gemm.h" nogil:
    ctypedef struct packing_room:
        void *memory

    void leave(packing_room *room)
    void gemm_float(
        instruction_set set, bint a_transposed, bint b_transposed, Py_ssize_t m,
        Py_ssize_t n, Py_ssize_t k, const float *a, Py_ssize_t a_stride,
        const float *b, Py_ssize_t b_stride, const float *start, float *c,
        Py_ssize_t c_row, packing_room *room, watchman *watch
    )
    void gemm_double(
        instruction_set set, bint a_transposed, bint b_transposed, Py_ssize_t m,
        Py_ssize_t n, Py_ssize_t k, const double *a, Py_ssize_t a_stride,
        const double *b, Py_ssize_t b_stride, const double *start, double *c,
        Py_ssize_t c_row, packing_room *room, watchman *watch
    )
