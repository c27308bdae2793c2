"""Ctrl-C and cancellation within a call of the compiled engine, and at the beginning of
one of either engine."""

import _thread
import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from interruptions import interrupted
from sweeps import each_pair

from sklearn_bp import BackpropRegressor, config_context, overfitting_study
from sklearn_bp.engine import Cancellation, Cancelled, Objective
from sklearn_bp.engine._selection import _compiled_engine
from sklearn_bp.engine._thread_choice import Surroundings
from sklearn_bp.network import LOSSES, Network, initialize
from sklearn_bp.training import OPTIMIZERS

needs_compiled = pytest.mark.skipif(
    _compiled_engine is None, reason="the compiled engine is not there"
)
if _compiled_engine is not None:
    from sklearn_bp.engine._compiled._calls import get_looks, set_seconds_per_hearing

SETTINGS = {
    "adam": {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8},
    "sgd": {"momentum": 0.9, "nesterovs_momentum": True},
    "rprop": {},
}


@pytest.fixture(params=[1, 3])
def n_threads(request, monkeypatch):
    use_threads(request.param, monkeypatch)
    return request.param


def use_threads(n, monkeypatch):
    monkeypatch.setattr(Surroundings, "seconds_left", 0)
    monkeypatch.setattr("sklearn_bp.engine._compiled.n_threads_for", lambda *_, n=n: n)


@pytest.fixture
def hears_at_once(hears_ctrl_c):
    set_seconds_per_hearing(0)
    with config_context(engine="compiled"):
        yield
    set_seconds_per_hearing()


