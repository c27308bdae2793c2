"""How a network is trained: optimizers, schedules, stopping, the epoch loop."""

from ._lbfgs import minimize_lbfgs
from ._optimizers import OPTIMIZERS
from ._schedules import SCHEDULES
from ._stopping import Stopping
from ._trainer import TrainingData, TrainingState, train

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Stopping",
    "TrainingData",
    "TrainingState",
    "minimize_lbfgs",
    "train",
]
