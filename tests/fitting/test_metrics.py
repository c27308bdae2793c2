"""scikit-learn's metrics in bulk, against its own scorers, applied to estimators one by
one."""

import warnings
from inspect import signature
from itertools import product

import numpy as np
import pytest
from sklearn import metrics
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropRegressor, epoch_curve
from sklearn_bp.engine import get_engine
from sklearn_bp.fitting import (
    Measure,
    Training,
    check_samples,
    is_in_bulk,
    shown_copy,
)
from sklearn_bp.fitting._metrics import Outputs, Truth, _outputs, bulk_metric
from sklearn_bp.utils import metric_of, scorer_of_classes

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N_ROWS = 36
RNG = np.random.RandomState(0)
X = np.round(RNG.normal(size=(N_ROWS, 3)), 1)
X[24:] = X[:12]  # equal rows have equal scores
NOISY = X[:, 0] + 0.5 * RNG.normal(size=N_ROWS)
WEIGHT = RNG.randint(0, 3, N_ROWS) + RNG.uniform(size=N_ROWS)
WEIGHT[::7] = 0
OF_CLASSES = {
    "binary": (NOISY > 0).astype(int),
    "text": np.array(["n", "p"])[(NOISY > 0.4).astype(int)],
    "multiclass": np.digitize(NOISY, [-0.5, 0, 0.7]),
    "multilabel": np.column_stack([NOISY > 0, X[:, 1] > 0, X[:, 2] > 0.5]).astype(int),
}
OF_NUMBERS = {
    "one target": np.exp(NOISY),
    "several targets": np.exp(np.column_stack([NOISY, X[:, 1] + 1])),
}
N_NETWORKS = 4
CLUSTERING = {
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "completeness_score",
    "fowlkes_mallows_score",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "rand_score",
    "v_measure_score",
}
NAMES = sorted(set(get_scorer_names()) - CLUSTERING)
if "replace_undefined_by" not in signature(metrics.class_likelihood_ratios).parameters:
    # scikit-learn 1.6, where they are NaN if they are undefined, as is found by asking
    NAMES = [name for name in NAMES if "likelihood_ratio" not in name]


def loss_of(metric, **keywords):
    return make_scorer(metric, greater_is_better=False, **keywords)


def of_probabilities(metric, **keywords):
    return make_scorer(metric, response_method="predict_proba", **keywords)


MADE = [
    make_scorer(metrics.accuracy_score, normalize=False),
    make_scorer(metrics.balanced_accuracy_score, adjusted=True),
    make_scorer(metrics.f1_score, pos_label="n"),
    make_scorer(metrics.f1_score, average="macro", labels=[2, 0]),
    make_scorer(metrics.fbeta_score, beta=2, average="weighted"),
    make_scorer(metrics.precision_score, average="macro", zero_division=1),
    make_scorer(metrics.precision_score, average="macro", zero_division=np.nan),
    make_scorer(metrics.precision_score, average="samples", zero_division=np.nan),
    make_scorer(metrics.recall_score, average="micro", labels=[1, 2]),
    make_scorer(metrics.jaccard_score, average="weighted", zero_division=0),
    of_probabilities(metrics.log_loss, normalize=False),
    of_probabilities(metrics.brier_score_loss, pos_label=0),
    of_probabilities(metrics.roc_auc_score, multi_class="ovr", average="micro"),
    *(
        make_scorer(metric, response_method=method, average=average)
        for metric in (metrics.roc_auc_score, metrics.average_precision_score)
        for average in ("micro", "macro", "weighted", "samples")
        for method in ("decision_function", "predict_proba")
    ),
    *(
        make_scorer(
            metrics.average_precision_score, response_method=method, pos_label=label
        )
        for method in ("decision_function", "predict_proba")
        for label in (0, "n")
    ),
    *(of_probabilities(metrics.top_k_accuracy_score, k=k) for k in (1, 3)),
    make_scorer(metrics.top_k_accuracy_score, response_method="decision_function", k=1),
    of_probabilities(metrics.top_k_accuracy_score, normalize=False),
    *(loss_of(metrics.mean_pinball_loss, alpha=alpha) for alpha in (0.1, 0.5)),
    *(loss_of(metrics.mean_tweedie_deviance, power=p) for p in (-1, 0, 1, 1.5, 2, 3)),
    *(make_scorer(metrics.d2_tweedie_score, power=power) for power in (0, 1, 1.5)),
    *(make_scorer(metrics.d2_pinball_score, alpha=alpha) for alpha in (0.2, 0.5)),
    loss_of(metrics.root_mean_squared_error, multioutput=[0.3, 0.7]),
    make_scorer(metrics.r2_score, multioutput="variance_weighted"),
    make_scorer(metrics.r2_score, multioutput=[1, 2], force_finite=False),
    make_scorer(metrics.explained_variance_score, multioutput="variance_weighted"),
    loss_of(metrics.median_absolute_error, multioutput=[1, 3]),
]
if hasattr(metrics, "d2_brier_score"):  # scikit-learn 1.8
    MADE += [
        of_probabilities(metrics.brier_score_loss, scale_by_half=False),
        of_probabilities(metrics.d2_brier_score, pos_label="n"),
    ]


