"""The loops over steps: what the compiled engine does between two calls from Python,
without the GIL and on several threads. See `_batch` for how these work together.
"""

from cython cimport floating
from cython.parallel cimport parallel
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset

from ._batch cimport (
    BatchWork, Job, Worker, add_shards, batch_loss, batch_part, begin_of,
    block_gradient, end_of, gradient_norm, intercepts_gradient, join, penalty,
    sparse_part, wait_for_others, whole_gradient,
)
from ._calls cimport listen_for, raise_if_over
from ._gemm cimport leave, packing_room
from ._interrupts cimport (
    OPERATIONS_PER_LOOK, interruption, is_interrupted, now, own_time, watchman,
)
from ._kernels cimport (
    GOLDEN, flush_denormals, restore_denormals, scale, set_rates, split_mix, update,
)
from ._layers cimport coef_gradient
from ._structs cimport (
    TILE_ROWS, Block, CompiledNetwork, Dropout, Layers, TrainingSet, address, n_tiles,
)
from ._tables cimport (
    MOST_ARRAYS, optimizer as optimizer_kind, square_sums, update_rule,
)
from ._team cimport begin_slice, lost_time, max_threads, meeting_point, take_next

import numpy as np

from ._structs import CODES

# Rows of a gradient that are computed at a time and then used for the step, while they
# are still in the cache.
cdef Py_ssize_t GROUP_ROWS = 128

# Up to this many multiplications and additions, the last part of a gradient is computed
# together with the step, which is not interrupted: a half step cannot be taken back.
cdef double MOST_UNINTERRUPTED = 2e9


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


def loss_and_gradient(
    CompiledNetwork compiled, theta, TrainingSet training_set, Py_ssize_t n_rows,
    double m, double decay, int n_shards, int n_threads, double patience,
):
    """Both terms of the objective over the first n_rows rows, the gradient, and how
    many seconds were lost to other work on the processors, if more than `patience`."""
    cdef BatchWork work = BatchWork(compiled, theta, training_set, n_rows, n_shards)
    cdef bint is_float = theta.dtype == np.float32
    cdef const void *parameters = address(theta)
    cdef Sums sums = Sums(0, 0, 0)
    cdef interruption shared
    cdef meeting_point point
    listen_for(&shared)
    memset(&point, 0, sizeof(point))
    begin_slice(&point, patience)
    n_threads = min(n_threads, work.n_parts)
    with nogil, parallel(num_threads=n_threads):
        if is_float:
            gradient_part(join(&point), &shared, &work.job, n_rows, m, decay,
                          <const float *> parameters, &sums)
        else:
            gradient_part(join(&point), &shared, &work.job, n_rows, m, decay,
                          <const double *> parameters, &sums)
    raise_if_over(&shared)
    return sums.loss / m, sums.penalty, work.gradient, lost_time(&point)


cdef struct Run:
    # Steps first to stop of a training, counted over all epochs.
    const Job *job
    const Training *training
    const Dropout *dropout
    bint is_float
    const int64_t *orders  # (n_epochs, n_rows)
    Py_ssize_t n_rows
    const double *learning_rates  # (n_epochs, n_steps)
    Py_ssize_t n_steps
    Py_ssize_t first
    Py_ssize_t stop
    int64_t n_steps_before
    Sums *sums
    void *copies  # of theta after each epoch, or NULL
    double patience
    Py_ssize_t n_done
    double seconds
    double lost


