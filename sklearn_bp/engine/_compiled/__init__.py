"""The compiled engine: Cython and C. See `CompiledEngine`."""

import math
from functools import lru_cache

import numpy as np
from joblib import cpu_count

from .._blas import one_blas_thread
from .._contract import Engine, Evaluation
from .._thread_choice import Surroundings, ThreadChoice
from .._threads import (
    CERTAIN_OPERATIONS,
    n_shards_for,
    n_threads_for,
    n_threads_of_use,
)
from ._forward import forward_all
from ._layers import get_instruction_set
from ._loop import Steps, get_max_threads, loss_and_gradient, run_together
from ._structs import TWINS, CompiledNetwork, TrainingSet

__all__ = ["TWINS", "CompiledEngine"]

_compiled = lru_cache(maxsize=64)(CompiledNetwork)

_surroundings = Surroundings()

#: Multiplications and additions, about 0.1 s of them, until threads are counted anew.
OPERATIONS_AT_A_TIME = 2e9


class CompiledEngine(Engine):
    """The engine in compiled code, which trains several epochs without the GIL."""

    name = "compiled"

    @property
    def n_side_by_side(self):
        return _n_granted(CERTAIN_OPERATIONS * cpu_count())

    @property
    def products(self):
        return get_instruction_set()

    def forward(self, network, theta, X, rows=None):
        raw = self._outputs(network, theta[np.newaxis], TrainingSet(X), X, rows)
        return raw[0]

    def evaluate(self, network, thetas, X, y, rows=None, with_winners=False):
        shape = len(thetas), X.shape[0] if rows is None else len(rows)
        losses = np.empty(shape)
        winners = np.empty(shape, dtype=np.int64) if with_winners else None
        training_set = TrainingSet(X, y)
        raw = self._outputs(network, thetas, training_set, X, rows, losses, winners)
        return Evaluation(raw, losses, winners)

    def _outputs(
        self, network, thetas, training_set, X, rows, losses=None, winners=None
    ):
        n_rows = X.shape[0] if rows is None else len(rows)
        raw = np.empty((len(thetas), n_rows, network.n_outputs), dtype=thetas.dtype)
        if raw.size > 0:
            operations = 2 * network.n_coefs * n_rows * len(thetas)
            lost = forward_all(
                _compiled(network),
                thetas,
                training_set,
                rows,
                raw,
                losses,
                winners,
                _n_threads_at_once(operations),
                ThreadChoice.PATIENCE,
            )
            _surroundings.note(lost)
        return raw

    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        n_rows = X.shape[0]
        n_shards = n_shards_for(network, n_rows)
        *results, lost = loss_and_gradient(
            _compiled(network),
            theta,
            TrainingSet(X, y, sample_weight),
            n_rows,
            objective.size(n_rows),
            objective.decay(n_rows),
            n_shards,
            _n_threads_at_once(6 * network.n_coefs * n_rows),
            ThreadChoice.PATIENCE,
        )
        _surroundings.note(lost)
        return tuple(results)

    def prepare_steps(
        self,
        network,
        theta,
        X,
        y,
        sample_weight,
        objective,
        batch_size,
        optimizer,
        dropout=None,
        max_grad_norm=math.inf,
    ):
        n_shards = n_shards_for(network, batch_size)
        steps = Steps(
            _compiled(network),
            theta,
            TrainingSet(X, y, sample_weight),
            objective,
            batch_size,
            optimizer,
            dropout,
            max_grad_norm,
            n_shards,
        )
        operations = 6 * network.n_coefs * batch_size
        return _RunSteps(steps, operations, optimizer, is_sharded=n_shards > 1)

    def run_together(self, runs):
        n_threads = min(len(runs), _n_granted(sum(map(_operations, runs))))
        if n_threads == 1:
            return super().run_together(runs)
        n_left = len(runs) % n_threads
        if n_left >= min(run_steps.n_threads for run_steps, *_ in runs):
            n_left = 0
        n_members = len(runs) - n_left
        sums = _run_members(runs[:n_members], n_threads)
        # Threads that share the last ones are done sooner than one thread for each.
        return sums + super().run_together(runs[n_members:])


class _RunSteps:
    """What `prepare_steps` returns."""

    def __init__(self, steps, operations, optimizer, is_sharded):
        self.steps = steps
        self.optimizer = optimizer
        self.operations = operations  # in a step
        self._is_sharded = is_sharded
        self._choice = ThreadChoice(
            _surroundings, is_certain=operations >= CERTAIN_OPERATIONS
        )

    @property
    def n_threads(self):
        """How many threads would share a step."""
        return n_threads_of_use(
            _n_threads(self.operations, self._is_sharded), self.steps.n_parts
        )

    def __call__(self, orders, learning_rates, thetas=None):
        sums = np.zeros((len(orders), 3))
        done = 0
        while done < learning_rates.size:
            done += self._run_slice(orders, learning_rates, done, sums, thetas)
        return sums

    def _run_slice(self, orders, learning_rates, done, sums, thetas):
        """Run as many steps as are best run with one number of threads, and return how
        many that was."""
        most, steps = self.n_threads, self.steps
        n_threads, patience = 1, math.inf
        # Other work may come, or go, and change the number of threads.
        n_steps = math.ceil(OPERATIONS_AT_A_TIME / self.operations)
        if most > 1:
            n_threads = self._choice.choose(most)
            n_steps = min(n_steps, self._choice.n_steps)
            patience = self._choice.patience
        stop = min(done + n_steps, learning_rates.size)
        run = orders, learning_rates, done, stop, self.optimizer.n_steps, sums, thetas
        try:
            steps.run(*run, n_threads, patience)
        finally:
            self.optimizer.n_steps += steps.n_done
        if most > 1:
            is_cut = steps.n_done < stop - done
            self._choice.note(steps.n_batches, steps.seconds, steps.lost, is_cut)
        return steps.n_done


def _run_members(runs, n_threads):
    """Run steps of several trainings, each on one thread."""
    all_sums, members = [], []
    for run_steps, orders, learning_rates, *thetas in runs:
        sums = np.zeros((len(orders), 3))
        n_before = run_steps.optimizer.n_steps
        thetas = thetas[0] if thetas else None
        plan = (orders, learning_rates, 0, learning_rates.size, n_before, sums, thetas)
        members.append((run_steps.steps, *plan))
        all_sums.append(sums)
    try:
        run_together(members, n_threads)
    finally:
        for run_steps, *_ in runs:
            run_steps.optimizer.n_steps += run_steps.steps.n_done
    return all_sums


def _operations(run):
    run_steps, _, learning_rates, *_ = run
    return run_steps.operations * learning_rates.size


def _n_threads(operations, is_sharded=False):
    """How many threads are to share a piece of work."""
    if get_instruction_set() == "BLAS" and not is_sharded:
        return 1  # its results may depend on how the rows are cut; shards are never cut
    return _n_granted(operations)


def _n_threads_at_once(operations):
    """The same for work that is done in one go, and cannot try out other numbers."""
    return 1 if _surroundings.seconds_left > 0 else _n_threads(operations)


def _n_granted(operations):
    return n_threads_for(operations, get_max_threads(), one_blas_thread.n_at_work)
