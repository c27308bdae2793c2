"""The overfitting study: all epochs of all folds of all settings."""

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real

from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.model_selection import ParameterGrid, ParameterSampler

from ..utils import plain_number, warn
from ._checks import check_study
from ._epoch_curve import EpochCurve, first_reason
from ._fold import train_fold
from ._parallel import side_by_side
from ._results import OverfittingStudy
from ._summary import name_left_out

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
        After which epochs functions are called that have to be: so many, at equal
        ratios and so closest together at the beginning, the first and the last possible
        one among them; or these, which count from 1. After the last epoch of a training
        they are called in any case. In between scores are NaN, and no epoch there is
        chosen. None is all epochs.
    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`, such as 'dask'.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for training and for everything that is measured. Steps of a pipeline
        are given them if they request them by metadata routing.
    groups : array-like of shape (n_samples,), default=None
        The groups that some splitters, such as `GroupKFold`, keep together.
    halving_factor : float >= 2, default=None
        If given, hopeless settings are given up early, by successive halving [1]_: all
        are trained for a few epochs, the best of them, one in `halving_factor`, for
        that many times as many, and so on. None trains all settings to the end.
    verbose : int, default=0
        Whether to print a line for each setting when its folds are done.

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
        If a setting, the folds, the scorer or the data are not valid, before any
        training; or if all settings fail.
    RuntimeError
        If worker processes are lost repeatedly.

    Warns
    -----
    FitFailedWarning
        If some settings fail, in training or because no epoch has a score in all folds
        that count: others are chosen.
    UndefinedMetricWarning
        If the score is undefined after some epochs, as the scorer fails or returns NaN:
        those scores are NaN, and other epochs are chosen. A fold in which no setting
        has a test score after any epoch does not count in means.
    UserWarning
        If a fold is trained without some class. Its networks have outputs for all
        classes, but are wrong on test samples of that one.

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
    )
    return run_study(plan, factor, n_jobs, verbose)


def run_study(plan, factor, n_jobs, verbose, task=None):
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

    Returns
    -------
    study : OverfittingStudy
        The curves of each candidate.
    """
    settings = [candidate.params for candidate in plan.candidates]
    curves = [None] * len(settings)
    errors = [None] * len(settings)
    undefined = [None] * len(settings)
    is_cut_short = [False] * len(settings)
    for share, n_survivors in rungs(len(settings), factor):
        study = OverfittingStudy.of(plan, curves, errors)
        numbers = study.ranking()[:n_survivors]
        for number, folds in _trained(plan, numbers, share, n_jobs, task):
            curves[number] = EpochCurve.of(folds, plan.scoring)
            errors[number] = next((f.error for f in folds if f.error), None)
            undefined[number] = first_reason(folds, plan.scoring.chosen)
            if curves[number].is_without_scores:
                errors[number] = errors[number] or undefined[number]
            n_epochs, all_epochs = (plan.n_epochs(number, part) for part in (share, 1))
            has_converged = curves[number].n_epochs.max() < n_epochs
            is_cut_short[number] = n_epochs < all_epochs and not has_converged
            if verbose:
                print(OverfittingStudy.of(plan, curves, errors).line(number))
        _leave_out_same_folds(curves, errors, undefined)
    _report_failures(settings, errors)
    _report_undefined(settings, errors, undefined, curves)
    _report_undefined_others(settings, curves, plan.scoring)
    given_up = [
        number
        for number, error in enumerate(errors)
        if error is None and is_cut_short[number]
    ]
    return OverfittingStudy.of(plan, curves, errors, given_up)


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


def _trained(plan, numbers, share, n_jobs, task):
    """Each candidate's number and folds, as soon as all of its folds are done."""
    tasks, owners, missing, operations = [], [], {}, []
    for number in numbers:
        n_epochs = plan.n_epochs(number, share)
        operations.append(plan.operations(number, n_epochs))
        missing[number] = len(plan.folds)
        for fold in range(len(plan.folds)):
            subtask = task and task.subtask("candidate-split-evaluation")
            tasks.append(plan.arguments(number, fold, n_epochs, subtask))
            owners.append(number)
    results = [None] * len(tasks)
    for index, result in side_by_side(
        train_fold, tasks, n_jobs, max(operations, default=math.inf)
    ):
        results[index] = result
        number = owners[index]
        missing[number] -= 1
        if missing[number] == 0:
            first = owners.index(number)
            yield number, results[first : first + len(plan.folds)]


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


def _report_failures(settings, errors):
    failed = [
        f"{params}: {error}"
        for params, error in zip(settings, errors, strict=True)
        if error is not None
    ]
    if len(failed) == len(settings):
        raise ValueError("All settings failed.\n" + "\n".join(failed))
    if failed:
        warn(
            f"{len(failed)} of {len(settings)} settings failed and are excluded from"
            " the choice.\n" + "\n".join(failed),
            FitFailedWarning,
        )


def _report_undefined(settings, errors, undefined, curves):
    partly = [
        f"{params}: {reason}"
        for params, error, reason in zip(settings, errors, undefined, strict=True)
        if error is None and reason is not None
    ]
    if partly:
        left_out = curves[errors.index(None)].left_out
        warn(
            f"For {len(partly)} of {len(settings)} settings, the score is undefined"
            " after some epochs, which are not chosen.\n"
            + "\n".join([*partly, name_left_out(left_out)]).rstrip(),
            UndefinedMetricWarning,
        )


def _report_undefined_others(settings, curves, scoring):
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
                f"For {len(reasons)} of {len(settings)} settings, the score {name!r} is"
                " undefined after some epochs.\n" + "\n".join(reasons),
                UndefinedMetricWarning,
            )
