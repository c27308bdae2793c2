"""What each epoch recorded."""

import math
from dataclasses import dataclass, field

import numpy as np

#: The columns of a row: the training loss, averaged over the epoch's steps; the
#: learning rate of the last step; the length of the objective's gradient, averaged over
#: the steps; how long training and validation took; the loss on validation data; what
#: early stopping watched.
COLUMNS = (
    "loss",
    "learning_rate",
    "gradient_norm",
    "seconds",
    "validation_loss",
    "validation_score",
)

NOTHING = (math.nan, math.nan)


@dataclass
class History:
    """What each epoch recorded.

    Parameters
    ----------
    losses : list of float
        The training losses.
    validation_scores : list of float
        What early stopping watched; empty without it.
    rows : list of tuple of float
        All columns, an epoch each, NaN or None for what there is not.
    """

    losses: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def record(self, loss, learning_rate, gradient_norm, seconds, validation=None):
        """Take down an epoch; `validation` are the loss and perhaps a score."""
        validation_loss, score = validation or NOTHING
        self.rows.append(
            (loss, learning_rate, gradient_norm, seconds, validation_loss, score)
        )

    def copy(self):
        return History(
            self.losses.copy(), self.validation_scores.copy(), self.rows.copy()
        )

    def as_arrays(self):
        """As a dict of arrays of one length, by `COLUMNS`; without those that no epoch
        has."""
        if not self.rows:
            return {}
        columns = np.array(self.rows, dtype=np.float64).T
        return {
            name: column.copy()
            for name, column in zip(COLUMNS, columns)
            if not np.isnan(column).all()
        }
