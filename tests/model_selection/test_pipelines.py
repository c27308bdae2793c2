"""Studies of pipelines, of scikit-learn's class and of others, against scikit-learn's
cross-validation of them."""

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.exceptions import (
    ConvergenceWarning,
    FitFailedWarning,
    UnsetMetadataPassedError,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import (
    BaseCrossValidator,
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    epoch_curve,
    get_config,
    overfitting_study,
)
from sklearn_bp.fitting import Training
from sklearn_bp.model_selection._checks import check_study

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N_EPOCHS = 8
FOLDS = StratifiedKFold(3)
X, Y = make_classification(
    240, 6, weights=[0.85], n_informative=4, class_sep=0.8, random_state=0
)
FRAME = pd.DataFrame(X, columns=list("abcdef"))
WEIGHT = np.random.RandomState(0).exponential(size=len(Y))
GROUPS = np.arange(len(Y)) % 7


def network(**params):
    params = {"learning_rate_init": 0.02, "max_iter": N_EPOCHS, **params}
    return BackpropClassifier((6,), random_state=0, **params)


def regressor(**params):
    params = {"learning_rate_init": 0.02, "max_iter": N_EPOCHS, **params}
    return BackpropRegressor(hidden_layer_sizes=(6,), random_state=0, **params)


def assert_is_that_of_cross_validate(model, X=X, y=Y, cv=FOLDS, scoring=None, **study):
    curve = epoch_curve(model, X, y, cv=cv, scoring=scoring, **study)
    expected = cross_validate(
        model, X, y, cv=cv, scoring=scoring, return_train_score=True
    )
    for name in ("train", "test"):
        scores = getattr(curve, f"{name}_scores")
        assert scores.shape == (N_EPOCHS, 3)
        np.testing.assert_allclose(scores[-1], expected[f"{name}_score"], rtol=1e-9)
    return curve


def assert_is_that_of_a_grid_search(model, grid, fit_params=None, **settings):
    """With `fit_params` those of the study."""
    fit_params = fit_params or {}
    study = overfitting_study(model, X, Y, grid, **settings, **fit_params)
    search = GridSearchCV(
        model, grid, return_train_score=True, error_score="raise", **settings
    ).fit(X, Y, **fit_params)
    results = study.cv_results(epoch=N_EPOCHS)
    for name, column in search.cv_results_.items():
        if name.endswith("_score"):
            np.testing.assert_allclose(results[name], column, rtol=1e-9)
    return study


@pytest.fixture
def untrained(monkeypatch):
    """Nothing may be trained."""

    def run(*args):
        raise AssertionError("trained before the arguments were checked")

    monkeypatch.setattr(Training, "run", run)


# ---- pipelines that choose rows ----------------------------------------------------


class Drawn(BaseEstimator):
    """Draws rows to fit on, as many of each class, or as many as there are."""

    def __init__(self, balanced=True):
        self.balanced = balanced

    def fit_resample(self, X, y):
        rng = np.random.RandomState(0)
        rows = rng.randint(len(y), size=len(y))
        if self.balanced:
            rows = np.concatenate(
                [rng.choice(np.flatnonzero(y == label), 30) for label in np.unique(y)]
            )
        return X[rows], y[rows]


class WithoutOutliers(TransformerMixin, BaseEstimator):
    """Drops rows from all data."""

    def fit(self, X, y=None):
        self.limit_ = np.quantile(X[:, 0], 0.8)
        return self

    def transform(self, X):
        return X[X[:, 0] < self.limit_]

    def transform_x_y(self, X, y):
        return self.transform(X), y[X[:, 0] < self.limit_]


class Choosing(Pipeline):
    """Lets targets follow, in the way of other libraries."""

    def fit(self, X, y=None, **params):
        for _, step in self.steps[:-1]:
            if hasattr(step, "fit_resample"):
                X, y = step.fit_resample(X, y)
            elif hasattr(step, "transform_x_y"):
                X, y = step.fit(X, y).transform_x_y(X, y)
            else:
                X = step.fit_transform(X, y)
        own = {name.split("__", 1)[1]: value for name, value in params.items()}
        self.steps[-1][1].fit(X, y, **own)
        return self

    def score(self, X, y=None, sample_weight=None):
        for _, step in self.steps[:-1]:
            if hasattr(step, "transform_x_y"):
                X, y = step.transform_x_y(X, y)
            elif not hasattr(step, "fit_resample"):
                X = step.transform(X)
        return self.steps[-1][1].score(X, y, sample_weight)


def choosing(*steps):
    return Choosing([(f"step{number}", step) for number, step in enumerate(steps)])


CHOOSING = {
    "first": choosing(Drawn(), StandardScaler(), network()),
    "last": choosing(StandardScaler(), Drawn(), network()),
    "as many rows": choosing(Drawn(balanced=False), StandardScaler(), network()),
    "as many rows, last": choosing(StandardScaler(), Drawn(balanced=False), network()),
    "twice": choosing(Drawn(False), StandardScaler(), Drawn(), network()),
    "alone": choosing(Drawn(), network()),
    "around a pipeline": choosing(Drawn(), make_pipeline(MinMaxScaler(), network())),
    "in a pipeline": make_pipeline(MinMaxScaler(), choosing(Drawn(), network())),
    "dropping": choosing(WithoutOutliers(), StandardScaler(), network()),
    "dropping and drawing": choosing(WithoutOutliers(), Drawn(), network()),
    "lbfgs": choosing(Drawn(), network(solver="lbfgs")),
    "early stopping": choosing(Drawn(), network(early_stopping=True)),
}


@pytest.mark.parametrize("model", CHOOSING.values(), ids=CHOOSING)
def test_a_pipeline_that_chooses_rows(model):
    curve = assert_is_that_of_cross_validate(model)
    assert np.isfinite(curve.test_losses).all()


def test_what_it_scores_is_scored():
    """cross_validate's scorers have no score for dropped rows."""
    model = CHOOSING["dropping"]
    expected = epoch_curve(model, X, Y, cv=FOLDS)
    for scoring in ("accuracy", lambda model, X, y: model.score(X, y)):
        curve = epoch_curve(model, X, Y, cv=FOLDS, scoring=scoring)
        np.testing.assert_array_equal(curve.train_scores, expected.train_scores)
        np.testing.assert_array_equal(curve.test_scores, expected.test_scores)


def test_a_grid_over_samplers():
    model = choosing(Drawn(), StandardScaler(), network())
    grid = {"step0": [Drawn(), Drawn(balanced=False)], "step2__alpha": [1e-4, 10]}
    study = assert_is_that_of_a_grid_search(model, grid, cv=FOLDS)
    assert study.errors == [None] * 4


# ---- those of other libraries ------------------------------------------------------


def imblearn_models():
    reason = "imbalanced-learn is not installed: pip install '.[oracles]'"
    make = pytest.importorskip("imblearn.pipeline", reason=reason)
    combine = pytest.importorskip("imblearn.combine", reason=reason)
    over = pytest.importorskip("imblearn.over_sampling", reason=reason)
    under = pytest.importorskip("imblearn.under_sampling", reason=reason)
    smote = over.SMOTE(random_state=0)
    few = under.RandomUnderSampler(random_state=0)
    return [
        make.make_pipeline(few, network()),
        make.make_pipeline(few, StandardScaler(), network()),
        make.make_pipeline(StandardScaler(), few, network()),
        make.make_pipeline(StandardScaler(), smote, SelectKBest(k=3), network()),
        make.make_pipeline(combine.SMOTEENN(random_state=0), network()),
        make.make_pipeline(smote, make_pipeline(StandardScaler(), network())),
        make_pipeline(StandardScaler(), make.make_pipeline(smote, network())),
        make.Pipeline([("none", "passthrough"), ("few", few), ("end", network())]),
    ]


@pytest.mark.parametrize("number", range(8))
def test_imbalanced_learn(number):
    model = imblearn_models()[number]
    assert_is_that_of_cross_validate(model, scoring="balanced_accuracy")
    assert_is_that_of_cross_validate(model, FRAME)


def test_imbalanced_learn_is_given_no_weights():
    model = imblearn_models()[3]
    with pytest.raises(ValueError, match=r"cannot follow the step\(s\) 'smote'"):
        epoch_curve(model, X, Y, cv=FOLDS, sample_weight=WEIGHT)


def feature_engine_models():
    reason = "feature-engine is not installed: pip install '.[oracles]'"
    pipeline = pytest.importorskip("feature_engine.pipeline", reason=reason)
    imputation = pytest.importorskip("feature_engine.imputation", reason=reason)
    outliers = pytest.importorskip("feature_engine.outliers", reason=reason)
    timeseries = pytest.importorskip(
        "feature_engine.timeseries.forecasting", reason=reason
    )
    complete = imputation.DropMissingData()
    trimmed = outliers.OutlierTrimmer(variables=["b"])
    lags = timeseries.LagFeatures(periods=[1, 2], drop_na=True)
    scaled = StandardScaler().set_output(transform="pandas")
    return [
        pipeline.make_pipeline(complete, StandardScaler(), regressor()),
        pipeline.make_pipeline(scaled, complete, regressor()),
        pipeline.make_pipeline(complete, trimmed, regressor()),
        pipeline.make_pipeline(complete, lags, regressor()),
    ]


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
@pytest.mark.parametrize("number", range(4))
def test_feature_engine(number):
    model = feature_engine_models()[number]
    incomplete = FRAME.mask(np.random.RandomState(0).uniform(size=X.shape) < 0.03)
    target = FRAME["a"] + FRAME["b"] ** 2
    assert_is_that_of_cross_validate(model, incomplete, target, KFold(3))


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
@pytest.mark.parametrize("models", [imblearn_models, feature_engine_models])
def test_their_warnings_point_at_the_users_line(models):
    model = models()[0]
    with pytest.warns(ConvergenceWarning) as record:
        model.fit(FRAME, pd.Series(Y))
    own = [warning for warning in record if warning.category is ConvergenceWarning]
    assert [warning.filename for warning in own] == [__file__]


# ---- pipelines in pipelines --------------------------------------------------------


def ending(end, *steps):
    return Pipeline(
        [*((f"step{i}", step) for i, step in enumerate(steps)), ("end", end)]
    )


NESTED = {
    "one": ("end__end__", ending(ending(network()))),
    "two": (
        "end__end__",
        ending(ending(network(), SelectKBest(k=4)), MinMaxScaler()),
    ),
    "three": (
        "end__end__end__",
        ending(ending(ending(network(), StandardScaler()), None), MinMaxScaler()),
    ),
    "in steps": (
        "end__",
        ending(
            network(),
            make_pipeline(StandardScaler(), SelectKBest(k=4)),
            make_union(StandardScaler(), SelectKBest(k=2)),
            make_column_transformer((StandardScaler(), [0, 3])),
            "passthrough",
        ),
    ),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("prefix", "model"), NESTED.values(), ids=NESTED)
def test_pipelines_in_pipelines(prefix, model, weighted):
    grid = {f"{prefix}alpha": [1e-4, 30], f"{prefix}hidden_layer_sizes": [(3, 2), 5]}
    if not weighted:
        assert_is_that_of_a_grid_search(model, grid, cv=FOLDS)
        return
    study = overfitting_study(model, X, Y, grid, cv=FOLDS, sample_weight=WEIGHT)
    params = study.params[3]
    for fold, (train, test) in enumerate(FOLDS.split(X, Y)):
        fitted = clone(model).set_params(**params)
        fitted.fit(X[train], Y[train], **{f"{prefix}sample_weight": WEIGHT[train]})
        np.testing.assert_allclose(
            study.curves[3].test_scores[-1, fold],
            fitted.score(X[test], Y[test], sample_weight=WEIGHT[test]),
            rtol=1e-9,
        )


def test_a_grid_in_which_some_settings_have_steps_and_others_none():
    with_steps, without = ending(network(), StandardScaler()), ending(network())
    grid = {"steps": [with_steps.steps, without.steps, ending(network(), None).steps]}
    for model in (with_steps, without):
        assert_is_that_of_a_grid_search(model, grid, cv=FOLDS)
    grid = {"step0": [StandardScaler(), "passthrough", None]}
    assert_is_that_of_a_grid_search(with_steps, grid, cv=FOLDS)


def test_where_nothing_is_done_to_the_data_no_row_is_copied():
    model = ending(ending(network()), None, "passthrough")
    plan = check_study(model, [{}], X, Y, cv=FOLDS, scoring=None)
    assert plan.candidates[0].uses_rows
    assert plan.samples[0].X is X
    expected = epoch_curve(network(), X, Y, cv=FOLDS)
    assert epoch_curve(model, X, Y, cv=FOLDS) == expected


def test_frames_names_and_a_cache(tmp_path):
    scaler = StandardScaler().set_output(transform="pandas")
    columns = make_column_transformer((scaler, ["b", "c", "d"]))
    columns.set_output(transform="pandas")
    model = make_pipeline(columns, network(), memory=str(tmp_path))
    for n_jobs in (1, 2):
        assert_is_that_of_cross_validate(model, FRAME, n_jobs=n_jobs)
    assert any(tmp_path.rglob("output.pkl"))


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_same_bits_side_by_side(backend, monkeypatch):
    monkeypatch.setenv("SKLEARN_BP_ENGINE", get_config()["engine"])  # of new processes
    model = make_pipeline(
        StandardScaler(), make_pipeline(SelectKBest(k=3), network(dropout=0.1))
    )
    expected = epoch_curve(model, X, Y)
    with joblib.parallel_config(backend=backend):
        curve = epoch_curve(model, X, Y, n_jobs=2)
    for name in ("train_losses", "test_losses", "train_scores", "test_scores"):
        assert getattr(curve, name).tobytes() == getattr(expected, name).tobytes()


class Careful(StandardScaler):
    """Can be fitted once, and its copies as well."""

    def fit(self, X, y=None, sample_weight=None):
        assert not hasattr(self, "scale_")
        return super().fit(X, y, sample_weight)


def test_the_users_pipeline_is_left_alone():
    model = make_pipeline(Careful(), make_pipeline(Careful(), network()))
    ends = model, model[-1]
    steps = [list(pipeline.steps) for pipeline in ends]
    epoch_curve(model, X, Y, cv=FOLDS)
    for pipeline, before in zip(ends, steps, strict=True):
        assert pipeline.steps == before
        assert not hasattr(pipeline[0], "scale_")


# ---- metadata routing --------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("of_scaler", [True, False])
@pytest.mark.parametrize(
    ("of_fit", "of_score"), [(True, True), (True, False), (False, True)]
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_weights_go_where_they_are_requested(depth, of_scaler, of_fit, of_score):
    model = network().set_fit_request(sample_weight=of_fit)
    for _ in range(depth):
        scaler = StandardScaler().set_fit_request(sample_weight=of_scaler)
        model = ending(model, scaler)
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=of_score)
    assert_is_that_of_a_grid_search(
        model,
        {f"{'end__' * depth}alpha": [1e-4, 30]},
        {"sample_weight": WEIGHT},
        cv=FOLDS,
        scoring=scorer,
    )


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_network_need_not_request_weights_but_can_refuse_them(solver, depth):
    def curve(sample_weight=WEIGHT, of_fit=None, of_score=None):
        model = network(solver=solver).set_fit_request(sample_weight=of_fit)
        model.set_score_request(sample_weight=of_score)
        for _ in range(depth):
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            model = ending(model, scaler)
        return epoch_curve(model, X, Y, cv=FOLDS, sample_weight=sample_weight)

    assert curve() == curve(of_fit=True, of_score=True)
    assert curve(of_fit=False, of_score=False) == curve(sample_weight=None)
    trained, measured = curve(of_score=False), curve(of_fit=False)
    both, neither = curve(), curve(sample_weight=None)
    for partly in (trained, measured):
        for wholly in (both, neither):
            assert (partly.test_losses != wholly.test_losses).any()


@pytest.mark.usefixtures("routing", "untrained")
def test_a_step_that_leaves_open_whether_it_is_given_weights():
    model = make_pipeline(StandardScaler(), network())
    with pytest.raises(UnsetMetadataPassedError, match=r"StandardScaler\.fit_transf"):
        epoch_curve(model, X, Y, cv=FOLDS, sample_weight=WEIGHT)


def test_without_routing_the_network_alone_is_given_weights():
    model = make_pipeline(StandardScaler(), network())
    curve = epoch_curve(model, X, Y, cv=FOLDS, sample_weight=WEIGHT)
    for fold, (train, test) in enumerate(FOLDS.split(X, Y)):
        scaler = StandardScaler().fit(X[train])
        fitted = network().fit(scaler.transform(X[train]), Y[train], WEIGHT[train])
        expected = fitted.score(scaler.transform(X[test]), Y[test], WEIGHT[test])
        np.testing.assert_allclose(curve.test_scores[-1, fold], expected, rtol=1e-9)


class HeavyAgainstLight(BaseCrossValidator):
    """A splitter that takes weights."""

    def split(self, X, y=None, groups=None, sample_weight=None):
        order = np.argsort(sample_weight, kind="stable")
        yield order[::2], order[1::2]
        yield order[1::2], order[::2]

    def get_n_splits(self, X=None, y=None, groups=None, sample_weight=None):
        return 2


class EachGroupAlike(MinMaxScaler):
    """A step that takes groups."""

    def fit(self, X, y=None, groups=None):
        self.means_ = np.mean([X[groups == g].max(axis=0) for g in set(groups)], axis=0)
        return self

    def transform(self, X):
        return X / self.means_


@pytest.mark.usefixtures("routing")
def test_requests_of_splitters_and_for_groups():
    grid = {"end__alpha": [1e-4, 30]}
    model = ending(network(), EachGroupAlike().set_fit_request(groups=True))
    assert_is_that_of_a_grid_search(
        model, grid, {"groups": GROUPS}, cv=GroupKFold(3), scoring="accuracy"
    )
    model = ending(network().set_fit_request(sample_weight=True))
    cv = HeavyAgainstLight().set_split_request(sample_weight=True)
    scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
    assert_is_that_of_a_grid_search(
        model, grid, {"sample_weight": WEIGHT}, cv=cv, scoring=scorer
    )


# ---- what cannot be followed -------------------------------------------------------


class OfItsOwn(Pipeline):
    """Has ways of its own."""

    def score(self, X, y=None, sample_weight=None):
        return 0.5


class OfPredictions(Pipeline):
    def score(self, X, y=None, sample_weight=None):
        return np.mean(self.predict(X) == y)


class Unfitted(OfItsOwn):
    def fit(self, X, y=None, **params):
        return self


DRAWING = choosing(StandardScaler(), Drawn(balanced=False), network())
REFUSED = {
    "a sampler in scikit-learn's pipeline": (
        make_pipeline(Drawn(), network()),
        {},
        TypeError,
        r"should be transformers.*Drawn\(\)",
    ),
    "dropped rows in scikit-learn's pipeline": (
        ending(network(), StandardScaler(), WithoutOutliers()),
        {},
        ValueError,
        "The step 'step1' changes the number of rows .*: 128 rows, 160 targets",
    ),
    "dropped rows in an inner pipeline": (
        make_pipeline(StandardScaler(), ending(network(), WithoutOutliers())),
        {},
        ValueError,
        "The step 'step0' changes the number of rows",
    ),
    "weights and a sampler": (
        DRAWING,
        {"sample_weight": WEIGHT},
        ValueError,
        r"weights cannot follow the step\(s\) 'step1'",
    ),
    "weights and dropped rows": (
        CHOOSING["dropping"],
        {"sample_weight": WEIGHT},
        ValueError,
        r"weights cannot follow the step\(s\) 'step0'",
    ),
    "an own score": (
        OfItsOwn([("scale", StandardScaler()), ("end", network())]),
        {},
        TypeError,
        "OfItsOwn cannot be followed, as its method 'score' .* BackpropClassifier",
    ),
    "a score of predictions": (
        OfPredictions([("scale", StandardScaler()), ("end", network())]),
        {},
        TypeError,
        "of its last step, a BackpropClassifier, but predicts, cannot be followed",
    ),
    "an own fit": (
        Unfitted([("scale", StandardScaler()), ("end", network())]),
        {},
        TypeError,
        "Unfitted cannot be followed, as its method 'fit' .* BackpropClassifier",
    ),
    "no network": (
        make_pipeline(StandardScaler(), make_pipeline(LinearRegression())),
        {},
        TypeError,
        "must be a BackpropClassifier.* or a Pipeline or .* that ends in one",
    ),
    "nothing at the end": (
        make_pipeline(network(), "passthrough"),
        {},
        TypeError,
        "must be a BackpropClassifier",
    ),
    "no steps": (Pipeline([]), {}, TypeError, "must be a BackpropClassifier"),
}


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("model", "settings", "error", "message"), REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_followed_is_refused_before_training(
    model, settings, error, message
):
    with pytest.raises(error, match=message):
        epoch_curve(model, X, Y, cv=FOLDS, **settings)


@pytest.mark.usefixtures("untrained")
def test_weights_are_refused_for_a_sampler_of_any_setting():
    grid = {"step1": [MinMaxScaler(), Drawn(balanced=False)]}
    with pytest.raises(ValueError, match=r"cannot follow the step\(s\) 'step1'"):
        overfitting_study(DRAWING, X, Y, grid, cv=FOLDS, sample_weight=WEIGHT)


@pytest.mark.usefixtures("routing")
def test_weights_that_only_measure_need_not_follow():
    model = choosing(Drawn(), network().set_fit_request(sample_weight=False))
    curve = epoch_curve(model, X, Y, cv=FOLDS, sample_weight=WEIGHT)
    for fold, (train, test) in enumerate(FOLDS.split(X, Y)):
        fitted = clone(model).fit(X[train], Y[train])
        expected = fitted.score(X[test], Y[test], WEIGHT[test])
        np.testing.assert_allclose(curve.test_scores[-1, fold], expected, rtol=1e-9)


def test_a_setting_that_cannot_be_followed_is_excluded():
    grid = {"step0": [StandardScaler(), WithoutOutliers()]}
    model = ending(network(), StandardScaler())
    with pytest.warns(FitFailedWarning, match="The step 'step0' changes the number"):
        study = overfitting_study(model, X, Y, grid, cv=FOLDS)
    assert study.best_index_ == 0
