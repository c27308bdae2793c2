"""The HTML representation of an estimator links to its page on the site."""

import inspect
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

import sklearn_bp
from sklearn_bp import preprocessing
from sklearn_bp.utils import SITE

CLASSES = [
    getattr(module, name)
    for module in (sklearn_bp, preprocessing)
    for name in module.__all__
    if inspect.isclass(getattr(module, name))
]
ESTIMATORS = [each for each in CLASSES if issubclass(each, BaseEstimator)]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_links_to_its_page(estimator):
    page = f'href="{SITE}/api/{estimator.__name__}.html'
    assert page in estimator()._repr_html_()
    assert page in make_pipeline(estimator())._repr_html_()


def test_the_version_is_the_same_everywhere():
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(project)["project"]["version"] == sklearn_bp.__version__


def test_the_citation_names_this_version_and_the_site():
    citation = Path(__file__).parents[1] / "CITATION.cff"
    lines = citation.read_text("utf-8").splitlines()
    assert f"version: {sklearn_bp.__version__}" in lines
    assert f"url: {SITE}" in lines


def test_classes_of_others_have_no_page_on_the_site():
    class Derived(sklearn_bp.BackpropClassifier):
        pass

    assert SITE not in Derived()._repr_html_()
