"""The record of the epochs."""

import math
from itertools import repeat

import numpy as np

#: The columns of a row: the training loss, averaged over the epoch's steps; the
#: learning rate of the last step; the length of the objective's gradient, averaged over
#: the steps; how long training and validation took; the loss on validation data; what
#: early stopping watched. Iterations of lbfgs have neither learning rate nor gradient.
COLUMNS = (
    "loss",
    "learning_rate",
    "gradient_norm",
    "seconds",
    "validation_loss",
    "validation_score",
)
LOSS, LEARNING_RATE, SECONDS, VALIDATION_SCORE = map(
    COLUMNS.index, ("loss", "learning_rate", "seconds", "validation_score")
)

NOTHING = (math.nan, math.nan)


class History:
    """The record of the epochs. It only grows, or is cut back to an earlier state.

    Attributes
    ----------
    rows : list of tuple of float
        A row per epoch with all columns, NaN or None where there is no value.
    losses : list of float
        The training loss of each epoch; iterations of lbfgs do not count.
    first_watched : int
        The number of the row from which the stopping rule has watched the same
        quantity.
    """

    def __init__(self, rows=(), first_watched=0):
        self.rows = list(rows)
        self.losses = [row[LOSS] for row in self.rows if _is_epoch(row)]
        self.first_watched = first_watched

    def record(self, losses, learning_rates, gradient_norms, seconds, measured=None):
        """Record epochs, each of which took so many seconds; `measured` holds the
        validation loss and the score of a single one, if any."""
        validation_loss, score = measured or NOTHING
        self.rows += zip(
            losses,
            learning_rates,
            gradient_norms,
            repeat(seconds),
            repeat(validation_loss),
            repeat(score),
        )
        if not math.isnan(learning_rates[-1]):  # as in lbfgs, which has none
            self.losses += losses

    def watch_anew(self):
        """From here on the stopping rule watches another quantity."""
        self.first_watched = len(self.rows)

    def mark(self):
        """The current position, for `go_back`."""
        return len(self.rows), len(self.losses), self.first_watched

    def go_back(self, mark):
        """Forget what was recorded since the mark."""
        n_rows, n_losses, self.first_watched = mark
        del self.rows[n_rows:]
        del self.losses[n_losses:]

    def copy(self):
        """A copy that does not grow with this one."""
        return History(self.rows, self.first_watched)

    @property
    def last_loss(self):
        """The training loss of the last epoch, or infinity."""
        return self.losses[-1] if self.losses else math.inf

    @property
    def seconds(self):
        """How long each epoch took."""
        return [row[SECONDS] for row in self.rows]

    @property
    def validation_scores(self):
        """What the stopping rule has watched, if that is a validation score."""
        rows = self.rows[self.first_watched :]
        return [row[VALIDATION_SCORE] for row in rows if _is_epoch(row)]

    def as_arrays(self):
        """The columns as a dict of arrays of equal length, without those that no epoch
        has."""
        if not self.rows:
            return {}
        return {
            name: column.copy()
            for name, column in zip(COLUMNS, np.array(self.rows, dtype=np.float64).T)
            if not np.isnan(column).all()
        }

    def to_plain(self):
        """As a dict of arrays and numbers."""
        return {
            "n_rows": len(self.rows),
            "columns": self.as_arrays(),
            "first_watched": self.first_watched,
        }

    @classmethod
    def from_plain(cls, plain):
        """The inverse of `to_plain`."""
        nothing = np.full(plain["n_rows"], np.nan)
        columns = [plain["columns"].get(name, nothing) for name in COLUMNS]
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return cls(rows, plain["first_watched"])


def _is_epoch(row):
    return not math.isnan(row[LEARNING_RATE])
