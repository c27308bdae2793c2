"""What the compiled engine works on: plain structs, and the objects that own them."""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int32_t, int64_t, uintptr_t
from libc.stdlib cimport free, malloc

from ._tables cimport (
    activation_twins, identity_activation, loss_twins, needs_net_input,
    optimizer_twins, twin,
)

import numpy as np
from scipy.sparse import issparse


cdef dict twins_of(const twin *entry):
    """A table of tables.h, in the form that `check_twins` takes."""
    twins = {}
    while entry.name != NULL:
        twins[entry.name.decode()] = entry.n_settings, entry.n_arrays
        entry += 1
    return twins


TWINS = {
    "activation": twins_of(activation_twins),
    "loss": twins_of(loss_twins),
    "optimizer": twins_of(optimizer_twins),
}

# The numbers of the enums of tables.h.
CODES = {
    kind: {name: code for code, name in enumerate(twins)}
    for kind, twins in TWINS.items()
}


cdef class CompiledNetwork:
    """A `Network` as the struct `Layers`."""

    def __cinit__(self, network):
        cdef int n_layers = len(network.layer_sizes) - 1
        cdef Layers *layers = &self.layers
        cdef Py_ssize_t layer
        self.network = network
        layers.sizes = <Py_ssize_t *> PyMem_Calloc(n_layers + 1, sizeof(Py_ssize_t))
        layers.coef_starts = <Py_ssize_t *> PyMem_Calloc(n_layers, sizeof(Py_ssize_t))
        layers.intercept_starts = <Py_ssize_t *> PyMem_Calloc(
            n_layers, sizeof(Py_ssize_t)
        )
        layers.activations = <activation *> PyMem_Calloc(n_layers, sizeof(activation))
        if not (layers.sizes and layers.coef_starts and layers.intercept_starts
                and layers.activations):
            raise MemoryError()

        layers.n_layers = n_layers
        layers.loss_kind = <loss> (<int> CODES["loss"][network.loss.name])
        for i, setting in enumerate(network.loss.settings):
            layers.loss_settings[i] = setting
        layers.n_targets = network.loss.n_targets(network.n_outputs)
        layers.n_coefs = network.n_coefs
        layers.n_parameters = network.n_parameters
        for layer in range(n_layers + 1):
            layers.sizes[layer] = network.layer_sizes[layer]
        for layer, name in enumerate(network.activations):
            layers.activations[layer] = <activation> (<int> CODES["activation"][name])
        layers.activations[n_layers - 1] = identity_activation
        cdef Py_ssize_t coef_start = 0, intercept_start = network.n_coefs
        for layer in range(n_layers):
            layers.coef_starts[layer] = coef_start
            layers.intercept_starts[layer] = intercept_start
            coef_start += layers.sizes[layer] * layers.sizes[layer + 1]
            layers.n_tiles += n_tiles(layers.sizes[layer])
            intercept_start += layers.sizes[layer + 1]

    def __dealloc__(self):
        PyMem_Free(self.layers.sizes)
        PyMem_Free(self.layers.coef_starts)
        PyMem_Free(self.layers.intercept_starts)
        PyMem_Free(self.layers.activations)


cdef class TrainingSet:
    """Pointers into the user's X, y and weights, and the arrays that own the memory."""

    def __cinit__(self, X, y=None, sample_weight=None):
        if issparse(X):
            # scikit-learn allows both index widths; at most one array is copied.
            if X.shape[1] > np.iinfo(np.int32).max:
                raise ValueError(f"X has {X.shape[1]} features, more than 2^31 - 1.")
            values = np.ascontiguousarray(X.data)
            columns = np.ascontiguousarray(X.indices, dtype=np.int32)
            row_starts = np.ascontiguousarray(X.indptr, dtype=np.int64)
            self.data.values = address(values)
            self.data.columns = <int32_t *> address(columns)
            self.data.row_starts = <int64_t *> address(row_starts)
            self.arrays = (values, columns, row_starts, y, sample_weight)
        else:
            self.data.dense = address(X)
            self.arrays = (X, y, sample_weight)
        if y is not None:
            self.data.y = address(y)
        if sample_weight is not None:
            self.data.weight = address(sample_weight)


cdef void *address(array, bint writable=False) except? NULL:
    """The first byte of a C-contiguous array."""
    cdef Py_buffer view
    PyObject_GetBuffer(
        array, &view, PyBUF_C_CONTIGUOUS | (PyBUF_WRITABLE if writable else 0)
    )
    PyBuffer_Release(&view)
    return view.buf


