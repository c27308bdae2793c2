"""Checks that find errors in a study before anything is trained."""

import reprlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable

from ..engine import get_config, get_engine
from ..fitting import (
    Measure,
    check_for_folds,
    check_layers,
    check_no_missing,
    check_samples,
    check_X_y,
    is_splitter,
    learn_targets,
    score_of_targets,
)
from ..training import Samples
from ..utils import (
    check_parameters,
    check_sample_weight,
    is_name,
    is_routing,
    routed,
    take_rows,
    to_numpy,
    warn,
)
from ._fold import Candidate, describe
from ._pipelines import may_resample, split_off
from ._plan import PARAMETERS_OF_LOSSES, Plan
from ._scoring import check_scoring
from ._summary import MOST_NAMED, count
from ._train_sizes import cut_folds


def check_study(
    estimator,
    settings,
    X,
    y,
    *,
    cv,
    scoring,
    refit=None,
    score_epochs=None,
    sample_weight=None,
    groups=None,
    scales=False,
    are_averaged=False,
    train_sizes=None,
):
    """Check the arguments of a study.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or a pipeline
        What is studied.
    settings : list of dict
        Its parameters, a dict for each candidate.
    X, y, cv, scoring, refit, score_epochs, sample_weight, groups, train_sizes
        As `overfitting_study` takes them.
    scales : bool or "targets", default=False
        Whether features and targets, or targets alone, are standardised in each fold.
    are_averaged : bool, default=False
        Whether the networks of the folds are averaged, so that one that was trained
        without some class does no harm.

    Returns
    -------
    plan : Plan
        The study to be run.

    Raises
    ------
    TypeError
        If the estimator is not a network of this package and does not end in one.
    ValueError
        If a setting, the folds, the scorer or the data are not valid.
    """
    _, network = split_off(estimator)
    scoring = check_scoring(scoring, refit, score_epochs, network)
    if len(settings) == 0:
        raise ValueError("There are no settings to study: param_grid is empty.")
    candidates = [_candidate(estimator, params) for params in settings]
    drawn_anew = (
        _share_seed(candidates) or _what_draws("cv", cv) or _what_holds_out(candidates)
    )
    X, y, groups = to_numpy(X, "X"), to_numpy(y, "y"), to_numpy(groups, "groups")
    X, y, groups = indexable(X, y, groups)
    if issparse(y):  # indicators of a multilabel problem
        y = y.toarray()
    given, checker = (X, y), clone(network)
    if any(candidate.pipeline is None for candidate in candidates):
        # The computing type is up to each candidate.
        X, y = check_X_y(checker, X, y, [np.float64, np.float32], reset=True)
    else:
        y = np.asarray(y)
        check_no_missing(y)
    weight = check_sample_weight(sample_weight, len(y))
    folds = _folds(cv, given, y, weight, groups, network, scoring)
    smaller = cut_folds(folds, train_sizes)
    for size, cut in smaller.items():
        _check_that_parts_have_weight(cut, weight, _cut_to(size))
    classes = learn_targets(network, y).labels
    candidates = [replace(candidate, classes=classes) for candidate in candidates]
    if not _look_at_what_was_given(candidates, scoring):
        given = None
    candidates, samples = _learned(candidates, X, y, weight, given, groups, scales)
    if hasattr(checker, "feature_names_in_"):
        for candidate in candidates:
            candidate.network.feature_names_in_ = checker.feature_names_in_
    if classes is not None and not are_averaged:
        # Those that are missing in larger parts are missing in the smallest, too.
        of_smallest = next(((cut, _cut_to(n)) for n, cut in smaller.items()), (folds,))
        _warn_of_missing_classes(y, classes, *of_smallest)
    engine = get_config()["engine"]
    plan = Plan(candidates, samples, folds, scoring, engine, drawn_anew)
    is_by_loss = any(is_name(scorer, "loss") for scorer in scoring.scorers)
    if is_by_loss and not plan.compares_losses:
        raise ValueError(
            f"scoring='loss' cannot compare settings that differ in one of"
            f" {PARAMETERS_OF_LOSSES}, or in how targets are transformed: that makes"
            " losses different quantities. Use a scorer, such as 'neg_log_loss' or"
            " 'r2'."
        )
    _try_out_all(plan)
    smaller = tuple(
        replace(plan, folds=cut, label=f"{count(size, 'row')}: ")
        for size, cut in smaller.items()
    )
    for each in smaller:
        try:
            _try_out_all(each)
        except ValueError as error:
            raise ValueError(f"train_sizes={each.train_size}: {error}") from error
    return replace(plan, smaller=smaller)


