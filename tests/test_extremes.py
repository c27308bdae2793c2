"""Outputs, losses and gradients at raw outputs far from zero, against numbers of fifty
digits."""

from decimal import Context, Decimal, localcontext

import numpy as np
import pytest

from sklearn_bp import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore:overflow encountered in matmul"),
]

DTYPES = [np.float32, np.float64]
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)

RAW = [0, 1e-8, 0.3, 1, 8, 16.5, 20, 36, 40, 88, 100, 700, 745, 1e4]
RAW = [*RAW, *(-z for z in RAW[1:])]
ROWS = [
    [0, 0, 0],
    [1, 2, 3],
    [20, 0, -5],
    [-40, 0, -45],
    [-1e-3, 30, 1e-3],
    [88, -88, 0],
    [700, -700, 20],
    [1e4, 1e4, -1e4],
    [-1e30, 0, 1e30],
]


@pytest.fixture(autouse=True)
def _fifty_digits():
    with localcontext(Context(prec=50, Emin=-(10**9), Emax=10**9)):
        yield


def exact(values, dtype):
    """What numbers of this type are, as decimals."""
    return [Decimal(float(value)) for value in np.array(values, dtype=dtype).ravel()]


def softmax(row):
    total = sum((z - max(row)).exp() for z in row)
    return [(z - max(row)).exp() / total for z in row]


def logarithms(row):
    """Of the softmax; precise where it is 1, too."""
    largest = row.index(max(row))
    others = sum((z - max(row)).exp() for k, z in enumerate(row) if k != largest)
    is_small = others < Decimal("1e-20")
    log_total = others * (1 - others / 2) if is_small else (1 + others).ln()
    return [z - max(row) - log_total for z in row]


def assert_close(actual, expected, n_eps=4):
    """To a few units in the last place, and where numbers are denormal to one of these;
    beyond the largest number stands infinity."""
    dtype = actual.dtype
    limits = np.finfo(dtype)
    with np.errstate(over="ignore"):
        expected = np.array(expected, dtype=np.float64).reshape(actual.shape)
        expected = expected.astype(dtype)
    atol = 2 * float(limits.smallest_subnormal)
    np.testing.assert_allclose(actual, expected, rtol=n_eps * limits.eps, atol=atol)


def classifier(y, n_inputs, dtype, **parameters):
    """A network whose raw outputs are its inputs."""
    X = np.zeros((len(y), n_inputs), dtype=dtype)
    return passing_on(BackpropClassifier((), **parameters).initialize(X, y))


def passing_on(model):
    model.coefs_ = [np.eye(model.n_features_in_, dtype=model.coefs_[0].dtype)]
    model.intercepts_ = [np.zeros_like(model.intercepts_[0])]
    return model


def test_fifty_digits_are_enough():
    z = Decimal(40)
    assert abs(logarithms([Decimal(0), z])[1] / (-z).exp() + 1) < Decimal("1e-17")
    assert abs(sum(softmax([Decimal(0), z])) - 1) < Decimal("1e-48")


@each_dtype
def test_two_classes(dtype):
    model = classifier([0, 1], 1, dtype)
    X = np.array(RAW, dtype=dtype)[:, np.newaxis]
    rows = [[Decimal(0), z] for z in exact(RAW, dtype)]
    np.testing.assert_array_equal(model.decision_function(X), X[:, 0])
    np.testing.assert_array_equal(model.predict(X), X[:, 0] > 0)
    probabilities = model.predict_proba(X)
    assert_close(probabilities, [softmax(row) for row in rows])
    assert_close(model.predict_log_proba(X), [logarithms(row) for row in rows])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=np.finfo(dtype).eps)


@each_dtype
def test_several_classes(dtype):
    model = classifier([0, 1, 2], 3, dtype)
    X = np.array(ROWS, dtype=dtype)
    rows = [exact(row, dtype) for row in ROWS]
    np.testing.assert_array_equal(model.decision_function(X), X)
    np.testing.assert_array_equal(model.predict(X), X.argmax(axis=1))
    probabilities = model.predict_proba(X)
    # the difference from the largest, up to 30, is rounded
    assert_close(probabilities, [softmax(row) for row in rows], n_eps=16)
    assert_close(model.predict_log_proba(X), [logarithms(row) for row in rows])
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=2 * eps)


