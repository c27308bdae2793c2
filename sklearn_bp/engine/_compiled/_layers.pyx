"""Rows through the layers: loaded, forward, backward, and into the gradient.

Each function does a part of the work on a block, from `start` to `stop`: of its rows,
or of the rows (for sparse data the columns) of the gradient. Of a layer, a `Part` may
have some of the units only. The parts can be done by different threads, and no number
depends on where they are cut. All arrays are C-contiguous; shapes are noted in the
docstrings, with n for the rows of the block, i for the units below a layer and o for
its own. `theta` tells the computing type even where its numbers are not needed.
"""

import os

from cython cimport floating
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

from ._gemm cimport (
    NO_VECTORS, best_instruction_set, chosen_instruction_set, gemm_double, gemm_float,
    instruction_set, instruction_set_names, packing_room,
)
from ._interrupts cimport is_interrupted, watchman
from ._kernels cimport (
    GOLDEN, activate, activate_with_slope, add_rows, add_scaled, derive, drop,
    find_largest, gather, multiply, output, split_mix, weight_rows,
)
from ._structs cimport Block, Data, Layers

cdef bint AS_IS = False
cdef bint TRANSPOSED = True

# Numbers that are set to zero between two looks for an interruption.
cdef Py_ssize_t MOST_CLEARED = 1_000_000

# NO_VECTORS stands for BLAS.
cdef instruction_set PRODUCTS_BY = chosen_instruction_set()

#: What can compute the matrix products here: BLAS, or vectors that get longer.
INSTRUCTION_SETS = tuple(
    instruction_set_names[i].decode() for i in range(<int> best_instruction_set() + 1)
)

_asked_for = os.environ.get("SKLEARN_BP_INSTRUCTIONS")
if _asked_for not in (None, *INSTRUCTION_SETS):
    raise ValueError(
        "The environment variable SKLEARN_BP_INSTRUCTIONS must be one of"
        f" {INSTRUCTION_SETS} on this processor, got {_asked_for!r}."
    )


def get_instruction_set():
    """What computes the matrix products."""
    return INSTRUCTION_SETS[<int> PRODUCTS_BY]


def set_instruction_set(name):
    """For tests: compute the products with less than the processor offers."""
    global PRODUCTS_BY
    PRODUCTS_BY = <instruction_set> (<int> INSTRUCTION_SETS.index(name))


cdef void matmul(
    bint a_is, bint b_is, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const floating *a, Py_ssize_t a_stride, const floating *b, Py_ssize_t b_stride,
    const floating *start, floating *c, Py_ssize_t c_row, packing_room *room,
    watchman *watch,
) noexcept nogil:
    """c (m, n) = start + op(a) (m, k) @ op(b) (k, n), where op is what `a_is` and
    `b_is` say: AS_IS or TRANSPOSED. Rows of a, b and c are a_stride, b_stride and c_row
    apart. `start` is c, to add to its values, or a row (n,) that each row of c starts
    from, or NULL."""
    if PRODUCTS_BY == NO_VECTORS:
        if not is_interrupted(watch, 2.0 * m * n * k):
            blas_matmul(a_is, b_is, m, n, k, a, a_stride, b, b_stride, start, c, c_row)
    elif floating is float:
        gemm_float(PRODUCTS_BY, a_is, b_is, m, n, k, a, a_stride, b, b_stride, start, c,
                   c_row, room, watch)
    else:
        gemm_double(PRODUCTS_BY, a_is, b_is, m, n, k, a, a_stride, b, b_stride, start,
                    c, c_row, room, watch)


cdef void blas_matmul(
    bint a_is, bint b_is, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
    const floating *a, Py_ssize_t a_stride, const floating *b, Py_ssize_t b_stride,
    const floating *start, floating *c, Py_ssize_t c_row,
) noexcept nogil:
    # BLAS stores matrices by columns and sees each array transposed: it is asked for
    # c' = op(b)' @ op(a)'.
    cdef char op_a = b"T" if a_is == TRANSPOSED else b"N"
    cdef char op_b = b"T" if b_is == TRANSPOSED else b"N"
    cdef int rows = <int> n, cols = <int> m, inner = <int> k
    cdef int lda = <int> a_stride, ldb = <int> b_stride, ldc = <int> c_row
    cdef floating alpha = 1, beta = 1 if start != NULL else 0
    cdef Py_ssize_t i
    if start != NULL and start != c:
        for i in range(m):
            memcpy(c + i * c_row, start, n * sizeof(floating))
    if floating is float:
        sgemm(&op_b, &op_a, &rows, &cols, &inner, &alpha, <float *> b, &ldb,
              <float *> a, &lda, &beta, c, &ldc)
    else:
        dgemm(&op_b, &op_a, &rows, &cols, &inner, &alpha, <double *> b, &ldb,
              <double *> a, &lda, &beta, c, &ldc)


