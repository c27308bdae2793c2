"""How many threads an engine uses. The result is the same for any number of them."""

import math
import os
from collections import defaultdict, deque
from functools import cache

from joblib import cpu_count

# Two threads meet at least twice in a step, which takes about a microsecond. Below this
# number of multiplications and additions, that is more than the second thread saves.
OPERATIONS_PER_THREAD = 300_000

# With so much work between two meetings, threads pay whatever a meeting takes.
CERTAIN_OPERATIONS = 100 * OPERATIONS_PER_THREAD

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
        How many fits and predictions run in this process at the moment, or between two
        trainings of a study, each in a thread of its own: they share the processors.

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


class ThreadChoice:
    """One thread or several, whichever has lately been faster.

    What passes from thread to thread passes five times as slowly where their processors
    do not share a cache, and where a virtual machine's processors are may change at any
    time: no rule knows it beforehand. The result is the same for any number of threads,
    so that the choice may be left to the clock.
    """

    RETRY_EVERY = 50
    TRIAL_STEPS = 8

    def __init__(self):
        self._n_calls = 0
        # the last two times of each number of threads; what was never tried looks best
        self._times = defaultdict(lambda: deque([0.0, 0.0], maxlen=2))

    def choose(self, most):
        """How many of at most `most` threads are to do the next piece of work."""
        self._n_calls += 1
        pays = min(self._times[most]) <= min(self._times[1])
        if self._n_calls % self.RETRY_EVERY == 0:
            pays = not pays
        return most if pays else 1

    @property
    def n_steps(self):
        """How many steps that piece is to have: few in each of the first trials."""
        return self.TRIAL_STEPS if self._n_calls <= 4 else math.inf

    def note(self, n_threads, seconds):
        """Take note of what a step has taken."""
        self._times[n_threads].append(seconds)


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
