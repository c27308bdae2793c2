"""The trainings of an ensemble: which networks see which columns of which samples."""

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier

from ..model_selection import Shelf, check_study, jobs_of, train
from ..utils import is_name, plain_number
from ._folds import Halving
from ._members import Watch
from ._relevance import Relevance, Stretched
from ._unseen import weighed_part


@dataclass(frozen=True)
class View:
    """What some of the networks see of an encoded table.

    Parameters
    ----------
    name : str
        Its name.
    has_ramps : bool
        Whether they see ramps, beside values and indicators.
    is_standardised : bool
        Whether columns have a standard deviation of 1 before they are scaled by their
        relevance.
    power : float
        The power of the relevance, times that of the ensemble.
    """

    name: str
    has_ramps: bool
    is_standardised: bool
    power: float


#: Half of the networks see all columns, and half of them no ramps, which are many and
#: let networks of wide and small tables overfit.
VIEWS = (
    View("ramps", has_ramps=True, is_standardised=False, power=1.0),
    View("values", has_ramps=False, is_standardised=True, power=0.5),
)
#: In a table of so many columns that there is no room for ramps, half of the networks
#: see hardly more than what matters most.
MANY_COLUMNS = 300
VIEWS_OF_MANY = (
    View("relevant values", has_ramps=False, is_standardised=True, power=3.0),
    VIEWS[1],
)

#: What ramps are multiplied by, so that values are learned from first.
HEIGHT_OF_RAMPS = 0.5

#: The network that tells how much each column matters, and how long it is trained.
FIRST_NETWORK = {
    "hidden_layer_sizes": (64,),
    "activation": "relu",
    "solver": "adam",
    "learning_rate": "constant",
    "learning_rate_init": 0.005,
    "batch_size": 64,
    "dropout": 0.0,
    "early_stopping": False,
    "verbose": False,
    "n_iter_no_change": np.inf,
}
STEPS_OF_FIRST = 400
EPOCHS_OF_FIRST = 4, 30

#: What a group of trainings may take for each that runs at a time: any number of
#: multiplications and additions, as nothing is kept of an interrupted fit; and memory.
LIMITS = math.inf, 2**28


def make_plan(
    network,
    settings,
    X,
    is_ramp,
    y,
    folds,
    *,
    sample_weight=None,
    groups=None,
    max_seconds=None,
    random_state,
):
    """Plan the trainings of an ensemble.

    Parameters
    ----------
    network : BackpropClassifier or BackpropRegressor
        The network.
    settings : list of dict
        Its parameters; each is trained on each view.
    X : ndarray of shape (n_samples, n_columns)
        The encoded table.
    is_ramp : ndarray of bool of shape (n_columns,)
        Which columns are ramps.
    y, sample_weight, groups : array-like
        The targets, and so on.
    folds : list of tuple of ndarray
        Row numbers for training and for what is left out.
    max_seconds : float, default=None
        After how many seconds to stop.
    random_state : RandomState
        Draws the seeds.

    Returns
    -------
    plan : Plan
        A study whose candidates are pairs of a setting and a view.
    views : list of View
        The view of each candidate.

    Raises
    ------
    ValueError
        If a setting, the folds or the data are not valid.
    """
    plan = check_study(
        network,
        settings,
        X,
        y,
        cv=folds,
        scoring="loss",
        sample_weight=sample_weight,
        scales="targets",
        are_averaged=True,
    )
    views = _views_of(is_ramp)
    if issparse(y):  # of which a study makes an array
        for candidate in plan.candidates:
            candidate.targets.is_sparse = True
    for fold, (rows, test) in enumerate(plan.folds):
        n_common = len(np.intersect1d(rows, test))
        if n_common > 0:
            raise ValueError(
                f"Fold {fold} of cv is trained on {n_common} of the samples that it"
                " leaves out, so that these say nothing about new ones."
            )
    groups = None if groups is None else np.asarray(groups)
    seconds = math.inf if max_seconds is None else float(max_seconds)
    deadline = time.time() + seconds
    seed = random_state.randint(np.iinfo(np.int32).max)
    candidates, samples, of_candidates, without_ramps = [], [], [], {}
    for view in views:
        heights = np.where(is_ramp, HEIGHT_OF_RAMPS, 1.0)
        if not view.has_ramps:
            heights = heights[~is_ramp]
        for candidate, of_all in zip(plan.candidates, plan.samples, strict=True):
            seen = of_all.X  # in the computing type of the setting
            if not view.has_ramps and is_ramp.any():
                key = seen.dtype
                if key not in without_ramps:
                    without_ramps[key] = seen[:, ~is_ramp]
                seen = without_ramps[key]
            part = weighed_part(candidate, of_all)
            codes = None
            if is_classifier(network):
                codes = part.y.astype(seen.dtype)
            halving = Halving(part.y[:, 0], part.sample_weight, groups, seed)
            for _, rows in plan.folds:
                halving.halve(rows)  # an error, before any training
            seeds = random_state.randint(np.iinfo(np.int32).max, size=len(folds))
            candidates.append(
                _watched(
                    candidate, view, halving, deadline, seeds.tolist(), heights, codes
                )
            )
            samples.append(replace(of_all, X=seen))
            of_candidates.append(view)
    plan = replace(plan, candidates=candidates, samples=samples, limits=LIMITS)
    return plan, of_candidates


