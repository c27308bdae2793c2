"""Trainings of a study that share calls of the engine, against each alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.datasets import make_classification, make_regression
from sweeps import each_pair

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    config_context,
    overfitting_study,
)
from sklearn_bp.engine import get_engine
from sklearn_bp.model_selection import _trainings
from sklearn_bp.training import OPTIMIZERS

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(
        not get_engine().shares_threads, reason="only the compiled engine has groups"
    ),
]
X, LABELS = make_classification(80, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(80, 6, n_targets=2, random_state=0)[1] / 100
WEIGHT = np.random.RandomState(0).randint(1, 4, size=80).astype(float)
OPTIONS = {
    "plain": {},
    "weighted": {"sample_weight": WEIGHT},
    "halving": {"halving_factor": 2},
    "n_jobs": {"n_jobs": 2},
}
GRID = {"alpha": [0.001, 1.0], "hidden_layer_sizes": [(5,), (4, 3)]}


@pytest.fixture
def sizes(monkeypatch):
    """The numbers of members of the groups that are trained."""
    train_folds, sizes = _trainings.train_folds, []

    def noting(members, *others):
        sizes.append(len(members))
        return train_folds(members, *others)

    monkeypatch.setattr(_trainings, "train_folds", noting)
    return sizes


@pytest.fixture
def study_alone(monkeypatch):
    """A function that studies with groups of one."""

    def study_alone(*args, **options):
        with monkeypatch.context() as patch:
            patch.setattr(_trainings, "OPERATIONS_OF_GROUP", 1)
            return overfitting_study(*args, **options)

    return study_alone


@each_pair(
    solver=[name for name in OPTIMIZERS if name != "rprop"],
    data=["dense", "sparse", "float32"],
    settings=[
        {},
        {"dropout": 0.3},
        {"early_stopping": True, "n_iter_no_change": 3},
        {"learning_rate": "cosine"},
        {"learning_rate": "adaptive", "tol": 1, "n_iter_no_change": 2},
        {"batch_size": 7, "shuffle": False},
        {"n_iter_no_change": 2, "tol": 0.1},
    ],
    options=["plain", "weighted", "halving", "n_jobs"],
    is_classifier=[True, False],
)
def test_others_do_not_show(
    solver, data, settings, options, is_classifier, sizes, study_alone
):
    if solver != "sgd" and settings.get("learning_rate") == "adaptive":
        settings = {}
    kind, y = BackpropRegressor, NUMBERS
    if is_classifier:
        kind, y = BackpropClassifier, LABELS
    network = kind(solver=solver, max_iter=12, random_state=0, **settings)
    given = {"dense": X, "sparse": sp.csr_matrix(X), "float32": X.astype(np.float32)}
    arguments = network, given[data], y, GRID
    study = overfitting_study(*arguments, cv=3, **OPTIONS[options])
    assert sum(sizes) == 12 or options == "halving"
    assert max(sizes) > 1
    assert study == study_alone(*arguments, cv=3, **OPTIONS[options])


def test_a_member_that_fails_leaves_the_group(sizes, study_alone):
    network = BackpropRegressor(solver="sgd", max_iter=30, random_state=0)
    grid = {"learning_rate_init": [0.001, 1e9], "alpha": [0.1, 1]}
    with pytest.warns(match="2 of 4 settings failed"):
        study = overfitting_study(network, X, NUMBERS, grid, cv=3)
    with pytest.warns(match="2 of 4 settings failed"):
        assert study == study_alone(network, X, NUMBERS, grid, cv=3)
    assert sizes == [12]


@pytest.mark.usefixtures("fresh_workers")
def test_worker_processes_train_groups(study_alone):
    network = BackpropClassifier(max_iter=12, random_state=0)
    with parallel_config(backend="loky"):
        study = overfitting_study(network, X, LABELS, GRID, cv=3, n_jobs=2)
    assert study == study_alone(network, X, LABELS, GRID, cv=3)


def score(model, X, y):
    return model.score(X, y)


@pytest.mark.parametrize(
    ("settings", "options"),
    [({"solver": "lbfgs"}, {}), ({"scoring": "loss"}, {"scoring": score})],
)
def test_what_does_more_than_call_the_engine_trains_alone(settings, options, sizes):
    network = BackpropClassifier(max_iter=3, random_state=0, **settings)
    overfitting_study(network, X, LABELS, GRID, cv=3, **options)
    assert sizes == []


def test_the_reference_engine_has_no_groups(sizes):
    network = BackpropClassifier(max_iter=3, random_state=0)
    with config_context(engine="reference"):
        overfitting_study(network, X, LABELS, GRID, cv=3)
    assert sizes == []


@pytest.mark.parametrize("limit", ["OPERATIONS_OF_GROUP", "BYTES_OF_GROUP"])
def test_a_group_is_bounded(limit, sizes, monkeypatch):
    network = BackpropClassifier(max_iter=12, random_state=0, hidden_layer_sizes=(9,))
    grid = {"alpha": [0.001, 0.1, 1, 10]}
    overfitting_study(network, X, LABELS, grid, cv=3)
    assert sizes == [12]
    sizes.clear()
    grouped = _trainings.grouped

    def measuring(plan, jobs, heard):
        total = {
            "OPERATIONS_OF_GROUP": sum(plan.operations(j.number, 12) for j in jobs),
            "BYTES_OF_GROUP": sum(plan.n_bytes(j.number) for j in jobs),
        }
        monkeypatch.setattr(_trainings, limit, total[limit] / 3)
        return grouped(plan, jobs, heard)

    monkeypatch.setattr(_trainings, "grouped", measuring)
    overfitting_study(network, X, LABELS, grid, cv=3)
    assert sizes == [4, 4, 4]