cdef inline int64_t row_number(const Block *block, Py_ssize_t i) noexcept nogil:
    return block.first + i if block.rows == NULL else block.rows[i]


cdef bint is_consecutive(const Block *block) noexcept nogil:
    cdef Py_ssize_t i
    if block.rows == NULL:
        return True
    for i in range(1, block.n_rows):
        if block.rows[i] != block.rows[0] + i:
            return False
    return True


cdef void load(
    const Block *block, const floating *source, Py_ssize_t width, floating *target,
    Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    target += start * width
    if block.rows == NULL:
        memcpy(target, source + (block.first + start) * width,
               (stop - start) * width * sizeof(floating))
    else:
        gather(source, block.rows + start, stop - start, width, target)


cdef void point_at(
    const Layers *layers, const Data *data, Block *block, const int64_t *rows,
    Py_ssize_t first, Py_ssize_t n_rows, const floating *theta,
) noexcept nogil:
    """Make the block stand for n_rows of `rows` or, if it is NULL, of all rows."""
    block.n_rows = n_rows
    block.first = first
    block.rows = NULL
    if rows != NULL:
        block.rows = rows + first
    block.inputs = block.gathered
    if data.dense != NULL and is_consecutive(block):
        block.inputs = <const floating *> data.dense + (
            row_number(block, 0) * layers.sizes[0]
        )


cdef void load_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """Gather rows of the data; consecutive rows of X are used in place."""
    if data.dense != NULL and block.inputs == block.gathered:
        load(block, <const floating *> data.dense, layers.sizes[0],
             <floating *> block.gathered, start, stop)
    if data.y != NULL:
        load(block, <const floating *> data.y, layers.n_targets, <floating *> block.y,
             start, stop)
    if data.weight != NULL:
        load(block, <const floating *> data.weight, 1, <floating *> block.weight,
             start, stop)


cdef inline const floating *outputs_of(
    const Block *block, int layer, floating *computing_type
) noexcept nogil:
    """What is passed to the layer above: rows of X, or outputs of hidden units."""
    if layer == 0:
        return <const floating *> block.inputs
    return <const floating *> block.outputs[layer]


cdef inline int64_t n_nonzero(const Data *data, int64_t row) noexcept nogil:
    return data.row_starts[row + 1] - data.row_starts[row]


cdef void sparse_product(
    const Data *data, const Block *block, const floating *coef,
    const floating *intercept, floating *z, Py_ssize_t n_units, Py_ssize_t start,
    Py_ssize_t stop,
) noexcept nogil:
    """z (n, o) = X (n, i) @ coef (i, o) + intercept (o,), non-zeros only."""
    cdef const floating *values = <const floating *> data.values
    cdef Py_ssize_t i
    cdef int64_t row, k
    for i in range(start, stop):
        memcpy(z + i * n_units, intercept, n_units * sizeof(floating))
        row = row_number(block, i)
        if is_interrupted(block.watch, 2.0 * n_units * n_nonzero(data, row)):
            return
        for k in range(data.row_starts[row], data.row_starts[row + 1]):
            add_scaled(values[k], coef + data.columns[k] * n_units, z + i * n_units,
                       n_units)


cdef void forward_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """Fill outputs of the block, up to the raw ones."""
    cdef int layer
    for layer in range(layers.n_layers):
        forward_layer(layers, data, block, theta, layer,
                      Part(start, stop, 0, layers.sizes[layer + 1]))


cdef void forward_layer(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    int layer, Part part,
) noexcept nogil:
    """Fill a part of a layer's outputs: z = a @ W + b, a = g(z)."""
    cdef Py_ssize_t n_inputs = layers.sizes[layer], n_units = layers.sizes[layer + 1]
    cdef const floating *coef = theta + layers.coef_starts[layer]
    cdef const floating *intercept = theta + layers.intercept_starts[layer]
    cdef floating *z = <floating *> block.outputs[layer + 1]
    cdef Py_ssize_t row
    if part.start == part.stop or is_interrupted(block.watch, 0):
        return
    if layer == 0 and data.dense == NULL:  # where a part has all units
        sparse_product(data, block, coef, intercept, z, n_units, part.start, part.stop)
    else:
        matmul(AS_IS, AS_IS, part.stop - part.start, part.last - part.first, n_inputs,
               outputs_of(block, layer, z) + part.start * n_inputs, n_inputs,
               coef + part.first, n_units, intercept + part.first,
               z + part.start * n_units + part.first, n_units, block.room, block.watch)
    if part.last - part.first == n_units:
        activate_piece(layers, block, theta, layer, part.start * n_units,
                       (part.stop - part.start) * n_units)
    else:
        for row in range(part.start, part.stop):
            activate_piece(layers, block, theta, layer, row * n_units + part.first,
                           part.last - part.first)


cdef void activate_piece(
    const Layers *layers, const Block *block, const floating *theta, int layer,
    Py_ssize_t offset, Py_ssize_t n,
) noexcept nogil:
    """From net inputs to outputs, and their slopes if these are kept: n units from
    `offset` on, counted over all rows. Which of them are dropped depends only on the
    step, the layer, the row of the batch and the unit."""
    cdef floating *z = <floating *> block.outputs[layer + 1] + offset
    cdef floating *slope
    cdef uint64_t key
    if block.slopes[layer] == NULL:
        activate(layers.activations[layer], z, n)
        return
    slope = <floating *> block.slopes[layer] + offset
    activate_with_slope(layers.activations[layer], z, slope, n)
    if block.dropout.thresholds != NULL and block.dropout.thresholds[layer] > 0:
        key = split_mix(block.dropout.key + GOLDEN * <uint64_t> layer)
        offset += block.first * layers.sizes[layer + 1]
        drop(key, <uint64_t> offset, block.dropout.thresholds[layer],
             block.dropout.factors[layer], z, slope, n)


cdef void show_outputs(
    const Layers *layers, const Block *block, Py_ssize_t begin, Py_ssize_t end,
    floating *raw, double *losses, int64_t *winners,
) noexcept nogil:
    """Copy some of the block's raw outputs and, if asked for, the numbers of the
    largest ones and the losses."""
    cdef Py_ssize_t n_outputs = layers.sizes[layers.n_layers]
    cdef floating *outputs = (
        <floating *> block.outputs[layers.n_layers] + begin * n_outputs
    )
    memcpy(raw, outputs, (end - begin) * n_outputs * sizeof(floating))
    if winners != NULL:
        find_largest(<const floating *> outputs, end - begin, n_outputs, winners)
    if losses != NULL:  # which may overwrite the outputs
        output(layers.loss_kind, layers.loss_settings, False, outputs,
               <floating *> block.y + begin * layers.n_targets, losses, end - begin,
               n_outputs)


cdef void backward_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    double m, Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """Fill deltas of the block, divided by m, and the weighted loss of each row, from
    the loss downwards. Follows `forward_rows` on the same rows."""
    cdef int layer
    output_rows(layers, data, block, theta, m, start, stop)
    for layer in range(layers.n_layers - 1, 0, -1):
        backward_layer(layers, block, theta, layer,
                       Part(start, stop, 0, layers.sizes[layer]))


cdef void output_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    double m, Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """From raw outputs to the delta of the last layer and the losses."""
    cdef Py_ssize_t n_units = layers.sizes[layers.n_layers]
    cdef const floating *weight = NULL
    cdef const floating *y = <const floating *> block.y + start * layers.n_targets
    cdef floating *delta = (
        <floating *> block.deltas[layers.n_layers - 1] + start * n_units
    )
    if data.weight != NULL:
        weight = <const floating *> block.weight + start
    output(layers.loss_kind, layers.loss_settings, True, delta, y,
           block.row_loss + start, stop - start, n_units)
    weight_rows(delta, block.row_loss + start, weight, m, stop - start, n_units)


cdef void backward_layer(
    const Layers *layers, const Block *block, const floating *theta, int layer,
    Part part,
) noexcept nogil:
    """Fill a part of the delta below a layer: delta @ W' * g'(z)."""
    cdef Py_ssize_t n_inputs = layers.sizes[layer], n_units = layers.sizes[layer + 1]
    cdef const floating *coef = theta + layers.coef_starts[layer]
    cdef const floating *delta = <const floating *> block.deltas[layer]
    cdef floating *below = <floating *> block.deltas[layer - 1]
    cdef Py_ssize_t row
    if part.start == part.stop or is_interrupted(block.watch, 0):
        return
    matmul(AS_IS, TRANSPOSED, part.stop - part.start, part.last - part.first, n_units,
           delta + part.start * n_units, n_units, coef + part.first * n_units, n_units,
           NULL, below + part.start * n_inputs + part.first, n_inputs, block.room,
           block.watch)
    if part.last - part.first == n_inputs:
        derive_piece(layers, block, theta, layer - 1, part.start * n_inputs,
                     (part.stop - part.start) * n_inputs)
    else:
        for row in range(part.start, part.stop):
            derive_piece(layers, block, theta, layer - 1, row * n_inputs + part.first,
                         part.last - part.first)


cdef void derive_piece(
    const Layers *layers, const Block *block, const floating *theta, int layer,
    Py_ssize_t offset, Py_ssize_t n,
) noexcept nogil:
    """From derivatives with respect to outputs to those with respect to net inputs."""
    cdef floating *delta = <floating *> block.deltas[layer] + offset
    if block.slopes[layer] == NULL:
        derive(layers.activations[layer],
               <const floating *> block.outputs[layer + 1] + offset, delta, n)
    else:
        multiply(<const floating *> block.slopes[layer] + offset, delta, n)


cdef void coef_gradient(
    const Layers *layers, const Block *block, int layer, Py_ssize_t start,
    Py_ssize_t stop, bint accumulate, floating *target,
) noexcept nogil:
    """Rows start to stop of D (i, o) = a' (i, n) @ delta (n, o), set or added to
    `target`, which has only these rows."""
    cdef Py_ssize_t n_inputs = layers.sizes[layer], n_units = layers.sizes[layer + 1]
    cdef const floating *a = outputs_of(block, layer, target) + start
    matmul(TRANSPOSED, AS_IS, stop - start, n_units, block.n_rows, a, n_inputs,
           <const floating *> block.deltas[layer], n_units,
           target if accumulate else NULL, target, n_units, block.room, block.watch)


cdef void clear_coef_gradient(
    const Layers *layers, const Block *block, floating *gradient, Py_ssize_t start,
    Py_ssize_t stop,
) noexcept nogil:
    """Set rows start to stop of the first layer's gradient to zero."""
    cdef Py_ssize_t n_units = layers.sizes[1], end
    cdef Py_ssize_t n_rows = max(1, MOST_CLEARED // n_units)
    gradient += layers.coef_starts[0]
    while start < stop and not is_interrupted(block.watch, n_rows * n_units):
        end = min(start + n_rows, stop)
        memset(gradient + start * n_units, 0,
               (end - start) * n_units * sizeof(floating))
        start = end


cdef void sparse_coef_gradient(
    const Layers *layers, const Data *data, const Block *block, floating *gradient,
    Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """Add columns start to stop of X' (i, n) @ delta (n, o) to the gradient."""
    cdef Py_ssize_t n_units = layers.sizes[1], width = stop - start, i
    cdef const floating *values = <const floating *> data.values
    cdef const floating *delta = <const floating *> block.deltas[0] + start
    cdef floating *target = gradient + layers.coef_starts[0] + start
    cdef int64_t row, k
    for i in range(block.n_rows):
        row = row_number(block, i)
        if is_interrupted(block.watch, 2.0 * width * n_nonzero(data, row)):
            return
        for k in range(data.row_starts[row], data.row_starts[row + 1]):
            add_scaled(values[k], delta + i * n_units,
                       target + data.columns[k] * n_units, width)


cdef void intercept_gradient(
    const Layers *layers, const Block *block, int layer, floating *gradient,
    bint accumulate,
) noexcept nogil:
    """The sum of delta over the rows, set or added."""
    cdef Py_ssize_t n_units = layers.sizes[layer + 1]
    cdef floating *total = gradient + layers.intercept_starts[layer]
    if not accumulate:
        memset(total, 0, n_units * sizeof(floating))
    add_rows(<const floating *> block.deltas[layer], total, block.n_rows, n_units)
