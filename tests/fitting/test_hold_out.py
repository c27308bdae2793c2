"""The rows that early stopping holds out."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bp import BackpropClassifier, BackpropRegressor, epoch_curve
from sklearn_bp.fitting import Training, check_samples
from sklearn_bp.network import Network, initialize

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(60, 3))
Y = X[:, 0] + X[:, 1]
TARGETS = {
    "binary": (BackpropClassifier, np.where(Y > 0.7, "yes", "no")),
    "multiclass": (BackpropClassifier, np.digitize(Y, [-0.5, 0.5])),
    "multilabel": (BackpropClassifier, (X > 0).astype(int)),
    "numbers": (BackpropRegressor, Y),
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
    n_outputs = {"binary": 1, "numbers": 1}.get(kind, 3)
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
        with pytest.warns(UserWarning, match=r"holds out 1 of 2 samples"):
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
    ("kind", "name"), [("binary", "accuracy"), ("numbers", "R2 score")]
)
def test_the_score_of_one_sample_is_refused(kind, name):
    estimator, y = TARGETS[kind]
    model = make(estimator, scoring=None)
    message = f"With scoring=None, the {name} is .* means nothing for a single"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, X_val=X[:1], y_val=y[:1])
    with pytest.raises(ValueError, match="validation_fraction or X_val"):
        model.fit(X[:2], y[:1].repeat(2))
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
