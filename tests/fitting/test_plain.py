"""What is saved of an estimator is plain data, and goes on as the original would."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_bp import BackpropClassifier, BackpropRegressor, BackpropRegressorCV
from sklearn_bp.training import FACTORS, OPTIMIZERS, SCHEDULES

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.*has come to its end",
)

X = np.random.RandomState(0).normal(size=(60, 4))
LABELS = (X[:, 0] > 0) + (X[:, 1] > 0).astype(int)
TARGETS = {
    "classes": (BackpropClassifier, LABELS),
    "words": (BackpropClassifier, np.array(["a", "b", "c"])[LABELS]),
    "indicators": (BackpropClassifier, (X > 0).astype(int)),
    "sparse indicators": (BackpropClassifier, sp.csr_matrix((X > 0).astype(int))),
    "a number": (BackpropRegressor, X[:, 0]),
    "numbers": (BackpropRegressor, X[:, :2]),
}
PLAIN = (bool, int, float, str, type(None), np.ndarray, np.number)
WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def leaves(data):
    if isinstance(data, dict):
        assert all(isinstance(key, str) for key in data)
        data = list(data.values())
    if isinstance(data, list | tuple):
        for part in data:
            yield from leaves(part)
    else:
        yield data


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["lbfgs", *OPTIMIZERS])
def test_the_state_is_plain_data_and_a_version(solver, early_stopping, kind):
    estimator, y = TARGETS[kind]
    model = estimator(
        hidden_layer_sizes=(5,),
        solver=solver,
        early_stopping=early_stopping,
        max_iter=3,
        dropout=0 if solver == "lbfgs" else 0.2,
    ).fit(X, y)
    state = model.__getstate__()
    for leaf in leaves(state):
        assert isinstance(leaf, PLAIN), leaf
        assert not getattr(leaf, "dtype", np.dtype(int)).hasobject
    assert state["_network"]["version"] == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["words", "numbers"])
@pytest.mark.parametrize(
    ("solver", "learning_rate"),
    [
        *(("sgd", name) for name in SCHEDULES),
        *((name, factor) for name in OPTIMIZERS for factor in FACTORS),
        ("adam", np.sqrt),
    ],
)
def test_after_fit_a_copy_goes_on_as_the_original(solver, learning_rate, kind, way):
    estimator, y = TARGETS[kind]
    original = estimator(
        hidden_layer_sizes=(5,),
        solver=solver,
        learning_rate=learning_rate,
        learning_rate_init=0.01,
        max_iter=6,
        dropout=0.2,
        random_state=0,
    ).fit(X, y)
    copied = WAYS[way](original)
    for model in (original, copied):
        for _ in range(3):
            model.partial_fit(X, y)
    for ours, expected in zip(copied.coefs_, original.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert copied.loss_curve_ == original.loss_curve_
    assert len(original.loss_curve_) == 9
    assert copied.t_ == original.t_


def test_copies_do_not_grow_with_the_original():
    original = BackpropRegressor(
        hidden_layer_sizes=(5,), max_iter=4, random_state=0
    ).fit(X, X[:, 0])
    copies = [way(original) for way in WAYS.values()]
    original.partial_fit(X, X[:, 0])
    for copied in copies:
        assert len(copied.loss_curve_) == len(copied.history_["loss"]) == 4
        copied.partial_fit(X, X[:, 0])
        assert len(copied.loss_curve_) == 5
    assert len(original.loss_curve_) == 5


def test_a_warm_start_goes_on_after_a_pickle():
    models = []
    for way in (lambda model: model, WAYS["pickle"]):
        model = BackpropClassifier(
            hidden_layer_sizes=(5,),
            warm_start=True,
            early_stopping=True,
            max_iter=4,
            random_state=0,
        )
        models.append(way(model.fit(X, LABELS)).fit(X, LABELS))
    for ours, expected in zip(models[1].coefs_, models[0].coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert models[1].validation_scores_ == models[0].validation_scores_


# A linear network, saved in version 1 after four epochs, of which it kept the third.
VERSION_1 = {
    "version": 1,
    "layer_sizes": [1, 1],
    "activations": [],
    "loss": {"name": "squared_error"},
    "dtype": "float64",
    "targets": {"kind": "numbers", "n_outputs": 1},
    "training": {
        "optimizer": {
            "name": "sgd",
            "momentum": 0.0,
            "nesterovs_momentum": True,
            "n_steps": 4,
            "state": (np.array([0.210357821887808, 0.12703495758555913]),),
        },
        "schedule": {
            "name": "constant",
            "learning_rate": 1.3,
            "learning_rate_init": 1.3,
            "power_t": 0.5,
        },
        "stopping": {
            "keep_best": True,
            "tol": 0.0001,
            "patience": 10,
            "best_score": -0.014,
            "n_without_improvement": 1,
            "best_theta": None,
            "is_score_of_start": False,
        },
        "dropout": None,
        "history": {
            "n_rows": 4,
            "columns": {
                "loss": np.array([0.144, 0.102, 0.074, 0.055]),
                "learning_rate": np.full(4, 1.3),
                "validation_loss": np.array([0.033, 0.065, 0.014, 0.031]),
                "validation_score": -np.array([0.033, 0.065, 0.014, 0.031]),
            },
            "first_watched": 0,
        },
        "n_samples_seen": 36,
        "watched": ("validation set", "loss"),
    },
}


@pytest.fixture
def of_version_1():
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0.0,
        learning_rate_init=1.3,
        random_state=0,
    )
    attributes = {
        **model.__getstate__(),
        "coefs_": [np.array([[0.32242438430114095]])],
        "intercepts_": [np.array([0.16957365075328235])],
        "best_loss_": None,
        "n_features_in_": 1,
        "_network": VERSION_1,
    }
    model.__setstate__(attributes)
    return model


def test_version_1_is_read_and_goes_on(of_version_1):
    """To the losses that the release that saved it then had."""
    X = np.arange(12.0)[:, np.newaxis] / 10
    model = of_version_1.partial_fit(X, X[:, 0] ** 2).partial_fit(X, X[:, 0] ** 2)
    expected = [0.144, 0.102, 0.074, 0.055, 0.04438154719190823, 0.03424628842405925]
    np.testing.assert_allclose(model.loss_curve_, expected, rtol=1e-12)


def test_the_best_epoch_of_version_1_is_found(of_version_1):
    X = np.arange(12.0)[:, np.newaxis] / 10
    model = of_version_1.set_params(early_stopping=True, warm_start=True, max_iter=2)
    model.set_params(learning_rate_init=1e-300, tol=0.0).fit(X, X[:, 0] ** 2)
    assert model.best_epoch_ == 3


@pytest.mark.parametrize("version", [3, 0, None])
def test_a_version_that_is_not_known_is_refused(version):
    model = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=1).fit(X, X[:, 0])
    state = model.__getstate__()
    state["_network"] = {} if version is None else {"version": version}
    with pytest.raises(
        ValueError, match=rf"in version {version} .* reads versions 1 to 2"
    ):
        BackpropRegressor().__setstate__(state)


# Whoever adds, drops or renames one of these makes another version of the format.
STATE = {"optimizer", "schedule", "stopping", "dropout", "history", "n_samples_seen"}
NETWORK = {"version", "layer_sizes", "activations", "loss", "dtype", "targets"}
FORMAT = {
    "": NETWORK | {"training", "scaling"},
    "targets": {"kind", "is_multilabel", "is_sparse", "classes", "loss_name"},
    "loss": {"name", "label_smoothing"},
    "training": STATE | {"watched", "epoch", "seed_of_split"},
    "training.dropout": {"rates", "seed"},
    "training.history": {"n_rows", "columns", "first_watched"},
    "training.schedule": {"name", "learning_rate_init", "power_t", "learning_rate"},
    "training.stopping": {
        "keep_best",
        "tol",
        "patience",
        "best_score",
        "n_without_improvement",
        "best_theta",
        "best_epoch",
    },
}
OPTIMIZER = {
    "sgd": {"momentum", "nesterovs_momentum"},
    "adam": {"beta_1", "beta_2", "epsilon"},
    "adamw": {"beta_1", "beta_2", "epsilon"},
    "rmsprop": {"rho", "epsilon"},
    "rprop": {"shortest", "longest"},
}


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_the_format_of_version_2(solver):
    model = BackpropClassifier(
        hidden_layer_sizes=(5,), solver=solver, dropout=0.1, max_iter=2
    ).fit(X, LABELS)
    network = model.__getstate__()["_network"]
    expected = {
        **FORMAT,
        "training.optimizer": {"name", "n_steps", "state"} | OPTIMIZER[solver],
    }
    for path, keys in expected.items():
        part = network
        for key in filter(None, path.split(".")):
            part = part[key]
        assert part.keys() - {"n_outputs"} == keys, path


def test_the_format_of_scales():
    model = BackpropRegressorCV(cv=2, alphas=[1], hidden_layer_sizes=[3], max_iter=2)
    network = model.fit(X, X[:, 0]).best_estimator_.__getstate__()["_network"]
    assert network["scaling"].keys() == {"center", "scale"}
    assert network["targets"].keys() == {
        "kind",
        "n_outputs",
        "center",
        "scale",
        "constant",
    }
