"""Numbers of every kind and width as parameters: they are taken as Python's own."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.utils import Interval, plain_number

pytestmark = pytest.mark.filterwarnings(
    "error::RuntimeWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)

X = np.random.RandomState(0).normal(size=(300, 3))
DATA = {
    BackpropClassifier: (X, (X[:, 0] > 0).astype(int)),
    BackpropRegressor: (X, X[:, 0] + X[:, 1] ** 2),
}
INTEGERS = [np.dtype(code).type for code in "bhilBHIL"]
REALS = [np.float16, np.float32, np.float64, np.longdouble]
BOOLEANS = [np.bool_]

#: Values other than 0.3 and 100, which a small type holds, but not their multiples.
VALUES = {"max_iter": 4, "n_iter_no_change": 1, "max_fun": 9}
#: What else it takes for a parameter to count.
SETTINGS = {
    "beta_1": {"solver": "adamw"},
    "huber_delta": {"loss": "huber"},
    "learning_rate_init": {"solver": "rprop", "batch_size": "full"},
    "max_fun": {"solver": "lbfgs"},
    "max_grad_norm": {"solver": "sgd"},
    "momentum": {"solver": "sgd"},
    "n_iter_no_change": {"tol": 1e9, "max_iter": 9},
    "nesterovs_momentum": {"solver": "sgd"},
    "power_t": {"solver": "sgd", "learning_rate": "invscaling"},
    "quantile": {"loss": "quantile"},
    "rho": {"solver": "rmsprop"},
    "validation_fraction": {"early_stopping": True},
}


def numeric_parameters(estimator):
    """The name of each, with the types that it may be given in."""
    for name, constraints in estimator._parameter_constraints.items():
        for constraint in constraints:
            if isinstance(constraint, Interval):
                are_whole = constraint.type.__name__ == "Integral"
                yield name, INTEGERS if are_whole else REALS
                if not are_whole and 1 in constraint:
                    yield name, INTEGERS
            elif constraint == "boolean":
                yield name, BOOLEANS


SWEEP = [
    (estimator, name, kinds)
    for estimator in DATA
    for name, kinds in numeric_parameters(estimator)
]


def fitted(estimator, **parameters):
    settings = {"max_iter": 2, "random_state": 0, "batch_size": 100, **parameters}
    return estimator(**settings).fit(*DATA[estimator])


def assert_same_network(model, expected):
    for ours, theirs in zip(
        [*model.coefs_, *model.intercepts_], [*expected.coefs_, *expected.intercepts_]
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert model.loss_ == expected.loss_
    assert type(model.loss_) is float
    assert model.n_iter_ == expected.n_iter_


def values(name, kinds):
    """A value of each kind, with the number of Python's own that it stands for."""
    for kind in kinds:
        if kinds is BOOLEANS:
            yield np.True_, True
            yield np.False_, False
        elif kinds is REALS:
            yield kind(0.3), float(kind(0.3))
        else:
            is_share = name in VALUES or name in ("hidden_layer_sizes", "batch_size")
            number = VALUES.get(name, 100) if is_share else 1
            yield kind(number), number


@pytest.mark.parametrize(
    ("estimator", "name", "kinds"),
    SWEEP,
    ids=[f"{cls.__name__}-{name}-{kinds[0].__name__}" for cls, name, kinds in SWEEP],
)
def test_a_parameter_is_taken_as_a_number_of_python(estimator, name, kinds):
    settings, known = SETTINGS.get(name, {}), {}
    for value, number in values(name, kinds):
        if number not in known:
            known[number] = fitted(estimator, **settings, **{name: number})
        model = fitted(estimator, **settings, **{name: value})
        assert getattr(model, name) is value
        assert_same_network(model, known[number])


def test_the_sweep_has_all_numbers():
    swept = {name for _, name, _ in SWEEP}
    for estimator in DATA:
        for name, default in estimator().get_params().items():
            if isinstance(default, bool | int | float) and name != "verbose":
                assert name in swept
    assert set(SETTINGS) | set(VALUES) <= swept


@pytest.mark.parametrize("kind", INTEGERS)
def test_a_large_batch(kind):
    """Its size is multiplied by numbers of rows and weights."""
    X = np.random.RandomState(0).normal(size=(2000, 40))
    y = (X[:, 0] > 0).astype(int)
    settings = {"hidden_layer_sizes": 100, "max_iter": 1, "random_state": 0}
    model = BackpropClassifier(**settings, batch_size=kind(127)).fit(X, y)
    expected = BackpropClassifier(**settings, batch_size=127).fit(X, y)
    assert_same_network(model, expected)


