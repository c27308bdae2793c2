"""The loops over blocks and steps: what the compiled engine does between two calls
from Python, without the GIL."""

from cython cimport floating
from libc.math cimport pow, sqrt
from libc.stdint cimport int64_t
from scipy.linalg.cython_blas cimport ddot, sdot

from ._kernels cimport (
    ADAM, flush_denormals, optimizer, restore_denormals, update, update_rule,
)
from ._layers cimport backward, forward, load
from ._structs cimport Block, CompiledNetwork, Data, Layers, TrainingSet, Workspace

import numpy as np

from ._structs import OPTIMIZER_CODES

# A block's outputs and deltas should stay in the second-level cache.
BLOCK_ROWS = 512


def forward_all(
    CompiledNetwork compiled, const floating[::1] theta, TrainingSet training_set,
    const int64_t[::1] rows, floating[:, ::1] raw,
):
    """Raw outputs of the given rows, or of the first len(raw) rows, into `raw`."""
    cdef Layers *layers = &compiled.layers
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, raw.shape[0]), sizeof(floating)
    )
    cdef Block *block = &workspace.block
    cdef Py_ssize_t start = 0, n_rows = raw.shape[0]
    with nogil:
        while start < n_rows:
            block.n_rows = min(workspace.capacity, n_rows - start)
            block.first = start
            if rows is not None:
                block.rows = &rows[start]
            block.outputs[layers.n_layers] = &raw[start, 0]
            load(layers, &training_set.data, block, &theta[0])
            forward(layers, &training_set.data, block, &theta[0])
            start += block.n_rows


def loss_and_gradient(
    CompiledNetwork compiled, const floating[::1] theta, TrainingSet training_set,
    Py_ssize_t n_rows, double m, double decay, floating[::1] gradient,
):
    """Both terms of the objective over the first n_rows rows; the gradient in place."""
    cdef Layers *layers = &compiled.layers
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, n_rows), sizeof(floating)
    )
    cdef Py_ssize_t i
    cdef double loss_sum, penalty
    with nogil:
        loss_sum = batch_gradient(
            layers, &training_set.data, &workspace.block, workspace.capacity,
            &theta[0], NULL, n_rows, m, &gradient[0],
        )
        penalty = 0.5 * decay * sum_of_squares(&theta[0], layers.n_coefs)
        for i in range(layers.n_coefs):
            gradient[i] += <floating> decay * theta[i]
    return loss_sum / m, penalty


def run(
    CompiledNetwork compiled, floating[::1] theta, TrainingSet training_set,
    const int64_t[::1] order, Py_ssize_t batch_size, double alpha, double mean_weight,
    double penalty_size, str optimizer_name, tuple settings, list state,
    long n_steps_before, const double[::1] learning_rates,
):
    """All the steps of one slice of an epoch; penalty_size 0 is the batch's own."""
    cdef Layers *layers = &compiled.layers
    cdef Data *data = &training_set.data
    cdef Py_ssize_t n_rows = order.shape[0]
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(BLOCK_ROWS, batch_size, n_rows), sizeof(floating)
    )
    cdef floating[::1] gradient = np.empty_like(theta)
    cdef floating[::1] state_0 = state[0]
    cdef floating[::1] state_1 = state[len(state) - 1]
    cdef update_rule rule
    cdef Py_ssize_t step, i, n
    cdef double m, penalty_sum = 0, loss_sum = 0
    cdef unsigned denormals
    rule.kind = <optimizer> (<int> OPTIMIZER_CODES[optimizer_name])
    for i, setting in enumerate(settings):
        rule.settings[i] = setting
    with nogil:
        denormals = flush_denormals()
        for step in range(learning_rates.shape[0]):
            n = min(batch_size, n_rows - step * batch_size)
            m = n * mean_weight
            loss_sum += n / m * batch_gradient(
                layers, data, &workspace.block, workspace.capacity, &theta[0],
                &order[step * batch_size], n, m, &gradient[0],
            )
            rule.learning_rate = learning_rates[step] * correction(
                &rule, n_steps_before + step + 1
            )
            rule.decay = alpha / (penalty_size if penalty_size > 0 else m)
            if alpha > 0:
                penalty_sum += n * 0.5 * rule.decay * sum_of_squares(
                    &theta[0], layers.n_coefs
                )
            take_step(layers, &rule, &theta[0], &gradient[0], &state_0[0], &state_1[0])
        restore_denormals(denormals)
    return loss_sum, penalty_sum


cdef double batch_gradient(
    const Layers *layers, const Data *data, Block *block, Py_ssize_t block_rows,
    const floating *theta, const int64_t *rows, Py_ssize_t n_rows, double m,
    floating *gradient,
) noexcept nogil:
    """The gradient of sum_i w_i loss_i / m over a batch; returns sum_i w_i loss_i."""
    cdef Py_ssize_t start = 0
    cdef double loss_sum = 0
    while start < n_rows:
        block.n_rows = min(block_rows, n_rows - start)
        block.first = start
        if rows != NULL:
            block.rows = rows + start
        load(layers, data, block, theta)
        forward(layers, data, block, theta)
        loss_sum += backward(layers, data, block, theta, gradient, m, start > 0)
        start += block_rows
    return loss_sum


cdef double sum_of_squares(const floating *x, Py_ssize_t n) noexcept nogil:
    """In pieces that the int of BLAS can count."""
    cdef Py_ssize_t start
    cdef int length, one = 1
    cdef double total = 0
    for start in range(0, n, 1 << 30):
        length = <int> min(<Py_ssize_t> 1 << 30, n - start)
        if floating is float:
            total += sdot(&length, <float *> x + start, &one, <float *> x + start, &one)
        else:
            total += ddot(
                &length, <double *> x + start, &one, <double *> x + start, &one
            )
    return total


cdef double correction(const update_rule *rule, long n_steps) noexcept nogil:
    """Adam's bias corrections, as one factor of the learning rate."""
    if rule.kind != ADAM:
        return 1
    return sqrt(1 - pow(rule.settings[1], n_steps)) / (
        1 - pow(rule.settings[0], n_steps)
    )


cdef void take_step(
    const Layers *layers, update_rule *rule, floating *theta, const floating *gradient,
    floating *state_0, floating *state_1,
) noexcept nogil:
    """Update the weights, which decay, and the biases, which do not."""
    cdef Py_ssize_t n_coefs = layers.n_coefs
    update(rule, theta, gradient, state_0, state_1, n_coefs)
    rule.decay = 0
    update(rule, theta + n_coefs, gradient + n_coefs, state_0 + n_coefs,
           state_1 + n_coefs, layers.n_parameters - n_coefs)
