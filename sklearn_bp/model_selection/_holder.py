"""Estimators that hold the study by which they have chosen."""

from ..utils import VersionedState
from ._plain import revive
from ._results import OverfittingStudy


class StudyHolder(VersionedState):
    """Mixin: what is saved of an estimator has its attribute `study_` as plain data."""

    def __getstate__(self):
        state = super().__getstate__()
        if "study_" in state:
            state["study_"] = self.study_.__getstate__()
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if isinstance(vars(self).get("study_"), dict):  # it was an object at first
            self.study_ = revive(OverfittingStudy, self.study_)
