"""Public docstrings follow numpydoc, and their examples run."""

import doctest
import importlib
import inspect

import numpy as np
import pytest
from numpydoc.validate import validate

import sklearn_bp

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
    for name in sklearn_bp.__all__:
        yield f"sklearn_bp.{name}"
        thing = getattr(sklearn_bp, name)
        if inspect.isclass(thing):
            for method, function in inspect.getmembers(thing, inspect.isfunction):
                is_ours = function.__module__.split(".")[0] == "sklearn_bp"
                if is_ours and not method.startswith("_"):
                    yield f"sklearn_bp.{name}.{method}"


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


@pytest.mark.parametrize("name", ESTIMATORS)
def test_parameters_are_documented_with_their_defaults(name):
    estimator = getattr(sklearn_bp, name)
    for parameter in inspect.signature(estimator).parameters.values():
        line = next(
            line
            for line in inspect.getdoc(estimator).splitlines()
            if line.startswith(f"{parameter.name} : ")
        )
        documented = line.split("default=")[1]
        assert eval(documented) == parameter.default


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes_are_documented(name):
    estimator = getattr(sklearn_bp, name)(max_iter=1)
    if hasattr(estimator, "early_stopping"):
        estimator.set_params(early_stopping=True)
    X = np.random.RandomState(0).normal(size=(30, 2))
    estimator.fit(X, X[:, 0] > 0)
    for attribute in vars(estimator):
        if attribute.endswith("_") and not attribute.startswith("_"):
            assert f"\n{attribute} : " in inspect.getdoc(estimator)


MODULES = [
    "_classifier",
    "_regressor",
    "_show_versions",
    "engine._selection",
    "model_selection._epoch_curve",
    "model_selection._search",
    "model_selection._study",
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    with sklearn_bp.config_context():  # puts back the engine that an example sets
        results = doctest.testmod(importlib.import_module(f"sklearn_bp.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