cdef class Steps:
    """Steps of training, which keep all they need in place between two calls.

    Each can be cut into `n_parts`, for as many threads.

    `n_done` is how many the last run has completed; an interruption takes none of them
    back. They are as much work as `n_batches` of full size, and took so many `seconds`;
    those of a thread alone count only while it was running. `lost` is for how many of
    them the caller has waited for the others, at first and later."""

    cdef BatchWork work
    cdef Training training
    cdef bint is_float
    cdef tuple state
    cdef readonly Py_ssize_t n_parts
    cdef readonly Py_ssize_t n_done
    cdef readonly double n_batches
    cdef readonly double seconds
    cdef readonly double lost

    def __init__(
        self, CompiledNetwork compiled, theta, TrainingSet training_set, objective,
        Py_ssize_t batch_size, optimizer, dropout, double max_grad_norm, int n_shards,
    ):
        cdef Training *training = &self.training
        self.work = BatchWork(
            compiled, theta, training_set, batch_size, n_shards, dropout
        )
        self.n_parts = self.work.n_parts
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
        Py_ssize_t first, Py_ssize_t stop, int64_t n_steps_before, double[:, ::1] sums,
        thetas, int n_threads, double patience,
    ):
        """Run steps first to stop, counted over all epochs. They are added to the given
        sums, which thus have the same bits wherever an epoch is cut. If the caller has
        waited for its threads for more seconds than `patience`, and for a large share
        of the time, the steps end early."""
        cdef Run run
        cdef interruption shared
        cdef meeting_point point
        self.n_done = 0
        run = self.planned(
            orders, learning_rates, first, stop, n_steps_before, sums, thetas
        )
        run.patience = patience
        listen_for(&shared)
        memset(&point, 0, sizeof(point))
        with nogil:
            if n_threads == 1:  # saves the cost of a parallel region
                steps_part(Worker(0, 1, NULL, NULL), &shared, &run)
            else:
                with parallel(num_threads=n_threads):
                    steps_part(join(&point), &shared, &run)
        self.n_done = run.n_done
        self.n_batches = n_batches(&run, first + run.n_done) - n_batches(&run, first)
        self.seconds = run.seconds
        self.lost = run.lost
        raise_if_over(&shared)

    cdef Run planned(
        self, const int64_t[:, ::1] orders, const double[:, ::1] learning_rates,
        Py_ssize_t first, Py_ssize_t stop, int64_t n_steps_before, double[:, ::1] sums,
        thetas,
    ) except *:
        """These steps, as long as the arrays exist."""
        cdef Run run
        run.job = &self.work.job
        run.training = &self.training
        run.dropout = &self.work.dropout
        run.is_float = self.is_float
        run.orders = &orders[0, 0]
        run.n_rows = orders.shape[1]
        run.learning_rates = &learning_rates[0, 0]
        run.n_steps = learning_rates.shape[1]
        run.first = first
        run.stop = stop
        run.n_steps_before = n_steps_before
        run.sums = <Sums *> &sums[0, 0]
        run.copies = NULL if thetas is None else address(thetas, writable=True)
        run.patience = INFINITY
        run.n_done = 0
        run.seconds = run.lost = 0
        return run


cdef double n_batches(const Run *run, Py_ssize_t n_steps) noexcept:
    """How many batches of full size the first steps are: that at the end of an epoch
    may be smaller."""
    cdef Py_ssize_t n_rows = min(
        n_steps % run.n_steps * run.training.batch_size, run.n_rows
    )
    n_rows += n_steps // run.n_steps * run.n_rows
    return <double> n_rows / run.training.batch_size


def run_together(list members, int n_threads):
    """Run steps of several trainings, each on one thread. A member is the `Steps` and
    what `Steps.run` takes, without the number of threads."""
    cdef Py_ssize_t n_members = len(members), number
    plans = np.empty(n_members * sizeof(Run), dtype=np.uint8)
    cdef Run *runs = <Run *> address(plans, writable=True)
    cdef Steps steps
    cdef interruption shared
    cdef meeting_point point
    cdef int32_t n_taken = 0
    for steps, *_ in members:
        steps.n_done = 0
    for number, (steps, orders, learning_rates, first, stop, n_steps_before, sums,
                 thetas) in enumerate(members):
        runs[number] = steps.planned(
            orders, learning_rates, first, stop, n_steps_before, sums, thetas
        )
    listen_for(&shared)
    memset(&point, 0, sizeof(point))
    with nogil, parallel(num_threads=n_threads):
        members_part(join(&point), &shared, runs, n_members, &n_taken)
    try:
        raise_if_over(&shared)  # first of all: nothing works with an exception set
    finally:
        for number, (steps, *_) in enumerate(members):
            steps.n_done = runs[number].n_done


cdef void members_part(
    Worker worker, interruption *shared, Run *runs, Py_ssize_t n_runs, int32_t *n_taken
) noexcept nogil:
    """A thread's part of several trainings: whichever are next, as some take longer."""
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False, False)
    cdef int32_t number = take_next(n_taken)
    while number < n_runs and not is_interrupted(&watch, 0):
        run_part(Worker(0, 1, NULL, &watch), &runs[number])
        number = take_next(n_taken)
    worker.watch = &watch
    wait_for_others(worker)  # while thread 0 still looks


cdef void steps_part(Worker worker, interruption *shared, Run *run) noexcept nogil:
    """A thread's part of steps that all threads share."""
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False, False)
    cdef double began = own_time() if worker.n_threads == 1 else now()
    worker.watch = &watch
    if worker.n_threads == 1:
        run_part(worker, run)
        run.seconds = own_time() - began
        return
    wait_for_others(worker)  # until all are there
    if worker.thread == 0:
        begin_slice(worker.point, run.patience)
        run.lost = worker.point.began - began
    run_part(worker, run)
    if worker.thread == 0:
        run.lost += worker.point.waited
        run.seconds = now() - began