@pytest.mark.parametrize("number", [np.int64(256), np.float16(0.5), np.True_])
def test_partial_fit(number):
    name = {np.int64: "batch_size", np.float16: "alpha"}.get(type(number), "shuffle")
    model = BackpropClassifier(random_state=0, **{name: number})
    expected = BackpropClassifier(random_state=0, **{name: number.item()})
    for _ in range(2):
        model.partial_fit(*DATA[BackpropClassifier], classes=[0, 1])
        expected.partial_fit(*DATA[BackpropClassifier], classes=[0, 1])
    assert_same_network(model, expected)


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("hidden_layer_sizes", [np.int8(100), np.uint8(5)], [100, 5]),
        ("hidden_layer_sizes", np.array([100, 5], dtype=np.uint8), [100, 5]),
        ("dropout", [np.float16(0.3)], [float(np.float16(0.3))]),
        ("n_iter_no_change", np.float32(np.inf), np.inf),
        ("random_state", np.uint8(7), 7),
        ("verbose", np.int8(0), 0),
        ("class_weight", {np.int64(1): np.float16(0.3)}, {1: float(np.float16(0.3))}),
    ],
    ids=str,
)
def test_numbers_within_others(name, value, plain):
    model = fitted(BackpropClassifier, **{name: value})
    assert_same_network(model, fitted(BackpropClassifier, **{name: plain}))


def test_a_grid_search_over_an_array():
    grid = {"batch_size": np.array([32, 128]), "alpha": np.float32([0.1, 1])}
    search = GridSearchCV(BackpropClassifier(max_iter=2), grid, cv=2)
    search.fit(*DATA[BackpropClassifier])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


NETWORK = BackpropClassifier((5,), max_iter=np.uint8(9), random_state=0)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.float16, np.float64])
def test_numbers_of_a_study(kind):
    grid = {"alpha": [0, 1, 2, 3]}
    data = DATA[BackpropClassifier]
    study = overfitting_study(
        NETWORK, *data, grid, cv=np.int8(2), halving_factor=kind(2), n_jobs=np.uint8(1)
    )
    assert study == overfitting_study(NETWORK, *data, grid, cv=2, halving_factor=2)
    shapes = [curve.test_scores.shape for curve in study.curves]
    assert sorted(shapes) == [(3, 2), (3, 2), (5, 2), (9, 2)]


def test_many_jobs():
    """Four times 100 is more than a uint8 holds."""
    curve = epoch_curve(NETWORK, *DATA[BackpropClassifier], cv=2, n_jobs=np.uint8(100))
    assert curve == epoch_curve(NETWORK, *DATA[BackpropClassifier], cv=2)


def test_the_simplest_of_unsigned_penalties():
    """The largest penalty, and not the one that is largest with the opposite sign."""
    X, y = DATA[BackpropClassifier]
    study = overfitting_study(NETWORK, X, y, {"alpha": np.uint8([0, 1, 2])}, cv=2)
    assert np.argsort([s[1] for s in study.simplicities]).tolist() == [2, 1, 0]


def test_numbers_of_the_estimators_with_cross_validation():
    data, settings = DATA[BackpropClassifier], {"random_state": 0, "cv": 2}
    model = BackpropClassifierCV(
        alphas=np.array([1, 2], dtype=np.uint8),
        hidden_layer_sizes=[np.int8(3), np.uint8([4])],
        max_iter=np.uint8(9),
        halving_factor=np.int16(3),
        n_jobs=np.int8(1),
        verbose=np.uint8(0),
        **settings,
    ).fit(*data)
    expected = BackpropClassifierCV(
        alphas=[1, 2], hidden_layer_sizes=[3, [4]], max_iter=9, **settings
    ).fit(*data)
    np.testing.assert_array_equal(
        model.decision_function(X), expected.decision_function(X)
    )
    assert model.best_score_ == expected.best_score_


def test_not_a_number_is_no_factor_of_halving():
    with pytest.raises(ValueError, match="halving_factor must be a number >= 2"):
        overfitting_study(
            NETWORK, *DATA[BackpropClassifier], {"alpha": [1]}, halving_factor=np.nan
        )


@pytest.mark.parametrize("value", [None, "auto", [1], np.array(1.5)])
def test_anything_else_stays_as_it_is(value):
    assert plain_number(value) is value
