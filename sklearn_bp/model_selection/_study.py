"""The overfitting study: all epochs of all folds of all settings."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from numbers import Real

from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.model_selection import ParameterGrid, ParameterSampler

from ..utils import plain_number, warn
from ._checks import check_study
from ._epoch_curve import EpochCurve, first_reason
from ._memory import Store
from ._progress import Progress, check_verbose, watched
from ._results import OverfittingStudy
from ._summary import name_left_out
from ._trainings import cost_of, jobs_of, train

#: Parameters that can be a tuple with a value for each hidden layer.
PARAMETERS_OF_LAYERS = ("hidden_layer_sizes", "activation", "dropout")


def overfitting_study(
    estimator,
    X,
    y,
    param_grid,
    *,
    cv=5,
    scoring=None,
    refit=None,
    score_epochs=None,
    n_jobs=None,
    sample_weight=None,
    groups=None,
    halving_factor=None,
    train_sizes=None,
    memory=None,
    verbose=0,
):
    """Cross-validate a network for each of several settings, at every epoch.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or a pipeline
        The estimator, of which clones are trained for up to `max_iter` epochs: a
        network, or a `Pipeline` of any class or a
        :class:`sklearn.compose.TransformedTargetRegressor` that ends in one, or in
        another of these. Its own `fit`, `score` and `predict` are followed on each
        fold, so that samplers only draw from what is trained on. Losses are those of
        the transformed targets, scores of the targets as they are. A network with
        ``random_state=None`` is given one seed for all trainings.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data. Without other steps, and except with lbfgs, folds are rows of one
        array, not copies.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    param_grid : dict, list of dict, ParameterGrid or ParameterSampler
        The settings, as in :class:`sklearn.model_selection.GridSearchCV`: a dict from
        parameter names to lists of values, or several of these. A list of dicts from
        names to single values, such as ``list(ParameterSampler(...))``, is taken as the
        settings, and refused if it may be either.
    cv : int, cross-validation generator or iterable, default=5
        The folds, the same for all settings; an int makes them stratified for a
        classifier.
    scoring : str, callable, None, list, tuple, set or dict, default=None
        The score by which a setting and an epoch are chosen: a scorer, by name or as a
        function of estimator, X and y; 'loss', the negated loss; or None, the
        accuracy or the coefficient of determination. Names of several, or a dict from
        names to any of these, measure all of them, see
        :meth:`OverfittingStudy.of_metric`. Metrics of scikit-learn, by name or from
        :func:`sklearn.metrics.make_scorer`, are computed for many epochs at once; other
        functions are called for each epoch, which may take much longer than training.
    refit : str, default=None
        The name of the metric by which a setting and an epoch are chosen, if there are
        several.
    score_epochs : int or array-like of int, default=None
        After which epochs functions are called that have to be: after about as many, at
        equal ratios and so closest together at the beginning, the first and the last
        possible one among them; or after these, which count from 1. After the last
        epoch of a training they are called in any case. In between scores are NaN, and
        no epoch there is chosen. None is all epochs.
    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`, such as 'dask'. Those that do
        nothing but compute are trained in groups, on the threads of the engine,
        whatever it is.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for training and for everything that is measured. Steps of a pipeline
        are given them if they request them by metadata routing.
    groups : array-like of shape (n_samples,), default=None
        The groups that some splitters, such as `GroupKFold`, keep together.
    halving_factor : float >= 2, default=None
        If given, hopeless settings are given up early, by successive halving [1]_: all
        are trained for a few epochs, the best of them, one in `halving_factor`, for
        that many times as many, and so on. None trains all settings to the end.
    train_sizes : array-like of shape (n_sizes,), default=None
        Also train each setting on this many rows of each fold's training part, to see
        what more data would bring; as in :func:`sklearn.model_selection.learning_curve`
        integers, or fractions of the smallest training part. The rows are drawn
        independently of the network's seed, each size's among those of the next, and
        stay in their order. Each size is a study of its own, with the same folds to
        test on; see `OverfittingStudy.at_size`.
    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep the result of each training as soon as it is there. The same call,
        after an interruption or a crash, then only runs the trainings that are missing;
        a call with other data, weights, folds, settings or versions runs what these
        change. Of functions of yours, such as a scorer, the code counts, of classes
        only the name. Networks and shuffled folds need a `random_state`.
    verbose : int, default=0
        1 prints a line for each setting when its folds are done; 2 shows how many
        trainings are done, the best setting so far and the time that is left: as a bar
        in notebooks, and in terminals if rich is installed, in lines otherwise.

    Returns
    -------
    study : OverfittingStudy
        The curves of each setting, and what can be read off them.

    Raises
    ------
    TypeError
        If the estimator is not a network of this package and does not end in one, or if
        its class of pipeline cannot be followed.
    ValueError
        If a setting, the folds, the scorer or the data are not valid, or with `memory`
        there is no seed, before any training; or if all settings fail.
    RuntimeError
        If worker processes are lost repeatedly.

    Warns
    -----
    FitFailedWarning
        If some settings fail, in training or because no epoch has a score in all folds
        that count: others are chosen. If all fail at one of `train_sizes`, it is left
        out.
    UndefinedMetricWarning
        If the score is undefined after some epochs, as the scorer fails or returns NaN:
        those scores are NaN, and other epochs are chosen. A fold in which no setting
        has a test score after any epoch does not count in means.
    UserWarning
        If a fold is trained without some class. Its networks have outputs for all
        classes, but are wrong on test samples of that one. Or if trainings cannot be
        kept in `memory`: where callbacks are to hear of them, or something cannot be
        pickled.

    References
    ----------
    .. [1] Jamieson, K. & Talwalkar, A. (2016). "Non-stochastic best arm identification
       and hyperparameter optimization." AISTATS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifier, overfitting_study
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BackpropClassifier(
    ...     learning_rate_init=0.01, max_iter=30, random_state=0
    ... )
    >>> study = overfitting_study(network, X, y, {"alpha": [0.01, 1, 100]})
    >>> study.best_params_["alpha"] < 100
    True
    """
    settings = settings_of(param_grid)
    factor = check_factor(halving_factor)
    verbose = check_verbose(verbose)
    store = Store(memory)
    plan = check_study(
        estimator,
        settings,
        X,
        y,
        cv=cv,
        scoring=scoring,
        refit=refit,
        score_epochs=score_epochs,
        sample_weight=sample_weight,
        groups=groups,
        train_sizes=train_sizes,
    )
    with watched_studies([plan, *plan.smaller], factor, verbose) as progress:
        run = partial(
            run_study,
            factor=factor,
            n_jobs=n_jobs,
            verbose=verbose,
            store=store,
            progress=progress,
        )
        study = run(plan)
        study = replace(study, smaller=_run_smaller(run, plan))
        progress.tell(lambda: study.line(study.best_index_))
    return study


def _run_smaller(run, plan):
    """The studies of smaller training parts, by size, in ascending order."""
    studies = {}
    for part in reversed(plan.smaller):
        try:
            studies[part.train_size] = run(part)
        except ValueError as error:
            warn(f"train_sizes={part.train_size}: {error}", FitFailedWarning)
    return dict(sorted(studies.items()))


def run_study(plan, factor, n_jobs, verbose, task=None, *, store=None, progress=None):
    """Train and follow all candidates of a study that was checked.

    Parameters
    ----------
    plan : Plan
        The study.
    factor : float
        The factor of halving; infinite to train all candidates to the end.
    n_jobs, verbose
        As `overfitting_study` takes them.
    task : Task, default=None
        What callbacks are notified of; each training is a part of it.
    store : Store, default=None
        Where trainings are kept.
    progress : Progress, default=None
        What `watched_studies` yields; it is told of each training.

    Returns
    -------
    study : OverfittingStudy
        The curves of each candidate.
    """
    shelf = (store or Store(None)).shelf(plan, is_heard=task is not None)
    progress = progress or Progress()
    settings = [candidate.params for candidate in plan.candidates]
    curves = [None] * len(settings)
    errors = [None] * len(settings)
    undefined = [None] * len(settings)
    is_cut_short = [False] * len(settings)

    def line(number=None):
        study = OverfittingStudy.of(plan, curves, errors)
        best_or_this = study.ranking()[0] if number is None else number
        return plan.label + study.line(best_or_this)

    for share, n_survivors in rungs(len(settings), factor):
        study = OverfittingStudy.of(plan, curves, errors)
        numbers = study.ranking()[:n_survivors]
        jobs = jobs_of(plan, numbers, share)
        expected = expected_cost(plan, share, n_survivors)
        progress.correct(cost_of(plan, jobs) - expected)
        with closing(train(plan, jobs, n_jobs, shelf, progress, task)) as results:
            for number, folds in _complete(results, len(plan.folds)):
                curves[number] = EpochCurve.of(folds, plan.scoring)
                errors[number] = next((f.error for f in folds if f.error), None)
                undefined[number] = first_reason(folds, plan.scoring.chosen)
                if curves[number].is_without_scores:
                    errors[number] = errors[number] or undefined[number]
                n_epochs, all_epochs = (
                    plan.n_epochs(number, part) for part in (share, 1)
                )
                has_converged = curves[number].n_epochs.max() < n_epochs
                is_cut_short[number] = n_epochs < all_epochs and not has_converged
                progress.tell(line)
                if verbose == 1:
                    print(line(number))
        _leave_out_same_folds(curves, errors, undefined)
    _report_failures(settings, errors, plan.label)
    _report_undefined(settings, errors, undefined, curves, plan.label)
    _report_undefined_others(settings, curves, plan.scoring, plan.label)
    given_up = [
        number
        for number, error in enumerate(errors)
        if error is None and is_cut_short[number]
    ]
    return OverfittingStudy.of(plan, curves, errors, given_up)


def _complete(results, n_folds):
    """Each candidate's number and folds, as soon as all of its folds are there."""
    incomplete = defaultdict(dict)
    for job, curve in results:
        folds = incomplete[job.number]
        folds[job.fold] = curve
        if len(folds) == n_folds:
            del incomplete[job.number]
            yield job.number, [folds[number] for number in range(n_folds)]


def watched_studies(plans, factor, verbose, last=None):
    """A context manager that shows the progress of studies, which are run within it.

    Parameters
    ----------
    plans : list of Plan
        The studies.
    factor : float
        The factor of halving.
    verbose : int
        As `overfitting_study` takes it.
    last : Plan, default=None
        What is trained after them: in each of its folds one candidate, to the end.

    Returns
    -------
    watching : context manager
        Returns the `progress` that `run_study` takes.
    """
    costs = [
        expected_cost(plan, *rung)
        for plan in plans
        for rung in rungs(len(plan.candidates), factor)
    ]
    n_all = sum(n_trainings(plan, factor) for plan in plans)
    if last is not None:
        costs.append(expected_cost(last, 1, 1))
        n_all += len(last.folds)
    return watched(verbose, n_all, math.fsum(costs))


def expected_cost(plan, share, n_survivors):
    """The cost of a round of halving, whichever candidates reach it."""
    numbers = range(len(plan.candidates))
    return cost_of(plan, jobs_of(plan, numbers, share)) * n_survivors / len(numbers)


def _leave_out_same_folds(curves, errors, undefined):
    """Let means be over the same folds for all settings. One that lacks the score of a
    fold in which others have it has failed."""
    valid = [number for number, error in enumerate(errors) if error is None]
    all_folds = range(curves[0].test_scores.shape[1])
    left_out = set(all_folds).intersection(*(curves[n].left_out for n in valid))
    for number in valid:
        curves[number] = curves[number].leaving_out(left_out)
        if curves[number].is_without_scores:
            errors[number] = undefined[number]
    for name in curves[0].by_metric:
        _leave_out_same_folds_by(name, curves)


def _leave_out_same_folds_by(name, curves):
    """The same for one of several metrics."""
    shown = {number: curve.of_metric(name) for number, curve in enumerate(curves)}
    valid = [n for n, c in shown.items() if not (c.has_failed or c.is_without_scores)]
    all_folds = range(curves[0].test_scores.shape[1])
    left_out = set(all_folds).intersection(*(shown[n].left_out for n in valid))
    for number in valid:
        curves[number] = curves[number].leaving_out(left_out, name)


def rungs(n_candidates, factor):
    """The rounds of halving: shares of the epochs, and numbers of candidates."""
    last = 0
    if factor < math.inf:
        last = math.floor(math.log(n_candidates, factor) + 1e-9)
    for rung in range(last + 1):
        yield factor ** (rung - last), math.ceil(n_candidates / factor**rung)


def n_trainings(plan, factor):
    """The number of trainings in a study."""
    n_candidates = len(plan.candidates)
    return len(plan.folds) * sum(n for _, n in rungs(n_candidates, factor))


def settings_of(param_grid):
    """The settings of a grid, a dict for each."""
    if isinstance(param_grid, ParameterGrid | ParameterSampler):
        return list(param_grid)
    if isinstance(param_grid, Iterator):  # of which there is only one pass
        param_grid = list(param_grid)
    if _are_settings(param_grid):
        _check_that_a_list_is_clear(param_grid)
    try:
        return list(ParameterGrid(param_grid))
    except TypeError:
        # values that cannot be several: the settings themselves
        if _are_settings(param_grid):
            return list(param_grid)
        raise


def _check_that_a_list_is_clear(grids):
    """Raise a ValueError for a list of dicts that are settings to a reader but grids to
    scikit-learn, such as ``[{"hidden_layer_sizes": (30, 10)}]``."""
    for grid in grids:
        for name, values in grid.items():
            is_of_layers = name.split("__")[-1] in PARAMETERS_OF_LAYERS
            if is_of_layers and isinstance(values, tuple) and _are_plain(grid, values):
                raise ValueError(
                    f"In a list of dicts, {name!r}: {values!r} may be one setting or"
                    f" several. Pass [{values!r}] for one, {list(values)!r} for"
                    " several, or a ParameterSampler itself and not a list of its"
                    " settings."
                )


def _are_plain(grid, values):
    """Whether all values of a grid may be several, these ones numbers or names."""
    may_be_several = all(
        hasattr(value, "__iter__") and not isinstance(value, str)
        for value in grid.values()
    )
    return may_be_several and all(isinstance(value, str | Real) for value in values)


def _are_settings(settings):
    """Whether these are settings, such as those of a ParameterSampler in a list."""
    return isinstance(settings, Sequence) and all(
        isinstance(setting, Mapping) for setting in settings
    )


def check_factor(halving_factor):
    """The factor of halving; infinite for None."""
    if halving_factor is None:
        return math.inf
    # Less would cost more than it saves: each rung starts from scratch.
    if not isinstance(halving_factor, Real) or not halving_factor >= 2:
        raise ValueError(
            "halving_factor must be a number >= 2, or None to train all settings to the"
            f" end, got {halving_factor!r}."
        )
    return plain_number(halving_factor)


def _report_failures(settings, errors, label):
    failed = [
        f"{params}: {error}"
        for params, error in zip(settings, errors, strict=True)
        if error is not None
    ]
    if len(failed) == len(settings):
        raise ValueError("All settings failed.\n" + "\n".join(failed))
    if failed:
        warn(
            f"{label}{len(failed)} of {len(settings)} settings failed and are excluded"
            " from the choice.\n" + "\n".join(failed),
            FitFailedWarning,
        )


def _report_undefined(settings, errors, undefined, curves, label):
    partly = [
        f"{params}: {reason}"
        for params, error, reason in zip(settings, errors, undefined, strict=True)
        if error is None and reason is not None
    ]
    if partly:
        left_out = curves[errors.index(None)].left_out
        warn(
            f"{label}For {len(partly)} of {len(settings)} settings, the score is"
            " undefined after some epochs, which are not chosen.\n"
            + "\n".join([*partly, name_left_out(left_out)]).rstrip(),
            UndefinedMetricWarning,
        )


def _report_undefined_others(settings, curves, scoring, label):
    """The same for metrics by which is not chosen."""
    for name in curves[0].by_metric:
        if name == scoring.names[scoring.chosen]:
            continue
        reasons = [
            f"{params}: {curve.by_metric[name].undefined}"
            for params, curve in zip(settings, curves, strict=True)
            if curve.by_metric[name].undefined is not None
        ]
        if reasons:
            warn(
                f"{label}For {len(reasons)} of {len(settings)} settings, the score"
                f" {name!r} is undefined after some epochs.\n" + "\n".join(reasons),
                UndefinedMetricWarning,
            )
