"""How a network is trained: optimizers, schedules, stopping, the epoch loop."""

from ._epochs import EpochRunner, bytes_of_training, operations_of_epoch
from ._history import COLUMNS, History
from ._lbfgs import LbfgsCourse
from ._leading import run_alone, run_together
from ._optimizers import OPTIMIZERS
from ._orders import Streams
from ._samples import Part, Samples
from ._schedules import FACTORS, SCHEDULES, make_schedule
from ._state import TrainingState
from ._stopping import Stopping
from ._trainer import Course, train

__all__ = [
    "COLUMNS",
    "FACTORS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Course",
    "EpochRunner",
    "History",
    "LbfgsCourse",
    "Part",
    "Samples",
    "Stopping",
    "Streams",
    "TrainingState",
    "bytes_of_training",
    "make_schedule",
    "operations_of_epoch",
    "run_alone",
    "run_together",
    "train",
]
