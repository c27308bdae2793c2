"""Several epochs in one call of an engine, against one epoch a call."""

import numpy as np
import pytest
from sweeps import each_pair

from sklearn_bp.engine import Dropout, Objective
from sklearn_bp.training import OPTIMIZERS


@pytest.fixture
def threads(request, monkeypatch):
    """Whether the compiled engine has a second thread, and whether it tries it out."""
    if request.param != "one thread":
        compiled = pytest.importorskip(
            "sklearn_bp.engine._compiled", reason="the compiled engine was not built"
        )
        monkeypatch.setattr(compiled, "n_threads_for", lambda *_: 2)
        limit = np.inf if request.param == "open" else 0
        monkeypatch.setattr(compiled, "CERTAIN_OPERATIONS", limit)


@pytest.mark.usefixtures("threads")
@each_pair(
    together=[("threads", "n_at_once", "batch_size")],
    indirect=["threads"],
    threads=["one thread", "open", "certain"],
    n_at_once=[2, 9],
    batch_size=[2, 10, 23],
    sparse=[False, True],
    dtype=[np.float64, np.float32],
)
def test_calls_do_not_show(engine, n_at_once, batch_size, sparse, dtype, make_problem):
    problem = make_problem(sparse=sparse, dtype=dtype, weighted=True)
    n_epochs, n_steps = 9, -(-23 // batch_size)
    rng = np.random.RandomState(0)
    orders = np.array([rng.permutation(23) for _ in range(n_epochs)])
    rates = rng.uniform(0.01, 0.02, size=(n_epochs, n_steps))

    def train(n_at_once, keep_thetas=True):
        theta = problem.theta.copy()
        optimizer = OPTIMIZERS["adam"](theta, beta_1=0.9, beta_2=0.9, epsilon=1e-8)
        run_steps = engine.prepare_steps(
            problem.network,
            theta,
            problem.X,
            problem.y,
            problem.sample_weight,
            Objective(0.1, 1.5),
            batch_size,
            optimizer,
            Dropout((0.5, 0.1), seed=3),
        )
        sums, thetas = [], []
        for start in range(0, n_epochs, n_at_once):
            epochs = slice(start, start + n_at_once)
            copies = None
            if keep_thetas:
                copies = np.empty((len(orders[epochs]), theta.size), dtype)
                thetas.append(copies)
            sums.append(run_steps(orders[epochs], rates[epochs], copies))
            if keep_thetas:
                np.testing.assert_array_equal(copies[-1], theta)
        assert optimizer.n_steps == n_epochs * n_steps
        return theta, *optimizer.state, np.vstack(sums), *thetas

    expected = train(1)
    theta, first, second, sums, *thetas = train(n_at_once)
    ours = theta, first, second, sums, *np.vstack(thetas)[:, np.newaxis]
    for array, one_by_one in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(array, one_by_one)
    for array, one_by_one in zip(train(n_at_once, keep_thetas=False), expected):
        np.testing.assert_array_equal(array, one_by_one)
