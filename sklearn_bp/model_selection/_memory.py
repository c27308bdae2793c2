"""Finished trainings are kept, and found again by the same call."""

import os
from contextlib import suppress

import joblib
import sklearn
from sklearn.utils.validation import check_memory

from .. import __version__
from ..engine import get_engine
from ..utils import has_callbacks, warn
from ._fingerprint import digest, digest_of_data
from ._fold import FoldCurve

#: Those of scikit-learn's settings that change what a pipeline does.
SETTINGS = ("enable_metadata_routing", "transform_output")


class Store:
    """Where the trainings of studies are kept.

    Parameters
    ----------
    memory : str, path-like, joblib.Memory or None
        The place; None keeps nothing.

    Raises
    ------
    ValueError
        If it is none of these.
    """

    def __init__(self, memory):
        if isinstance(memory, os.PathLike):
            memory = os.fspath(memory)
        memory = check_memory(memory)
        if not isinstance(memory, joblib.Memory):
            raise ValueError(
                f"memory must be a path, a joblib.Memory or None, got {memory!r}."
            )
        self._memory = None if memory.location is None else memory
        self._digests = {}  # by the id of the data, which are kept alive

    def shelf(self, plan, is_heard=False):
        """The shelf with the trainings of a study.

        Parameters
        ----------
        plan : Plan
            The study.
        is_heard : bool, default=False
            Whether callbacks are to hear of all trainings.

        Returns
        -------
        shelf : Shelf
            It is empty, and stays so, if nothing is to be kept.

        Raises
        ------
        ValueError
            If nothing that is kept could be found again.
        """
        if self._memory is None:
            return Shelf()
        if plan.drawn_anew:
            raise ValueError(
                f"With memory, {plan.drawn_anew} needs a random_state: with None, each"
                " call draws other numbers, and no training could be found again. Set"
                " it to an integer."
            )
        # Of joblib's messages, none are about what users know of.
        kept = self._memory.cache(_kept, ignore=["make"], verbose=0)
        folds = [digest(fold) for fold in plan.folds]
        return Shelf(kept, self._candidates(plan, is_heard), folds)

    def _candidates(self, plan, is_heard):
        """The digest of each candidate with its data, None if it has none."""
        digests, reasons = [], []
        for candidate, samples in zip(plan.candidates, plan.samples, strict=True):
            digests.append(None)
            if is_heard or has_callbacks(candidate.network):
                reasons.append("callbacks are to hear of all trainings")
                continue
            parts = (
                __version__,
                sklearn.__version__,
                [sklearn.get_config().get(name) for name in SETTINGS],
                get_engine(plan.engine).name,
                plan.scoring.scorers,
                plan.scoring.score_epochs,
                candidate.pipeline,
                candidate.network,
                candidate.targets,
                candidate.scales,
                candidate.follows,
                candidate.classes,
            )
            try:
                digests[-1] = digest((parts, self._digests_of(samples)))
            except Exception as error:  # of other people's classes
                reasons.append(f"{type(error).__name__}: {error}")
        if reasons:
            warn(
                f"The trainings of {len(reasons)} of {len(digests)} settings are not"
                f" kept in memory: {reasons[0]}"
            )
        return digests

    def _digests_of(self, samples):
        arrays = (samples.X, samples.y, samples.sample_weight, *samples.given)
        for array in arrays:
            if id(array) not in self._digests:
                self._digests[id(array)] = (digest_of_data(array), array)
        return [self._digests[id(array)][0] for array in arrays]


class CurveStore(Store):
    """A store that also has the trainings of a study at hand when it is done.

    Parameters
    ----------
    memory : str, path-like, joblib.Memory or None, default=None
        See `Store`.

    Attributes
    ----------
    curves : dict of tuple of int to FoldCurve
        The results, by the numbers of candidate and fold.
    """

    def __init__(self, memory=None):
        super().__init__(memory)
        self.curves = {}

    def shelf(self, plan, is_heard=False):
        return _OpenShelf(super().shelf(plan, is_heard), self.curves)


class _OpenShelf:
    """A shelf whose results are noted in a dict as they come and go."""

    def __init__(self, shelf, curves):
        self._shelf = shelf
        self._curves = curves

    def get(self, job):
        curve = self._shelf.get(job)
        if curve is not None:
            self._note(job, curve)
        return curve

    def put(self, job, curve):
        self._note(job, curve)
        self._shelf.put(job, curve)

    def _note(self, job, curve):
        self._curves[job.number, job.fold] = curve


class Shelf:
    """The trainings of a study that are kept.

    Parameters
    ----------
    kept : MemorizedFunc, default=None
        The function `_kept`, which remembers.
    candidates, folds : list of str or None, default=()
        Digests; what has none is not kept.
    """

    def __init__(self, kept=None, candidates=(), folds=()):
        self._kept = kept
        self._candidates = candidates
        self._folds = folds

    def get(self, job):
        """The result of a training, or None if it is not kept or damaged.

        Parameters
        ----------
        job : Job
            The training.

        Returns
        -------
        curve : FoldCurve or None
            The result.
        """
        key = self._key(job)
        if key is None:
            return None
        with suppress(_NotKeptError):
            found = self._kept.call_and_shelve(key, _nothing)
            try:
                return FoldCurve(**found.get())
            except Exception:  # whatever a damaged file may raise
                found.clear()
        return None

    def put(self, job, curve):
        """Keep the result of a training, unless it has failed.

        Parameters
        ----------
        job : Job
            The training.
        curve : FoldCurve
            The result.
        """
        key = self._key(job)
        if key is not None and curve.error is None:
            self._kept.call_and_shelve(key, lambda: dict(vars(curve)))

    def _key(self, job):
        if self._kept is None or self._candidates[job.number] is None:
            return None
        candidate, fold = self._candidates[job.number], self._folds[job.fold]
        return f"{candidate} {fold} {job.n_epochs}"


class _NotKeptError(Exception):
    """What was looked for is not there."""


def _nothing():
    raise _NotKeptError


def _kept(key, make):
    """What `make` returned when it was first called for this key."""
    return make()
