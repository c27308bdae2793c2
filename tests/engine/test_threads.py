import os

import numpy as np
import pytest
from sweeps import EACH_LOSS, each_pair

from sklearn_bp.engine import Objective, _threads
from sklearn_bp.engine._selection import _compiled_engine
from sklearn_bp.engine._thread_choice import Surroundings, ThreadChoice
from sklearn_bp.engine._threads import (
    MOST_SHARDS,
    OPERATIONS_PER_THREAD,
    ROWS_PER_SHARD,
    n_shards_for,
    n_threads_for,
    n_threads_of_use,
)
from sklearn_bp.network import LOSSES, Network
from sklearn_bp.training import OPTIMIZERS

ENOUGH = 1000 * OPERATIONS_PER_THREAD


@pytest.fixture(autouse=True)
def eight_idle_processors(monkeypatch):
    monkeypatch.setattr(_threads, "_cpu_count", lambda: 8)
    monkeypatch.setattr(Surroundings, "seconds_left", 0)


def test_little_work_stays_on_one_thread():
    assert n_threads_for(2 * OPERATIONS_PER_THREAD - 1, 8, 1) == 1
    assert n_threads_for(2 * OPERATIONS_PER_THREAD, 8, 1) == 2
    assert n_threads_for(0, 8, 1) == 1


def test_limits_are_obeyed():
    assert n_threads_for(ENOUGH, 3, 1) == 3
    assert n_threads_for(ENOUGH, 1, 1) == 1
    assert n_threads_for(ENOUGH, 100, 1) == 8


def test_fits_side_by_side_share_the_processors():
    assert n_threads_for(ENOUGH, 8, 2) == 4
    assert n_threads_for(ENOUGH, 8, 100) == 1


