import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import shuffle

from sklearn_bp import BackpropClassifier, BackpropRegressor
from sklearn_bp.engine import get_engine
from sklearn_bp.training import _epochs

pytestmark = pytest.mark.usefixtures("each_engine")


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(50, 4))


@pytest.fixture
def y(X):
    return np.sin(X[:, 0]) + X[:, 1] ** 2


def call_before_each_run(function, monkeypatch):
    """Have `function` called with the arguments of each call of run_steps."""
    engine = type(get_engine())
    prepare_steps = engine.prepare_steps

    def prepare(self, *args):
        run_steps = prepare_steps(self, *args)

        def run(*args):
            function(*args)
            return run_steps(*args)

        return run

    monkeypatch.setattr(engine, "prepare_steps", prepare)


def test_orders_are_those_of_scikit_learn(X, y, monkeypatch):
    orders = []
    call_before_each_run(lambda drawn, *_: orders.extend(drawn), monkeypatch)
    rng = np.random.RandomState(3)
    with pytest.warns(ConvergenceWarning):
        BackpropRegressor(max_iter=3, random_state=rng).fit(X, y)

    expected, rng = np.arange(50), np.random.RandomState(3)
    for layer in ((4, 100), (100,), (100, 1), (1,)):
        rng.uniform(size=layer)
    assert len(orders) == 3
    for order in orders:
        expected = shuffle(expected, random_state=rng)
        np.testing.assert_array_equal(order, expected)


def interrupt_in_epoch(n, monkeypatch):
    calls = []

    def interrupt(*_):
        calls.append(None)
        if len(calls) == n:
            raise KeyboardInterrupt

    monkeypatch.setattr(_epochs, "MOST_EPOCHS_AT_ONCE", 1)
    call_before_each_run(interrupt, monkeypatch)


@pytest.mark.parametrize("n_epochs", [0, 1, 5])
def test_ctrl_c_leaves_the_model_of_the_epochs_done(X, y, n_epochs, monkeypatch):
    interrupt_in_epoch(n_epochs + 1, monkeypatch)
    model = BackpropRegressor(max_iter=100, random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == n_epochs
    assert model.t_ == 50 * n_epochs
    assert np.isfinite(model.predict(X)).all()
    monkeypatch.undo()
    if n_epochs > 0:
        with pytest.warns(ConvergenceWarning):
            expected = BackpropRegressor(max_iter=n_epochs, random_state=0).fit(X, y)
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_ctrl_c_with_early_stopping_leaves_the_best_weights(X, y, monkeypatch):
    interrupt_in_epoch(6, monkeypatch)
    model = BackpropRegressor(early_stopping=True, random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert len(model.validation_scores_) == 5
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_ctrl_c_in_lbfgs_leaves_the_last_iteration(X, y, monkeypatch):
    evaluate = type(get_engine()).loss_and_gradients
    calls = []

    def interrupted(self, *args):
        calls.append(None)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return evaluate(self, *args)

    monkeypatch.setattr(type(get_engine()), "loss_and_gradients", interrupted)
    model = BackpropRegressor(solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert 0 < model.n_iter_ < 8
    assert len(calls) == 8  # and no more, which might take long
    monkeypatch.undo()
    with pytest.warns(ConvergenceWarning):
        expected = BackpropRegressor(
            solver="lbfgs", max_iter=model.n_iter_, random_state=0
        ).fit(X, y)
    np.testing.assert_allclose(model.predict(X), expected.predict(X))
    np.testing.assert_allclose(model.loss_, expected.loss_)


def test_ctrl_c_in_a_scorer_leaves_the_iteration_of_lbfgs(X, y):
    def press(*_):
        raise KeyboardInterrupt

    model = BackpropRegressor(solver="lbfgs", scoring=press)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y, X_val=X, y_val=y)
    assert model.n_iter_ == len(model.history_["loss"]) == 1
    assert model.history_["loss"][0] == model.loss_


@pytest.mark.parametrize("n_outputs", [2, 101])
def test_lbfgs_evaluates_nothing_twice(X, n_outputs, monkeypatch):
    """Its loss is that of the last iteration, also where SciPy was given another."""
    evaluate = type(get_engine()).loss_and_gradients
    losses = {}

    def note(self, network, theta, *args):
        data_loss, penalty, gradient = evaluate(self, network, theta, *args)
        losses.setdefault(theta.tobytes(), []).append(
            network.loss.shown(data_loss, network.n_outputs) + penalty
        )
        return data_loss, penalty, gradient

    monkeypatch.setattr(type(get_engine()), "loss_and_gradients", note)
    Y = np.resize(np.sin(X), (len(X), n_outputs))
    model = BackpropRegressor(solver="lbfgs", max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    theta = np.concatenate([np.ravel(a) for a in (*model.coefs_, *model.intercepts_)])
    assert losses[theta.tobytes()] == [model.loss_]


@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_divergence_names_the_epoch_and_the_remedy(estimator, X, y):
    model = estimator(solver="sgd", learning_rate_init=1e8, activation="identity")
    y = y if estimator is BackpropRegressor else y > 0.5
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            ValueError, match=r"diverged in epoch \d+: .* Lower learning_rate_init"
        ),
    ):
        model.fit(1e100 * X, y)
    assert not hasattr(model, "coefs_")


def test_verbose_prints_what_scikit_learn_prints(X, y, capsys):
    model = BackpropRegressor(verbose=True, tol=10, n_iter_no_change=1).fit(X, y)
    assert model.n_iter_ == 3
    *epochs, last = capsys.readouterr().out.splitlines()
    assert epochs == [
        f"Iteration {epoch}, loss = {loss:.8f}"
        for epoch, loss in enumerate(model.loss_curve_, start=1)
    ]
    assert last == (
        "Training loss did not improve more than tol=10.000000 for 1 consecutive"
        " epochs. Stopping."
    )


def test_verbose_prints_scores_and_learning_rates(X, y, capsys):
    BackpropRegressor(
        solver="sgd",
        learning_rate="adaptive",
        early_stopping=True,
        verbose=True,
        tol=10,
        n_iter_no_change=1,
    ).fit(X, y)
    printed = capsys.readouterr().out
    assert "Validation score: -" in printed
    assert "Validation score did not improve" in printed
    assert "Setting learning rate to 0.000200" in printed
    assert printed.endswith("Stopping.\n")
