"""The loops over blocks and steps: what the compiled engine does between two calls
from Python, without the GIL and on several threads.

All threads run the same function side by side. Each does its part of the rows of a
block, waits for the others, and does its part of the gradient and of the step. No
number depends on where the parts are cut, and sums over parts are taken in a fixed
order, so the result is the same to the last bit however many threads there are.
"""

from cython cimport floating
from cython.parallel cimport parallel
from libc.math cimport pow, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ._kernels cimport (
    ADAM, flush_denormals, optimizer, restore_denormals, sum_of_squares, update,
    update_rule,
)
from ._layers cimport (
    backward_rows, coef_gradient, forward_rows, intercept_gradient, load_rows,
    point_at, sparse_coef_gradient,
)
from ._structs cimport (
    SQUARES, Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace,
)
from ._threads cimport barrier, max_threads, team_size, thread_number

import numpy as np

from ._structs import OPTIMIZER_CODES

# A block's outputs and deltas should stay in the second-level cache.
BLOCK_ROWS = 512


cdef struct Part:
    # One of the threads, and how many there are.
    int thread
    int n_threads


cdef struct Batch:
    # Rows of the data, and what the objective divides by; decay is alpha / M.
    const int64_t *rows
    Py_ssize_t n_rows
    double m
    double decay


cdef struct Sums:
    double loss
    double penalty


def get_max_threads():
    """What OpenMP, and whoever limits it, grants to the calling thread."""
    return max_threads()


def forward_all(
    CompiledNetwork compiled, const floating[::1] theta, TrainingSet training_set,
    const int64_t[::1] rows, floating[:, ::1] raw, int n_threads,
):
    """Raw outputs of the given rows, or of the first len(raw) rows, into `raw`."""
    cdef Py_ssize_t n_rows = raw.shape[0]
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, n_rows), sizeof(floating)
    )
    cdef const int64_t *row_numbers = NULL
    if rows is not None:
        row_numbers = &rows[0]
    with nogil, parallel(num_threads=n_threads):
        forward_part(
            this_part(), &compiled.layers, &training_set.data, workspace.block,
            workspace.capacity, &theta[0], row_numbers, n_rows, &raw[0, 0],
        )


def loss_and_gradient(
    CompiledNetwork compiled, const floating[::1] theta, TrainingSet training_set,
    Py_ssize_t n_rows, double m, double decay, floating[::1] gradient, int n_threads,
):
    """Both terms of the objective over the first n_rows rows; the gradient in place."""
    cdef Layers *layers = &compiled.layers
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, n_rows), sizeof(floating)
    )
    cdef Sums sums = Sums(0, 0)
    cdef Batch batch = Batch(NULL, n_rows, m, decay)
    cdef Py_ssize_t i
    with nogil:
        with parallel(num_threads=n_threads):
            gradient_part(
                this_part(), layers, &training_set.data, workspace.block,
                workspace.capacity, &batch, &theta[0], &gradient[0], &sums,
            )
        for i in range(layers.n_coefs):
            gradient[i] += <floating> decay * theta[i]
    return sums.loss / m, sums.penalty


def run(
    CompiledNetwork compiled, floating[::1] theta, TrainingSet training_set,
    const int64_t[::1] order, Py_ssize_t batch_size, double alpha, double mean_weight,
    double penalty_size, str optimizer_name, tuple settings, list state,
    long n_steps_before, const double[::1] learning_rates, int n_threads,
):
    """All the steps of one slice of an epoch; penalty_size 0 is the batch's own."""
    cdef Py_ssize_t n_rows = order.shape[0], n_steps = learning_rates.shape[0], i
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, batch_size, n_rows), sizeof(floating)
    )
    cdef floating[::1] gradient = np.empty_like(theta)
    cdef floating[::1] state_0 = state[0]
    cdef floating[::1] state_1 = state[len(state) - 1]
    cdef Sums sums = Sums(0, 0)
    cdef update_rule rule
    rule.kind = <optimizer> (<int> OPTIMIZER_CODES[optimizer_name])
    for i, setting in enumerate(settings):
        rule.settings[i] = setting
    with nogil, parallel(num_threads=n_threads):
        train_part(
            this_part(), &compiled.layers, &training_set.data, workspace.block,
            workspace.capacity, &order[0], n_rows, batch_size, alpha, mean_weight,
            penalty_size, rule, &learning_rates[0], n_steps, n_steps_before, &theta[0],
            &gradient[0], &state_0[0], &state_1[0], &sums,
        )
    return sums.loss, sums.penalty


