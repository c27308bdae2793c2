"""Networks of folds that are kept and averaged, against networks trained by hand."""

import copy
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import clone
from sklearn.exceptions import (
    ConvergenceWarning,
    FitFailedWarning,
    NotFittedError,
    UndefinedMetricWarning,
)
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, ShuffleSplit
from sklearn.preprocessing import StandardScaler
from sweeps import each_pair, one_engine

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
)
from sklearn_bp.model_selection import _trainings

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
RNG = np.random.RandomState(0)
Z = StandardScaler().fit_transform(RNG.normal(size=(90, 4)))
X = Z * [1, 1e-3, 1e3, 2] + [0, 1, 1e4, 3]
S = Z[:, 0] + Z[:, 1] * Z[:, 2] + 0.7 * RNG.normal(size=90)
LABELS = np.array(["a", "b", "c"])[(S > 0).astype(int) + (S > 1)]
TARGETS = {
    "classes": LABELS,
    "two classes": LABELS == "a",
    "labels": np.column_stack([S > 0, Z[:, 3] > 1]).astype(int),
    "a number": 1e3 * S + 1e5,
    "numbers": np.column_stack([1e3 * S + 1e5, 1e-3 * Z[:, 0]]),
}
WEIGHT = RNG.randint(1, 4, size=90).astype(float)
FOLDS = KFold(3, shuffle=True, random_state=0)
OTHERS = {"learning_rate_init": 0.02, "n_iter_no_change": np.inf, "random_state": 0}
SMALL = {
    "alphas": [0.001, 3],
    "hidden_layer_sizes": [(6,), (20,)],
    "max_iter": 25,
    "cv": FOLDS,
    "keep": "folds",
}


def estimators(kind):
    """The network and the CV estimator for targets of some kind."""
    if "number" in kind:
        return BackpropRegressor, BackpropRegressorCV
    return BackpropClassifier, BackpropClassifierCV


def model_for(kind, network=None, **settings):
    plain, chooser = estimators(kind)
    return chooser(plain(**{**OTHERS, **(network or {})}), **{**SMALL, **settings})


def best_epochs(model):
    """For each fold the epoch of the largest score on its test part."""
    curve = model.study_.curves[model.study_.best_index_]
    return [
        int(np.nanargmax(curve.test_scores[:n_epochs, fold])) + 1
        for fold, n_epochs in enumerate(curve.n_epochs)
    ]


def by_hand(model, X, y, train, epoch, sample_weight=None, **network):
    """A network trained by itself on rows of scaled data, and a function from new data
    to what it says, in the user's units."""
    is_regression = isinstance(model, BackpropRegressorCV)
    plain = BackpropRegressor if is_regression else BackpropClassifier
    estimator = plain(**{**OTHERS, **network, **model.best_params_}, max_iter=epoch)
    weight = None if sample_weight is None else sample_weight[train]
    scaler, center, spread = None, 0.0, 1.0
    if model.scale:
        scaler = StandardScaler(with_mean=not sp.issparse(X))
        scaler.fit(X[train], sample_weight=weight)
        if is_regression:
            of_targets = StandardScaler().fit(y[train].reshape(len(train), -1), weight)
            center, spread = of_targets.mean_, of_targets.scale_
    if is_regression:
        y = ((y.reshape(len(y), -1) - center) / spread).reshape(y.shape)

    def scaled(X):
        return X if scaler is None else scaler.transform(X)

    estimator.fit(scaled(X[train]), y[train], weight)

    def respond(X):
        if not is_regression:
            return estimator.predict_proba(scaled(X))
        predicted = estimator.predict(scaled(X)).reshape(X.shape[0], -1)
        return (predicted * spread + center).reshape(-1, *y.shape[1:])

    return estimator, respond


