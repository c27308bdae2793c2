"""Studies within the folds of another: what choosing is worth on data not seen."""

from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from ..utils import warn
from ._checks import check_inner_folds, check_study
from ._epoch_curve import EpochCurve, first_reason
from ._means import FoldSizes, Mean
from ._memory import Store
from ._plain import PlainState, revive
from ._progress import check_verbose
from ._reports import Report
from ._results import Choice, OverfittingStudy, check_rule
from ._study import (
    check_factor,
    expected_cost,
    run_study,
    settings_of,
    watched_studies,
)
from ._summary import count, format_error, format_params, format_score
from ._trainings import Job, cost_of, train


@dataclass(frozen=True, eq=False, repr=False)
class NestedStudy(PlainState, Report):
    """What :func:`nested_study` returns.

    Parameters
    ----------
    studies : list of OverfittingStudy
        The inner study of each outer fold.
    choices : list of Choice
        The setting and the epoch that each of them chooses, with its mean inner score.
    test_scores : ndarray of shape (n_outer_folds,)
        The score of a network for this choice on the test part of the outer fold; NaN
        where it is undefined.
    folds : FoldSizes
        The sizes of the outer folds.
    score_name : str
        The name of the score.

    Attributes
    ----------
    score : float
        The mean of `test_scores`: what networks score that are chosen like this.
    standard_error : float
        Its standard error, that of :meth:`OverfittingStudy.compare`; NaN for a single
        fold.
    optimism : float
        By how much the inner scores of the choices are better than their outer ones, on
        average.
    """

    studies: list
    choices: list
    test_scores: np.ndarray
    folds: FoldSizes
    score_name: str

    def _plain_parts(self):
        return {
            "studies": [study.__getstate__() for study in self.studies],
            "choices": list(map(tuple, self.choices)),
            "folds": tuple(self.folds),
        }

    def _revived_parts(self, plain):
        return {
            "studies": [revive(OverfittingStudy, study) for study in plain["studies"]],
            "choices": [Choice(*choice) for choice in plain["choices"]],
            "folds": FoldSizes(*plain["folds"]),
        }

    @property
    def score(self):
        return self._mean().value

    @property
    def standard_error(self):
        return self._mean().standard_error

    @property
    def optimism(self):
        inner = np.array([choice.score for choice in self.choices])
        with np.errstate(invalid="ignore"):  # of infinite losses
            return float((inner - self.test_scores)[self._are_defined()].mean())

    def _are_defined(self):
        are_defined = ~np.isnan(self.test_scores)
        return are_defined if are_defined.any() else ~are_defined

    def _mean(self):
        are_defined = self._are_defined()
        sizes = self.folds.without(np.flatnonzero(~are_defined))
        return Mean.of(self.test_scores[are_defined], sizes)

    def to_frame(self):
        """Make a :class:`pandas.DataFrame`.

        Returns
        -------
        frame : DataFrame
            A row for each outer fold: a column for each parameter of the choice, its
            epoch, its mean inner score and its score on the outer test part.
        """
        import pandas as pd

        params = pd.DataFrame([choice.params for choice in self.choices])
        columns = {
            "epoch": [choice.epoch for choice in self.choices],
            "inner_score": [choice.score for choice in self.choices],
            "test_score": self.test_scores,
        }
        return params.join(pd.DataFrame(columns))

    def _lines(self):
        n_settings = len(self.studies[0].params)
        yield (
            f"NestedStudy of {count(n_settings, 'setting')} in"
            f" {count(len(self.choices), 'outer fold')}"
        )
        score, error = format_score(self, self.score), format_error(self.standard_error)
        yield f"test {score} ({error}); inner scores are better by {self.optimism:.2g}"

    def _table(self):
        header = ["outer fold", "setting", "epoch", "inner score", "test score"]
        rows = [
            [fold, format_params(choice.params), choice.epoch, choice.score, score]
            for fold, (choice, score) in enumerate(
                zip(self.choices, self.test_scores.tolist(), strict=True)
            )
        ]
        return header, rows

    def _draw(self, figure):
        figure.set_size_inches(6, 4)
        ax = figure.subplots()
        folds = np.arange(len(self.choices))
        inner = [choice.score for choice in self.choices]
        errors = [choice.standard_error for choice in self.choices]
        ax.errorbar(folds, inner, yerr=errors, fmt="o", label="inner, of the choice")
        ax.plot(folds, self.test_scores, "D", label="outer test part")
        ax.set_xticks(folds)
        ax.set_xlabel("outer fold")
        ax.set_ylabel(self.score_name)
        ax.legend(frameon=False)


