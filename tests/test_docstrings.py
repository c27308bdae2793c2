"""Public docstrings follow numpydoc, and their examples run."""

import doctest
import importlib
import inspect

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate

import sklearn_bp
from sklearn_bp import preprocessing

# What numpydoc asks for beyond what a reader needs, here and in scikit-learn.
IGNORED = {
    "GL01",  # a summary may stand on the line of the opening quotes
    "GL03",  # a blank line between parameters is a matter of length
    "ES01",  # not everything needs an extended summary
    "SA01",  # nor See Also
    "SA04",
    "EX01",  # nor an example
    "RT02",  # the name of a returned value is of use
}


def public_docstrings():
    for module in (sklearn_bp, preprocessing):
        for name in module.__all__:
            yield f"{module.__name__}.{name}"
            thing = getattr(module, name)
            if inspect.isclass(thing):
                for method, function in inspect.getmembers(thing, inspect.isfunction):
                    is_ours = function.__module__.split(".")[0] == "sklearn_bp"
                    if is_ours and not method.startswith("_"):
                        yield f"{module.__name__}.{name}.{method}"


@pytest.mark.parametrize("name", list(public_docstrings()))
def test_docstring_follows_numpydoc(name):
    errors = [
        f"{code}: {text}"
        for code, text in validate(name)["errors"]
        if code not in IGNORED
    ]
    assert not errors


ESTIMATORS = [
    "BackpropClassifier",
    "BackpropClassifierCV",
    "BackpropRegressor",
    "BackpropRegressorCV",
]


def public_class(name):
    return getattr(preprocessing if name in preprocessing.__all__ else sklearn_bp, name)


@pytest.mark.parametrize("name", [*ESTIMATORS, *preprocessing.__all__])
def test_parameters_are_documented_with_their_defaults(name):
    estimator = public_class(name)
    for parameter in inspect.signature(estimator).parameters.values():
        line = next(
            line
            for line in inspect.getdoc(estimator).splitlines()
            if line.startswith(f"{parameter.name} : ")
        )
        documented = line.split("default=")[1]
        assert eval(documented) == parameter.default


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", [*ESTIMATORS, *preprocessing.__all__])
def test_fitted_attributes_are_documented(name):
    estimator = public_class(name)()
    given = {"max_iter": 1, "early_stopping": True}
    known = {key: given[key] for key in estimator.get_params() if key in given}
    estimator.set_params(**known)
    X = np.random.RandomState(0).normal(size=(30, 2))
    estimator.fit(X, X[:, 0] > 0)
    properties = inspect.getmembers(type(estimator), lambda m: isinstance(m, property))
    for attribute in [*vars(estimator), *(name for name, _ in properties)]:
        if attribute.endswith("_") and not attribute.startswith("_"):
            assert f"\n{attribute} : " in inspect.getdoc(estimator)


# What the docstrings of classifiers and regressors say in different words: of the
# parameter or attribute of that name, or of the one that is returned.
DIFFERENT = {
    "hidden_layer_sizes": "what a network without hidden layers is",
    "early_stopping": "only classes can be stratified",
    "scoring": "the score that None stands for",
    "cv": "only classes can be stratified",
    "scale": "only numbers have a scale",
    "y": "what the targets are",
    "y_val": "what the targets are",
}
SHARED = [
    ("BackpropClassifier", "BackpropRegressor"),
    ("BackpropClassifierCV", "BackpropRegressorCV"),
    ("BackpropClassifier.partial_fit", "BackpropRegressor.partial_fit"),
    ("BackpropClassifier.predict", "BackpropRegressor.predict"),
    ("BackpropClassifier.predict_proba", "BackpropClassifierCV.predict_proba"),
    ("BackpropClassifier.predict_log_proba", "BackpropClassifierCV.predict_log_proba"),
]


def descriptions(name):
    """By the names of parameters and attributes, their types and what is said."""
    thing = sklearn_bp
    for part in name.split("."):
        thing = getattr(thing, part)
    parsed = ClassDoc(thing) if inspect.isclass(thing) else FunctionDoc(thing)
    kinds = {"BackpropRegressor": "BackpropClassifier", "Regressor": "Classifier"}
    found = {}
    for section in {"Parameters", "Attributes", "Returns", "Raises"} & set(parsed):
        for entry in parsed[section]:
            text = " ".join([entry.type, *entry.desc])
            for word, other in kinds.items():
                text = text.replace(word, other)
            found[section, entry.name] = text
    return found


@pytest.mark.parametrize(("first", "second"), SHARED)
def test_what_classes_share_is_described_in_the_same_words(first, second):
    ours, theirs = descriptions(first), descriptions(second)
    shared = [key for key in ours if key in theirs and key[1] not in DIFFERENT]
    assert shared
    assert [ours[key] for key in shared] == [theirs[key] for key in shared]


def test_what_may_differ_does():
    pairs = [(descriptions(first), descriptions(second)) for first, second in SHARED]
    differing = {
        key[1]
        for ours, theirs in pairs
        for key in ours.keys() & theirs.keys()
        if ours[key] != theirs[key]
    }
    assert differing == set(DIFFERENT)


MODULES = [
    "_classifier",
    "_importances",
    "_regressor",
    "_show_versions",
    "_trusted_types",
    "engine._selection",
    "model_selection._epoch_curve",
    "model_selection._nested",
    "model_selection._search",
    "model_selection._study",
    "preprocessing._piecewise",
    "preprocessing._table",
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    with sklearn_bp.config_context():  # puts back the engine that an example sets
        results = doctest.testmod(importlib.import_module(f"sklearn_bp.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
