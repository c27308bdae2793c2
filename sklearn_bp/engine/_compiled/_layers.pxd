from cython cimport floating
from libc.stdint cimport int64_t

from ._structs cimport Block, Data, Layers


cdef struct Part:
    # Rows of a block, and units of a layer.
    Py_ssize_t start
    Py_ssize_t stop
    Py_ssize_t first
    Py_ssize_t last


cdef void point_at(
    const Layers *layers, const Data *data, Block *block, const int64_t *rows,
    Py_ssize_t first, Py_ssize_t n_rows, const floating *theta
) noexcept nogil
cdef void load_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    Py_ssize_t start, Py_ssize_t stop
) noexcept nogil
cdef void forward_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    Py_ssize_t start, Py_ssize_t stop
) noexcept nogil
cdef void show_outputs(
    const Layers *layers, const Block *block, Py_ssize_t begin, Py_ssize_t end,
    floating *raw, double *losses, int64_t *winners
) noexcept nogil
cdef void backward_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    double m, Py_ssize_t start, Py_ssize_t stop
) noexcept nogil
cdef void forward_layer(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    int layer, Part part
) noexcept nogil
cdef void output_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    double m, Py_ssize_t start, Py_ssize_t stop
) noexcept nogil
cdef void backward_layer(
    const Layers *layers, const Block *block, const floating *theta, int layer,
    Part part
) noexcept nogil
cdef void coef_gradient(
    const Layers *layers, const Block *block, int layer, Py_ssize_t start,
    Py_ssize_t stop, bint accumulate, floating *target
) noexcept nogil
cdef void clear_coef_gradient(
    const Layers *layers, const Block *block, floating *gradient, Py_ssize_t start,
    Py_ssize_t stop
) noexcept nogil
cdef void sparse_coef_gradient(
    const Layers *layers, const Data *data, const Block *block, floating *gradient,
    Py_ssize_t start, Py_ssize_t stop
) noexcept nogil
cdef void intercept_gradient(
    const Layers *layers, const Block *block, int layer, floating *gradient,
    bint accumulate
) noexcept nogil
