"""Packages beside scikit-learn. Imports stand where they are tried: what is not
installed is not tried."""

import tempfile

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifierCV,
    BackpropEnsembleClassifier,
    overfitting_study,
    trusted_types,
)
from sklearn_bp.preprocessing import PiecewiseLinearEncoder, TableEncoder

from ._data import X, X_numbers, classifier, good, mixed_table, numbers, regressor, y
from ._trial import trial


def equal(ours, theirs, tolerance=0.0):
    np.testing.assert_allclose(ours, theirs, atol=tolerance, rtol=tolerance)


# ---- samplers, features, tables ------------------------------------------------------


@trial("imbalanced-learn", "`SMOTE` in its pipeline, and a study of that")
def _():
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline

    rows = np.r_[0:60, 100:150]
    model = make_pipeline(SMOTE(random_state=0), classifier())
    study = overfitting_study(
        model, X[rows], y[rows], {"backpropclassifier__alpha": [0.1, 1]}, cv=3
    )
    return good(study.best_score_)


@trial("imbalanced-learn", "`BalancedBaggingClassifier`, `EasyEnsembleClassifier`")
def _():
    from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier

    bagging = BalancedBaggingClassifier(classifier(), n_estimators=3, random_state=0)
    good(bagging.fit(X, y).score(X, y))
    easy = EasyEnsembleClassifier(3, estimator=classifier(), random_state=0)
    return good(easy.fit(X, y).score(X, y))


@trial("feature-engine", "imputer and encoder before a network")
def _():
    from feature_engine.encoding import OneHotEncoder
    from feature_engine.imputation import MeanMedianImputer

    table, y = mixed_table()
    steps = MeanMedianImputer(), OneHotEncoder(), StandardScaler()
    model = make_pipeline(*steps, classifier())
    return good(model.fit(table, y).score(table, y))


@trial("feature-engine", "`SelectByShuffling`, `RecursiveFeatureElimination`")
def _():
    from feature_engine.selection import RecursiveFeatureElimination, SelectByShuffling

    table, y = mixed_table()
    table = table[["sepal", "petal", "breadth"]]
    SelectByShuffling(classifier(), cv=2, scoring="accuracy").fit(table, y)
    elimination = RecursiveFeatureElimination(classifier(), "accuracy", cv=2)
    elimination.fit(table, y)


@trial("skrub", "`TableVectorizer`, and `tabular_pipeline`")
def _():
    from skrub import TableVectorizer, tabular_pipeline

    table, y = mixed_table()
    steps = TableVectorizer(), PiecewiseLinearEncoder(n_bins=4)
    good(make_pipeline(*steps, classifier()).fit(table, y).score(table, y))
    return good(tabular_pipeline(classifier()).fit(table, y).score(table, y))


@trial("polars", "data frames in, data frames out")
def _():
    import polars as pl

    table, y = mixed_table()
    frame = pl.from_pandas(table)
    encoder = TableEncoder().set_output(transform="polars")
    assert isinstance(encoder.fit_transform(frame), pl.DataFrame)
    ensemble = BackpropEnsembleClassifier(classifier(), cv=3, random_state=0)
    good(ensemble.fit(frame, y).score(frame, y))
    model = classifier().fit(pl.DataFrame(X, schema=list("abcd")), pl.Series(y))
    equal(model.feature_names_in_ == np.array(list("abcd")), True)
    return good(model.score(pl.DataFrame(X, schema=list("abcd")), y))


@trial("pyarrow", "tables, and columns of pandas that lie in Arrow")
def _():
    import pyarrow as pa

    table, y = mixed_table()
    arrow = table.convert_dtypes(dtype_backend="pyarrow")
    equal(TableEncoder().fit_transform(arrow), TableEncoder().fit_transform(table))
    numbers = table[["sepal", "petal", "breadth"]]
    good(
        classifier()
        .fit(numbers.convert_dtypes(dtype_backend="pyarrow"), y)
        .score(numbers, y)
    )
    try:
        classifier().fit(pa.Table.from_pandas(numbers), y)
    except (TypeError, ValueError):
        return "convert a `pyarrow.Table` by `to_pandas()`"
    return ""


# ---- choosing ------------------------------------------------------------------------