def check_inner_folds(plan, estimator, X, y, *, cv, sample_weight=None, groups=None):
    """Check the folds of each outer fold's training part.

    Parameters
    ----------
    plan : Plan
        The study on the outer folds.
    estimator, X, y, sample_weight, groups
        What `check_study` was given for it.
    cv : int or cross-validation generator
        How each training part is split.

    Returns
    -------
    plans : list of Plan
        The same study on the inner folds of each outer fold, in row numbers of all
        data.

    Raises
    ------
    ValueError
        If these folds are not valid.
    """
    if isinstance(cv, Iterable) and not hasattr(cv, "split"):
        raise ValueError(
            "cv must be a number of folds or a splitter, such as StratifiedKFold(5), as"
            " each outer fold's training part is split by itself; got"
            f" {reprlib.repr(cv)}."
        )
    _, network = split_off(estimator)
    classes = plan.candidates[0].classes
    X, y, groups = to_numpy(X, "X"), to_numpy(y, "y"), to_numpy(groups, "groups")
    data = y.toarray() if issparse(y) else np.asarray(y)
    weight = check_sample_weight(sample_weight, len(data))
    drawn_anew = plan.drawn_anew or _what_draws("cv", cv)
    plans = []
    for outer, (rows, _) in enumerate(plan.folds):
        parts = [
            None if array is None else take_rows(array, rows)
            for array in (X, y, data, weight, groups)
        ]
        try:
            folds = _folds(cv, parts[:2], *parts[2:], network, plan.scoring)
        except ValueError as error:
            raise ValueError(
                f"The training part of outer fold {outer} cannot be split: {error}"
            ) from error
        folds = [(rows[train], rows[test]) for train, test in folds]
        if classes is not None:
            _warn_of_missing_classes(data, classes, folds)
        label = f"outer fold {outer}: "
        plans.append(replace(plan, folds=folds, label=label, drawn_anew=drawn_anew))
    return plans


def _candidate(estimator, params):
    if not all(isinstance(name, str) for name in params):
        raise TypeError(
            "The names of parameters in param_grid must be strings, got"
            f" {list(params)}."
        )
    copies = {name: clone(value, safe=False) for name, value in params.items()}
    pipeline, network = split_off(clone(estimator).set_params(**copies))
    check_parameters(network)
    check_layers(network)  # before others are trained, also behind other steps
    check_for_folds(network)
    return Candidate(params, pipeline, network)


def _share_seed(candidates):
    """Give networks without a seed the same one, so that settings are compared on the
    same initial weights and threads do not share a RandomState. Returns what they are,
    if there are any."""
    unseeded = [c.network for c in candidates if c.network.random_state is None]
    if unseeded:
        seed = check_random_state(None).randint(np.iinfo(np.int32).max)
        for network in unseeded:
            network.random_state = seed
    return "the network" if unseeded else ""


def _what_draws(name, splitter):
    """Names a splitter that draws other rows in each call."""
    is_random = getattr(splitter, "shuffle", True) is not False
    has_no_seed = getattr(splitter, "random_state", 0) is None
    return f"{name}={splitter!r}" if is_random and has_no_seed else ""


def _what_holds_out(candidates):
    """The same for the splitters of early stopping."""
    splitters = (candidate.network.validation_fraction for candidate in candidates)
    names = (_what_draws("validation_fraction", each) for each in splitters)
    return next(filter(None, names), "")


def _folds(cv, given, y, weight, groups, network, scoring):
    cv = check_cv(cv, y, classifier=is_classifier(network))
    numbers = np.arange(len(y), dtype=np.int64)  # as folds may be masks
    requested = routed(cv, "split", sample_weight=weight)
    folds = [
        tuple(
            _rows(numbers, part, f"{name} part of fold {fold}")
            for name, part in (("training", train), ("test", test))
        )
        for fold, (train, test) in enumerate(cv.split(*given, groups, **requested))
    ]
    if len(folds) == 0:
        raise ValueError(
            "cv has no folds. If it is an iterator, it may be exhausted: pass a list."
        )
    _check_that_parts_have_weight(folds, weight)
    is_own = any(scorer is None for scorer in scoring.scorers)
    if is_own and not is_classifier(network):
        _check_that_r2_is_defined(folds)
    return folds


def _rows(numbers, part, name):
    """The row numbers that a splitter, or the user, has given in some form."""
    cause = None
    try:
        rows = numbers[part]
        if np.ndim(rows) == 1:
            return rows
    except IndexError as error:
        cause = error
    raise ValueError(
        f"The {name} of cv must be an array of row numbers below {len(numbers)}, or a"
        f" mask of as many rows, got {reprlib.repr(part)}."
    ) from cause


def _cut_to(size):
    return f", cut to {count(size, 'row')} by train_sizes,"


def _warn_of_missing_classes(y, classes, folds, where=""):
    missing = {
        number: labels
        for number, (train, _) in enumerate(folds)
        if len(labels := np.setdiff1d(classes, y[train])) > 0
    }
    if missing:
        names = [f"fold {fold} without {labels}" for fold, labels in missing.items()]
        if len(names) > MOST_NAMED:
            names[MOST_NAMED:] = [count(len(names) - MOST_NAMED, "more fold")]
        warn(
            f"In some folds of cv{where or ','} networks are trained without samples of"
            f" some classes: {', '.join(names)}. They have outputs for all classes, but"
            " are wrong on test samples of these, at a large loss. Stratified folds,"
            " shuffled or larger training parts help, though not with a class of one"
            " sample."
        )


