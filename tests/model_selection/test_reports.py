"""What curves and studies show of themselves, and when two of them are equal."""

import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, epoch_curve, overfitting_study

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")

X, Y = load_iris(return_X_y=True)


def make_network(solver="adam"):
    return BackpropClassifier(
        4, solver=solver, learning_rate_init=0.05, max_iter=6, random_state=0
    )


def make_curve():
    return epoch_curve(make_network(), X, Y, cv=3)


def make_study(**grid):
    with np.errstate(all="ignore"):
        return overfitting_study(make_network("sgd"), X, Y, grid, cv=3)


MADE = {
    "curve": make_curve,
    "study": lambda: make_study(alpha=[0.1, 1], dropout=[0, 0.5]),
    "a study with a failure": lambda: make_study(learning_rate_init=[0.01, 1e300]),
    "a study of many settings": lambda: make_study(alpha=np.logspace(-3, 3, 15)),
}


@pytest.fixture(params=MADE)
def report(request):
    return MADE[request.param]()


def test_two_lines(report):
    lines = repr(report).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(type(report).__name__)
    assert all(len(line) < 120 for line in lines)


def test_the_second_line_is_the_choice():
    study = make_study(alpha=[0.1, 1])
    line = repr(study).splitlines()[1]
    assert f"alpha={study.best_params_['alpha']:.3g}" in line
    assert f"epoch {study.best_epoch_}" in line
    assert f"{study.best_score_:.4g}" in line
    curve = study.curves[study.best_index_]
    assert f"epoch {study.best_epoch_}" in repr(curve).splitlines()[1]


def test_a_page_for_notebooks(report):
    page = ET.fromstring(report._repr_html_())  # it is well-formed
    assert page.find("table") is not None
    (picture,) = page.findall("{http://www.w3.org/2000/svg}svg")
    assert len(list(picture.iter())) > 50
    n_rows = len(page.findall("table/tbody/tr"))
    assert n_rows == (len(report.params) if hasattr(report, "params") else 2)


def test_a_page_leaves_the_figures_of_pyplot_alone(report):
    before = plt.get_fignums()
    report._repr_html_()
    assert plt.get_fignums() == before


def test_a_page_without_matplotlib(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = ET.fromstring(report._repr_html_())
    assert page.find("table") is not None


@pytest.mark.parametrize("kind", MADE)
def test_equal_if_all_is_but_the_times(kind):
    first, second = MADE[kind](), MADE[kind]()
    assert first == first
    assert first == second
    assert first != 3


def test_different_curves():
    curve = make_curve()
    scores = curve.test_scores.copy()
    scores[2, 1] += 1e-9
    assert curve != replace(curve, test_scores=scores)
    assert curve != replace(curve, score_name="another")
    assert curve == replace(curve, fit_times=curve.fit_times + 1)


def test_different_studies():
    study = make_study(alpha=[0.1, 1])
    assert study != study.by("one_standard_error")
    assert study != make_study(alpha=[0.1, 2])
    assert study != study.only([0])


def test_some_settings_of_a_study():
    study = replace(make_study(alpha=[0.1, 1, 10]), given_up=(2,))
    part = study.only([2, 0])
    assert part.params == [{"alpha": 10}, {"alpha": 0.1}]
    assert part.curves == [study.curves[2], study.curves[0]]
    assert part.given_up == (0,)


PARAMS = {
    "array": (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
    "arrays of other shapes": (np.array([1, 2]), [[1], [2, 3]], False),
    "nan": (float("nan"), float("nan"), True),
    "objects": (np.array([1, None]), np.array([1, None]), True),
    "estimators": (StandardScaler(), StandardScaler(), True),
    "other estimators": (StandardScaler(), StandardScaler(with_std=False), False),
    "random states": (np.random.RandomState(0), np.random.RandomState(0), True),
    "sparse": (sp.csr_matrix([[1]]), sp.csr_matrix([[2]]), False),
    "frames": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), False),
    "NA": (pd.NA, 1, False),
}


@pytest.mark.parametrize("kind", PARAMS)
def test_parameters_of_any_kind_can_be_compared(kind):
    first, second, are_equal = PARAMS[kind]
    study = make_study(alpha=[0.1])
    ours, theirs = (replace(study, params=[{"p": p}]) for p in (first, second))
    assert (ours == theirs) is are_equal
    assert ours == replace(study, params=[{"p": first}])


@pytest.mark.parametrize("value", ["two\nlines", "$\\foo{$", "<b>&" * 50])
def test_parameters_of_any_kind_can_be_shown(value):
    study = replace(make_study(alpha=[0.1]), params=[{"p": value}])
    assert len(repr(study).splitlines()) == 2
    ET.fromstring(study._repr_html_())


def test_one_thing_is_not_several():
    folds = [(range(0, 150, 2), range(1, 150, 2))]
    curve = epoch_curve(make_network().set_params(max_iter=1), X, Y, cv=folds)
    assert "of 1 epoch in 1 fold\n" in repr(curve)