@trial("optuna", "a search whose trials are cut short epoch by epoch")
def _():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    train, test = train_test_split(np.arange(len(y)), random_state=0, stratify=y)

    def objective(trial):
        alpha = trial.suggest_float("alpha", 1e-4, 10, log=True)
        model = classifier(alpha=alpha, learning_rate_init=0.05)
        for epoch in range(20):
            model.partial_fit(X[train], y[train], classes=[0, 1, 2])
            trial.report(score := model.score(X[test], y[test]), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    sampler, pruner = optuna.samplers.TPESampler(seed=0), optuna.pruners.MedianPruner(3)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=10)
    return good(study.best_value, 0.7)


@trial("scikit-optimize", "`BayesSearchCV`")
def _():
    from skopt import BayesSearchCV
    from skopt.space import Real

    space = {"alpha": Real(1e-3, 10, prior="log-uniform")}
    search = BayesSearchCV(classifier(), space, n_iter=4, cv=2, random_state=0)
    return good(search.fit(X, y).best_score_)


# ---- what is said of a model ---------------------------------------------------------


@trial("mapie", "conformal intervals, split and by folds, and sets")
def _():
    from mapie.classification import SplitConformalClassifier
    from mapie.regression import CrossConformalRegressor, SplitConformalRegressor

    half = len(X_numbers) // 2
    split = SplitConformalRegressor(
        regressor().fit(X_numbers[:half], numbers[:half]),
        confidence_level=0.9,
        prefit=True,
    ).conformalize(X_numbers[half:], numbers[half:])
    _, intervals = split.predict_interval(X_numbers)
    assert intervals.shape == (len(X_numbers), 2, 1)
    CrossConformalRegressor(regressor(), confidence_level=0.9, cv=3).fit_conformalize(
        X_numbers, numbers
    ).predict_interval(X_numbers)
    sets = SplitConformalClassifier(
        classifier().fit(X[::2], y[::2]), confidence_level=0.9, prefit=True
    ).conformalize(X[1::2], y[1::2])
    _, members = sets.predict_set(X)
    return good(members[np.arange(len(y)), y, 0].mean())


@trial("shap", "`KernelExplainer` against integrated gradients")
def _():
    import shap

    model = regressor(alpha=1.0, activation="tanh", max_iter=200)
    model.fit(X_numbers, numbers)
    baseline, samples = X_numbers.mean(axis=0), X_numbers[:10]
    explainer = shap.KernelExplainer(model.predict, baseline[np.newaxis])
    values = explainer.shap_values(samples, silent=True)
    along = (np.arange(50) + 0.5)[:, np.newaxis, np.newaxis] / 50
    points = baseline + along * (samples - baseline)
    gradients = model.input_gradients(points.reshape(-1, X_numbers.shape[1]))
    means = gradients.reshape(points.shape).mean(axis=0)
    correlation = np.corrcoef(values.ravel(), (means * (samples - baseline)).ravel())
    good(correlation[0, 1], 0.98)
    return f"correlation {correlation[0, 1]:.3f}"


@trial("shap", "`Explainer` of `predict_proba`")
def _():
    import shap

    model = classifier().fit(X, y)
    values = shap.Explainer(model.predict_proba, X[:20])(X[:5])
    totals = values.values.sum(axis=1) + values.base_values
    equal(totals, model.predict_proba(X[:5]), 1e-6)


# ---- saving --------------------------------------------------------------------------

#: What skops does not trust in a grid search.
OF_SCIKIT_LEARN = {
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.StratifiedKFold",
}


@trial("skops", "`skops.io` with `trusted=trusted_types()`, and a model card")
def _():
    import skops.card
    import skops.io

    for model in (
        make_pipeline(StandardScaler(), classifier()),
        GridSearchCV(classifier(), {"alpha": [0.1, 1]}, cv=2),
        BackpropClassifierCV(alphas=[1], hidden_layer_sizes=[(5,)], cv=2),
        BackpropEnsembleClassifier(classifier(), cv=2),
    ):
        file = skops.io.dumps(model.fit(X, y))
        others = set(skops.io.get_untrusted_types(data=file)) - set(trusted_types())
        assert others <= OF_SCIKIT_LEARN
        again = skops.io.loads(file, trusted=[*trusted_types(), *others])
        equal(again.predict_proba(X), model.predict_proba(X))
    skops.card.Card(model).render()
    return "a `GridSearchCV` also needs scikit-learn's own scorer and splitter"


