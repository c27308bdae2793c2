"""The loops of kernels.h, as Cython sees them.

C has one function for each computing type; the inline functions below combine the
two, so that the engine's code is written only once.
"""

from cython cimport floating
from libc.stdint cimport int64_t, uint64_t

from ._tables cimport activation, loss, square_sums, update_rule


cdef extern from "kernels.h" nogil:
    uint64_t GOLDEN
    uint64_t split_mix(uint64_t state)
    unsigned flush_denormals()
    void restore_denormals(unsigned before)

    void set_rates(
        update_rule *rule, double learning_rate, double decay, int64_t n_steps
    )
    void gather_float(
        const float *source, const int64_t *row_numbers, Py_ssize_t rows,
        Py_ssize_t width, float *target
    )
    void gather_double(
        const double *source, const int64_t *row_numbers, Py_ssize_t rows,
        Py_ssize_t width, double *target
    )
    void find_largest_float(
        const float *z, Py_ssize_t rows, Py_ssize_t cols, int64_t *columns
    )
    void find_largest_double(
        const double *z, Py_ssize_t rows, Py_ssize_t cols, int64_t *columns
    )
    void activate_float(activation kind, float *z, Py_ssize_t n)
    void activate_double(activation kind, double *z, Py_ssize_t n)
    void activate_with_slope_float(
        activation kind, float *z, float *slope, Py_ssize_t n
    )
    void activate_with_slope_double(
        activation kind, double *z, double *slope, Py_ssize_t n
    )
    void drop_float(
        uint64_t key, uint64_t first, uint64_t threshold, float factor, float *a,
        float *slope, Py_ssize_t n
    )
    void drop_double(
        uint64_t key, uint64_t first, uint64_t threshold, double factor, double *a,
        double *slope, Py_ssize_t n
    )
    void multiply_float(const float *factors, float *delta, Py_ssize_t n)
    void multiply_double(const double *factors, double *delta, Py_ssize_t n)
    void derive_float(activation kind, const float *outputs, float *delta, Py_ssize_t n)
    void derive_double(
        activation kind, const double *outputs, double *delta, Py_ssize_t n
    )
    void add_rows_float(
        const float *delta, float *total, Py_ssize_t rows, Py_ssize_t cols
    )
    void add_rows_double(
        const double *delta, double *total, Py_ssize_t rows, Py_ssize_t cols
    )
    void output_float(
        loss kind, const double *settings, bint derives, float *delta,
        const float *y, double *row_loss, Py_ssize_t rows, Py_ssize_t cols
    )
    void output_double(
        loss kind, const double *settings, bint derives, double *delta,
        const double *y, double *row_loss, Py_ssize_t rows, Py_ssize_t cols
    )
    void weight_rows_float(
        float *delta, double *row_loss, const float *weight, double m, Py_ssize_t rows,
        Py_ssize_t cols
    )
    void weight_rows_double(
        double *delta, double *row_loss, const double *weight, double m,
        Py_ssize_t rows, Py_ssize_t cols
    )
    void scale_float(double factor, float *x, Py_ssize_t n)
    void scale_double(double factor, double *x, Py_ssize_t n)
    void add_scaled_float(
        float factor, const float *source, float *target, Py_ssize_t n
    )
    void add_scaled_double(
        double factor, const double *source, double *target, Py_ssize_t n
    )
    void penalize_float(
        double decay, const float *theta, float *gradient, Py_ssize_t n,
        Py_ssize_t tile, square_sums *sums
    )
    void penalize_double(
        double decay, const double *theta, double *gradient, Py_ssize_t n,
        Py_ssize_t tile, square_sums *sums
    )
    void update_float(
        const update_rule *rule, float *theta, const float *gradient,
        Py_ssize_t offset, Py_ssize_t n, Py_ssize_t tile, square_sums *sums
    )
    void update_double(
        const update_rule *rule, double *theta, const double *gradient,
        Py_ssize_t offset, Py_ssize_t n, Py_ssize_t tile, square_sums *sums
    )


