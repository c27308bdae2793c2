"""Networks that choose for themselves, against grid searches and fits by hand."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sweeps import one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
    overfitting_study,
)

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
SMALL = {
    "alphas": [0.01, 30],
    "hidden_layer_sizes": [(4,), (12, 6)],
    "max_iter": 7,
    "cv": FOLDS,
    "scale": False,  # see test_scaling.py
}


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    return X - X.mean(axis=0), np.array(["a", "b", "c"])[y]


@pytest.fixture
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X / X.std(axis=0), np.column_stack([y - y.mean(), y.mean() - y]) / y.std()


def network(**settings):
    return BackpropClassifier(
        learning_rate_init=0.03, batch_size=32, random_state=0, **settings
    )


def assert_same_weights(model, expected):
    for weights, others in zip(model.coefs_, expected.coefs_, strict=True):
        np.testing.assert_array_equal(weights, others)


@pytest.mark.parametrize("scoring", ["neg_log_loss", None])
def test_the_choice_is_that_of_a_grid_search_over_epochs(scoring, iris):
    grid = {
        "alpha": SMALL["alphas"],
        "hidden_layer_sizes": SMALL["hidden_layer_sizes"],
        "max_iter": list(range(1, 8)),
    }
    search = GridSearchCV(network(), grid, scoring=scoring, cv=FOLDS).fit(*iris)
    ours = "loss" if scoring == "neg_log_loss" else scoring
    model = BackpropClassifierCV(
        network(), scoring=ours, halving_factor=None, **SMALL
    ).fit(*iris)
    assert {**model.best_params_, "max_iter": model.best_epoch_} == search.best_params_
    np.testing.assert_allclose(model.best_score_, search.best_score_, rtol=1e-6)
    # Refitted on all data.
    assert model.n_iter_ == model.best_epoch_
    for weights, expected in zip(
        model.best_estimator_.coefs_, search.best_estimator_.coefs_, strict=True
    ):
        np.testing.assert_allclose(weights, expected, rtol=1e-9)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        result, expected = (getattr(m, method)(iris[0]) for m in (model, search))
        if method == "predict":
            np.testing.assert_array_equal(result, expected)
        else:
            np.testing.assert_allclose(result, expected)


def test_the_study_is_kept_and_its_rule_is_followed(iris):
    settings = {**SMALL, "max_iter": 30}
    model = BackpropClassifierCV(network(), **settings).fit(*iris)
    grid = {name: settings[f"{name}s"] for name in ("alpha",)}
    grid["hidden_layer_sizes"] = settings["hidden_layer_sizes"]
    study = overfitting_study(
        network(max_iter=30),
        *iris,
        grid,
        cv=FOLDS,
        scoring="loss",
        halving_factor=3,
    )
    assert model.study_.select() == study.select()
    assert model.cv_results_["params"] == study.params
    lengths = model.cv_results_["n_epochs"]
    assert lengths.min() < lengths.max() == 30  # some were given up
    simple = clone(model).set_params(rule="one_standard_error").fit(*iris)
    choice = study.select("one_standard_error")
    assert (simple.best_params_, simple.best_epoch_) == (choice.params, choice.epoch)
    assert choice != study.select()


def test_regressor(diabetes):
    X, y = diabetes
    model = BackpropRegressorCV(random_state=1, **{**SMALL, "cv": 3}).fit(X, y)
    assert model.predict(X).shape == y.shape
    seed = model.best_estimator_.random_state
    expected = BackpropRegressor(
        learning_rate_init=0.002,
        n_iter_no_change=np.inf,
        max_iter=model.best_epoch_,
        random_state=seed,
        **model.best_params_,
    ).fit(X, y)
    assert_same_weights(model.best_estimator_, expected)
    test_loss = [
        0.5
        * np.square(y[test] - clone(expected).fit(X[train], y[train]).predict(X[test]))
        for train, test in KFold(3).split(X)
    ]
    mean = np.mean([loss.mean() for loss in test_loss])
    np.testing.assert_allclose(model.best_score_, -mean)
    assert not hasattr(model, "classes_")


def test_it_has_what_its_network_has(iris):
    X, y = iris
    model = BackpropClassifierCV(network(), **SMALL)
    assert not hasattr(model, "coefs_")
    model.fit(X, y)
    best = model.best_estimator_
    for name in ("coefs_", "intercepts_", "loss_curve_", "out_activation_", "loss_"):
        assert getattr(model, name) == getattr(best, name)
    assert model.network_.layer_sizes == best.network_.layer_sizes
    assert (model.n_layers_, model.n_outputs_) == (best.n_layers_, best.n_outputs_)
    np.testing.assert_equal(model.history_, best.history_)
    np.testing.assert_array_equal(model.input_gradients(X), best.input_gradients(X))
    np.testing.assert_array_equal(
        model.hidden_activations(X, 0), best.hidden_activations(X, 0)
    )
    assert model.loss_and_gradients(X, y)[0] == best.loss_and_gradients(X, y)[0]


def test_parameters_of_no_network():
    model = BackpropRegressorCV()
    with pytest.raises(ValueError, match="estimator=BackpropRegressor\\(activation="):
        model.set_params(estimator__activation="tanh")
    model.set_params(estimator=BackpropRegressor(), estimator__activation="tanh")
    assert model.set_params(estimator__alpha=3).estimator.activation == "tanh"


def test_schedules_end_where_max_iter_puts_it(iris):
    model = BackpropClassifierCV(network(learning_rate="cosine"), **SMALL).fit(*iris)
    rates = model.best_estimator_.history_["learning_rate"]
    n_steps = -(-150 // 32)
    last = (len(rates) - 1 / n_steps) / 7
    np.testing.assert_allclose(rates[-1], 0.03 * 0.5 * (1 + np.cos(np.pi * last)))


@one_engine
def test_inside_a_pipeline_and_a_cross_validation(iris):
    model = make_pipeline(StandardScaler(), BackpropClassifierCV(random_state=0))
    assert cross_val_score(model, *iris, cv=FOLDS).min() > 0.9


def test_multilabel_sparse_weights_and_groups(iris):
    X, y = iris
    labels = np.column_stack([y == "a", y != "b"]).astype(int)
    groups = np.arange(len(y)) % 6
    weight = np.random.RandomState(0).uniform(1, 2, len(y))
    settings = {**SMALL, "cv": GroupKFold(3)}
    model = BackpropClassifierCV(network(), **settings)
    model.fit(sp.csr_array(X), labels, weight, groups=groups)
    assert model.predict(sp.csr_array(X)).shape == labels.shape
    expected = network(max_iter=model.best_epoch_, **model.best_params_)
    assert_same_weights(
        model.best_estimator_, expected.fit(sp.csr_array(X), labels, weight)
    )


def test_one_random_state_is_one_result(iris):
    models = [
        BackpropClassifierCV(random_state=state, **SMALL).fit(*iris)
        for state in (3, 3, np.random.RandomState(3), None, None)
    ]
    coefs = [model.best_estimator_.coefs_[0] for model in models]
    np.testing.assert_array_equal(coefs[0], coefs[1])
    np.testing.assert_array_equal(coefs[0], coefs[2])
    assert coefs[3].shape != coefs[4].shape or (coefs[3] != coefs[4]).any()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"estimator": LogisticRegression()},
            TypeError,
            "estimator must be a Backprop",
        ),
        ({"estimator": BackpropRegressor()}, TypeError, "must be a BackpropClassifier"),
        (
            {"estimator": make_pipeline(StandardScaler(), BackpropClassifier())},
            TypeError,
            "use overfitting_study",
        ),
        ({"alphas": [1, -1]}, ValueError, "The 'alpha' parameter"),
        ({"alphas": []}, ValueError, "alpha"),
        ({"alphas": 1}, ValueError, "alphas"),
        ({"hidden_layer_sizes": [(0,)]}, ValueError, "must be integers > 0"),
        ({"hidden_layer_sizes": 5}, ValueError, "hidden_layer_sizes"),
        ({"max_iter": 0}, ValueError, "max_iter"),
        ({"rule": "median"}, ValueError, "rule"),
        ({"halving_factor": 1.5}, ValueError, "halving_factor"),
        ({"cv": []}, ValueError, "cv has no folds"),
        ({"cv": 51}, ValueError, "number of splits|cannot be greater"),
        ({"scoring": "no_such"}, ValueError, "scoring"),
        ({"scoring": ["accuracy", "f1_macro"]}, ValueError, "refit must be the name"),
        ({"scoring": "accuracy", "refit": "f1"}, ValueError, "Leave refit=None"),
        ({"score_epochs": 0}, ValueError, "score_epochs must be a number of epochs"),
        ({"scoring": 3}, ValueError, "scoring"),
    ],
    ids=str,
)
def test_wrong_parameters_leave_the_estimator_as_it_was(settings, error, message, iris):
    model = BackpropClassifierCV(**{**SMALL, **settings})
    before = vars(model).copy()
    with pytest.raises(error, match=message):
        model.fit(*iris)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(iris[0])


def test_it_is_trained_for_the_best_number_of_epochs():
    """Which is not the last one where it overfits."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 10))
    y = (X[:, 0] + 2 * rng.normal(size=60) > 0).astype(int)
    model = BackpropClassifierCV(
        network(n_iter_no_change=np.inf),
        alphas=[1e-4],
        hidden_layer_sizes=[(50,)],
        max_iter=60,
        cv=3,
    ).fit(X, y)
    assert 0 < model.best_epoch_ < 60
    assert model.n_iter_ == model.best_estimator_.n_iter_ == model.best_epoch_
