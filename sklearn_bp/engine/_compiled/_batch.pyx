"""A batch on its way through the network and back, by several threads.

All threads run the same function side by side. A single shard is shared: each thread
does its part of a block's rows, or of the units of wide layers, waits for the others,
and does its part of the gradient. Of several shards, each is the work of one thread and
has its own gradient. No number depends on where the parts are cut, and shards are
summed in order, so the result is the same to the last bit for any number of threads.

An interruption makes each of them leave out the products that are still to come. They
end together, at a meeting, so that none is waited for in vain.
"""

from cython cimport floating
from libc.math cimport isinf, ldexp, sqrt
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from ._interrupts cimport is_interrupted
from ._kernels cimport add_scaled, penalize
from ._layers cimport (
    Part, backward_layer, backward_rows, clear_coef_gradient, coef_gradient,
    forward_layer, forward_rows, intercept_gradient, load_rows, output_rows, point_at,
    sparse_coef_gradient,
)
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace, address,
    n_tiles,
)
from ._tables cimport GRADIENT_EXPONENT, square_sums
from ._team cimport find_place, meeting_point, team_size, thread_number

import numpy as np


# A product of more rows would be long underway before it notices an interruption.
cdef Py_ssize_t MOST_PRODUCT_ROWS = 4096

# What makes a layer so wide that threads take units of it, in pieces of whole cache
# lines, and not rows.
cdef Py_ssize_t MORE_UNITS_THAN_ROWS = 4
cdef Py_ssize_t FEWEST_UNITS = 128
cdef Py_ssize_t PIECE_UNITS = 16
cdef Py_ssize_t MANY_WEIGHTS = 200_000


cdef class BatchWork:
    """A `Job`, with room for batches of at most n_rows rows.

    `n_parts` is into how many parts its work can be cut."""

    def __init__(
        self, CompiledNetwork compiled, theta, TrainingSet training_set,
        Py_ssize_t n_rows, int n_shards, dropout=None,
    ):
        cdef Job *job = &self.job
        cdef Workspace workspace
        # the rows of a shard that go through the network at a time
        cdef Py_ssize_t capacity = (n_rows + n_shards - 1) // n_shards
        capacity = min(ROWS_AT_A_TIME, n_tiles(capacity) * TILE_ROWS)
        workspace = Workspace(
            compiled, training_set, capacity, theta.itemsize, n_shards,
            None if dropout is None else dropout.rates,
        )
        gradients = np.empty((n_shards, len(theta)), dtype=theta.dtype)
        losses = np.empty(n_shards)
        self.gradient = gradients[0]  # in the end, the sum over the shards
        self.owners = (compiled, theta, training_set, workspace, gradients, losses)
        if dropout is not None:
            thresholds, factors = dropout.thresholds, dropout.factors
            self.owners += (thresholds, factors)
            self.dropout.thresholds = <const uint64_t *> address(thresholds)
            self.dropout.factors = <const double *> address(factors)
        self.n_parts = n_shards
        if n_shards == 1:  # the rows of the batch, and those of each layer's weights
            sizes = compiled.network.layer_sizes
            self.n_parts = n_tiles(max(capacity, *sizes[:len(sizes) - 1]))
        job.layers = &compiled.layers
        job.data = &training_set.data
        job.blocks = workspace.blocks
        job.n_shards = n_shards
        job.capacity = capacity
        job.losses = <double *> address(losses, writable=True)
        job.gradient = address(gradients, writable=True)


cdef Worker join(meeting_point *point) noexcept nogil:
    """The calling thread, as one of the workers."""
    if team_size() > 1:
        find_place(point)
    return Worker(thread_number(), team_size(), point, NULL)


cdef bint batch_part(
    Worker worker, const Job *job, Block *block, const int64_t *rows, Py_ssize_t n_rows,
    double m, const floating *theta,
) noexcept nogil:
    """A thread's part of the way through the network, there and back.

    A single shard is the work of all threads, and the products for the last block's
    gradient are left to the caller; returns whether they add to the existing gradient.
    Of several shards, each is the work of one thread and has its own gradient.
    """
    cdef floating *gradient = <floating *> job.gradient
    cdef Worker alone = Worker(0, 1, NULL, worker.watch)
    cdef Block own
    cdef int shard
    cdef Py_ssize_t begin, end
    cdef bint accumulate = False
    if job.n_shards == 1:
        return blocks_part(worker, job, block, rows, 0, n_rows, m, theta, gradient,
                           job.losses)
    for shard in range(share(job.n_shards, worker.thread, worker.n_threads),
                       share(job.n_shards, worker.thread + 1, worker.n_threads)):
        begin = shard_start(job, n_rows, shard)
        end = shard_start(job, n_rows, shard + 1)
        gradient = <floating *> job.gradient + shard * job.layers.n_parameters
        if is_interrupted(block.watch, 0):
            break
        if begin < end:
            own = job.blocks[worker.thread]  # which is still in its cache
            own.dropout = block.dropout
            own.room = block.room
            own.watch = block.watch
            accumulate = blocks_part(alone, job, &own, rows, begin, end, m, theta,
                                     gradient, &job.losses[shard])
            block_gradient(alone, job.layers, job.data, &own, gradient, accumulate)
        else:
            job.losses[shard] = 0
            memset(gradient, 0, job.layers.n_parameters * sizeof(floating))
    wait_for_others(worker)
    return False


