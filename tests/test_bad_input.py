"""Wrong arguments: an error that names the culprit, before anything has changed."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
    epoch_curve,
    overfitting_study,
)

X = np.random.RandomState(0).normal(size=(40, 3))
Y_CLASSES = np.arange(40) % 3
Y_NUMBERS = X[:, 0] * 2

BOTH = [(BackpropClassifier, Y_CLASSES), (BackpropRegressor, Y_NUMBERS)]
both = pytest.mark.parametrize(("estimator", "y"), BOTH)

WRONG_PARAMETERS = [
    ("hidden_layer_sizes", 0),
    ("hidden_layer_sizes", (10, 0)),
    ("hidden_layer_sizes", (10, -1)),
    ("hidden_layer_sizes", (10.5,)),
    ("hidden_layer_sizes", ("ten",)),
    ("hidden_layer_sizes", ((10,), (5,))),
    ("hidden_layer_sizes", None),
    ("hidden_layer_sizes", np.array(2)),
    ("activation", "sigmoid"),
    ("activation", None),
    ("activation", ["relu", "tanh"]),
    ("activation", ["sigmoid"]),
    ("activation", [["relu"]]),
    ("solver", "newton"),
    ("alpha", -1e-9),
    ("alpha", "0.1"),
    ("alpha", np.nan),
    ("batch_size", 0),
    ("batch_size", 2.5),
    ("batch_size", "half"),
    ("learning_rate", "linear"),
    ("learning_rate", None),
    ("learning_rate_init", 0),
    ("learning_rate_init", -1),
    ("power_t", -1),
    ("max_iter", 0),
    ("max_iter", 1.5),
    ("shuffle", "yes"),
    ("random_state", "seed"),
    ("tol", -1e-3),
    ("verbose", -1),
    ("warm_start", None),
    ("momentum", 1.1),
    ("momentum", -0.1),
    ("nesterovs_momentum", "no"),
    ("early_stopping", "auto"),
    ("validation_fraction", 1.0),
    ("validation_fraction", -0.1),
    ("beta_1", 1.0),
    ("beta_2", -0.5),
    ("epsilon", 0),
    ("n_iter_no_change", 0),
    ("n_iter_no_change", 2.5),
    ("max_fun", 0),
    ("scoring", 1),
    ("penalty_scaling", "epoch"),
    ("dropout", 1.0),
    ("dropout", -0.1),
    ("dropout", [0.1, 0.1]),
    ("dropout", [1.0]),
    ("dropout", ["half"]),
    ("max_grad_norm", 0),
    ("max_grad_norm", np.nan),
    ("initializer", "xavier"),
    ("initializer", None),
    ("rho", 1.0),
    ("rho", -0.1),
    ("dtype", "int32"),
    ("dtype", np.float16),
    ("dtype", 32),
]


def fit_error(model, *args, **kwargs):
    """The error that fit raises; the estimator must be as it was before."""
    before = vars(model).copy()
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit(*args, **kwargs)
    assert vars(model) == before
    return str(error.value)


WRONG_OF_CLASSIFIER = [
    ("class_weight", "equal"),
    ("class_weight", 2),
    ("class_weight", {0: -1}),
    ("class_weight", {0: np.inf}),
    ("class_weight", {0: 10**400}),
    ("class_weight", {0: "heavy"}),
    ("class_weight", {0: [1, 2]}),
    ("class_weight", [{0: 1, 1: 1}]),
    ("label_smoothing", 1.0),
    ("label_smoothing", -0.1),
]
WRONG_OF_REGRESSOR = [
    ("loss", "hinge"),
    ("loss", "log_loss"),
    ("huber_delta", 0),
    ("quantile", 0.0),
    ("quantile", 1.0),
]
WRONG = [
    *[(cls, y, *wrong) for cls, y in BOTH for wrong in WRONG_PARAMETERS],
    *[(BackpropClassifier, Y_CLASSES, *wrong) for wrong in WRONG_OF_CLASSIFIER],
    *[(BackpropRegressor, Y_NUMBERS, *wrong) for wrong in WRONG_OF_REGRESSOR],
]


@pytest.mark.parametrize(("estimator", "y", "name", "value"), WRONG)
def test_wrong_parameter_is_named_with_what_is_required(estimator, y, name, value):
    message = fit_error(estimator(**{name: value}), X, y)
    assert name in message
    assert "must be" in message
    assert repr(value) in message or str(value) in message


def test_every_parameter_has_a_wrong_value_in_the_list():
    for cls in (BackpropClassifier, BackpropRegressor):
        names = {name for estimator, _, name, _ in WRONG if estimator is cls}
        assert names == set(cls().get_params())


TOO_LARGE = [
    (estimator, y, name)
    for estimator, y in BOTH
    for name in (
        *("alpha", "learning_rate_init", "power_t", "tol", "epsilon", "max_grad_norm"),
        *(["huber_delta"] if estimator is BackpropRegressor else []),
    )
]


@pytest.mark.parametrize(("estimator", "y", "name"), TOO_LARGE)
@pytest.mark.parametrize("value", [10**400, np.longdouble("1e4000")], ids=type)
def test_a_number_that_no_float_can_hold(estimator, y, name, value):
    message = fit_error(estimator(**{name: value}), X, y)
    assert f"The {name!r} parameter" in message


# For these, partial_fit is not there at all.
CHECKED_LATE = [
    wrong
    for wrong in WRONG
    if wrong[2] != "early_stopping" and wrong[2:] != ("solver", "newton")
]


@pytest.mark.parametrize(("estimator", "y", "name", "value"), CHECKED_LATE)
def test_a_parameter_that_becomes_wrong_after_training(estimator, y, name, value):
    classes = {"classes": [0, 1, 2]} if y is Y_CLASSES else {}
    model = estimator(hidden_layer_sizes=(2,)).partial_fit(X, y, **classes)
    model.partial_fit(X, y).set_params(**{name: value})
    before = vars(model).copy()
    with pytest.raises((ValueError, TypeError), match=name):
        model.partial_fit(X, y)
    if name not in ("hidden_layer_sizes", "activation", "dropout", "dtype"):
        with pytest.raises((ValueError, TypeError), match=name):
            model.loss_and_gradients(X, y)
    assert vars(model) == before


def test_predictions_do_not_depend_on_parameters_of_training():
    model = BackpropRegressor(hidden_layer_sizes=(2,)).partial_fit(X, Y_NUMBERS)
    before = model.predict(X)
    np.testing.assert_array_equal(model.set_params(loss=["huber"]).predict(X), before)


@both
def test_a_solver_that_is_no_name(estimator, y):
    classes = {"classes": [0, 1, 2]} if y is Y_CLASSES else {}
    with pytest.raises(ValueError, match="The 'solver' parameter"):
        estimator(solver=["adam"]).partial_fit(X, y, **classes)


@pytest.mark.parametrize("label", ["a", (0, 1), None, np.nan])
def test_class_weight_of_what_is_no_label(label):
    for y in (Y_CLASSES, Y_CLASSES.astype(float), Y_CLASSES.astype(str)):
        message = fit_error(BackpropClassifier(class_weight={label: 2.0}), X, y)
        assert "which are not among the classes" in message


def test_class_weight_of_a_class_that_is_none():
    message = fit_error(BackpropClassifier(class_weight={7: 2.0}), X, Y_CLASSES)
    assert "weights for [7], which are not among the classes" in message


@both
@pytest.mark.parametrize("scoring", ["no_such_scorer", ""])
def test_unknown_scorer(estimator, y, scoring):
    model = estimator(early_stopping=True, scoring=scoring)
    assert "scoring" in fit_error(model, X, y)


def test_a_scorer_of_other_estimators():
    model = BackpropRegressor(early_stopping=True, scoring="roc_auc")
    message = fit_error(model, X, Y_NUMBERS > 0)
    assert "roc_auc_score" in message
    assert "is for other estimators" in message


@both
@pytest.mark.parametrize("score", [None, "good", [0.5, 1.0]])
def test_a_scorer_that_returns_no_number(estimator, y, score):
    model = estimator(early_stopping=True, scoring=lambda model, X, y: score)
    assert "must return one number, got" in fit_error(model, X, y)


@both
def test_a_scorer_that_takes_no_weights(estimator, y):
    model = estimator(early_stopping=True, scoring=lambda model, X, y: 0.0)
    message = fit_error(model, X, y, sample_weight=np.ones(40))
    assert "parameter sample_weight" in message


@both
def test_dropout_with_lbfgs(estimator, y):
    message = fit_error(estimator(solver="lbfgs", dropout=0.5), X, y)
    assert "Set dropout=0 or solver to one of" in message


@both
def test_rprop_in_batches(estimator, y):
    message = fit_error(estimator(solver="rprop", batch_size=10), X, y)
    assert "batch_size must be 'full' or 'auto', got 10" in message


@both
@pytest.mark.parametrize("factor", [-1, np.nan, None, "1"])
def test_a_schedule_that_returns_no_factor(estimator, y, factor):
    model = estimator(learning_rate=lambda progress: factor)
    assert "learning_rate must return a factor >= 0" in fit_error(model, X, y)


@both
@pytest.mark.parametrize(
    "weights", [np.ones((2, 2)), None, "a", [[1.0], [1.0, 2.0]]], ids=str
)
def test_an_initializer_of_the_wrong_shape(estimator, y, weights):
    model = estimator(initializer=lambda shape, rng: weights)
    assert "initializer must return" in fit_error(model, X, y)


@both
def test_validation_data(estimator, y):
    good = {"X_val": X[:5], "y_val": y[:5]}
    for change, culprit in (
        ({"X_val": None}, "belong together"),
        ({"y_val": None}, "belong together"),
        ({"X_val": None, "y_val": None, "sample_weight_val": [1.0]}, "belong together"),
        ({"X_val": X[:4]}, "X_val or y_val is not valid: Found input variables with"),
        ({"X_val": X[:5, :2]}, "X_val or y_val is not valid: X has 2 features"),
        ({"X_val": np.full((5, 3), np.nan)}, "X_val or y_val is not valid: Input X"),
        ({"y_val": np.full(5, np.nan)}, "X_val or y_val is not valid: Input y"),
        ({"sample_weight_val": np.ones(4)}, "sample_weight_val.shape == (4,)"),
        ({"sample_weight_val": -np.ones(5)}, "Negative values in sample_weight_val"),
        ({"sample_weight_val": np.zeros(5)}, "validation set are all zero"),
    ):
        assert culprit in fit_error(estimator(), X, y, **{**good, **change})


def test_validation_data_with_unknown_classes():
    message = fit_error(
        BackpropClassifier(), X, Y_CLASSES, X_val=X[:3], y_val=[0, 1, 9]
    )
    assert "X_val or y_val is not valid: `y` has classes not in" in message


def test_targets_of_gamma_are_positive():
    model = BackpropRegressor(loss="gamma")
    assert "they must be > 0" in fit_error(model, X, np.arange(40.0))


@both
def test_hidden_activations_of_a_layer_that_is_not_there(estimator, y):
    model = estimator(hidden_layer_sizes=(5, 4), max_iter=300).fit(X, y)
    for layer in (2, -3, 0.5):
        with pytest.raises(ValueError, match=f"from -2 to 1, got {layer}"):
            model.hidden_activations(X, layer)


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_numbers(estimator, y, bad):
    X_bad = X.copy()
    X_bad[3, 1] = bad
    assert "Input X contains" in fit_error(estimator(), X_bad, y)
    y_bad = y.astype(float)
    y_bad[3] = bad
    assert "Input y contains" in fit_error(estimator(), X, y_bad)
    weight = np.ones(40)
    weight[3] = bad
    message = fit_error(estimator(), X, y, sample_weight=weight)
    assert "Input sample_weight contains" in message
    model = estimator(max_iter=300).fit(X, y)
    with pytest.raises(ValueError, match="Input X contains"):
        model.predict(X_bad)


MISSING = {
    "None": lambda y: [None, *y[1:]],
    "None in an array": lambda y: np.array([None, *y[1:]], dtype=object),
    "NaN in an array of objects": lambda y: np.array([np.nan, *y[1:]], dtype=object),
    "None in a series": lambda y: pd.Series([None, *y[1:]], dtype=object),
    "NA": lambda y: pd.Series([pd.NA, *y[1:]], dtype=object),
    "NA of a type": lambda y: pd.Series([pd.NA, *y[1:]], dtype="Float64"),
    "None in a column": lambda y: [[1, None]] + [[0, 1]] * (len(y) - 1),
}


def ways_in(estimator, y, good):
    """All that takes targets: `y` is wrong, `good` is not."""
    settings = {"hidden_layer_sizes": (3,), "max_iter": 2}
    going_on = estimator(warm_start=True, **settings).fit(X, good)
    model = estimator(**settings)
    pipeline = make_pipeline(StandardScaler(), model)
    is_classifier = estimator is BackpropClassifier
    cv = BackpropClassifierCV if is_classifier else BackpropRegressorCV
    yield lambda: model.fit(X, y)
    yield lambda: model.fit(X, good, X_val=X, y_val=y)
    classes = {"classes": [0, 1, 2]} if is_classifier else {}
    yield lambda: model.partial_fit(X, y, **classes)
    yield lambda: model.initialize(X, y)
    yield lambda: going_on.fit(X, y)
    yield lambda: going_on.loss_and_gradients(X, y)
    yield lambda: epoch_curve(model, X, y, cv=2)
    yield lambda: overfitting_study(pipeline, X, y, {}, cv=2)
    yield lambda: cv(model, max_iter=2, cv=2).fit(X, y)


@both
@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_missing_target_is_called_so(estimator, y, kind):
    for call in ways_in(estimator, MISSING[kind](y), y):
        with pytest.raises(ValueError, match=r"Input y contains NaN"):
            call()


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_infinite_target_among_objects_is_called_so(bad):
    y = np.array([bad, *Y_NUMBERS[1:]], dtype=object)
    for call in ways_in(BackpropRegressor, y, Y_NUMBERS):
        with pytest.raises(ValueError, match="Input y contains infinity"):
            call()


def test_targets_are_looked_at_even_where_scikit_learn_assumes_finite_ones():
    for bad, what in ((np.nan, "NaN"), (np.inf, "infinity")):
        with sklearn.config_context(assume_finite=True):
            message = fit_error(BackpropRegressor(), X, [bad, *Y_NUMBERS[1:]])
        assert message == f"Input y contains {what}."


def test_integers_that_no_float_can_hold():
    message = fit_error(BackpropRegressor(), X, [10**400, *Y_NUMBERS[1:]])
    assert "X or y contains a number too large for float64" in message


@both
def test_sample_weights(estimator, y):
    for weight, culprit in (
        (np.ones(39), "expected (40,)"),
        (np.ones((40, 2)), "1D"),
        (-np.ones(40), "Negative values in sample_weight"),
        (np.zeros(40), "are all zero"),
        (0.0, "are all zero"),
        (["heavy"] * 40, "could not convert"),
        (10**400, "sample_weight contains a number too large"),
        ([10**400] * 40, "sample_weight contains a number too large"),
    ):
        assert culprit in fit_error(estimator(), X, y, sample_weight=weight)


@both
def test_sample_weights_of_a_validation_set(estimator, y):
    weight = np.zeros(40)
    weight[0] = 1
    for seed in range(4):  # whichever side of the split row 0 is on
        message = fit_error(
            estimator(early_stopping=True, random_state=seed), X, y, weight
        )
        assert "set are all zero" in message


@both
def test_empty_and_misshapen_data(estimator, y):
    for bad_X, bad_y, culprit in (
        (X[:0], y[:0], "0 sample(s)"),
        (X[:, :0], y, "0 feature(s)"),
        (X[:, 0], y, "Expected 2D array"),
        (X, y[:-1], "inconsistent numbers of samples"),
        (X, None, "requires y to be passed"),
        (X.astype(complex), y, "Complex data not supported"),
        ([["a", "b"]] * 40, y, "could not convert"),
        ([[10**400]] * 40, y, "X or y contains a number too large"),
    ):
        assert culprit in fit_error(estimator(), bad_X, bad_y)


@both
def test_too_large_for_float32(estimator, y):
    message = fit_error(estimator(dtype="float32"), X * 1e300, y)
    assert "too large for dtype('float32')" in message


@both
def test_a_feature_too_large_for_a_float(estimator, y):
    model = estimator(hidden_layer_sizes=(2,), max_iter=300).fit(X, y)
    with pytest.raises(ValueError, match="X contains a number too large for float64"):
        model.predict([[10**400, 1, 2]])


def test_targets_too_large_for_float32():
    message = fit_error(BackpropRegressor(dtype="float32"), X, Y_NUMBERS * 1e300)
    assert "y contains a value too large for float32" in message


@both
def test_validation_set(estimator, y):
    model = estimator(early_stopping=True, validation_fraction=0)
    assert "validation_fraction must be > 0" in fit_error(model, X, y)


@both
def test_a_feature_count_that_changed(estimator, y):
    model = estimator(max_iter=300).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        model.predict(X[:, :2])
    before = vars(model).copy()
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        model.partial_fit(X[:, :2], y)
    assert vars(model) == before


@both
@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_prediction_before_fit(estimator, y, method):
    if hasattr(estimator, method):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            getattr(estimator(), method)(X)


@both
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"solver": "lbfgs"}, "lbfgs is not stochastic"),
        ({"early_stopping": True}, "does not support early_stopping=True"),
    ],
)
def test_partial_fit_that_is_not_available_says_why(estimator, y, setting, reason):
    model = estimator(**setting)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as error:
        model.partial_fit(X, y)
    assert reason in str(error.value.__cause__)


@both
def test_clipped_batch_size_warns(estimator, y):
    with pytest.warns(UserWarning, match=r"larger than sample size \(50 > 40\)"):
        estimator(batch_size=50, max_iter=300).fit(X, y)


# ---- classifiers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "culprit"),
    [
        (Y_NUMBERS, "Unknown label type"),
        (np.column_stack([Y_CLASSES, Y_CLASSES]), "MultiOutputClassifier"),
    ],
)
def test_targets_that_are_no_labels(y, culprit):
    assert culprit in fit_error(BackpropClassifier(), X, y)


def test_classes_of_partial_fit():
    model = BackpropClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, Y_CLASSES)
    with pytest.raises(ValueError, match=r"not in `self.classes_`: \[2\]"):
        model.partial_fit(X, Y_CLASSES, classes=[0, 1])
    assert not hasattr(model, "classes_")
    model.partial_fit(X, Y_CLASSES, classes=[0, 1, 2])
    before = vars(model).copy()
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y_CLASSES, classes=[0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"not in `self.classes_`: \[7\]"):
        model.partial_fit(X, np.where(Y_CLASSES == 0, 7, Y_CLASSES))
    with pytest.raises(ValueError, match=r"was trained for one label per sample"):
        model.partial_fit(X, np.eye(3, dtype=int)[Y_CLASSES])
    assert vars(model) == before


@pytest.mark.parametrize(
    "classes",
    [0, "ab", [], {0, 1}, [None, 1], [0, np.nan], ["a", 1], [0.5, 1], [[0], [1, 2]]],
    ids=str,
)
def test_classes_that_are_no_labels(classes):
    model = BackpropClassifier()
    with pytest.raises(ValueError, match="classes must be an array of class labels"):
        model.partial_fit(X, Y_CLASSES, classes=classes)
    assert not hasattr(model, "classes_")
    model.partial_fit(X, Y_CLASSES, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be an array of class labels"):
        model.partial_fit(X, Y_CLASSES, classes=classes)


def test_multilabel_targets_of_another_width():
    indicators = np.eye(3, dtype=int)[Y_CLASSES]
    model = BackpropClassifier().partial_fit(X, indicators)
    for bad in (indicators[:, :2], Y_CLASSES):
        with pytest.raises(ValueError, match="trained for indicators of 3 labels"):
            model.partial_fit(X, bad)


def test_classes_of_multilabel_targets_are_their_columns():
    indicators = np.eye(3, dtype=int)[Y_CLASSES]
    model = BackpropClassifier()
    with pytest.raises(ValueError, match="the columns of y in a multilabel problem"):
        model.partial_fit(X, indicators, classes=[0, 1])
    model.partial_fit(X, indicators, classes=[0, 1, 2])


@both
def test_warm_start_in_another_type(estimator, y):
    model = estimator(warm_start=True, max_iter=300).fit(X, y)
    model.set_params(dtype="float32")
    before = vars(model).copy()
    with pytest.raises(ValueError, match="computes in float64, but dtype asks for"):
        model.fit(X, y)
    assert vars(model) == before


@pytest.mark.parametrize("y", [[None] * 40, [None, 1] * 20, np.full(40, None)])
def test_warm_start_with_labels_that_are_none(y):
    model = BackpropClassifier((2,), max_iter=300, warm_start=True).fit(X, Y_CLASSES)
    with pytest.raises(ValueError, match=r"y contains NaN|Unknown label type"):
        model.fit(X, y)


def test_warm_start_with_other_classes():
    model = BackpropClassifier(warm_start=True, max_iter=300).fit(X, Y_CLASSES)
    with pytest.raises(ValueError, match=r"Previously got \[0 1 2\], `y` has \[0 1\]"):
        model.fit(X, Y_CLASSES % 2)


# ---- regressors ----------------------------------------------------------------


def test_sparse_targets_of_a_regressor():
    message = fit_error(BackpropRegressor(), X, sp.csr_matrix(np.ones((40, 2))))
    assert "y must hold numbers in an array, got csr_matrix" in message


@pytest.mark.parametrize(
    "y", [["a"] * 40, np.array(["1.5"] * 40), np.array(["x"] * 40, dtype=object)]
)
def test_text_targets_of_a_regressor(y):
    message = fit_error(BackpropRegressor(), X, y)
    assert "y must hold numbers" in message or "could not convert" in message


def test_negative_targets_of_poisson():
    message = fit_error(BackpropRegressor(loss="poisson"), X, Y_NUMBERS)
    assert "out of the valid range of loss='poisson': they must be >= 0" in message


def test_another_number_of_targets():
    model = BackpropRegressor(warm_start=True, max_iter=300).fit(X, Y_NUMBERS)
    with pytest.raises(ValueError, match="y has 2 targets, but the network was"):
        model.fit(X, np.column_stack([Y_NUMBERS, Y_NUMBERS]))


def unaligned(array):
    """The same numbers, a byte away from where they belong."""
    buffer = bytearray(array.nbytes + 1)
    copy = np.frombuffer(buffer, array.dtype, offset=1).reshape(array.shape)
    copy.flags.writeable = True
    copy[...] = array
    assert not copy.flags.aligned
    return copy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_data_that_are_not_aligned(is_sparse, dtype):
    rng = np.random.RandomState(0)
    data, y = rng.normal(size=(20, 3)).astype(dtype), rng.normal(size=20).astype(dtype)
    weight = rng.random_sample(20)
    odd = unaligned(data)
    if is_sparse:
        data = sp.csr_matrix(data)
        odd = data.copy()
        odd.data, odd.indices = unaligned(data.data), unaligned(data.indices)
    model = BackpropRegressor(max_iter=2, random_state=0).fit(data, y, weight)
    other = clone(model).fit(odd, unaligned(y), unaligned(weight))
    np.testing.assert_array_equal(other.predict(odd), model.predict(data))
    np.testing.assert_array_equal(other.coefs_[0], model.coefs_[0])