def assert_made_by_hand(model, X, y, sample_weight=None, folds=FOLDS, **network):
    """The networks are those of fits of their own, and the answers their mean."""
    assert model.fold_epochs_.tolist() == best_epochs(model)
    splits = list(folds.split(X))
    assert len(model.networks_) == len(splits)
    answers = []
    for fitted, (train, _), epoch in zip(
        model.networks_, splits, model.fold_epochs_, strict=True
    ):
        expected, respond = by_hand(
            model, X, y, train, int(epoch), sample_weight, **network
        )
        for ours, theirs in zip(fitted.coefs, expected.coefs_, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)
        answers.append(respond(X))
    mean = np.mean(answers, axis=0)
    if isinstance(model, BackpropRegressorCV):
        np.testing.assert_allclose(model.predict(X), mean, rtol=1e-6)
        assert model.score(X, y) == pytest.approx(r2_score(y, model.predict(X)))
        return
    np.testing.assert_allclose(model.predict_proba(X), mean, atol=1e-7)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(mean), rtol=1e-5)
    if y.ndim == 2:
        expected = (mean > 0.5).astype(int)
    else:
        expected = model.classes_[mean.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.score(X, y) == pytest.approx(accuracy_score(y, expected))


def assert_same(model, expected):
    """The same bits."""
    assert model.study_ == expected.study_
    np.testing.assert_array_equal(model.fold_epochs_, expected.fold_epochs_)
    for ours, theirs in zip(model.networks_, expected.networks_, strict=True):
        np.testing.assert_array_equal(ours.theta, theirs.theta)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


# ---- what is kept, and what comes of it ----------------------------------------------


@each_pair(
    kind=TARGETS,
    scale=[True, False],
    weighted=[False, True],
    form=["array", "sparse"],
)
def test_networks_are_those_of_fits_on_the_folds(kind, scale, weighted, form):
    data = X if scale else Z
    data = sp.csr_matrix(data) if form == "sparse" else data
    y = TARGETS[kind]
    if not scale and "number" in kind:
        y = (y - y.mean(axis=0)) / y.std(axis=0)
    weight = WEIGHT if weighted else None
    model = model_for(kind, scale=scale).fit(data, y, weight)
    assert_made_by_hand(model, data, y, weight)
    assert model.n_features_in_ == 4
    assert model.n_iter_.tolist() == [25, 25, 25]


@one_engine
def test_they_are_of_epochs_of_their_own():
    model = model_for("classes", max_iter=60).fit(X, LABELS)
    assert len({*model.fold_epochs_}) > 1
    assert (model.fold_epochs_ != model.best_epoch_).any()


@one_engine
def test_the_choice_is_that_of_a_search_which_trains_once_more():
    model = model_for("classes").fit(X, LABELS)
    expected = clone(model).set_params(keep=None).fit(X, LABELS)
    assert model.study_ == expected.study_
    for name in ("best_params_", "best_epoch_", "best_score_"):
        assert getattr(model, name) == getattr(expected, name)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(model, name) == getattr(expected, name)
    np.testing.assert_array_equal(model.classes_, expected.classes_)
    assert {*model.cv_results_} == {*expected.cv_results_}


def test_decisions_are_the_logarithms_that_give_the_mean_probability():
    for kind in ("classes", "two classes", "labels"):
        y = TARGETS[kind]
        model = model_for(kind).fit(X, y)
        probabilities, raw = model.predict_proba(X), model.decision_function(X)
        if kind == "two classes":
            probabilities = probabilities[:, 1]
        odds = probabilities / (1 - probabilities)
        np.testing.assert_allclose(
            raw, np.log(probabilities if kind == "classes" else odds), rtol=1e-9
        )


@one_engine
@pytest.mark.parametrize(
    "network",
    [
        {"solver": "lbfgs", "alpha": 0.1},
        {"solver": "sgd", "momentum": 0.5, "batch_size": 16},
        {"n_iter_no_change": 3, "tol": 0.02},
        {"learning_rate": np.sqrt, "dropout": 0.2},
        {"class_weight": "balanced"},
        {"dtype": "float64", "activation": ("tanh",)},
    ],
    ids=str,
)
def test_networks_of_many_kinds(network):
    model = model_for("two classes", network, alphas=[0.1]).fit(X, LABELS == "a")
    assert_made_by_hand(model, X, LABELS == "a", **network)


@one_engine
def test_with_early_stopping_it_is_what_that_would_keep():
    network = {"early_stopping": True, "n_iter_no_change": 4, "validation_fraction": 3}
    network["validation_fraction"] = 0.3
    model = model_for("classes", network, alphas=[0.1], max_iter=60).fit(X, LABELS)
    assert (model.n_iter_ < 60).any()
    assert_made_by_hand(model, X, LABELS, **network)


@one_engine
@pytest.mark.parametrize("loss", ["absolute_error", "poisson", "gamma"])
def test_losses_of_numbers(loss):
    y = np.exp(S)
    model = BackpropRegressorCV(BackpropRegressor(loss, **OTHERS), **SMALL).fit(X, y)
    answers = []
    for (train, _), epoch in zip(FOLDS.split(X), model.fold_epochs_, strict=True):
        scaler = StandardScaler().fit(X[train])
        center, spread = y[train].mean(), y[train].std()
        if loss != "absolute_error":
            center, spread = 0.0, center
        network = BackpropRegressor(
            loss, **{**OTHERS, **model.best_params_}, max_iter=int(epoch)
        )
        network.fit(scaler.transform(X[train]), (y[train] - center) / spread)
        answers.append(network.predict(scaler.transform(X)) * spread + center)
    np.testing.assert_allclose(model.predict(X), np.mean(answers, axis=0), rtol=1e-6)


@one_engine
@pytest.mark.parametrize(
    "folds",
    [
        ShuffleSplit(1, test_size=0.3, random_state=0),
        RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    ],
    ids=str,
)
def test_other_folds(folds):
    model = model_for("a number", cv=folds).fit(X, S)
    assert_made_by_hand(model, X, S, folds=folds)


@one_engine
def test_groups():
    groups = np.arange(90) % 9
    model = model_for("classes", cv=GroupKFold(3)).fit(X, LABELS, groups=groups)
    given = [*GroupKFold(3).split(X, LABELS, groups)]
    assert_same(model, clone(model).set_params(cv=given).fit(X, LABELS))


@one_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_answers_are_precise_whatever_the_data_are(dtype):
    model = model_for("classes").fit(X.astype(dtype), LABELS)
    assert {network.dtype for network in model.networks_} == {np.dtype(dtype)}
    assert model.predict_proba(X.astype(dtype)).dtype == np.float64
    assert model.predict(X.astype(dtype)).dtype == LABELS.dtype


# ---- which epoch and which setting ---------------------------------------------------


def few_distinct(model, X, y):
    """A score with many ties."""
    return np.round(model.score(X, y), 1)


@one_engine
@pytest.mark.parametrize("score_epochs", [None, 5, [3, 8, 21]])
def test_the_first_of_equal_scores_is_kept(score_epochs):
    model = model_for("classes", scoring=few_distinct, score_epochs=score_epochs)
    model.fit(X, LABELS)
    curve = model.study_.curves[model.study_.best_index_]
    n_best = (curve.test_scores == np.nanmax(curve.test_scores, axis=0)).sum(axis=0)
    assert (n_best > 1).any() or score_epochs is not None
    assert_made_by_hand(model, X, LABELS)
    if score_epochs == [3, 8, 21]:
        assert {*model.fold_epochs_} <= {3, 8, 21, 25}


@one_engine
def test_several_metrics():
    metrics = {"loss": "loss", "accuracy": None}
    models = {
        name: model_for("classes", scoring=metrics, refit=name).fit(X, LABELS)
        for name in metrics
    }
    for name, model in models.items():
        single = clone(model).set_params(scoring=metrics[name], refit=None)
        np.testing.assert_array_equal(
            single.fit(X, LABELS).fold_epochs_, model.fold_epochs_
        )
        assert_made_by_hand(model, X, LABELS)
    assert (models["loss"].fold_epochs_ != models["accuracy"].fold_epochs_).any()


@one_engine
def test_one_standard_error_chooses_the_setting_alone():
    model = model_for(
        "classes",
        alphas=[0.001],
        hidden_layer_sizes=[(4,), (30,)],
        max_iter=60,
        rule="one_standard_error",
    ).fit(X, LABELS)
    assert model.best_params_ != model.study_.select("best").params
    assert model.best_epoch_ != model.study_.best_epoch_of(model.study_.best_index_)
    assert_made_by_hand(model, X, LABELS)


@one_engine
def test_halving_keeps_what_the_last_round_has_trained():
    model = model_for(
        "classes", alphas=[1e-3, 0.1, 3, 100], halving_factor=2, max_iter=24
    ).fit(X, LABELS)
    lengths = model.cv_results_["n_epochs"]
    assert lengths.min() < lengths.max() == 24
    assert model.n_iter_.tolist() == [24] * 3
    assert_made_by_hand(model, X, LABELS)


def explodes_late(progress):
    return 1.0 if progress < 0.5 else 1e200


@one_engine
@pytest.mark.parametrize(
    ("network", "settings"),
    [
        ({"learning_rate_init": 0.1}, {"rule": "one_standard_error"}),  # the simplest
        ({"solver": "sgd", "learning_rate": explodes_late}, {}),  # the only one left
    ],
    ids=["simplest", "left"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_a_setting_that_was_given_up_may_be_chosen(network, settings):
    sizes = [(4,), (30,), (31,)]
    model = model_for(
        "classes",
        network,
        alphas=[0.01],
        hidden_layer_sizes=sizes,
        halving_factor=3,
        max_iter=30,
        **settings,
    )
    with np.errstate(all="ignore"):
        model.fit(X, LABELS)
    assert model.study_.best_index_ in model.study_.given_up
    assert model.n_iter_.tolist() == [10] * 3
    by_hand = {name: network[name] for name in network if name != "learning_rate"}
    assert_made_by_hand(model, X, LABELS, **by_hand)


@one_engine
def test_a_fold_without_a_score_is_kept_by_its_loss():
    y = np.zeros(90, dtype=int)
    y[:60] = LABELS[:60] == "a"
    model = model_for("two classes", cv=KFold(3), scoring="roc_auc")
    with pytest.warns(UndefinedMetricWarning, match=r"leave out fold\(s\) 2"):
        model.fit(X, y)
    curve = model.study_.curves[model.study_.best_index_]
    assert curve.left_out == (2,)
    by_score = np.argmax(curve.test_scores[:, :2], axis=0) + 1
    by_loss = np.argmin(curve.test_losses[:, 2]) + 1
    assert model.fold_epochs_.tolist() == [*by_score, by_loss]
    assert len(model.networks_) == 3
    assert np.isfinite(model.predict_proba(X)).all()


@one_engine
def test_a_setting_that_fails_is_not_kept():
    model = model_for("a number", {"solver": "sgd"}, alphas=[1e300, 0.1])
    with (
        np.errstate(all="ignore"),
        pytest.warns(FitFailedWarning, match="2 of 4 settings failed"),
    ):
        model.fit(X, S)
    assert model.best_params_["alpha"] == 0.1
    assert_made_by_hand(model, X, S, solver="sgd")


@one_engine
def test_a_class_that_is_missing_in_a_fold():
    y = LABELS.copy()
    y[:] = np.where(np.arange(90) < 3, "c", np.where(S > 0, "a", "b"))
    model = model_for("classes", cv=KFold(3))
    with pytest.warns(UserWarning, match="fold 0 without"):
        model.fit(X, y)
    assert model.predict_proba(X).shape == (90, 3)
    assert {network.layer_sizes[-1] for network in model.networks_} == {3}


@one_engine
def test_sparse_indicators_are_answered_in_kind():
    indicators = sp.csr_matrix(TARGETS["labels"])
    model = model_for("labels").fit(X, indicators)
    expected = model_for("labels").fit(X, TARGETS["labels"])
    for each in (model, pickle.loads(pickle.dumps(model))):
        assert sp.issparse(each.predict(X))
        np.testing.assert_array_equal(each.predict(X).toarray(), expected.predict(X))


# ---- the same bits -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_the_same_bits_in_threads_and_from_memory(kind, tmp_path):
    y = TARGETS[kind]
    model = model_for(kind, halving_factor=2).fit(X, y)
    assert_same(clone(model).set_params(n_jobs=2).fit(X, y), model)
    for _ in range(2):
        assert_same(clone(model).set_params(memory=tmp_path).fit(X, y), model)


@one_engine
@pytest.mark.usefixtures("fresh_workers")
def test_the_same_bits_from_processes():
    models = [model_for(kind) for kind in ("classes", "numbers")]
    targets = [TARGETS["classes"], TARGETS["numbers"]]
    with parallel_config(backend="loky"):
        for model, y in zip(models, targets, strict=True):
            model.set_params(n_jobs=2).fit(X, y)
    for model, y in zip(models, targets, strict=True):
        assert_same(model, clone(model).set_params(n_jobs=1).fit(X, y))


@pytest.fixture
def trained(monkeypatch):
    """The trainings that were run, as the numbers of their epochs."""
    train_fold, trained = _trainings.train_fold, []

    def noting(candidate, train, test, scoring, n_epochs, *others):
        trained.append(n_epochs)
        return train_fold(candidate, train, test, scoring, n_epochs, *others)

    monkeypatch.setattr(_trainings, "train_fold", noting)
    monkeypatch.setattr(_trainings, "OPERATIONS_OF_GROUP", 1)  # groups of one
    return trained


@one_engine
def test_memory_gives_back_networks_and_holds_plain_data(trained, tmp_path):
    settings = {"memory": tmp_path, "alphas": [0.1]}
    counts, models = [], []
    for keep in (None, "folds", "folds", None):
        trained.clear()
        models.append(model_for("classes", keep=keep, **settings).fit(X, LABELS))
        counts.append(len(trained))
    assert counts == [6, 6, 0, 0]
    assert_same(models[1], models[2])
    files = [*Path(tmp_path).rglob("output.pkl")]
    kept = [joblib.load(file)["kept"] for file in files]
    assert sum(each is not None for each in kept) == 6
    plain = (bool, int, float, str, type(None), np.ndarray, np.generic)
    for leaf in leaves(kept):
        assert isinstance(leaf, plain), leaf


def leaves(data):
    if isinstance(data, dict | list | tuple):
        for part in data.values() if isinstance(data, dict) else data:
            yield from leaves(part)
    else:
        yield data


@one_engine
def test_nothing_is_kept_unless_it_is_asked_for(monkeypatch):
    def refuse(*_):
        raise AssertionError("a network was kept")

    monkeypatch.setattr(
        "sklearn_bp.model_selection._base_cv.BestKeeper.__init__", refuse
    )
    monkeypatch.setattr(
        "sklearn_bp.model_selection._base_cv.CurveStore.__init__", refuse
    )
    model = model_for("classes", keep=None).fit(X, LABELS)
    assert model.best_estimator_.n_iter_ == model.n_iter_ == model.best_epoch_


# ---- the estimator -------------------------------------------------------------------


@one_engine
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "copy"])
@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_copies_hold_plain_data(kind, way):
    model = model_for(kind).fit(X, TARGETS[kind])
    copied = {
        "pickle": lambda: pickle.loads(pickle.dumps(model)),
        "deepcopy": lambda: copy.deepcopy(model),
        "copy": lambda: copy.copy(model),
    }[way]()
    assert_same(copied, model)
    state = model.__getstate__()["_averaged"]
    plain = (bool, int, float, str, type(None), np.ndarray, np.generic)
    assert all(isinstance(leaf, plain) for leaf in leaves(state))


@one_engine
def test_what_belongs_to_one_network_is_not_there():
    model = model_for("classes")
    assert not hasattr(model, "networks_")
    with pytest.raises(NotFittedError):
        model.predict(X)
    model.fit(X, LABELS)
    for name in (
        *("best_estimator_", "coefs_", "intercepts_", "network_", "history_"),
        *("loss_curve_", "loss_"),
    ):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match="Set keep=None to train one"):
            getattr(model, name)
    for name in ("loss_and_gradients", "input_gradients", "hidden_activations"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match=name) as caught:
            getattr(model, name)
        assert "Set keep=None to train one" in str(caught.value.__cause__)


