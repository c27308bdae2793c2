"""Epochs, one after the other; where they are short, several in one call of the engine.

A small network's epoch is done sooner than a call from Python, and threads that train
side by side would pass the GIL to and fro at each one.
"""

import copy
import math
from time import perf_counter

import numpy as np
from sklearn.utils import check_random_state

# Between two calls of the engine Python hears of Ctrl-C, so one call should take
# about 0.1 s: by multiplications and additions for large batches, by steps for small
# ones. Not by the clock, which would make the order of summation a matter of chance.
OPERATIONS_PER_SLICE = 2e9
STEPS_PER_SLICE = 2000

# Epochs ahead may be run in vain, so those of one call should take about 1 ms. What a
# row takes by itself, to be shuffled and fetched, counts as so many operations. Few
# epochs save less than it takes to be able to go back.
LEAST_EPOCHS_AT_ONCE = 16
MOST_EPOCHS_AT_ONCE = 64
OPERATIONS_AT_ONCE = 50e6
STEPS_AT_ONCE = 500
OPERATIONS_PER_ROW = 1000


class Epochs:
    """Runs the epochs of a training.

    Parameters
    ----------
    engine : Engine
        Computes the steps.
    state : TrainingState
        The network, its optimizer and schedule. The schedule's end of an epoch is left
        to whoever uses the epochs.
    data : TrainingData
        The training set.
    objective : Objective
        What is minimised.
    batch_size : int
        Rows in a step.
    max_grad_norm : float
        Longer gradients are shortened to this length.
    random_state : RandomState or None
        Draws the order of each epoch; None leaves the rows in the order they are in.
    """

    def __init__(
        self, engine, state, data, objective, batch_size, max_grad_norm, random_state
    ):
        n_rows, n_coefs = len(data.rows), state.network.n_coefs
        self._state = state
        self._random_state = random_state
        # scikit-learn shuffles the order of the epoch before, so the order is kept.
        self._order = data.rows.copy()
        self._n_steps = -(-n_rows // batch_size)
        steps_per_slice = math.ceil(
            min(STEPS_PER_SLICE, OPERATIONS_PER_SLICE / (6 * n_coefs * batch_size))
        )
        # Steps and their rows: views, which are shuffled with the order.
        rows_per_slice = steps_per_slice * batch_size
        self._slices = [
            (
                slice(number * steps_per_slice, (number + 1) * steps_per_slice),
                self._order[np.newaxis, first_row : first_row + rows_per_slice],
            )
            for number, first_row in enumerate(range(0, n_rows, rows_per_slice))
        ]
        operations = (6 * n_coefs + OPERATIONS_PER_ROW) * n_rows
        most_at_once = min(
            MOST_EPOCHS_AT_ONCE,
            int(OPERATIONS_AT_ONCE / operations),
            min(STEPS_AT_ONCE, steps_per_slice) // self._n_steps,
        )
        self._at_once = most_at_once if most_at_once >= LEAST_EPOCHS_AT_ONCE else 1
        self._run_steps = engine.prepare_steps(
            state.network,
            state.theta,
            data.X,
            data.y,
            data.sample_weight,
            objective,
            batch_size,
            state.optimizer,
            state.dropout,
            max_grad_norm,
        )

    def run(self, max_epochs, may_run_ahead, keep_thetas):
        """Train, epoch by epoch.

        Parameters
        ----------
        max_epochs : int
            How many there are.
        may_run_ahead : bool
            Whether there may already have been more epochs than were yielded. Closing
            the generator takes those back.
        keep_thetas : bool
            Whether each epoch comes with its own parameters. Otherwise they are those
            of the network in training, which may be ahead.

        Yields
        ------
        loss, gradient_norm : float
            Means over the steps of an epoch.
        theta : ndarray of shape (n_parameters,)
            The parameters after it.
        seconds : float
            How long it took.
        """
        at_once = self._at_once if may_run_ahead and self._is_known_ahead() else 1
        while max_epochs > 0:
            n_epochs = min(at_once, max_epochs)
            if n_epochs > 1:
                yield from self._run_ahead(n_epochs, keep_thetas)
            else:
                yield self._run_one()
            max_epochs -= n_epochs

    def _is_known_ahead(self):
        """Whether epochs can be taken back, and nothing before them changes them."""
        # Other threads may draw from NumPy's own RandomState meanwhile.
        is_shared = self._random_state is check_random_state(None)
        return self._state.schedule.is_known_ahead and not is_shared

    def _run_one(self):
        start = perf_counter()
        schedule = self._state.schedule
        self._draw_order()
        rates = schedule.rates(self._n_steps)
        sums = 0.0
        for steps, order in self._slices:
            sums += self._run_steps(order, rates[np.newaxis, steps])
        schedule.learning_rate = rates.item(-1)
        means = self._means(*sums[0].tolist())
        return *means, self._state.theta, perf_counter() - start

    def _run_ahead(self, n_epochs, keep_thetas):
        start = perf_counter()
        theta, schedule = self._state.theta, self._state.schedule
        rates = self._rates_ahead(n_epochs)
        thetas = None
        if keep_thetas:
            thetas = np.empty((n_epochs, theta.size), theta.dtype)
        mark = self._mark()
        n_used = 0
        try:
            sums = self._run_steps(self._draw_orders(n_epochs), rates, thetas)
            seconds = (perf_counter() - start) / n_epochs
            for of_epoch, learning_rate in zip(sums.tolist(), rates[:, -1].tolist()):
                schedule.learning_rate = learning_rate
                if keep_thetas:
                    theta = thetas[n_used]
                n_used += 1
                yield *self._means(*of_epoch), theta, seconds
        finally:
            if n_used < n_epochs:
                mark.go_back()
                self._run_steps(self._draw_orders(n_used), rates[:n_used])

    def _mark(self):
        optimizer = self._state.optimizer
        arrays = (self._order, self._state.theta, *optimizer.state)
        return _Mark(arrays, optimizer, self._random_state)

    def _draw_order(self):
        if self._random_state is not None:
            self._random_state.shuffle(self._order)

    def _draw_orders(self, n_epochs):
        orders = np.empty((n_epochs, len(self._order)), self._order.dtype)
        for order in orders:
            self._draw_order()
            order[:] = self._order
        return orders

    def _rates_ahead(self, n_epochs):
        """The learning rates of the next epochs."""
        schedule = copy.copy(self._state.schedule)
        n_samples_seen = self._state.n_samples_seen
        rates = np.empty((n_epochs, self._n_steps))
        for of_epoch in rates:
            of_epoch[:] = schedule.rates(self._n_steps)
            n_samples_seen += len(self._order)
            schedule.end_epoch(n_samples_seen)
        return rates

    def _means(self, data_loss, penalty, gradient_norm):
        """The loss, and the length of the gradient, averaged over an epoch."""
        network = self._state.network
        loss = network.loss.shown(data_loss, network.n_outputs) + penalty
        return loss / len(self._order), gradient_norm / self._n_steps


class _Mark:
    """Where a training is, to go back to."""

    def __init__(self, arrays, optimizer, random_state):
        self._arrays = [(array, array.copy()) for array in arrays]
        self._optimizer = optimizer
        self._n_steps = optimizer.n_steps
        self._random_state = random_state
        if random_state is not None:
            self._drawn = random_state.get_state(legacy=False)

    def go_back(self):
        for array, values in self._arrays:
            array[:] = values
        self._optimizer.n_steps = self._n_steps
        if self._random_state is not None:
            self._random_state.set_state(self._drawn)
