"""What is drawn: lines and texts of the pictures against the numbers."""

import sys

import numpy as np
import pytest
from scipy.stats import uniform
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.model_selection import ParameterSampler

from sklearn_bp import (
    BackpropClassifier,
    EpochCurveDisplay,
    OverfittingDisplay,
    overfitting_study,
)

pyplot = pytest.importorskip("matplotlib.pyplot", reason="nothing can be drawn")
GRID = {"alpha": [0.001, 1.0, 30.0], "hidden_layer_sizes": [(4,), (12, 6)]}
DATA = load_iris(return_X_y=True)
NETWORK = BackpropClassifier(max_iter=20, learning_rate_init=0.01, random_state=0)


@pytest.fixture(autouse=True)
def _draw_nowhere():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_curve():
    display = EpochCurveDisplay.from_estimator(NETWORK, *DATA, scoring="neg_log_loss")
    loss_ax, score_ax = display.axes_
    assert loss_ax.get_xlabel() == score_ax.get_xlabel() == "epoch"
    assert score_ax.get_ylabel() == "neg log loss"
    mean = display.curve.test_losses.mean(axis=1)
    np.testing.assert_allclose(loss_ax.get_lines()[1].get_ydata(), mean)
    assert f"best test epoch: {mean.argmin() + 1}" in texts(loss_ax)
    _, axes = pyplot.subplots(2)
    assert display.plot(axes).figure_ is axes[0].figure
    with pytest.raises(ValueError, match="ax must be two Axes"):
        display.plot(axes[0])
    display.figure_.canvas.draw()


@pytest.fixture
def _no_training(monkeypatch):
    """A training would be an error."""

    def train(*args):
        raise AssertionError("something was trained")

    monkeypatch.setattr("sklearn_bp.model_selection._trainings.train_fold", train)


WRONG_AXES = [
    ("left", TypeError, "ax must be .* got 'left'"),
    (lambda: pyplot.figure(), TypeError, "ax must be .* got <Figure"),
    ([[1], [2, 3]], TypeError, r"ax must be .* got \[1\]"),
    (lambda: pyplot.subplots(7)[1], ValueError, "ax must be .* got 7"),
    (lambda: [*pyplot.subplots(2)[1], None], TypeError, "ax must be"),
]


@pytest.mark.usefixtures("_no_training")
@pytest.mark.parametrize(("ax", "error", "message"), WRONG_AXES)
def test_wrong_axes_are_found_before_anything_is_trained(ax, error, message):
    ax = ax() if callable(ax) else ax
    with pytest.raises(error, match=message):
        EpochCurveDisplay.from_estimator(NETWORK, *DATA, ax=ax)
    with pytest.raises(error, match=message):
        OverfittingDisplay.from_estimator(NETWORK, *DATA, GRID, kind="panels", ax=ax)


@pytest.mark.usefixtures("_no_training")
def test_a_wrong_picture_is_found_before_anything_is_trained():
    for kwargs, message in (
        ({"kind": "heat map"}, "kind must be one of"),
        ({"quantity": ["loss"]}, "quantity must be one of"),
        ({"kind": "map", "param_grid": {"alpha": [1, 2]}}, "A map needs exactly two"),
        ({"ax": pyplot.subplots(6)[1]}, "ax must be 1 Axes for this picture, got 6"),
    ):
        arguments = {"param_grid": GRID, **kwargs}
        with pytest.raises(ValueError, match=message):
            OverfittingDisplay.from_estimator(NETWORK, *DATA, **arguments)
    axes = pyplot.subplots(2)[1]
    axes[0].remove()
    with pytest.raises(ValueError, match="some were removed"):
        EpochCurveDisplay.from_estimator(NETWORK, *DATA, ax=axes)


