"""Epochs that are run ahead, several in one call, against one epoch a call."""

import numpy as np
import pytest
import scipy.sparse as sp
from sweeps import each_pair

from sklearn_bp import BackpropRegressor
from sklearn_bp.engine import get_engine
from sklearn_bp.fitting import Training, check_samples, show
from sklearn_bp.training import OPTIMIZERS, _epochs, _schedules
from sklearn_bp.training._history import History

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore:.*Maximum iterations"),
]

X = np.random.RandomState(0).normal(size=(40, 4))
Y = np.sin(X[:, 0]) + X[:, 1] ** 2
SCHEDULES = ["constant", "invscaling", "adaptive", "cosine", "one_cycle", np.sqrt]


def make_model(solver="adam", **settings):
    defaults = {
        "hidden_layer_sizes": (7,),
        "batch_size": 40 if OPTIMIZERS[solver].needs_full_batch else 15,
        "learning_rate_init": 0.01,
        "max_iter": 20,
        "random_state": np.random.RandomState(1),
    }
    return BackpropRegressor(solver=solver, **defaults | settings)


def what_is_left(model):
    """All that a later training depends on, and all that is shown of this one."""
    state, history = model._state, {**model.history_, "seconds": None}
    return [
        state.theta,
        *state.optimizer.state,
        state.optimizer.n_steps,
        state.schedule.learning_rate,
        model.n_iter_,
        model.t_,
        model.loss_curve_,
        *(history[name] for name in sorted(history.keys() - {"seconds"})),
        model.random_state.uniform(size=5),
    ]


@pytest.fixture
def assert_same(monkeypatch):
    """A function that trains by `train` with one epoch a call and with more, and
    compares what is left."""

    def assert_same(train):
        monkeypatch.setattr(_epochs, "LEAST_EPOCHS_AT_ONCE", 2)
        lists = []
        for at_once in (1, 7, 64):
            monkeypatch.setattr(_epochs, "MOST_EPOCHS_AT_ONCE", at_once)
            lists.append(train())
        for ours in lists[1:]:
            for value, expected in zip(ours, lists[0], strict=True):
                np.testing.assert_array_equal(value, expected)

    return assert_same


def call_after_each_call(function, monkeypatch):
    """Have `function` called with what each call of run_steps returns."""
    engine = type(get_engine())
    prepare_steps = engine.prepare_steps

    def prepare(self, *args):
        run_steps = prepare_steps(self, *args)

        def run(*args):
            sums = run_steps(*args)
            function(sums)
            return sums

        return run

    monkeypatch.setattr(engine, "prepare_steps", prepare)


@pytest.fixture
def calls(monkeypatch):
    """How many epochs each call of the engine has run."""
    numbers = []
    call_after_each_call(lambda sums: numbers.append(len(sums)), monkeypatch)
    return numbers


class Follower:
    """Keeps the parameters of each epoch, and stops after some."""

    def __init__(self, may_lag_behind, n_epochs=100):
        self.may_lag_behind = may_lag_behind
        self.n_epochs = n_epochs
        self.thetas = []

    def begin_fit(self, training): ...

    def begin_epochs(self): ...

    def end_epochs(self, thetas):
        self.thetas.extend(thetas.copy())
        return len(self.thetas) >= self.n_epochs

    def end_fit(self, theta): ...

    def fit(self, model):
        training = Training(model, *check_samples(model, X, Y), is_alone=False)
        training.prepare()
        training.run(20, follower=self)
        show(model, training.outcome)


@each_pair(
    solver=OPTIMIZERS,
    learning_rate=SCHEDULES,
    patience=[np.inf, 4],  # to max_iter, and to a standstill
    sparse=[False, True],
)
def test_epochs_ahead_do_not_show(solver, learning_rate, patience, sparse, assert_same):
    def train():
        model = make_model(
            solver,
            learning_rate=learning_rate,
            n_iter_no_change=patience,
            tol=0 if patience == np.inf else 10,
        )
        model.fit(sp.csr_matrix(X) if sparse else X, Y)
        return what_is_left(model)

    assert_same(train)


@pytest.mark.parametrize("settings", [{"shuffle": False}, {"dropout": 0.2}], ids=str)
def test_settings_of_the_order_and_the_step(settings, assert_same):
    def train():
        model = make_model(n_iter_no_change=4, tol=10, **settings).fit(X, Y)
        assert model.n_iter_ == 6
        return what_is_left(model)

    assert_same(train)


def test_further_training(assert_same):
    def train():
        model = make_model(warm_start=True, n_iter_no_change=8, tol=10)
        model.fit(X, Y).partial_fit(X, Y)
        return what_is_left(model.fit(X, Y))

    assert_same(train)


