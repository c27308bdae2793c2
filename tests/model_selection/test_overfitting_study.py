"""Overfitting studies against grid searches, plain loops and curves made by hand."""

import os
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_blobs
from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ParameterGrid,
    ParameterSampler,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sweeps import each_pair, one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.model_selection._checks import check_study
from sklearn_bp.model_selection._study import rungs

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
CURVES = ("train_losses", "test_losses", "train_scores", "test_scores")
GRID = {"alpha": [0.001, 1, 30], "hidden_layer_sizes": [(4,), (12, 6)]}


def network(**settings):
    defaults = {"max_iter": 8, "learning_rate_init": 0.02, "random_state": 0}
    return BackpropClassifier(**{**defaults, **settings})


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    return X - X.mean(axis=0), np.array(["a", "b", "c"])[y]


def assert_same_bits(study, expected):
    for curve, other in zip(study.curves, expected.curves, strict=True):
        for name in CURVES:
            assert getattr(curve, name).tobytes() == getattr(other, name).tobytes()


# ---- against other ways to the same numbers --------------------------------------


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_each_setting_has_the_curves_that_it_has_alone(container, iris):
    X, y = container(iris[0]), iris[1]
    grid = [GRID, {"solver": ["lbfgs"]}, {"dropout": [0.3], "batch_size": [20]}]
    study = overfitting_study(network(), X, y, grid, cv=FOLDS)
    assert study.params == list(ParameterGrid(grid))
    for params, curve in zip(study.params, study.curves, strict=True):
        expected = epoch_curve(network(**params), X, y, cv=FOLDS)
        for name in CURVES:
            np.testing.assert_array_equal(getattr(curve, name), getattr(expected, name))


@each_pair(
    epoch=[1, 5, 8],
    dtype=["float32", "float64"],
    scoring=[None, "neg_log_loss", "f1_macro"],
)
def test_the_results_are_those_of_a_grid_search(epoch, dtype, scoring, iris):
    X, y = iris[0].astype(dtype), iris[1]
    study = overfitting_study(network(), X, y, GRID, cv=FOLDS, scoring=scoring)
    search = GridSearchCV(
        network(max_iter=epoch),
        GRID,
        cv=FOLDS,
        scoring=scoring,
        return_train_score=True,
        refit=False,
    ).fit(X, y)
    results, expected = study.cv_results(epoch), search.cv_results_
    for name, column in expected.items():
        if name.endswith("_score"):
            # scikit-learn rounds float32's logarithms, and their means, to float32.
            atol = 1e-7 if scoring == "neg_log_loss" else 0
            np.testing.assert_allclose(results[name], column, rtol=1e-6, atol=atol)
        elif not name.endswith("_time"):
            assert list(results[name]) == list(column)
    assert results.keys() == {*expected, "epoch", "n_epochs"}
    choice = study.select(epoch=epoch)
    best = np.flatnonzero(expected["rank_test_score"] == 1)[0]
    assert choice.params == expected["params"][best]
    np.testing.assert_allclose(choice.score, expected["mean_test_score"][best])


def test_regression_with_several_outputs_in_a_pipeline_of_a_frame():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    y = np.column_stack([y, -y]) / 100
    model = make_pipeline(
        StandardScaler(),
        BackpropRegressor(hidden_layer_sizes=6, max_iter=5, random_state=0),
    )
    grid = {
        "backpropregressor__alpha": [0.1, 10],
        "standardscaler": [StandardScaler(), "passthrough"],
    }
    cv = KFold(3)
    study = overfitting_study(model, X, y, grid, cv=cv)
    search = GridSearchCV(model.set_params(backpropregressor__max_iter=5), grid, cv=cv)
    np.testing.assert_allclose(
        study.cv_results(epoch=5)["mean_test_score"],
        search.fit(X, y).cv_results_["mean_test_score"],
        rtol=1e-6,
    )


