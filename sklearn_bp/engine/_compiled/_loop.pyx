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
    ADAM, flush_denormals, optimizer as optimizer_kind, penalize, restore_denormals,
    update, update_rule,
)
from ._layers cimport (
    backward_rows, coef_gradient, forward_rows, intercept_gradient, load_rows,
    point_at, sparse_coef_gradient,
)
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace, address,
    n_tiles,
)
from ._threads cimport barrier, max_threads, team_size, thread_number

import numpy as np

from ._structs import OPTIMIZER_CODES

# A block's outputs and deltas should stay in the second-level cache.
BLOCK_ROWS = 512

# Rows of a gradient that are made at a time and then used for the step, while they are
# still in the cache.
cdef Py_ssize_t GROUP_ROWS = 128



cdef struct Part:
    # One of the threads, and how many there are.
    int thread
    int n_threads


cdef struct Sums:
    double loss
    double penalty


cdef struct Training:
    # What stays the same from step to step; void stands for the computing type.
    # penalty_size 0 is the batch's own.
    const Layers *layers
    const Data *data
    Block block
    Py_ssize_t capacity
    Py_ssize_t batch_size
    double alpha
    double mean_weight
    double penalty_size
    update_rule rule
    void *theta
    void *gradient
    void *state_0
    void *state_1


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
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, n_rows), sizeof(floating)
    )
    cdef Sums sums = Sums(0, 0)
    with nogil, parallel(num_threads=n_threads):
        gradient_part(
            this_part(), &compiled.layers, &training_set.data, workspace.block,
            workspace.capacity, n_rows, m, decay, &theta[0], &gradient[0], &sums,
        )
    return sums.loss / m, sums.penalty


cdef class Steps:
    """Steps of training, with all that they need in place between two calls."""

    cdef Training training
    cdef bint is_float
    cdef tuple owners

    def __init__(
        self, CompiledNetwork compiled, theta, TrainingSet training_set, objective,
        Py_ssize_t batch_size, optimizer,
    ):
        cdef Training *training = &self.training
        cdef Workspace workspace = Workspace(
            compiled, training_set, min(BLOCK_ROWS, batch_size), theta.itemsize
        )
        gradient = np.empty_like(theta)
        self.is_float = theta.dtype == np.float32
        self.owners = (compiled, theta, training_set, workspace, gradient, optimizer)
        training.layers = &compiled.layers
        training.data = &training_set.data
        training.block = workspace.block
        training.capacity = workspace.capacity
        training.batch_size = batch_size
        training.alpha = objective.alpha
        training.mean_weight = objective.mean_weight
        training.penalty_size = objective.penalty_size or 0.0
        training.rule.kind = <optimizer_kind> (<int> OPTIMIZER_CODES[optimizer.name])
        for i, setting in enumerate(optimizer.settings):
            training.rule.settings[i] = setting
        training.theta = address(theta, writable=True)
        training.gradient = address(gradient, writable=True)
        training.state_0 = address(optimizer.state[0], writable=True)
        last = optimizer.state[len(optimizer.state) - 1]
        training.state_1 = address(last, writable=True)

    def run(
        self, const int64_t[::1] order, const double[::1] learning_rates,
        long n_steps_before, int n_threads,
    ):
        """All the steps of one slice of an epoch."""
        cdef Sums sums = Sums(0, 0)
        if order.shape[0] > 0:
            with nogil:
                if n_threads == 1:  # saves the time it takes to call threads together
                    self.run_part(
                        Part(0, 1), order, learning_rates, n_steps_before, &sums
                    )
                else:
                    with parallel(num_threads=n_threads):
                        self.run_part(
                            this_part(), order, learning_rates, n_steps_before, &sums
                        )
        return sums.loss, sums.penalty

    cdef void run_part(
        self, Part part, const int64_t[::1] order, const double[::1] learning_rates,
        long n_steps_before, Sums *sums,
    ) noexcept nogil:
        if self.is_float:
            train_part(
                part, &self.training, <float *> self.training.theta, &order[0],
                order.shape[0], &learning_rates[0], learning_rates.shape[0],
                n_steps_before, sums,
            )
        else:
            train_part(
                part, &self.training, <double *> self.training.theta, &order[0],
                order.shape[0], &learning_rates[0], learning_rates.shape[0],
                n_steps_before, sums,
            )


