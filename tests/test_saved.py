"""What is saved can be loaded: by later releases, and without trust in strangers."""

import inspect
import json
import pickle

import numpy as np
import pytest
import saved
from sklearn.base import BaseEstimator

import sklearn_bp
from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    epoch_curve,
    nested_study,
    overfitting_study,
    preprocessing,
    trusted_types,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.*has come to its end",
)

FILES = sorted(saved.FOLDER.glob("*/*.json"))
X = np.random.RandomState(0).normal(size=(60, 4))
LABELS = (X[:, 0] > 0) + (X[:, 1] > 0).astype(int)


def name_of(file):
    return f"{file.parent.name}-{file.stem}"


# ---- files of earlier releases -------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_saved_model_is_what_it_was(file):
    content = saved.read(file)
    model, X, y = content["model"], content["X"], content["y"]
    repr(model)
    if "predictions" in content:
        np.testing.assert_allclose(
            saved.respond(model, X), content["predictions"], rtol=1e-6
        )
    if "later" in content:
        later = saved.respond(saved.train_on(model, X, y), X)
        np.testing.assert_allclose(later, content["later"], rtol=1e-6)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_saved_estimator_can_be_fitted_anew(file):
    content = saved.read(file)
    if hasattr(content["model"], "fit"):
        content["model"].fit(content["X"], content["y"]).predict(content["X"])


def test_a_saved_study_still_chooses():
    study = saved.read(saved.FOLDER / "0.1.0" / "study.json")["model"]
    assert study.best_params_ == {"alpha": 1.0}
    assert study.at_size(study.train_sizes[0]).best_epoch_ in (1, 2, 3)
    assert "alpha" in study.summary()


def test_there_are_files_of_each_release_and_of_the_first_draft():
    versions = {file.parent.name for file in FILES}
    assert versions >= {"draft", sklearn_bp.__version__}


def classes_in(code):
    """The names of all classes in a file."""
    if isinstance(code, list):
        return set().union(*map(classes_in, code))
    if not isinstance(code, dict):
        return set()
    own = {code["class"]} if "class" in code else set()
    return own.union(*map(classes_in, code.values()))


def test_files_name_no_private_class():
    for file in FILES:
        if file.parent.name != "draft":
            assert classes_in(json.loads(file.read_text())) <= set(trusted_types())


@pytest.mark.parametrize("name", saved.EXAMPLES)
def test_what_is_saved_today_is_read(name, tmp_path):
    model, (X, y, *_) = saved.EXAMPLES[name](sklearn_bp)
    saved.write(tmp_path / "model.json", model, X, y)
    again = saved.read(tmp_path / "model.json")["model"]
    if hasattr(model, "predict"):
        expected = saved.respond(model, X)
        np.testing.assert_array_equal(saved.respond(again, X), expected)
    else:
        assert again == model


# ---- versions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        BackpropRegressor(max_iter=1),
        BackpropClassifierCV(),
        sklearn_bp.BackpropEnsembleClassifier(),
        preprocessing.PiecewiseLinearEncoder(),
        preprocessing.TableEncoder(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_newer_version_is_refused_by_name(model):
    state = model.__getstate__() | {"_state_version": 2}
    name = type(model).__name__
    with pytest.raises(ValueError, match=f"The {name} was saved in version 2 .* reads"):
        type(model)().__setstate__(state)


def test_a_newer_version_of_a_curve_is_refused_by_name():
    curve = epoch_curve(BackpropClassifier(max_iter=1), X, LABELS, cv=2)
    state = curve.__getstate__() | {"version": 2}
    with pytest.raises(ValueError, match="The EpochCurve was saved in version 2 of"):
        curve.__setstate__(state)


def test_a_parameter_that_there_was_not_has_its_default():
    state = BackpropClassifier(alpha=3.0).__getstate__()
    del state["rho"]
    model = BackpropClassifier(rho=0.5)
    vars(model).clear()
    model.__setstate__(state)
    assert model.get_params() == BackpropClassifier(alpha=3.0).get_params()


# ---- studies -------------------------------------------------------------------------

SEVERAL = {"scoring": ["accuracy", "loss"], "refit": "loss"}
NETWORK = BackpropClassifier(hidden_layer_sizes=(3,), max_iter=3, random_state=0)
STUDIES = {
    "curve": lambda: epoch_curve(NETWORK, X, LABELS, cv=2, **SEVERAL),
    "study": lambda: overfitting_study(
        NETWORK, X, LABELS, {"alpha": [0.1, 1]}, cv=2, train_sizes=[0.5], **SEVERAL
    ),
    "nested": lambda: nested_study(NETWORK, X, LABELS, {"alpha": [0.1, 1]}, cv=2),
    "comparison": lambda: STUDIES["study"]().compare(),
}


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_is_equal_to_its_pickle(kind):
    study = STUDIES[kind]()
    again = pickle.loads(pickle.dumps(study))
    assert again == study
    assert repr(again) == repr(study)


# ---- skops ---------------------------------------------------------------------------


def public_classes():
    for module in (sklearn_bp, preprocessing):
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) and not name.endswith("Display"):
                yield thing


def test_trusted_types_are_the_public_classes():
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in public_classes()}
    assert set(trusted_types()) == names


def through_skops(thing):
    """A thing as skops reads it, and the classes that it has to be told to trust."""
    skops = pytest.importorskip("skops.io", reason="skops is not installed")
    file = skops.dumps(thing)
    untrusted = skops.get_untrusted_types(data=file)
    return skops.loads(file, trusted=trusted_types()), set(untrusted)


def names_of_estimators():
    kinds = [kind for kind in public_classes() if issubclass(kind, BaseEstimator)]
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}


@pytest.mark.parametrize("name", saved.EXAMPLES)
def test_skops_needs_trust_in_estimators_alone(name):
    model, (X, *_) = saved.EXAMPLES[name](sklearn_bp)
    again, untrusted = through_skops(model)
    if hasattr(model, "predict"):
        assert untrusted <= names_of_estimators()
        expected = saved.respond(model, X)
        np.testing.assert_array_equal(saved.respond(again, X), expected)


@pytest.mark.parametrize("kind", STUDIES)
def test_skops_needs_trust_in_a_study_alone(kind):
    study = STUDIES[kind]()
    again, untrusted = through_skops(study)
    assert untrusted == {f"{type(study).__module__}.{type(study).__qualname__}"}
    assert again == study


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop", "rprop"])
def test_training_goes_on_after_skops(solver):
    original = BackpropClassifier(
        hidden_layer_sizes=(5,),
        solver=solver,
        learning_rate="cosine",
        dropout=0.2,
        random_state=np.random.RandomState(0),
    ).partial_fit(X, LABELS, classes=[0, 1, 2])
    again, untrusted = through_skops(original)
    assert untrusted == {"sklearn_bp._classifier.BackpropClassifier"}
    for model in (original, again):
        model.partial_fit(X, LABELS).partial_fit(X, LABELS)
    for ours, expected in zip(again.coefs_, original.coefs_, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert again.loss_curve_ == original.loss_curve_


def test_a_warm_start_goes_on_after_skops():
    original = BackpropRegressor(
        early_stopping=True, warm_start=True, max_iter=4, random_state=0
    ).fit(X, X[:, 0])
    again, untrusted = through_skops(original)
    assert untrusted == {"sklearn_bp._regressor.BackpropRegressor"}
    for model in (original, again):
        model.fit(X, X[:, 0])
    assert again.validation_scores_ == original.validation_scores_
