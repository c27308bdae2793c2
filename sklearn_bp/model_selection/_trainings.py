"""The trainings of a study, one by one: those that are kept, and those that are run."""

import math
from contextlib import closing
from typing import NamedTuple

from ._fold import train_fold
from ._parallel import side_by_side


class Job(NamedTuple):
    """A training.

    Parameters
    ----------
    number : int
        The number of the candidate.
    fold : int
        The number of the fold.
    n_epochs : int
        The largest number of epochs.
    """

    number: int
    fold: int
    n_epochs: int


def jobs_of(plan, numbers, share=1):
    """The trainings of some candidates, in all folds, for a share of their epochs."""
    return [
        Job(number, fold, plan.n_epochs(number, share))
        for number in numbers
        for fold in range(len(plan.folds))
    ]


def train(plan, jobs, n_jobs, shelf, progress, task=None):
    """Do trainings, or find their results on the shelf.

    Parameters
    ----------
    plan : Plan
        The study that they belong to.
    jobs : list of Job
        The trainings.
    n_jobs : int or None
        How many run at a time, in joblib's sense.
    shelf : Shelf
        Where each result is put as soon as it is there.
    progress : Progress
        Is told of each.
    task : Task, default=None
        What callbacks are notified of; each training is a part of it.

    Yields
    ------
    job : Job
        The training.
    curve : FoldCurve
        Its result. They come in the order in which they are found or done.
    """
    missing = []
    for job in jobs:
        curve = shelf.get(job)
        if curve is None:
            missing.append(job)
        else:
            progress.add(plan.cost(*job), is_trained=False)
            yield job, curve
    subtasks = [task and task.subtask("candidate-split-evaluation") for _ in missing]
    arguments = [
        plan.arguments(*job, subtask)
        for job, subtask in zip(missing, subtasks, strict=True)
    ]
    operations = (plan.operations(job.number, job.n_epochs) for job in missing)
    longest = max(operations, default=math.inf)
    # Whatever happens in between, to close it is to let nothing train on.
    with closing(side_by_side(train_fold, arguments, n_jobs, longest)) as results:
        for index, curve in results:
            job = missing[index]
            shelf.put(job, curve)
            progress.add(plan.cost(*job))
            yield job, curve