cdef Part this_part() noexcept nogil:
    return Part(thread_number(), team_size())


cdef inline void wait_for_others(Part part) noexcept nogil:
    if part.n_threads > 1:
        barrier()


cdef inline Py_ssize_t cut(Py_ssize_t n, int piece, int n_pieces) noexcept nogil:
    """Where a piece of n things begins: between tiles."""
    return min(n, n_tiles(n) * piece // n_pieces * TILE_ROWS)


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
    Part part, const Training *training, floating *theta, const int64_t *order,
    Py_ssize_t n_rows, const double *learning_rates, Py_ssize_t n_steps,
    long n_steps_before, Sums *sums,
) noexcept nogil:
    """A thread's part of every step."""
    cdef const Layers *layers = training.layers
    cdef const Data *data = training.data
    cdef Block block = training.block
    cdef update_rule rule = training.rule
    cdef floating *gradient = <floating *> training.gradient
    cdef unsigned denormals = flush_denormals()
    cdef Py_ssize_t step, n
    cdef double m, loss
    cdef bint accumulate
    for step in range(n_steps):
        n = min(training.batch_size, n_rows - step * training.batch_size)
        m = n * training.mean_weight
        rule.decay = training.alpha / (
            training.penalty_size if training.penalty_size > 0 else m
        )
        rule.learning_rate = learning_rates[step] * correction(
            &rule, n_steps_before + step + 1
        )
        loss = 0
        accumulate = all_but_last_block(
            part, layers, data, &block, training.capacity,
            order + step * training.batch_size, n, m, theta, gradient, &loss,
        )
        update_part(
            part, layers, data, &block, &rule, theta, gradient, accumulate,
            <floating *> training.state_0, <floating *> training.state_1,
        )
        wait_for_others(part)
        if part.thread == 0:
            sums.loss += n / m * loss
            sums.penalty += n * penalty(layers, &block, rule.decay)
    restore_denormals(denormals)


