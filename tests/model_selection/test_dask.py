"""Studies on a cluster of Dask's: two worker processes of this machine."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropEnsembleClassifier,
    epoch_curve,
    get_config,
    overfitting_study,
)
from sklearn_bp.model_selection._parallel import side_by_side

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install '.[dask]'"
)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Of a cluster that is in the middle of closing, and of ports that are taken.
    pytest.mark.filterwarnings("ignore:Port .* is already in use:UserWarning"),
]
GRID = {"alpha": [0.001, 1], "hidden_layer_sizes": [(4,), (12, 6)], "dropout": [0, 0.2]}
NETWORK = BackpropClassifier(max_iter=8, learning_rate_init=0.02, random_state=0)
CURVES = ("train_losses", "test_losses", "train_scores", "test_scores")


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    # Worker processes are to import what is installed, not the working directory.
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setenv("SKLEARN_BP_ENGINE", get_config()["engine"])
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=tmp_path,
        ) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        yield cluster


@pytest.fixture
def data():
    X, y = load_breast_cancer(return_X_y=True)
    return X / X.max(axis=0), y


def assert_same_bits(curves, expected):
    for curve, other in zip(curves, expected, strict=True):
        for name in CURVES:
            assert getattr(curve, name).tobytes() == getattr(other, name).tobytes()


def test_threads_of_a_worker_leave_the_filters_of_warnings_alone(tmp_path):
    with (
        distributed.LocalCluster(
            processes=False,
            n_workers=1,
            threads_per_worker=2,
            dashboard_address=None,
            local_directory=tmp_path,
        ) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        filters = id(warnings.filters)
        seen = dict(side_by_side(lambda: id(warnings.filters), [()] * 4, 2))
    assert set(seen.values()) == {filters}


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_the_same_call_has_the_same_result(container, data, request):
    X, y = container(data[0]), data[1]
    weight = np.linspace(1, 2, len(y))
    expected = overfitting_study(NETWORK, X, y, GRID, sample_weight=weight)
    curve = epoch_curve(NETWORK, X, y, scoring="roc_auc")
    request.getfixturevalue("cluster")
    study = overfitting_study(NETWORK, X, y, GRID, sample_weight=weight)
    assert_same_bits(study.curves, expected.curves)
    assert_same_bits([epoch_curve(NETWORK, X, y, scoring="roc_auc")], [curve])


def test_a_network_that_chooses_for_itself(data, request):
    model = BackpropClassifierCV(NETWORK, max_iter=9, cv=3)
    expected = model.fit(*data)
    coefs = [coef.copy() for coef in expected.best_estimator_.coefs_]
    request.getfixturevalue("cluster")
    model.fit(*data)
    for coef, other in zip(model.best_estimator_.coefs_, coefs, strict=True):
        np.testing.assert_array_equal(coef, other)


@pytest.mark.filterwarnings("ignore:.*a worker was lost:RuntimeWarning")
def test_a_killed_worker(data, deadly_accuracy, request):
    expected = overfitting_study(NETWORK, *data, GRID)
    request.getfixturevalue("cluster")
    study = overfitting_study(NETWORK, *data, GRID, scoring=deadly_accuracy)
    assert deadly_accuracy.has_killed()
    assert_same_bits(study.curves, expected.curves)


def test_an_ensemble(request, data):
    X, y = data
    model = BackpropEnsembleClassifier(NETWORK, cv=3, random_state=0)
    here = model.fit(X, y).predict_proba(X)
    request.getfixturevalue("cluster")
    there = clone(model).set_params(n_jobs=2).fit(X, y)
    assert there.predict_proba(X).tobytes() == here.tobytes()
    assert there.oof_predictions_.tobytes() == model.oof_predictions_.tobytes()
