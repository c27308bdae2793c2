"""How many threads an engine uses. The result is the same for any number of them."""

import os
from functools import cache

from joblib import cpu_count

# Two threads meet at least twice in a step, which takes about a microsecond. Below this
# number of multiplications and additions, that is more than the second thread saves.
OPERATIONS_PER_THREAD = 300_000

# A batch is cut into so many shards of so many rows.
MOST_SHARDS = 8
ROWS_PER_SHARD = 64

# Asking takes tens of microseconds: it reads the limits of a container.
_cpu_count = cache(cpu_count)

# GNU's OpenMP waits forever for threads that a fork has not taken along.
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
        How many fits and predictions run in this process at the moment, each in a
        thread of its own: they share the processors.

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


def n_shards_for(network, n_rows):
    """How many shards a batch is cut into, each with a gradient of its own.

    A shard is the work of one thread, from its rows to its gradient, and the gradients
    are summed in a fixed order. With a single shard, the threads share its rows, and
    then the rows of its gradient: each needs what the others have computed for their
    rows. Shards pay where all their gradients are smaller than that. The number is no
    matter of threads, for the sums depend on it.

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
