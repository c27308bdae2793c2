"""The matrix products of gemm.h, as Cython sees them."""

from ._interrupts cimport watchman


cdef extern from "gemm.h" nogil:
    ctypedef enum instruction_set:
        NO_VECTORS
        AVX2
        AVX512

    instruction_set best_instruction_set()
    void gemm_float(
        instruction_set set, bint a_transposed, bint b_transposed, Py_ssize_t m,
        Py_ssize_t n, Py_ssize_t k, const float *a,
        Py_ssize_t a_stride, const float *b, const float *start, float *c,
        watchman *watch
    )
    void gemm_double(
        instruction_set set, bint a_transposed, bint b_transposed, Py_ssize_t m,
        Py_ssize_t n, Py_ssize_t k, const double *a,
        Py_ssize_t a_stride, const double *b, const double *start, double *c,
        watchman *watch
    )
