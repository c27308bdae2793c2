"""The loops over blocks and steps: what the compiled engine does between two calls
from Python, without the GIL and on several threads. See `_batch` for how these work
together.
"""

from cpython.exc cimport PyErr_Occurred
from cython cimport floating
from cython.parallel cimport parallel
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset

from ._batch cimport (
    BatchWork, Job, Worker, add_shards, batch_loss, batch_part, block_gradient, cut,
    gradient_norm, intercepts_gradient, join, penalty, sparse_part, wait_for_others,
    whole_gradient,
)
from ._interrupts cimport (
    OPERATIONS_PER_LOOK, READ, SECONDS_PER_HEARING, PyThread_get_thread_ident,
    interruption, is_interrupted, now, watchman,
)
from ._kernels cimport (
    GOLDEN, flush_denormals, restore_denormals, scale, set_rates, split_mix, update,
)
from ._layers cimport (
    coef_gradient, forward_rows, load_rows, point_at, show_outputs,
)
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Data, Dropout, Layers, TrainingSet, Workspace,
    address, n_tiles,
)
from ._tables cimport (
    MOST_ARRAYS, optimizer as optimizer_kind, square_sums, update_rule,
)
from ._team cimport max_threads, meeting_point

import os
import threading

import numpy as np

from .._interrupts import Cancelled, listen
from ._structs import CODES

# Rows of a gradient that are computed at a time and then used for the step, while they
# are still in the cache.
cdef Py_ssize_t GROUP_ROWS = 128

# Rows that a thread takes through the network at a time if there is no backward pass,
# for the same reason; and rows that all threads take together, to limit memory.
cdef Py_ssize_t FORWARD_ROWS = 128
cdef Py_ssize_t MOST_FORWARD_ROWS = 2048

# What else is done with a row, counted as multiplications and additions.
cdef double OPERATIONS_PER_ROW = 1000


# Up to this many multiplications and additions, the last part of a gradient is computed
# together with the step, which is not interrupted: a half step cannot be taken back.
cdef double MOST_UNINTERRUPTED = 2e9

# How often calls have looked for an interruption, and how often they ask for signals.
cdef int32_t n_looks = 0
cdef double seconds_per_hearing = SECONDS_PER_HEARING


# The one that handles signals; a fork makes it that of the thread which forked.
cdef unsigned long main_thread


def _find_main_thread():
    global main_thread
    main_thread = threading.main_thread().ident


_find_main_thread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_find_main_thread)


cdef struct Sums:
    # A row of the sums that `Steps.run` adds to.
    double loss
    double penalty
    double gradient_norm


cdef struct Training:
    # What a step needs besides its gradient. penalty_size 0 is the batch's own.
    Py_ssize_t batch_size
    double alpha
    double mean_weight
    double penalty_size
    double max_grad_norm
    uint64_t seed
    update_rule rule
    void *theta


def get_max_threads():
    """The number of threads that OpenMP, as limited, grants the calling thread."""
    return max_threads()


def get_looks():
    """For tests: how often calls have looked for an interruption so far, and how many
    multiplications and additions there are between two looks."""
    return READ(n_looks), OPERATIONS_PER_LOOK


def set_seconds_per_hearing(seconds=SECONDS_PER_HEARING):
    """For tests: handle signals more often."""
    global seconds_per_hearing
    seconds_per_hearing = seconds


cdef int listen_for(interruption *shared) except -1:
    """At the beginning of a call, which the current cancellation will outlive."""
    is_cancelled = listen()
    shared.is_over = 0
    shared.hears_signals = PyThread_get_thread_ident() == main_thread
    shared.is_cancelled = NULL
    if is_cancelled is not None:
        shared.is_cancelled = <const int32_t *> address(is_cancelled)
    shared.n_looks = &n_looks
    shared.seconds_per_hearing = seconds_per_hearing
    shared.heard = now()
    return 0


cdef int raise_if_over(const interruption *shared) except -1:
    """At the end of a call, raise what has ended it too early."""
    if PyErr_Occurred() != NULL:  # in the handler of a signal
        return -1
    if shared.is_over:
        raise Cancelled
    return 0


