"""A training led from outside an estimator."""

import numpy as np
import pytest

from sklearn_bp import BackpropClassifier, BackpropRegressor, epoch_curve
from sklearn_bp.fitting import Training, check_samples
from sklearn_bp.training import OPTIMIZERS, History, run_alone

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

X = np.random.RandomState(0).normal(size=(60, 4))
Y = np.sin(X[:, 0]) + X[:, 1]


def make_model(solver="adam", **settings):
    return BackpropRegressor(
        hidden_layer_sizes=(6,), solver=solver, max_iter=7, random_state=0, **settings
    )


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["lbfgs", *OPTIMIZERS])
def test_it_has_the_bits_of_fit_and_leaves_the_estimator_alone(solver, early_stopping):
    model = make_model(solver, early_stopping=early_stopping)
    training = Training(model, *check_samples(model, X, Y))
    before = vars(model).copy()
    training.prepare()
    training.run(7)
    assert vars(model) == before
    fitted = make_model(solver, early_stopping=early_stopping).fit(X, Y)
    for ours, expected in zip(training.fitted.coefs, fitted.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert training.n_iter == fitted.n_iter_
    assert training.loss == fitted.loss_


def test_rows_are_those_of_a_fit_on_a_part():
    rows = np.arange(0, 60, 2, dtype=np.int64)
    model = make_model()
    training = Training(model, *check_samples(model, X, Y), rows=rows)
    training.prepare()
    training.run(7)
    expected = make_model().fit(X[rows], Y[rows])
    np.testing.assert_array_equal(training.fitted.coefs[0], expected.coefs_[0])


def test_a_look_at_it_does_not_go_on_with_it():
    model = make_model()
    training = Training(model, *check_samples(model, X, Y))
    training.prepare()
    course = training.course(7)
    run_alone(course.advance())
    snapshot = training.outcome_so_far(
        training.state.theta.copy(), course.n_iter, can_go_on=True
    )
    n_rows, first = len(snapshot.state.history.rows), snapshot.fitted.theta.copy()
    moments = snapshot.state.optimizer.state[0].copy()
    while course.has_epochs_left:
        run_alone(course.advance())
    course.close()
    assert len(snapshot.state.history.rows) == n_rows
    np.testing.assert_array_equal(snapshot.fitted.theta, first)
    np.testing.assert_array_equal(snapshot.state.optimizer.state[0], moments)


def test_partial_fit_does_not_touch_what_was_recorded_before(monkeypatch):
    """So its time does not grow by the call."""
    model = BackpropClassifier(hidden_layer_sizes=(5,)).partial_fit(
        X, Y > 0, classes=[False, True]
    )
    rows = model._state.history.rows

    def fail(*_):
        raise AssertionError("looked through the history")

    for name in ("copy", "as_arrays", "to_plain", "validation_scores"):
        monkeypatch.setattr(History, name, property(fail))
    for _ in range(5):
        model.partial_fit(X, Y > 0)
    monkeypatch.undo()
    assert model._state.history.rows is rows
    assert len(model.loss_curve_) == 6


def test_an_error_in_partial_fit_cuts_the_history_back():
    model = BackpropRegressor(hidden_layer_sizes=(5,), solver="sgd", random_state=0)
    for _ in range(3):
        model.partial_fit(X, Y)
    losses, coefs = model.loss_curve_.copy(), [coef.copy() for coef in model.coefs_]
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X, 1e200 * Y)
    assert model.loss_curve_ == losses
    for ours, expected in zip(model.coefs_, coefs, strict=True):
        np.testing.assert_array_equal(ours, expected)


class Cautious(BackpropClassifier):
    """Predicts the second class where it is at all likely."""

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] > 0.01).astype(int)


def test_scorers_see_the_methods_of_a_subclass():
    X = np.random.RandomState(0).normal(size=(100, 3))
    y = (X[:, 0] > 0.8).astype(int)
    model = Cautious(
        max_iter=4, random_state=0, early_stopping=True, scoring="recall"
    ).fit(X, y)
    assert model.validation_scores_ == [1.0] * 4
    curve = epoch_curve(Cautious(max_iter=2), X, y, scoring="recall", cv=3)
    assert (curve.test_scores == 1).all()


def test_ctrl_c_in_a_scorer_leaves_the_epoch_that_was_trained():
    def press(*_):
        raise KeyboardInterrupt

    model = make_model(scoring=press)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, Y, X_val=X, y_val=Y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_["loss"]) == 1
    assert model.loss_ == model.loss_curve_[-1]
    assert model.t_ == len(X)
