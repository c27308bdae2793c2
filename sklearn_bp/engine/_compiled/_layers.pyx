"""One block of rows through the layers: loaded, forward, and backward.

All arrays are C-contiguous; shapes stand beside the calls, with n for the rows of
the block, i for the units below a layer and o for its own.
"""

from cython cimport floating
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

from ._gemm cimport (
    NO_VECTORS, best_instruction_set, gemm_double, gemm_float, instruction_set,
)
from ._kernels cimport activate, add_rows, add_scaled, derive, output, weight_rows
from ._structs cimport Block, Data, Layers

cdef bint AS_IS = False
cdef bint TRANSPOSED = True

# NO_VECTORS stands for BLAS.
cdef instruction_set PRODUCTS_BY = best_instruction_set()
NAMES = ("BLAS", "AVX2", "AVX-512")


def get_instruction_set():
    """What makes the matrix products: "BLAS", "AVX2" or "AVX-512"."""
    return NAMES[<int> PRODUCTS_BY]


def set_instruction_set(name):
    """For tests: make the products with less than the processor has."""
    global PRODUCTS_BY
    code = NAMES.index(name)
    if code > <int> best_instruction_set():
        raise ValueError(f"This processor has no {name}.")
    PRODUCTS_BY = <instruction_set> (<int> code)


cdef void matmul(
    bint a_is, bint b_is, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const floating *a, Py_ssize_t a_stride, const floating *b, bint accumulate,
    floating *c,
) noexcept nogil:
    """c (m, n) = op(a) (m, k) @ op(b) (k, n), or that added to c, where op is what
    `a_is` and `b_is` say: AS_IS or TRANSPOSED. Rows of a are a_stride apart."""
    if PRODUCTS_BY == NO_VECTORS:
        blas_matmul(a_is, b_is, m, n, k, a, a_stride, b, accumulate, c)
    elif floating is float:
        gemm_float(PRODUCTS_BY, a_is, b_is, m, n, k, a, a_stride, b, accumulate, c)
    else:
        gemm_double(PRODUCTS_BY, a_is, b_is, m, n, k, a, a_stride, b, accumulate, c)


cdef void blas_matmul(
    bint a_is, bint b_is, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const floating *a, Py_ssize_t a_stride, const floating *b, bint accumulate,
    floating *c,
) noexcept nogil:
    # BLAS counts by columns and so sees each array transposed: it is asked for
    # c' = op(b)' @ op(a)'.
    cdef char op_a = b"T" if a_is == TRANSPOSED else b"N"
    cdef char op_b = b"T" if b_is == TRANSPOSED else b"N"
    cdef int rows = <int> n, cols = <int> m, inner = <int> k
    cdef int lda = <int> a_stride
    cdef int ldb = inner if b_is == TRANSPOSED else rows
    cdef floating alpha = 1, beta = 1 if accumulate else 0
    if floating is float:
        sgemm(&op_b, &op_a, &rows, &cols, &inner, &alpha, <float *> b, &ldb,
              <float *> a, &lda, &beta, c, &rows)
    else:
        dgemm(&op_b, &op_a, &rows, &cols, &inner, &alpha, <double *> b, &ldb,
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
    cdef int layer
    for layer in range(layers.n_layers):
        n_inputs, n_units = layers.sizes[layer], layers.sizes[layer + 1]
        coef = theta + layers.coef_starts[layer]
        intercept = theta + layers.intercept_starts[layer]
        a = <const floating *> block.outputs[layer]
        z = <floating *> block.outputs[layer + 1]
        if layer == 0 and data.dense == NULL:
            sparse_product(data, block, coef, z, n_units)
        else:
            matmul(AS_IS, AS_IS, n, n_units, n_inputs, a, n_inputs, coef, False, z)
        # The output layer's code is 0: no activation, the bias alone.
        activate(layers.activations[layer], z, intercept, n, n_units)


cdef double backward(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    floating *gradient, double m, bint accumulate,
) noexcept nogil:
    """Set the gradient to that of sum_i w_i loss_i / m over the block's rows, or add
    it, and return sum_i w_i loss_i. Follows `forward`."""
    cdef Py_ssize_t n = block.n_rows, n_inputs, n_units, i
    cdef int layer, last = layers.n_layers - 1
    cdef const floating *weight = NULL
    cdef const floating *a
    cdef floating *delta = <floating *> block.deltas[last]
    cdef floating *below
    cdef floating *coef_gradient
    cdef floating *intercept_gradient
    cdef double loss_sum = 0

    if data.weight != NULL:
        weight = <const floating *> block.weight
    n_units = layers.sizes[last + 1]
    output(layers.loss_kind, delta, <const floating *> block.y, block.row_loss, n,
           n_units)
    weight_rows(delta, block.row_loss, weight, m, n, n_units)
    for i in range(n):
        loss_sum += block.row_loss[i]

    for layer in range(last, -1, -1):
        n_inputs, n_units = layers.sizes[layer], layers.sizes[layer + 1]
        a = <const floating *> block.outputs[layer]
        delta = <floating *> block.deltas[layer]
        coef_gradient = gradient + layers.coef_starts[layer]
        intercept_gradient = gradient + layers.intercept_starts[layer]

        # D = a' @ delta
        if layer == 0 and data.dense == NULL:
            if not accumulate:
                memset(coef_gradient, 0, n_inputs * n_units * sizeof(floating))
            sparse_gradient(data, block, delta, coef_gradient, n_units)
        else:
            matmul(TRANSPOSED, AS_IS, n_inputs, n_units, n, a, n_inputs, delta,
                   accumulate, coef_gradient)
        if not accumulate:
            memset(intercept_gradient, 0, n_units * sizeof(floating))
        add_rows(delta, intercept_gradient, n, n_units)

        # delta(l) = delta(l + 1) @ W' * g'(z)
        if layer > 0:
            below = <floating *> block.deltas[layer - 1]
            matmul(AS_IS, TRANSPOSED, n, n_inputs, n_units, delta, n_units,
                   theta + layers.coef_starts[layer], False, below)
            derive(layers.activations[layer - 1], a, below, n * n_inputs)
    return loss_sum
