"""What the compiled engine works on: plain structs, and the objects that own them."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from ._gemm cimport packing_room
from ._interrupts cimport watchman
from ._tables cimport MOST_SETTINGS, activation, loss, square_sums


cdef enum:
    # Rows of a weight matrix that are never split between threads, and rows of a batch
    # that are never split between shards, to suit the products.
    TILE_ROWS = 8


cdef struct Layers:
    # A network. Layer l has weights (sizes[l], sizes[l + 1]) from coef_starts[l] on
    # in theta, and biases from intercept_starts[l] on.
    int n_layers
    loss loss_kind
    double loss_settings[MOST_SETTINGS]
    Py_ssize_t n_targets
    Py_ssize_t n_coefs
    Py_ssize_t n_tiles
    Py_ssize_t n_parameters
    Py_ssize_t *sizes
    Py_ssize_t *coef_starts
    Py_ssize_t *intercept_starts
    activation *activations


cdef struct Data:
    # The training set; void stands for the computing type. X is either dense or the
    # three arrays of a CSR matrix. weight is NULL without weights, and y in prediction.
    const void *dense
    const void *values
    const int32_t *columns
    const int64_t *row_starts
    const void *y
    const void *weight


cdef struct Dropout:
    # For each hidden layer, how many of 2^32 numbers drop a unit, and the factor of the
    # units that stay; NULL if no layer has dropout. `key` differs from step to step.
    const uint64_t *thresholds
    const double *factors
    uint64_t key


cdef struct Block:
    # n_rows rows of the data on their way through the network: those that `rows` lists
    # or, if it is NULL, consecutive ones from `first` on.
    # inputs, (n_rows, sizes[0]), are the rows of X, gathered or in place; outputs[l],
    # (n_rows, sizes[l]), for l > 0, are the outputs of layer l - 1; deltas[l], (n_rows,
    # sizes[l + 1]), is the derivative of the loss with respect to the net input of
    # layer l. outputs[n_layers] holds the raw outputs and then, as
    # deltas[n_layers - 1], the derivative with respect to them. slopes[l], shaped like
    # outputs[l + 1], is the derivative of these if it does not follow from the outputs
    # alone, otherwise NULL. Squares of weights and of their gradient are summed for
    # each TILE_ROWS rows, those of biases at the end; `unused` has the same length.
    # `room` is that of the thread whose block it is; `watch` is NULL where there is
    # too little work to look up from.
    Py_ssize_t n_rows
    Py_ssize_t first
    const int64_t *rows
    const void *inputs
    void *gathered
    void **outputs
    void **deltas
    void **slopes
    char *has_slope
    void *y
    void *weight
    double *row_loss
    square_sums *sums
    square_sums *unused
    Dropout dropout
    packing_room *room
    watchman *watch


cdef inline Py_ssize_t n_tiles(Py_ssize_t n_rows) noexcept nogil:
    return (n_rows + TILE_ROWS - 1) // TILE_ROWS


cdef void *address(array, bint writable=*) except? NULL


cdef class CompiledNetwork:
    cdef Layers layers
    cdef readonly object network


cdef class TrainingSet:
    cdef Data data
    cdef tuple arrays


cdef class Workspace:
    cdef Block *blocks
    cdef readonly int n_blocks
    cdef readonly Py_ssize_t capacity
    cdef void *memory