class Work:
    """A network, data, and what an engine does with them."""

    def __init__(self, sizes, n_rows, dtype=np.float32, *, density=None):
        rng = np.random.RandomState(0)
        self.network = Network(sizes, ("relu",) * (len(sizes) - 2), LOSSES["huber"]())
        self.theta = initialize(self.network, "auto", "relu", rng, dtype)
        self.X = rng.uniform(-1, 1, size=(n_rows, sizes[0])).astype(dtype)
        if density is not None:
            self.X = sp.random(
                n_rows, sizes[0], density, "csr", random_state=rng, dtype=dtype
            )
        self.y = np.ones((n_rows, sizes[-1]), dtype)
        self.optimizer = None

    def forward(self, engine=_compiled_engine):
        engine.forward(self.network, self.theta, self.X)

    def evaluate(self, engine=_compiled_engine):
        engine.evaluate(self.network, self.theta[np.newaxis], self.X, self.y)

    def loss_and_gradients(self, engine=_compiled_engine):
        engine.loss_and_gradients(
            self.network, self.theta, self.X, self.y, None, Objective(0.1)
        )

    def train(
        self,
        engine=_compiled_engine,
        *,
        batch_size=None,
        solver="adam",
        max_grad_norm=np.inf,
        n_steps=None,
    ):
        """One epoch, or the first steps of it."""
        kind, n_rows = OPTIMIZERS[solver], len(self.y)
        batch_size = batch_size or n_rows
        parameters = {name: SETTINGS[solver].get(name, 0.5) for name in kind.parameters}
        self.optimizer = kind(self.theta, **parameters)
        run_steps = engine.prepare_steps(
            self.network,
            self.theta,
            self.X,
            self.y,
            None,
            Objective(0.1),
            batch_size,
            self.optimizer,
            None,
            max_grad_norm,
        )
        n_steps = -(-n_rows // batch_size) if n_steps is None else n_steps
        order = np.random.RandomState(1).permutation(n_rows)[: n_steps * batch_size]
        run_steps(order[np.newaxis], np.full((1, n_steps), 0.01))


# ---- how often is looked for it ------------------------------------------------------

WAYS = {
    "forward": lambda work: work.forward(),
    "evaluate": lambda work: work.evaluate(),
    "loss_and_gradients": lambda work: work.loss_and_gradients(),
    "a full batch": lambda work: work.train(),
    "shards": lambda work: work.train(batch_size=1000),
    "short steps": lambda work: work.train(batch_size=10),
    "clipped": lambda work: work.train(max_grad_norm=1e-3),
}


@needs_compiled
@each_pair(
    way=WAYS,
    sizes=[(70, 300, 200, 3), (3, 400, 400, 70)],
    dtype=[np.float32, np.float64],
    n_threads=[1, 2, 3],
    indirect=["n_threads"],
)
def test_a_look_every_so_many_operations(way, sizes, dtype, n_threads):
    work = Work(sizes, 2000, dtype)
    per_pass = 2 * len(work.y) * work.network.n_coefs
    of_first_layer = 2 * len(work.y) * sizes[0] * sizes[1]
    is_forward = way in ("forward", "evaluate")
    operations = per_pass if is_forward else 3 * per_pass - of_first_layer
    before, apart = get_looks()
    WAYS[way](work)
    looks = get_looks()[0] - before
    # Each thread counts its own operations, and loses count at the end.
    assert 0.7 * operations / apart - n_threads < looks < 1.5 * operations / apart


@needs_compiled
@pytest.mark.parametrize("way", ["forward", "a full batch"])
def test_looks_on_sparse_data(way, n_threads):
    work = Work((1000, 256, 1), 2000, density=0.1)
    operations = 2 * work.X.nnz * 256 * (1 if way == "forward" else 2)
    before, apart = get_looks()
    WAYS[way](work)
    assert get_looks()[0] - before > 0.7 * operations / apart - n_threads


@needs_compiled
def test_the_last_part_of_a_gradient_is_looked_up_from():
    """Where it takes too long to be computed within the step, as else it is."""
    looks = []
    for n_units in (1900, 2600):
        work = Work((1000, n_units, 1), 512)
        before, apart = get_looks()
        work.train()
        per_pass = 2 * 512 * work.network.n_coefs
        looks.append((get_looks()[0] - before) / (per_pass / apart))
    assert looks[0] == pytest.approx(1, rel=0.1)  # forward
    assert looks[1] > 1.5  # and for the gradient


# ---- what is left behind -------------------------------------------------------------

LONG = (300, 1000, 1000, 1), 20000  # seconds of work, unless it is interrupted


def assert_nothing_was_done(work, theta):
    np.testing.assert_array_equal(work.theta, theta)
    if work.optimizer is not None:
        assert work.optimizer.n_steps == 0
        for array in work.optimizer.state:
            assert len(np.unique(array)) == 1


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
@pytest.mark.parametrize(
    "way", ["forward", "evaluate", "loss_and_gradients", "a full batch", "clipped"]
)
def test_a_signal_ends_a_step_that_is_underway(way, n_threads):
    work = Work(*LONG)
    theta = work.theta.copy()
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        WAYS[way](work)
    assert_nothing_was_done(work, theta)


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
@each_pair(
    solver=SETTINGS,
    dtype=[np.float32, np.float64],
    sizes=[(300, 1000, 1000, 1), (4, 900, 1)],  # one shard, and sixteen
)
def test_no_solver_takes_half_a_step(solver, dtype, sizes, monkeypatch):
    use_threads(2, monkeypatch)
    work = Work(sizes, 20000 if sizes[0] == 300 else 300_000, dtype)
    theta = work.theta.copy()
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        work.train(solver=solver)
    assert_nothing_was_done(work, theta)


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
@pytest.mark.parametrize(("n_units", "batch_size"), [(300, 16), (300, 700), (800, 32)])
def test_whole_steps_remain(n_units, batch_size, n_threads):
    """Steps of less than what is done from look to look, and of more; and steps of
    which threads share the units."""
    sizes = 100, n_units, n_units, 1
    work, again = Work(sizes, 60000), Work(sizes, 60000)
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        work.train(batch_size=batch_size)
    n_steps = work.optimizer.n_steps
    assert n_steps < 60000 // batch_size
    again.train(batch_size=batch_size, n_steps=n_steps)
    np.testing.assert_array_equal(work.theta, again.theta)
    for array, expected in zip(work.optimizer.state, again.optimizer.state):
        np.testing.assert_array_equal(array, expected)


@needs_compiled
@pytest.mark.parametrize("way", ["evaluate", "loss_and_gradients", "a full batch"])
def test_work_of_any_thread_can_be_cancelled(way, n_threads):
    work, cancellation, outcome = Work(*LONG), Cancellation(), []
    theta = work.theta.copy()

    def run():
        with cancellation.covers():
            try:
                WAYS[way](work)
            except Cancelled:
                outcome.append("cancelled")

    thread = threading.Thread(target=run)
    with interrupted(cancellation.cancel):
        thread.start()
        thread.join()
    assert outcome == ["cancelled"]
    assert_nothing_was_done(work, theta)


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
def test_signals_that_are_handled_do_not_show(monkeypatch):
    use_threads(2, monkeypatch)
    handled = []
    before = signal.signal(signal.SIGINT, lambda *_: handled.append(1))
    works = [Work((100, 300, 300, 1), 10000) for _ in range(2)]
    try:
        with interrupted(_thread.interrupt_main):
            works[0].train()
    finally:
        signal.signal(signal.SIGINT, before)
    works[1].train()
    assert handled == [1]
    np.testing.assert_array_equal(works[0].theta, works[1].theta)


# ---- fits ----------------------------------------------------------------------------


def long_fit(**settings):
    X = np.random.RandomState(0).uniform(size=(20000, 300)).astype(np.float32)
    model = BackpropRegressor(
        hidden_layer_sizes=(1000, 1000), random_state=0, max_iter=9, **settings
    )
    return model, X, X[:, 0]


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
@pytest.mark.parametrize("solver", ["sgd", "adam", "rprop", "lbfgs"])
def test_an_interrupted_fit_shows_whole_epochs(solver):
    model, X, y = long_fit(solver=solver, batch_size="full")
    with (
        pytest.warns(UserWarning, match="Training interrupted by user"),
        interrupted(_thread.interrupt_main),
    ):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_ if solver != "lbfgs" else ()) == 0
    untrained = long_fit(solver=solver, batch_size="full")[0].initialize(X, y)
    for coef, expected in zip(model.coefs_, untrained.coefs_):
        np.testing.assert_array_equal(coef, expected)
    assert model.loss_ == np.inf


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
def test_what_a_handler_raises_leaves_the_estimator_as_it_was():
    def handler(*_):
        raise TimeoutError("too long")

    model, X, y = long_fit(batch_size="full")
    before = signal.signal(signal.SIGINT, handler)
    try:
        with (
            pytest.raises(TimeoutError, match="too long"),
            interrupted(_thread.interrupt_main),
        ):
            model.fit(X, y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "coefs_" not in vars(model)


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
def test_predictions_are_interrupted():
    model, X, y = long_fit()
    model.initialize(X, y)
    many = np.resize(X, (100_000, 300))
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        model.predict(many)


# ---- cancellation, on both engines ---------------------------------------------------


@pytest.mark.parametrize("way", ["forward", "evaluate", "loss_and_gradients", "train"])
def test_cancelled_work_does_not_begin(way, engine):
    work, cancellation = Work((3, 4, 1), 10), Cancellation()
    theta = work.theta.copy()
    with cancellation.covers():
        cancellation.cancel()
        with pytest.raises(Cancelled):
            getattr(work, way)(engine)
    assert_nothing_was_done(work, theta)
    getattr(work, way)(engine)  # outside of it, all is as before


def test_cancellation_reaches_what_began_within():
    outer = Cancellation()
    with outer.covers():
        inner, other = Cancellation(), Cancellation()
        other.cancel()
        assert not inner.flag[0]
        outer.cancel()
        assert inner.flag[0]
        assert Cancellation().flag[0]
    assert not Cancellation().flag[0]


def test_cancel_waits_for_those_at_work():
    cancellation, begun, seen = Cancellation(), threading.Event(), []

    def run():
        with cancellation.covers():
            begun.set()
            while not cancellation.flag[0]:
                time.sleep(0.001)
            seen.append("end")

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(timeout=30)
    cancellation.cancel(timeout=30)
    assert seen == ["end"]
    thread.join()


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
@pytest.mark.parametrize("first", [LONG, ((4, 3, 1), 50)], ids=["long", "short"])
def test_a_signal_ends_a_group(first, monkeypatch):
    """Also if the thread that looks is done sooner than the others."""
    use_threads(2, monkeypatch)
    works, runs = [Work(*first), Work(*LONG)], []
    for work in works:
        n_rows = len(work.y)
        work.optimizer = OPTIMIZERS["adam"](work.theta, **SETTINGS["adam"])
        run_steps = _compiled_engine.prepare_steps(
            work.network, work.theta, work.X, work.y, None, Objective(0.1), n_rows,
            work.optimizer,
        )  # fmt: skip
        order = np.arange(n_rows)[np.newaxis]
        runs.append((run_steps, order, np.full((1, 1), 0.01)))
    theta = works[-1].theta.copy()
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        _compiled_engine.run_together(runs)
    assert_nothing_was_done(works[-1], theta)
    assert works[0].optimizer.n_steps == (0 if first is LONG else 1)


@needs_compiled
@pytest.mark.usefixtures("hears_at_once")
def test_a_signal_ends_a_study_whose_networks_are_trained_in_groups():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(4000, 20)), rng.normal(size=4000)
    network = BackpropRegressor(max_iter=10**6, n_iter_no_change=np.inf, random_state=0)
    with pytest.raises(KeyboardInterrupt), interrupted(_thread.interrupt_main):
        overfitting_study(network, X, y, {"alpha": [0.1, 1]}, cv=2)