@trial("mlflow", "`log_model` and `load_model`, and `history_` epoch by epoch")
def _():
    import mlflow
    import mlflow.sklearn

    model = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
        experiment = mlflow.create_experiment("tools", f"file://{folder}/models")
        with mlflow.start_run(experiment_id=experiment) as run:
            info = mlflow.sklearn.log_model(
                model, name="network", skops_trusted_types=trusted_types()
            )
            columns = model[-1].history_
            for epoch, values in enumerate(zip(*columns.values(), strict=True), 1):
                mlflow.log_metrics(dict(zip(columns, values, strict=True)), step=epoch)
        again = mlflow.sklearn.load_model(info.model_uri)
        equal(again.predict_proba(X), model.predict_proba(X))
        client = mlflow.MlflowClient()
        logged = client.get_metric_history(run.info.run_id, "loss")
        equal([metric.value for metric in logged], columns["loss"])
    return "pass `skops_trusted_types=trusted_types()`"


@trial("mlflow", "`mlflow.sklearn.autolog` of a grid search")
def _():
    import mlflow
    import mlflow.sklearn

    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
        experiment = mlflow.create_experiment("tools", f"file://{folder}/models")
        mlflow.sklearn.autolog(log_models=False, silent=True)
        with mlflow.start_run(experiment_id=experiment) as run:
            GridSearchCV(classifier(), {"alpha": [0.1, 1]}, cv=2).fit(X, y)
        metrics = mlflow.get_run(run.info.run_id).data.metrics
        mlflow.sklearn.autolog(disable=True)
    return good(metrics["best_cv_score"])


@trial("skl2onnx", "a scaler and a network, in onnxruntime")
def _():
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType

    from sklearn_bp.onnx import register

    register()
    model = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    exported = to_onnx(
        model,
        initial_types=[("X", DoubleTensorType([None, X.shape[1]]))],
        options={"zipmap": False},
    )
    session = onnxruntime.InferenceSession(exported.SerializeToString())
    _, probabilities = session.run(None, {"X": X})
    equal(probabilities, model.predict_proba(X), 1e-5)
    return f"largest difference {abs(probabilities - model.predict_proba(X)).max():.0e}"


# ---- where it runs -------------------------------------------------------------------


@trial("dask", "a study on the workers of a local cluster")
def _():
    import joblib
    from distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        assert client
        with joblib.parallel_config(backend="dask"):
            study = overfitting_study(
                classifier(max_iter=20), X, y, {"alpha": [0.1, 1]}, cv=3, n_jobs=2
            )
            search = GridSearchCV(classifier(), {"alpha": [0.1, 1]}, cv=2, n_jobs=2)
            good(search.fit(X, y).best_score_)
    return good(study.best_score_, 0.8)


@trial("dask-ml", "`Incremental` by `partial_fit`, and `ParallelPostFit`")
def _():
    import dask.array as da
    from dask_ml.wrappers import Incremental, ParallelPostFit

    X_parts, y_parts = (da.from_array(array, chunks=50) for array in (X, y))
    model = Incremental(classifier(), shuffle_blocks=True, random_state=0)
    for _ in range(30):
        model.partial_fit(X_parts, y_parts, classes=[0, 1, 2])
    good((model.predict(X_parts).compute() == y).mean(), 0.7)
    after = ParallelPostFit(classifier()).fit(X, y)
    return good((after.predict(X_parts).compute() == y).mean())


@trial("ray", "joblib's backend, and remote fits")
def _():
    import joblib
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        with joblib.parallel_config(backend="ray"):
            scores = cross_val_score(classifier(), X, y, cv=2, n_jobs=2)
        fit = ray.remote(lambda model, X, y: model.fit(X, y))
        model = ray.get(fit.remote(classifier(), X, y))
        equal(model.predict_proba(X), clone(model).fit(X, y).predict_proba(X))
    finally:
        ray.shutdown()
    return good(scores.mean())


# ---- arrays of other libraries -------------------------------------------------------


def try_arrays(asarray):
    from sklearn import config_context

    data = asarray(X), asarray(y)
    with config_context(array_api_dispatch=True):
        model = classifier().fit(*data)
        probabilities = model.predict_proba(data[0])
        assert isinstance(probabilities, type(data[0]))
        return good(float(model.score(*data)))


@trial("torch", "tensors in and out, with `array_api_dispatch=True`")
def _():
    import torch

    return try_arrays(torch.asarray)


@trial("array-api-strict", "arrays in and out, with `array_api_dispatch=True`")
def _():
    import array_api_strict

    return try_arrays(array_api_strict.asarray)