def _check_that_parts_have_weight(folds, weight, where=""):
    for number, parts in enumerate(folds):
        for name, rows in zip(("training", "test"), parts, strict=True):
            if len(rows) == 0:
                raise ValueError(f"The {name} part of fold {number} of cv is empty.")
            if weight is not None and not weight[rows].any():
                raise ValueError(
                    f"All sample weights in the {name} part of fold {number} of"
                    f" cv{where} are zero. Leave these samples out, or choose other"
                    " folds."
                )


def _check_that_r2_is_defined(folds):
    if all(len(test) < 2 for _, test in folds):
        raise ValueError(
            "The coefficient of determination is undefined for fewer than two samples,"
            " and the test part of each fold has fewer. Use fewer folds, or"
            " scoring='loss'."
        )


def _look_at_what_was_given(candidates, scoring):
    """Whether a step, a user-defined scorer or a splitter sees the data."""
    return any(map(callable, scoring.given)) or any(
        candidate.pipeline is not None
        or callable(candidate.network.scoring)
        or is_splitter(candidate.network.validation_fraction)
        for candidate in candidates
    )


def _learned(candidates, X, y, weight, given, groups, scales):
    """The candidates, those without a pipeline with their targets, and the samples of
    each. Those of one computing type share one X. `given` holds X and y as given by the
    user, or is None if the arrays will do. If folds are to be scaled, X and y stay as
    they are."""
    with_targets, samples, converted, learned = [], [], {}, {}
    for candidate in candidates:
        network = candidate.network
        if candidate.pipeline is not None:
            metadata = (groups,) if is_routing() and groups is not None else ()
            with_targets.append(candidate)
            samples.append(Samples(None, None, weight, (*given, *metadata)))
            continue
        dtype, loss = str(network.dtype), getattr(network, "loss", None)
        if (dtype, loss) not in learned:
            targets, checked = check_samples(
                network, converted.get(dtype, X), y, weight, scales=scales
            )
            if scales:
                checked = replace(checked, y=y, X=X if scales is True else checked.X)
            converted[dtype] = checked.X
            checked = replace(checked, given=given or (checked.X, y))
            learned[dtype, loss] = targets, checked
        targets, checked = learned[dtype, loss]
        network.n_features_in_ = checked.X.shape[1]
        with_targets.append(replace(candidate, targets=targets, scales=scales))
        samples.append(checked)
    return with_targets, samples


def _trials(plan):
    """The numbers of the candidates to try out, and whether on all folds. Pipelines are
    fitted for it, so only the first one is, and those that sample weights may not be
    able to follow."""
    bare, others = [], []
    for number, candidate in enumerate(plan.candidates):
        if candidate.pipeline is None:
            bare.append(number)
        else:
            is_weighted = plan.samples[number].sample_weight is not None
            if not others or (is_weighted and may_resample(candidate.pipeline)):
                others.append(number)
    yield from ((number, number == bare[0]) for number in bare)
    yield from ((number, False) for number in others)


def _try_out_all(plan):
    for number, on_all_folds in _trials(plan):
        _try_out(plan, number, on_all_folds)


def _try_out(plan, number, on_all_folds):
    """Raise an error before training if a candidate cannot be trained, or if a metric
    is defined in no fold. Folds are tried one by one, all or until each metric is."""
    n_metrics = len(plan.scoring.scorers)
    reasons, are_defined = [None] * n_metrics, [False] * n_metrics
    for fold in range(len(plan.folds)):
        for metric, reason in enumerate(_why_undefined(plan, number, fold)):
            are_defined[metric] |= reason is None
            reasons[metric] = reasons[metric] or reason
        if all(are_defined) and not on_all_folds:
            return
    if not all(are_defined):
        metric = are_defined.index(False)
        raise ValueError(
            f"scoring={plan.scoring.given[metric]!r} fails for this estimator and these"
            f" data: {describe(reasons[metric])}"
        ) from reasons[metric]


def _why_undefined(plan, number, fold):
    """For each metric why a candidate's network has no score on the test part of a
    fold: neither untrained nor, if the score is undefined for what it then predicts, if
    it predicted the targets. None if it has one."""
    engine, scorers = get_engine(plan.engine), plan.scoring.scorers
    training, parts = plan.candidates[number].training(
        plan.samples[number], *plan.folds[fold], plan.scoring, engine
    )
    training.prepare()
    if training.is_by_epochs:
        training.batch_size()
    reasons = {}
    measure = Measure(
        training, parts[1], scorers, reasons.setdefault, agreed=plan.scoring.agreed
    )
    measure(training.state.theta[np.newaxis])
    for metric in list(reasons):
        if callable(scorers[metric]) or training.targets.own_scorer:
            with suppress(Exception):
                score_of_targets(training, parts[1], scorers[metric])
                del reasons[metric]
    return list(map(reasons.get, range(len(scorers))))