def test_best_is_the_largest_mean_over_settings_and_epochs(iris):
    study = overfitting_study(network(), *iris, GRID, cv=FOLDS, scoring="loss")
    best = max(
        (curve.test_scores[row].mean(), -index, -row)
        for index, curve in enumerate(study.curves)
        for row in range(8)
    )
    assert (study.best_score_, -study.best_index_, 1 - study.best_epoch_) == best
    assert study.best_params_ == study.params[study.best_index_]
    np.testing.assert_array_equal(
        study.curves[0].test_scores, -study.curves[0].test_losses
    )
    results = study.cv_results_
    assert results["rank_test_score"][study.best_index_] == 1
    assert results["epoch"][study.best_index_] == study.best_epoch_


def test_one_standard_error_rule(iris):
    """Against a loop over all models, the simplest first."""
    grid = {"alpha": [30, 0.001, 1], "hidden_layer_sizes": [(12, 6), (4,)]}
    study = overfitting_study(network(max_iter=40), *iris, grid)
    best = study.curves[study.best_index_].test_scores[study.best_epoch_ - 1]
    threshold = best.mean() - best.std(ddof=1) / np.sqrt(5)

    def simplest():
        for hidden in ((4,), (12, 6)):
            for alpha in (30, 1, 0.001):
                params = {"alpha": alpha, "hidden_layer_sizes": hidden}
                curve = study.curves[study.params.index(params)]
                for epoch, score in enumerate(curve.test_scores.mean(axis=1), start=1):
                    if score >= threshold:
                        return params, epoch

    choice = study.select("one_standard_error")
    assert (choice.params, choice.epoch) == simplest()
    assert choice != study.select("best")
    by_rule = study.by("one_standard_error")
    assert by_rule.best_params_ == choice.params
    assert by_rule.best_epoch_ == choice.epoch
    last = study.select("one_standard_error", epoch=40)
    assert last.epoch == 40


def test_weights_and_groups(iris):
    X, y = iris
    weight = np.random.RandomState(0).randint(1, 4, len(y))
    groups = np.random.RandomState(1).randint(6, size=len(y))
    study = overfitting_study(
        network(),
        X,
        y,
        {"alpha": [0.1]},
        cv=GroupKFold(3),
        groups=groups,
        sample_weight=weight,
    )
    train, test = next(iter(GroupKFold(3).split(X, y, groups)))
    model = network(alpha=0.1).fit(X[train], y[train], weight[train])
    np.testing.assert_allclose(
        study.curves[0].test_scores[-1, 0], model.score(X[test], y[test], weight[test])
    )


# ---- successive halving ----------------------------------------------------------


def test_rungs():
    assert list(rungs(7, np.inf)) == [(1, 7)]
    assert list(rungs(1, 3)) == [(1, 1)]
    assert list(rungs(9, 3)) == [(1 / 9, 9), (1 / 3, 3), (1, 1)]
    assert list(rungs(12, 2)) == [(1 / 8, 12), (1 / 4, 6), (1 / 2, 3), (1, 2)]


def test_hopeless_settings_are_given_up_early(iris):
    grid = {"alpha": [0.01, 1000, 0.1, 10000, 1, 3000]}
    model = network(max_iter=40)
    full = overfitting_study(model, *iris, grid, cv=FOLDS, scoring="loss")
    study = overfitting_study(
        model, *iris, grid, cv=FOLDS, scoring="loss", halving_factor=2
    )
    lengths = [len(curve.test_losses) for curve in study.curves]
    # shares of the epochs: 1/4 for six, 1/2 for three, 1 for two
    assert sorted(lengths) == [10, 10, 10, 20, 40, 40]
    for alpha, length in zip(grid["alpha"], lengths, strict=True):
        assert (length == 10) == (alpha >= 1000)
    for curve, expected in zip(study.curves, full.curves, strict=True):
        for name in CURVES:
            n = len(curve.test_losses)
            np.testing.assert_array_equal(
                getattr(curve, name), getattr(expected, name)[:n]
            )
    assert study.best_params_ == full.best_params_
    np.testing.assert_array_equal(study.cv_results_["n_epochs"], lengths)
    assert study.given_up == tuple(np.flatnonzero(np.less(lengths, 40)))
    assert full.given_up == ()


def test_what_ends_within_a_rung_is_not_given_up(iris):
    grid = {"max_iter": [1, 1], "alpha": [1, 2]}
    study = overfitting_study(network(), *iris, grid, cv=FOLDS, halving_factor=4)
    assert study.given_up == ()
    model = network(max_iter=40, tol=10, n_iter_no_change=1)  # ends after three epochs
    grid = {"alpha": [0.01, 0.1, 1, 1000]}
    study = overfitting_study(model, *iris, grid, cv=FOLDS, halving_factor=4)
    assert study.given_up == ()


