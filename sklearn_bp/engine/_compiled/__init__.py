"""The compiled engine: Cython and C. See `CompiledEngine`."""

import math
from functools import lru_cache
from time import perf_counter

import numpy as np

from .._blas import one_blas_thread
from .._contract import Engine, Evaluation
from .._threads import CERTAIN_OPERATIONS, ThreadChoice, n_shards_for, n_threads_for
from ._layers import get_instruction_set
from ._loop import Steps, forward_all, get_max_threads, loss_and_gradient
from ._structs import TWINS, CompiledNetwork, TrainingSet

__all__ = ["TWINS", "CompiledEngine"]

_compiled = lru_cache(maxsize=64)(CompiledNetwork)


class CompiledEngine(Engine):
    """The engine in compiled code, which trains slices and epochs without the GIL."""

    name = "compiled"

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
            operations = 2 * network.n_coefs * n_rows
            forward_all(
                _compiled(network),
                thetas,
                training_set,
                rows,
                raw,
                losses,
                winners,
                self._n_threads(operations),
            )
        return raw

    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        n_rows = X.shape[0]
        n_shards = n_shards_for(network, n_rows)
        return loss_and_gradient(
            _compiled(network),
            theta,
            TrainingSet(X, y, sample_weight),
            n_rows,
            objective.size(n_rows),
            objective.decay(n_rows),
            n_shards,
            self._n_threads(6 * network.n_coefs * n_rows, n_shards),
        )

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
        choice = ThreadChoice()

        def run_steps(orders, learning_rates, thetas=None):
            sums = np.zeros((len(orders), 3))
            done, n_steps = 0, learning_rates.shape[1]
            while done < learning_rates.size:
                n_threads = self._n_threads(operations, n_shards)
                stop = learning_rates.size
                is_open = n_threads > 1 and operations < CERTAIN_OPERATIONS
                if is_open:
                    n_threads = choice.choose(n_threads)
                    end_of_epoch = (done // n_steps + 1) * n_steps
                    stop = min(end_of_epoch, done + choice.n_steps)
                    start = perf_counter()
                try:
                    steps.run(
                        orders,
                        learning_rates,
                        done,
                        stop,
                        optimizer.n_steps,
                        n_threads,
                        sums,
                        thetas,
                    )
                finally:
                    optimizer.n_steps += steps.n_done
                if is_open:
                    choice.note(n_threads, (perf_counter() - start) / (stop - done))
                done = stop
            return sums

        return run_steps

    def _n_threads(self, operations, n_shards=1):
        if get_instruction_set() == "BLAS":
            return 1  # its results may depend on how the rows are cut
        n_threads = n_threads_for(
            operations, get_max_threads(), one_blas_thread.n_at_work
        )
        # With several shards, each is the work of one thread.
        return n_threads if n_shards == 1 else min(n_threads, n_shards)