def prepared(y, *, dtype="float64", weight=None, rows=None, **parameters):
    """A training and all its rows, or some as given; the first network there has the
    same outputs for all rows, the last ones outputs that are certain."""
    kind = BackpropRegressor if y.dtype == float else BackpropClassifier
    model = kind(hidden_layer_sizes=(5,), random_state=0, dtype=dtype, **parameters)
    targets, samples = check_samples(model, X, y, weight)
    training = Training(model, targets, samples, is_alone=False)
    training.prepare()
    theta = training.state.theta
    noise = np.random.RandomState(1).normal(size=(N_NETWORKS, theta.size))
    thetas = (noise * np.array([[0, 0.3, 1, 50]]).T).astype(theta.dtype)
    return training, samples.part(rows), thetas


def as_scikit_learn(training, part, thetas, scorer):
    """The scores of estimators, NaN where the scorer fails."""
    weight = {} if part.sample_weight is None else {"sample_weight": part.sample_weight}
    if training.targets.labels is not None:
        scorer = scorer_of_classes(scorer, training.targets.labels)
    scores = []
    for theta in thetas:
        outcome = training.outcome_so_far(theta, n_iter=1)
        model = shown_copy(training.estimator, outcome)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                scores.append(scorer(model, part.given_X, part.given_y, **weight))
            except Exception:
                scores.append(np.nan)
    return np.array(scores)


def in_bulk(training, part, thetas, scorer):
    """The same by this package, or None if the scorer has to be called."""
    network = training.state.network
    truth = Truth(training.targets, network.loss, part)
    metric = bulk_metric(scorer, truth, training.estimator)
    if metric is None:
        return None
    samples = part.samples
    evaluation = training.engine.evaluate(
        network, thetas, samples.X, samples.y, part.rows, with_winners=True
    )
    return metric(Outputs(truth, evaluation))[0]


def assert_equal(scores, expected, dtype):
    """To rounding: of float64's, and of float32's logarithms and sums of those."""
    rtol, atol = (1e-10, 1e-12) if dtype == "float64" else (1e-5, 1e-5)
    np.testing.assert_allclose(scores, expected, rtol=rtol, atol=atol)


def check_all_problems(scorer):
    """Returns the kinds of problems for which a scorer is computed in bulk."""
    kinds = set()
    for kind, y in {**OF_CLASSES, **OF_NUMBERS}.items():
        for dtype in ("float64", "float32"):
            for weight in (None, WEIGHT):
                if weight is not None and not takes_weight(scorer):
                    continue
                loss = {"loss": "poisson"} if kind == "one target" else {}
                case = prepared(y, dtype=dtype, weight=weight, **loss)
                scores = in_bulk(*case, scorer)
                if scores is not None:
                    assert_equal(scores, as_scikit_learn(*case, scorer), dtype)
                    kinds.add(kind)
    return kinds


def takes_weight(scorer):
    return "sample_weight" in signature(metric_of(scorer)).parameters


@pytest.mark.parametrize("name", NAMES)
def test_named_scorers(name):
    kinds = check_all_problems(get_scorer(name))
    assert is_in_bulk(get_scorer(name))
    assert kinds, "it was called"


