"""How a network is trained: optimizers, schedules, stopping, the epoch loop."""

from ._epochs import operations_of_epoch
from ._lbfgs import minimize_lbfgs
from ._optimizers import OPTIMIZERS
from ._schedules import FACTORS, SCHEDULES, make_schedule
from ._stopping import Stopping
from ._trainer import TrainingData, TrainingState, train

__all__ = [
    "FACTORS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Stopping",
    "TrainingData",
    "TrainingState",
    "make_schedule",
    "minimize_lbfgs",
    "operations_of_epoch",
    "train",
]