def test_a_forked_process_stays_on_one_thread(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert n_threads_for(ENOUGH, 8, 1) == 1


@pytest.mark.parametrize(
    ("n_threads", "n_parts", "of_use"),
    [(2, 1, 1), (16, 8, 8), (5, 8, 4), (3, 8, 3), (16, 25, 13), (2, 64, 2)],
)
def test_threads_that_would_not_be_done_sooner_are_left_out(n_threads, n_parts, of_use):
    assert n_threads_of_use(n_threads, n_parts) == of_use


def shards(layer_sizes, n_rows):
    return n_shards_for(
        Network(layer_sizes, ("relu",), LOSSES["squared_error"]()), n_rows
    )


def test_shards_pay_where_gradients_are_smaller_than_outputs():
    assert shards((4, 100, 3), 200) == 2
    assert shards((784, 256, 10), 200) == 1  # 200,000 weights, 50,000 outputs
    assert shards((784, 256, 10), 2000) == 2  # 500,000 outputs


def test_a_shard_is_worth_a_thread():
    assert shards((4, 100, 3), 2 * ROWS_PER_SHARD - 1) == 1  # few rows
    assert shards((1, 2, 1), 2000) == 1  # few operations
    assert shards((4, 100, 3), 10**6) == MOST_SHARDS


needs_compiled = pytest.mark.skipif(
    _compiled_engine is None, reason="the compiled engine is not there"
)
PROBLEMS = [
    {"n_samples": 1, "hidden": (5,)},
    {"n_samples": 50, "hidden": ()},
    {"n_samples": 50, "hidden": (70, 33), "n_features": 41},
    {"n_samples": 50, "hidden": (70, 33), "n_features": 41, "sparse": True},
    # threads take units of the layers
    {"n_samples": 9, "hidden": (700, 640), "activation": "gelu"},
    # more than one block of rows
    {"n_samples": 1100, "hidden": (20,), "weighted": True},
    {"n_samples": 1100, "hidden": (20,), "sparse": True, "weighted": True},
    # more than one block in each shard
    {"n_samples": 2100, "hidden": (9,)},
]


@needs_compiled
@each_pair(
    together=[("settings", "dtype", "n_shards")],
    settings=PROBLEMS,
    loss=EACH_LOSS,
    dtype=[np.float64, np.float32],
    n_shards=[1, 4],
)
def test_the_number_of_threads_does_not_show(
    settings, loss, dtype, n_shards, make_problem, monkeypatch
):
    monkeypatch.setattr("sklearn_bp.engine._compiled.n_shards_for", lambda *_: n_shards)
    problem = make_problem(loss=loss, dtype=dtype, **settings)
    network, X, y = problem.network, problem.X, problem.y
    weight, rows = problem.sample_weight, np.arange(len(y))[::-1].copy()
    objective = Objective(0.1, 1.5)
    results = []
    for n_threads in (1, 2, 3, 5, 8, 16):
        monkeypatch.setattr(
            "sklearn_bp.engine._compiled.n_threads_for", lambda *_, n=n_threads: n
        )
        theta = problem.theta.copy()
        optimizer = OPTIMIZERS["adam"](theta, beta_1=0.9, beta_2=0.9, epsilon=1e-8)
        sums = []
        for batch_size in (max(1, len(y) // 3), len(y)):
            n_steps = -(-len(y) // batch_size)
            run_steps = _compiled_engine.prepare_steps(
                network, theta, X, y, weight, objective, batch_size, optimizer
            )
            sums += run_steps(rows[np.newaxis], np.full((1, n_steps), 0.01)).tolist()
        results.append(
            [
                theta,
                sums,
                *_compiled_engine.loss_and_gradients(
                    network, theta, X, y, weight, objective
                ),
                _compiled_engine.forward(network, theta, X, rows),
                _compiled_engine.forward(network, theta, X),
                *_compiled_engine.evaluate(
                    network, theta[np.newaxis], X, y, rows, with_winners=True
                ),
            ]
        )
    for other in results[1:]:
        for array, expected in zip(other, results[0]):
            assert np.asarray(array).tobytes() == np.asarray(expected).tobytes()


@needs_compiled
@pytest.mark.parametrize("hidden", [(20,), (100, 7)])
def test_blas_has_threads_where_there_are_shards(hidden, make_problem, monkeypatch):
    from sklearn_bp.engine._compiled import _layers

    problem = make_problem(n_samples=1100, hidden=hidden)
    monkeypatch.setattr("sklearn_bp.engine._compiled.n_shards_for", lambda *_: 4)
    monkeypatch.setattr("sklearn_bp.engine._threads.OPERATIONS_PER_THREAD", 1)
    best = _layers.get_instruction_set()
    results = []
    try:
        _layers.set_instruction_set("BLAS")
        for most in (1, 2, 4):
            monkeypatch.setattr(
                "sklearn_bp.engine._compiled.get_max_threads", lambda n=most: n
            )
            theta = problem.theta.copy()
            run_steps = _compiled_engine.prepare_steps(
                problem.network,
                theta,
                problem.X,
                problem.y,
                None,
                Objective(0.1),
                1100,
                OPTIMIZERS["sgd"](theta, momentum=0.9, nesterovs_momentum=True),
            )
            assert run_steps.n_threads == most
            run_steps(np.arange(1100)[np.newaxis], np.full((1, 1), 0.01))
            results.append(theta)
    finally:
        _layers.set_instruction_set(best)
    for theta in results[1:]:
        np.testing.assert_array_equal(theta, results[0])


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_epoch_that_trials_cut_keeps_its_learning_rates(
    dtype, make_problem, monkeypatch
):
    """Each step has a rate of its own, and a trial ends after a few of them."""
    problem = make_problem(dtype=dtype)
    orders = np.arange(23, dtype=np.int64)[np.newaxis].repeat(3, axis=0)
    rates = np.random.RandomState(0).uniform(0.001, 0.1, size=(3, 23))
    assert rates.shape[1] > 2 * ThreadChoice.TRIAL_STEPS
    thetas = []
    for n_threads in (1, 2):
        monkeypatch.setattr(
            "sklearn_bp.engine._compiled.n_threads_for", lambda *_, n=n_threads: n
        )
        theta = problem.theta.copy()
        optimizer = OPTIMIZERS["sgd"](theta, momentum=0.9, nesterovs_momentum=True)
        run_steps = _compiled_engine.prepare_steps(
            problem.network,
            theta,
            problem.X,
            problem.y,
            None,
            Objective(),
            1,
            optimizer,
        )
        run_steps(orders, rates)
        thetas.append(theta)
    np.testing.assert_array_equal(*thetas)


@needs_compiled
@pytest.mark.parametrize("batch_size", [8, 24])
def test_steps_that_end_early_go_on(batch_size, make_problem, monkeypatch):
    """What has been done until the caller gives up does not show, in copies for each
    epoch neither."""
    problem = make_problem(n_samples=24, hidden=(30, 20))
    orders = np.arange(24)[np.newaxis].repeat(12, axis=0)
    rates = np.full((12, 24 // batch_size), 0.01)
    results, ends = [], []
    monkeypatch.setattr(
        "sklearn_bp.engine._compiled.ThreadChoice", lambda *_, **__: Impatient(ends)
    )
    for n_threads in (1, 2):
        monkeypatch.setattr(
            "sklearn_bp.engine._compiled.n_threads_for", lambda *_, n=n_threads: n
        )
        theta = problem.theta.copy()
        copies = np.empty((12, theta.size))
        run_steps = _compiled_engine.prepare_steps(
            problem.network,
            theta,
            problem.X,
            problem.y,
            None,
            Objective(0.1),
            batch_size,
            OPTIMIZERS["sgd"](theta, momentum=0.9, nesterovs_momentum=True),
        )
        results.append([theta, run_steps(orders, rates, copies), copies])
    assert ends == (rates.size - 1) * [True] + [False]  # nothing was left to do
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, expected)


class Impatient:
    """A choice of several threads, whose caller gives up after the first step."""

    n_steps, patience = 100, -1.0

    def __init__(self, ends):
        self.ends = ends

    def choose(self, most):
        return most

    def note(self, n_steps, seconds, lost, is_cut):
        assert n_steps == 1
        assert seconds > 0
        assert lost > 0
        self.ends.append(is_cut)
