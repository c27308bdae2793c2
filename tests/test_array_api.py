"""Arrays of other libraries: answers come back as what was asked about."""

import importlib

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropEnsembleClassifier,
    BackpropEnsembleRegressor,
    BackpropRegressor,
    BackpropRegressorCV,
    epoch_curve,
    nested_study,
)
from sklearn_bp.preprocessing import PiecewiseLinearEncoder, TableEncoder
from sklearn_bp.utils import to_numpy

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)

X, CLASSES = make_classification(
    80, n_features=4, n_informative=3, n_redundant=0, n_classes=3, random_state=0
)
NUMBERS = X[:, 0] - X[:, 1]
WEIGHT = np.linspace(0.5, 2, len(X))
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
GRID = {
    "alphas": [1.0],
    "hidden_layer_sizes": [(3,)],
    "max_iter": 3,
    "cv": 2,
    "random_state": 0,
}
HALVES = {"cv": 2, "n_bins": 2, "random_state": 0}
MODELS = {
    "classifier": (BackpropClassifier(**SMALL), CLASSES),
    "binary": (BackpropClassifier(**SMALL), CLASSES % 2),
    "multilabel": (BackpropClassifier(**SMALL), (X > 0).astype(int)),
    "regressor": (BackpropRegressor(**SMALL), NUMBERS),
    "targets": (BackpropRegressor(**SMALL), X[:, :2]),
    "stopped": (BackpropRegressor(early_stopping=True, **SMALL), NUMBERS),
    "classifier_cv": (BackpropClassifierCV(**GRID), CLASSES),
    "regressor_cv": (BackpropRegressorCV(keep="folds", **GRID), NUMBERS),
    "ensemble_classifier": (
        BackpropEnsembleClassifier(BackpropClassifier(**SMALL), **HALVES),
        CLASSES,
    ),
    "ensemble_regressor": (
        BackpropEnsembleRegressor(BackpropRegressor(**SMALL), **HALVES),
        NUMBERS,
    ),
    "encoder": (PiecewiseLinearEncoder(n_bins=3, knots="tree"), NUMBERS),
    "table": (TableEncoder(n_bins=3), NUMBERS),
}
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "predict_interval",
    "predict_set",
    "input_gradients",
    "hidden_activations",
    "transform",
)


@pytest.fixture(params=["array_api_strict", "torch"])
def xp(request):
    """Another library than NumPy, with dispatch enabled."""
    name = request.param
    library = pytest.importorskip(name, reason=f"{name} is not installed")
    with config_context(array_api_dispatch=True):
        yield library


def responses(model, X):
    """What all of its methods say of data, by name."""
    return {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_answers_come_in_the_namespace_of_the_question(name, dtype, xp):
    model, y = MODELS[name]
    given = X.astype(dtype)
    expected = responses(model.fit(given, y, sample_weight=WEIGHT), given)
    theirs = xp.asarray(given)
    model.fit(theirs, xp.asarray(y), sample_weight=xp.asarray(WEIGHT))
    answers = responses(model, theirs)
    assert expected
    assert answers.keys() == expected.keys()
    for method, answer in answers.items():
        assert isinstance(answer, type(theirs)), method
        np.testing.assert_array_equal(np.asarray(answer), expected[method])
        assert np.asarray(answer).dtype == expected[method].dtype
    assert not isinstance(next(iter(responses(model, given).values())), type(theirs))


def test_learned_attributes_are_of_numpy(xp):
    model = BackpropClassifier(**SMALL).fit(xp.asarray(X), xp.asarray(CLASSES))
    for array in (model.classes_, *model.coefs_, *model.intercepts_):
        assert isinstance(array, np.ndarray)


def test_text_stays_with_numpy(xp):
    model = BackpropClassifier(**SMALL)
    model.fit(xp.asarray(X), np.array(["a", "b", "c"])[CLASSES])
    assert model.predict(xp.asarray(X)).dtype.kind == "U"
    assert isinstance(model.predict_proba(xp.asarray(X)), type(xp.asarray(X)))


def test_partial_fit_and_validation_data(xp):
    models = []
    for convert in (np.asarray, xp.asarray):
        data = convert(X), convert(CLASSES)
        model = BackpropClassifier(**SMALL)
        validation = {"X_val": data[0], "y_val": data[1]}
        model.partial_fit(*data, classes=convert(np.arange(3)), **validation)
        model.partial_fit(*data, sample_weight_val=convert(WEIGHT), **validation)
        models.append(model)
        loss, *_ = model.loss_and_gradients(*data, sample_weight=convert(WEIGHT))
        assert isinstance(loss, float)
    ours, theirs = models
    np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])
    losses = [model.history_["validation_loss"] for model in models]
    np.testing.assert_array_equal(*losses)


def test_memory_is_shared(xp):
    for dtype in ("float32", "float64"):
        theirs = xp.asarray(X.astype(dtype))
        assert np.shares_memory(to_numpy(theirs, "X"), np.asarray(theirs))


def test_studies_and_searches(xp):
    model, data = BackpropClassifier(**SMALL), (xp.asarray(X), xp.asarray(CLASSES))
    assert epoch_curve(model, *data, cv=2) == epoch_curve(model, X, CLASSES, cv=2)
    nested = nested_study(model, *data, {"alpha": [0.1, 1]}, cv=2)
    assert nested == nested_study(model, X, CLASSES, {"alpha": [0.1, 1]}, cv=2)
    scores = cross_val_score(model, *data, cv=2)
    np.testing.assert_allclose(scores, cross_val_score(model, X, CLASSES, cv=2))
    search = GridSearchCV(model, {"alpha": [0.1, 1]}, cv=2).fit(*data)
    assert isinstance(search.predict(data[0]), type(data[0]))


def on_another_device(library):
    if library == "torch":
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        return torch.zeros((80, 4), device="meta")
    strict = pytest.importorskip(library, reason=f"{library} is not installed")
    return strict.zeros((80, 4), device=strict.Device("device1"))


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@pytest.mark.parametrize("name", MODELS)
def test_another_device_is_refused(name, library):
    model, y = MODELS[name]
    elsewhere = on_another_device(library)
    message = "X is an array on the device .*(meta|device1).* Networks compute on"
    with config_context(array_api_dispatch=True):
        with pytest.raises(ValueError, match=message):
            model.fit(elsewhere, y)
        model.fit(X, y)
        with pytest.raises(ValueError, match=message):
            getattr(model, "predict", getattr(model, "transform", None))(elsewhere)


def test_without_dispatch_answers_are_of_numpy():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model = BackpropClassifier(**SMALL).fit(torch.asarray(X), torch.asarray(CLASSES))
    assert isinstance(model.predict(torch.asarray(X)), np.ndarray)


def test_the_libraries_are_looked_at_only_with_dispatch():
    assert to_numpy(None, "X") is None
    assert to_numpy([[1.0]], "X") == [[1.0]]
    strict = importlib.util.find_spec("array_api_strict")
    if strict is not None:
        import array_api_strict as xp

        array = xp.zeros(3)
        assert to_numpy(array, "X") is array