def test_schedules_do_not_end_with_the_first_rung(iris):
    """A rung of 10 epochs is the beginning of 40, at their learning rates."""
    model = network(max_iter=40, learning_rate="one_cycle")
    grid = {"alpha": [0.01, 0.1, 1, 1000]}
    settings = {"cv": FOLDS, "scoring": "loss"}
    full = overfitting_study(model, *iris, grid, **settings)
    study = overfitting_study(model, *iris, grid, halving_factor=4, **settings)
    np.testing.assert_array_equal(
        study.curves[3].test_losses, full.curves[3].test_losses[:10]
    )


# ---- where the work goes -----------------------------------------------------------


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_same_bits_side_by_side(backend):
    X, y = load_breast_cancer(return_X_y=True)
    X /= X.max(axis=0)
    model = network(dropout=0.2, hidden_layer_sizes=(30, 20), max_iter=4)
    grid = {"alpha": [0.01, 1], "batch_size": [32, 200]}
    expected = overfitting_study(model, X, y, grid, scoring="roc_auc")
    with parallel_config(backend=backend):
        study = overfitting_study(model, X, y, grid, scoring="roc_auc", n_jobs=2)
    assert_same_bits(study, expected)


def test_what_other_people_wrote_is_not_taken_for_short(iris):
    alphas = [{"alpha": 0.1}]

    def operations(estimator, settings=alphas, scoring=None):
        refit = "f1" if isinstance(scoring, dict) else None
        plan = check_study(
            estimator, settings, *iris, cv=FOLDS, scoring=scoring, refit=refit
        )
        return plan.operations(0, 10)

    # 4 x 100 + 100 x 3 weights, 6 operations each for each of 150 rows, and 1000 a row
    assert operations(network()) == (6 * 700 + 1000) * 150 * 10
    assert operations(network(), scoring="accuracy") == operations(network())
    user_code = {"f1": "f1_macro", "mine": accuracy_without({})}
    assert operations(network(), scoring=user_code) == np.inf
    in_pipeline = [{"backpropclassifier__alpha": 0.1}]
    pipeline = make_pipeline(StandardScaler(), network())
    assert operations(pipeline, in_pipeline) == np.inf


@one_engine
@pytest.mark.usefixtures("fresh_workers")
def test_a_killed_worker_process(iris, deadly_accuracy):
    expected = overfitting_study(network(), *iris, GRID, cv=FOLDS)
    with (
        parallel_config(backend="loky"),
        pytest.warns(RuntimeWarning, match="a worker was lost"),
    ):
        study = overfitting_study(
            network(), *iris, GRID, cv=FOLDS, n_jobs=2, scoring=deadly_accuracy
        )
    assert deadly_accuracy.has_killed()
    assert_same_bits(study, expected)


@one_engine
@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.filterwarnings("ignore:.*a worker was lost:RuntimeWarning")
def test_workers_that_are_killed_at_each_stage(iris, tmp_path):
    """In the first training and in later ones, while they train and while they are
    measured, and in the last of all."""
    parent = os.getpid()

    def count(kind, fatal):  # sent whole, as in `deadly_accuracy`
        import os
        import signal

        calls = tmp_path / kind
        with calls.open("a") as file:
            file.write(".")
        for number in fatal:
            killed = tmp_path / f"{kind} {number}"
            is_due = calls.stat().st_size >= number and not killed.exists()
            if is_due and os.getpid() != parent:
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    def rate(progress):
        count("training", [1, 70])
        return 1.0

    def scorer(model, X, y):
        count("measuring", [150, 280])  # of at least 288
        return model.score(X, y)

    grid = {**GRID, "learning_rate": [rate]}
    expected = overfitting_study(network(), *iris, grid, cv=FOLDS)
    for kind in ("training", "measuring"):
        (tmp_path / kind).unlink(missing_ok=True)
    with parallel_config(backend="loky"):
        study = overfitting_study(
            network(), *iris, grid, cv=FOLDS, n_jobs=2, scoring=scorer
        )
    assert len(list(tmp_path.glob("* *"))) == 4
    assert_same_bits(study, expected)


