"""Early stopping over several fits, and the epoch that it keeps."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import TimeSeriesSplit

from sklearn_bp import BackpropClassifier, BackpropClassifierCV, BackpropRegressor
from sklearn_bp.training import OPTIMIZERS

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
Y = X[:, 0] + X[:, 1] + RNG.normal(size=90)
TARGETS = {
    "binary": (BackpropClassifier, np.where(Y > 0.7, "yes", "no")),
    "multiclass": (BackpropClassifier, np.digitize(Y, [-0.5, 0.5])),
    "multilabel": (BackpropClassifier, (X + RNG.normal(size=X.shape) > 0).astype(int)),
    "a number": (BackpropRegressor, Y),
}
each_kind = pytest.mark.parametrize("kind", TARGETS)
WAYS = {
    "the same": lambda model: model,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def make(estimator=BackpropRegressor, **settings):
    defaults = {
        "hidden_layer_sizes": (8,),
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.03,
        "random_state": 0,
    }
    return estimator(**{**defaults, **settings})


class Recorder:
    """A scorer that notes which rows it is given, by their first number."""

    def __init__(self):
        self.seen = []

    def __call__(self, model, X, y):
        self.seen.append(tuple(X[:, 0]))
        return model.score(X, y)


def held_out_by(model, X, y):
    """What a fit holds out, the same in all epochs."""
    recorder = Recorder()
    model.set_params(scoring=recorder).fit(X, y)
    (rows,) = set(recorder.seen)
    return rows


# ---- the same rows again ---------------------------------------------------------


@each_kind
@pytest.mark.parametrize("seed", [0, None, "instance", "pcg"])
def test_a_warm_start_holds_out_the_same_rows(kind, seed):
    estimator, y = TARGETS[kind]
    if seed == "instance":
        seed = np.random.RandomState(3)
    elif seed == "pcg":
        seed = np.random.RandomState(np.random.PCG64(3))
    model = make(estimator, warm_start=True, max_iter=2, random_state=seed)
    first = held_out_by(model, X, y)
    for way in WAYS.values():
        model = way(model)
        assert held_out_by(model, X, y) == first
    fewer = held_out_by(model, X[:80], y[:80])
    assert len(fewer) == 24
    assert held_out_by(model, X[:80], y[:80]) == fewer
    assert held_out_by(model, X, y) == first


def test_a_fit_from_scratch_holds_out_other_rows():
    model = make(warm_start=True, max_iter=2, random_state=np.random.RandomState(0))
    first = held_out_by(model, X, Y)
    model.set_params(warm_start=False)
    second = held_out_by(model, X, Y)
    model.set_params(warm_start=True)
    assert first != second == held_out_by(model, X, Y)


@pytest.mark.parametrize("before", ["initialize", "partial_fit", "fit"])
def test_rows_are_the_same_from_the_first_time_that_they_are_held_out(before):
    model = make(early_stopping=False, warm_start=True, max_iter=2)
    getattr(model, before)(X, Y)
    model.set_params(early_stopping=True)
    assert held_out_by(model, X, Y) == held_out_by(model, X, Y)


@each_kind
@pytest.mark.parametrize("scoring", ["loss", None])
def test_warm_starts_are_those_with_these_rows_as_validation_data(kind, scoring):
    """Including the old weights' score, which is not that of training data."""
    estimator, y = TARGETS[kind]
    settings = {"warm_start": True, "shuffle": False, "scoring": scoring}
    ours = make(estimator, validation_fraction=range(-20, 0), max_iter=4, **settings)
    theirs = make(estimator, max_iter=4, **settings)
    for _ in range(4):
        ours.fit(X, y)
        theirs.fit(X[:-20], y[:-20], X_val=X[-20:], y_val=y[-20:])
        for coef, expected in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(coef, expected, rtol=1e-8, atol=1e-10)
        assert ours.best_epoch_ == theirs.best_epoch_


def test_the_reported_loss_is_that_of_samples_never_trained_on():
    """With other rows in each fit, it would be 0.25 here, and that of fresh samples
    0.64."""
    rng = np.random.RandomState(1)
    many = rng.normal(size=(1200, 20))
    labels = (many[:, 0] + rng.normal(size=1200) > 0).astype(int)
    model = make(
        BackpropClassifier,
        hidden_layer_sizes=(50,),
        warm_start=True,
        learning_rate_init=0.01,
        validation_fraction=0.2,
        random_state=np.random.RandomState(0),
    )
    for _ in range(8):
        model.fit(many[:200], labels[:200])
    fresh = log_loss(labels[200:], model.predict_proba(many[200:]))
    np.testing.assert_allclose(-model.best_validation_score_, fresh, rtol=0.05)
    assert fresh < 0.62  # no worse than that of the first fit