def forward_all(
    CompiledNetwork compiled, const floating[:, ::1] thetas, TrainingSet training_set,
    const int64_t[::1] rows, floating[:, :, ::1] raw, double[:, ::1] losses,
    int64_t[:, ::1] winners, int n_threads,
):
    """Write the raw outputs of the given rows, or of the first ones, for each of
    `thetas` into `raw`; and, unless these are None, the losses of the rows into
    `losses` and the numbers of the largest outputs into `winners`."""
    cdef Py_ssize_t n_rows = raw.shape[1]
    cdef Py_ssize_t most = min(FORWARD_ROWS * n_threads, MOST_FORWARD_ROWS)
    cdef Py_ssize_t n_blocks = (n_rows + most - 1) // most
    # Blocks of equal size, as far as tiles allow: threads share each of them.
    cdef Py_ssize_t capacity = n_tiles((n_rows + n_blocks - 1) // n_blocks) * TILE_ROWS
    cdef Workspace workspace = Workspace(
        compiled, training_set, min(capacity, n_rows), sizeof(floating)
    )
    cdef const int64_t *row_numbers = NULL
    cdef double *row_losses = NULL
    cdef int64_t *row_winners = NULL
    cdef interruption shared
    cdef meeting_point point
    listen_for(&shared)
    memset(&point, 0, sizeof(point))
    if rows is not None:
        row_numbers = &rows[0]
    if losses is not None:
        row_losses = &losses[0, 0]
    if winners is not None:
        row_winners = &winners[0, 0]
    with nogil, parallel(num_threads=n_threads):
        forward_part(
            join(&point), &shared, &compiled.layers, &training_set.data,
            workspace.blocks[0], workspace.capacity, &thetas[0, 0], thetas.shape[0],
            row_numbers, n_rows, &raw[0, 0, 0], row_losses, row_winners,
        )
    raise_if_over(&shared)


def loss_and_gradient(
    CompiledNetwork compiled, theta, TrainingSet training_set, Py_ssize_t n_rows,
    double m, double decay, int n_shards, int n_threads,
):
    """Both terms of the objective over the first n_rows rows, and the gradient."""
    cdef BatchWork work = BatchWork(compiled, theta, training_set, n_rows, n_shards)
    cdef bint is_float = theta.dtype == np.float32
    cdef const void *parameters = address(theta)
    cdef Sums sums = Sums(0, 0, 0)
    cdef interruption shared
    cdef meeting_point point
    listen_for(&shared)
    memset(&point, 0, sizeof(point))
    with nogil, parallel(num_threads=n_threads):
        if is_float:
            gradient_part(join(&point), &shared, &work.job, n_rows, m, decay,
                          <const float *> parameters, &sums)
        else:
            gradient_part(join(&point), &shared, &work.job, n_rows, m, decay,
                          <const double *> parameters, &sums)
    raise_if_over(&shared)
    return sums.loss / m, sums.penalty, work.gradient


cdef class Steps:
    """Steps of training, which keep all they need in place between two calls.

    `n_done` is how many the last one has completed; an interruption takes none of them
    back."""

    cdef BatchWork work
    cdef Training training
    cdef bint is_float
    cdef tuple state
    cdef readonly Py_ssize_t n_done

    def __init__(
        self, CompiledNetwork compiled, theta, TrainingSet training_set, objective,
        Py_ssize_t batch_size, optimizer, dropout, double max_grad_norm, int n_shards,
    ):
        cdef Training *training = &self.training
        self.work = BatchWork(
            compiled, theta, training_set, batch_size, n_shards, dropout
        )
        self.is_float = theta.dtype == np.float32
        self.state = optimizer.state  # keeps the memory alive
        training.batch_size = batch_size
        training.alpha = objective.alpha
        training.mean_weight = objective.mean_weight
        training.penalty_size = objective.penalty_size or 0.0
        training.max_grad_norm = max_grad_norm
        training.seed = 0 if dropout is None else dropout.seed
        training.rule.kind = <optimizer_kind> (<int> CODES["optimizer"][optimizer.name])
        training.rule.decouples_penalty = optimizer.decouples_penalty
        for i, setting in enumerate(optimizer.settings):
            training.rule.settings[i] = setting
        training.theta = address(theta, writable=True)
        for i in range(MOST_ARRAYS):  # theta stands in for unused ones
            array = self.state[i] if i < len(self.state) else theta
            training.rule.state[i] = address(array, writable=True)

    def run(
        self, const int64_t[:, ::1] orders, const double[:, ::1] learning_rates,
        Py_ssize_t first, Py_ssize_t stop, int64_t n_steps_before, int n_threads,
        double[:, ::1] sums, thetas,
    ):
        """Run steps first to stop, counted over all epochs. They are added to the given
        sums, which thus have the same bits wherever an epoch is cut."""
        cdef void *copies = NULL
        cdef interruption shared
        cdef meeting_point point
        self.n_done = 0
        listen_for(&shared)
        memset(&point, 0, sizeof(point))
        if thetas is not None:
            copies = address(thetas, writable=True)
        with nogil:
            if n_threads == 1:  # saves the cost of a parallel region
                self.run_part(Worker(0, 1, NULL, NULL), &shared, orders, learning_rates,
                              first, stop, n_steps_before, sums, copies)
            else:
                with parallel(num_threads=n_threads):
                    self.run_part(join(&point), &shared, orders, learning_rates, first,
                                  stop, n_steps_before, sums, copies)
        raise_if_over(&shared)

    cdef void run_part(
        self, Worker worker, interruption *shared, const int64_t[:, ::1] orders,
        const double[:, ::1] learning_rates, Py_ssize_t first, Py_ssize_t stop,
        int64_t n_steps_before, double[:, ::1] sums, void *copies,
    ) noexcept nogil:
        """A thread's part of some steps, epoch by epoch."""
        cdef Py_ssize_t n_steps = learning_rates.shape[1], n_left = stop - first
        cdef Py_ssize_t epoch = first // n_steps, step = first % n_steps, n, row
        cdef watchman watch = watchman(shared, worker.thread, 0, 0, False)
        worker.watch = &watch
        while n_left > 0:
            row = step * self.training.batch_size
            n = self.run_steps(
                worker, &orders[epoch, row], orders.shape[1] - row,
                &learning_rates[epoch, step], min(n_left, n_steps - step),
                n_steps_before, <Sums *> &sums[epoch, 0],
            )
            step += n
            n_left -= n
            n_steps_before += n
            if worker.thread == 0:
                self.n_done += n
            if watch.is_told:
                return
            if step == n_steps:
                if copies != NULL and worker.thread == 0:
                    # No thread changes theta before all meet in the next step.
                    self.copy_theta(copies, epoch)
                epoch += 1
                step = 0

    cdef Py_ssize_t run_steps(
        self, Worker worker, const int64_t *rows, Py_ssize_t n_rows,
        const double *learning_rates, Py_ssize_t n_steps, int64_t n_steps_before,
        Sums *sums,
    ) noexcept nogil:
        if self.is_float:
            return train_part(
                worker, &self.work.job, &self.training, <float *> self.training.theta,
                rows, n_rows, learning_rates, n_steps, n_steps_before,
                &self.work.dropout, sums,
            )
        return train_part(
            worker, &self.work.job, &self.training, <double *> self.training.theta,
            rows, n_rows, learning_rates, n_steps, n_steps_before, &self.work.dropout,
            sums,
        )

    cdef void copy_theta(self, void *copies, Py_ssize_t epoch) noexcept nogil:
        cdef Py_ssize_t n_bytes = self.work.job.layers.n_parameters * (
            sizeof(float) if self.is_float else sizeof(double)
        )
        memcpy(<char *> copies + epoch * n_bytes, self.training.theta, n_bytes)


cdef void forward_part(
    Worker worker, interruption *shared, const Layers *layers, const Data *data,
    Block block, Py_ssize_t capacity, const floating *thetas, Py_ssize_t n_thetas,
    const int64_t *rows, Py_ssize_t n_rows, floating *raw, double *losses,
    int64_t *winners,
) noexcept nogil:
    """A thread's part of every block of rows. It keeps to its own part of the
    workspace, so no thread has to wait before the end."""
    cdef Py_ssize_t n_outputs = layers.sizes[layers.n_layers]
    cdef Py_ssize_t begin = cut(capacity, worker.thread, worker.n_threads)
    cdef Py_ssize_t end = cut(capacity, worker.thread + 1, worker.n_threads)
    cdef Py_ssize_t first = 0, stop, number, start
    cdef unsigned denormals = flush_denormals()
    cdef const floating *theta
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False)
    worker.watch = block.watch = &watch
    while begin < end and first + begin < n_rows:
        for number in range(n_thetas):
            if is_interrupted(&watch, OPERATIONS_PER_ROW * (end - begin)):
                n_rows = 0  # nothing is left to do
                break
            theta = thetas + number * layers.n_parameters
            point_at(layers, data, &block, rows, first, min(capacity, n_rows - first),
                     theta)
            stop = min(end, block.n_rows)
            load_rows(layers, data, &block, theta, begin, stop)
            forward_rows(layers, data, &block, theta, begin, stop)
            start = number * n_rows + first + begin
            show_outputs(layers, &block, begin, stop, raw + start * n_outputs,
                         NULL if losses == NULL else losses + start,
                         NULL if winners == NULL else winners + start)
        first += capacity
    restore_denormals(denormals)
    wait_for_others(worker)