def death_in(parent):
    """A scorer that ends each worker process."""

    def scorer(model, X, y):
        import os
        import signal

        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.5

    return scorer


@one_engine
@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.filterwarnings("ignore:.*a worker was lost:RuntimeWarning")
def test_workers_that_are_killed_again_and_again(iris):
    with (
        parallel_config(backend="loky"),
        pytest.raises(
            RuntimeError, match=r"(?s)trainings have no result: .*smaller n_jobs"
        ),
    ):
        overfitting_study(
            network(),
            *iris,
            {"alpha": [1]},
            cv=FOLDS,
            n_jobs=2,
            scoring=death_in(os.getpid()),
        )


# ---- what is shown -----------------------------------------------------------------


def test_frames(iris):
    grid = [{"alpha": [0.1, 1]}, {"dropout": [0.2]}]
    study = overfitting_study(network(), *iris, grid, cv=FOLDS, scoring="loss")
    frame = study.to_frame()
    assert frame["alpha"].isna().tolist() == [False, False, True]
    for index, row in frame.iterrows():
        curve = study.curves[index]
        best = curve.test_scores.mean(axis=1).argmax()
        assert row["best_epoch"] == best + 1
        assert row["test_score"] == curve.test_scores[best].mean()
        assert row["test_loss"] == curve.test_losses[best].mean()
        gaps = (curve.train_scores - curve.test_scores).mean(axis=1)
        assert (row["gap"], row["last_gap"]) == (gaps[best], gaps[-1])
        expected = curve.test_scores[best].std(ddof=1) / np.sqrt(3)
        np.testing.assert_allclose(row["standard_error"], expected)
    by_epoch = study.to_frame(by_epoch=True)
    assert len(by_epoch) == 3 * 3 * 8
    row = by_epoch.query("alpha == 1 and fold == 2 and epoch == 5").iloc[0]
    assert row["train_loss"] == study.curves[1].train_losses[4, 2]
    assert isinstance(pd.DataFrame(study.cv_results_), pd.DataFrame)