@each_dtype
def test_several_labels(dtype):
    model = classifier(np.eye(3, dtype=int), 3, dtype)
    X = np.array(ROWS, dtype=dtype)
    raw = [[Decimal(0), z] for z in exact(ROWS, dtype)]
    assert_close(model.predict_proba(X), [softmax(pair)[1] for pair in raw])
    assert_close(model.predict_log_proba(X), [logarithms(pair)[1] for pair in raw])
    np.testing.assert_array_equal(model.predict(X), X > 0)


@each_dtype
def test_one_class(dtype):
    model = classifier([7, 7], 1, dtype)
    X = np.array(RAW, dtype=dtype)[:, np.newaxis]
    np.testing.assert_array_equal(model.predict(X), 7)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones_like(X))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros_like(X))


def test_the_example_of_old():
    """This was -inf, and 41 % off."""
    model = classifier([0, 1], 1, np.float32)
    log = model.predict_log_proba(np.float32([[-40], [40]]))
    np.testing.assert_allclose(
        log, [[-4.248354e-18, -40], [-40, -4.248354e-18]], rtol=1e-6
    )


@each_dtype
def test_infinite_outputs(dtype):
    X = np.full((2, 2), np.finfo(dtype).max)
    X[1] *= -1
    model = classifier([0, 1], 2, dtype)
    model.coefs_ = [np.full((2, 1), 1, dtype=dtype)]
    np.testing.assert_array_equal(model.decision_function(X), [np.inf, -np.inf])
    np.testing.assert_array_equal(model.predict_proba(X), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(
        model.predict_log_proba(X), [[-np.inf, 0], [0, -np.inf]]
    )
    model = classifier([0, 1, 2], 2, dtype)
    model.coefs_ = [np.array([[1, 0.1, 0], [1, 0.1, 0]], dtype=dtype)]
    np.testing.assert_array_equal(model.predict_proba(X[:1]), [[1, 0, 0]])
    np.testing.assert_array_equal(
        model.predict_log_proba(X[:1]), [[0, -np.inf, -np.inf]]
    )


# ---- losses --------------------------------------------------------------------------


def regressor(loss, dtype, **parameters):
    model = BackpropRegressor(loss, (), alpha=0, **parameters)
    return passing_on(model.initialize(np.zeros((2, 1), dtype=dtype), [1, 2]))


# A formula returns the loss, its slope, and the sizes of what they are differences of.


def of_error(value, slope):
    return lambda z, y: (
        value(z - y),
        slope(z - y),
        abs(value(z - y)),
        abs(slope(z - y)),
    )


def sign(e):
    return (e > 0) - (e < 0)


def huber(e, delta=Decimal("0.5")):
    return e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2)


def poisson(z, y):
    terms = [y * y.ln() if y > 0 else Decimal(0), -y * z, -y, z.exp()]
    return sum(terms), z.exp() - y, sum(map(abs, terms)), z.exp() + y


def gamma(z, y):
    terms = [z, -y.ln(), y * (-z).exp(), Decimal(-1)]
    ratio = y * (-z).exp()
    return sum(terms), 1 - ratio, sum(map(abs, terms)), 1 + ratio


FAR = [(0, 1), (1, 0), (-3, 1e10), (1e18, -1), (2e19, 1), (1e25, 3), (1e-20, 1)]
SMALL = [(1e-20, 0), (0, 1e-18)]
NUMBER_LOSSES = {
    "squared_error": (of_error(lambda e: e * e / 2, lambda e: e), FAR + SMALL),
    "absolute_error": (of_error(abs, sign), FAR + SMALL),
    "huber": (
        of_error(huber, lambda e: max(min(e, Decimal("0.5")), Decimal("-0.5"))),
        FAR + SMALL,
    ),
    "quantile": (
        of_error(
            lambda e: max(e * 3 / 4, -e / 4),
            lambda e: Decimal("0.75") if e > 0 else Decimal("-0.25"),
        ),
        FAR + SMALL,
    ),
    "poisson": (poisson, [(0, 0), (5, 1), (-80, 3), (80, 0), (80, 1e30), (3, 1e20)]),
    "gamma": (gamma, [(0, 1), (5, 1e-3), (-80, 3), (80, 1), (60, 1e30), (-3, 1e20)]),
}
SETTINGS = {"huber": {"huber_delta": 0.5}, "quantile": {"quantile": 0.25}}