@pytest.mark.parametrize("scorer", MADE, ids=str)
def test_scorers_with_keywords(scorer):
    assert check_all_problems(scorer), "it was called"


def test_what_is_computed_for_which_problem():
    def kinds(name):
        return {
            kind
            for kind, y in {**OF_CLASSES, **OF_NUMBERS}.items()
            if in_bulk(*prepared(y), get_scorer(name)) is not None
        }

    single = {"binary", "text", "multiclass"}
    assert kinds("accuracy") == {*single, "multilabel"}
    assert kinds("f1") == {"binary"}  # the label 1
    assert kinds("f1_macro") == {*single, "multilabel"}
    assert kinds("f1_samples") == {"multilabel"}
    assert kinds("neg_log_loss") == kinds("matthews_corrcoef") == single
    assert kinds("roc_auc") == {"binary", "text", "multilabel"}
    assert kinds("roc_auc_ovo") == {*single, "multilabel"}
    assert kinds("average_precision") == {"binary", "multiclass", "multilabel"}
    assert kinds("top_k_accuracy") == single
    assert kinds("r2") == kinds("neg_median_absolute_error") == set(OF_NUMBERS)
    assert kinds("neg_max_error") == {"one target"}
    assert not any(is_in_bulk(get_scorer(name)) for name in CLUSTERING)


@pytest.mark.parametrize("name", NAMES)
def test_rows_without_a_class(name):
    """Classes that do not occur, or only with a weight of zero, or alone."""
    scorer, y = get_scorer(name), OF_CLASSES["multiclass"]
    weights = [None]
    if takes_weight(scorer):
        weights.append(np.where(y == 0, 0, WEIGHT + 0.5))
    for weight, (problem, keep) in product(
        weights,
        (
            (y, y != 2),
            (y, y < 2),
            (y, y == 1),
            (OF_CLASSES["binary"], OF_CLASSES["binary"] == 1),
        ),
    ):
        case = prepared(problem, weight=weight, rows=np.flatnonzero(keep))
        scores = in_bulk(*case, scorer)
        if scores is not None:
            assert_equal(scores, as_scikit_learn(*case, scorer), "float64")


@pytest.mark.parametrize("name", [name for name in NAMES if "log_loss" in name])
def test_log_losses_of_networks_with_smoothed_labels(name):
    case = prepared(OF_CLASSES["multiclass"], label_smoothing=0.2)
    scores, scorer = in_bulk(*case, get_scorer(name)), get_scorer(name)
    assert_equal(scores, as_scikit_learn(*case, scorer), "float64")


@pytest.mark.parametrize("name", NAMES)
def test_targets_of_which_one_is_constant(name):
    y = np.column_stack([np.ones(N_ROWS), OF_NUMBERS["one target"]])
    for metric in (get_scorer(name), *(s for s in MADE if name == "r2")):
        case = prepared(y)
        scores = in_bulk(*case, metric)
        if scores is not None:
            assert_equal(scores, as_scikit_learn(*case, metric), "float64")


# ---- what is left to scikit-learn ----------------------------------------------------


def called(scorer, y=None):
    """The same scorer as other people's function, about which nothing is known. It is
    told the classes, if there are targets."""
    if y is not None and y.ndim == 1:
        scorer = scorer_of_classes(scorer, np.unique(y))
    return lambda model, X, y, **weight: scorer(model, X, y, **weight)


def outcomes(scorer, y, rows=None, filter="always", **parameters):
    """Scores of a measure, and the errors and warnings that it has led to."""
    training, part, thetas = prepared(y, rows=rows, **parameters)
    errors = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(filter)
        measure = Measure(
            training, part, [scorer], lambda number, error: errors.append(str(error))
        )
        _, scores = measure(thetas)
    return scores[0], errors, {str(warning.message) for warning in caught}


