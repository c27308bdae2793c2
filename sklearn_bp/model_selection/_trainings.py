"""The trainings of a study, one by one: those that are kept, and those that are run."""

import math
from collections import defaultdict
from contextlib import closing
from itertools import chain
from typing import NamedTuple

from ..engine import get_engine
from ._fold import train_fold, train_folds
from ._parallel import is_in_threads, n_workers, side_by_side

#: What a group may take for each training that the engine runs at a time:
#: multiplications and additions, half a second of them, which are lost in an
#: interruption; and memory.
OPERATIONS_OF_GROUP = 25e9
BYTES_OF_GROUP = 2**24

#: Multiplications and additions, some ten milliseconds of them, beyond which a training
#: is worth a thread of Python.
OPERATIONS_OF_SHORT = 5e8


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


def cost_of(plan, jobs):
    """What trainings are expected to cost, in a unit that all of a study share."""
    return math.fsum(plan.cost(*job) for job in jobs)


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
    n_leaders = n_workers(n_jobs)  # an error, before any training
    missing = []
    for job in jobs:
        curve = shelf.get(job)
        if curve is None:
            missing.append(job)
        else:
            progress.add(plan.cost(*job), is_trained=False)
            yield job, curve
    together, alone = grouped(plan, missing, n_leaders, heard=task is not None)
    for jobs, curves in chain(
        _run_groups(plan, together, n_leaders), _run_alone(plan, alone, n_jobs, task)
    ):
        for job, curve in zip(jobs, curves, strict=True):
            shelf.put(job, curve)
            progress.add(plan.cost(*job))
        yield from zip(jobs, curves, strict=True)


def _run_groups(plan, groups, n_leaders):
    """Trainings, group by group. A single thread leads all, as the engine has threads
    of its own."""
    arguments = [plan.arguments_of_group(jobs) for jobs in groups]
    n_jobs = 1 if is_in_threads() else n_leaders
    yield from _in_turn(groups, side_by_side(train_folds, arguments, n_jobs))


def _run_alone(plan, jobs, n_jobs, task):
    """Trainings in groups of one."""
    subtasks = [task and task.subtask("candidate-split-evaluation") for _ in jobs]
    arguments = [
        plan.arguments(*job, subtask)
        for job, subtask in zip(jobs, subtasks, strict=True)
    ]
    operations = (plan.operations(job.number, job.n_epochs) for job in jobs)
    longest = max(operations, default=math.inf)
    results = side_by_side(train_fold, arguments, n_jobs, longest)
    for job, curve in _in_turn(jobs, results):
        yield [job], [curve]


def _in_turn(items, results):
    # Whatever happens in between, to close it is to let nothing train on.
    with closing(results):
        for index, result in results:
            yield items[index], result


def grouped(plan, jobs, n_leaders, heard):
    """Trainings that are to share calls of the engine, group by group, and the others.

    Parameters
    ----------
    plan : Plan
        The study that they belong to.
    jobs : list of Job
        The trainings.
    n_leaders : int
        How many threads or processes there are to lead them.
    heard : bool
        Whether callbacks are to hear of each.

    Returns
    -------
    groups : list of list of Job
        Groups of two or more. In short studies, trainings on the same fold, which share
        its orders, are neighbours; in long ones those of a setting, of which the first
        are done sooner.
    alone : list of Job
        The rest.
    """
    n_side_by_side = get_engine(plan.engine).n_side_by_side
    if heard or n_side_by_side == 0:
        return [], jobs
    in_threads = is_in_threads()
    n_least = 1 if in_threads else n_leaders
    # Threads that each lead a long training use all processors, too, and the engine
    # works for one while another keeps its books.
    is_led_well = in_threads and n_leaders >= n_side_by_side
    longest = OPERATIONS_OF_SHORT if is_led_well else math.inf
    most_operations, most_bytes = (
        limit * n_side_by_side
        for limit in plan.limits or (OPERATIONS_OF_GROUP, BYTES_OF_GROUP)
    )
    by_samples, alone = defaultdict(list), []
    for job in jobs:
        is_short = plan.operations(job.number, job.n_epochs) <= longest
        if is_short and plan.is_plain(job.number):
            by_samples[id(plan.samples[job.number])].append(job)
        else:
            alone.append(job)
    groups = []
    for alike in by_samples.values():
        operations = sum(plan.operations(job.number, job.n_epochs) for job in alike)
        n_bytes = sum(plan.n_bytes(job.number) for job in alike)
        if operations <= most_operations:
            alike.sort(key=lambda job: job.fold)
        n_groups = max(operations / most_operations, n_bytes / most_bytes, n_least)
        size = math.ceil(len(alike) / math.ceil(n_groups))
        if size > n_side_by_side:  # no thread is to be without work at the end
            size -= size % n_side_by_side
        groups += [alike[i : i + size] for i in range(0, len(alike), size)]
    alone += [job for group in groups if len(group) == 1 for job in group]
    return [group for group in groups if len(group) > 1], sorted(alone)