@each_dtype
@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_losses_of_numbers_and_their_slopes(loss, dtype):
    formula, pairs = NUMBER_LOSSES[loss]
    model = regressor(loss, dtype, **SETTINGS.get(loss, {}))
    eps = float(np.finfo(dtype).eps)
    for z, y in pairs:
        X, target = np.array([[z]], dtype=dtype), np.array([y], dtype=dtype)
        value, slope, *sizes = map(float, formula(*exact([z, y], dtype)))
        value_, _, (slope_,) = model.loss_and_gradients(X, target)
        np.testing.assert_allclose(value_, value, rtol=0, atol=4 * eps * sizes[0])
        np.testing.assert_allclose(slope_[0], slope, rtol=0, atol=4 * eps * sizes[1])


@each_dtype
@pytest.mark.parametrize("smoothing", [0, 0.25])
def test_log_losses_and_their_slopes(smoothing, dtype):
    """As if probabilities were at least eps and at most 1 - eps."""
    eps = Decimal(float(np.finfo(dtype).eps))
    model = classifier([0, 1], 1, dtype, alpha=0, label_smoothing=smoothing)
    for z, y in [(z, y) for z in RAW for y in (0, 1)]:
        (raw,), share = exact([z], dtype), Decimal(smoothing) / 2
        target = y + (1 - 2 * y) * share
        logs = logarithms([Decimal(0), raw])
        loss = -(1 - target) * logs[0] - target * logs[1]
        loss = min(max(loss, -(1 - eps).ln()), -eps.ln())
        value, _, (slope,) = model.loss_and_gradients(np.array([[z]], dtype=dtype), [y])
        np.testing.assert_allclose(value, float(loss), rtol=4 * float(eps))
        expected = float(softmax([Decimal(0), raw])[1] - target)
        np.testing.assert_allclose(slope[0], expected, rtol=1e-5, atol=2 * float(eps))


@each_dtype
@pytest.mark.parametrize("smoothing", [0, 0.25])
def test_log_losses_of_several_classes_and_their_slopes(smoothing, dtype):
    eps = Decimal(float(np.finfo(dtype).eps))
    model = classifier([0, 1, 2], 3, dtype, alpha=0, label_smoothing=smoothing)
    share = Decimal(smoothing)
    for row, y in [(row, y) for row in ROWS for y in range(3)]:
        raw = exact(row, dtype)
        targets = [share / 3 + (k == y) * (1 - share) for k in range(3)]
        loss = -sum(t * log for t, log in zip(targets, logarithms(raw)))
        loss = min(max(loss, -(1 - eps).ln()), -eps.ln())
        value, _, (slopes,) = model.loss_and_gradients(
            np.array([row], dtype=dtype), [y]
        )
        np.testing.assert_allclose(
            value, float(loss), rtol=4 * float(eps), atol=4 * float(eps)
        )
        expected = [float(p - t) for p, t in zip(softmax(raw), targets)]
        np.testing.assert_allclose(slopes, expected, rtol=1e-5, atol=4 * float(eps))


@each_dtype
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_predictions_of_positive_numbers(loss, dtype):
    model = regressor(loss, dtype)
    z = np.array([z for z in RAW if abs(z) < 1e4], dtype=dtype)
    with np.errstate(over="ignore"):
        predicted = model.predict(z[:, np.newaxis])
    assert_close(predicted, [z.exp() for z in exact(z, dtype)])


@each_dtype
def test_validation_losses_are_those_of_the_outputs(dtype):
    """What is measured after an epoch, here with steps that change nothing."""
    model = BackpropClassifier(
        (),
        alpha=0,
        learning_rate_init=1e-300,
        solver="sgd",
        warm_start=True,
        max_iter=1,
    )
    X = np.array(RAW, dtype=dtype)[:, np.newaxis]
    y = np.arange(len(X)) % 2
    passing_on(model.initialize(X, y))
    with pytest.warns(Warning, match="hasn't converged"):
        model.fit(X, y, X_val=X, y_val=y)
    eps = Decimal(float(np.finfo(dtype).eps))
    losses = [
        min(max(-logarithms([Decimal(0), z])[label], -(1 - eps).ln()), -eps.ln())
        for z, label in zip(exact(X, dtype), y.tolist())
    ]
    expected = float(sum(losses) / len(losses))
    np.testing.assert_allclose(model.history_["validation_loss"][-1], expected)
    np.testing.assert_allclose(model.loss_, expected)