UNDEFINED = {
    "one class": ("roc_auc", "binary", np.flatnonzero(OF_CLASSES["binary"])),
    "one class, of several": (
        "roc_auc_ovr_weighted",
        "multiclass",
        np.flatnonzero(OF_CLASSES["multiclass"] < 3),
    ),
    "labels not predicted": ("precision_macro", "multiclass", None),
    "rows without a label": ("recall_samples", "multilabel", None),
    "no positive row": (
        "average_precision",
        "binary",
        np.flatnonzero(OF_CLASSES["binary"] == 0),
    ),
    "a single label": (
        "balanced_accuracy",
        "binary",
        np.flatnonzero(OF_CLASSES["binary"]),
    ),
    "no false positive": ("positive_likelihood_ratio", "binary", np.arange(6)),
    "predictions below -1": ("neg_mean_squared_log_error", "one target", None),
    "negative predictions": ("neg_mean_gamma_deviance", "one target", None),
    "as many as there are": ("top_k_accuracy", "binary", None),
}


@pytest.mark.parametrize("case", UNDEFINED)
@pytest.mark.parametrize("filter", ["always", "error"])
def test_where_scikit_learn_warns_or_fails(case, filter):
    """A warning that is an error makes a score undefined."""
    name, kind, rows = UNDEFINED[case]
    y, scorer = {**OF_CLASSES, **OF_NUMBERS}[kind], get_scorer(name)
    assert in_bulk(*prepared(y, rows=rows), scorer) is not None
    scores, errors, warned = outcomes(scorer, y, rows, filter)
    of_classes = kind in OF_CLASSES
    expected = outcomes(called(scorer, y if of_classes else None), y, rows, filter)
    np.testing.assert_allclose(scores, expected[0])
    # It warns and fails in scikit-learn's words, though not for each network.
    assert warned <= expected[2]
    assert bool(warned) == bool(expected[2])
    assert [e for e in errors[:1] if "NaN" not in e] == [
        e for e in expected[1][:1] if "NaN" not in e
    ]


