import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.linear_model import LinearRegression, PoissonRegressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropRegressor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def test_diabetes_is_predicted_as_well_as_by_a_linear_model():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        BackpropRegressor(
            hidden_layer_sizes=(16,), solver="lbfgs", alpha=100, random_state=0
        ),
    )
    linear = cross_val_score(LinearRegression(), X, y)
    assert cross_val_score(model, X, y).mean() > linear.mean() - 0.03


@pytest.mark.parametrize("n_targets", [1, 3])
def test_shape_of_predictions_is_that_of_the_targets(n_targets):
    X, Y = load_linnerud(return_X_y=True)
    y = Y[:, 0] if n_targets == 1 else Y
    model = BackpropRegressor(max_iter=2).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.n_outputs_ == n_targets


def test_shown_loss_is_half_the_mean_squared_error_over_targets():
    X, Y = load_linnerud(return_X_y=True)
    # With a step of no length the loss of the epoch is that of the weights at its end.
    model = BackpropRegressor(
        max_iter=1, solver="sgd", learning_rate_init=1e-300, alpha=0, batch_size=7
    ).fit(X, Y)
    np.testing.assert_allclose(
        model.loss_, 0.5 * np.square(model.predict(X) - Y).mean(), rtol=1e-12
    )


def test_poisson_predicts_rates():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(500, 3))
    y = rng.poisson(np.exp(1 + np.abs(X[:, 0])))
    model = BackpropRegressor(
        loss="poisson", solver="lbfgs", hidden_layer_sizes=(10,), random_state=0
    ).fit(X, y)
    assert (model.predict(X) > 0).all()
    assert model.out_activation_ == "exp"
    linear = PoissonRegressor().fit(X, y)
    error, linear_error = (
        np.abs(m.predict(X) - np.exp(1 + np.abs(X[:, 0]))).mean()
        for m in (model, linear)
    )
    assert error < 0.5 * linear_error


def test_parameters_changed_after_fit_do_not_change_predictions():
    X, Y = load_linnerud(return_X_y=True)
    model = BackpropRegressor(max_iter=2).fit(X, Y)
    expected = model.predict(X)
    model.set_params(loss="poisson", activation="tanh", hidden_layer_sizes=(3,))
    np.testing.assert_array_equal(model.predict(X), expected)


def test_integer_and_boolean_targets_are_numbers():
    X = np.random.RandomState(0).normal(size=(30, 2))
    for y in (np.arange(30), np.arange(30) > 5):
        model = BackpropRegressor(max_iter=2, random_state=0).fit(X, y)
        same = BackpropRegressor(max_iter=2, random_state=0).fit(X, y.astype(float))
        np.testing.assert_array_equal(model.predict(X), same.predict(X))
