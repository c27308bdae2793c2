"""The rows that early stopping holds out."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    TimeSeriesSplit,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropRegressorCV,
    epoch_curve,
    overfitting_study,
)
from sklearn_bp.fitting import Training, check_samples
from sklearn_bp.network import Network, initialize

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(60, 3))
Y = X[:, 0] + X[:, 1]
TARGETS = {
    "binary": (BackpropClassifier, np.where(Y > 0.7, "yes", "no")),
    "multiclass": (BackpropClassifier, np.digitize(Y, [-0.5, 0.5])),
    "multilabel": (BackpropClassifier, (X > 0).astype(int)),
    "a number": (BackpropRegressor, Y),
    "numbers": (BackpropRegressor, X[:, :2]),
}
each_kind = pytest.mark.parametrize("kind", TARGETS)


def make(estimator=BackpropRegressor, **settings):
    settings = {"max_iter": 3, "random_state": 0, **settings}
    return estimator(hidden_layer_sizes=(4,), early_stopping=True, **settings)


def parts(model, X, y, **kwargs):
    """The numbers of the rows to train on and of those held out."""
    training = Training(model, *check_samples(model, X, y), **kwargs)
    training.prepare()
    return training.part.rows, training.held_out.rows


def drawn_like_scikit_learn(model, X, y, fraction, n_outputs, stratify):
    """What MLPClassifier and MLPRegressor draw, after the first weights."""
    rng = np.random.RandomState(model.random_state)
    sizes = (X.shape[1], 4, n_outputs)
    initialize(Network(sizes, ("relu",), None), "auto", "relu", rng, np.float64)
    return train_test_split(
        np.arange(len(X)), random_state=rng, test_size=fraction, stratify=stratify
    )


@each_kind
@pytest.mark.parametrize("fraction", [0.05, 0.1, np.float32(0.3), 0.5, 0.95])
def test_a_share_is_drawn_as_scikit_learn_draws_it(kind, fraction):
    estimator, y = TARGETS[kind]
    model = make(estimator, validation_fraction=fraction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = parts(model, X, y)
    n_outputs = {"binary": 1, "a number": 1, "numbers": 2}.get(kind, 3)
    stratify = y if kind == "binary" else None
    theirs = drawn_like_scikit_learn(model, X, y, float(fraction), n_outputs, stratify)
    for rows, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(rows, expected)


@each_kind
@pytest.mark.parametrize("fraction", [1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9])
def test_whatever_the_size_there_is_something_to_train_on_and_to_score(kind, fraction):
    """Two or more samples are held out, and one or more of them left; where that is
    not what the share means, there is a warning."""
    estimator, y = TARGETS[kind]
    model = make(estimator, validation_fraction=fraction)
    for n in range(3, 31):
        few = y[-n:]
        wanted = int(np.ceil(fraction * n))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            training, held_out = parts(model, X[-n:], few)
        assert sorted([*training, *held_out]) == list(range(n))
        has_both_classes = kind != "binary" or (
            min(np.unique(few, return_counts=True)[1]) > 1 and len(set(few)) == 2
        )
        if has_both_classes:
            n_classes = 2 if kind == "binary" else 1
            assert len(held_out) == np.clip(wanted, 2, n - n_classes)
        assert len(training) > 0 < len(held_out)
        if len(held_out) != wanted:
            text = f"holds out {len(held_out)} of {n} samples, where validation_frac"
            assert any(text in str(warning.message) for warning in caught)


def test_a_class_of_one_sample_stays_in_the_training_set():
    y = np.where(np.arange(60) == 7, "rare", "frequent")
    model = make(BackpropClassifier, validation_fraction=0.2)
    with pytest.warns(UserWarning, match=r"'rare'\] have a single sample, which early"):
        training, held_out = parts(model, X, y)
    assert 7 in training
    assert len(held_out) == 12
    model.fit(X, y)


def test_two_samples():
    for estimator, y in ((BackpropClassifier, [1, 1]), (BackpropRegressor, [1.0, 2])):
        with pytest.warns(UserWarning, match=r"a single one of 2 samples"):
            parts(make(estimator), X[:2], y)


@pytest.mark.parametrize("n_samples", [1, 2])
def test_nothing_to_hold_out(n_samples):
    for estimator, y in ((BackpropClassifier, [1, 0]), (BackpropRegressor, [1.0, 2])):
        if n_samples == 1 or estimator is BackpropClassifier:
            model = make(estimator)
            with pytest.raises(ValueError, match="early_stopping=True cannot") as error:
                model.fit(X[:n_samples], y[:n_samples])
            assert "validation_fraction=0.1" in str(error.value)
            assert f"{n_samples} sample(s)" in str(error.value)
            assert not hasattr(model, "coefs_")


@each_kind
def test_a_class_that_is_not_trained_on(kind):
    """Rare classes are held out by chance where scikit-learn does not stratify."""
    if kind == "multiclass":
        y = np.arange(60) % 20
        with pytest.warns(UserWarning, match=r"holds out all samples of the class"):
            parts(make(BackpropClassifier, validation_fraction=0.7), X, y)
    else:
        estimator, y = TARGETS[kind]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parts(make(estimator, validation_fraction=0.7), X, y)


# ---- scores of one sample --------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [("binary", "accuracy"), ("a number", "R2 score"), ("numbers", "R2 score")],
)
def test_the_score_of_one_sample_is_refused(kind, name):
    estimator, y = TARGETS[kind]
    model = make(estimator, scoring=None)
    message = f"With scoring=None, the {name} is .* means nothing for a single"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, X_val=X[:1], y_val=y[:1])
    with pytest.raises(ValueError, match="validation_fraction or X_val"):
        model.fit(X[:2], y[[0, 0]])
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_of_one_sample_an_accuracy_can_be_recorded_and_an_r2_can_not(solver):
    settings = {"solver": solver, "scoring": None, "max_iter": 2}
    X_val, y = X[:1], TARGETS["binary"][1]
    model = BackpropClassifier(**settings).fit(X, y, X_val=X_val, y_val=y[:1])
    assert set(model.history_["validation_score"]) <= {0, 1}
    with pytest.raises(ValueError, match=r"the R2 score is .* means nothing"):
        BackpropRegressor(**settings).fit(X, Y, X_val=X_val, y_val=Y[:1])


def test_another_scorer_on_one_sample_warns():
    model = make(BackpropClassifier, scoring="accuracy")
    y = TARGETS["binary"][1]
    with pytest.warns(UserWarning, match="watches scoring='accuracy' on a single"):
        model.fit(X, y, X_val=X[:1], y_val=y[:1])


def test_the_loss_of_one_sample_is_watched():
    model = make(tol=0, n_iter_no_change=100, max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y, X_val=X[:1], y_val=Y[:1])
    assert len(set(model.validation_scores_)) == 20


def test_a_study_finds_out_before_training():
    """In its folds there are two samples to train on and to hold out."""
    model = make(scoring=None)
    with pytest.raises(ValueError, match="With scoring=None, the R2 score"):
        epoch_curve(model, X[:4], Y[:4], cv=2, scoring="loss")


# ---- rows of the user's choice ---------------------------------------------------

LAST = np.arange(50, 60)
IS_LAST = np.arange(60) >= 50
WAYS = {
    "row numbers": LAST,
    "a list": LAST.tolist(),
    "in another order": LAST[::-1],
    "unsigned": LAST.astype(np.uint8),
    "from the end": range(-10, 0),
    "a mask": IS_LAST,
    "a list of bool": IS_LAST.tolist(),
    "a series": pd.Series(IS_LAST),
    "a nullable series": pd.Series(IS_LAST, dtype="boolean"),
    "a predefined split": PredefinedSplit(IS_LAST.astype(int) - 1),
    "the last fold": KFold(6),
    "the last of a time series": TimeSeriesSplit(5),
}


@each_kind
@pytest.mark.parametrize("way", WAYS)
def test_holding_out_rows_is_passing_them_as_validation_data(kind, way):
    """A fit on the other rows, with these as X_val, gives the same network."""
    estimator, y = TARGETS[kind]
    weight = np.linspace(0.5, 2, 60)
    settings = {"max_iter": 12, "learning_rate_init": 0.1, "n_iter_no_change": 2}
    model = make(estimator, validation_fraction=WAYS[way], **settings)
    model.fit(X, y, sample_weight=weight)
    expected = make(estimator, **settings).fit(
        X[:50],
        y[:50],
        sample_weight=weight[:50],
        X_val=X[50:],
        y_val=y[50:],
        sample_weight_val=weight[50:],
    )
    for ours, theirs in zip(model.coefs_, expected.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        model.validation_scores_, expected.validation_scores_, rtol=1e-9
    )
    assert model.t_ == 50 * model.n_iter_


@each_kind
@pytest.mark.parametrize("convert", [sp.csr_matrix, sp.coo_array, pd.DataFrame])
def test_every_kind_of_X_can_be_split(kind, convert):
    estimator, y = TARGETS[kind]
    for which in (KFold(6), range(-10, 0), 0.2):
        model = make(estimator, validation_fraction=which, scoring=None)
        expected = clone(model).fit(X, y)
        model.fit(convert(X), y)
        np.testing.assert_allclose(model.coefs_[0], expected.coefs_[0])


class Spy:
    """Holds out the rows of one patient, whose name is in the index of X."""

    def __init__(self, group=None):
        self.group = group

    def split(self, X, y):
        assert isinstance(X, pd.DataFrame)
        assert isinstance(y, pd.Series)
        assert (X.index == y.index).all()
        is_held_out = X.index == (X.index[0] if self.group is None else self.group)
        yield ~is_held_out, is_held_out


@pytest.fixture
def patients():
    """X and y of twelve patients with five rows each."""
    index = pd.Index(np.arange(60) % 12, name="patient")
    return pd.DataFrame(X, index), pd.Series(Y, index)


def test_a_splitter_is_given_what_the_user_gave(patients):
    frame, y = patients
    training, held_out = parts(make(validation_fraction=Spy(3)), frame, y)
    np.testing.assert_array_equal(held_out, np.arange(3, 60, 12))
    np.testing.assert_array_equal(training, np.setdiff1d(np.arange(60), held_out))


def test_whole_groups_by_row_numbers(patients):
    groups = patients[0].index
    splitter = GroupShuffleSplit(1, test_size=0.3, random_state=0)
    with pytest.raises(ValueError, match=r"To hold out whole groups, set validation_f"):
        make(validation_fraction=splitter).fit(X, Y)
    _, rows = next(splitter.split(X, Y, groups))
    training, held_out = parts(make(validation_fraction=rows), X, Y)
    assert not set(groups[training]) & set(groups[held_out])


@pytest.mark.parametrize("steps", [[], [StandardScaler()]])
def test_in_a_study_the_splitter_is_given_the_rows_of_the_fold(patients, steps):
    frame, y = patients
    settings = {"max_iter": 8, "learning_rate_init": 0.1}
    model = make(validation_fraction=Spy(), **settings)
    pipeline = make_pipeline(*steps, model)
    folds = list(GroupKFold(3).split(frame, y, frame.index))
    if steps:
        pipeline.set_params(
            standardscaler=StandardScaler().set_output(transform="pandas")
        )
    curve = epoch_curve(pipeline, frame, y, cv=folds)
    for number, (train, test) in enumerate(folds):
        fitted = pipeline.fit(frame.iloc[train], y.iloc[train])
        expected = fitted.score(frame.iloc[test], y.iloc[test])
        np.testing.assert_allclose(curve.test_scores[-1, number], expected)


def test_parallel_folds_draw_from_copies_of_a_splitter():
    splitter = ShuffleSplit(1, random_state=np.random.RandomState(0))
    model = make(validation_fraction=splitter)
    curves = [epoch_curve(model, X, Y, cv=4, n_jobs=n_jobs) for n_jobs in (1, 2)]
    assert curves[0] == curves[1]


@pytest.mark.parametrize(
    "study",
    [
        lambda model: epoch_curve(model, X, Y),
        lambda model: overfitting_study(make_pipeline(model), X, Y, {}),
        lambda model: overfitting_study(
            clone(model).set_params(validation_fraction=0.1),
            X,
            Y,
            {"validation_fraction": [0.1, model.validation_fraction]},
        ),
        lambda model: BackpropRegressorCV(model).fit(X, Y),
        lambda model: Training(model, *check_samples(model, X, Y), rows=LAST),
    ],
)
def test_row_numbers_mean_nothing_in_folds(study):
    for rows in (LAST, IS_LAST, [1]):
        with pytest.raises(ValueError, match="say nothing about the rows of a fold"):
            study(make(validation_fraction=rows))


class Splitter:
    """A splitter whose only split is this."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ([], r"validation_fraction is empty"),
        (np.zeros(60, bool), r"validation_fraction is empty"),
        (range(60), r"validation_fraction names all 60 rows"),
        (np.ones(60, bool), r"validation_fraction names all 60 rows"),
        ([3, 3], r"validation_fraction has row numbers more than once"),
        ([59, -1], r"validation_fraction has row numbers more than once"),
        ([5, 60], r"validation_fraction has row numbers .* out of range: \[60\]"),
        ([-61], r"validation_fraction has row numbers .* out of range: \[-61\]"),
        (IS_LAST[1:], r"mask of shape \(59,\), but must have one value for each of"),
        ([0.1, 0.2], r"validation_fraction must be a list of row numbers or a bool"),
        ([[1], [2]], r"validation_fraction must be a list of row numbers or a bool"),
        (["last"], r"validation_fraction must be a list of row numbers or a bool"),
        (np.array(0.1), r"validation_fraction must be a list of row numbers or a b"),
        (KFold(61), r"KFold, the splitter in validation_fraction, cannot split the 60"),
        (Splitter(), r"Splitter, the splitter in validation_fraction, has no split"),
        (Splitter(LAST), r"in validation_fraction, cannot split .* too many values"),
        (Splitter((LAST, [])), r"has a test part that is empty"),
        (Splitter(([], LAST)), r"has a training part that is empty"),
        (Splitter((range(51), LAST)), r"has samples in both parts of its last split"),
        (Splitter((range(9), [60])), r"has a test part that has row .* out of range"),
    ],
)
def test_rows_that_cannot_be_held_out(which, message):
    model = make(validation_fraction=which)
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before
    with pytest.raises(ValueError, match="Input X contains NaN"):  # comes first
        model.fit(np.full_like(X, np.nan), Y)


