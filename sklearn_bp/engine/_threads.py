"""How many threads an engine uses. The result is the same for any number of them."""

import math
import os
from functools import cache

from joblib import cpu_count

# Two threads meet at least twice in a step, which takes about a microsecond. Below this
# number of multiplications and additions, that costs more than the second thread saves.
OPERATIONS_PER_THREAD = 300_000

# With this much work between two meetings, threads pay off however slow a meeting is.
CERTAIN_OPERATIONS = 100 * OPERATIONS_PER_THREAD

# A batch is cut into at most this many shards, of at least this many rows.
MOST_SHARDS = 16
ROWS_PER_SHARD = 64

# Asking takes tens of microseconds: it reads the limits of a container.
_cpu_count = cache(cpu_count)

# GNU's OpenMP waits forever for threads that a fork did not copy.
_process = os.getpid()


def n_threads_for(operations, max_threads, n_at_work):
    """The number of threads that a piece of work is worth.

    Parameters
    ----------
    operations : int
        Multiplications and additions between two meetings of the threads.
    max_threads : int
        What OpenMP's settings, threadpoolctl or joblib grant.
    n_at_work : int
        How many fits and predictions share the processors: those that run in this
        process, each in its own thread, or are between two trainings of a study.

    Returns
    -------
    n_threads : int
        At least 1.
    """
    worth = operations // OPERATIONS_PER_THREAD
    if worth < 2 or os.getpid() != _process:
        return 1
    granted = min(max_threads, _cpu_count()) // max(1, n_at_work)
    return max(1, min(granted, worth))


def n_threads_of_use(n_threads, n_parts):
    """How many of these threads are enough to do so many equal parts as soon."""
    most_parts = math.ceil(n_parts / n_threads)  # of a thread
    return math.ceil(n_parts / most_parts)


def n_shards_for(network, n_rows):
    """How many shards a batch is cut into, each with a gradient of its own.

    A shard is the work of one thread, from its rows to its gradient, and the gradients
    are summed in a fixed order. With a single shard, the threads share its rows, and
    then the rows of its gradient: each needs what the others have computed for their
    rows. Shards pay off where all their gradients are smaller than these results. Their
    number must not depend on that of the threads, for the sums depend on it.

    Parameters
    ----------
    network : Network
        The network to be trained.
    n_rows : int
        The size of a batch.

    Returns
    -------
    n_shards : int
        A power of two, so that threads get the same number of shards.
    """
    most = min(
        MOST_SHARDS,
        n_rows // ROWS_PER_SHARD,
        6 * network.n_coefs * n_rows // OPERATIONS_PER_THREAD,
        n_rows * sum(network.layer_sizes[1:]) // network.n_parameters,
    )
    return 2 ** (max(1, most).bit_length() - 1)
