"""Epochs, one after the other; where they are short, several per call of the engine.

An epoch of a small network takes less time than a call from Python, and threads that
train side by side would pass the GIL back and forth at each call.
"""

import copy
import pickle
from functools import partial
from time import perf_counter

import numpy as np
from sklearn.utils import check_random_state

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
    may_run_ahead : bool, default=False
        Whether a block may contain several epochs. Those that are not used before the
        next block, or `undo_unused`, are undone.
    is_alone : bool, default=True
        Whether no other trainings run side by side with this one.
    keep_thetas : bool, default=False
        Whether a block contains the parameters after each epoch.
    draws : SharedDraws, default=None
        Draws orders for several trainings.
    """

    def __init__(
        self,
        engine,
        state,
        part,
        objective,
        batch_size,
        max_grad_norm,
        random_state,
        *,
        may_run_ahead=False,
        is_alone=True,
        keep_thetas=False,
        draws=None,
    ):
        self.n_rows = len(part)
        self._state = state
        self._random_state = random_state
        self._keeps_thetas = keep_thetas
        self._draws = draws
        # scikit-learn shuffles the order of the previous epoch, so the order is kept.
        self._order = part.rows.copy()
        self._n_steps = -(-self.n_rows // batch_size)
        self._at_once = 1
        if may_run_ahead and self._is_known_ahead():
            self._at_once = self._most_at_once(is_alone)
        self._undo = None
        self._block = None
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

    def next_block(self, max_epochs):
        """The next epochs, at most so many.

        A generator. It yields what the engine is to run, as `Engine.run_together` takes
        it; is sent the sums, and how many seconds that took; and returns an
        `EpochBlock`.
        """
        self.undo_unused()
        start = perf_counter()
        n_epochs, theta = min(self._at_once, max_epochs), self._state.theta
        rates, thetas = self._rates_ahead(n_epochs), None
        if n_epochs > 1:
            self._undo = partial(self._go_back, self._mark(), rates)
            if self._keeps_thetas:
                thetas = np.empty((n_epochs, theta.size), theta.dtype)
        orders = self._draw_orders(n_epochs)
        seconds = perf_counter() - start
        sums, seconds_of_engine = yield self._run_steps, orders, rates, thetas
        self._block = EpochBlock(
            [self._means(*of_epoch) for of_epoch in sums.tolist()],
            rates[:, -1].tolist(),
            theta[np.newaxis] if n_epochs == 1 else thetas,
            (seconds + seconds_of_engine) / n_epochs,
        )
        return self._block

    def undo_unused(self):
        """Undo epochs that were run ahead and not used."""
        undo, block = self._undo, self._block
        self._undo = self._block = None
        if undo is not None:
            undo(0 if block is None else block.n_used)

    def _go_back(self, mark, rates, n_used):
        if n_used < len(rates):
            mark.go_back()
            if n_used > 0:
                self._run_steps(self._draw_orders(n_used), rates[:n_used])

    def _most_at_once(self, is_alone):
        operations = (
            OPERATIONS_AT_ONCE if is_alone else OPERATIONS_AT_ONCE_BESIDE_OTHERS
        )
        n_coefs = self._state.network.n_coefs
        most = min(
            MOST_EPOCHS_AT_ONCE,
            int(operations / operations_of_epoch(n_coefs, self.n_rows)),
            STEPS_AT_ONCE // self._n_steps,
        )
        return most if most >= LEAST_EPOCHS_AT_ONCE else 1

    def _is_known_ahead(self):
        """Whether the next epochs are known in advance, and can be undone."""
        # Other threads may draw from NumPy's global RandomState in the meantime.
        is_shared = self._random_state is check_random_state(None)
        return self._state.schedule.is_known_ahead and not is_shared

    def _mark(self):
        optimizer = self._state.optimizer
        arrays = (self._order, self._state.theta, *optimizer.state)
        return _Mark(arrays, optimizer, self._random_state)

    def _draw_orders(self, n_epochs):
        if self._draws is not None and self._random_state is not None:
            return self._draws.orders(self._random_state, self._order, n_epochs)
        return _orders(self._random_state, self._order, n_epochs)

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

    def _means(self, data_loss, penalty, gradient_norm):
        """The loss and the length of the gradient, averaged over an epoch."""
        network = self._state.network
        loss = network.loss.shown(data_loss, network.n_outputs) + penalty
        return loss / self.n_rows, gradient_norm / self._n_steps


def _orders(random_state, order, n_epochs):
    """The order of each of the next epochs; that of the last one is left in `order`."""
    orders = np.empty((n_epochs, len(order)), order.dtype)
    for of_epoch in orders:
        if random_state is not None:
            random_state.shuffle(order)
        of_epoch[:] = order
    return orders


class SharedDraws:
    """Draws the orders of several trainings that are run side by side. Those with equal
    seeds and rows, such as the settings of a fold, draw the same ones, so only the first
    of them has to."""

    MOST_KEPT = 16

    def __init__(self):
        self._kept = {}

    def orders(self, random_state, order, n_epochs):
        """The order of each of the next epochs; that of the last one is left in `order`,
        and `random_state` as if it had drawn them."""
        before = pickle.dumps(random_state.get_state(legacy=False))
        key = (before, order.tobytes(), n_epochs)
        if key not in self._kept:
            orders = _orders(random_state, order, n_epochs)
            if len(self._kept) == self.MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = orders, random_state.get_state(legacy=False)
        orders, after = self._kept[key]
        order[:] = orders[-1]
        random_state.set_state(after)
        return orders


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
