"""Trainings of a study that share calls of the engine, against each alone."""

from functools import partial

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
        get_engine().n_side_by_side == 0, reason="the reference engine has no groups"
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
    assert sum(sizes) == 12
    assert min(sizes) > 4  # so that some members of each fail


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
    grid, grouped = {"alpha": [0.001, 0.1, 1, 10]}, _trainings.grouped

    def bounded(plan, jobs, *others, n_groups, **more):
        total = {
            "OPERATIONS_OF_GROUP": sum(plan.operations(j.number, 12) for j in jobs),
            "BYTES_OF_GROUP": sum(plan.n_bytes(j.number) for j in jobs),
        }
        for name, value in total.items():
            share = value / get_engine().n_side_by_side
            bound = share / n_groups if name == limit else share
            monkeypatch.setattr(_trainings, name, bound)
        return grouped(plan, jobs, *others, **more)

    for n_groups in (1, 3):
        monkeypatch.setattr(_trainings, "grouped", partial(bounded, n_groups=n_groups))
        overfitting_study(network, X, LABELS, grid, cv=3)
        assert sizes == [12 // n_groups] * n_groups
        sizes.clear()


@pytest.mark.parametrize(("n_jobs", "n_members"), [(1, 12), (2, 0)])
def test_long_trainings_have_threads_of_python_if_asked_for(
    n_jobs, n_members, sizes, monkeypatch
):
    monkeypatch.setattr(_trainings, "OPERATIONS_OF_SHORT", 1)
    monkeypatch.setattr(type(get_engine()), "n_side_by_side", 2)
    network = BackpropClassifier(max_iter=12, random_state=0)
    overfitting_study(network, X, LABELS, {"alpha": [1, 2, 3, 4]}, cv=3, n_jobs=n_jobs)
    assert sum(sizes) == n_members