@pytest.mark.parametrize("which", ["0.1", b"0.1", KFold, None, True, object()])
def test_what_is_no_way_to_hold_out(which):
    with pytest.raises(ValueError, match=r"'validation_fraction' parameter .* must be"):
        make(validation_fraction=which).fit(X, Y)


def test_a_class_that_the_user_holds_out():
    model = make(BackpropClassifier, validation_fraction=range(-10, 0))
    y = np.where(IS_LAST, 2, np.arange(60) % 2)
    with pytest.warns(UserWarning, match=r"all samples of the class\(es\) \[2\]"):
        model.fit(X, y)
    assert model.predict_proba(X).shape == (60, 3)


@pytest.mark.parametrize("way", ["a mask", "row numbers", "the last fold"])
def test_it_is_a_parameter_like_others(way):
    model = make(validation_fraction=WAYS[way])
    assert "validation_fraction" in repr(model)
    expected = clone(model).fit(X, Y)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(copied.fit(X, Y).coefs_[0], expected.coefs_[0])
    fitted = pickle.loads(pickle.dumps(expected))
    np.testing.assert_array_equal(fitted.fit(X, Y).coefs_[0], expected.coefs_[0])


def test_a_study_of_splitters():
    grid = [0.2, KFold(4), ShuffleSplit(1, random_state=0)]
    study = overfitting_study(make(), X, Y, {"validation_fraction": grid}, cv=3)
    assert "failed" not in study.summary()
    for number, which in enumerate(grid):
        expected = epoch_curve(make(validation_fraction=which), X, Y, cv=3)
        np.testing.assert_array_equal(
            study.curves[number].test_losses, expected.test_losses
        )


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_a_warm_start_needs_a_splitter_that_repeats_itself(seed):
    splitter = ShuffleSplit(1, random_state=seed)
    model = make(validation_fraction=splitter, warm_start=True)
    with pytest.raises(ValueError, match="give it an int as random_state"):
        model.fit(X, Y)
    model.set_params(warm_start=False).fit(X, Y)
    for repeated in (ShuffleSplit(1, random_state=0), KFold(3), TimeSeriesSplit(3)):
        model.set_params(warm_start=True, validation_fraction=repeated).fit(X, Y)
