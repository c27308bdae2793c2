"""A study goes on with the engine that it began with, and leaves the setting alone."""

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris

from sklearn_bp import (
    BackpropClassifier,
    config_context,
    epoch_curve,
    get_config,
    overfitting_study,
    set_config,
)
from sklearn_bp.engine._selection import _compiled_engine
from sklearn_bp.training import History

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(_compiled_engine is None, reason="needs two engines"),
]

X, Y = load_iris(return_X_y=True)
NETWORK = BackpropClassifier(hidden_layer_sizes=(4,), max_iter=8, random_state=0)


@pytest.fixture(autouse=True)
def setting():
    with config_context(engine="auto"):
        yield


def test_another_thread_may_choose_another_engine_meanwhile():
    engines, curves = [], []

    def flip(model, X, y):
        engines.append(model.network_.engine.name)
        other = "reference" if len(engines) % 2 else "compiled"
        set_config(engine=other)
        return model.score(X, y)

    for name in ("reference", "compiled"):
        set_config(engine=name)
        curves.append(epoch_curve(NETWORK, X, Y, cv=3, scoring=flip, n_jobs=2))
        assert set(engines) == {name}
        engines.clear()
        with config_context(engine=name):
            alone = epoch_curve(NETWORK, X, Y, cv=3)
        np.testing.assert_array_equal(curves[-1].test_losses, alone.test_losses)
    assert (curves[0].test_losses != curves[1].test_losses).any()


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("name", ["reference", "compiled"])
def test_worker_processes_are_told(name, monkeypatch):
    others = {"reference": "compiled", "compiled": "reference"}
    monkeypatch.setenv("SKLEARN_BP_ENGINE", others[name])
    with config_context(engine=name):
        expected = epoch_curve(NETWORK, X, Y, cv=3)
        with joblib.parallel_config(backend="loky"):
            curve = epoch_curve(NETWORK, X, Y, cv=3, n_jobs=2)
    np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_leaves_the_setting_of_the_with_block(n_jobs, monkeypatch):
    record, calls = History.record, []

    def press(self, *args):
        calls.append(None)
        if len(calls) == 4:
            raise KeyboardInterrupt
        record(self, *args)

    monkeypatch.setattr(History, "record", press)
    with config_context(engine="reference"):
        with pytest.raises(KeyboardInterrupt):
            overfitting_study(NETWORK, X, Y, {"alpha": [0.1, 1, 10]}, n_jobs=n_jobs)
        assert get_config() == {"engine": "reference"}
    assert get_config() == {"engine": "auto"}
