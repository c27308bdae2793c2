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
from libc.string cimport memcpy, memset

from ._kernels cimport (
    ADAM, add_scaled, flush_denormals, optimizer as optimizer_kind, penalize,
    restore_denormals, update, update_rule,
)
from ._layers cimport (
    backward_rows, coef_gradient, forward_rows, intercept_gradient, load_rows,
    point_at, sparse_coef_gradient,
)
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace, address,
    n_tiles,
)
from ._threads cimport (
    find_place, max_threads, meet, meeting_point, team_size, thread_number,
)

import numpy as np

from ._structs import OPTIMIZER_CODES

# A block's outputs and deltas should stay in the second-level cache.
BLOCK_ROWS = 512

# Rows of a gradient that are made at a time and then used for the step, while they are
# still in the cache.
cdef Py_ssize_t GROUP_ROWS = 128


cdef struct Part:
    # One of the threads, how many there are, and where they meet.
    int thread
    int n_threads
    meeting_point *point


cdef struct Sums:
    double loss
    double penalty


cdef struct Job:
    # What stays the same from batch to batch; void stands for the computing type. There
    # is a block for each shard, and a gradient, one after the other.
    const Layers *layers
    const Data *data
    Block *blocks
    int n_shards
    Py_ssize_t capacity
    const void *theta
    void *gradient


cdef struct Training:
    # What a step needs beside its gradient. penalty_size 0 is the batch's own.
    Py_ssize_t batch_size
    double alpha
    double mean_weight
    double penalty_size
    update_rule rule
    void *theta
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
    cdef meeting_point point
    memset(&point, 0, sizeof(point))
    if rows is not None:
        row_numbers = &rows[0]
    with nogil, parallel(num_threads=n_threads):
        forward_part(
            join(&point), &compiled.layers, &training_set.data, workspace.blocks[0],
            workspace.capacity, &theta[0], row_numbers, n_rows, &raw[0, 0],
        )


def loss_and_gradient(
    CompiledNetwork compiled, const floating[::1] theta, TrainingSet training_set,
    Py_ssize_t n_rows, double m, double decay, int n_shards, int n_threads,
):
    """Both terms of the objective over the first n_rows rows, and the gradient."""
    cdef Workspace workspace = Workspace(
        compiled, training_set, capacity_for(n_rows, n_shards), sizeof(floating),
        n_shards,
    )
    dtype = np.float32 if floating is float else np.float64
    gradients = np.empty((n_shards, theta.shape[0]), dtype)
    cdef floating[:, ::1] gradient = gradients
    cdef Sums sums = Sums(0, 0)
    cdef meeting_point point
    cdef Job job
    memset(&point, 0, sizeof(point))
    job.layers = &compiled.layers
    job.data = &training_set.data
    job.blocks = workspace.blocks
    job.n_shards = n_shards
    job.capacity = workspace.capacity
    job.theta = &theta[0]
    job.gradient = &gradient[0, 0]
    with nogil, parallel(num_threads=n_threads):
        gradient_part(join(&point), &job, n_rows, m, decay, &gradient[0, 0], &sums)
    return sums.loss / m, sums.penalty, gradients[0]


