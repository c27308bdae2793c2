"""A network that is no better than a constant is warned of, with the likely cause."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sklearn_bp import BackpropClassifier, BackpropRegressor, epoch_curve
from sklearn_bp.fitting import Measure
from sklearn_bp.network import LOSSES

RNG = np.random.RandomState(0)
X = RNG.normal(size=(400, 3))
S = X[:, 0] + X[:, 1]
FAR = 1e6 + 1e4 * RNG.random_sample(400)
LABELS = (S > 0).astype(int)


def complaint(model, *data, **more):
    """The message of the warning, or None."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.set_params(random_state=0).fit(*data, **more)
    found = [str(w.message) for w in caught if "constant prediction" in str(w.message)]
    assert all(issubclass(w.category, ConvergenceWarning) for w in caught)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("name", LOSSES)
def test_the_best_constant_is_a_minimum(name):
    loss = LOSSES[name]()
    rng = np.random.RandomState(1)
    n_outputs = 3 if name == "log_loss" else 2
    y = rng.gamma(1.0, size=(60, n_outputs))
    if loss.is_of_classes:
        y = rng.randint(n_outputs, size=(60, loss.n_targets(n_outputs))).astype(float)
    weight = rng.random_sample(60)

    def mean_loss(raw):
        return loss.average(np.broadcast_to(raw, (60, n_outputs)), y, weight)

    found = minimize(mean_loss, np.zeros(n_outputs), method="Powell").fun
    value = mean_loss(loss.best_constant(y, n_outputs, weight))
    np.testing.assert_allclose(value, found, rtol=1e-3)
    assert value <= found * (1 + 1e-9) or name == "huber"  # whose search is cut short


@pytest.mark.parametrize(
    ("model", "data", "named"),
    [
        (BackpropRegressor(), (X, 1e-3 * (S + 3)), "Scale the targets"),
        (BackpropRegressor(), (X, 1e5 * (S + 3)), "Scale the targets"),
        (BackpropRegressor(), (X, np.full(400, 5.0)), "targets are constant"),
        (BackpropRegressor("poisson"), (X, np.full(400, 5.0)), "targets are constant"),
        (BackpropRegressor("poisson"), (X, 1e6 * np.exp(S)), "Divide the targets"),
        (BackpropClassifier(), (np.column_stack([X, FAR]), LABELS), "column 3 is"),
        (
            BackpropClassifier(),
            (pd.DataFrame(np.column_stack([FAR, X]), columns=list("abcd")), LABELS),
            "column 'a' is",
        ),
        (
            BackpropClassifier(),
            (sp.csr_matrix(np.column_stack([X, FAR])), LABELS),
            "column 3 is",
        ),
        (BackpropClassifier(alpha=1000), (X, RNG.randint(2, size=400)), "Lower"),
        (
            BackpropClassifier(early_stopping=True),
            (X, RNG.randint(2, size=400)),
            "Lower",
        ),
    ],
)
def test_useless_networks(each_engine, model, data, named):
    message = complaint(model, *data)
    remedies = message.split("by that measure. ")[1]
    assert named in remedies
    # Nothing else is blamed.
    assert ("features" in remedies) == ("column" in named)
    assert ("argets" in remedies) == ("argets" in named)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "sgd", "rprop"])
@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_useful_networks(each_engine, estimator, solver):
    y = LABELS if estimator is BackpropClassifier else S
    assert complaint(estimator(solver=solver), X, y) is None
    assert complaint(estimator(solver=solver), X, np.column_stack([y, 1 - y])) is None


def test_one_class_is_no_reason_to_complain():
    assert complaint(BackpropClassifier(max_iter=5), X, np.ones(400)) is None


def test_weights_decide_what_the_best_constant_is():
    # All weight on one class: the constant is all but perfect, and training is short.
    weight = np.where(LABELS == 1, 1.0, 1e-6)
    model = BackpropClassifier(max_iter=20)
    assert complaint(model, X, LABELS) is None
    assert complaint(model, X, LABELS, weight) is not None


def test_one_that_stopped_early_is_measured_as_it_is_kept():
    # The initial network is kept, while the training loss falls.
    model = BackpropClassifier(early_stopping=True)
    message = complaint(model, X, LABELS, X_val=X, y_val=1 - LABELS)
    assert model.loss_curve_[-1] < 0.65
    loss = log_loss(LABELS, model.predict_proba(X))
    assert loss > np.log(2)
    assert f"{loss:.6g}, is above" in message


def test_a_part_of_the_rows_is_enough_after_few_epochs():
    wide, y = np.tile(X, (10, 1)), np.tile(S, 10)
    message = complaint(BackpropRegressor(max_iter=1), wide, 1e5 * (y + 3))
    assert "Scale the targets" in message


@pytest.mark.parametrize("period", [10, 13])
def test_rows_in_a_cycle(period):
    labels = np.arange(10 * 1000) % period
    wide = np.eye(period)[labels] + 0.1 * RNG.normal(size=(len(labels), period))
    model = BackpropClassifier(max_iter=2, learning_rate_init=0.01)
    assert complaint(model, wide, labels) is None
    y = (labels - labels.mean()) / labels.std()
    assert complaint(BackpropRegressor(max_iter=2), wide, y) is None


def test_standardised_targets_are_not_blamed():
    y = (S - S.mean()) / S.std()
    message = complaint(BackpropRegressor(max_iter=1, learning_rate_init=0.3), X, y)
    assert message is None or "Scale" not in message


def test_classes_without_weight_are_no_reason_to_complain():
    weight = (LABELS == 1).astype(float)
    assert complaint(BackpropClassifier(max_iter=3), X, LABELS, weight) is None


def test_sizes_that_overflow_float32():
    wide = np.column_stack([X, 3e20 * np.sign(X[:, 2])]).astype(np.float32)
    model = BackpropClassifier(max_iter=1, learning_rate_init=1e-9, max_grad_norm=1)
    assert "size of 3e+20" in complaint(model, wide, LABELS)


def test_partial_fit_and_trainings_side_by_side_do_not_complain():
    model = BackpropRegressor(random_state=0, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X, 1e5 * S)
        epoch_curve(model, X, 1e5 * S, cv=2)


def test_a_network_whose_training_was_interrupted_is_not_measured():
    def press(*_):
        raise KeyboardInterrupt

    model = BackpropRegressor(random_state=0, scoring=press)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, 1e5 * (S + 3), X_val=X, y_val=S)
    assert [str(w.message) for w in caught] == ["Training interrupted by user."]


@pytest.mark.parametrize(("hidden", "n_rows"), [(5, 1000), (4000, 500), (30_000, 100)])
def test_rows_looked_at_after_one_epoch(monkeypatch, hidden, n_rows):
    """A look costs as many multiplications as there are weights, 10 for each unit."""
    looked_at = []

    class Counting(Measure):
        def __init__(self, training, part, scorer):
            looked_at.append(len(part))
            super().__init__(training, part, scorer)

    monkeypatch.setattr("sklearn_bp.fitting._usefulness.Measure", Counting)
    wide, y = np.tile(X, (8, 3)), np.tile(S, 8)
    model = BackpropRegressor(
        hidden_layer_sizes=(hidden,), max_iter=1, batch_size="full"
    )
    complaint(model, wide, 1e3 * y)
    assert looked_at == [n_rows]
