"""Epochs, one after the other; where they are short, several per call of the engine.

An epoch of a small network takes less time than a call from Python, and threads that
train side by side would pass the GIL back and forth at each call.
"""

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
from sklearn.utils import check_random_state

from ._orders import Orders, SharedOrders

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

# Outputs, slopes and deltas of so many rows are held by an engine.
MOST_ROWS_OF_BLOCK = 512


def operations_of_epoch(n_coefs, n_rows):
    """The approximate number of multiplications and additions in an epoch."""
    return (6 * n_coefs + OPERATIONS_PER_ROW) * n_rows


def bytes_of_training(sizes, n_rows):
    """About how many bytes a training beside others takes, in float64.

    Parameters
    ----------
    sizes : tuple of int
        The numbers of features, of units in each hidden layer and of outputs.
    n_rows : int
        The number of rows to train on.
    """
    n_coefs = sum(below * above for below, above in pairwise(sizes))
    n_units = sum(sizes[1:])
    at_once = OPERATIONS_AT_ONCE_BESIDE_OTHERS / operations_of_epoch(n_coefs, n_rows)
    at_once = int(min(max(at_once, 1), MOST_EPOCHS_AT_ONCE))
    # Parameters, gradient, and the optimizer's state, to go back to, too; shards.
    of_network = (n_coefs + n_units) * (at_once + 16)
    of_block = min(n_rows, MOST_ROWS_OF_BLOCK) * (sizes[0] + 3 * n_units)
    # Orders of two blocks of epochs; row numbers, the latest order, targets.
    of_rows = n_rows * (2 * at_once + 6)
    return 8 * (of_network + of_block + of_rows)


class EpochRunner:
    """Runs the epochs of a training.

    Parameters
    ----------
    engine : Engine
        Computes the steps.
    state : TrainingState
        The network, its optimizer and schedule. Calling the schedule's `end_epochs` is
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
    streams : Streams, default=None
        The orders of trainings that are run side by side.
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
        streams=None,
    ):
        self.n_rows = len(part)
        self._state = state
        self._keeps_thetas = keep_thetas
        self._orders = Orders(random_state, part.rows)
        self._n_steps = -(-self.n_rows // batch_size)
        self._at_once = 1
        # Other threads may draw from NumPy's global RandomState in the meantime.
        is_shared = random_state is check_random_state(None)
        if may_run_ahead and state.schedule.is_known_ahead and not is_shared:
            self._at_once = self._most_at_once(is_alone)
        if streams is not None and random_state is not None:
            stream = streams.of(random_state, part.rows, self._at_once)
            self._orders = SharedOrders(stream)
        self._ahead = None
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
        theta, thetas = self._state.theta, None
        n_epochs = min(self._at_once, max_epochs)
        rates = self._state.schedule.rates_ahead(
            n_epochs, self._n_steps, self._state.n_samples_seen, self.n_rows
        )
        if n_epochs > 1:
            self._ahead = self._mark(), rates
            if self._keeps_thetas:
                thetas = np.empty((n_epochs, theta.size), theta.dtype)
        orders = self._orders.take(n_epochs)
        seconds = perf_counter() - start
        sums, seconds_of_engine = yield self._run_steps, orders, rates, thetas
        network, (data_loss, penalty, norm) = self._state.network, sums.T
        loss = network.loss.shown(data_loss, network.n_outputs) + penalty
        self._block = EpochBlock(
            (loss / self.n_rows).tolist(),
            (norm / self._n_steps).tolist(),
            rates[:, -1].tolist(),
            theta[np.newaxis] if n_epochs == 1 else thetas,
            (seconds + seconds_of_engine) / n_epochs,
        )
        return self._block

    def undo_unused(self):
        """Undo epochs that were run ahead and not used."""
        ahead, block = self._ahead, self._block
        self._ahead = self._block = None
        if ahead is not None:
            mark, rates = ahead
            n_used = 0 if block is None else block.n_used
            if n_used < len(rates):
                self._go_back(mark, rates, n_used)

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

    def _go_back(self, mark, rates, n_used):
        """To a mark, and from there on over those that are used."""
        arrays, n_steps, order = mark
        for array, values in arrays:
            array[:] = values
        self._state.optimizer.n_steps = n_steps
        self._orders.go_back(order)
        if n_used > 0:
            self._run_steps(self._orders.take(n_used), rates[:n_used])

    def _mark(self):
        state = self._state
        arrays = state.theta, *state.optimizer.state
        copies = [(array, array.copy()) for array in arrays]
        return copies, state.optimizer.n_steps, self._orders.mark()


@dataclass
class EpochBlock:
    """Epochs that one call has run.

    Parameters
    ----------
    losses, gradient_norms : list of float
        For each epoch, the loss and the length of the gradient, averaged over its
        steps.
    learning_rates : list of float
        The learning rate of each epoch's last step.
    thetas : ndarray of shape (n_epochs, n_parameters) or None
        The parameters after each epoch, if they were kept.
    seconds : float
        How long an epoch took.
    n_used : int, default=0
        How many of them count.
    """

    losses: list
    gradient_norms: list
    learning_rates: list
    thetas: np.ndarray | None
    seconds: float
    n_used: int = 0

    @property
    def used_thetas(self):
        """The parameters after each epoch that was used."""
        return self.thetas[: self.n_used]