def capacity_for(n_rows, n_shards):
    """The rows that a shard of a batch takes through the network at a time."""
    return min(BLOCK_ROWS, TILE_ROWS * -(-n_rows // (TILE_ROWS * n_shards)))


cdef class Steps:
    """Steps of training, with all that they need in place between two calls."""

    cdef Job job
    cdef Training training
    cdef bint is_float
    cdef tuple owners

    def __init__(
        self, CompiledNetwork compiled, theta, TrainingSet training_set, objective,
        Py_ssize_t batch_size, optimizer, int n_shards,
    ):
        cdef Job *job = &self.job
        cdef Training *training = &self.training
        cdef Workspace workspace = Workspace(
            compiled, training_set, capacity_for(batch_size, n_shards), theta.itemsize,
            n_shards,
        )
        gradients = np.empty((n_shards, len(theta)), dtype=theta.dtype)
        self.is_float = theta.dtype == np.float32
        self.owners = (compiled, theta, training_set, workspace, gradients, optimizer)
        job.layers = &compiled.layers
        job.data = &training_set.data
        job.blocks = workspace.blocks
        job.n_shards = n_shards
        job.capacity = workspace.capacity
        job.theta = address(theta)
        job.gradient = address(gradients, writable=True)

        training.batch_size = batch_size
        training.alpha = objective.alpha
        training.mean_weight = objective.mean_weight
        training.penalty_size = objective.penalty_size or 0.0
        training.rule.kind = <optimizer_kind> (<int> OPTIMIZER_CODES[optimizer.name])
        for i, setting in enumerate(optimizer.settings):
            training.rule.settings[i] = setting
        training.theta = address(theta, writable=True)
        training.state_0 = address(optimizer.state[0], writable=True)
        last = optimizer.state[len(optimizer.state) - 1]
        training.state_1 = address(last, writable=True)

    def run(
        self, const int64_t[::1] order, const double[::1] learning_rates,
        long n_steps_before, int n_threads,
    ):
        """All the steps of one slice of an epoch."""
        cdef Sums sums = Sums(0, 0)
        cdef meeting_point point
        memset(&point, 0, sizeof(point))
        if order.shape[0] > 0:
            with nogil:
                if n_threads == 1:  # saves the time it takes to call threads together
                    self.run_part(
                        Part(0, 1, NULL), order, learning_rates, n_steps_before, &sums
                    )
                else:
                    with parallel(num_threads=n_threads):
                        self.run_part(
                            join(&point), order, learning_rates,
                            n_steps_before, &sums,
                        )
        return sums.loss, sums.penalty

    cdef void run_part(
        self, Part part, const int64_t[::1] order, const double[::1] learning_rates,
        long n_steps_before, Sums *sums,
    ) noexcept nogil:
        if self.is_float:
            train_part(
                part, &self.job, &self.training, <float *> self.training.theta,
                &order[0], order.shape[0], &learning_rates[0], learning_rates.shape[0],
                n_steps_before, sums,
            )
        else:
            train_part(
                part, &self.job, &self.training, <double *> self.training.theta,
                &order[0], order.shape[0], &learning_rates[0], learning_rates.shape[0],
                n_steps_before, sums,
            )


cdef Part join(meeting_point *point) noexcept nogil:
    """The part of the thread that calls."""
    if team_size() > 1:
        find_place(point)
    return Part(thread_number(), team_size(), point)


cdef inline void wait_for_others(Part part) noexcept nogil:
    if part.n_threads > 1:
        meet(part.point, part.n_threads)


cdef inline Py_ssize_t cut(Py_ssize_t n, int piece, int n_pieces) noexcept nogil:
    """Where a piece of n things begins: between tiles."""
    return min(n, n_tiles(n) * piece // n_pieces * TILE_ROWS)


cdef void forward_part(
    Part part, const Layers *layers, const Data *data, Block block,
    Py_ssize_t capacity, const floating *theta, const int64_t *rows, Py_ssize_t n_rows,
    floating *raw,
) noexcept nogil:
    """A thread's part of every block of rows. It keeps to its own part of the
    workspace, so nobody has to wait before the end."""
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
    wait_for_others(part)


cdef void train_part(
    Part part, const Job *job, const Training *training, floating *theta,
    const int64_t *order, Py_ssize_t n_rows, const double *learning_rates,
    Py_ssize_t n_steps, long n_steps_before, Sums *sums,
) noexcept nogil:
    """A thread's part of every step."""
    cdef update_rule rule = training.rule
    cdef unsigned denormals = flush_denormals()
    cdef Block block = job.blocks[0]
    cdef Py_ssize_t step, n
    cdef double m
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
        accumulate = batch_part(
            part, job, &block, order + step * training.batch_size, n, m, theta
        )
        if part.thread == 0:  # while nobody is at the next batch
            sums.loss += n / m * batch_loss(job, &block)
        update_part(
            part, job, &block, &rule, accumulate, theta,
            <floating *> training.state_0, <floating *> training.state_1,
        )
        wait_for_others(part)
        if part.thread == 0:
            sums.penalty += n * penalty(job.layers, &block, rule.decay)
    restore_denormals(denormals)


cdef void gradient_part(
    Part part, const Job *job, Py_ssize_t n_rows, double m, double decay,
    floating *gradient, Sums *sums,
) noexcept nogil:
    """A thread's part of the objective over the first rows, and of its gradient."""
    cdef const Layers *layers = job.layers
    cdef Block block = job.blocks[0]
    cdef const floating *theta = <const floating *> job.theta
    cdef double *square_sums = block.square_sums
    cdef Py_ssize_t begin, end, offset, n_units
    cdef bint accumulate
    cdef int layer
    accumulate = batch_part(part, job, &block, NULL, n_rows, m, theta)
    if job.n_shards == 1:
        block_gradient(part, layers, job.data, &block, gradient, accumulate)
        wait_for_others(part)
    for layer in range(layers.n_layers):
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
        offset = layers.coef_starts[layer] + begin * n_units
        add_shards(job, gradient, offset, (end - begin) * n_units)
        penalize(decay, theta + offset, gradient + offset, (end - begin) * n_units,
                 TILE_ROWS * n_units, square_sums + begin // TILE_ROWS)
        square_sums += n_tiles(layers.sizes[layer])
    if part.thread == 0:
        add_shards(job, gradient, layers.n_coefs,
                   layers.n_parameters - layers.n_coefs)
    wait_for_others(part)
    if part.thread == 0:
        sums.loss = batch_loss(job, &block)
        sums.penalty = penalty(layers, &block, decay)


cdef bint batch_part(
    Part part, const Job *job, Block *block, const int64_t *rows, Py_ssize_t n_rows,
    double m, const floating *theta,
) noexcept nogil:
    """A thread's part of the way through the network, there and back.

    A single shard is the work of all threads, and the products for the last block's
    gradient are left to the caller; returns whether they add to what is there. Of
    several shards each is the work of one thread, and has its own gradient.
    """
    cdef floating *gradient = <floating *> job.gradient
    cdef Part alone = Part(0, 1, NULL)
    cdef int shard
    cdef Py_ssize_t begin, end
    cdef bint accumulate = False
    if job.n_shards == 1:
        return blocks_part(part, job, block, rows, 0, n_rows, m, theta, gradient)
    for shard in range(part.thread * job.n_shards // part.n_threads,
                       (part.thread + 1) * job.n_shards // part.n_threads):
        begin = cut(n_rows, shard, job.n_shards)
        end = cut(n_rows, shard + 1, job.n_shards)
        gradient = <floating *> job.gradient + shard * job.layers.n_parameters
        if begin < end:
            accumulate = blocks_part(alone, job, &job.blocks[shard], rows, begin, end,
                                     m, theta, gradient)
            block_gradient(alone, job.layers, job.data, &job.blocks[shard], gradient,
                           accumulate)
        else:
            job.blocks[shard].loss = 0
            memset(gradient, 0, job.layers.n_parameters * sizeof(floating))
    wait_for_others(part)
    return False


cdef bint blocks_part(
    Part part, const Job *job, Block *block, const int64_t *rows, Py_ssize_t first,
    Py_ssize_t stop, double m, const floating *theta, floating *gradient,
) noexcept nogil:
    """A thread's part of rows first to stop, block by block, but for the products of
    the last one. Returns whether they add to what is in `gradient`; thread 0 has the
    sum of the weighted losses."""
    cdef bint accumulate = False
    cdef Py_ssize_t begin, end, i
    block.loss = 0
    while True:
        point_at(job.layers, job.data, block, rows, first,
                 min(job.capacity, stop - first), theta)
        begin = cut(block.n_rows, part.thread, part.n_threads)
        end = cut(block.n_rows, part.thread + 1, part.n_threads)
        if begin < end:
            load_rows(job.layers, job.data, block, theta, begin, end)
            forward_rows(job.layers, job.data, block, theta, begin, end)
            backward_rows(job.layers, job.data, block, theta, m, begin, end)
        wait_for_others(part)
        if part.thread == 0:
            for i in range(block.n_rows):
                block.loss += block.row_loss[i]
        first += job.capacity
        if first >= stop:
            return accumulate
        block_gradient(part, job.layers, job.data, block, gradient, accumulate)
        wait_for_others(part)
        accumulate = True


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
    if part.thread == 0:
        intercepts_gradient(layers, block, gradient, accumulate)


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


cdef void intercepts_gradient(
    const Layers *layers, const Block *block, floating *gradient, bint accumulate
) noexcept nogil:
    cdef int layer
    for layer in range(layers.n_layers):
        intercept_gradient(layers, block, layer, gradient, accumulate)


cdef void add_shards(
    const Job *job, floating *gradient, Py_ssize_t offset, Py_ssize_t n
) noexcept nogil:
    """Sum a piece of the shards' gradients, in their order, into the first one's."""
    cdef int shard
    for shard in range(1, job.n_shards):
        add_scaled(<floating> 1, gradient + shard * job.layers.n_parameters + offset,
                   gradient + offset, n)


cdef void update_part(
    Part part, const Job *job, const Block *block, const update_rule *rule,
    bint accumulate, floating *theta, floating *state_0, floating *state_1,
) noexcept nogil:
    """A thread's part of the step, and of what is missing of its gradient.

    Weights are taken by groups of rows, each as soon as its gradient is there. Where a
    gradient is needed no longer than that, all the groups of a layer have theirs in the
    same place, which stays in the cache.
    """
    cdef const Layers *layers = job.layers
    cdef Py_ssize_t begin, end, start, stop, n_units, offset
    cdef floating *gradient = <floating *> job.gradient
    cdef floating *target
    cdef double *square_sums = block.square_sums
    cdef double ignored
    cdef bint is_sparse = job.data.dense == NULL, is_there
    cdef int layer
    cdef update_rule without_decay = rule[0]
    if is_sparse and job.n_shards == 1:
        sparse_part(part, layers, job.data, block, gradient, accumulate)
        wait_for_others(part)
    for layer in range(layers.n_layers):
        is_there = job.n_shards > 1 or (is_sparse and layer == 0)
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], part.thread, part.n_threads)
        end = cut(layers.sizes[layer], part.thread + 1, part.n_threads)
        target = gradient + layers.coef_starts[layer] + begin * n_units
        start = begin
        while start < end:
            stop = min(start + GROUP_ROWS, end)
            offset = layers.coef_starts[layer] + start * n_units
            if accumulate or is_there:
                target = gradient + offset
            if is_there:
                add_shards(job, gradient, offset, (stop - start) * n_units)
            else:
                coef_gradient(layers, block, layer, start, stop, accumulate, target)
            update(rule, theta + offset, target, state_0 + offset, state_1 + offset,
                   (stop - start) * n_units, TILE_ROWS * n_units,
                   square_sums + start // TILE_ROWS)
            start = stop
        square_sums += n_tiles(layers.sizes[layer])
    if part.thread == 0:
        without_decay.decay = 0
        offset = layers.n_coefs
        n_units = layers.n_parameters - offset
        if job.n_shards == 1:
            intercepts_gradient(layers, block, gradient, accumulate)
        add_shards(job, gradient, offset, n_units)
        update(&without_decay, theta + offset, gradient + offset, state_0 + offset,
               state_1 + offset, n_units, n_units, &ignored)


cdef double batch_loss(const Job *job, const Block *block) noexcept nogil:
    """The sum of the weighted losses, for thread 0."""
    cdef double total = 0
    cdef int shard
    if job.n_shards == 1:
        return block.loss
    for shard in range(job.n_shards):
        total += job.blocks[shard].loss
    return total


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
