"""What each epoch recorded."""

import math

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
LOSS, LEARNING_RATE, VALIDATION_SCORE = map(
    COLUMNS.index, ("loss", "learning_rate", "validation_score")
)

NOTHING = (math.nan, math.nan)


class History:
    """What each epoch recorded. It only grows, or is cut back to what it was.

    Attributes
    ----------
    rows : list of tuple of float
        All columns, an epoch each, NaN or None for what there is not.
    first_watched : int
        The number of the row from which on the stopping rule has watched the same
        quantity.
    """

    def __init__(self):
        self.rows = []
        self.first_watched = 0

    def record(self, loss, learning_rate, gradient_norm, seconds, measured=None):
        """Take down an epoch; `measured` is a validation loss with a score or None."""
        self.rows.append(
            (loss, learning_rate, gradient_norm, seconds, *(measured or NOTHING))
        )

    def watch_anew(self):
        """From here on the stopping rule watches another quantity."""
        self.first_watched = len(self.rows)

    def mark(self):
        """Where it is, for `go_back`."""
        return len(self.rows), self.first_watched

    def go_back(self, mark):
        """Forget what was recorded since."""
        n_rows, self.first_watched = mark
        del self.rows[n_rows:]

    def copy(self):
        """One that does not grow with this one."""
        copied = History()
        copied.rows, copied.first_watched = self.rows.copy(), self.first_watched
        return copied

    @property
    def losses(self):
        """The training loss of each epoch; iterations of lbfgs are none."""
        return [row[LOSS] for row in self.rows if _is_epoch(row)]

    @property
    def last_loss(self):
        """That of the last epoch, or infinity."""
        return next((r[LOSS] for r in reversed(self.rows) if _is_epoch(r)), math.inf)

    @property
    def validation_scores(self):
        """What the stopping rule has watched, if that is a validation score."""
        rows = self.rows[self.first_watched :]
        return [row[VALIDATION_SCORE] for row in rows if _is_epoch(row)]

    def as_arrays(self):
        """As a dict of arrays of one length, by `COLUMNS`; without those that no epoch
        has."""
        if not self.rows:
            return {}
        return {
            name: column.copy()
            for name, column in zip(COLUMNS, self._as_array().T)
            if not np.isnan(column).all()
        }

    def to_plain(self):
        """As a dict of arrays and numbers."""
        return {"rows": self._as_array(), "first_watched": self.first_watched}

    @classmethod
    def from_plain(cls, plain):
        """The inverse of `to_plain`."""
        history = cls()
        history.rows = list(map(tuple, plain["rows"].tolist()))
        history.first_watched = plain["first_watched"]
        return history

    def _as_array(self):
        return np.array(self.rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _is_epoch(row):
    return not math.isnan(row[LEARNING_RATE])