@pytest.mark.parametrize("number", [np.inf, np.nan])
@pytest.mark.parametrize("kind", [*OF_CLASSES, *OF_NUMBERS])
def test_outputs_that_are_not_finite(kind, number):
    y = {**OF_CLASSES, **OF_NUMBERS}[kind]
    training, part, thetas = prepared(y)
    _, intercepts = training.state.network.views(thetas[1])
    intercepts[-1][0] = number
    scorers = list(map(get_scorer, NAMES))
    measure = Measure(training, part, scorers, lambda number, error: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, scores = measure(thetas)
    for scorer, row in zip(scorers, scores, strict=True):
        expected = as_scikit_learn(training, part, thetas, scorer)
        assert_equal(row, expected, "float64")


@pytest.mark.parametrize(
    ("scorer", "kind"),
    [
        (make_scorer(metrics.f1_score, average=None), "multiclass"),
        (make_scorer(metrics.f1_score, average="none"), "multiclass"),
        (make_scorer(metrics.f1_score), "multiclass"),
        (make_scorer(metrics.f1_score, pos_label=7), "binary"),
        (make_scorer(metrics.f1_score, average="macro", labels=[7]), "multiclass"),
        (make_scorer(metrics.accuracy_score, normalize="no"), "binary"),
        (make_scorer(metrics.roc_auc_score, max_fpr=0.5), "binary"),
        (of_probabilities(metrics.roc_auc_score), "multiclass"),
        (of_probabilities(metrics.log_loss, labels=[3, 2, 1, 0]), "multiclass"),
        (of_probabilities(metrics.log_loss, no_such=1), "multiclass"),
        (of_probabilities(metrics.log_loss, labels=None), "multiclass"),
        (loss_of(metrics.mean_pinball_loss, alpha=2), "one target"),
        (loss_of(metrics.mean_squared_error, multioutput="raw_values"), "one target"),
        (loss_of(metrics.mean_squared_error, multioutput=[1]), "one target"),
        (loss_of(metrics.max_error), "several targets"),
        (make_scorer(metrics.cohen_kappa_score), "multiclass"),
        (lambda model, X, y: model.score(X, y), "binary"),
        (get_scorer("r2"), "binary"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_known_is_called(scorer, kind):
    y = {**OF_CLASSES, **OF_NUMBERS}[kind]
    assert in_bulk(*prepared(y), scorer) is None
    scores, _, _ = outcomes(scorer, y)
    expected, _, _ = outcomes(called(scorer), y)
    np.testing.assert_array_equal(scores, expected)


class Contrary(BackpropClassifier):
    """A subclass elsewhere, with predictions of its own."""

    def predict(self, X):
        return self.classes_[1 - (super().predict(X) == self.classes_[1])]


def test_predictions_of_a_subclass_are_its_own():
    y = OF_CLASSES["binary"]
    settings = {"max_iter": 20, "random_state": 0}
    curves = [
        epoch_curve(kind((4,), **settings), X, y, cv=3, scoring="accuracy")
        for kind in (BackpropClassifier, Contrary)
    ]
    np.testing.assert_allclose(curves[1].test_scores, 1 - curves[0].test_scores)


# ---- how it is used ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["f1_macro", "neg_log_loss", "roc_auc_ovr"])
def test_early_stopping(name):
    y = OF_CLASSES["multiclass"]
    histories = []
    for scoring in (name, called(get_scorer(name))):
        model = BackpropClassifier(
            (5,),
            early_stopping=True,
            scoring=scoring,
            validation_fraction=0.4,
            max_iter=15,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            histories.append(model.fit(X, y).history_["validation_score"])
    np.testing.assert_allclose(*histories, rtol=1e-12)


@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_absolute_error"])
def test_transformed_targets_are_in_the_units_of_the_user(scoring):
    network = BackpropRegressor(hidden_layer_sizes=5, max_iter=10, random_state=0)
    model = make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(network, func=np.log, inverse_func=np.exp),
    )
    curves = [
        epoch_curve(model, X, OF_NUMBERS["one target"], cv=3, scoring=each)
        for each in (scoring, called(get_scorer(scoring or "r2")))
    ]
    for part in ("train_scores", "test_scores"):
        scores, expected = (getattr(curve, part) for curve in curves)
        np.testing.assert_allclose(scores, expected, rtol=1e-10)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_rows_are_taken_in_blocks(weight, monkeypatch):
    """So that what sums are computed with does not grow with the number of rows."""
    sizes, Block = [], _outputs.Block

    def recorded(truth, raw, *arrays):
        sizes.append(8 * raw.size)
        return Block(truth, raw, *arrays)

    monkeypatch.setattr(_outputs, "Block", recorded)
    for kind, y in {**OF_CLASSES, **OF_NUMBERS}.items():
        case = prepared(y, weight=weight)
        for name in NAMES:
            scorer = get_scorer(name)
            if weight is not None and not takes_weight(scorer):
                continue
            monkeypatch.setattr(_outputs, "MAX_BYTES", 2**20)
            whole = in_bulk(*case, scorer)
            if whole is None:
                continue
            assert len(sizes) == 1
            sizes.clear()
            monkeypatch.setattr(_outputs, "MAX_BYTES", 8 * N_NETWORKS * 4 * 5)
            assert_equal(in_bulk(*case, scorer), whole, "float64")
            assert len(sizes) > 1, (kind, name)
            assert max(sizes) <= _outputs.MAX_BYTES
            sizes.clear()


def test_networks_are_evaluated_once_for_all_metrics(monkeypatch):
    training, part, thetas = prepared(OF_CLASSES["multiclass"])
    calls, evaluate = [], type(get_engine()).evaluate

    def counted(*arguments):
        calls.append(arguments)
        return evaluate(*arguments)

    monkeypatch.setattr(type(training.engine), "evaluate", counted)
    names = ["accuracy", "f1_macro", "roc_auc_ovr", "neg_log_loss"]
    scorers = [None, "loss", *map(get_scorer, names), called(get_scorer("f1_micro"))]
    _, scores = Measure(training, part, scorers)(thetas)
    assert len(calls) == 1
    assert scores.shape == (len(scorers), N_NETWORKS)
    for scorer, row in zip(scorers, scores, strict=True):
        alone = Measure(training, part, [scorer])(thetas)[1][0]
        np.testing.assert_array_equal(row, alone)


def test_a_scorer_warns_once_in_a_study():
    y = OF_CLASSES["multiclass"]
    model = BackpropClassifier((4,), max_iter=6, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        epoch_curve(model, X, y, cv=3, scoring="precision_macro")
    kinds = [issubclass(w.category, UndefinedMetricWarning) for w in caught]
    assert sum(kinds) == 1
