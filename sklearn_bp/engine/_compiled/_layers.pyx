"""One block of rows through the layers: loaded, forward, and backward.

All arrays are C-contiguous; shapes stand beside the calls, with n for the rows of
the block, i for the units below a layer and o for its own.
"""

from cython cimport floating
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

from ._kernels cimport (
    activate, add_rows, add_scaled, derive, output, thin_gradient, thin_product,
    weight_rows,
)
from ._structs cimport Block, Data, Layers

# BLAS packs its operands first, which does not pay for products this thin.
cdef Py_ssize_t THIN = 16

cdef char AS_IS = b"N"
cdef char TRANSPOSED = b"T"


cdef inline bint is_thin(Py_ssize_t n_rows, Py_ssize_t n_inputs) noexcept nogil:
    return n_inputs < THIN or n_rows == 1


cdef void matmul(
    char a_is, char b_is, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const floating *a, const floating *b, floating beta, floating *c,
) noexcept nogil:
    """c (m, n) = op(a) (m, k) @ op(b) (k, n) + beta * c, where op is what
    `a_is` and `b_is` say.

    BLAS counts by columns and so sees each array transposed: it is given
    c' = op(b)' @ op(a)'.
    """
    cdef int rows = <int> n, cols = <int> m, inner = <int> k
    cdef int lda = inner if a_is == AS_IS else cols
    cdef int ldb = rows if b_is == AS_IS else inner
    cdef floating one = 1
    if floating is float:
        sgemm(&b_is, &a_is, &rows, &cols, &inner, &one, <float *> b, &ldb,
              <float *> a, &lda, &beta, c, &rows)
    else:
        dgemm(&b_is, &a_is, &rows, &cols, &inner, &one, <double *> b, &ldb,
              <double *> a, &lda, &beta, c, &rows)


cdef inline int64_t row_number(const Block *block, Py_ssize_t i) noexcept nogil:
    return block.first + i if block.rows == NULL else block.rows[i]