@pytest.mark.usefixtures("_no_training")
@pytest.mark.parametrize("module", ["matplotlib", "matplotlib.pyplot"])
def test_a_missing_matplotlib_is_found_before_anything_is_trained(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    for ax in (None, "left"):
        with pytest.raises(ImportError, match="pip install matplotlib"):
            EpochCurveDisplay.from_estimator(NETWORK, *DATA, ax=ax)
        with pytest.raises(ImportError, match="pip install matplotlib"):
            OverfittingDisplay.from_estimator(NETWORK, *DATA, GRID, ax=ax)


def test_the_settings_of_a_sampler_are_drawn_once():
    sampler = ParameterSampler(
        {"alpha": uniform(), "hidden_layer_sizes": [(3,), (4,)]}, n_iter=3
    )
    display = OverfittingDisplay.from_estimator(
        clone(NETWORK).set_params(max_iter=2), *DATA, sampler, cv=2, kind="panels"
    )
    assert len(display.axes_) == 3
    assert len({params["alpha"] for params in display.study.params}) == 3


def test_epochs_without_a_score_are_gaps():
    def scorer(model, X, y):
        return np.nan if 0 < model.n_iter_ < 5 else model.score(X, y)

    with pytest.warns(UndefinedMetricWarning):
        display = EpochCurveDisplay.from_estimator(NETWORK, *DATA, scoring=scorer)
    means = display.curve.test_scores.mean(axis=1)
    best = f"best test epoch: {np.nanargmax(means) + 1}"
    assert best in texts(display.axes_[1])
    display.figure_.canvas.draw()


def test_curve_of_a_study():
    study = overfitting_study(NETWORK, *DATA, GRID)
    assert EpochCurveDisplay.from_study(study).curve is study.curves[study.best_index_]
    display = EpochCurveDisplay.from_study(study, 2)
    assert display.curve is study.curves[2]
    assert display.axes_[1].get_ylabel() == "accuracy"


@pytest.mark.parametrize("quantity", ["loss", "score"])
def test_panels(quantity):
    grid = {"alpha": [0.001, 1.0, 30.0, 100.0]}
    display = OverfittingDisplay.from_estimator(
        NETWORK, *DATA, grid, quantity=quantity, n_jobs=2
    )
    assert len(display.axes_) == len(display.figure_.axes) == 4
    for ax, curve, alpha in zip(display.axes_, display.study.curves, grid["alpha"]):
        assert ax.get_title() == f"alpha={alpha:.3g}"
        if quantity == "loss":
            train, mean = curve.train_losses, curve.test_losses.mean(axis=1)
            best = mean.argmin() + 1
        else:
            train, mean = curve.train_scores, curve.test_scores.mean(axis=1)
            best = mean.argmax() + 1
        lines = ax.get_lines()
        np.testing.assert_allclose(lines[0].get_ydata(), train.mean(axis=1))
        np.testing.assert_allclose(lines[1].get_ydata(), mean)
        assert texts(ax)[-1] == f"best test epoch: {best}"
    assert display.axes_[0].get_yscale() == ("log" if quantity == "loss" else "linear")
    assert texts(display.axes_[0])[:2] == ["training", "test"]
    display.figure_.canvas.draw()


def test_map():
    study = overfitting_study(NETWORK, *DATA, GRID)
    display = OverfittingDisplay.from_study(study)
    (ax,) = display.axes_
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("alpha", "hidden_layer_sizes")
    image = ax.images[0].get_array()
    for index, params in enumerate(study.params):
        place = tuple(GRID[name].index(params[name]) for name in GRID)
        curve = study.curves[index].test_scores.mean(axis=1)
        assert image[place] == curve.max()
        shown = f"{curve.max():.3f}\nepoch {curve.argmax() + 1}"
        assert ax.texts[index].get_text() == shown
    assert texts(ax) == ["one standard error", "best"]
    best = ax.patches[1].get_center().round().astype(int)
    assert (
        GRID["hidden_layer_sizes"][best[0]] == study.best_params_["hidden_layer_sizes"]
    )
    assert GRID["alpha"][best[1]] == study.best_params_["alpha"]
    display.figure_.canvas.draw()


def test_a_failed_setting_and_gaps_in_the_grid():
    grid = [GRID, {"learning_rate_init": [1e200], "solver": ["sgd"]}]
    with pytest.warns(FitFailedWarning, match="failed"):
        study = overfitting_study(NETWORK, *DATA, grid)
    display = OverfittingDisplay.from_study(study)
    assert display.axes_[-1].get_title().endswith("failed")
    display.figure_.canvas.draw()
    with pytest.raises(ValueError, match="Setting 6 has no curves, as it failed"):
        EpochCurveDisplay.from_study(study, 6)
    ragged = [
        {"alpha": [1.0], "dropout": [0.1, 0.2]},
        {"alpha": [2.0], "dropout": [0.1]},
    ]
    display = OverfittingDisplay.from_estimator(NETWORK, *DATA, ragged)
    assert len(display.axes_[0].texts) == 3
    without_both = [{"alpha": [1.0]}, {"dropout": [0.1]}]
    display = OverfittingDisplay.from_estimator(NETWORK, *DATA, without_both)
    assert len(display.axes_) == 2
    display.figure_.canvas.draw()


def test_a_failed_setting_can_be_read_in_a_map():
    grid = {"alpha": [0.1, 1.0], "learning_rate_init": [0.01, 1e200]}
    with pytest.warns(FitFailedWarning, match="2 of 4 settings failed"):
        display = OverfittingDisplay.from_estimator(
            clone(NETWORK).set_params(solver="sgd"), *DATA, grid
        )
    failed = [t for t in display.axes_[0].texts if t.get_text() == "failed"]
    assert len(failed) == 2
    assert {text.get_color() for text in failed} == {"black"}  # there is no field below


def test_large_losses_in_a_map_are_short():
    def scorer(model, X, y):
        return 1e50 * model.alpha

    grid = {"alpha": [0.1, 1.0], "dropout": [0.0, 0.1]}
    display = OverfittingDisplay.from_estimator(NETWORK, *DATA, grid, scoring=scorer)
    assert "1e+49\nepoch 1" in [text.get_text() for text in display.axes_[0].texts]


def test_objects_as_settings_make_a_map():
    slow, fast = SameFactor(0.1), SameFactor(1.0)
    grid = {"learning_rate": [slow, fast], "alpha": [0.1, 1.0, 10.0]}
    study = overfitting_study(NETWORK, *DATA, grid)
    assert all(params["learning_rate"] in (slow, fast) for params in study.params)
    assert len(OverfittingDisplay.from_study(study).axes_) == 1


class SameFactor:
    """A learning rate by a function that has no representation of its own."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, progress):
        return self.factor


def test_axes_of_ones_own_and_arrays_as_settings():
    grid = {"hidden_layer_sizes": [np.array([5]), np.array([4, 3])]}
    axes = pyplot.subplots(1, 2)[1]
    display = OverfittingDisplay.from_estimator(NETWORK, *DATA, grid, ax=axes)
    for ax, given in zip(display.axes_, axes):
        assert ax is given
        assert ax.get_yscale() == "log"
        assert ax.get_ylabel()
    display.figure_.canvas.draw()


def test_few_pairs_of_many_values_are_no_map():
    grid = [{"alpha": [a], "learning_rate_init": [a / 100]} for a in (0.1, 0.2, 0.3, 1)]
    display = OverfittingDisplay.from_estimator(NETWORK, *DATA, grid + grid[:1])
    assert len(display.axes_) == 5


def test_wrong_arguments():
    study = overfitting_study(NETWORK, *DATA, {"alpha": [0.1, 1, 10]})
    for arguments, message in (
        ({"kind": "pie"}, "kind must be one of"),
        ({"quantity": "time"}, "quantity must be one of"),
        ({"kind": "map"}, r"this study \['alpha'\] vary"),
        ({"ax": pyplot.subplots()[1]}, "ax must be 3 Axes for this picture, got 1"),
    ):
        with pytest.raises(ValueError, match=message):
            OverfittingDisplay.from_study(study, **arguments)