def test_a_line_for_each_setting(iris, capsys):
    study = overfitting_study(network(), *iris, GRID, cv=FOLDS, n_jobs=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(study.line(index) for index in range(6))
    choice = study.select()
    assert (
        f"alpha={choice.params['alpha']}, hidden_layer_sizes="
        f"{choice.params['hidden_layer_sizes']}: accuracy {choice.score:.4g} (standard"
        f" error {choice.standard_error:.2g}) at epoch {choice.epoch} of 8"
    ) in lines


def test_nothing_else_is_printed_warned_of_or_changed(iris, capsys):
    model = network()
    before = vars(model).copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        overfitting_study(model, *iris, {"alpha": [1]}, cv=FOLDS)
    assert vars(model) == before
    assert capsys.readouterr().out == ""


def test_settings_by_a_sampler(iris):
    sampler = ParameterSampler({"alpha": [0.1, 1, 10]}, 2, random_state=0)
    study = overfitting_study(network(), *iris, sampler, cv=FOLDS)
    assert study.params == list(sampler)


def test_grids_one_by_one(iris):
    grids = ({"alpha": [alpha]} for alpha in (0.1, 1))
    study = overfitting_study(network(), *iris, grids, cv=FOLDS)
    assert study.params == [{"alpha": 0.1}, {"alpha": 1}]


class ByColumn:
    """Folds by a column of the frame and by the targets' index."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3

    def split(self, X, y=None, groups=None):
        for value in range(3):
            is_test = (X["fold"] == value) & y.index.isin(X.index)
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)


def gain(model, X, y, sample_weight=None):
    """What a prediction is worth stands in the frame, by the targets' index."""
    return ((model.predict(X) == y) * GAINS[y.index]).mean()


GAINS = pd.Series(np.linspace(1, 2, 150), index=range(1000, 1150))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_splitters_and_scorers_see_what_the_user_gave(in_pipeline, solver, iris):
    X, y = pd.DataFrame(iris[0], GAINS.index), pd.Series(iris[1], GAINS.index)
    X["fold"] = np.arange(150) % 3
    X.columns = X.columns.astype(str)
    model, prefix = network(solver=solver), ""
    if in_pipeline:
        scaler = StandardScaler().set_output(transform="pandas")
        model, prefix = make_pipeline(scaler, model), "backpropclassifier__"
    grid = {f"{prefix}alpha": [0.01, 10]}
    settings = {"cv": ByColumn(), "scoring": gain}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of missing names of features, for example
        study = overfitting_study(model, X, y, grid, **settings)
    search = GridSearchCV(model, grid, error_score="raise", **settings).fit(X, y)
    np.testing.assert_allclose(
        study.cv_results(epoch=8)["mean_test_score"],
        search.cv_results_["mean_test_score"],
    )
    own = {f"{prefix}early_stopping": [True], f"{prefix}scoring": [gain]}
    early = overfitting_study(model, X, y, own, cv=ByColumn())
    assert early.errors == [None]


# ---- what goes wrong ---------------------------------------------------------------


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_training_that_fails_is_left_out(in_pipeline, iris):
    model, name = network(solver="sgd", hidden_layer_sizes=(5, 5)), "learning_rate_init"
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
        name = f"backpropclassifier__{name}"
    grid = {name: [1e200, 0.1]}
    with pytest.warns(FitFailedWarning, match="1 of 2 settings failed"):
        study = overfitting_study(model, *iris, grid, cv=FOLDS)
    assert study.best_params_ == {name: 0.1}
    assert np.isnan(study.curves[0].test_scores).all()
    assert "diverged" in study.errors[0]
    assert study.cv_results_["rank_test_score"].tolist() == [2, 1]
    assert "learning_rate_init=1e+200 failed" in study.summary()
    with pytest.raises(ValueError, match=r"All settings failed.*\n.*diverged"):
        overfitting_study(model, *iris, {name: [1e200]}, cv=FOLDS)


def test_a_score_that_untrained_networks_have_not(iris):
    """Their predictions may be negative, which this metric is not defined for."""
    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(solver="lbfgs", max_iter=40, random_state=0)
    settings = {"cv": KFold(3), "scoring": "neg_mean_gamma_deviance"}
    y = 5 + (y - y.mean()) / y.std()
    search = GridSearchCV(model, {"alpha": [0.1, 1]}, **settings).fit(X, y)
    study = overfitting_study(model, X, y, {"alpha": [0.1, 1]}, **settings)
    np.testing.assert_allclose(
        study.cv_results(epoch=40)["mean_test_score"],
        search.cv_results_["mean_test_score"],
        rtol=1e-5,
    )
    with pytest.raises(ValueError, match=r"neg_mean_gamma_deviance' fails.*positive"):
        overfitting_study(model, X, y - 5, {"alpha": [1]}, **settings)


def test_a_score_that_needs_several_classes_predicted(iris):
    """Where one large feature is constant, an untrained network predicts one class."""

    def scorer(model, X, y):
        return 1 / (len(np.unique(model.predict(X))) - 1)

    X = np.hstack([iris[0], np.full((150, 1), 100.0)])
    model = network(hidden_layer_sizes=(), solver="lbfgs", max_iter=60)
    with pytest.warns(UndefinedMetricWarning, match="ZeroDivisionError"):
        study = overfitting_study(
            model, X, iris[1], {"alpha": [0.1]}, cv=FOLDS, scoring=scorer
        )
    assert np.isfinite(study.best_score_)
    assert np.isnan(study.curves[0].test_scores[0]).any()


def accuracy_without(undefined):
    """A scorer that is not defined, or fails, after some numbers of epochs."""

    def scorer(model, X, y):
        what = undefined.get((model.alpha, model.n_iter_), 1.0)
        return what() if callable(what) else what * model.score(X, y)

    return scorer


def fail():
    raise ZeroDivisionError("no such class was predicted")


def test_epochs_without_a_score_are_not_chosen(iris):
    undefined = {(1, 3): np.nan, (1, 4): fail} | {(10, e): np.nan for e in range(1, 9)}
    grid = {"alpha": [0.01, 1, 10]}
    expected = overfitting_study(network(), *iris, grid, cv=FOLDS)
    with (
        pytest.warns(FitFailedWarning, match=r"1 of 3 settings failed.*\n.*10.*NaN"),
        pytest.warns(UndefinedMetricWarning, match=r"For 1 of 3.*\n.*'alpha': 1.*NaN"),
    ):
        study = overfitting_study(
            network(), *iris, grid, cv=FOLDS, scoring=accuracy_without(undefined)
        )
    assert study.errors[:2] == [None, None]
    for curve, other in zip(study.curves[:2], expected.curves):
        for name in CURVES:
            scores, others = getattr(curve, name).copy(), getattr(other, name)
            if curve is study.curves[1] and "scores" in name:
                assert np.isnan(scores[2:4]).all()
                scores[2:4] = others[2:4]
            np.testing.assert_allclose(scores, others)
    means = study.curves[1].test_scores.mean(axis=1)
    assert study.best_epoch_of(1) == np.nanargmax(means) + 1
    assert study.cv_results(epoch=3)["rank_test_score"].tolist() == [1, 2, 2]
    assert np.isfinite(study.to_frame()["test_score"][:2]).all()
    assert "alpha=10 failed" in study.summary()


@one_engine
def test_settings_may_be_a_list_of_dicts(iris):
    choices = {"alpha": [0.01, 1.0, 10.0], "hidden_layer_sizes": [(3,), (4, 2)]}
    sampler = ParameterSampler(choices, 3, random_state=0)
    settings = list(sampler)
    for given in (sampler, settings, tuple(settings), iter(settings)):
        study = overfitting_study(network(max_iter=2), *iris, given, cv=2)
        assert study.params == settings
    with pytest.raises(TypeError, match="needs to be a list"):
        overfitting_study(network(), *iris, {"alpha": 0.1}, cv=2)
    layers = [{"hidden_layer_sizes": (3,)}, {"hidden_layer_sizes": (4, 2)}]
    with pytest.raises(ValueError, match="may be one setting or several"):
        overfitting_study(network(), *iris, layers, cv=2)


class Untouched(BackpropClassifier):
    """Fails if it is trained."""

    def _train(self, *args, **kwargs):
        raise AssertionError("trained before the arguments were checked")


def failing_scorer(estimator, X, y):
    raise KeyError("no such thing")


X_BLOBS, Y_BLOBS = make_blobs(60, random_state=0)
WRONG = [
    ({"param_grid": {"alfa": [1]}}, ValueError, "Invalid parameter 'alfa'"),
    ({"param_grid": {"alpha": [1, -1]}}, ValueError, "The 'alpha' parameter"),
    ({"param_grid": {"alpha": 1}}, TypeError, "alpha"),
    ({"param_grid": {"alpha": []}}, ValueError, "alpha"),
    ({"param_grid": 3}, TypeError, "grid"),
    ({"param_grid": {1: [2]}}, TypeError, "names of parameters .* strings"),
    ({"param_grid": {"activation": [["relu"] * 2]}}, ValueError, "activation"),
    ({"param_grid": {"solver": ["lbfgs"], "dropout": [0.1]}}, ValueError, "dropout=0"),
    (
        {"param_grid": {"label_smoothing": [0, 0.1]}, "scoring": "loss"},
        ValueError,
        "cannot compare settings that differ",
    ),
    ({"param_grid": []}, ValueError, "param_grid is empty"),
    ({"param_grid": {"solver": ["rprop"], "batch_size": [9]}}, ValueError, "rprop"),
    (
        {
            "estimator": make_pipeline(StandardScaler(), Untouched()),
            "param_grid": {"untouched__dropout": [0.0, [0.1, 0.1]]},
        },
        ValueError,
        "dropout must be a single value, or a list with one for each of the 1",
    ),
    ({"cv": []}, ValueError, "cv has no folds"),
    ({"cv": [(range(50), [])]}, ValueError, "The test part of fold 0 of cv is empty"),
    (
        {"cv": KFold(3), "sample_weight": np.arange(60) < 40},
        ValueError,
        "All sample weights in the test part of fold 2",
    ),
    ({"estimator": LogisticRegression()}, TypeError, "must be a BackpropClassifier"),
    ({"estimator": None}, TypeError, "must be a BackpropClassifier"),
    ({"cv": 61}, ValueError, "number of splits n_splits=61 greater than"),
    ({"scoring": failing_scorer}, ValueError, "fails for this estimator .* KeyError"),
    ({"scoring": "r3"}, ValueError, "scoring"),
    (
        {
            "scoring": lambda model, X, y: 1 // int((y == 2).sum()),
            "cv": [
                (range(60), part) for part in np.split(np.flatnonzero(Y_BLOBS < 2), 2)
            ],
        },
        ValueError,
        "fails for this estimator .* ZeroDivisionError",
    ),
    ({"halving_factor": "3"}, ValueError, "halving_factor must be a number >= 2"),
    ({"halving_factor": 1}, ValueError, "halving_factor must be a number >= 2"),
    ({"sample_weight": np.zeros(60)}, ValueError, "weight"),
    ({"y": Y_BLOBS[:-1]}, ValueError, "inconsistent numbers of samples"),
    ({"cv": GroupKFold(2)}, ValueError, "groups"),
    (
        {"estimator": BackpropRegressor(), "cv": KFold(60)},
        ValueError,
        "coefficient of determination is undefined",
    ),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG)
def test_wrong_arguments_are_found_before_training(change, error, message):
    arguments = {
        "estimator": Untouched(),
        "X": X_BLOBS,
        "y": Y_BLOBS,
        "param_grid": {"alpha": [0.1, 1]},
        **change,
    }
    with pytest.raises(error, match=message):
        overfitting_study(**arguments)


def test_wrong_questions(iris):
    study = overfitting_study(network(), *iris, {"alpha": [1]}, cv=FOLDS)
    for ask in (study.select, study.by):
        with pytest.raises(ValueError, match="rule must be one of"):
            ask("median")
    with pytest.raises(ValueError, match="Epochs count from 1"):
        study.cv_results(epoch=0)


# ---- corner cases --------------------------------------------------------------------


def test_ctrl_c_ends_the_whole_study(iris, monkeypatch):
    def press(self, *record):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn_bp.training._history.History.record", press)
    for solver in ("adam", "lbfgs"):
        with pytest.raises(KeyboardInterrupt):
            overfitting_study(network(solver=solver), *iris, {"alpha": [1]}, cv=FOLDS)


def test_lbfgs_that_begins_at_its_minimum(iris):
    grid = {"tol": [1e-4, 1e9], "solver": ["lbfgs"]}
    study = overfitting_study(network(), *iris, grid, cv=FOLDS)
    assert [len(curve.test_losses) for curve in study.curves] == [8, 1]
    model = network(solver="lbfgs", tol=1e9)
    for fold, (train, test) in enumerate(FOLDS.split(*iris)):
        model.fit(iris[0][train], iris[1][train])
        score = model.score(iris[0][test], iris[1][test])
        assert study.curves[1].test_scores[0, fold] == score


@one_engine
@pytest.mark.usefixtures("fresh_workers")
def test_a_backend_that_returns_all_results_at_once(iris):
    expected = overfitting_study(network(), *iris, GRID, cv=FOLDS)
    with parallel_config(backend="multiprocessing"):
        study = overfitting_study(network(), *iris, GRID, cv=FOLDS, n_jobs=2)
    assert_same_bits(study, expected)


@one_engine
@pytest.mark.usefixtures("fresh_workers")
def test_what_cannot_be_pickled_is_no_lost_worker(iris):
    lock = threading.Lock()

    def scorer(model, X, y):
        with lock:
            return model.score(X, y)

    with (
        parallel_config(backend="loky"),
        pytest.raises(Exception, match=r"[Pp]ickle"),
    ):
        overfitting_study(network(), *iris, GRID, cv=FOLDS, n_jobs=2, scoring=scorer)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_sparse_indicators(in_pipeline, iris):
    X, y = iris
    labels = np.column_stack([y == "a", y != "b"]).astype(int)
    model = network()
    if in_pipeline:
        model = make_pipeline(StandardScaler(), model)
    settings = {"cv": KFold(3, shuffle=True, random_state=0)}
    curve = epoch_curve(model, X, sp.csr_array(labels), **settings)
    expected = epoch_curve(model, X, labels, **settings)
    np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


@pytest.mark.parametrize("dtype", ["float32", "float64", None])
def test_the_computing_type_is_a_matter_of_each_setting(dtype, iris):
    """Features are far from 0, so that rounding them first would show."""
    X, y = iris[0] + 1000, iris[1]
    grid = {"dtype": ["float64", None, "float32"]}
    study = overfitting_study(
        network(dtype=dtype), X, y, grid, cv=FOLDS, scoring="neg_log_loss"
    )
    search = GridSearchCV(network(), grid, cv=FOLDS, scoring="neg_log_loss").fit(X, y)
    np.testing.assert_allclose(
        study.cv_results(epoch=8)["mean_test_score"],
        search.cv_results_["mean_test_score"],
        rtol=1e-6,  # scikit-learn rounds the mean of float32 to float32
    )


def test_an_infinite_loss_is_never_the_best_and_breaks_nothing():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 1))
    X[40:] *= 1e4
    y = rng.poisson(2, size=60)
    model = BackpropRegressor("poisson", (4,), max_iter=5, random_state=0)
    folds = [(range(20), range(20, 40)), (range(20), range(40, 60))]
    study = overfitting_study(model, X, y, {"alpha": [1, 2]}, cv=folds, scoring="loss")
    assert np.isinf(study.curves[0].test_losses).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study.by("one_standard_error").best_epoch_ == study.best_epoch_
        assert study.summary()
        assert len(study.to_frame()) == len(study.cv_results_["params"])


