"""Studies within folds, against scikit-learn's nested cross-validation."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sweeps import each_pair

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    nested_study,
    overfitting_study,
)

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
X, Y = load_iris(return_X_y=True)
LABELS = np.array(["a", "b", "c"])[Y]
X = X - X.mean(axis=0)
OUTER = StratifiedKFold(3, shuffle=True, random_state=0)
INNER = StratifiedKFold(3, shuffle=True, random_state=1)
GRID = {"alpha": [0.01, 1, 30]}
EPOCHS = {"max_iter": list(range(1, 5))}


def network(**settings):
    defaults = {"max_iter": 4, "learning_rate_init": 0.05, "random_state": 0}
    return BackpropClassifier(4, **{**defaults, **settings})


@each_pair(scoring=[None, "neg_log_loss"], dtype=["float32", "float64"])
def test_the_scores_are_those_of_a_nested_grid_search(scoring, dtype):
    """Over all settings and numbers of epochs."""
    search = GridSearchCV(network(), {**GRID, **EPOCHS}, cv=INNER, scoring=scoring)
    data = X.astype(dtype), LABELS
    expected = cross_val_score(search, *data, cv=OUTER, scoring=scoring)
    nested = nested_study(
        network(), *data, GRID, outer_cv=OUTER, cv=INNER, scoring=scoring
    )
    np.testing.assert_allclose(nested.test_scores, expected, rtol=1e-6)
    assert nested.score == pytest.approx(expected.mean())


def test_the_scores_are_those_of_a_network_that_chooses_for_itself():
    model = BackpropClassifierCV(
        network(),
        alphas=GRID["alpha"],
        hidden_layer_sizes=[(4,)],
        max_iter=4,
        cv=INNER,
        rule="one_standard_error",
        scale=False,
        halving_factor=2,
    )
    expected = cross_val_score(model, X, LABELS, cv=OUTER)
    nested = nested_study(
        network(),
        *(X, LABELS, GRID),
        outer_cv=OUTER,
        cv=INNER,
        rule="one_standard_error",
        scoring="loss",
        halving_factor=2,
    )
    chosen = [study.given_up for study in nested.studies]
    assert all(len(given_up) == 1 for given_up in chosen)
    for fold, (train, test) in enumerate(OUTER.split(X, LABELS)):
        fitted = model.fit(X[train], LABELS[train])
        assert fitted.best_params_["alpha"] == nested.choices[fold].params["alpha"]
        assert fitted.best_epoch_ == nested.choices[fold].epoch
        assert fitted.score(X[test], LABELS[test]) == expected[fold]
        proba = fitted.predict_proba(X[test])
        loss = -np.log(proba[np.arange(len(test)), Y[test]]).mean()
        assert nested.test_scores[fold] == pytest.approx(-loss)


def test_pipelines_of_regression_with_groups():
    data = load_diabetes()
    X, y = data.data[:200], data.target[:200] / 100
    groups = np.arange(200) // 10
    model = make_pipeline(
        StandardScaler(),
        BackpropRegressor(
            hidden_layer_sizes=4, max_iter=4, learning_rate_init=0.05, random_state=0
        ),
    )
    name = "backpropregressor__"
    grid = {f"{name}alpha": [0.1, 100]}
    cv = GroupKFold(3)
    nested = nested_study(model, X, y, grid, outer_cv=cv, cv=cv, groups=groups)
    epochs = {f"{name}max_iter": EPOCHS["max_iter"]}
    expected = []
    for train, test in cv.split(X, y, groups):
        search = GridSearchCV(model, {**grid, **epochs}, cv=cv)
        search.fit(X[train], y[train], groups=groups[train])
        expected.append(search.score(X[test], y[test]))
    np.testing.assert_allclose(nested.test_scores, expected, rtol=1e-6)


def test_the_inner_studies_are_those_of_the_training_parts_alone():
    weight = np.random.RandomState(0).randint(1, 4, len(Y))
    nested = nested_study(
        network(),
        *(X, LABELS, GRID),
        outer_cv=OUTER,
        cv=INNER,
        sample_weight=weight,
        n_jobs=2,
    )
    for (train, _), study in zip(OUTER.split(X, Y), nested.studies, strict=True):
        alone = overfitting_study(
            network(),
            *(X[train], LABELS[train], GRID),
            cv=INNER,
            sample_weight=weight[train],
        )
        # The weights' mean is that of other samples: the same up to rounding.
        for curve, expected in zip(study.curves, alone.curves, strict=True):
            np.testing.assert_allclose(
                curve.test_losses, expected.test_losses, rtol=1e-5
            )
        assert study.folds == alone.folds


def test_one_seed_for_all():
    """A network without one is given one, the same in all folds."""
    nested = nested_study(
        network(random_state=None),
        *(X, LABELS, {"alpha": [1, 1]}),
        outer_cv=2,
        cv=2,
        scoring="loss",
    )
    for study in nested.studies:
        first, second = (curve.test_losses for curve in study.curves)
        np.testing.assert_array_equal(first, second)


def test_what_it_says_of_itself():
    nested = nested_study(network(), X, LABELS, GRID, outer_cv=OUTER, cv=INNER)
    n_test = np.array(nested.folds.n_test)
    share = 1 / 3 + (n_test / (150 - n_test)).mean()
    expected = nested.test_scores.std(ddof=1) * np.sqrt(share)
    assert nested.standard_error == pytest.approx(expected)
    inner = np.mean([study.best_score_ for study in nested.studies])
    assert nested.optimism == pytest.approx(inner - nested.score)
    lines = repr(nested).splitlines()
    assert lines[0] == "NestedStudy of 3 settings in 3 outer folds"
    assert f"accuracy {nested.score:.4g}" in lines[1]
    frame = nested.to_frame()
    assert list(frame.columns) == ["alpha", "epoch", "inner_score", "test_score"]
    np.testing.assert_array_equal(frame["test_score"], nested.test_scores)
    page = ET.fromstring(nested._repr_html_())
    assert len(page.findall("table/tbody/tr")) == 3
    again = nested_study(network(), X, LABELS, GRID, outer_cv=OUTER, cv=INNER)
    assert nested == again


# ---- what goes wrong -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cv": [([0, 1], [2])]}, "cv must be a number of folds or a splitter"),
        ({"cv": 101}, "training part of outer fold 0 cannot be split"),
        ({"rule": "other"}, "rule must be one of"),
        ({"outer_cv": []}, "cv has no folds"),
        ({"halving_factor": 1}, "halving_factor must be a number >= 2"),
    ],
)
def test_bad_arguments_are_refused_before_training(arguments, message, monkeypatch):
    monkeypatch.setattr("sklearn_bp.model_selection._nested.run_study", None)
    with pytest.raises(ValueError, match=message):
        nested_study(network(), X, LABELS, GRID, **{"outer_cv": 3, **arguments})


def test_inner_folds_without_a_coefficient_of_determination():
    model = BackpropRegressor(hidden_layer_sizes=4, max_iter=2)
    with pytest.raises(ValueError, match=r"outer fold 0 cannot be split.*undefined"):
        nested_study(model, X[:8], Y[:8], GRID, outer_cv=KFold(2), cv=KFold(4))


def test_an_inner_study_that_fails_is_named():
    grid = {"learning_rate_init": [1e300]}
    model = network(solver="sgd")
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="In outer fold 0: All settings failed"),
    ):
        nested_study(model, X, LABELS, grid, outer_cv=2, cv=2)


@pytest.mark.filterwarnings("ignore:Only one class is present")
def test_an_outer_fold_without_a_score_does_not_count():
    """Its test part is of one class, which no ROC AUC is defined for."""
    y = np.repeat([0, 1, 0], 50)
    outer = [
        (np.r_[0:40, 60:100], np.r_[40:60]),
        (np.r_[20:80], np.r_[110:130]),
        (np.r_[0:20, 80:150], np.r_[40:60]),
    ]
    with pytest.warns(UserWarning, match="undefined in some outer folds.*{1: "):
        nested = nested_study(
            network(), X, y, GRID, outer_cv=outer, cv=INNER, scoring="roc_auc"
        )
    assert list(np.isnan(nested.test_scores)) == [False, True, False]
    assert nested.score == pytest.approx(nested.test_scores[[0, 2]].mean())
    assert np.isfinite(nested.optimism)
    assert np.isfinite(nested.standard_error)
