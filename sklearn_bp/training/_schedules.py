"""Learning rate schedules: step or epoch -> learning rate."""

import copy
import math
from numbers import Real

import numpy as np


class Constant:
    """The same learning rate throughout.

    Parameters
    ----------
    learning_rate_init : float
        The first learning rate.
    power_t : float, default=0.5
        Not used here, see `InverseScaling`.
    """

    name = "constant"
    #: Whether training is meant to end with the schedule's last epoch.
    has_an_end = False
    #: Whether the schedule has come to its end.
    has_ended = False
    #: Whether only `end_epochs` changes its state.
    is_known_ahead = True
    #: Whether it has the same rate until a standstill.
    is_constant = True

    def __init__(self, learning_rate_init, power_t=0.5):
        self.learning_rate_init = float(learning_rate_init)
        self.power_t = float(power_t)
        #: The learning rate of the latest step.
        self.learning_rate = self.learning_rate_init

    def rates(self, n_steps):
        """The learning rates of the next epoch's steps."""
        rates = np.empty(n_steps)
        rates.fill(self.learning_rate)  # half the time of np.full
        return rates

    def rates_ahead(self, n_epochs, n_steps, n_samples_seen, n_samples):
        """The learning rates of the next epochs.

        Parameters
        ----------
        n_epochs, n_steps : int
            The number of epochs, and of steps in each.
        n_samples_seen : int
            How many samples training has seen so far.
        n_samples : int
            How many an epoch has.

        Returns
        -------
        rates : ndarray of shape (n_epochs, n_steps)
            The learning rates, if training does not come to a standstill.
        """
        if self.is_constant:
            return self.rates(n_epochs * n_steps).reshape(n_epochs, n_steps)
        schedule, rates = copy.copy(self), np.empty((n_epochs, n_steps))
        for of_epoch in rates:
            of_epoch[:] = schedule.rates(n_steps)
            n_samples_seen += n_samples
            schedule.end_epochs(1, n_samples_seen)
        return rates

    def end_epochs(self, n_epochs, n_samples_seen):
        """Take note that epochs are over, after so many samples in all."""

    def lower(self):
        """React to a standstill; returns whether to continue training."""
        return False


class InverseScaling(Constant):
    """learning_rate_init / (t + 1) ** power_t after t training samples.

    Updated at the end of each epoch, as in scikit-learn.
    """

    name = "invscaling"
    is_constant = False

    def end_epochs(self, n_epochs, n_samples_seen):
        self.learning_rate = (
            self.learning_rate_init / (n_samples_seen + 1) ** self.power_t
        )


class Adaptive(Constant):
    """Divides the learning rate by 5 at each standstill, down to 1e-6."""

    name = "adaptive"
    is_known_ahead = False
    smallest = 1e-6

    def lower(self):
        if self.learning_rate <= self.smallest:
            return False
        self.learning_rate /= 5
        return True


class ByProgress(Constant):
    """learning_rate_init times a function of the progress of training.

    Parameters
    ----------
    learning_rate_init : float
        What the factors are multiplied by.
    factor : str or callable
        Maps the progress, from 0 at the first step towards 1, to a factor >= 0: a name
        in `FACTORS`, or a function.
    n_epochs : int
        The number of epochs after which the progress is 1, and stays there.
    """

    name = "progress"
    has_an_end = True
    is_constant = False

    def __init__(self, learning_rate_init, factor, n_epochs):
        super().__init__(learning_rate_init)
        self.factor = factor
        self.n_epochs = n_epochs
        self.n_epochs_done = 0

    @property
    def has_ended(self):
        return self.n_epochs_done >= self.n_epochs

    @property
    def is_known_ahead(self):
        # A user's function may fail or count its calls, so it must not be called early.
        return isinstance(self.factor, str)

    def rates(self, n_steps):
        epochs = self.n_epochs_done + np.arange(n_steps) / n_steps
        progress = np.minimum(epochs / self.n_epochs, 1)
        if isinstance(self.factor, str):
            rates = FACTORS[self.factor](progress)
        else:
            rates = np.array([self._checked_factor(p) for p in progress.tolist()])
        rates *= self.learning_rate_init
        return rates

    def end_epochs(self, n_epochs, n_samples_seen):
        self.n_epochs_done += n_epochs

    def _checked_factor(self, progress):
        factor = self.factor(progress)
        if isinstance(factor, np.ndarray):  # such as np.where returns
            factor = factor[()]
        if not isinstance(factor, Real) or not 0 <= factor < math.inf:
            raise ValueError(
                "A function passed as learning_rate must return a factor >= 0 for each"
                f" progress from 0 to 1, got {factor!r} for {progress}."
            )
        return float(factor)


def cosine(progress):
    """From 1 down to 0 (Loshchilov & Hutter, 2017, without restarts)."""
    return 0.5 * (1 + np.cos(np.pi * progress))


def one_cycle(progress):
    """From 1 / 25 up to 1 in three tenths of the time, and then down to 4e-6, each
    along half a cosine wave (Smith & Topin, 2019)."""
    low, peak, end = 1 / 25, 0.3, 1 / 25 / 1e4
    rising = 1 + (low - 1) * cosine(progress / peak)
    falling = end + (1 - end) * cosine((progress - peak) / (1 - peak))
    return np.where(progress < peak, rising, falling)


#: The schedules of scikit-learn, which has them for sgd only.
SCHEDULES = {
    schedule.name: schedule for schedule in (Constant, InverseScaling, Adaptive)
}
#: Factors by progress, as functions of arrays.
FACTORS = {factor.__name__: factor for factor in (cosine, one_cycle)}


def make_schedule(learning_rate, learning_rate_init, power_t, n_epochs):
    """The schedule of this name, or with this function as its factor."""
    if isinstance(learning_rate, str) and learning_rate in SCHEDULES:
        return SCHEDULES[learning_rate](learning_rate_init, power_t)
    return ByProgress(learning_rate_init, learning_rate, n_epochs)