cdef Part this_part() noexcept nogil:
    return Part(thread_number(), team_size())


cdef inline Py_ssize_t cut(Py_ssize_t n, int piece, int n_pieces) noexcept nogil:
    """Where a piece of n things begins: between tiles of eight, as in products."""
    return min(n, (n + 7) // 8 * piece // n_pieces * 8)


cdef void forward_part(
    Part part, const Layers *layers, const Data *data, Block block,
    Py_ssize_t capacity, const floating *theta, const int64_t *rows, Py_ssize_t n_rows,
    floating *raw,
) noexcept nogil:
    """A thread's part of every block of rows. It keeps to its own part of the
    workspace, so nobody has to wait."""
    cdef Py_ssize_t n_outputs = layers.sizes[layers.n_layers]
    cdef Py_ssize_t begin = cut(capacity, part.thread, part.n_threads)
    cdef Py_ssize_t end = cut(capacity, part.thread + 1, part.n_threads)
    cdef Py_ssize_t first = 0, stop
    cdef const floating *block_raw = <const floating *> block.outputs[layers.n_layers]
    while begin < end and first + begin < n_rows:
        point_at(layers, data, &block, rows, first, min(capacity, n_rows - first),
                 theta)
        stop = min(end, block.n_rows)
        load_rows(layers, data, &block, theta, begin, stop)
        forward_rows(layers, data, &block, theta, begin, stop)
        memcpy(raw + (first + begin) * n_outputs, block_raw + begin * n_outputs,
               (stop - begin) * n_outputs * sizeof(floating))
        first += capacity


cdef void train_part(
    Part part, const Layers *layers, const Data *data, Block block,
    Py_ssize_t capacity, const int64_t *order, Py_ssize_t n_rows, Py_ssize_t batch_size,
    double alpha, double mean_weight, double penalty_size, update_rule rule,
    const double *learning_rates, Py_ssize_t n_steps, long n_steps_before,
    floating *theta, floating *gradient, floating *state_0, floating *state_1,
    Sums *sums,
) noexcept nogil:
    """A thread's part of every step."""
    cdef unsigned denormals = flush_denormals()
    cdef Py_ssize_t step, n
    cdef Batch batch
    cdef Sums of_batch
    for step in range(n_steps):
        n = min(batch_size, n_rows - step * batch_size)
        batch.rows = order + step * batch_size
        batch.n_rows = n
        batch.m = n * mean_weight
        batch.decay = alpha / (penalty_size if penalty_size > 0 else batch.m)
        gradient_part(part, layers, data, block, capacity, &batch, theta, gradient,
                      &of_batch)
        if part.thread == 0:
            sums.loss += n / batch.m * of_batch.loss
            sums.penalty += n * of_batch.penalty
        rule.decay = batch.decay
        rule.learning_rate = learning_rates[step] * correction(
            &rule, n_steps_before + step + 1
        )
        update_part(part, layers, &rule, theta, gradient, state_0, state_1)
        barrier()
    restore_denormals(denormals)


cdef void gradient_part(
    Part part, const Layers *layers, const Data *data, Block block,
    Py_ssize_t capacity, const Batch *batch, const floating *theta, floating *gradient,
    Sums *sums,
) noexcept nogil:
    """A thread's part of the gradient of sum_i w_i loss_i / m over a batch, block by
    block; thread 0 sets the sums of the weighted losses and of the penalty."""
    cdef Py_ssize_t first = 0, begin, end, i
    cdef bint is_sparse = data.dense == NULL
    cdef int layer
    if batch.decay > 0:
        square_part(part, layers, theta, block.square_sums)
    sums.loss = 0
    while first < batch.n_rows:
        point_at(layers, data, &block, batch.rows, first,
                 min(capacity, batch.n_rows - first), theta)
        begin = cut(block.n_rows, part.thread, part.n_threads)
        end = cut(block.n_rows, part.thread + 1, part.n_threads)
        if begin < end:
            load_rows(layers, data, &block, theta, begin, end)
            forward_rows(layers, data, &block, theta, begin, end)
            backward_rows(layers, data, &block, theta, batch.m, begin, end)
        barrier()
        if part.thread == 0:
            for i in range(block.n_rows):
                sums.loss += block.row_loss[i]
        for layer in range(is_sparse, layers.n_layers):
            begin = cut(layers.sizes[layer], part.thread, part.n_threads)
            end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
            if begin < end:
                coef_gradient(layers, &block, layer, gradient, first > 0, begin, end)
        if is_sparse:
            begin = cut(layers.sizes[1], part.thread, part.n_threads)
            end = cut(layers.sizes[1], part.thread + 1, part.n_threads)
            sparse_coef_gradient(layers, data, &block, gradient, first > 0, begin, end)
        if part.thread == part.n_threads - 1:
            for layer in range(layers.n_layers):
                intercept_gradient(layers, &block, layer, gradient, first > 0)
        first += capacity
        if first < batch.n_rows or is_sparse:
            barrier()
    if part.thread == 0:
        sums.penalty = 0
        if batch.decay > 0:
            for i in range(n_square_sums(layers)):
                sums.penalty += 0.5 * batch.decay * block.square_sums[i]


cdef inline Py_ssize_t n_square_sums(const Layers *layers) noexcept nogil:
    return (layers.n_coefs + SQUARES - 1) // SQUARES


cdef void square_part(
    Part part, const Layers *layers, const floating *theta, double *square_sums
) noexcept nogil:
    """A thread's part of the sums of squares of the weights."""
    cdef Py_ssize_t i = part.thread, begin
    while i < n_square_sums(layers):
        begin = i * SQUARES
        square_sums[i] = sum_of_squares(
            theta + begin, min(<Py_ssize_t> SQUARES, layers.n_coefs - begin)
        )
        i += part.n_threads


cdef double correction(const update_rule *rule, long n_steps) noexcept nogil:
    """Adam's bias corrections, as one factor of the learning rate."""
    if rule.kind != ADAM:
        return 1
    return sqrt(1 - pow(rule.settings[1], n_steps)) / (
        1 - pow(rule.settings[0], n_steps)
    )


cdef void update_part(
    Part part, const Layers *layers, update_rule *rule, floating *theta,
    const floating *gradient, floating *state_0, floating *state_1,
) noexcept nogil:
    """A thread's part of the step: the weights whose gradient it has made, which decay,
    and for the last thread the biases, which do not."""
    cdef Py_ssize_t begin, length
    cdef int layer
    for layer in range(layers.n_layers):
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        length = cut(layers.sizes[layer], part.thread + 1, part.n_threads) - begin
        length *= layers.sizes[layer + 1]
        begin = layers.coef_starts[layer] + begin * layers.sizes[layer + 1]
        update(rule, theta + begin, gradient + begin, state_0 + begin, state_1 + begin,
               length)
    if part.thread == part.n_threads - 1:
        rule.decay = 0
        begin = layers.n_coefs
        update(rule, theta + begin, gradient + begin, state_0 + begin, state_1 + begin,
               layers.n_parameters - begin)