cdef Py_ssize_t train_part(
    Worker worker, const Job *job, const Training *training, floating *theta,
    const int64_t *order, Py_ssize_t n_rows, const double *learning_rates,
    Py_ssize_t n_steps, int64_t n_steps_before, const Dropout *dropout, Sums *sums,
) noexcept nogil:
    """A thread's part of every step; returns how many there were. One that is
    interrupted does not count and changes nothing."""
    cdef const Layers *layers = job.layers
    cdef update_rule rule = training.rule
    cdef unsigned denormals = flush_denormals()
    cdef Block block = job.blocks[0]
    cdef Py_ssize_t step = 0, n
    cdef int64_t number
    cdef double m, decay
    cdef bint accumulate
    cdef bint is_clipped = training.max_grad_norm < INFINITY
    cdef double operations = 6.0 * layers.n_coefs * training.batch_size
    cdef bint is_long = operations > OPERATIONS_PER_LOOK
    cdef bint is_whole = job.n_shards > 1 or (
        2.0 * layers.n_coefs * min(training.batch_size, job.capacity)
        > MOST_UNINTERRUPTED
    )
    block.dropout = dropout[0]
    while step < n_steps and not worker.watch.is_told:
        # Products of a long step do the looking; of short ones, there are many.
        block.watch = worker.watch if is_long else NULL
        if not is_long:
            is_interrupted(worker.watch, operations / worker.n_threads)
        number = n_steps_before + step + 1
        n = min(training.batch_size, n_rows - step * training.batch_size)
        m = n * training.mean_weight
        decay = training.alpha / (
            training.penalty_size if training.penalty_size > 0 else m
        )
        set_rates(&rule, learning_rates[step], decay, number)
        block.dropout.key = split_mix(training.seed + GOLDEN * <uint64_t> number)
        accumulate = batch_part(
            worker, job, &block, order + step * training.batch_size, n, m, theta
        )
        if is_clipped:
            whole_gradient(worker, job, &block, accumulate, rule.decay,
                           <const floating *> theta)
        elif is_whole and job.n_shards == 1:
            block_gradient(worker, layers, job.data, &block,
                           <floating *> job.gradient, accumulate)
            wait_for_others(worker)
        if worker.watch.is_told:
            break
        block.watch = NULL  # from here on, the step is taken
        if worker.thread == 0:  # while no thread is at the next batch
            sums.loss += n / m * batch_loss(job)
        if is_clipped:
            update_clipped_part(
                worker, job, &block, &rule, training.max_grad_norm, theta
            )
        else:
            update_part(worker, job, &block, &rule, is_whole, accumulate, theta)
        wait_for_others(worker)
        if worker.thread == 0:
            sums.penalty += n * penalty(layers, &block, decay)
            sums.gradient_norm += gradient_norm(layers, &block)
        step += 1
    restore_denormals(denormals)
    return step