cdef void gather(
    const Block *block, const floating *source, Py_ssize_t width, floating *target
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(block.n_rows):
        memcpy(target + i * width, source + row_number(block, i) * width,
               width * sizeof(floating))


cdef bint is_consecutive(Block *block) noexcept nogil:
    cdef Py_ssize_t i
    if block.rows == NULL:
        return True
    for i in range(1, block.n_rows):
        if block.rows[i] != block.rows[0] + i:
            return False
    return True


cdef void load(
    const Layers *layers, const Data *data, Block *block, const floating *theta
) noexcept nogil:
    """Bring the block's rows together; consecutive rows of X are used in place."""
    cdef Py_ssize_t n_features = layers.sizes[0]
    if data.dense != NULL:
        if is_consecutive(block):
            block.outputs[0] = <void *> (
                <const floating *> data.dense + row_number(block, 0) * n_features
            )
        else:
            gather(block, <const floating *> data.dense, n_features,
                   <floating *> block.inputs)
            block.outputs[0] = block.inputs
    if data.y != NULL:
        gather(block, <const floating *> data.y, layers.n_targets,
               <floating *> block.y)
    if data.weight != NULL:
        gather(block, <const floating *> data.weight, 1, <floating *> block.weight)


cdef void sparse_product(
    const Data *data, const Block *block, const floating *coef, floating *z,
    Py_ssize_t n_units,
) noexcept nogil:
    """z (n, o) = X (n, i) @ coef (i, o), non-zeros only."""
    cdef const floating *values = <const floating *> data.values
    cdef Py_ssize_t i
    cdef int64_t row, k
    memset(z, 0, block.n_rows * n_units * sizeof(floating))
    for i in range(block.n_rows):
        row = row_number(block, i)
        for k in range(data.row_starts[row], data.row_starts[row + 1]):
            add_scaled(values[k], coef + data.columns[k] * n_units, z + i * n_units,
                       n_units)


cdef void sparse_gradient(
    const Data *data, const Block *block, const floating *delta, floating *gradient,
    Py_ssize_t n_units,
) noexcept nogil:
    """gradient (i, o) += X' (i, n) @ delta (n, o), non-zeros only."""
    cdef const floating *values = <const floating *> data.values
    cdef Py_ssize_t i
    cdef int64_t row, k
    for i in range(block.n_rows):
        row = row_number(block, i)
        for k in range(data.row_starts[row], data.row_starts[row + 1]):
            add_scaled(values[k], delta + i * n_units,
                       gradient + data.columns[k] * n_units, n_units)


cdef void forward(
    const Layers *layers, const Data *data, Block *block, const floating *theta
) noexcept nogil:
    """Fill the block's outputs, up to the raw ones: z = a @ W + b, a = g(z)."""
    cdef Py_ssize_t n = block.n_rows, n_inputs, n_units
    cdef const floating *coef
    cdef const floating *intercept
    cdef const floating *a
    cdef floating *z
    cdef int l
    for l in range(layers.n_layers):
        n_inputs, n_units = layers.sizes[l], layers.sizes[l + 1]
        coef = theta + layers.coef_starts[l]
        intercept = theta + layers.intercept_starts[l]
        a = <const floating *> block.outputs[l]
        z = <floating *> block.outputs[l + 1]
        if l == 0 and data.dense == NULL:
            sparse_product(data, block, coef, z, n_units)
        elif is_thin(n, n_inputs):
            thin_product(a, coef, z, n, n_inputs, n_units)
        else:
            matmul(AS_IS, AS_IS, n, n_units, n_inputs, a, coef, <floating> 0, z)
        # The output layer's code is 0: no activation, the bias alone.
        activate(layers.activations[l], z, intercept, n, n_units)


cdef double backward(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    floating *gradient, double m, bint accumulate,
) noexcept nogil:
    """Set the gradient to that of sum_i w_i loss_i / m over the block's rows, or add
    it, and return sum_i w_i loss_i. Follows `forward`."""
    cdef Py_ssize_t n = block.n_rows, n_inputs, n_units, i
    cdef int l, last = layers.n_layers - 1
    cdef const floating *weight = NULL
    cdef const floating *a
    cdef floating *delta = <floating *> block.deltas[last]
    cdef floating *below
    cdef floating *coef_gradient
    cdef floating *intercept_gradient
    cdef floating beta = 1 if accumulate else 0
    cdef double loss_sum = 0

    if data.weight != NULL:
        weight = <const floating *> block.weight
    n_units = layers.sizes[last + 1]
    output(layers.loss_kind, delta, <const floating *> block.y, block.row_loss, n,
           n_units)
    weight_rows(delta, block.row_loss, weight, m, n, n_units)
    for i in range(n):
        loss_sum += block.row_loss[i]

    for l in range(last, -1, -1):
        n_inputs, n_units = layers.sizes[l], layers.sizes[l + 1]
        a = <const floating *> block.outputs[l]
        delta = <floating *> block.deltas[l]
        coef_gradient = gradient + layers.coef_starts[l]
        intercept_gradient = gradient + layers.intercept_starts[l]

        # D = a' @ delta
        if l == 0 and data.dense == NULL:
            if not accumulate:
                memset(coef_gradient, 0, n_inputs * n_units * sizeof(floating))
            sparse_gradient(data, block, delta, coef_gradient, n_units)
        elif is_thin(n, n_inputs):
            thin_gradient(a, delta, coef_gradient, n, n_inputs, n_units, accumulate)
        else:
            matmul(TRANSPOSED, AS_IS, n_inputs, n_units, n, a, delta, beta, coef_gradient)
        if not accumulate:
            memset(intercept_gradient, 0, n_units * sizeof(floating))
        add_rows(delta, intercept_gradient, n, n_units)

        # delta(l) = delta(l + 1) @ W' * g'(z)
        if l > 0:
            below = <floating *> block.deltas[l - 1]
            matmul(AS_IS, TRANSPOSED, n, n_inputs, n_units, delta,
                   theta + layers.coef_starts[l], <floating> 0, below)
            derive(layers.activations[l - 1], a, below, n * n_inputs)
    return loss_sum