cdef inline Py_ssize_t shard_start(
    const Job *job, Py_ssize_t n_rows, int shard
) noexcept nogil:
    """Where a shard of the rows begins: between tiles, whatever the threads are."""
    return min(n_rows, n_tiles(n_rows) * shard // job.n_shards * TILE_ROWS)


cdef bint blocks_part(
    Worker worker, const Job *job, Block *block, const int64_t *rows, Py_ssize_t first,
    Py_ssize_t stop, double m, const floating *theta, floating *gradient, double *loss,
) noexcept nogil:
    """A thread's part of rows first to stop, block by block, except for the products of
    the last block. Returns whether these add to what is in `gradient`; thread 0 sets
    the sum of the weighted losses. After an interruption, neither is of use."""
    cdef bint accumulate = False
    cdef double total = 0
    cdef Py_ssize_t begin, end, i
    while True:
        point_at(job.layers, job.data, block, rows, first,
                 min(job.capacity, stop - first), theta)
        begin = share(block.n_rows, worker.thread, worker.n_threads)
        end = share(block.n_rows, worker.thread + 1, worker.n_threads)
        if has_wide_layer(worker, job.layers, block.n_rows):
            layers_part(worker, job, block, m, theta, begin, end)
        elif begin < end:
            load_rows(job.layers, job.data, block, theta, begin, end)
            forward_rows(job.layers, job.data, block, theta, begin, end)
            backward_rows(job.layers, job.data, block, theta, m, begin, end)
        wait_for_others(worker)
        if worker.thread == 0:
            for i in range(block.n_rows):
                total += block.row_loss[i]
            loss[0] = total
        first += job.capacity
        if first >= stop or worker.watch.is_told:
            return accumulate
        block_gradient(worker, job.layers, job.data, block, gradient, accumulate)
        wait_for_others(worker)
        accumulate = True


cdef bint has_wide_layer(
    Worker worker, const Layers *layers, Py_ssize_t n_rows
) noexcept nogil:
    """Whether a hidden layer is best cut by its units, and has enough weights for more
    meetings."""
    cdef Py_ssize_t n_units, n_weights
    cdef int layer
    for layer in range(1, layers.n_layers):
        n_units = layers.sizes[layer]
        n_weights = n_units * (layers.sizes[layer - 1] + layers.sizes[layer + 1])
        if n_weights >= MANY_WEIGHTS and is_wide(worker, n_units, n_rows):
            return True
    return False


cdef inline bint is_wide(
    Worker worker, Py_ssize_t n_units, Py_ssize_t n_rows
) noexcept nogil:
    """Whether threads take units of a layer, and not rows. Each then reads a part of
    the weights and all outputs of the layer before, which the others have written: that
    pays where the weights are by far more."""
    return (
        worker.n_threads > 1
        and n_units >= MORE_UNITS_THAN_ROWS * n_rows
        and n_units >= FEWEST_UNITS * worker.n_threads
    )


cdef void layers_part(
    Worker worker, const Job *job, Block *block, double m, const floating *theta,
    Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """A thread's part of a block's way through the network and back, layer by layer:
    its units of a wide layer, and its rows, from `begin` to `end`, of all else."""
    cdef const Layers *layers = job.layers
    cdef int layer
    load_rows(layers, job.data, block, theta, begin, end)
    wait_for_others(worker)
    for layer in range(layers.n_layers):
        forward_layer(
            layers, job.data, block, theta, layer,
            part_of(worker, layers.sizes[layer + 1], block.n_rows,
                    layer > 0 or job.data.dense != NULL),
        )
        wait_for_others(worker)
    output_rows(layers, job.data, block, theta, m, begin, end)
    for layer in range(layers.n_layers - 1, 0, -1):
        wait_for_others(worker)
        backward_layer(layers, block, theta, layer,
                       part_of(worker, layers.sizes[layer], block.n_rows, True))


cdef Part part_of(
    Worker worker, Py_ssize_t n_units, Py_ssize_t n_rows, bint is_dense
) noexcept nogil:
    """A thread's part of the outputs of a layer with so many units."""
    cdef int thread = worker.thread, n_threads = worker.n_threads
    cdef Py_ssize_t n_pieces = (n_units + PIECE_UNITS - 1) // PIECE_UNITS
    if is_dense and is_wide(worker, n_units, n_rows):
        return Part(
            0, n_rows,
            min(n_units, share(n_pieces, thread, n_threads) * PIECE_UNITS),
            min(n_units, share(n_pieces, thread + 1, n_threads) * PIECE_UNITS),
        )
    return Part(share(n_rows, thread, n_threads), share(n_rows, thread + 1, n_threads),
                0, n_units)


cdef void whole_gradient(
    Worker worker, const Job *job, const Block *block, bint accumulate, double decay,
    const floating *theta,
) noexcept nogil:
    """A thread's part of the batch's gradient, after `batch_part`: what the last block
    adds, the sum over the shards, decay * theta, and squares for the norms."""
    cdef const Layers *layers = job.layers
    cdef floating *gradient = <floating *> job.gradient
    cdef square_sums *sums = block.sums
    cdef Py_ssize_t begin, end, offset, n_units
    cdef int layer
    if job.n_shards == 1:
        block_gradient(worker, layers, job.data, block, gradient, accumulate)
        wait_for_others(worker)
    for layer in range(layers.n_layers):
        n_units = layers.sizes[layer + 1]
        begin = begin_of(worker, layers.sizes[layer])
        end = end_of(worker, layers.sizes[layer])
        offset = layers.coef_starts[layer] + begin * n_units
        add_shards(job, gradient, offset, (end - begin) * n_units)
        penalize(decay, theta + offset, gradient + offset, (end - begin) * n_units,
                 TILE_ROWS * n_units, sums + begin // TILE_ROWS)
        sums += n_tiles(layers.sizes[layer])
    if worker.thread == 0:
        offset = layers.n_coefs
        n_units = layers.n_parameters - offset
        add_shards(job, gradient, offset, n_units)
        penalize(0, theta + offset, gradient + offset, n_units, n_units, sums)
    wait_for_others(worker)


cdef void block_gradient(
    Worker worker, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate,
) noexcept nogil:
    """A thread's part of a block's gradient."""
    cdef Py_ssize_t begin, end, stop
    cdef int layer, first_dense = 0
    if data.dense == NULL:
        sparse_part(worker, layers, data, block, gradient, accumulate)
        first_dense = 1
    for layer in range(first_dense, layers.n_layers):
        begin = begin_of(worker, layers.sizes[layer])
        end = end_of(worker, layers.sizes[layer])
        while begin < end:
            stop = min(begin + MOST_PRODUCT_ROWS, end)
            coef_gradient(
                layers, block, layer, begin, stop, accumulate,
                gradient + layers.coef_starts[layer] + begin * layers.sizes[layer + 1],
            )
            begin = stop
    if worker.thread == 0:
        intercepts_gradient(layers, block, gradient, accumulate)


cdef void sparse_part(
    Worker worker, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate,
) noexcept nogil:
    """A thread's part of the first layer's gradient: rows, which are set to zero, and
    then columns, since several rows of the data may add to the same row."""
    if not accumulate:
        clear_coef_gradient(
            layers, block, gradient,
            begin_of(worker, layers.sizes[0]),
            end_of(worker, layers.sizes[0]),
        )
        wait_for_others(worker)
    sparse_coef_gradient(
        layers, data, block, gradient,
        begin_of(worker, layers.sizes[1]),
        end_of(worker, layers.sizes[1]),
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


cdef double batch_loss(const Job *job) noexcept nogil:
    """The sum of the weighted losses, between the meeting after `batch_part` and the
    next one."""
    cdef double total = 0
    cdef int shard
    for shard in range(job.n_shards):
        total += job.losses[shard]
    return total


cdef double penalty(
    const Layers *layers, const Block *block, double decay
) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    if decay > 0:
        for i in range(layers.n_tiles):
            total += block.sums[i].weights
    return 0.5 * decay * total


cdef double gradient_norm(const Layers *layers, const Block *block) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(layers.n_tiles + 1):
        total += block.sums[i].gradient
    return scaled_norm(layers, block) if isinf(total) else sqrt(total)


cdef double scaled_norm(const Layers *layers, const Block *block) noexcept nogil:
    """The norm of a gradient whose squares overflow."""
    cdef const square_sums *sums = block.sums
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(layers.n_tiles + 1):
        if isinf(sums[i].gradient):
            total += sums[i].scaled_gradient
        else:
            total += ldexp(sums[i].gradient, 2 * GRADIENT_EXPONENT)
    return ldexp(sqrt(total), -GRADIENT_EXPONENT)