cdef inline void gather(
    const floating *source, const int64_t *row_numbers, Py_ssize_t rows,
    Py_ssize_t width, floating *target
) noexcept nogil:
    if floating is float:
        gather_float(source, row_numbers, rows, width, target)
    else:
        gather_double(source, row_numbers, rows, width, target)


cdef inline void find_largest(
    const floating *z, Py_ssize_t rows, Py_ssize_t cols, int64_t *columns
) noexcept nogil:
    if floating is float:
        find_largest_float(z, rows, cols, columns)
    else:
        find_largest_double(z, rows, cols, columns)


cdef inline void activate(activation kind, floating *z, Py_ssize_t n) noexcept nogil:
    if floating is float:
        activate_float(kind, z, n)
    else:
        activate_double(kind, z, n)


cdef inline void activate_with_slope(
    activation kind, floating *z, floating *slope, Py_ssize_t n
) noexcept nogil:
    if floating is float:
        activate_with_slope_float(kind, z, slope, n)
    else:
        activate_with_slope_double(kind, z, slope, n)


cdef inline void drop(
    uint64_t key, uint64_t first, uint64_t threshold, double factor, floating *a,
    floating *slope, Py_ssize_t n
) noexcept nogil:
    if floating is float:
        drop_float(key, first, threshold, <float> factor, a, slope, n)
    else:
        drop_double(key, first, threshold, factor, a, slope, n)


cdef inline void multiply(
    const floating *factors, floating *delta, Py_ssize_t n
) noexcept nogil:
    if floating is float:
        multiply_float(factors, delta, n)
    else:
        multiply_double(factors, delta, n)


cdef inline void derive(
    activation kind, const floating *outputs, floating *delta, Py_ssize_t n
) noexcept nogil:
    if floating is float:
        derive_float(kind, outputs, delta, n)
    else:
        derive_double(kind, outputs, delta, n)


cdef inline void add_rows(
    const floating *delta, floating *total, Py_ssize_t rows, Py_ssize_t cols
) noexcept nogil:
    if floating is float:
        add_rows_float(delta, total, rows, cols)
    else:
        add_rows_double(delta, total, rows, cols)


cdef inline void output(
    loss kind, const double *settings, bint derives, floating *delta,
    const floating *y, double *row_loss, Py_ssize_t rows, Py_ssize_t cols
) noexcept nogil:
    if floating is float:
        output_float(kind, settings, derives, delta, y, row_loss, rows, cols)
    else:
        output_double(kind, settings, derives, delta, y, row_loss, rows, cols)


cdef inline void weight_rows(
    floating *delta, double *row_loss, const floating *weight, double m,
    Py_ssize_t rows, Py_ssize_t cols
) noexcept nogil:
    if floating is float:
        weight_rows_float(delta, row_loss, weight, m, rows, cols)
    else:
        weight_rows_double(delta, row_loss, weight, m, rows, cols)


cdef inline void add_scaled(
    floating factor, const floating *source, floating *target, Py_ssize_t n
) noexcept nogil:
    if floating is float:
        add_scaled_float(factor, source, target, n)
    else:
        add_scaled_double(factor, source, target, n)


cdef inline void scale(double factor, floating *x, Py_ssize_t n) noexcept nogil:
    if floating is float:
        scale_float(factor, x, n)
    else:
        scale_double(factor, x, n)


cdef inline void penalize(
    double decay, const floating *theta, floating *gradient, Py_ssize_t n,
    Py_ssize_t tile, square_sums *sums
) noexcept nogil:
    if floating is float:
        penalize_float(decay, theta, gradient, n, tile, sums)
    else:
        penalize_double(decay, theta, gradient, n, tile, sums)


cdef inline void update(
    const update_rule *rule, floating *theta, const floating *gradient,
    Py_ssize_t offset, Py_ssize_t n, Py_ssize_t tile, square_sums *sums
) noexcept nogil:
    if floating is float:
        update_float(rule, theta, gradient, offset, n, tile, sums)
    else:
        update_double(rule, theta, gradient, offset, n, tile, sums)
