from cython cimport floating
from libc.stdint cimport int64_t

from ._interrupts cimport is_interrupted, watchman
from ._structs cimport TILE_ROWS, Block, Data, Dropout, Layers, n_tiles
from ._team cimport meet, meeting_point


cdef enum:
    # Their outputs and deltas should stay in the second-level cache.
    ROWS_AT_A_TIME = 512


cdef struct Worker:
    # The number of this thread, how many there are, where they meet, and who looks out
    # for an interruption.
    int thread
    int n_threads
    meeting_point *point
    watchman *watch


cdef struct Job:
    # What stays the same from batch to batch; void stands for the computing type. Each
    # shard has a block, a sum of weighted losses and a gradient; those of all shards
    # are stored one after the other.
    const Layers *layers
    const Data *data
    Block *blocks
    int n_shards
    Py_ssize_t capacity
    double *losses
    void *gradient


cdef inline void wait_for_others(Worker worker) noexcept nogil:
    if worker.n_threads > 1:
        meet(worker.point, worker.n_threads, worker.watch)
    else:
        worker.watch.is_told = is_interrupted(worker.watch, 0)


cdef inline Py_ssize_t share(Py_ssize_t n, int thread, int n_threads) noexcept nogil:
    """Where a thread's share of n things begins. Nobody has more than thread 0: if it
    waits for long, another one is not running, see team.h."""
    return (n * thread + n_threads - 1) // n_threads


cdef inline Py_ssize_t begin_of(Worker worker, Py_ssize_t n) noexcept nogil:
    """Where a worker's part of n rows of weights begins: between tiles."""
    return min(n, share(n_tiles(n), worker.thread, worker.n_threads) * TILE_ROWS)


cdef inline Py_ssize_t end_of(Worker worker, Py_ssize_t n) noexcept nogil:
    return min(n, share(n_tiles(n), worker.thread + 1, worker.n_threads) * TILE_ROWS)


cdef class BatchWork:
    cdef Job job
    cdef Dropout dropout
    cdef tuple owners
    cdef readonly object gradient
    cdef readonly Py_ssize_t n_parts


cdef Worker join(meeting_point *point) noexcept nogil
cdef bint batch_part(
    Worker worker, const Job *job, Block *block, const int64_t *rows, Py_ssize_t n_rows,
    double m, const floating *theta
) noexcept nogil
cdef void whole_gradient(
    Worker worker, const Job *job, const Block *block, bint accumulate, double decay,
    const floating *theta
) noexcept nogil
cdef void block_gradient(
    Worker worker, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate
) noexcept nogil
cdef void sparse_part(
    Worker worker, const Layers *layers, const Data *data, const Block *block,
    floating *gradient, bint accumulate
) noexcept nogil
cdef void intercepts_gradient(
    const Layers *layers, const Block *block, floating *gradient, bint accumulate
) noexcept nogil
cdef void add_shards(
    const Job *job, floating *gradient, Py_ssize_t offset, Py_ssize_t n
) noexcept nogil
cdef double batch_loss(const Job *job) noexcept nogil
cdef double penalty(
    const Layers *layers, const Block *block, double decay
) noexcept nogil
cdef double gradient_norm(const Layers *layers, const Block *block) noexcept nogil