cdef void gradient_part(
    Part part, const Layers *layers, const Data *data, Block block,
    Py_ssize_t capacity, Py_ssize_t n_rows, double m, double decay,
    const floating *theta, floating *gradient, Sums *sums,
) noexcept nogil:
    """A thread's part of the objective over the first rows, and of its gradient."""
    cdef bint accumulate
    cdef int layer
    cdef Py_ssize_t begin, end, offset, n_units
    cdef double *square_sums = block.square_sums
    cdef double loss = 0
    accumulate = all_but_last_block(
        part, layers, data, &block, capacity, NULL, n_rows, m, theta, gradient, &loss
    )
    block_gradient(part, layers, data, &block, gradient, accumulate)
    wait_for_others(part)
    for layer in range(layers.n_layers):
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
        offset = layers.coef_starts[layer] + begin * n_units
        penalize(decay, theta + offset, gradient + offset, (end - begin) * n_units,
                 TILE_ROWS * n_units, square_sums + begin // TILE_ROWS)
        square_sums += n_tiles(layers.sizes[layer])
    wait_for_others(part)
    if part.thread == 0:
        sums.loss = loss
        sums.penalty = penalty(layers, &block, decay)


cdef bint all_but_last_block(
    Part part, const Layers *layers, const Data *data, Block *block,
    Py_ssize_t capacity, const int64_t *rows, Py_ssize_t n_rows, double m,
    const floating *theta, floating *gradient, double *loss,
) noexcept nogil:
    """A thread's part of a batch, block by block, up to the last one's deltas: their
    products are left to the caller. Returns whether they add to what is in
    `gradient`; thread 0 has the sum of the weighted losses."""
    cdef Py_ssize_t first = 0, i
    while True:
        point_at(layers, data, block, rows, first, min(capacity, n_rows - first), theta)
        i = cut(block.n_rows, part.thread, part.n_threads)
        block_rows(layers, data, block, theta, m, i,
                   cut(block.n_rows, part.thread + 1, part.n_threads))
        wait_for_others(part)
        if part.thread == 0:
            for i in range(block.n_rows):
                loss[0] += block.row_loss[i]
        if first + capacity >= n_rows:
            return first > 0
        block_gradient(part, layers, data, block, gradient, first > 0)
        first += capacity
        wait_for_others(part)


cdef void block_rows(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    double m, Py_ssize_t start, Py_ssize_t stop,
) noexcept nogil:
    """Rows of a block, there and back."""
    if start < stop:
        load_rows(layers, data, block, theta, start, stop)
        forward_rows(layers, data, block, theta, start, stop)
        backward_rows(layers, data, block, theta, m, start, stop)


cdef void block_gradient(
    Part part, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate,
) noexcept nogil:
    """A thread's part of a block's gradient."""
    cdef Py_ssize_t begin, end
    cdef int layer, first_dense = 0
    if data.dense == NULL:
        sparse_part(part, layers, data, block, gradient, accumulate)
        first_dense = 1
    for layer in range(first_dense, layers.n_layers):
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
        coef_gradient(
            layers, block, layer, begin, end, accumulate,
            gradient + layers.coef_starts[layer] + begin * layers.sizes[layer + 1],
        )
    intercepts_part(part, layers, block, gradient, accumulate)


cdef void sparse_part(
    Part part, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate,
) noexcept nogil:
    """A thread's columns of the first layer's gradient."""
    sparse_coef_gradient(
        layers, data, block, gradient, accumulate,
        cut(layers.sizes[1], part.thread, part.n_threads),
        cut(layers.sizes[1], part.thread + 1, part.n_threads),
    )


cdef void intercepts_part(
    Part part, const Layers *layers, const Block *block, floating *gradient,
    bint accumulate,
) noexcept nogil:
    """The biases' gradient, which is the last thread's: thread 0 sums losses."""
    cdef int layer
    if part.thread == part.n_threads - 1:
        for layer in range(layers.n_layers):
            intercept_gradient(layers, block, layer, gradient, accumulate)


cdef void update_part(
    Part part, const Layers *layers, const Data *data, const Block *block,
    const update_rule *rule, floating *theta, floating *gradient, bint accumulate,
    floating *state_0, floating *state_1,
) noexcept nogil:
    """A thread's part of the last block's gradient and of the step.

    Weights are taken by groups of rows, each as soon as its gradient is there. Where a
    gradient is needed no longer than that, all the groups of a layer have theirs in the
    same place, which stays in the cache.
    """
    cdef Py_ssize_t begin, end, start, stop, n_units, offset
    cdef int layer
    cdef double *square_sums = block.square_sums
    cdef double ignored
    cdef bint is_sparse = data.dense == NULL
    cdef floating *target
    cdef update_rule without_decay = rule[0]
    if is_sparse:
        sparse_part(part, layers, data, block, gradient, accumulate)
        wait_for_others(part)
    for layer in range(layers.n_layers):
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
        target = gradient + layers.coef_starts[layer] + begin * n_units
        start = begin
        while start < end:
            stop = min(start + GROUP_ROWS, end)
            offset = layers.coef_starts[layer] + start * n_units
            if accumulate or (is_sparse and layer == 0):
                target = gradient + offset
            if not (is_sparse and layer == 0):
                coef_gradient(layers, block, layer, start, stop, accumulate, target)
            update(rule, theta + offset, target, state_0 + offset, state_1 + offset,
                   (stop - start) * n_units, TILE_ROWS * n_units,
                   square_sums + start // TILE_ROWS)
            start = stop
        square_sums += n_tiles(layers.sizes[layer])
    intercepts_part(part, layers, block, gradient, accumulate)
    if part.thread == part.n_threads - 1:
        without_decay.decay = 0
        offset = layers.n_coefs
        n_units = layers.n_parameters - offset
        update(&without_decay, theta + offset, gradient + offset, state_0 + offset,
               state_1 + offset, n_units, n_units, &ignored)


cdef double penalty(
    const Layers *layers, const Block *block, double decay
) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    if decay > 0:
        for i in range(layers.n_tiles):
            total += block.square_sums[i]
    return 0.5 * decay * total


cdef double correction(const update_rule *rule, long n_steps) noexcept nogil:
    """Adam's bias corrections, as one factor of the learning rate."""
    if rule.kind != ADAM:
        return 1
    return sqrt(1 - pow(rule.settings[1], n_steps)) / (
        1 - pow(rule.settings[0], n_steps)
    )
