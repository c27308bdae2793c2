"""The compiled engine: Cython, C and SciPy's BLAS. See `CompiledEngine`."""

from functools import lru_cache

import numpy as np

from .._contract import Engine
from ._layers import get_instruction_set
from ._loop import forward_all, loss_and_gradient, run
from ._structs import CompiledNetwork, TrainingSet

_compiled = lru_cache(maxsize=64)(CompiledNetwork)


class CompiledEngine(Engine):
    """What the reference engine does, whole slices of an epoch without the GIL."""

    name = "compiled"

    @property
    def products(self):
        return get_instruction_set()

    def forward(self, network, theta, X, rows=None):
        n_rows = X.shape[0] if rows is None else len(rows)
        raw = np.empty((n_rows, network.n_outputs), dtype=theta.dtype)
        if n_rows > 0:
            forward_all(_compiled(network), theta, TrainingSet(X), rows, raw)
        return raw

    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        n_rows = X.shape[0]
        gradient = np.empty_like(theta)
        data_loss, penalty = loss_and_gradient(
            _compiled(network),
            theta,
            TrainingSet(X, y, sample_weight),
            n_rows,
            objective.size(n_rows),
            objective.decay(n_rows),
            gradient,
        )
        return data_loss, penalty, gradient

    def run_steps(
        self,
        network,
        theta,
        X,
        y,
        sample_weight,
        objective,
        order,
        batch_size,
        optimizer,
        learning_rates,
    ):
        sums = run(
            _compiled(network),
            theta,
            TrainingSet(X, y, sample_weight),
            order,
            batch_size,
            objective.alpha,
            objective.mean_weight,
            objective.penalty_size or 0.0,
            optimizer.name,
            optimizer.settings,
            list(optimizer.state),
            optimizer.n_steps,
            learning_rates,
        )
        optimizer.n_steps += len(learning_rates)
        return sums
