"""The page of a report, and the pictures that only studies of some kinds have."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sklearn_bp import (
    BackpropClassifier,
    OverfittingDisplay,
    epoch_curve,
    overfitting_study,
)

pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")

X, Y = load_iris(return_X_y=True)
NETWORK = BackpropClassifier(max_iter=60, learning_rate_init=0.01, random_state=0)
GRID = {"alpha": [0.001, 1, 100], "hidden_layer_sizes": [(3,), (20,)]}


@pytest.fixture(scope="module")
def study():
    return overfitting_study(NETWORK, X, Y, GRID, cv=3, train_sizes=[0.3, 0.6, 1.0])


def parsed(path):
    """The page as a tree; an error if its elements do not match."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    return text, ET.fromstring(text.partition("\n")[2])


def test_the_page_of_a_study(study, tmp_path):
    path = tmp_path / "page.html"
    study.to_html(path)
    text, page = parsed(path)
    titles = [element.text for element in page.iter("h2")]
    assert titles == [
        "In words",
        "Settings",
        "Map",
        "Differences",
        "More data",
        "Losses by epoch",
        "Scores by epoch: accuracy",
    ]
    words = [element.text for element in page.iter("p")]
    assert words[1:] == study.summary().splitlines()
    assert len(list(page.iter("tr"))) == 1 + 6
    assert len(list(page.iter("{http://www.w3.org/2000/svg}svg"))) == 5
    addresses = set(re.findall(r'(?:src|href)="([^"]*)"', text))
    assert all(address.startswith(("#", "data:")) for address in addresses)


def test_the_page_of_a_study_by_two_metrics(tmp_path):
    metrics = {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"}
    network = NETWORK.set_params(max_iter=5)
    study = overfitting_study(network, X, Y, {"alpha": [1, 2]}, cv=2, **metrics)
    study.to_html(tmp_path / "page.html")
    _, page = parsed(tmp_path / "page.html")
    titles = [element.text for element in page.iter("h2")][-2:]
    assert titles == ["Scores by epoch: accuracy", "Scores by epoch: neg log loss"]


def test_differences(study):
    display = OverfittingDisplay.from_study(study, kind="differences")
    (ax,) = display.axes_
    (points,) = (container.lines[0].get_xydata() for container in ax.containers)
    expected = study.compare().differences
    np.testing.assert_allclose(points, np.c_[expected, np.arange(6)])
    assert f"{study.corrected_score().score:.4g}" in ax.get_title()
    pyplot.close(display.figure_)


def test_the_page_of_a_curve_with_names_to_escape(tmp_path):
    def score(model, X, y):
        return 0.5

    curve = epoch_curve(NETWORK, X, Y, cv=3, scoring=score)
    curve.to_html(str(tmp_path / "<page>.html"))
    _, page = parsed(tmp_path / "<page>.html")
    assert [element.text for element in page.iter("h2")] == ["Table", "Curves"]


def test_a_page_that_cannot_be_written(study, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        study.to_html(tmp_path / "nowhere" / "page.html")


def test_the_field_of_the_simplest_choice_shows_that_choice(study):
    simplest, best = study.select("one_standard_error"), study.select("best")
    assert simplest.epoch != study.best_epoch_of(simplest.index)
    display = OverfittingDisplay.from_study(study, kind="map")
    words = {tuple(map(round, t.get_position())): t for t in display.axes_[0].texts}
    alphas, sizes = GRID["alpha"], GRID["hidden_layer_sizes"]
    for index, params in enumerate(study.params):
        place = (
            sizes.index(params["hidden_layer_sizes"]),
            alphas.index(params["alpha"]),
        )
        measures = study.measures(index)
        expected = [(measures["test_score"], measures["best_epoch"])]
        if index in (simplest.index, best.index):
            chosen = [c for c in (best, simplest) if c.index == index]
            expected = [(choice.score, choice.epoch) for choice in chosen]
        lines = [f"{score:.3f}\nepoch {epoch}" for score, epoch in expected]
        assert words[place].get_text() == "\n".join(lines)
    pyplot.close(display.figure_)


def test_scores_by_the_number_of_rows(study):
    display = OverfittingDisplay.from_study(study, kind="train_sizes")
    (ax,) = display.axes_
    drawn = [container.lines[0].get_xydata() for container in ax.containers]
    assert len(drawn) == 6
    for index, points in enumerate(drawn):
        expected = [
            study.at_size(size).curves[index].mean_test_scores.max()
            for size in study.train_sizes
        ]
        np.testing.assert_allclose(points, np.c_[study.train_sizes, expected])
    pyplot.close(display.figure_)


def test_a_single_number_of_rows(study):
    with pytest.raises(ValueError, match="Pass train_sizes"):
        OverfittingDisplay.from_study(
            study.at_size(study.train_sizes[0]), kind="train_sizes"
        )
