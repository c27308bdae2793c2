"""Ensembles of networks: what they train, stop, weigh and keep."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import (
    GroupKFold,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)
from small_ensembles import (
    CLASSES,
    FOLDS,
    SMALL,
    X_CLASSES,
    X,
    Y,
    classifier,
    regressor,
)

from sklearn_bp import (
    BackpropEnsembleClassifier,
    BackpropEnsembleRegressor,
    BackpropRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def same(one, other):
    np.testing.assert_array_equal(one.predict(X[:50]), other.predict(X[:50]))
    np.testing.assert_array_equal(one.oof_predictions_, other.oof_predictions_)
    np.testing.assert_array_equal(one.weights_, other.weights_)
    assert one.study_ == other.study_


# ---- training and stopping -----------------------------------------------------------


def test_each_network_is_kept_after_the_best_epoch_of_its_fold():
    model = regressor().fit(X, Y)
    encoded = model.encoder_.transform(X)
    (curve,) = model.study_.curves
    for fold, (train, test) in enumerate(FOLDS):
        (epoch,) = model.best_epochs_[:, fold]
        losses = curve.test_losses[:, fold]
        # until patience ends, which it may before that of the halves
        seen = losses[: epoch + SMALL["n_iter_no_change"]]
        assert epoch == np.argmin(seen) + 1
        error = Y[test] - model.networks_[fold].respond("predict", encoded[test])
        # in units of the training part's spread
        mean = np.mean((error / Y[train].std()) ** 2) / 2
        np.testing.assert_allclose(losses[epoch - 1], mean, rtol=1e-9)


def test_training_ends_when_patience_does():
    model = regressor(params={"max_iter": 300}).fit(X, Y)
    (curve,) = model.study_.curves
    patience = SMALL["n_iter_no_change"]
    for fold, n_epochs in enumerate(curve.n_epochs):
        assert n_epochs < 300
        losses = curve.test_losses[:n_epochs, fold]
        before, last = losses[: -patience - 1], losses[-patience - 1 :]
        assert last.min() > before.min() - model.estimator.tol


def test_the_target_of_a_sample_does_not_tell_what_is_predicted_for_it():
    model = regressor().fit(X, Y)
    sample = np.argmax(Y)  # stays the largest, so that halves stay the same
    changed = Y.copy()
    changed[sample] *= 3
    other = regressor().fit(X, changed)
    assert other.oof_predictions_[sample] == model.oof_predictions_[sample]
    assert (other.oof_predictions_ != model.oof_predictions_).mean() > 0.5


def test_out_of_fold_predictions_are_those_of_other_networks():
    """With a stopping rule that never acts, each fold is predicted by the network that
    was trained without it, after the best epoch of the other half."""
    model = regressor(params={"shuffle": False, "alpha": 10.0}).fit(X, Y)
    encoded = model.encoder_.transform(X)
    for fold, (_, test) in enumerate(FOLDS):
        own = model.networks_[fold].respond("predict", encoded[test])
        assert np.corrcoef(own, model.oof_predictions_[test])[0, 1] > 0.9
        others = model.networks_[(fold + 1) % 3].respond("predict", encoded[test])
        assert not np.allclose(others, model.oof_predictions_[test])


def test_half_of_the_networks_see_ramps():
    model = regressor(n_bins=3).fit(X, Y)
    assert [p["view"] for p in model.study_.params] == ["ramps", "values"]
    assert len(model.networks_) == 2 * len(FOLDS)
    assert len({network.layer_sizes for network in model.networks_}) == 1
    is_ramp = model.encoder_.is_ramp_
    for network, see_ramps in zip(model.networks_, 3 * [True, False], strict=True):
        assert (network.coefs[0][is_ramp] != 0).any() == see_ramps
        assert (network.coefs[0][~is_ramp] != 0).any()
    # What is predicted out of fold is what these networks predict.
    weights = model.setting_weights_
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.weights_, np.tile(weights, 3) / 3)


def test_columns_that_matter_are_scaled_up():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(1000, 20))
    y = np.sin(2 * data[:, 4]) + 0.1 * rng.normal(size=1000)
    params = {"hidden_layer_sizes": (30,), "max_iter": 200, "learning_rate_init": 0.01}
    plain, scaled = (
        regressor(cv=4, params=params, relevance_power=power).fit(data, y)
        for power in (0, 2)
    )
    new = rng.normal(size=(2000, 20))
    errors = [
        np.mean((model.predict(new) - np.sin(2 * new[:, 4])) ** 2)
        for model in (plain, scaled)
    ]
    assert errors[1] < 0.8 * errors[0]
    for network in scaled.networks_:
        sizes = np.abs(network.coefs[0]).mean(axis=1)
        assert sizes.argmax() == 4


def test_relevance_is_that_of_central_differences():
    """The root mean square of what the outputs change by, times the spread of the
    column."""
    from sklearn_bp.ensemble._relevance import Relevance
    from sklearn_bp.fitting import Training, check_samples

    network = BackpropRegressor(
        hidden_layer_sizes=(6,), activation="tanh", max_iter=5, random_state=0
    )
    weight = np.random.RandomState(0).uniform(size=442)
    targets, samples = check_samples(network, X * np.arange(1, 11), Y / 77, weight)
    rows = np.arange(0, 442, 2)
    training = Training(network, targets, samples, rows=rows, is_alone=False)
    training.prepare()
    training.run(5)
    columns = Relevance([samples.part(rows)], None, 5, None).result(training, 0.0).kept
    used, step = samples.X[rows], 1e-4
    expected = []
    for number in range(10):
        shift = step * np.eye(10)[number]
        high, low = (training.fitted.raw_outputs(used + s) for s in (shift, -shift))
        slopes = ((high - low) / (2 * step))[:, 0]
        spread = np.sqrt(np.cov(used[:, number], aweights=weight[rows], ddof=0))
        scale = np.sum(weight[rows]) / weight[rows].max()
        expected.append(
            np.sqrt(scale * np.average(slopes**2, weights=weight[rows])) * spread
        )
    np.testing.assert_allclose(columns.relevance, expected, rtol=1e-5)
    stretch = columns.stretch(0.5)
    np.testing.assert_allclose(
        np.sum((stretch * columns.spread) ** 2), np.sum(columns.spread**2)
    )
    np.testing.assert_allclose(
        stretch[0] / stretch[1],
        np.sqrt(columns.relevance[0] / columns.relevance[1]),
    )


def test_the_target_of_a_sample_has_no_say_in_its_columns():
    model = regressor(relevance_power=1, n_bins=3).fit(X, Y)
    sample = np.argmax(Y)
    changed = Y.copy()
    changed[sample] *= 3
    other = regressor(relevance_power=1, n_bins=3).fit(X, changed)
    fold = next(k for k, (_, test) in enumerate(FOLDS) if sample in test)
    for number in range(2 * fold, 2 * fold + 2):
        np.testing.assert_array_equal(
            model.study_.curves[number % 2].train_losses[:, fold][:5],
            other.study_.curves[number % 2].train_losses[:, fold][:5],
        )


def test_networks_begin_with_weights_of_their_own():
    model = regressor().fit(X, Y)
    first = [network.coefs[0] for network in model.networks_]
    assert not np.allclose(first[0], first[1])


def test_settings_are_weighed_and_those_without_weight_dropped():
    # So large a penalty leaves nothing but the mean.
    model = regressor(param_grid={"alpha": [1e6, 1e-4]}).fit(X, Y)
    assert model.setting_weights_[0] < 0.2
    assert model.setting_weights_.sum() == pytest.approx(1)
    # After one step of that size, nothing is of use.
    grid = {"learning_rate_init": [1e10, 0.02]}
    single = regressor(param_grid=grid).fit(X, Y)
    np.testing.assert_array_equal(single.setting_weights_, [0, 1])
    assert len(single.networks_) == len(FOLDS)
    np.testing.assert_allclose(single.weights_, 1 / 3)
    assert single.best_epochs_.shape == (1, 3)
    assert len(model.study_.params) == 2


def test_predictions_are_the_weighted_mean_of_the_networks():
    grid = {"activation": ["relu", "tanh"], "alpha": [1e-4, 1.0]}
    model = regressor(param_grid=grid).fit(X, Y)
    assert np.count_nonzero(model.setting_weights_) > 1
    encoded = model.encoder_.transform(X)
    of_each = [network.respond("predict", encoded) for network in model.networks_]
    expected = np.average(of_each, axis=0, weights=model.weights_)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-13)


def test_the_fit_of_a_copy_of_the_estimator_is_not_the_users():
    network = BackpropRegressor(**SMALL, early_stopping=True)
    before = network.get_params()
    BackpropEnsembleRegressor(network, cv=2, n_bins=2).fit(X, Y)
    assert network.get_params() == before
    assert not hasattr(network, "coefs_")


# ---- kinds of problems ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "text"])
def test_kinds_of_classes(problem, dtype):
    y = {
        "binary": (CLASSES == 0).astype(int),
        "multiclass": CLASSES,
        "multilabel": np.column_stack([CLASSES == 0, CLASSES < 2]).astype(int),
        "text": np.array(["setosa", "versicolor", "virginica"])[CLASSES],
    }[problem]
    model = classifier(params={"dtype": dtype}).fit(X_CLASSES, y)
    assert model.score(X_CLASSES, y) > 0.85
    assert model.oof_score_ > 0.85
    n_classes = 2 if problem in ("binary", "multilabel") else 3
    assert model.oof_predictions_.shape == (150, n_classes)
    probabilities = model.predict_proba(X_CLASSES)
    assert probabilities.shape == (150, n_classes)
    np.testing.assert_allclose(
        np.exp(model.predict_log_proba(X_CLASSES)), probabilities, rtol=1e-9
    )
    if problem == "multilabel":
        np.testing.assert_array_equal(model.predict(X_CLASSES), probabilities > 0.5)
        assert not hasattr(model, "predict_set")
    else:
        largest = model.classes_[probabilities.argmax(axis=1)]
        np.testing.assert_array_equal(model.predict(X_CLASSES), largest)


def test_several_targets():
    targets = np.column_stack([Y, -1000 * Y + X[:, 2]])
    model = regressor().fit(X, targets)
    assert model.predict(X).shape == model.oof_predictions_.shape == targets.shape
    assert model.oof_score_ > 0.3
    intervals = model.predict_interval(X)
    assert intervals.shape == (442, 2, 2)
    inside = (intervals[..., 0] <= targets) & (targets <= intervals[..., 1])
    assert (inside.mean(axis=0) > 0.85).all()


@pytest.mark.parametrize("loss", ["poisson", "huber", "absolute_error", "quantile"])
def test_other_losses(loss):
    params = {"loss": loss, "max_iter": 100}
    model = regressor(params=params).fit(X, Y)
    assert model.oof_score_ > 0.2
    assert (model.predict(X) > 0).all()


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "rprop"])
def test_other_solvers(solver):
    model = regressor(params={"solver": solver, "alpha": 1.0}).fit(X, Y)
    assert model.oof_score_ > 0.3
    (curve,) = model.study_.curves
    assert np.isfinite(curve.train_losses).all()


# ---- folds ---------------------------------------------------------------------------


def test_samples_in_no_fold_have_no_prediction():
    model = regressor(cv=TimeSeriesSplit(3)).fit(X, Y)
    is_covered = np.zeros(len(X), dtype=bool)
    for _, test in TimeSeriesSplit(3).split(X):
        is_covered[test] = True
    np.testing.assert_array_equal(np.isnan(model.oof_predictions_), ~is_covered)
    assert np.isfinite(model.oof_score_)


def test_samples_in_several_folds_have_the_mean():
    folds = [FOLDS[0], FOLDS[1], FOLDS[0]]
    model = regressor(cv=folds).fit(X, Y)
    single = regressor(cv=folds[:2]).fit(X, Y)
    in_two, in_one = FOLDS[0][1], FOLDS[1][1]
    assert np.isfinite(model.oof_predictions_[in_two]).all()
    assert not np.allclose(
        model.oof_predictions_[in_two], single.oof_predictions_[in_two]
    )
    assert np.isnan(model.oof_predictions_[FOLDS[2][1]]).all()
    assert len(model.networks_) == 3
    assert np.isfinite(model.oof_predictions_[in_one]).all()
    repeated = regressor(cv=RepeatedKFold(n_splits=2, n_repeats=2, random_state=0))
    assert np.isfinite(repeated.fit(X, Y).oof_predictions_).all()


def test_a_single_split():
    model = regressor(cv=ShuffleSplit(1, test_size=0.3, random_state=0)).fit(X, Y)
    assert len(model.networks_) == 1
    assert np.isnan(model.oof_predictions_).mean() == pytest.approx(0.7, abs=0.01)


def test_groups_stay_together_also_in_halves():
    from sklearn_bp.ensemble._folds import Halving

    groups = np.arange(len(X)) // 7
    model = regressor(cv=GroupKFold(3)).fit(X, Y, groups=groups)
    assert model.oof_score_ > 0.2
    rows = np.arange(100, 200)
    second = Halving(Y, None, groups, 0).halve(rows)
    for group in np.unique(groups[rows]):
        assert len(set(second[groups[rows] == group])) == 1
    assert 30 < second.sum() < 70


def test_an_int_stratifies_and_shuffles():
    rare = np.zeros(160, dtype=int)
    rare[:8] = 1  # as many as there are folds
    data = np.random.RandomState(0).normal(size=(160, 2)) + 3 * rare[:, np.newaxis]
    model = classifier(cv=8).fit(data, rare)
    assert set(model.study_.folds.n_test) == {20}
    # Each fold has one of them: its network has been trained on seven.
    assert model.oof_score_ > 0.95


def test_fewer_folds_where_there_are_few_samples():
    model = regressor(cv=8).fit(X[:9], Y[:9])
    assert len(model.networks_) == 4
    with pytest.raises(ValueError, match="Two or more folds with two or more samples"):
        regressor(cv=8).fit(X[:3], Y[:3])


# ---- weights -------------------------------------------------------------------------


def test_samples_without_weight_do_not_count():
    weight = np.ones(len(X))
    weight[::3] = 0
    outliers = Y.copy()
    outliers[::3] = 1e4 * np.sin(np.arange(len(outliers[::3])))
    model = regressor().fit(X, Y, sample_weight=weight)
    other = regressor().fit(X, outliers, sample_weight=weight)
    # Halves are dealt by target, so stopping may differ; the data trained on do not.
    assert model.oof_score_ > 0.3
    assert other.oof_score_ > 0.3
    assert other.score(X[1::3], Y[1::3]) > 0.3


def test_class_weights():
    plain = classifier().fit(X_CLASSES, CLASSES)
    weighted = classifier(class_weight={0: 1, 1: 1, 2: 20}).fit(X_CLASSES, CLASSES)
    counts = [np.sum(model.predict(X_CLASSES) == 2) for model in (plain, weighted)]
    assert counts[1] > counts[0]
    of_network = classifier(params={"class_weight": {0: 1, 1: 1, 2: 20}})
    np.testing.assert_array_equal(
        of_network.fit(X_CLASSES, CLASSES).predict_proba(X_CLASSES),
        weighted.predict_proba(X_CLASSES),
    )


# ---- the same, however it is run -----------------------------------------------------


def test_same_bits_in_threads_and_processes():
    options = {"param_grid": {"alpha": [1e-4, 1.0]}, "params": {"dropout": 0.2}}
    one = regressor(**options).fit(X, Y)
    same(one, regressor(n_jobs=2, **options).fit(X, Y))
    with joblib.parallel_config("loky", n_jobs=2):
        same(one, regressor(n_jobs=2, **options).fit(X, Y))


def test_pickles_and_clones(tmp_path):
    model = regressor().fit(X, Y)
    revived = pickle.loads(pickle.dumps(model))
    same(model, revived)
    np.testing.assert_array_equal(
        revived.predict_interval(X), model.predict_interval(X)
    )
    same(model, clone(model).fit(X, Y))


def test_no_private_class_is_saved(monkeypatch):
    """But for those of the study, the state is plain."""
    state = regressor().fit(X, Y).__getstate__()
    for name in ("study_", "encoder_", "estimator"):
        del state[name]
    text = pickle.dumps(state, protocol=0)
    assert b"sklearn_bp" not in text


def test_seeds_decide():
    one, other = (regressor(random_state=seed).fit(X, Y) for seed in (0, 1))
    assert not np.array_equal(one.predict(X), other.predict(X))
    drawn = regressor(random_state=np.random.RandomState(0)).fit(X, Y)
    same(one, drawn)


# ---- intervals and sets --------------------------------------------------------------


def test_intervals_widen_with_coverage_and_hold_what_they_say():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(1200, 3))
    y = data[:, 0] + np.abs(data[:, 1]) + 0.5 * rng.normal(size=1200)
    model = regressor(cv=4).fit(data[:400], y[:400])
    widths = []
    for coverage in (0.5, 0.8, 0.9):
        low, high = model.predict_interval(data[400:], coverage).T
        share = np.mean((low <= y[400:]) & (y[400:] <= high))
        # of the errors of 400 samples, and of 800 new ones
        spread = np.sqrt(coverage * (1 - coverage) * (1 / 400 + 1 / 800))
        assert abs(share - coverage) < 4 * spread
        widths.append(np.mean(high - low))
    assert widths == sorted(widths)


def test_sets_hold_the_class_as_often_as_they_say():
    rng = np.random.RandomState(1)
    y = rng.randint(3, size=1500)
    data = rng.normal(size=(1500, 2)) + 1.5 * np.eye(3)[y, :2]
    model = classifier(cv=4).fit(data[:500], y[:500])
    sizes = []
    for coverage in (0.7, 0.9, 0.97):
        sets = model.predict_set(data[500:], coverage)
        assert abs(sets[np.arange(1000), y[500:]].mean() - coverage) < 0.05
        assert sets.any(axis=1).all()
        sizes.append(sets.sum())
    assert sizes == sorted(sizes)


# ---- by default ----------------------------------------------------------------------


def test_real_data_by_default():
    data, y = load_breast_cancer(return_X_y=True)
    model = BackpropEnsembleClassifier(random_state=0).fit(data[::2], y[::2])
    assert model.score(data[1::2], y[1::2]) > 0.95


def test_wide_tables_have_no_ramps_and_a_view_of_what_matters():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(400, 400))
    y = 3 * data[:, 0] - 2 * data[:, 1] + 0.1 * rng.normal(size=400)
    model = regressor(cv=2, n_bins=1).fit(data, y)
    assert [p["view"] for p in model.study_.params] == ["relevant values", "values"]
    assert model.setting_weights_[0] > 0.5
    default = BackpropEnsembleRegressor(random_state=0, cv=2)
    assert default.fit(data[:, :200], y).encoder_.n_features_out_ <= 2000