def _views_of(is_ramp):
    if is_ramp.any():
        return VIEWS
    return VIEWS_OF_MANY if len(is_ramp) > MANY_COLUMNS else VIEWS[1:]


def _watched(candidate, view, halving, deadline, seeds, heights, codes):
    """A candidate whose networks are stopped by the loss on their fold, and by nothing
    else."""
    network = clone(candidate.network)
    if is_name(network.learning_rate, "adaptive"):
        raise ValueError(
            "learning_rate='adaptive' is lowered by the rule that stops a network by"
            " its training loss, which has no say in an ensemble. Choose another one."
        )
    tol, patience = map(plain_number, (network.tol, network.n_iter_no_change))
    watch = Watch(halving, tol, patience, deadline)
    network.set_params(n_iter_no_change=np.inf, early_stopping=False)
    network.n_features_in_ = len(heights)
    of_candidate = {
        **vars(candidate),
        "params": {"view": view.name, **candidate.params},
        "network": network,
        "follows": watch,
    }
    return Stretched(
        **of_candidate,
        seeds=seeds,
        heights=heights,
        codes=codes,
        is_standardised=view.is_standardised,
    )


def first_plan(plan, views, network):
    """The first training in each fold, for each view, which tells the relevance of each
    column. It is not stopped by the fold, which is to have no say in it.

    Parameters
    ----------
    plan : Plan
        What `make_plan` returned.
    views : list of View
        The view of each candidate.
    network : BackpropClassifier or BackpropRegressor
        The network, of which parameters like those of the loss are used.

    Returns
    -------
    first : Plan
        A study with a candidate for each view.
    """
    n_steps = math.ceil(plan.train_size / FIRST_NETWORK["batch_size"])
    n_epochs = int(np.clip(math.ceil(STEPS_OF_FIRST / n_steps), *EPOCHS_OF_FIRST))
    candidates, samples = [], []
    for view in dict.fromkeys(views):
        number = views.index(view)
        first = clone(network).set_params(**FIRST_NETWORK, max_iter=n_epochs)
        first.n_features_in_ = plan.samples[number].X.shape[1]
        candidate = plan.candidates[number]
        follows = partial(Relevance, deadline=candidate.follows.deadline)
        candidates.append(replace(candidate, network=first, follows=follows))
        samples.append(plan.samples[number])
    return replace(plan, candidates=candidates, samples=samples)


def stretched(plan, views, first, power, n_jobs, progress):
    """Run the first trainings, and scale columns by their relevance.

    Parameters
    ----------
    plan, views
        What `make_plan` returned.
    first : Plan
        What `first_plan` returned.
    power : float
        The power of the relevance.
    n_jobs : int or None
        How many trainings run at a time, in joblib's sense.
    progress : Progress
        Is told of each.

    Returns
    -------
    plan : Plan
        The same trainings, on scaled columns.
    """
    numbers = {view: number for number, view in enumerate(dict.fromkeys(views))}
    jobs = jobs_of(first, numbers.values())
    found = {
        (job.number, job.fold): curve
        for job, curve in train(first, jobs, n_jobs, Shelf(), progress)
    }
    candidates = []
    for candidate, view in zip(plan.candidates, views, strict=True):
        curves = [found[numbers[view], fold] for fold in range(len(plan.folds))]
        stretches = [
            # Where the first network fails, the others may not.
            None if curve.error else curve.kept.stretch(power * view.power)
            for curve in curves
        ]
        candidates.append(replace(candidate, stretches=stretches))
    return replace(plan, candidates=candidates)
