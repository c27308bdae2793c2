"""Epochs, one after the other; where they are short, several per call of the engine.

An epoch of a small network takes less time than a call from Python, and threads that
train side by side would pass the GIL back and forth at each call.
"""

import copy
import math
from time import perf_counter

import numpy as np
from sklearn.utils import check_random_state

# An engine need not notice Ctrl-C before the end of a call, so one call should take
# about 0.1 s, unless a single step takes longer. It is limited by multiplications and
# additions for large batches and by steps for small ones; the clock would make the
# order of summation a matter of chance.
OPERATIONS_PER_SLICE = 2e9
STEPS_PER_SLICE = 2000

# Epochs run ahead may be wasted, so those of one call should take about 1 ms, or
# somewhat more beside other trainings, which delay each return to Python. Shuffling and
# fetching a row counts as OPERATIONS_PER_ROW operations. Running just a few epochs
# ahead saves less time than it takes to be able to go back.
LEAST_EPOCHS_AT_ONCE = 4
MOST_EPOCHS_AT_ONCE = 64
OPERATIONS_AT_ONCE = 50e6
OPERATIONS_AT_ONCE_BESIDE_OTHERS = 300e6
STEPS_AT_ONCE = 500
OPERATIONS_PER_ROW = 1000


def operations_of_epoch(n_coefs, n_rows):
    """The approximate number of multiplications and additions in an epoch."""
    return (6 * n_coefs + OPERATIONS_PER_ROW) * n_rows


