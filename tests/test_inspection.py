"""Looking inside a network, and at the untrained one."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from sklearn_bp import BackpropClassifier, BackpropRegressor
from sklearn_bp.network import ACTIVATIONS

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
X = np.random.RandomState(0).normal(size=(300, 4))
TARGETS = {
    "numbers": X[:, 0] * X[:, 1],
    "several numbers": X[:, :2] ** 2,
    "binary": X[:, 0] > 0,
    "multiclass": X[:, :3].argmax(axis=1),
    "multilabel": (X[:, :3] > 0).astype(int),
}
KINDS = pytest.mark.parametrize("kind", TARGETS)


def make(kind, **settings):
    cls = BackpropRegressor if "numbers" in kind else BackpropClassifier
    settings = {"hidden_layer_sizes": (7, 5), "activation": "tanh", **settings}
    return cls(**settings, max_iter=3, random_state=0)


def raw_outputs(model, X):
    if isinstance(model, BackpropRegressor):
        return model.predict(X)
    return model.decision_function(X)


@KINDS
@pytest.mark.parametrize("hidden", [(), (7, 5)])
def test_input_gradients_by_finite_differences(kind, hidden):
    model = make(kind, hidden_layer_sizes=hidden).fit(X, TARGETS[kind])
    gradients = model.input_gradients(X)
    step = 1e-6
    numerical = [
        (raw_outputs(model, X + move) - raw_outputs(model, X - move)) / (2 * step)
        for move in step * np.eye(4)
    ]
    np.testing.assert_allclose(
        gradients, np.stack(numerical, axis=-1), rtol=1e-6, atol=1e-8
    )
    of_sparse_data = model.input_gradients(sp.csr_array(X))
    np.testing.assert_allclose(of_sparse_data, gradients, rtol=1e-9, atol=1e-12)
    narrow = make(kind, dtype="float32").fit(X, TARGETS[kind]).input_gradients(X)
    assert narrow.dtype == np.float32


@KINDS
@pytest.mark.parametrize("settings", [{}, {"alpha": 2.0, "penalty_scaling": "dataset"}])
def test_loss_and_gradients_by_finite_differences(kind, settings):
    y = TARGETS[kind]
    weight = np.random.RandomState(1).uniform(size=len(X))
    model = make(kind, **settings).fit(X, y)
    loss, coef_gradients, intercept_gradients = model.loss_and_gradients(X, y, weight)

    def loss_at(parameter, index, value):
        before = parameter[index]
        parameter[index] = value
        result = model.loss_and_gradients(X, y, weight)[0]
        parameter[index] = before
        return result

    step = 1e-6
    parameters = [*model.coefs_, *model.intercepts_]
    for parameter, gradient in zip(
        parameters, [*coef_gradients, *intercept_gradients], strict=True
    ):
        assert gradient.shape == parameter.shape
        index = tuple(n // 2 for n in parameter.shape)
        here = parameter[index]
        numerical = (
            loss_at(parameter, index, here + step)
            - loss_at(parameter, index, here - step)
        ) / (2 * step)
        np.testing.assert_allclose(gradient[index], numerical, rtol=1e-5, atol=1e-8)
    assert loss == model.loss_and_gradients(X, y, weight)[0]


def test_the_loss_is_the_one_that_training_shows():
    y = TARGETS["multiclass"]
    model = make("multiclass", batch_size="full", alpha=1.0).fit(X, y)
    before = make("multiclass", batch_size="full", alpha=1.0)
    before.set_params(max_iter=2).fit(X, y)
    np.testing.assert_allclose(before.loss_and_gradients(X, y)[0], model.loss_)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hidden_activations_lead_to_the_outputs(activation):
    model = make("multiclass", activation=[activation, "tanh"])
    model.fit(X, TARGETS["multiclass"])
    first, last = model.hidden_activations(X, 0), model.hidden_activations(X)
    expected = ACTIVATIONS[activation].function(
        X @ model.coefs_[0] + model.intercepts_[0]
    )
    np.testing.assert_allclose(first, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        last, np.tanh(first @ model.coefs_[1] + model.intercepts_[1]), rtol=1e-9
    )
    np.testing.assert_allclose(
        model.decision_function(X), last @ model.coefs_[2] + model.intercepts_[2]
    )
    np.testing.assert_array_equal(model.hidden_activations(X, 1), last)
    np.testing.assert_array_equal(model.hidden_activations(X, -2), first)


def test_no_hidden_layer():
    model = make("binary", hidden_layer_sizes=()).fit(X, TARGETS["binary"])
    with pytest.raises(ValueError, match="has no hidden layer"):
        model.hidden_activations(X)


@pytest.mark.parametrize("method", ["input_gradients", "hidden_activations"])
def test_only_fitted_networks(method):
    with pytest.raises(NotFittedError):
        getattr(BackpropRegressor(), method)(X)
    with pytest.raises(NotFittedError):
        BackpropRegressor().loss_and_gradients(X, TARGETS["numbers"])


@KINDS
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_training_goes_on_from_the_initial_network(kind, solver):
    y = TARGETS[kind]
    model = make(kind, solver=solver, shuffle=False).initialize(X, y)
    assert model.n_iter_ == model.t_ == 0
    assert model.predict(X).shape == np.shape(y)
    assert not hasattr(model, "loss_curve_")
    untrained = make(kind, solver=solver, learning_rate_init=1e-300).fit(X, y)
    if solver == "sgd":
        np.testing.assert_array_equal(raw_outputs(model, X), raw_outputs(untrained, X))
    trained = make(kind, solver=solver, shuffle=False).fit(X, y)
    model.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(raw_outputs(model, X), raw_outputs(trained, X))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_the_initial_network_can_be_pickled(dropout):
    y = TARGETS["binary"]
    model = make("binary", dropout=dropout).initialize(X, y)
    copies = [model, pickle.loads(pickle.dumps(model))]
    for each in copies:
        each.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(*(raw_outputs(each, X) for each in copies))


def test_initialize_needs_no_validation_set():
    make("binary", early_stopping=True).initialize(X[:2], [0, 1])


def test_initialize_forgets_an_earlier_fit():
    y = TARGETS["binary"]
    model = make("binary", warm_start=True).fit(X, y)
    model.initialize(X, y)
    fresh = make("binary").initialize(X, y)
    np.testing.assert_array_equal(raw_outputs(model, X), raw_outputs(fresh, X))
    assert not hasattr(model, "loss_")
    assert model.history_ == {}
