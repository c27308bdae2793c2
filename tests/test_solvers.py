"""Every solver with every schedule, and training in parts."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sweeps import each_pair

import sklearn_bp
from sklearn_bp import BackpropClassifier, BackpropRegressor
from sklearn_bp.engine import get_engine
from sklearn_bp.training import FACTORS, OPTIMIZERS, SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.RandomState(0).normal(size=(60, 5))
TARGETS = {
    "numbers": X[:, 0] * X[:, 1],
    "several numbers": X[:, :2] ** 2,
    "binary": np.where(X[:, 0] > 0, "yes", "no"),
    "multiclass": X[:, :3].argmax(axis=1),
    "multilabel": (X[:, :3] > 0).astype(int),
}


def falling(progress):
    return 1 - 0.9 * progress


def parameters_of(model):
    return np.concatenate([part.ravel() for part in model.coefs_ + model.intercepts_])


@pytest.mark.skipif(
    get_engine().name == "reference", reason="there is only one engine to test"
)
@pytest.mark.parametrize("regularized", [False, True])
@pytest.mark.parametrize("learning_rate", [*SCHEDULES, *FACTORS, falling])
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_engines_agree_over_20_epochs(solver, learning_rate, regularized):
    settings = {
        "solver": solver,
        "learning_rate": learning_rate,
        "learning_rate_init": 0.01,
        "hidden_layer_sizes": (12, 8),
        "activation": ["gelu", "tanh"],
        "batch_size": "auto" if solver == "rprop" else 16,
        "max_iter": 20,
        "tol": 0.01,
        "n_iter_no_change": 2 if learning_rate == "adaptive" else 20,
        "epsilon": 1e-4,
        "random_state": 0,
    }
    if regularized:
        settings |= {
            "dropout": [0.3, 0.1],
            "max_grad_norm": 0.5,
            "label_smoothing": 0.1,
        }
    models = []
    for engine in ("compiled", "reference"):
        with sklearn_bp.config_context(engine=engine):
            model = BackpropClassifier(**settings).fit(X, TARGETS["multiclass"])
        models.append(model)
    compiled, reference = models
    assert compiled.n_iter_ == reference.n_iter_
    np.testing.assert_allclose(
        parameters_of(compiled), parameters_of(reference), rtol=1e-6, atol=1e-8
    )
    for column in ("loss", "learning_rate", "gradient_norm"):
        np.testing.assert_allclose(
            compiled.history_[column], reference.history_[column], rtol=1e-7
        )


@pytest.mark.usefixtures("each_engine")
@each_pair(
    together=[("solver", "dropout", "learning_rate")],
    kind=TARGETS,
    solver=OPTIMIZERS,
    dropout=[0.0, 0.4],
    learning_rate=["constant", "cosine", falling],
)
def test_pickled_half_way(kind, solver, dropout, learning_rate):
    """Weights and validation data included; the same bits as without the break."""
    cls = BackpropRegressor if "numbers" in kind else BackpropClassifier
    y = TARGETS[kind]
    data = {
        "X": X[:50],
        "y": y[:50],
        "sample_weight": np.linspace(0, 2, 50),
        "X_val": X[50:],
        "y_val": y[50:],
        "sample_weight_val": np.linspace(1, 2, 10),
    }
    if cls is BackpropClassifier and kind != "multilabel":
        data["classes"] = np.unique(y)

    def train(model, n_epochs):
        for _ in range(n_epochs):
            model.partial_fit(**data)
        return model

    settings = {
        "solver": solver,
        "dropout": dropout,
        "learning_rate": learning_rate,
        "max_iter": 6,
        "random_state": 0,
    }
    whole = train(cls(**settings), 6)
    first_half = train(cls(**settings), 3)
    resumed = train(pickle.loads(pickle.dumps(first_half)), 3)
    assert parameters_of(resumed).tobytes() == parameters_of(whole).tobytes()
    history = {**whole.history_, "seconds": None}
    for column in history.keys() - {"seconds"}:
        np.testing.assert_array_equal(resumed.history_[column], whole.history_[column])
    assert len(whole.history_["validation_loss"]) == 6


@pytest.mark.usefixtures("each_engine")
def test_partial_fit_beyond_the_end_of_a_schedule():
    model = BackpropRegressor(learning_rate="cosine", max_iter=3)
    for _ in range(3):
        model.partial_fit(X, TARGETS["numbers"])
    with pytest.warns(UserWarning, match="has come to its end after max_iter=3"):
        model.partial_fit(X, TARGETS["numbers"])


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("solver", ["adamw", "rmsprop", "rprop"])
def test_new_solvers_learn_digits(solver):
    X, y = load_digits(return_X_y=True)
    X /= 16
    model = BackpropClassifier(
        (50,), solver=solver, learning_rate_init=0.01, max_iter=40, random_state=0
    )
    assert model.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.9


@pytest.mark.usefixtures("each_engine")
def test_the_penalty_of_adamw_is_decoupled():
    """With a learning rate of 1 / decay it takes all weights, whatever their gradient
    and moments: what is left is the step."""
    rng = np.random.RandomState(0)
    model = BackpropRegressor(
        hidden_layer_sizes=(),
        solver="adamw",
        alpha=60.0,  # alpha / m = 1
        learning_rate_init=1.0,
        beta_1=0.0,
        beta_2=0.0,
        batch_size="full",
        max_iter=1,
        random_state=rng,
    ).fit(X, TARGETS["numbers"])
    np.testing.assert_allclose(abs(model.coefs_[0]), 1, rtol=1e-6)


@pytest.mark.usefixtures("each_engine")
def test_dropout_is_for_training_alone():
    y = TARGETS["numbers"]
    model = BackpropRegressor(dropout=0.5, random_state=0, max_iter=5).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    np.testing.assert_allclose(
        model.predict(X),
        (model.hidden_activations(X) @ model.coefs_[-1] + model.intercepts_[-1])[:, 0],
        rtol=1e-9,
    )


@pytest.mark.usefixtures("each_engine")
def test_each_epoch_drops_other_units():
    """Without learning, the loss changes with the units alone."""
    y = TARGETS["numbers"]
    settings = {"learning_rate_init": 1e-300, "solver": "sgd", "max_iter": 4}
    losses = BackpropRegressor(dropout=0.5, **settings).fit(X, y).loss_curve_
    assert len(set(losses)) == 4
    losses = BackpropRegressor(**settings).fit(X, y).loss_curve_
    np.testing.assert_allclose(losses, losses[0])


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("absolute_error", np.median),
        ("huber", np.median),
        ("gamma", lambda y: np.log(np.mean(y))),
        ("quantile", lambda y: np.sort(y)[47]),  # of 60, 48 are the share of 0.8
    ],
)
def test_output_bias_starts_from_the_targets(loss, expected):
    y = np.random.RandomState(1).gamma(2, size=61 if expected is np.median else 60)
    rows = np.resize(np.arange(60), len(y))
    model = BackpropRegressor(loss=loss, quantile=0.8).initialize(X[rows], y)
    np.testing.assert_allclose(model.intercepts_[-1], expected(y))


@pytest.mark.usefixtures("each_engine")
def test_quantiles_hold_their_share():
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, size=(2000, 1))
    y = X[:, 0] + (1.5 + X[:, 0]) * rng.normal(size=2000)
    for quantile in (0.1, 0.5, 0.9):
        model = BackpropRegressor(
            loss="quantile",
            quantile=quantile,
            hidden_layer_sizes=(20,),
            learning_rate_init=0.01,
            learning_rate="cosine",
            max_iter=60,
            random_state=0,
        ).fit(X[:1000], y[:1000])
        below = (y[1000:] <= model.predict(X[1000:])).mean()
        # the standard error of a share of 1000, twice for training and test
        assert abs(below - quantile) < 4 * np.sqrt(2 * quantile * (1 - quantile) / 1000)