def test_an_undefined_epoch_is_never_the_best_even_beside_infinite_scores(iris):
    def scorer(model, X, y):
        return np.nan if model.n_iter_ == 1 else -np.inf

    with pytest.warns(UndefinedMetricWarning):
        study = overfitting_study(
            network(), *iris, {"alpha": [1]}, cv=FOLDS, scoring=scorer
        )
    assert study.best_epoch_ == 2


def test_a_grid_that_brings_the_other_steps(iris):
    steps = [("scale", StandardScaler()), ("network", network())]
    grid = {"steps": [steps, steps[1:]]}
    study = overfitting_study(Pipeline(steps[1:]), *iris, grid, cv=FOLDS)
    for part, curve in zip((steps, steps[1:]), study.curves, strict=True):
        expected = epoch_curve(Pipeline(part), *iris, cv=FOLDS)
        np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


def test_losses_of_one_kind_can_be_compared(iris):
    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(max_iter=2, random_state=0)
    grid = {"loss": ["squared_error"], "alpha": [1, 2]}
    overfitting_study(model, X, y, grid, cv=3, scoring="loss")
    networks = [BackpropRegressor(loss) for loss in ("squared_error", "huber")]
    pipeline = Pipeline([("scale", StandardScaler()), ("network", model)])
    with pytest.raises(ValueError, match="cannot compare settings that differ"):
        overfitting_study(pipeline, X, y, {"network": networks}, cv=3, scoring="loss")