def test_divergence(assert_same):
    def train():
        model = make_model(
            "sgd",
            learning_rate_init=9,
            hidden_layer_sizes=(),
            max_iter=500,
            n_iter_no_change=np.inf,
        )
        with (
            np.errstate(all="ignore"),
            pytest.raises(ValueError, match=r"diverged in epoch \d\d+:") as error,
        ):
            model.fit(X, Y)
        return [str(error.value), model.random_state.uniform(size=5)]

    assert_same(train)


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_ctrl_c_between_two_calls(at_once, monkeypatch):
    record = History.record

    def interrupt(self, *args):
        record(self, *args)
        if len(self.rows) >= 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(_epochs, "MOST_EPOCHS_AT_ONCE", at_once)
    n_epochs = {1: 9, 7: 14, 64: 20}[at_once]
    expected = what_is_left(make_model(max_iter=n_epochs).fit(X, Y))
    monkeypatch.setattr(History, "record", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = make_model().fit(X, Y)
    assert model.n_iter_ == n_epochs
    for ours, value in zip(what_is_left(model), expected, strict=True):
        np.testing.assert_array_equal(ours, value)


def test_ctrl_c_in_a_call_takes_the_call_back(monkeypatch):
    monkeypatch.setattr(_epochs, "LEAST_EPOCHS_AT_ONCE", 2)
    monkeypatch.setattr(_epochs, "MOST_EPOCHS_AT_ONCE", 6)
    expected = what_is_left(make_model(max_iter=6).fit(X, Y))
    numbers = []

    def interrupt(sums):
        numbers.append(len(sums))
        if numbers == [6, 6]:
            raise KeyboardInterrupt

    call_after_each_call(interrupt, monkeypatch)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = make_model().fit(X, Y)
    for ours, value in zip(what_is_left(model), expected, strict=True):
        np.testing.assert_array_equal(ours, value)


@pytest.mark.parametrize("tol", [0, 10])
def test_callbacks_that_lag_behind(tol, assert_same):
    def train():
        model = make_model(n_iter_no_change=7 if tol else np.inf, tol=tol)
        follower = Follower(may_lag_behind=True)
        follower.fit(model)
        assert len(follower.thetas) == model.n_iter_ == (9 if tol else 20)
        return [*what_is_left(model), *follower.thetas]

    assert_same(train)


def test_callbacks_that_lag_behind_stop_between_blocks(calls, monkeypatch):
    monkeypatch.setattr(_epochs, "MOST_EPOCHS_AT_ONCE", 6)
    model, follower = make_model(), Follower(may_lag_behind=True, n_epochs=9)
    follower.fit(model)
    assert model.n_iter_ == len(follower.thetas) == 12
    assert calls == [6, 6]


def test_training_goes_on_after_a_block_that_was_not_used_up(assert_same, monkeypatch):
    """As if a lower learning rate at a standstill had been known ahead."""
    monkeypatch.setattr(_schedules.Adaptive, "is_known_ahead", True)

    def train():
        model = make_model(
            "sgd", learning_rate="adaptive", n_iter_no_change=3, tol=10
        ).fit(X, Y)
        assert model.n_iter_ == 20
        assert len(set(model.history_["learning_rate"])) == 5
        return what_is_left(model)

    assert_same(train)


def test_short_epochs_are_run_ahead(calls):
    make_model().fit(X, Y)
    Follower(may_lag_behind=True).fit(make_model())
    assert calls == [20, 20]


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        ("MOST_EPOCHS_AT_ONCE", 17, [17, 3]),
        ("STEPS_AT_ONCE", 3 * 18, [18, 2]),
        # 35 weights take 6 operations each for each of 40 rows
        ("OPERATIONS_AT_ONCE", 19 * 40 * (6 * 35 + 1000), [19, 1]),
        ("STEPS_AT_ONCE", 3 * 4, [4] * 5),
        ("STEPS_AT_ONCE", 3 * 3, [1] * 20),
    ],
)
def test_limits_of_a_call(limit, value, expected, calls, monkeypatch):
    monkeypatch.setattr(_epochs, limit, value)
    make_model().fit(X, Y)
    assert calls == expected


def test_more_epochs_a_call_beside_other_trainings(calls, monkeypatch):
    monkeypatch.setattr(_epochs, "OPERATIONS_AT_ONCE", 1)
    make_model().fit(X, Y)
    Follower(may_lag_behind=True).fit(make_model())
    assert calls == [1] * 20 + [20]


@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping": True},
        {"learning_rate": "adaptive", "solver": "sgd"},
        {"learning_rate": np.sqrt},
        {"random_state": None},
    ],
    ids=str,
)
def test_nothing_is_run_ahead_where_an_epoch_may_change_the_next(settings, calls):
    model = make_model(**settings).fit(X, Y)
    assert calls == [1] * model.n_iter_


def test_validation_and_other_callbacks_see_each_epoch(calls):
    make_model(max_iter=3).fit(X, Y, X_val=X, y_val=Y)
    Follower(may_lag_behind=False, n_epochs=3).fit(make_model())
    assert calls == [1] * 6
