"""Callables of every kind, wherever one may be passed: those that cannot be hashed or
compared, and those that are false, among them."""

import copy
import functools
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.utils import are_equal, is_name

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:learning_rate=.* has come to its end",
)

X = np.random.RandomState(0).normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)


class NotHashable:
    __hash__ = None

    def __eq__(self, other):
        return type(self) is type(other)


class ComparedInParts:
    """As an array is."""

    __hash__ = None

    def __eq__(self, other):
        return np.array([True, False])

    def __ne__(self, other):
        return np.array([True, False])


class NotComparable:
    def __hash__(self):
        raise RuntimeError("not to be hashed")

    def __eq__(self, other):
        raise RuntimeError("not to be compared")


class False_:
    def __len__(self):
        return 0


KINDS = [NotHashable, ComparedInParts, NotComparable, False_]


class Falling:
    """A schedule; its instances and its methods are callable."""

    def __call__(self, progress):
        return 1 - progress

    def method(self, progress):
        return 1 - progress

    @classmethod
    def of_class(cls, progress):
        return 1 - progress

    @staticmethod
    def static(progress):
        return 1 - progress


@dataclass
class Line:
    start: float = 1.0

    def __call__(self, progress):
        return self.start - progress


def from_one(start, progress):
    return start - progress


def schedule_of(kind):
    return type(f"{kind.__name__}Schedule", (kind, Falling), {})()


SCHEDULES = [
    *map(schedule_of, KINDS),
    Falling().method,
    Falling.of_class,
    Falling.static,
    Line(),
    functools.partial(from_one, 1),
    np.poly1d([-1, 1]),
    np.vectorize(lambda progress: 1 - progress),
    lambda progress: np.where(progress < 2, 1 - progress, 0),
    lambda progress: np.float64(1 - progress),
]
each_schedule = pytest.mark.parametrize(
    "schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__
)


class Accuracy:
    def __call__(self, model, X, y, sample_weight=None):
        return model.score(X, y, sample_weight)

    def method(self, model, X, y, sample_weight=None):
        return model.score(X, y, sample_weight)


@dataclass
class Share:
    scale: float = 1.0

    def __call__(self, model, X, y, sample_weight=None):
        return self.scale * model.score(X, y, sample_weight)


def scorer_of(kind):
    return type(f"{kind.__name__}Scorer", (kind, Accuracy), {})()


SCORERS = [
    *map(scorer_of, KINDS),
    Accuracy().method,
    Share(),
    functools.partial(Accuracy.method, None),
    lambda model, X, y, sample_weight=None: model.score(X, y, sample_weight),
]
each_scorer = pytest.mark.parametrize(
    "scorer", SCORERS, ids=lambda scorer: type(scorer).__name__
)


def network(**parameters):
    settings = {"hidden_layer_sizes": 5, "max_iter": 6, "random_state": 0}
    return BackpropClassifier(**settings | parameters)


def assert_same_network(model, expected):
    for ours, theirs in zip(
        [*model.coefs_, *model.intercepts_], [*expected.coefs_, *expected.intercepts_]
    ):
        np.testing.assert_array_equal(ours, theirs)


@each_schedule
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_learning_rate(schedule, solver):
    expected = network(solver=solver, learning_rate=Falling.static).fit(X, Y)
    model = network(solver=solver, learning_rate=schedule)
    assert_same_network(clone(model.fit(X, Y)).fit(X, Y), expected)
    assert_same_network(copy.deepcopy(model), expected)
    early = clone(model).set_params(early_stopping=True, warm_start=True)
    early.fit(X, Y).fit(X, Y)
    by_hand = clone(model)
    for _ in range(7):  # once more than there are epochs
        by_hand.partial_fit(X, Y, classes=[0, 1])
    assert by_hand.n_iter_ == 1


@pytest.mark.parametrize("schedule", [Line(), np.poly1d([-1, 1]), Falling().method])
def test_learning_rate_in_a_pickle(schedule):
    model = network(learning_rate=schedule, warm_start=True).fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    assert_same_network(again.fit(X, Y), model.fit(X, Y))