class EpochRunner:
    """Runs the epochs of a training.

    Parameters
    ----------
    engine : Engine
        Computes the steps.
    state : TrainingState
        The network, its optimizer and schedule. Calling the schedule's `end_epoch` is
        left to the code that uses the epochs.
    part : Part
        The training set.
    objective : Objective
        What is minimised.
    batch_size : int
        The number of rows in a step.
    max_grad_norm : float
        Longer gradients are shortened to this length.
    random_state : RandomState or None
        Draws the order of each epoch; None keeps the rows in their order.
    """

    def __init__(
        self, engine, state, part, objective, batch_size, max_grad_norm, random_state
    ):
        n_rows, n_coefs = len(part), state.network.n_coefs
        self.n_rows = n_rows
        self._state = state
        self._random_state = random_state
        # scikit-learn shuffles the order of the previous epoch, so the order is kept.
        self._order = part.rows.copy()
        self._n_steps = -(-n_rows // batch_size)
        steps_per_slice = math.ceil(
            min(STEPS_PER_SLICE, OPERATIONS_PER_SLICE / (6 * n_coefs * batch_size))
        )
        # Steps and their rows: views, which are shuffled along with the order.
        rows_per_slice = steps_per_slice * batch_size
        self._slices = [
            (
                slice(number * steps_per_slice, (number + 1) * steps_per_slice),
                self._order[np.newaxis, first_row : first_row + rows_per_slice],
            )
            for number, first_row in enumerate(range(0, n_rows, rows_per_slice))
        ]
        self._operations = operations_of_epoch(n_coefs, n_rows)
        self._steps_at_once = min(STEPS_AT_ONCE, steps_per_slice)
        self._run_steps = engine.prepare_steps(
            state.network,
            state.theta,
            part.samples.X,
            part.samples.y,
            part.samples.sample_weight,
            objective,
            batch_size,
            state.optimizer,
            state.dropout,
            max_grad_norm,
        )

    def blocks(self, max_epochs, may_run_ahead, *, is_alone=True, keep_thetas=False):
        """Train a few epochs at a time.

        Parameters
        ----------
        max_epochs : int
            The number of epochs.
        may_run_ahead : bool
            Whether a block may contain several epochs. Those that are not used before
            the next block is requested, or the generator is closed, are undone.
        is_alone : bool, default=True
            Whether no other trainings run side by side with this one.
        keep_thetas : bool, default=False
            Whether a block contains the parameters after each epoch.

        Yields
        ------
        block : EpochBlock
            The next epochs.
        """
        at_once = 1
        if may_run_ahead and self._is_known_ahead():
            at_once = self._most_at_once(is_alone)
        while max_epochs > 0:
            n_epochs = min(at_once, max_epochs)
            if n_epochs > 1:
                max_epochs -= yield from self._run_ahead(n_epochs, keep_thetas)
            else:
                yield self._run_one()
                max_epochs -= 1

    def _most_at_once(self, is_alone):
        operations = (
            OPERATIONS_AT_ONCE if is_alone else OPERATIONS_AT_ONCE_BESIDE_OTHERS
        )
        most = min(
            MOST_EPOCHS_AT_ONCE,
            int(operations / self._operations),
            self._steps_at_once // self._n_steps,
        )
        return most if most >= LEAST_EPOCHS_AT_ONCE else 1

    def _is_known_ahead(self):
        """Whether the next epochs are known in advance, and can be undone."""
        # Other threads may draw from NumPy's global RandomState in the meantime.
        is_shared = self._random_state is check_random_state(None)
        return self._state.schedule.is_known_ahead and not is_shared

    def _run_one(self):
        start = perf_counter()
        self._draw_order()
        rates = self._state.schedule.rates(self._n_steps)
        sums = 0.0
        for steps, order in self._slices:
            sums += self._run_steps(order, rates[np.newaxis, steps])
        thetas = self._state.theta[np.newaxis]
        return self._block(sums, rates[np.newaxis], thetas, start)

    def _run_ahead(self, n_epochs, keep_thetas):
        start = perf_counter()
        theta = self._state.theta
        rates = self._rates_ahead(n_epochs)
        thetas = None
        if keep_thetas:
            thetas = np.empty((n_epochs, theta.size), theta.dtype)
        mark = self._mark()
        block = None
        try:
            sums = self._run_steps(self._draw_orders(n_epochs), rates, thetas)
            block = self._block(sums, rates, thetas, start)
            yield block
        finally:
            n_used = 0 if block is None else block.n_used
            if n_used < n_epochs:
                mark.go_back()
                self._run_steps(self._draw_orders(n_used), rates[:n_used])
        return n_used

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
            n_samples_seen += self.n_rows
            schedule.end_epoch(n_samples_seen)
        return rates

    def _block(self, sums, rates, thetas, start):
        seconds = (perf_counter() - start) / len(sums)
        means = [self._means(*of_epoch) for of_epoch in sums.tolist()]
        return EpochBlock(means, rates[:, -1].tolist(), thetas, seconds)

    def _means(self, data_loss, penalty, gradient_norm):
        """The loss and the length of the gradient, averaged over an epoch."""
        network = self._state.network
        loss = network.loss.shown(data_loss, network.n_outputs) + penalty
        return loss / self.n_rows, gradient_norm / self._n_steps


class EpochBlock:
    """Epochs that one call has run. Iterating over them marks them as used.

    Parameters
    ----------
    means : list of tuple of float
        For each epoch, the loss and the length of the gradient, averaged over its
        steps.
    learning_rates : list of float
        The learning rate of each epoch's last step.
    thetas : ndarray of shape (n_epochs, n_parameters) or None
        The parameters after each epoch, if they were kept.
    seconds : float
        How long an epoch took.
    """

    def __init__(self, means, learning_rates, thetas, seconds):
        self._epochs = zip(means, learning_rates, strict=True)
        self._thetas = thetas
        self.seconds = seconds
        self.n_used = 0

    def __iter__(self):
        for (loss, gradient_norm), learning_rate in self._epochs:
            self.n_used += 1
            yield loss, gradient_norm, learning_rate

    @property
    def used_thetas(self):
        """The parameters after each epoch that was used."""
        return self._thetas[: self.n_used]


class _Mark:
    """A point in a training to go back to."""

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
