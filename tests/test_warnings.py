"""Warnings point at the user's line, wherever the call came from."""

import gc
import inspect
import os
import subprocess
import sys
import warnings
import weakref
from threading import Thread

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    epoch_curve,
    overfitting_study,
)

X, Y = load_iris(return_X_y=True)


def sometimes(model, X, y):
    """A score that is not defined after the second epoch."""
    return np.nan if model.n_iter_ == 2 else 0.5


def small(**settings):
    return BackpropClassifier(3, max_iter=3, random_state=0, **settings)


DIVERGES = {"learning_rate_init": [1e-3, 1e300]}
CALLS = {
    "fit": lambda: small().fit(X, Y),
    "fit with lbfgs": lambda: small(solver="lbfgs").fit(X, Y),
    "a batch size": lambda: small(batch_size=1000).fit(X, Y),
    "partial_fit": lambda: [
        model.partial_fit(X, Y, classes=[0, 1, 2])
        for model in [small(learning_rate="cosine")]
        for _ in range(5)
    ],
    "a pipeline": lambda: make_pipeline(StandardScaler(), small()).fit(X, Y),
    "a search": lambda: GridSearchCV(small(), {"alpha": [1]}, cv=2).fit(X, Y),
    "cross_val_score": lambda: cross_val_score(small(), X, Y, cv=2),
    "another estimator": lambda: MultiOutputRegressor(
        BackpropRegressor(hidden_layer_sizes=(3,), max_iter=2)
    ).fit(X, X[:, :2]),
    "a curve": lambda: epoch_curve(small(), X, Y, cv=2, scoring=sometimes),
    "a study": lambda: overfitting_study(small(solver="sgd"), X, Y, DIVERGES, cv=2),
    "a CV estimator": lambda: BackpropClassifierCV(
        small(), alphas=[1], hidden_layer_sizes=[3], max_iter=3, scoring=sometimes
    ).fit(X, Y),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_line_is_the_users(call):
    function = CALLS[call]
    lines, first = inspect.getsourcelines(function)
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        function()
    assert caught
    for warning in caught:
        assert warning.filename == __file__, warning
        assert first <= warning.lineno < first + len(lines)


def test_other_estimators_are_not_taken_for_users():
    """As a guard of the test above: scikit-learn's own warnings point into itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegression(max_iter=1).fit(X, Y)
    assert caught[0].filename != __file__


def test_the_line_of_an_import(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "sys.modules['sklearn_bp.engine._compiled'] = None\n"
        "import sklearn_bp\n"
    )
    result = subprocess.run(
        [sys.executable, "-P", str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "SKLEARN_BP_ENGINE": "auto"},
    )
    assert f"{script}:3: RuntimeWarning: sklearn_bp runs on its" in result.stderr


def test_a_thread_without_a_line_of_the_users():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = Thread(target=small().fit, args=(X, Y))
        thread.start()
        thread.join()
    assert "Maximum iterations" in str(caught[0].message)
    assert {warning.category for warning in caught} == {ConvergenceWarning}


def test_code_without_a_module():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code = compile("\nfit(X, Y)", "the code", "exec")
        exec(code, {"fit": small().fit, "X": X, "Y": Y, "__name__": None})
    assert (caught[0].filename, caught[0].lineno) == ("the code", 2)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"batch_size": 1000}])
def test_a_warning_keeps_no_data_alive(settings):
    data, model = np.array(X), small(**settings)
    reference = weakref.ref(data)
    gc.disable()
    try:
        with pytest.warns(UserWarning, match="Maximum|failed|clipped"):
            model.fit(data, Y)
        del data
        assert reference() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("each_engine")
def test_numpy_does_not_warn_of_what_overflows():
    large = np.full_like(X, 1e200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises(ValueError, match="diverged"):
            small(solver="sgd", learning_rate_init=1e300).fit(X, Y)
        model = small(activation="softplus", alpha=1e300).initialize(X, Y)
        model.coefs_[0] *= 1e200
        model.predict(large)
        model.hidden_activations(large)
        model.input_gradients(large)
        model.loss_and_gradients(X, Y)