def test_old_weights_are_measured_anew_on_other_data():
    model = make(warm_start=True, max_iter=40).fit(X, 0.01 * Y)
    assert model.best_validation_score_ > -0.01
    other, y = X[:50] + 0.1, 5 * Y[:50]
    before = pickle.loads(pickle.dumps(model))
    rows = np.isin(other[:, 0], held_out_by(copy.copy(model), other, y))
    old = -mean_squared_error(y[rows], before.predict(other[rows])) / 2
    model.fit(other, y)
    assert model.n_iter_ > 20  # nothing that could not be beaten
    assert old < model.best_validation_score_ < -0.01


@pytest.mark.parametrize("before", ["partial_fit", "fit", "early stopping", "lbfgs"])
def test_weights_that_no_epoch_beats_stay(before):
    """Even those of training without early stopping have a score."""
    model = make(
        solver="lbfgs" if before == "lbfgs" else "adam",
        early_stopping=before == "early stopping",
        warm_start=True,
        max_iter=20,
    )
    if before == "partial_fit":
        for _ in range(20):
            model.partial_fit(X, Y)
    else:
        model.fit(X, Y)
    epoch = model.best_epoch_ if model.early_stopping else len(model.history_["loss"])
    expected = [coef.copy() for coef in model.coefs_]
    too_fast = {"solver": "sgd", "learning_rate_init": 0.5, "momentum": 0.99}
    model.set_params(
        early_stopping=True, validation_fraction=range(30), max_iter=3, **too_fast
    ).fit(X, Y)
    assert model.best_epoch_ == epoch
    for coef, old in zip(model.coefs_, expected, strict=True):
        np.testing.assert_array_equal(coef, old)
    score = -mean_squared_error(Y[:30], model.predict(X[:30])) / 2
    np.testing.assert_allclose(model.best_validation_score_, score)


# ---- the epoch that is kept ------------------------------------------------------


@each_kind
@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("scoring", ["loss", None])
def test_the_best_epoch_is_that_of_a_fit_that_ends_there(kind, solver, scoring):
    estimator, y = TARGETS[kind]
    settings = {"solver": solver, "shuffle": False, "scoring": scoring}
    if solver == "sgd":
        settings["learning_rate_init"] = 0.3
    model = make(estimator, validation_fraction=TimeSeriesSplit(4), **settings)
    model.fit(X, y)
    assert model.best_epoch_ == np.argmax(model.validation_scores_) + 1
    assert model.best_epoch_ < model.n_iter_
    scores = model.history_["validation_score"]
    assert scores[model.best_epoch_ - 1] == model.best_validation_score_
    shorter = make(
        estimator, early_stopping=False, max_iter=model.best_epoch_, **settings
    ).fit(X[:72], y[:72])
    for coef, expected in zip(model.coefs_, shorter.coefs_, strict=True):
        np.testing.assert_allclose(coef, expected, rtol=1e-7, atol=1e-9)


def test_initial_weights_are_of_epoch_0():
    model = make(scoring=lambda model, X, y: -np.inf, max_iter=3).fit(X, Y)
    assert model.best_epoch_ == 0
    initial = make().initialize(X, Y)
    for coef, expected in zip(model.coefs_, initial.coefs_, strict=True):
        np.testing.assert_array_equal(coef, expected)


def test_over_warm_starts_epochs_are_counted_as_in_the_history():
    model = make(warm_start=True, max_iter=3, tol=0.0)
    for number in range(1, 4):
        model.fit(X, Y)
        assert len(model.history_["loss"]) == 3 * number
        scores = model.history_["validation_score"]
        assert model.best_epoch_ == scores.argmax() + 1
        assert scores[model.best_epoch_ - 1] == model.best_validation_score_
    for way in WAYS.values():
        assert way(model).best_epoch_ == model.best_epoch_


def test_an_interrupted_fit_says_which_epoch_it_keeps():
    def score(model, X, y):
        if model.n_iter_ == 4:
            raise KeyboardInterrupt
        return -abs(model.n_iter_ - 2)

    with pytest.warns(UserWarning, match="interrupted by user"):
        model = make(scoring=score, max_iter=9).fit(X, Y)
    assert (model.best_epoch_, model.n_iter_) == (2, 4)


def test_where_no_epoch_is_kept():
    model = make(early_stopping=False, max_iter=3).fit(X, Y)
    assert model.best_epoch_ is None
    model.set_params(solver="lbfgs").fit(X, Y)
    assert not hasattr(model, "best_epoch_")
    assert not hasattr(make().initialize(X, Y), "best_epoch_")


def test_the_best_epoch_of_a_search_is_its_own():
    model = make(BackpropClassifier, max_iter=30)
    y = TARGETS["binary"][1]
    search = BackpropClassifierCV(model, alphas=[0.1], max_iter=30, cv=3).fit(X, y)
    assert search.best_epoch_ == search.study_.select().epoch
    assert search.best_estimator_.best_epoch_ <= search.n_iter_
