"""Studies follow TransformedTargetRegressor, against scikit-learn."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sweeps import one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    epoch_curve,
    overfitting_study,
)

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(75, 4))
Y = 100 * np.exp(X[:, 0] + 0.1 * RNG.normal(size=75))
FOLDS = KFold(3)


def network(**settings):
    return BackpropRegressor(
        hidden_layer_sizes=6,
        learning_rate_init=0.02,
        max_iter=12,
        n_iter_no_change=np.inf,
        random_state=0,
        **settings,
    )


TransformedTarget = TransformedTargetRegressor
MODELS = {
    "transformer": TransformedTarget(network(), transformer=StandardScaler()),
    "functions": TransformedTarget(network(), func=np.log, inverse_func=np.exp),
    "neither": TransformedTarget(network()),
    "lbfgs": TransformedTarget(
        network(solver="lbfgs"), transformer=QuantileTransformer(n_quantiles=10)
    ),
    "around a pipeline": TransformedTarget(
        make_pipeline(MinMaxScaler(), network()), transformer=StandardScaler()
    ),
    "in a pipeline": make_pipeline(
        StandardScaler(), TransformedTarget(network(), transformer=PowerTransformer())
    ),
    "in another": TransformedTarget(
        make_pipeline(
            StandardScaler(),
            TransformedTarget(network(loss="huber"), transformer=StandardScaler()),
        ),
        func=np.log,
        inverse_func=np.exp,
    ),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("shape", ["one", "several"])
def test_scores_are_those_of_a_cross_validation(shape, scoring, kind):
    y = Y if shape == "one" else np.column_stack([Y, Y**2])
    curve = epoch_curve(MODELS[kind], X, y, cv=FOLDS, scoring=scoring)
    expected = cross_validate(
        MODELS[kind], X, y, cv=FOLDS, scoring=scoring, return_train_score=True
    )
    for part in ("train", "test"):
        scores = getattr(curve, f"{part}_scores")[-1]
        np.testing.assert_allclose(scores, expected[f"{part}_score"], rtol=1e-6)


def test_losses_are_those_of_the_transformed_targets():
    curve = epoch_curve(MODELS["transformer"], X, Y, cv=FOLDS)
    for fold, (train, test) in enumerate(FOLDS.split(X)):
        scaler = StandardScaler().fit(Y[train, np.newaxis])
        y = scaler.transform(Y[:, np.newaxis])[:, 0]
        model = network().fit(X[train], y[train])
        loss = 0.5 * np.square(model.predict(X[test]) - y[test]).mean()
        np.testing.assert_allclose(curve.test_losses[-1, fold], loss)


@one_engine
def test_scorers_see_the_users_targets():
    seen = []

    def scorer(estimator, X, y):
        seen.append((estimator.predict(X), y))
        return 0.0

    model = MODELS["around a pipeline"]
    epoch_curve(model, X, Y, cv=[(np.arange(50), np.arange(50, 75))], scoring=scorer)
    predictions, y = seen[-1]
    np.testing.assert_array_equal(y, Y[50:])
    expected = model.fit(X[:50], Y[:50]).predict(X[50:])
    np.testing.assert_allclose(predictions, expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_study_is_a_grid_search(n_jobs):
    grid = {"transformedtargetregressor__regressor__alpha": [0.1, 100.0]}
    model = MODELS["in a pipeline"]
    study = overfitting_study(model, X, Y, grid, cv=FOLDS, n_jobs=n_jobs)
    search = GridSearchCV(model, grid, cv=FOLDS).fit(X, Y)
    np.testing.assert_allclose(
        study.cv_results(epoch=12)["mean_test_score"],
        search.cv_results_["mean_test_score"],
    )


def test_weights_are_given_to_the_network():
    weight = RNG.random_sample(len(Y))
    model = MODELS["around a pipeline"]
    curve = epoch_curve(model, X, Y, cv=FOLDS, sample_weight=weight)
    for fold, (train, test) in enumerate(FOLDS.split(X)):
        model.fit(X[train], Y[train], backpropregressor__sample_weight=weight[train])
        score = model.score(X[test], Y[test], sample_weight=weight[test])
        np.testing.assert_allclose(curve.test_scores[-1, fold], score)


@one_engine
@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (TransformedTarget(BackpropClassifier()), "needs a regressor at its end"),
        (TransformedTarget(Ridge()), "that ends in one, got TransformedTarget"),
        (TransformedTarget(), "that ends in one, got TransformedTarget"),
    ],
)
def test_what_has_no_network_inside(estimator, message):
    with pytest.raises(TypeError, match=message):
        epoch_curve(estimator, X, Y)


@one_engine
def test_losses_of_different_targets_are_not_compared():
    grid = {"transformer": [None, StandardScaler()]}
    model = MODELS["transformer"]
    with pytest.raises(ValueError, match="how targets are transformed"):
        overfitting_study(model, X, Y, grid, cv=FOLDS, scoring="loss")
    study = overfitting_study(model, X, Y, grid, cv=FOLDS)
    assert study.best_params_["transformer"] is not None