@one_engine
def test_each_fit_leaves_only_what_it_has_made():
    model = model_for("classes").fit(X, LABELS)
    averaged = model.predict_proba(X)
    model.set_params(keep=None).fit(X, LABELS)
    with pytest.raises(AttributeError, match="With keep='folds', it keeps"):
        _ = model.networks_
    assert not hasattr(model, "fold_epochs_")
    assert len(model.coefs_) == 2
    assert model.input_gradients(X).shape == (90, 3, 4)
    model.set_params(keep="folds").fit(X, LABELS)
    assert not hasattr(model, "best_estimator_")
    np.testing.assert_array_equal(model.predict_proba(X), averaged)


@one_engine
def test_data_are_checked_as_for_one_network():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = model_for("classes").fit(frame, LABELS)
    assert model.feature_names_in_.tolist() == list("abcd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(frame)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("badc")])
    with pytest.raises(ValueError, match="BackpropClassifierCV is expecting 4"):
        model.predict_proba(X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        model.decision_function(np.full_like(X, np.nan))
    with pytest.raises(ValueError, match="too far from those"):
        model_for("classes").fit(X.astype(np.float32), LABELS).predict(X * 1e300)


@one_engine
@pytest.mark.parametrize("keep", ["fold", True, 0, ["folds"]], ids=str)
def test_other_values_are_refused(keep):
    with pytest.raises(ValueError, match="The 'keep' parameter"):
        model_for("classes", keep=keep, max_iter=10**9).fit(X, LABELS)


@one_engine
def test_verbose_and_no_further_training(capsys):
    model_for("classes", verbose=1).fit(X, LABELS)
    assert capsys.readouterr().out.count("at epoch") == 4 + 2  # two rounds


# ---- warnings ------------------------------------------------------------------------


def messages_of(model, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(X, y)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@one_engine
def test_a_last_epoch_that_is_the_best_is_warned_of():
    network = {"learning_rate_init": 1e-4}
    (message,) = messages_of(model_for("a number", network, alphas=[1e-3]), S)
    assert "in 3 of 3 folds, the last one" in message
    assert "max_iter=25" in message
    cosine = model_for("a number", {"learning_rate": "cosine"}, alphas=[1e-3])
    assert messages_of(cosine, S) == []
    assert messages_of(model_for("a number"), np.full(90, 7.0)) == []


@one_engine
def test_networks_that_are_of_no_use_are_warned_of():
    network = {"solver": "sgd", "learning_rate_init": 1e-9}
    model = model_for("a number", network, hidden_layer_sizes=[(50,)], max_iter=2)
    first, last = messages_of(model, S)
    assert first.startswith("In 3 of 3 folds: The training loss of the fitted network")
    assert "Lower learning_rate_init" in first
    assert "the last one" in last
