"""Losses and scores by epoch, cross-validated."""

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from .._targets import is_multilabel
from .._validation import check_sample_weight
from ._fold import Data, preprocessed, split_off, train_fold


@dataclass(frozen=True)
class EpochCurve:
    """What :func:`epoch_curve` returns.

    Parameters
    ----------
    train_losses, test_losses : ndarray of shape (n_epochs, n_folds)
        The loss, without the penalty and without dropout, after each epoch, on the
        training and the test part of each fold.
    train_scores, test_scores : ndarray of shape (n_epochs, n_folds)
        The score, likewise.
    n_epochs : ndarray of shape (n_folds,)
        How many epochs each training took. One that ended earlier than others stays, in
        the curves, as it was.
    seconds : ndarray of shape (n_folds,)
        How long training and measuring took.
    """

    train_losses: np.ndarray
    test_losses: np.ndarray
    train_scores: np.ndarray
    test_scores: np.ndarray
    n_epochs: np.ndarray
    seconds: np.ndarray

    @classmethod
    def of(cls, folds):
        """The curves of several `FoldCurve`."""
        n_epochs = np.array([len(fold.losses) for fold in folds])
        padded = [fold.padded(n_epochs.max()) for fold in folds]
        losses, scores = (np.stack(parts, axis=1) for parts in zip(*padded))
        return cls(
            losses[..., 0],
            losses[..., 1],
            scores[..., 0],
            scores[..., 1],
            n_epochs,
            np.array([fold.seconds for fold in folds]),
        )

    def to_frame(self):
        """As a :class:`pandas.DataFrame`, a row for each fold and epoch."""
        import pandas as pd

        n_epochs, n_folds = self.test_losses.shape
        columns = {
            "fold": np.repeat(np.arange(n_folds), n_epochs),
            "epoch": np.tile(np.arange(1, n_epochs + 1), n_folds),
        }
        for name in ("train_loss", "test_loss", "train_score", "test_score"):
            name_of_array = name.replace("loss", "losses").replace("score", "scores")
            columns[name] = getattr(self, name_of_array).ravel(order="F")
        return pd.DataFrame(columns)


def epoch_curve(
    estimator, X, y, *, cv=5, scoring=None, n_jobs=None, sample_weight=None
):
    """Cross-validate a network and follow it from epoch to epoch.

    Each fold is trained once, and after each epoch the network is measured on its
    training and its test part: the values after epoch e are those of a fit with
    ``max_iter=e``. (Of a learning rate that goes by the progress of training, the end
    of the schedule stays where the estimator's `max_iter` puts it.) With early
    stopping, they are those of the weights that it would keep.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or Pipeline that ends in one
        What is trained, as clones. The other steps of a pipeline are fitted on each
        fold's training part. Iterations of ``solver='lbfgs'`` count as epochs.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data. Without other steps, and but for lbfgs, folds are rows of one array,
        not copies.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    cv : int, cross-validation generator or iterable, default=5
        The folds; an int makes them stratified for a classifier.
    scoring : str, callable or None, default=None
        The score: a scorer by its name or as a function of estimator, X and y. It is
        given the network alone, and X as it comes from the other steps. None is the
        accuracy or the coefficient of determination.
    n_jobs : int, default=None
        How many folds are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights in training and in all that is measured.

    Returns
    -------
    curve : EpochCurve
        Losses and scores, as arrays of shape (n_epochs, n_folds).

    Raises
    ------
    TypeError
        If the estimator is no network of this package, nor ends in one.
    ValueError
        If the folds, the scorer or the data are not valid; before any training.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifier, epoch_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BackpropClassifier(learning_rate_init=0.01, max_iter=50)
    >>> curve = epoch_curve(network, X, y)
    >>> curve.test_scores.shape
    (50, 5)
    """
    data, folds, scorer = check_study(estimator, X, y, cv, scoring, sample_weight)
    results = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(train_fold)(estimator, data, train, test, scorer)
        for train, test in folds
    )
    return EpochCurve.of(results)


def check_study(estimator, X, y, cv, scoring, sample_weight):
    """Find out what is wrong before anything is trained.

    Returns
    -------
    data : Data
        The samples; without other steps, converted once.
    folds : list of tuple of ndarray
        Row numbers for training and for the test.
    scorer : callable or None
        None is the estimator's own score.
    """
    preprocessing, network = split_off(estimator)
    network = clone(network)
    network._validate_params()
    X, y = indexable(X, y)
    if preprocessing is None:
        X, y = network._validate_X_y(X, y, network._computing_type(None), reset=True)
    else:
        y = np.asarray(y)
    weight = check_sample_weight(sample_weight, len(y), np.float64)
    cv = check_cv(cv, y, classifier=is_classifier(network))
    numbers = np.arange(len(y), dtype=np.int64)  # of what may be a mask, too
    folds = [(numbers[train], numbers[test]) for train, test in cv.split(X, y)]
    if is_classifier(network) and not is_multilabel(y):
        _check_that_folds_have_all_classes(folds, y)
    scorer = None
    if scoring is not None:
        scorer = check_scoring(network, scoring)
    data = Data(X, y, weight)
    if scorer is not None:
        _try_out(scorer, estimator, data, *folds[0])
    return data, folds, scorer


def _check_that_folds_have_all_classes(folds, y):
    classes = np.unique(y)
    for number, (train, _) in enumerate(folds):
        missing = np.setdiff1d(classes, y[train])
        if len(missing) > 0:
            raise ValueError(
                f"Fold {number} of cv is trained without the class(es) {missing}, so it"
                " could not measure samples of theirs. Use StratifiedKFold, shuffled"
                " folds, or fewer of them."
            )


def _try_out(scorer, estimator, data, train, test):
    """Score an untrained network."""
    preprocessing, network = split_off(clone(estimator))
    fitted_on, tested_on = preprocessed(preprocessing, data, train, test)
    (X, y, _), (X_test, y_test, weight) = fitted_on, tested_on
    weights = {} if weight is None else {"sample_weight": weight}
    try:
        score = float(scorer(network.initialize(X, y), X_test, y_test, **weights))
    except Exception as error:
        raise ValueError(
            f"scoring={scorer!r} fails for this estimator and these data:"
            f" {type(error).__name__}: {error}"
        ) from error
    if np.isnan(score):
        raise ValueError(f"scoring={scorer!r} returns NaN for these data.")