def test_nothing_is_drawn_without_need_and_grids_stay_as_they_are(iris):
    before = check_random_state(None).get_state()[2]
    epoch_curve(network(), *iris, cv=FOLDS)
    assert check_random_state(None).get_state()[2] == before
    pipeline = Pipeline([("scale", StandardScaler()), ("network", network())])
    grid = {"network": [network(random_state=None, max_iter=2)]}
    study = overfitting_study(pipeline, *iris, grid, cv=FOLDS)
    assert study.params[0]["network"].random_state is None


def test_a_grid_over_steps_stays_as_it_is(iris):
    steps = [[("network", network(random_state=None, alpha=a))] for a in (0.1, 10)]
    study = overfitting_study(
        Pipeline([("network", network())]), *iris, {"steps": steps}, cv=FOLDS
    )
    for params in study.cv_results_["params"]:
        ((_, unfitted),) = params["steps"]
        assert unfitted.random_state is None
        assert not hasattr(unfitted, "classes_")


def test_settings_without_a_seed_share_one(iris):
    network = BackpropClassifier(hidden_layer_sizes=(4,), max_iter=3)
    study = overfitting_study(network, *iris, {"alpha": [0.1, 0.1]}, cv=3)
    np.testing.assert_array_equal(
        study.curves[0].test_losses, study.curves[1].test_losses
    )
