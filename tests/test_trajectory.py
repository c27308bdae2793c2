"""The same seed gives the trajectory of scikit-learn's networks, option by option."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sweeps import each_pair

from sklearn_bp import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_SAMPLES = 61  # no multiple of any batch size below


def targets(kind, X):
    rng = np.random.RandomState(1)
    scores = X[:, :3] + 0.3 * rng.normal(size=(len(X), 3))
    return {
        "binary": np.where(scores[:, 0] > 0, 8, 3),
        "multiclass": scores.argmax(axis=1) + 5,
        "multilabel": (scores > 0).astype(int),
        "one target": np.sin(scores[:, 0]),
        "two targets": np.sin(scores[:, :2]),
        "poisson": rng.poisson(np.exp(scores[:, 0])),
        "two poissons": rng.poisson(np.exp(scores[:, :2])),
    }[kind]


KINDS = [
    "binary",
    "multiclass",
    "multilabel",
    "one target",
    "two targets",
]
# scikit-learn has had the Poisson loss and sample weights since 1.7.
HAS_POISSON_AND_WEIGHTS = "loss" in MLPRegressor().get_params()
if HAS_POISSON_AND_WEIGHTS:
    KINDS += ["poisson", "two poissons"]


def data(kind, sparse=False):
    X = np.random.RandomState(0).normal(size=(N_SAMPLES, 6))
    y = targets(kind, X)
    if sparse:
        X = sp.csr_matrix(np.where(np.abs(X) > 0.7, X, 0))
    return X, y


def pair(kind, **settings):
    """Our estimator and theirs, with equal parameters."""
    if kind in ("binary", "multiclass", "multilabel"):
        return BackpropClassifier(scoring=None, **settings), MLPClassifier(**settings)
    if "poisson" in kind:
        settings["loss"] = "poisson"
    return BackpropRegressor(scoring=None, **settings), MLPRegressor(**settings)


def assert_same_trajectory(ours, theirs):
    for part, expected in zip(
        (*ours.coefs_, *ours.intercepts_), (*theirs.coefs_, *theirs.intercepts_)
    ):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(part, expected, rtol=1e-6, atol=1e-6 * scale)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-8)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in (
        "loss_curve_",
        "best_loss_",
        "validation_scores_",
        "best_validation_score_",
    ):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        expected = getattr(theirs, name, None)
        if expected is None:
            assert getattr(ours, name, None) is None
        else:
            np.testing.assert_allclose(getattr(ours, name), expected, rtol=1e-8)


# Learning rates at which training does not become chaotic, with a batch size of 1 and
# the exponential of the Poisson loss: else differences of rounding grow without bound.
SOLVERS = [
    {"solver": "adam", "learning_rate_init": 0.003},
    {"solver": "sgd", "learning_rate": "constant", "learning_rate_init": 0.005},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.01},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.01,
        "n_iter_no_change": 2,
        "tol": 1e-2,
    },
    {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
]


ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]


@pytest.mark.usefixtures("each_engine")
@each_pair(
    together=[("batch_size", "shuffle", "alpha"), ("solver", "batch_size", "shuffle")],
    solver=SOLVERS,
    activation=ACTIVATIONS,
    batch_size=[1, 16, "auto"],
    shuffle=[True, False],
    alpha=[0, 1e-4, 1],
)
def test_stochastic_solvers(solver, activation, batch_size, shuffle, alpha):
    X, y = data("multiclass")
    ours, theirs = pair(
        "multiclass",
        hidden_layer_sizes=(9, 5),
        activation=activation,
        batch_size=batch_size,
        shuffle=shuffle,
        alpha=alpha,
        max_iter=15,
        random_state=0,
        **solver,
    )
    assert_same_trajectory(ours.fit(X, y), theirs.fit(X, y))


@pytest.mark.usefixtures("each_engine")
@each_pair(
    together=[("solver", "kind", "early_stopping")],
    solver=["adam", "sgd", "lbfgs"],
    kind=KINDS,
    sparse=[False, True],
    hidden=[(), 8, (8, 5)],
    early_stopping=[False, True],
)
def test_targets(solver, kind, sparse, hidden, early_stopping):
    X, y = data(kind, sparse)
    ours, theirs = pair(
        kind,
        hidden_layer_sizes=hidden,
        activation="tanh",
        solver=solver,
        learning_rate_init=0.02,
        batch_size=16,
        early_stopping=early_stopping,
        validation_fraction=0.3,
        n_iter_no_change=5,
        # lbfgs lets a difference of rounding grow tenfold every few iterations.
        max_iter=20 if solver == "lbfgs" else 40,
        random_state=2,
    )
    ours.fit(X, y)
    theirs.fit(X, y)
    assert_same_trajectory(ours, theirs)
    if isinstance(ours, BackpropClassifier):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        # Its logarithms lose what is near 0 or 1.
        predictions = np.exp(ours.predict_log_proba(X)), ours.predict_proba(X)
        expected = theirs.predict_proba(X)
    else:
        predictions, expected = (ours.predict(X),), theirs.predict(X)
    for predicted in predictions:
        np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("each_engine")
@each_pair(solver=["adam", "sgd", "lbfgs"], kind=KINDS, activation=ACTIVATIONS)
def test_activations_with_lbfgs_and_the_others(solver, kind, activation):
    X, y = data(kind)
    ours, theirs = pair(
        kind,
        hidden_layer_sizes=(7,),
        activation=activation,
        solver=solver,
        max_iter=15,
        random_state=5,
    )
    assert_same_trajectory(ours.fit(X, y), theirs.fit(X, y))


@pytest.mark.usefixtures("each_engine")
@each_pair(solver=["adam", "sgd", "lbfgs"], kind=KINDS)
def test_warm_start(solver, kind):
    """Without early stopping: there we hold out the same rows again, unlike
    scikit-learn, which goes on to validate on rows that it has trained on."""
    X, y = data(kind)
    ours, theirs = pair(
        kind,
        hidden_layer_sizes=(9,),
        solver=solver,
        warm_start=True,
        learning_rate_init=0.01,
        max_iter=8,
        random_state=0,
    )
    for _ in range(3):
        assert_same_trajectory(ours.fit(X, y), theirs.fit(X, y))


@pytest.mark.usefixtures("each_engine")
@each_pair(solver=SOLVERS, kind=KINDS, sparse=[False, True], after_fit=[False, True])
def test_partial_fit(solver, kind, sparse, after_fit):
    X, y = data(kind, sparse)
    ours, theirs = pair(
        kind,
        hidden_layer_sizes=(9,),
        batch_size=7,
        random_state=0,
        max_iter=5,
        **solver,
    )
    first_call = {}
    if after_fit:
        ours.fit(X, y)
        theirs.fit(X, y)
    elif isinstance(ours, BackpropClassifier):
        n_labels = y.shape[1] if kind == "multilabel" else None
        first_call = {"classes": np.unique(y) if n_labels is None else range(n_labels)}
    for half in (slice(0, 31), slice(31, None)) * 8:
        ours.partial_fit(X[half], y[half], **first_call)
        theirs.partial_fit(X[half], y[half], **first_call)
        first_call = {}
    assert_same_trajectory(ours, theirs)


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(
    not HAS_POISSON_AND_WEIGHTS, reason="scikit-learn < 1.7 takes no sample weights"
)
def test_sample_weight_full_batch(solver, kind):
    """Over the whole training set our weights are scikit-learn's; see the
    user guide for smaller ones."""
    X, y = data(kind)
    sample_weight = np.random.RandomState(0).randint(0, 4, size=N_SAMPLES)
    ours, theirs = pair(
        kind,
        hidden_layer_sizes=(9,),
        solver=solver,
        max_iter=20,
        random_state=0,
        alpha=1,
    )
    ours.fit(X, y, sample_weight)
    theirs.fit(X, y, sample_weight)
    assert_same_trajectory(ours, theirs)


@pytest.mark.usefixtures("each_engine")
def test_random_state_instance():
    X, y = data("multiclass")
    ours, theirs = pair("multiclass", max_iter=15)
    ours.set_params(random_state=np.random.RandomState(7)).fit(X, y)
    theirs.set_params(random_state=np.random.RandomState(7)).fit(X, y)
    assert_same_trajectory(ours, theirs)


@pytest.mark.usefixtures("each_engine")
def test_training_ends_in_the_same_epoch():
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    for settings in (
        {"solver": "sgd", "tol": 1e-2, "learning_rate_init": 0.1},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2},
        {"solver": "adam", "tol": 1e-2, "n_iter_no_change": 3},
        {"solver": "adam", "early_stopping": True, "validation_fraction": 0.3},
    ):
        ours, theirs = pair("multilabel", max_iter=400, random_state=0, **settings)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Stochastic", ConvergenceWarning)
            ours.fit(X, Y)
            theirs.fit(X, Y)
        assert ours.n_iter_ < 400
        assert_same_trajectory(ours, theirs)
