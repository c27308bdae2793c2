"""The order of the rows in each epoch."""

import pickle

import numpy as np


class Orders:
    """The orders of a training's epochs, one after the other.

    Parameters
    ----------
    random_state : RandomState or None
        Draws them; None keeps the rows in their order.
    rows : ndarray of int64 of shape (n_rows,)
        The rows to begin with.
    """

    def __init__(self, random_state, rows):
        self._random_state = random_state
        # scikit-learn shuffles the order of the previous epoch, so the order is kept.
        self._latest = rows.copy()

    def take(self, n_epochs):
        """The next orders, of shape (n_epochs, n_rows). A single one is no copy, and
        changes with the next."""
        if n_epochs == 1:
            self._shuffle()
            return self._latest[np.newaxis]
        orders = np.empty((n_epochs, len(self._latest)), self._latest.dtype)
        for order in orders:
            self._shuffle()
            order[:] = self._latest
        return orders

    def _shuffle(self):
        if self._random_state is not None:
            self._random_state.shuffle(self._latest)

    def mark(self):
        """The current position, for `go_back`."""
        drawn = self._random_state and self._random_state.get_state(legacy=False)
        return self._latest.copy(), drawn

    def go_back(self, mark):
        """Take the orders since the mark once more."""
        latest, drawn = mark
        self._latest[:] = latest
        if drawn is not None:
            self._random_state.set_state(drawn)


class SharedOrders:
    """The same for one of several trainings that draw the same orders.

    Parameters
    ----------
    stream : Stream
        The orders of all of them.
    """

    def __init__(self, stream):
        self._stream = stream
        self._n_taken = 0

    def take(self, n_epochs):
        """The next orders, of shape (n_epochs, n_rows)."""
        orders = self._stream.orders(self._n_taken, n_epochs)
        self._n_taken += n_epochs
        return orders

    def mark(self):
        """The current position, for `go_back`."""
        return self._n_taken

    def go_back(self, mark):
        """Take the orders since the mark once more."""
        self._n_taken = mark


class Stream:
    """Orders by the number of the epoch. The latest ones are kept, for trainings that
    are side by side; for one that lags behind, they are drawn anew."""

    MOST_KEPT = 2

    def __init__(self, random_state, rows):
        self._orders, self._n_drawn = Orders(random_state, rows), 0
        self._beginning = self._orders.mark()
        self._kept = {}

    def orders(self, first, n_epochs):
        """The orders of so many epochs from a first one on."""
        if len(self._kept.get(first, ())) < n_epochs:
            if first < self._n_drawn:
                self._orders.go_back(self._beginning)
                self._n_drawn = 0
            for _ in range(first - self._n_drawn):
                self._orders.take(1)
            self._kept.pop(first, None)
            if len(self._kept) == self.MOST_KEPT:
                del self._kept[next(iter(self._kept))]  # the oldest
            self._kept[first] = self._orders.take(n_epochs).copy()
            self._n_drawn = first + n_epochs
        return self._kept[first][:n_epochs]


class Streams:
    """The streams of trainings that are run side by side: those with equal seeds and
    rows, such as the settings of a fold, draw equal orders, and share one."""

    def __init__(self):
        self._streams = {}

    def of(self, random_state, rows, n_at_once):
        """The stream from this state of the random numbers on, for trainings that take
        so many epochs at once: with others, some would lag behind."""
        state = random_state.get_state(legacy=False)
        key = pickle.dumps(state), rows.tobytes(), n_at_once
        if key not in self._streams:
            self._streams[key] = Stream(random_state, rows)
        return self._streams[key]