def nested_study(
    estimator,
    X,
    y,
    param_grid,
    *,
    outer_cv=5,
    cv=5,
    scoring=None,
    refit=None,
    score_epochs=None,
    rule="best",
    n_jobs=None,
    sample_weight=None,
    groups=None,
    halving_factor=None,
    memory=None,
    verbose=0,
):
    """Estimate what a network scores whose setting and epoch a study chooses.

    In each outer fold, an overfitting study on the training part chooses a setting and
    an epoch. A network is trained for it on the whole of this part, and scored on the
    test part, which had no say in the choice. So the mean of these scores is not too
    good, as a study's own best score is [1]_, [2]_. It is the score of choosing like
    this, and not that of one setting: the choices may differ from fold to fold.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or a pipeline
        The estimator, as :func:`overfitting_study` takes it.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data. Without other steps, and except with lbfgs, inner and outer folds are
        rows of one array, not copies; but splitters of inner folds are shown copies.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    param_grid : dict, list of dict, ParameterGrid or ParameterSampler
        The settings, as :func:`overfitting_study` takes them.
    outer_cv : int, cross-validation generator or iterable, default=5
        The outer folds; an int makes them stratified for a classifier.
    cv : int or cross-validation generator, default=5
        The inner folds, into which each outer training part is split.
    scoring : str, callable, list, dict or None, default=None
        The score by which is chosen, and that of the outer folds, as
        :func:`overfitting_study` takes it. By others, only the inner studies are
        measured.
    refit : str, default=None
        The name of the one by which is chosen, among several.
    score_epochs : int or array-like of int, default=None
        After which epochs scorers are called that have to be, see
        :func:`overfitting_study`.
    rule : {'best', 'one_standard_error'}, default='best'
        How is chosen, see :meth:`OverfittingStudy.select`.
    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`. Those that do nothing but compute
        are trained in groups, on the threads of the engine, whatever it is.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for training and for everything that is measured.
    groups : array-like of shape (n_samples,), default=None
        The groups that some splitters, such as `GroupKFold`, keep together, in outer
        and in inner folds.
    halving_factor : float >= 2, default=None
        If given, inner studies give up hopeless settings early, as
        :func:`overfitting_study` does.
    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep finished trainings, so that the same call goes on after an
        interruption, see :func:`overfitting_study`.
    verbose : int, default=0
        1 prints a line for each setting when its inner folds are done; 2 shows the
        progress of all inner studies, as :func:`overfitting_study` does.

    Returns
    -------
    nested : NestedStudy
        The outer scores, their mean with its standard error, the choices and the inner
        studies.

    Raises
    ------
    TypeError
        If the estimator is not a network of this package and does not end in one, or if
        its class of pipeline cannot be followed.
    ValueError
        If a setting, the folds, the scorer or the data are not valid, or the rule
        cannot be followed, before any training; or if all settings fail in an inner
        study, or the training of a choice does.
    RuntimeError
        If worker processes are lost repeatedly.

    Warns
    -----
    UndefinedMetricWarning
        If the score is undefined in an outer fold, which then does not count; for inner
        folds as :func:`overfitting_study` does.
    FitFailedWarning, UserWarning
        As :func:`overfitting_study` does.

    See Also
    --------
    overfitting_study : A study, without outer folds.
    OverfittingStudy.corrected_score : An estimate from the folds of a study itself.

    Notes
    -----
    To nest :class:`BackpropClassifierCV` and :class:`BackpropRegressorCV`, pass them to
    :func:`sklearn.model_selection.cross_val_score`.

    References
    ----------
    .. [1] Varma, S. & Simon, R. (2006). "Bias in error estimation when using
       cross-validation for model selection." BMC Bioinformatics 7:91.

    .. [2] Cawley, G. C. & Talbot, N. L. C. (2010). "On over-fitting in model selection
       and subsequent selection bias in performance evaluation." Journal of Machine
       Learning Research 11, 2079-2107.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifier, nested_study
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BackpropClassifier(
    ...     learning_rate_init=0.01, max_iter=30, random_state=0
    ... )
    >>> nested = nested_study(network, X, y, {"alpha": [0.01, 1]}, outer_cv=3, cv=3)
    >>> nested.test_scores.shape
    (3,)
    """
    factor = check_factor(halving_factor)
    verbose = check_verbose(verbose)
    store = Store(memory)
    shared = {"sample_weight": sample_weight, "groups": groups}
    plan = check_study(
        estimator,
        settings_of(param_grid),
        X,
        y,
        cv=outer_cv,
        scoring=scoring,
        refit=refit,
        score_epochs=score_epochs,
        **shared,
    )
    inner_plans = check_inner_folds(plan, estimator, X, y, cv=cv, **shared)
    for inner in inner_plans:
        check_rule(rule, len(inner.folds))
    studies = []
    with watched_studies(inner_plans, factor, verbose, last=plan) as progress:
        for inner in inner_plans:
            study = _study(inner, factor, n_jobs, verbose, store, progress)
            studies.append(study.by(rule))
        choices = [study.select() for study in studies]
        curves = _trained(plan, choices, n_jobs, store, progress)
    return NestedStudy(
        studies,
        choices,
        np.array([curve.test_scores[-1, 0] for curve in curves]),
        plan.fold_sizes,
        plan.scoring.title,
    )


def _study(plan, factor, n_jobs, verbose, store, progress):
    """The inner study of an outer fold."""
    try:
        return run_study(plan, factor, n_jobs, verbose, store=store, progress=progress)
    except ValueError as error:
        raise ValueError(f"In {plan.label}{error}") from error


def _trained(plan, choices, n_jobs, store, progress):
    """A curve for each outer fold: what was chosen is trained on all of its training
    part, for the number of epochs that was chosen."""
    jobs = [
        Job(choice.index, fold, choice.epoch) for fold, choice in enumerate(choices)
    ]
    progress.correct(cost_of(plan, jobs) - expected_cost(plan, 1, 1))
    found = dict(train(plan, jobs, n_jobs, store.shelf(plan), progress))
    results = [found[job] for job in jobs]
    undefined = {}
    for outer in range(len(jobs)):
        error = results[outer].error
        if error is not None:
            raise ValueError(
                f"In outer fold {outer}, what was chosen fails on the whole of its"
                f" training part: {error}"
            )
        if np.isnan(results[outer].scores[-1, 1, plan.scoring.chosen]):
            undefined[outer] = first_reason([results[outer]], plan.scoring.chosen)
    if undefined:
        warn(
            "The score is undefined in some outer folds, which do not count:"
            f" {undefined}",
            UndefinedMetricWarning,
        )
    return [EpochCurve.of([results[o]], plan.scoring) for o in range(len(jobs))]