@each_schedule
def test_learning_rates_of_studies(schedule):
    grid = {"learning_rate": [schedule, "constant"]}
    study = overfitting_study(network(), X, Y, grid, cv=2)
    assert study.summary()
    assert "2 settings" in repr(study)
    assert study == study.by("best")
    alone = epoch_curve(network(learning_rate=schedule), X, Y, cv=2)
    np.testing.assert_array_equal(alone.test_losses, study.curves[0].test_losses)
    GridSearchCV(network(), grid, cv=2, error_score="raise").fit(X, Y)
    BackpropClassifierCV(network(learning_rate=schedule), max_iter=3, cv=2).fit(X, Y)


@each_scorer
def test_scoring_of_early_stopping(scorer):
    settings = {"early_stopping": True, "warm_start": True}
    expected = network(**settings, scoring=None).fit(X, Y).fit(X, Y)
    model = network(**settings, scoring=scorer).fit(X, Y).fit(X, Y)
    assert_same_network(model, expected)
    # The second fit has gone on with the first one's scores.
    assert model.validation_scores_ == expected.validation_scores_
    assert len(model.validation_scores_) == len(model.loss_curve_)
    model.fit(X, Y, np.ones(80))


@each_scorer
def test_scoring_of_validation_data(scorer):
    model = network(scoring=scorer).fit(X, Y, X_val=X[:9], y_val=Y[:9])
    assert len(model.history_["validation_score"]) == 6
    model.partial_fit(X, Y, X_val=X[:9], y_val=Y[:9])


def test_an_equal_scorer_goes_on_and_another_begins_anew():
    model = network(early_stopping=True, warm_start=True, scoring=Share()).fit(X, Y)
    n_before = len(model.validation_scores_)
    model.set_params(scoring=Share()).fit(X, Y)
    assert len(model.validation_scores_) > n_before
    for kind in (ComparedInParts, NotComparable):
        model.set_params(scoring=scorer_of(kind)).fit(X, Y)
        assert len(model.validation_scores_) == model.n_iter_


@each_scorer
def test_scoring_of_studies(scorer):
    expected = epoch_curve(network(), X, Y, cv=2)
    curve = epoch_curve(network(), X, Y, cv=2, scoring=scorer)
    np.testing.assert_array_equal(curve.test_scores, expected.test_scores)
    study = overfitting_study(network(), X, Y, {"alpha": [0, 1]}, cv=2, scoring=scorer)
    assert study.summary()
    grid = {"scoring": [scorer, "loss", None], "early_stopping": [True]}
    assert overfitting_study(network(), X, Y, grid, cv=2).summary()
    BackpropClassifierCV(network(), max_iter=3, cv=2, scoring=scorer).fit(X, Y)
    GridSearchCV(network(), grid, cv=2, error_score="raise").fit(X, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_initializer(kind):
    def draw(self, shape, random_state):
        return random_state.normal(size=shape)

    initializer = type("Normal", (kind,), {"__call__": draw})()
    model = network(initializer=initializer).fit(X, Y)
    assert_same_network(model, network(initializer=initializer).fit(X, Y))
    grid = {"initializer": [initializer, "auto"]}
    assert overfitting_study(network(), X, Y, grid, cv=2).summary()


@pytest.mark.parametrize("kind", KINDS)
def test_folds(kind):
    splitter = type("Splitter", (kind, ShuffleSplit), {})(2, random_state=0)
    curve = epoch_curve(network(), X, Y, cv=splitter)
    assert curve == epoch_curve(network(), X, Y, cv=ShuffleSplit(2, random_state=0))


@pytest.mark.parametrize("result", [np.array([0.5]), np.array([[1, 2]]), "1", None])
def test_what_is_no_factor(result):
    model = network(learning_rate=lambda progress: result)
    with pytest.raises(ValueError, match="must return a factor >= 0"):
        model.fit(X, Y)


@pytest.mark.parametrize("kind", KINDS)
def test_objects_are_compared_with_care(kind):
    thing = kind()
    assert are_equal(thing, thing)
    assert not are_equal(thing, "loss")
    assert not is_name(thing, "loss")
    assert is_name("loss", "loss", "score")
    assert not is_name("x", "loss", "score")
