"""Outputs and losses of one network or several, without the GIL and on several
threads."""

from cython cimport floating
from cython.parallel cimport parallel
from libc.stdint cimport int64_t
from libc.string cimport memset

from ._batch cimport Worker, join, share, wait_for_others
from ._calls cimport listen_for, raise_if_over
from ._gemm cimport leave, packing_room
from ._interrupts cimport interruption, is_interrupted, watchman
from ._kernels cimport flush_denormals, restore_denormals
from ._layers cimport forward_rows, load_rows, point_at, show_outputs
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace, n_tiles,
)
from ._team cimport begin_slice, lost_time, meeting_point

# Rows that a thread takes through a network at a time: their outputs should stay in the
# second-level cache, unless the weights, which are read for each block of rows, do not.
# And rows that all threads take together, to limit memory.
cdef Py_ssize_t FORWARD_ROWS = 128
cdef Py_ssize_t FORWARD_ROWS_OF_WIDE = 512
cdef Py_ssize_t WIDE_COEFS = 1_000_000
cdef Py_ssize_t MOST_FORWARD_ROWS = 2048

# What else is done with a row, counted as multiplications and additions.
cdef double OPERATIONS_PER_ROW = 1000


cdef struct Grid:
    # The work: every block of `capacity` rows with every network.
    const Layers *layers
    const Data *data
    Block *blocks  # one for each thread
    Py_ssize_t capacity
    Py_ssize_t n_blocks
    Py_ssize_t n_thetas
    const int64_t *rows  # or NULL: the first ones
    Py_ssize_t n_rows
    double *losses  # or NULL
    int64_t *winners  # or NULL


def forward_all(
    CompiledNetwork compiled, const floating[:, ::1] thetas, TrainingSet training_set,
    const int64_t[::1] rows, floating[:, :, ::1] raw, double[:, ::1] losses,
    int64_t[:, ::1] winners, int n_threads, double patience,
):
    """Write the raw outputs of the given rows, or of the first ones, for each of
    `thetas` into `raw`; and, unless these are None, the losses of the rows into
    `losses` and the numbers of the largest outputs into `winners`. Returns how many
    seconds were lost to other work on the processors, if more than `patience`."""
    cdef Grid grid = Grid(
        &compiled.layers, &training_set.data, NULL, 0, 0, thetas.shape[0], NULL,
        raw.shape[1], NULL, NULL,
    )
    cdef Workspace workspace
    cdef interruption shared
    cdef meeting_point point
    listen_for(&shared)
    memset(&point, 0, sizeof(point))
    begin_slice(&point, patience)
    divide_rows(&grid, n_threads)
    workspace = Workspace(
        compiled, training_set, grid.capacity, sizeof(floating), n_threads,
        derives=False,
    )
    grid.blocks = workspace.blocks
    if rows is not None:
        grid.rows = &rows[0]
    if losses is not None:
        grid.losses = &losses[0, 0]
    if winners is not None:
        grid.winners = &winners[0, 0]
    with nogil, parallel(num_threads=n_threads):
        forward_part(join(&point), &shared, &grid, &thetas[0, 0], &raw[0, 0, 0])
    raise_if_over(&shared)
    return lost_time(&point)


cdef void divide_rows(Grid *grid, int n_threads) noexcept:
    """Into blocks of equal size, as far as tiles allow, so that each thread gets the
    same share."""
    cdef Py_ssize_t most = max(TILE_ROWS, MOST_FORWARD_ROWS // n_threads)
    cdef bint is_wide = grid.layers.n_coefs >= WIDE_COEFS
    cdef Py_ssize_t rows = FORWARD_ROWS_OF_WIDE if is_wide else FORWARD_ROWS
    cdef Py_ssize_t n_blocks = (grid.n_rows - 1) // min(most, rows) + 1
    if grid.n_thetas % n_threads != 0:
        n_blocks = (n_blocks + n_threads - 1) // n_threads * n_threads
    grid.capacity = n_tiles((grid.n_rows + n_blocks - 1) // n_blocks) * TILE_ROWS
    grid.n_blocks = (grid.n_rows + grid.capacity - 1) // grid.capacity


cdef void forward_part(
    Worker worker, interruption *shared, const Grid *grid, const floating *thetas,
    floating *raw,
) noexcept nogil:
    """A thread's part of the grid, in a block of its own: no thread has to wait before
    the end. Rows are loaded once for all networks."""
    cdef const Layers *layers = grid.layers
    cdef Py_ssize_t n_outputs = layers.sizes[layers.n_layers]
    cdef Py_ssize_t size = grid.n_blocks * grid.n_thetas
    cdef Py_ssize_t cell = share(size, worker.thread, worker.n_threads)
    cdef Py_ssize_t end = share(size, worker.thread + 1, worker.n_threads)
    cdef Py_ssize_t first = -1, number, start
    cdef unsigned denormals = flush_denormals()
    cdef const floating *theta
    cdef Block block = grid.blocks[worker.thread]
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False, False)
    cdef packing_room room = packing_room(NULL)
    worker.watch = block.watch = &watch
    block.room = &room
    while cell < end and not is_interrupted(&watch, OPERATIONS_PER_ROW * grid.capacity):
        number = cell % grid.n_thetas
        theta = thetas + number * layers.n_parameters
        if first != cell // grid.n_thetas * grid.capacity:
            first = cell // grid.n_thetas * grid.capacity
            point_at(layers, grid.data, &block, grid.rows, first,
                     min(grid.capacity, grid.n_rows - first), theta)
            load_rows(layers, grid.data, &block, theta, 0, block.n_rows)
        forward_rows(layers, grid.data, &block, theta, 0, block.n_rows)
        start = number * grid.n_rows + first
        show_outputs(layers, &block, 0, block.n_rows, raw + start * n_outputs,
                     NULL if grid.losses == NULL else grid.losses + start,
                     NULL if grid.winners == NULL else grid.winners + start)
        cell += 1
    leave(&room)
    restore_denormals(denormals)
    wait_for_others(worker)