cdef void gradient_part(
    Worker worker, interruption *shared, const Job *job, Py_ssize_t n_rows, double m,
    double decay, const floating *theta, Sums *sums,
) noexcept nogil:
    """A thread's part of the objective over the first rows, and of its gradient."""
    cdef Block block = job.blocks[0]
    cdef unsigned denormals = flush_denormals()
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False)
    cdef bint accumulate
    worker.watch = block.watch = &watch
    accumulate = batch_part(worker, job, &block, NULL, n_rows, m, theta)
    whole_gradient(worker, job, &block, accumulate, decay, theta)
    if worker.thread == 0:
        sums.loss = batch_loss(job)
        sums.penalty = penalty(job.layers, &block, decay)
    restore_denormals(denormals)


cdef void update_part(
    Worker worker, const Job *job, const Block *block, const update_rule *rule,
    bint is_whole, bint accumulate, floating *theta,
) noexcept nogil:
    """A thread's part of the step, and of what is still missing from its gradient,
    unless that is whole, except for the sum over the shards.

    Weights are updated in groups of rows, each as soon as its gradient is computed. If
    a gradient is not needed any longer than that, all groups of a layer keep theirs in
    the same place, which stays in the cache.
    """
    cdef const Layers *layers = job.layers
    cdef Py_ssize_t begin, end, start, stop, n_units, offset
    cdef floating *gradient = <floating *> job.gradient
    cdef floating *target
    cdef square_sums *sums = block.sums
    cdef bint is_sparse = job.data.dense == NULL, is_there
    cdef int layer
    if is_sparse and not is_whole:
        sparse_part(worker, layers, job.data, block, gradient, accumulate)
        wait_for_others(worker)
    for layer in range(layers.n_layers):
        is_there = is_whole or (is_sparse and layer == 0)
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], worker.thread, worker.n_threads)
        end = cut(layers.sizes[layer], worker.thread + 1, worker.n_threads)
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
            update(rule, theta, <const floating *> target, offset,
                   (stop - start) * n_units, TILE_ROWS * n_units,
                   sums + start // TILE_ROWS)
            start = stop
        sums += n_tiles(layers.sizes[layer])
    if worker.thread == 0:
        offset = layers.n_coefs
        if not is_whole:
            intercepts_gradient(layers, block, gradient, accumulate)
        add_shards(job, gradient, offset, layers.n_parameters - offset)
        update_intercepts(layers, rule, <const floating *> gradient, theta, sums)


cdef void update_clipped_part(
    Worker worker, const Job *job, const Block *block, const update_rule *rule,
    double max_grad_norm, floating *theta,
) noexcept nogil:
    """A thread's part of the step, with a complete gradient, penalty included, which
    is first shortened to at most `max_grad_norm`."""
    cdef const Layers *layers = job.layers
    cdef floating *gradient = <floating *> job.gradient
    cdef update_rule without_decay = rule[0]
    cdef double norm = gradient_norm(layers, block)
    cdef Py_ssize_t begin, end, offset, n_units, n
    cdef square_sums *sums = block.unused
    cdef int layer
    without_decay.decay = 0
    for layer in range(layers.n_layers):
        n_units = layers.sizes[layer + 1]
        begin = cut(layers.sizes[layer], worker.thread, worker.n_threads)
        end = cut(layers.sizes[layer], worker.thread + 1, worker.n_threads)
        offset = layers.coef_starts[layer] + begin * n_units
        n = (end - begin) * n_units
        if norm > max_grad_norm:
            scale(max_grad_norm / norm, gradient + offset, n)
        update(&without_decay, theta, <const floating *> gradient + offset, offset, n,
               TILE_ROWS * n_units, sums + begin // TILE_ROWS)
        sums += n_tiles(layers.sizes[layer])
    if worker.thread == 0:
        offset = layers.n_coefs
        if norm > max_grad_norm:
            scale(max_grad_norm / norm, gradient + offset, layers.n_parameters - offset)
        update_intercepts(layers, rule, <const floating *> gradient, theta, sums)


cdef void update_intercepts(
    const Layers *layers, const update_rule *rule, const floating *gradient,
    floating *theta, square_sums *sums,
) noexcept nogil:
    """The step of the biases, which have no penalty."""
    cdef update_rule without_penalty = rule[0]
    cdef Py_ssize_t offset = layers.n_coefs, n = layers.n_parameters - offset
    without_penalty.decay = 0
    without_penalty.kept = 1
    update(&without_penalty, theta, gradient + offset, offset, n, n, sums)
