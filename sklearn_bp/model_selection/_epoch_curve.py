"""Losses and scores by epoch, cross-validated."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from ..utils import warn
from ._checks import check_study
from ._drawing import draw_curve
from ._memory import Store
from ._plain import PlainState
from ._progress import check_verbose, watched
from ._ranking import best_first
from ._reports import Report
from ._summary import count, format_error, name_left_out
from ._trainings import cost_of, jobs_of, train


class Scores(NamedTuple):
    """Scores by one of several metrics.

    Parameters
    ----------
    title : str
        The name of the metric in words.
    train, test : ndarray of shape (n_epochs, n_folds)
        After each epoch, on the training and the test part of each fold.
    left_out : tuple of int
        The numbers of the folds that have no test score.
    undefined : str or None
        Why some scores are undefined.
    """

    title: str
    train: np.ndarray
    test: np.ndarray
    left_out: tuple
    undefined: str | None


@dataclass(frozen=True, eq=False, repr=False)
class EpochCurve(PlainState, Report):
    """What :func:`epoch_curve` returns.

    Two of them are equal if everything but the times is.

    Parameters
    ----------
    train_losses, test_losses : ndarray of shape (n_epochs, n_folds)
        The loss, without the penalty and without dropout, after each epoch, on the
        training and the test part of each fold.
    train_scores, test_scores : ndarray of shape (n_epochs, n_folds)
        The score, measured in the same way; NaN after epochs after which it was not
        measured, or is undefined.
    n_epochs : ndarray of shape (n_folds,)
        How many epochs each training took. In the curves, one that ended earlier than
        others keeps its last values.
    fit_times, score_times : ndarray of shape (n_folds,)
        How many seconds training and measuring took.
    score_name : str, default='score'
        The name of the score.
    left_out : tuple of int, default=()
        The numbers of the folds whose test part has no score after any epoch, such as a
        ROC AUC where all samples are of one class. Mean scores are over the others.
    by_metric : dict, default={}
        The scores by each of several metrics, by their names; see `of_metric`.
    """

    train_losses: np.ndarray
    test_losses: np.ndarray
    train_scores: np.ndarray
    test_scores: np.ndarray
    n_epochs: np.ndarray
    fit_times: np.ndarray = field(compare=False)
    score_times: np.ndarray = field(compare=False)
    score_name: str = "score"
    left_out: tuple = ()
    by_metric: dict = field(default_factory=dict)

    @classmethod
    def of(cls, folds, scoring):
        """The curves of several `FoldCurve` objects."""
        n_epochs = np.array([len(fold.losses) for fold in folds])
        padded = [fold.padded(n_epochs.max()) for fold in folds]
        losses, scores = (np.stack(parts, axis=1) for parts in zip(*padded))
        by_metric = {}
        for number, name in enumerate(scoring.names):
            train, test = np.moveaxis(scores[..., number], -1, 0)
            by_metric[name] = Scores(
                scoring.titles[number],
                train,
                test,
                tuple(_folds_without(test, losses[..., 1]).tolist()),
                first_reason(folds, number),
            )
        chosen = by_metric[scoring.names[scoring.chosen]]
        return cls(
            losses[..., 0],
            losses[..., 1],
            chosen.train,
            chosen.test,
            n_epochs,
            np.array([fold.fit_time for fold in folds]),
            np.array([fold.score_time for fold in folds]),
            chosen.title,
            chosen.left_out,
            by_metric if scoring.is_multiple else {},
        )

    def _plain_parts(self):
        return {"by_metric": {name: tuple(s) for name, s in self.by_metric.items()}}

    def _revived_parts(self, plain):
        scores = plain["by_metric"].items()
        return {"by_metric": {name: Scores(*parts) for name, parts in scores}}

    def of_metric(self, name):
        """The same curves with the scores of another metric.

        Parameters
        ----------
        name : str
            The name of one of several metrics.

        Returns
        -------
        curve : EpochCurve
            Curves whose scores, and what follows from them, are by this metric.

        Raises
        ------
        ValueError
            If there is no such metric.
        """
        if name not in self.by_metric:
            raise ValueError(
                f"There is no metric {name!r} here. The names of several metrics that"
                f" were passed as `scoring` are {list(self.by_metric)}."
            )
        scores = self.by_metric[name]
        return replace(
            self,
            train_scores=scores.train,
            test_scores=scores.test,
            score_name=scores.title,
            left_out=scores.left_out,
        )

    def leaving_out(self, folds, name=None):
        """The same curves with other folds left out of mean scores.

        Parameters
        ----------
        folds : iterable of int
            The numbers of the folds.
        name : str, default=None
            The name of one of several metrics; None is the one that is shown.

        Returns
        -------
        curve : EpochCurve
            The curves.
        """
        folds = tuple(sorted(folds))
        if name is None:
            return replace(self, left_out=folds)
        title, train, test, _, undefined = self.by_metric[name]
        scores = Scores(title, train, test, folds, undefined)
        return replace(self, by_metric={**self.by_metric, name: scores})

    def counting_scores(self, part):
        """The scores of the folds that count.

        Parameters
        ----------
        part : {'train', 'test', 'gap'}
            The part of each fold, or the difference between the two.

        Returns
        -------
        scores : ndarray of shape (n_epochs, n_folds_that_count)
            All but those of `left_out`; where the training part is involved, all but
            those that are undefined after each epoch.
        """
        if part == "test":
            scores, left_out = self.test_scores, self.left_out
        else:
            scores = self.train_scores
            if part == "gap":
                scores = scores - self.test_scores
            left_out = _folds_without(scores, self.train_losses)
        return np.delete(scores, left_out, axis=1) if len(left_out) else scores

    @property
    def n_scored_folds(self):
        """The number of folds that mean test scores are over."""
        return self.test_scores.shape[1] - len(self.left_out)

    @property
    def has_failed(self):
        """Whether the training of a fold has failed."""
        return bool(np.isnan(self.train_losses).any())

    @property
    def is_without_scores(self):
        """Whether there is no epoch whose test score is defined in all these folds."""
        return bool(np.isnan(self.counting_scores("test")).any(axis=1).all())

    def mean_scores(self, part):
        """The mean of what `counting_scores` returns, by epoch.

        Parameters
        ----------
        part : {'train', 'test', 'gap'}
            The part of each fold, or the difference between the two.

        Returns
        -------
        means : ndarray of shape (n_epochs,)
            The means over the folds.
        """
        return self.counting_scores(part).mean(axis=1)

    @property
    def mean_test_scores(self):
        """The mean of `test_scores` over the folds that count, by epoch."""
        return self.mean_scores("test")

    @property
    def standard_errors(self):
        """The standard error of `mean_test_scores`, by epoch; NaN for a single fold."""
        if self.n_scored_folds == 1:
            return np.full(len(self.test_scores), np.nan)
        with np.errstate(invalid="ignore"):  # of an infinite loss
            spread = self.counting_scores("test").std(axis=1, ddof=1)
            return spread / np.sqrt(self.n_scored_folds)

    @property
    def best_epoch(self):
        """The epoch after which the mean test score is largest."""
        return int(best_first(self.mean_test_scores)[0]) + 1

    def _lines(self):
        n_epochs, n_folds = self.test_losses.shape
        yield f"EpochCurve of {count(n_epochs, 'epoch')} in {count(n_folds, 'fold')}"
        yield self.line()

    def line(self):
        """Describe the best epoch.

        Returns
        -------
        line : str
            The epoch, its mean test score and how certain that is.
        """
        score = self.mean_test_scores[self.best_epoch - 1]
        error = self.standard_errors[self.best_epoch - 1]
        return (
            f"best after epoch {self.best_epoch}: mean test {self.score_name}"
            f" {score:.4g} ({format_error(error)})"
        )

    def _table(self):
        columns = ("train_losses", "test_losses", "train_scores", "test_scores")
        header = ["", "epoch", *(name.replace("_", " ") for name in columns)]
        epochs = {"best": self.best_epoch, "last": len(self.test_losses)}
        means = (
            self.train_losses.mean(axis=1),
            self.test_losses.mean(axis=1),
            self.mean_scores("train"),
            self.mean_test_scores,
        )
        rows = [
            [name, epoch, *(mean[epoch - 1] for mean in means)]
            for name, epoch in epochs.items()
        ]
        return header, rows

    def _draw(self, figure):
        figure.set_size_inches(10, 4)
        draw_curve(*figure.subplots(1, 2), self)

    def to_frame(self):
        """Make a :class:`pandas.DataFrame`.

        Returns
        -------
        frame : DataFrame
            A row for each fold and epoch. With several metrics, there are columns for
            the scores of each.
        """
        import pandas as pd

        n_epochs, n_folds = self.test_losses.shape
        columns = {
            "fold": np.repeat(np.arange(n_folds), n_epochs),
            "epoch": np.tile(np.arange(1, n_epochs + 1), n_folds),
        }
        for name in ("train_loss", "test_loss", "train_score", "test_score"):
            name_of_array = name.replace("loss", "losses").replace("score", "scores")
            columns[name] = getattr(self, name_of_array).ravel(order="F")
        for name, scores in self.by_metric.items():
            columns[f"train_score_{name}"] = scores.train.ravel(order="F")
            columns[f"test_score_{name}"] = scores.test.ravel(order="F")
        return pd.DataFrame(columns)


def epoch_curve(
    estimator,
    X,
    y,
    *,
    cv=5,
    scoring=None,
    refit=None,
    score_epochs=None,
    n_jobs=None,
    sample_weight=None,
    groups=None,
    memory=None,
    verbose=0,
):
    """Cross-validate a network and follow it from epoch to epoch.

    Each fold is trained once, and after each epoch the network is measured on its
    training and its test part: the values after epoch e are those of a fit with
    ``max_iter=e``. (If the learning rate depends on the progress of training, the
    schedule still ends where the estimator's `max_iter` puts it.) With early
    stopping, they are those of the weights that it would keep.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or a pipeline
        The estimator, of which clones are trained: a network, or a `Pipeline` of any
        class or a :class:`sklearn.compose.TransformedTargetRegressor` that ends in one,
        or in another of these. Its own `fit`, `score` and `predict` are followed on
        each fold, so that samplers only draw from what is trained on. Losses are those
        of the transformed targets, scores of the targets as they are. Iterations of
        ``solver='lbfgs'`` count as epochs. A network with ``random_state=None`` is
        given one seed for all trainings.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data. Without other steps, and except with lbfgs, folds are rows of one
        array, not copies.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    cv : int, cross-validation generator or iterable, default=5
        The folds; an int makes them stratified for a classifier.
    scoring : str, callable, None, list, tuple, set or dict, default=None
        The score: a scorer, by its name or as a function of estimator, X and y. It is
        given only the network, and X as transformed by the other steps. None is the
        accuracy or the coefficient of determination, 'loss' the negated loss. Names of
        several, or a dict from names to any of these, measure all of them, see
        :meth:`EpochCurve.of_metric`. Metrics of scikit-learn, by name or from
        :func:`sklearn.metrics.make_scorer`, are computed for many epochs at once; other
        functions are called for each epoch, which may take much longer than training.
    refit : str, default=None
        The name of the metric that tells the best epoch, if there are several.
    score_epochs : int or array-like of int, default=None
        After which epochs functions are called that have to be: after about as many, at
        equal ratios and so closest together at the beginning, the first and the last
        possible one among them; or after these, which count from 1. After the last
        epoch of a training they are called in any case. In between scores are NaN, and
        no epoch there is chosen. None is all epochs.
    n_jobs : int, default=None
        How many folds are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`. If they do nothing but compute, all
        are trained as a group, on the threads of the engine, whatever it is.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for training and for everything that is measured. Steps of a pipeline
        are given them if they request them by metadata routing.
    groups : array-like of shape (n_samples,), default=None
        The groups that some splitters, such as `GroupKFold`, keep together.
    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep each training when it is done, see :func:`overfitting_study`.
    verbose : int, default=0
        1 prints the best epoch when all folds are done; 2 shows the progress, as
        :func:`overfitting_study` does.

    Returns
    -------
    curve : EpochCurve
        Losses and scores, as arrays of shape (n_epochs, n_folds).

    Raises
    ------
    TypeError
        If the estimator is not a network of this package and does not end in one, or if
        its class of pipeline cannot be followed.
    ValueError
        If the folds, the scorer or the data are not valid, or with `memory` there is no
        seed, before any training; or if training fails, or no epoch has a score in all
        folds.
    RuntimeError
        If worker processes are lost repeatedly.

    Warns
    -----
    UndefinedMetricWarning
        If the score is undefined after some epochs, as the scorer fails or returns NaN:
        those scores are NaN. A fold that has no test score after any epoch, such as a
        ROC AUC where all samples are of one class, does not count in means.
    UserWarning
        If a fold is trained without some class. Its network has outputs for all
        classes, but is wrong on test samples of that one. Or if trainings cannot be
        kept in `memory`.

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
    verbose = check_verbose(verbose)
    store = Store(memory)
    plan = check_study(
        estimator,
        [{}],
        X,
        y,
        cv=cv,
        scoring=scoring,
        refit=refit,
        score_epochs=score_epochs,
        sample_weight=sample_weight,
        groups=groups,
    )
    jobs = jobs_of(plan, [0])
    with watched(verbose, len(jobs), cost_of(plan, jobs)) as progress:
        results = dict(train(plan, jobs, n_jobs, store.shelf(plan), progress))
    folds = [results[job] for job in jobs]
    for number, fold in enumerate(folds):
        if fold.error is not None:
            raise ValueError(f"Fold {number}: {fold.error}")
    curve = EpochCurve.of(folds, plan.scoring)
    if curve.is_without_scores:
        reason = first_reason(folds, plan.scoring.chosen)
        raise ValueError(f"No epoch has a score in all folds: {reason}")
    for number, name in enumerate(plan.scoring.names):
        undefined = first_reason(folds, number)
        if undefined is not None:
            shown = curve.of_metric(name) if plan.scoring.is_multiple else curve
            left_out = name_left_out(shown.left_out)
            warn(
                f"After some epochs, the {plan.scoring.in_words(number)} is undefined"
                f" and set to NaN: {undefined}\n{left_out}".rstrip(),
                UndefinedMetricWarning,
            )
    if verbose == 1:
        print(curve.line())
    return curve


def first_reason(folds, metric):
    """Why some scores of several `FoldCurve` objects are undefined, or None.

    Parameters
    ----------
    folds : list of FoldCurve
        What was measured.
    metric : int
        The number of the metric.

    Returns
    -------
    reason : str or None
        That of the first fold that has one.
    """
    reasons = (fold.undefined[metric] for fold in folds)
    return next(filter(None, reasons), None)


def _folds_without(scores, losses):
    """The numbers of the folds that were trained, but have no score after any epoch;
    none if there are no other folds."""
    are_without = np.isnan(scores).all(axis=0) & ~np.isnan(losses).all(axis=0)
    return np.flatnonzero(are_without & ~are_without.all())
