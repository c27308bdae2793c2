"""What an engine offers, and the objective that every engine minimises."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Objective:
    """The function that training minimises, for a batch of rows B:

        J(theta) = 1 / m sum_{i in B} w_i loss(y_i, f(x_i))
                   + alpha / (2 M) sum_l ||W_l||^2

    with m = |B| * mean(w), where the mean is taken over the whole training set.
    Without weights, m is the number of rows, as in the rule
    D = (Delta + lambda * Theta) / m; over the whole training set, it is the sum
    of the weights, so that a weight of 2 is the same as a row that occurs
    twice. Dividing by the batch's own weight sum instead would cancel the weight
    at a batch size of 1, and divide by zero where all weights are zero.

    Parameters
    ----------
    alpha : float, default=0
        The strength of the L2 penalty, which excludes biases.
    mean_weight : float, default=1
        The mean sample weight of the whole training set.
    penalty_size : float or None, default=None
        M. None stands for the batch's own m.
    """

    alpha: float = 0.0
    mean_weight: float = 1.0
    penalty_size: float | None = None

    def size(self, n_rows):
        """m of a batch of `n_rows` rows."""
        return n_rows * self.mean_weight

    def decay(self, n_rows):
        """alpha / M for a batch of `n_rows` rows."""
        return self.alpha / (self.penalty_size or self.size(n_rows))


class Evaluation(NamedTuple):
    """What networks compute for some rows.

    Parameters
    ----------
    raw : ndarray of shape (n_thetas, n_rows, n_outputs)
        The raw outputs.
    losses : ndarray of float64 of shape (n_thetas, n_rows)
        The loss of each row, without its weight, summed over the outputs.
    winners : ndarray of int64 of shape (n_thetas, n_rows) or None
        If asked for: for each row, the number of its largest output, the first of equal
        ones, or that of the first NaN. Same as `numpy.argmax`, but faster.
    """

    raw: np.ndarray
    losses: np.ndarray
    winners: np.ndarray | None


class Engine(ABC):
    """The five operations of an engine, none of which checks its arguments.

    In all of them `theta` is the flat parameter vector of `network` and sets the
    computing type, float32 or float64; `X` is of that type, a C-contiguous array
    or a CSR matrix of shape (n_samples, n_features); `y` is a C-contiguous array
    of that type and of shape (n_samples, n_targets), as the network's loss takes
    it; `sample_weight` is an array of that type of shape (n_samples,) or None.
    Rows are given by number, so that a fold, a split or a bootstrap sample never
    copies X.

    Each of them may raise what the handler of a signal raises, such as
    KeyboardInterrupt, and raises `Cancelled` in work that has been cancelled.
    """

    #: The name of the engine in `config_context`.
    name: str

    #: What computes its matrix products, for `show_versions`.
    products: str

    #: How many trainings `run_together` may run at the same time; 0 if it is of no use.
    n_side_by_side = 0

    @abstractmethod
    def forward(self, network, theta, X, rows=None):
        """Raw outputs of the network, before the link.

        Parameters
        ----------
        network : Network
            Layers, activations, loss.
        theta : ndarray of shape (n_parameters,)
            The parameters.
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The data.
        rows : ndarray of int64 of shape (n_rows,), default=None
            The rows of X to use; None stands for all.

        Returns
        -------
        raw : ndarray of shape (n_rows, n_outputs)
            The raw outputs.
        """

    @abstractmethod
    def evaluate(self, network, thetas, X, y, rows=None, with_winners=False):
        """Outputs and losses, for several values of the parameters in one call.

        Parameters
        ----------
        network : Network
            Layers, activations, loss.
        thetas : ndarray of shape (n_thetas, n_parameters)
            A row for each value of the parameters.
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The data.
        y : ndarray of shape (n_samples, n_targets)
            The targets.
        rows : ndarray of int64 of shape (n_rows,), default=None
            The rows of X and y to use; None stands for all.
        with_winners : bool, default=False
            Whether to compute the winners.

        Returns
        -------
        evaluation : Evaluation
            Raw outputs, losses and, if asked for, winners.
        """

    @abstractmethod
    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        """The objective over all rows, and its gradient.

        Parameters
        ----------
        network : Network
            Layers, activations, loss.
        theta : ndarray of shape (n_parameters,)
            The parameters.
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The data.
        y : ndarray of shape (n_samples, n_targets)
            The targets.
        sample_weight : ndarray of shape (n_samples,) or None
            The weights.
        objective : Objective
            The penalty, and what the sums are divided by.

        Returns
        -------
        data_loss : float
            The first term of the objective.
        penalty : float
            Its second term.
        gradient : ndarray of shape (n_parameters,)
            The derivative of their sum.
        """

    @abstractmethod
    def prepare_steps(
        self,
        network,
        theta,
        X,
        y,
        sample_weight,
        objective,
        batch_size,
        optimizer,
        dropout=None,
        max_grad_norm=math.inf,
    ):
        """Get ready to train: do once what stays the same from call to call.

        Parameters
        ----------
        network : Network
            Layers, activations, loss.
        theta : ndarray of shape (n_parameters,)
            The parameters.
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The data.
        y : ndarray of shape (n_samples, n_targets)
            The targets.
        sample_weight : ndarray of shape (n_samples,) or None
            The weights.
        objective : Objective
            The penalty, and what the sums are divided by.
        batch_size : int
            The number of rows in a step.
        optimizer : Optimizer
            The update rule and its state.
        dropout : Dropout, default=None
            Which hidden units each step leaves out.
        max_grad_norm : float, default=inf
            A longer gradient, penalty included, is shortened to this length (Pascanu,
            Mikolov & Bengio, 2013).

        Returns
        -------
        run_steps : callable
            ``run_steps(orders, learning_rates, thetas=None)`` trains on the rows of
            `orders` one after the other, each an epoch or a part of one, and changes
            `theta` and the optimizer's state in place. One row per call gives the same
            results, bit by bit. If it is interrupted, the steps before remain, and the
            optimizer's `n_steps` counts them.

            - `orders`, ndarray of int64 of shape (n_epochs, n_rows): the rows of X in
              the order of training; every `batch_size` of them make a step, and
              the last step of an epoch takes what is left.
            - `learning_rates`, ndarray of float64 of shape (n_epochs, n_steps): the
              learning rate of each step.
            - `thetas`, ndarray like `theta` of shape (n_epochs, n_parameters), or None:
              receives the parameters after each epoch.

            It returns an ndarray of float64 of shape (n_epochs, 3), whose columns are:
            the first term of the objective before each step, times the number of rows
            in the step, summed over the steps; the second term, summed in the same way;
            and the length of the gradient, summed over the steps. That gradient
            includes the penalty unless the optimizer decouples it.
        """

    def run_together(self, runs):
        """Run steps of several trainings in one call.

        Parameters
        ----------
        runs : list of tuple
            For each training, what `prepare_steps` has returned for it, and what that
            is to be called with. No training is there twice.

        Returns
        -------
        sums : list of ndarray of shape (n_epochs, 3)
            What these calls return: the same, bit by bit, as one by one.
        """
        return [run_steps(*arguments) for run_steps, *arguments in runs]
