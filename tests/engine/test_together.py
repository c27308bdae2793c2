"""Several trainings in one call of an engine, against one call for each."""

import numpy as np
import pytest
from sweeps import each_pair

from sklearn_bp.engine import Dropout, Objective
from sklearn_bp.training import OPTIMIZERS

N_EPOCHS = 4
SETTINGS = {
    "sgd": {"momentum": 0.9, "nesterovs_momentum": True},
    "adam": {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8},
}


class Member:
    """A training of its own kind."""

    def __init__(self, engine, problem, number, solver="adam", batch_size=7):
        self.theta = problem.theta * (1 + number)
        self.optimizer = OPTIMIZERS[solver](self.theta, **SETTINGS[solver])
        self.run_steps = engine.prepare_steps(
            problem.network,
            self.theta,
            problem.X,
            problem.y,
            problem.sample_weight,
            Objective(0.1 * number, 1.5),
            batch_size,
            self.optimizer,
            Dropout((0.5, 0.1), seed=number) if number % 2 else None,
            *([0.5] if number % 3 else []),
        )
        rng = np.random.RandomState(number)
        self.orders = np.array([rng.permutation(23) for _ in range(N_EPOCHS)])
        n_steps = -(-23 // batch_size)
        self.rates = rng.uniform(0.01, 0.02, size=(N_EPOCHS, n_steps))
        self.copies = np.empty((N_EPOCHS, self.theta.size), self.theta.dtype)

    @property
    def run(self):
        run = self.run_steps, self.orders, self.rates
        return run if self.optimizer.name == "sgd" else (*run, self.copies)

    def left(self):
        copies = () if self.optimizer.name == "sgd" else (self.copies,)
        return self.theta, *self.optimizer.state, self.optimizer.n_steps, *copies


@pytest.fixture
def n_threads(request, monkeypatch):
    """How many threads the compiled engine has, where there is one."""
    try:
        from sklearn_bp.engine import _compiled
    except ImportError:
        return
    monkeypatch.setattr(_compiled, "n_threads_for", lambda *_: request.param)


@pytest.fixture
def make_members(engine, make_problem):
    """A function that makes a group: two computing types, sparse and dense data, with
    and without weights and dropout, of different lengths."""
    problems = [
        make_problem(hidden=(20,), sparse=sparse, dtype=dtype, weighted=weighted)
        for sparse in (False, True)
        for dtype in (np.float64, np.float32)
        for weighted in (False, True)
    ]

    def make_members(n):
        return [
            Member(
                engine,
                problems[number % len(problems)],
                number,
                solver=["adam", "sgd"][number % 2],
                batch_size=[7, 1, 23][number % 3],
            )
            for number in range(n)
        ]

    return make_members


@pytest.mark.usefixtures("n_threads")
@each_pair(n_threads=[1, 2, 3], n_members=[1, 2, 3, 7, 8], indirect=["n_threads"])
def test_others_do_not_show(n_threads, n_members, engine, make_members):
    members, alone = make_members(n_members), make_members(n_members)
    all_sums = engine.run_together([member.run for member in members])
    for member, other, sums in zip(members, alone, all_sums, strict=True):
        run_steps, *arguments = other.run
        np.testing.assert_array_equal(sums, run_steps(*arguments))
        for ours, expected in zip(member.left(), other.left(), strict=True):
            np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("n_threads", [2], indirect=True)
def test_each_is_the_work_of_one_thread(n_threads, engine, make_members, monkeypatch):
    """But for those at the end, which would leave threads without work."""
    compiled = pytest.importorskip(
        "sklearn_bp.engine._compiled", reason="the compiled engine was not built"
    )
    if engine.name != "compiled":
        return
    shared, run_together = [], compiled.run_together
    monkeypatch.setattr(
        compiled,
        "run_together",
        lambda m, n: shared.append((len(m), n)) or run_together(m, n),
    )
    for n_members in (4, 5):
        engine.run_together([member.run for member in make_members(n_members)])
    assert shared == [(4, 2), (4, 2)]


@pytest.mark.parametrize("n_threads", [1, 3], indirect=True)
def test_those_with_nothing_to_do(n_threads, engine, make_members):
    members = make_members(3)
    for member in members:
        member.orders, member.rates = member.orders[:0], member.rates[:0]
        member.copies = member.copies[:0]
    for sums in engine.run_together([member.run for member in members]):
        assert sums.shape == (0, 3)
    assert [member.optimizer.n_steps for member in members] == [0, 0, 0]
