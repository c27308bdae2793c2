"""scikit-learn's own checks, over both estimators and their options.

An expected failure is named with its reason, and must fail: `strict` below.
"""

import os

import pytest
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    BackpropRegressor,
    BackpropRegressorCV,
)
from sklearn_bp.network import ACTIVATIONS

WEIGHTS = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "a weight is a repeated row only where all rows are in one batch: {reason}"
    )
    for kind in ("dense", "sparse")
}


def weights_differ(reason):
    return {check: text.format(reason=reason) for check, text in WEIGHTS.items()}


SMALL_BATCHES = weights_differ("a repeated row lands in batches of its own")
VALIDATION_SET = weights_differ("copies of a row can be split off for validation")
SEVEN_DIGITS = weights_differ("in float32, only to 7 digits, and the check asks for 7")
FLOAT64_OUTPUT = {"check_regressor_multioutput": "asks for predictions in float64"}
DROPOUT = weights_differ("of a repeated row each copy loses other units")
GOES_ON = (
    "fits twice and compares, and a warm start's second fit goes on from the first"
)
SECOND_FIT = {"check_supervised_y_2d": GOES_ON}
SECOND_FIT_OF_CLASSIFIER = {
    **SECOND_FIT,
    "check_classifiers_multilabel_representation_invariance": GOES_ON,
}
NEGATIVE_TARGETS = {
    "check_regressor_multioutput": (
        "fits negative targets, although the tag positive_only rules them out"
    )
}

# Of very noisy points, 0.87 must be given the class of all the weight.
NOISY = {
    "check_class_weight_classifiers": (
        "training stops, as tol says, when 0.86 of the points have the right class"
    )
}

# parameters, and the checks that must fail for the classifier and the regressor
CONFIGURATIONS = [
    ({}, {}, {}),
    ({"solver": "sgd"}, {}, {}),
    # Without a penalty to speak of, lbfgs reaches probabilities that round to 1; many
    # iterations let differences of rounding outgrow the tolerance of the checks.
    ({"solver": "lbfgs", "alpha": 0.1, "max_iter": 20}, {}, {}),
    ({"activation": "tanh"}, NOISY, {}),
    ({"batch_size": 5}, SMALL_BATCHES, SMALL_BATCHES),
    ({"early_stopping": True}, VALIDATION_SET, VALIDATION_SET),
    (
        {"early_stopping": True, "scoring": None},
        {**VALIDATION_SET, **NOISY},
        VALIDATION_SET,
    ),
    ({"warm_start": True}, SECOND_FIT_OF_CLASSIFIER, SECOND_FIT),
    # A linear model takes larger steps.
    ({"hidden_layer_sizes": (), "learning_rate_init": 0.3}, {}, {}),
    ({"solver": "rprop"}, {}, {}),
    ({"learning_rate": "cosine"}, {}, {}),
    ({"dropout": 0.1}, DROPOUT, DROPOUT),
    ({"dtype": "float32"}, SEVEN_DIGITS, {**SEVEN_DIGITS, **FLOAT64_OUTPUT}),
]

ESTIMATORS = {}
for settings, classifier_failures, regressor_failures in CONFIGURATIONS:
    ESTIMATORS[BackpropClassifier(**settings)] = classifier_failures
    ESTIMATORS[BackpropRegressor(**settings)] = regressor_failures
ESTIMATORS[BackpropClassifier(class_weight="balanced")] = {}
ESTIMATORS[BackpropRegressor(loss="absolute_error", learning_rate_init=0.05)] = {}
for loss in ("poisson", "gamma"):
    ESTIMATORS[BackpropRegressor(loss=loss, learning_rate_init=0.05)] = NEGATIVE_TARGETS

# Enough for the checks, and for settings to be given up.
SMALL_GRID = {"alphas": (0.001, 1.0), "hidden_layer_sizes": ((10,), (30,))}
ESTIMATORS[BackpropClassifierCV(**SMALL_GRID, max_iter=50)] = {}
ESTIMATORS[BackpropRegressorCV(**SMALL_GRID, max_iter=50)] = {}
ESTIMATORS[BackpropClassifierCV(**SMALL_GRID, max_iter=50, keep="folds")] = {}
ESTIMATORS[BackpropRegressorCV(**SMALL_GRID, max_iter=50, keep="folds")] = {}

# These enter the numbers that a network computes, and nothing of what is done around
# them.
IN_NUMBERS_ALONE = [
    cls(**settings)
    for settings in (
        *({"activation": name} for name in ACTIVATIONS if name not in ("relu", "tanh")),
        {"solver": "adamw"},
        {"solver": "rmsprop"},
        {"batch_size": "full"},
        {"penalty_scaling": "dataset"},
        {"max_grad_norm": 1.0, "initializer": "he_normal"},
    )
    for cls in (BackpropClassifier, BackpropRegressor)
]
IN_NUMBERS_ALONE.append(BackpropClassifier(label_smoothing=0.1))
for loss in ("huber", "quantile"):
    IN_NUMBERS_ALONE.append(BackpropRegressor(loss=loss, learning_rate_init=0.05))
# The checks that look at them.
CHECKS_OF_NUMBERS = {
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_estimators_dtypes",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_regressors_train",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}


def checks_of_numbers():
    for estimator in IN_NUMBERS_ALONE:
        for _, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            is_of_memory_maps = check.keywords == {"readonly_memmap": True}
            if name in CHECKS_OF_NUMBERS and not is_of_memory_maps:
                yield pytest.param(estimator, check, id=f"{estimator}-{name}")


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_array_api_checks_are_on():
    assert os.environ.get("SCIPY_ARRAY_API") == "1"


@parametrize_with_checks(
    list(ESTIMATORS), expected_failed_checks=lambda estimator: ESTIMATORS[estimator]
)
def test_sklearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("estimator", "check"), list(checks_of_numbers()))
def test_sklearn_check_of_numbers(estimator, check):
    check(estimator)


def test_each_check_of_numbers_is_found():
    found = {case.id.rpartition("-")[2] for case in checks_of_numbers()}
    assert found == CHECKS_OF_NUMBERS


@pytest.mark.parametrize("estimator", [BackpropClassifier(), BackpropRegressor()])
def test_html_representation_names_the_estimator(estimator):
    assert type(estimator).__name__ in estimator._repr_html_()