cdef class Workspace:
    """Room for blocks of at most `capacity` rows each, in one piece of memory.

    `dropout_rates` are the rates of the hidden layers, or None. Without derivatives,
    blocks have neither slopes nor deltas, except where these replace the raw outputs.
    """

    def __cinit__(
        self, CompiledNetwork compiled, TrainingSet training_set, Py_ssize_t capacity,
        itemsize, int n_blocks=1, dropout_rates=None, bint derives=True,
    ):
        cdef bint is_dense = training_set.data.dense != NULL
        cdef Layers *layers = &compiled.layers
        cdef int n_layers = layers.n_layers, i, layer
        cdef Block *block
        self.capacity = capacity
        self.n_blocks = n_blocks
        self.blocks = <Block *> PyMem_Calloc(n_blocks, sizeof(Block))
        if self.blocks == NULL:
            raise MemoryError()
        for i in range(n_blocks):
            block = &self.blocks[i]
            block.outputs = <void **> PyMem_Calloc(n_layers + 1, sizeof(void *))
            block.deltas = <void **> PyMem_Calloc(n_layers, sizeof(void *))
            block.slopes = <void **> PyMem_Calloc(n_layers, sizeof(void *))
            block.has_slope = <char *> PyMem_Calloc(n_layers, 1)
            if not (block.outputs and block.deltas and block.slopes
                    and block.has_slope):
                raise MemoryError()
            for layer in range(n_layers - 1):
                block.has_slope[layer] = derives and (
                    needs_net_input(layers.activations[layer])
                    or (dropout_rates is not None and dropout_rates[layer] > 0)
                )

        # Two passes over the same list of buffers: first their size, then their place.
        cdef Py_ssize_t size
        size = lay_out(
            self.blocks, layers, is_dense, derives, capacity, itemsize, NULL
        )
        self.memory = malloc(size * n_blocks)
        if self.memory == NULL:
            raise MemoryError()
        for i in range(n_blocks):
            lay_out(&self.blocks[i], layers, is_dense, derives, capacity, itemsize,
                    <char *> self.memory + i * size)

    def __dealloc__(self):
        cdef int i
        if self.blocks != NULL:
            for i in range(self.n_blocks):
                PyMem_Free(self.blocks[i].outputs)
                PyMem_Free(self.blocks[i].deltas)
                PyMem_Free(self.blocks[i].slopes)
                PyMem_Free(self.blocks[i].has_slope)
        PyMem_Free(self.blocks)
        free(self.memory)


cdef void *reserve(char *memory, Py_ssize_t n_bytes, Py_ssize_t *used) noexcept:
    """The next `n_bytes` of memory, on a cache line of its own."""
    cdef Py_ssize_t start = used[0]
    used[0] = start + (n_bytes + 127) // 64 * 64
    if memory == NULL:
        return NULL
    return <void *> ((<uintptr_t> (memory + start) + 63) // 64 * 64)


cdef Py_ssize_t lay_out(
    Block *block, const Layers *layers, bint is_dense, bint derives, Py_ssize_t n_rows,
    Py_ssize_t itemsize, char *memory,
) noexcept:
    """Set the block's pointers into memory; returns how many bytes they need."""
    cdef Py_ssize_t column = n_rows * itemsize
    cdef Py_ssize_t used = 0
    cdef int layer, last = layers.n_layers
    block.row_loss = <double *> reserve(memory, n_rows * sizeof(double), &used)
    block.sums = <square_sums *> reserve(
        memory, (layers.n_tiles + 1) * sizeof(square_sums), &used
    )
    block.unused = <square_sums *> reserve(
        memory, (layers.n_tiles + 1) * sizeof(square_sums), &used
    )
    block.y = reserve(memory, column * layers.n_targets, &used)
    block.weight = reserve(memory, column, &used)
    if is_dense:
        block.gathered = reserve(memory, column * layers.sizes[0], &used)
    for layer in range(1, last + 1):
        block.outputs[layer] = reserve(memory, column * layers.sizes[layer], &used)
    for layer in range(last - 1 if derives else 0):
        block.deltas[layer] = reserve(memory, column * layers.sizes[layer + 1], &used)
        if block.has_slope[layer]:
            block.slopes[layer] = reserve(
                memory, column * layers.sizes[layer + 1], &used
            )
    block.deltas[last - 1] = block.outputs[last]
    return used