cdef void run_part(Worker worker, Run *run) noexcept nogil:
    """A worker's part of some steps, epoch by epoch."""
    cdef Py_ssize_t n_left = run.stop - run.first, n
    cdef Py_ssize_t epoch = run.first // run.n_steps, step = run.first % run.n_steps
    while n_left > 0:
        n = min(n_left, run.n_steps - step)
        if run.is_float:
            n = train_part(worker, run, epoch, step, n, <float *> run.training.theta)
        else:
            n = train_part(worker, run, epoch, step, n, <double *> run.training.theta)
        step += n
        n_left -= n
        if worker.thread == 0:
            run.n_done += n
        if worker.watch.is_told:
            return
        if step == run.n_steps:
            if run.copies != NULL and worker.thread == 0:
                # No thread changes theta before all meet in the next step.
                copy_theta(run, epoch)
            epoch += 1
            step = 0
        if worker.watch.is_cut:
            return


cdef void copy_theta(const Run *run, Py_ssize_t epoch) noexcept nogil:
    cdef Py_ssize_t n_bytes = run.job.layers.n_parameters * (
        sizeof(float) if run.is_float else sizeof(double)
    )
    memcpy(<char *> run.copies + epoch * n_bytes, run.training.theta, n_bytes)


cdef Py_ssize_t train_part(
    Worker worker, const Run *run, Py_ssize_t epoch, Py_ssize_t first,
    Py_ssize_t n_steps, floating *theta,
) noexcept nogil:
    """A thread's part of some steps of an epoch; returns how many there were. One that
    is interrupted does not count and changes nothing."""
    cdef const Job *job = run.job
    cdef const Training *training = run.training
    cdef const Layers *layers = job.layers
    cdef const int64_t *order = run.orders + epoch * run.n_rows
    cdef const double *learning_rates = run.learning_rates + epoch * run.n_steps
    cdef Sums *sums = &run.sums[epoch]
    cdef update_rule rule = training.rule
    cdef unsigned denormals = flush_denormals()
    cdef Block block = job.blocks[0]
    cdef packing_room room = packing_room(NULL)
    cdef Py_ssize_t step = first, start, n
    cdef int64_t number = run.n_steps_before + epoch * run.n_steps + first - run.first
    cdef double m, decay
    cdef bint accumulate
    cdef bint is_clipped = training.max_grad_norm < INFINITY
    cdef double operations = 6.0 * layers.n_coefs * training.batch_size
    cdef bint is_long = operations > OPERATIONS_PER_LOOK
    cdef bint is_whole = job.n_shards > 1 or (
        2.0 * layers.n_coefs * min(training.batch_size, job.capacity)
        > MOST_UNINTERRUPTED
    )
    block.dropout = run.dropout[0]
    block.room = &room
    while step < first + n_steps and not (worker.watch.is_told or worker.watch.is_cut):
        # Products of a long step do the looking; of short ones, there are many.
        block.watch = worker.watch if is_long else NULL
        if not is_long:
            is_interrupted(worker.watch, operations / worker.n_threads)
        number += 1
        start = step * training.batch_size
        n = min(training.batch_size, run.n_rows - start)
        m = n * training.mean_weight
        decay = training.alpha / (
            training.penalty_size if training.penalty_size > 0 else m
        )
        set_rates(&rule, learning_rates[step], decay, number)
        block.dropout.key = split_mix(training.seed + GOLDEN * <uint64_t> number)
        accumulate = batch_part(worker, job, &block, order + start, n, m, theta)
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
    leave(&room)
    restore_denormals(denormals)
    return step - first


cdef void gradient_part(
    Worker worker, interruption *shared, const Job *job, Py_ssize_t n_rows, double m,
    double decay, const floating *theta, Sums *sums,
) noexcept nogil:
    """A thread's part of the objective over the first rows, and of its gradient."""
    cdef Block block = job.blocks[0]
    cdef unsigned denormals = flush_denormals()
    cdef watchman watch = watchman(shared, worker.thread, 0, 0, False, False)
    cdef packing_room room = packing_room(NULL)
    cdef bint accumulate
    worker.watch = block.watch = &watch
    block.room = &room
    accumulate = batch_part(worker, job, &block, NULL, n_rows, m, theta)
    whole_gradient(worker, job, &block, accumulate, decay, theta)
    if worker.thread == 0:
        sums.loss = batch_loss(job)
        sums.penalty = penalty(job.layers, &block, decay)
    leave(&room)
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
        begin = begin_of(worker, layers.sizes[layer])
        end = end_of(worker, layers.sizes[layer])
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
        begin = begin_of(worker, layers.sizes[layer])
        end = end_of(worker, layers.sizes[layer])
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
