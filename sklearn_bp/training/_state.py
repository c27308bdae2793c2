"""A network in training, with all that the next epoch depends on."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..engine import Dropout
from ..network import Network
from ._history import History
from ._optimizers import OPTIMIZERS
from ._schedules import SCHEDULES, ByProgress
from ._stopping import Stopping

_SCHEDULES = {**SCHEDULES, ByProgress.name: ByProgress}


@dataclass
class TrainingState:
    """A network in training, with all that the next epoch depends on.

    Parameters
    ----------
    network : Network
        Layers, activations, loss.
    theta : ndarray of shape (n_parameters,)
        The parameters.
    optimizer, schedule, stopping, dropout : objects or None
        What trains it.
    history : History
        The record of the epochs.
    n_samples_seen : int
        How many samples it was trained on, each counted once per epoch.
    watched : object
        What the stopping rule has watched so far.
    epoch : int
        The number of the epoch that theta is of, counted from 1 in the history.
    seed_of_split : dict or None
        The state of the random numbers that drew validation rows for the first time.
    """

    network: Network
    theta: np.ndarray
    optimizer: Any = None
    schedule: Any = None
    stopping: Any = None
    dropout: Any = None
    history: History = field(default_factory=History)
    n_samples_seen: int = 0
    watched: Any = None
    epoch: int = 0
    seed_of_split: Any = None

    def fork(self, theta):
        """A state to be trained on from these parameters, without changing this one
        except for the shared history, which grows on and can be cut back."""
        return replace(
            self,
            theta=theta.copy(),
            optimizer=copy.deepcopy(self.optimizer),
            schedule=copy.copy(self.schedule),
            stopping=copy.copy(self.stopping),
        )

    def to_plain(self):
        """Everything but network and theta as a dict of arrays, numbers, strings and
        dicts.

        Functions that the user gave as schedule or as scorer are contained as well.
        """
        return {
            "optimizer": _to_plain(self.optimizer),
            "schedule": _to_plain(self.schedule),
            "stopping": self.stopping and vars(self.stopping).copy(),
            "dropout": self.dropout and vars(self.dropout).copy(),
            "history": self.history.to_plain(),
            "n_samples_seen": self.n_samples_seen,
            "watched": self.watched,
            "epoch": self.epoch,
            "seed_of_split": self.seed_of_split,
        }

    @classmethod
    def from_plain(cls, network, theta, plain):
        """The inverse of `to_plain`."""
        stopping, dropout = plain["stopping"], plain["dropout"]
        return cls(
            network,
            theta,
            optimizer=_from_plain(OPTIMIZERS, plain["optimizer"]),
            schedule=_from_plain(_SCHEDULES, plain["schedule"]),
            stopping=stopping and _revive(Stopping, stopping),
            dropout=dropout and Dropout(**dropout),
            history=History.from_plain(plain["history"]),
            n_samples_seen=plain["n_samples_seen"],
            watched=plain["watched"],
            epoch=plain["epoch"],
            seed_of_split=plain["seed_of_split"],
        )


def _to_plain(thing):
    """An optimizer or a schedule as its name and its attributes."""
    return thing and {"name": thing.name, **vars(thing)}


def _from_plain(table, plain):
    if plain is None:
        return None
    attributes = dict(plain)
    return _revive(table[attributes.pop("name")], attributes)


def _revive(kind, attributes):
    thing = kind.__new__(kind)
    vars(thing).update(attributes)
    return thing
