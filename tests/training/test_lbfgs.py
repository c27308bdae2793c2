import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPRegressor

from sklearn_bp import BackpropClassifier, BackpropRegressor

SETTINGS = {
    "hidden_layer_sizes": (),
    "solver": "lbfgs",
    "tol": 1e-7,
    "max_iter": 5000,
    "random_state": 0,
}
# L-BFGS-B also stops where the loss falls by less than 2e-9 of itself; near a minimum
# that is a distance of its square root, times the condition of the problem.
TOLERANCE = {"rtol": 1e-3, "atol": 1e-7}


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(80, 5))


def test_without_a_hidden_layer_it_is_ridge_regression(X, each_engine):
    y = X @ np.random.RandomState(1).normal(size=5) + 3
    ours = BackpropRegressor(alpha=4, **SETTINGS).fit(X, y)
    ridge = Ridge(alpha=4).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], ridge.coef_, **TOLERANCE)
    np.testing.assert_allclose(ours.intercepts_[0], ridge.intercept_, **TOLERANCE)


def test_without_a_hidden_layer_it_is_logistic_regression(X, each_engine):
    y = np.argmax(X[:, :3] + np.random.RandomState(1).normal(size=(80, 3)), axis=1)
    ours = BackpropClassifier(alpha=2, **SETTINGS).fit(X, y)
    theirs = LogisticRegression(C=1 / 2, tol=1e-10, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), **TOLERANCE
    )


def test_without_a_hidden_layer_it_is_poisson_regression(X, each_engine):
    y = np.random.RandomState(1).poisson(np.exp(X[:, 0]))
    ours = BackpropRegressor(loss="poisson", alpha=80 * 0.1, **SETTINGS).fit(X, y)
    theirs = PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), **TOLERANCE)


def test_many_outputs_do_not_stop_the_line_search(X):
    """scikit-learn hands the optimizer a loss and a gradient that differ by the number
    of outputs, which stops it at the first step here."""
    Y = np.tanh(X @ np.random.RandomState(1).normal(size=(5, 3000)))
    settings = {
        "hidden_layer_sizes": (20,),
        "activation": "tanh",
        "solver": "lbfgs",
        "random_state": 0,
        "max_iter": 30,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = BackpropRegressor(**settings).fit(X, Y)
        theirs = MLPRegressor(**settings).fit(X, Y)
    assert ours.n_iter_ == 30
    assert (
        np.square(ours.predict(X) - Y).mean()
        < 0.5 * np.square(theirs.predict(X) - Y).mean()
    )
    penalty = ours.alpha / (2 * len(X)) * sum(np.square(W).sum() for W in ours.coefs_)
    np.testing.assert_allclose(
        ours.loss_, np.square(ours.predict(X) - Y).mean() / 2 + penalty
    )


def test_warns_if_it_did_not_converge(X):
    with pytest.warns(
        ConvergenceWarning, match=r"lbfgs failed to converge after 2 .*max_iter"
    ):
        model = BackpropRegressor(solver="lbfgs", max_iter=2).fit(X, X[:, 0] ** 2)
    assert model.n_iter_ == 2


def test_verbose_prints_a_line_an_iteration(X, capsys):
    with pytest.warns(ConvergenceWarning):
        BackpropRegressor(solver="lbfgs", max_iter=3, verbose=True).fit(X, X[:, 0] ** 2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]


def test_float32_stays_float32(X):
    model = BackpropRegressor(solver="lbfgs", max_iter=500)
    model.fit(X.astype(np.float32), X[:, 0])
    assert {coef.dtype for coef in model.coefs_} == {np.dtype(np.float32)}
    assert model.score(X, X[:, 0]) > 0.99
