"""Learning rate schedules: step or epoch -> learning rate."""

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

    def __init__(self, learning_rate_init, power_t=0.5):
        self.learning_rate_init = float(learning_rate_init)
        self.power_t = float(power_t)
        self.learning_rate = self.learning_rate_init

    def rates(self, n_steps):
        """The learning rates of the next `n_steps` steps of this epoch."""
        rates = np.empty(n_steps)
        rates.fill(self.learning_rate)  # half the time of np.full
        return rates

    def end_epoch(self, n_samples_seen):
        """Take note that an epoch is over."""

    def lower(self):
        """React to a standstill; returns whether training is to go on."""
        return False


class InverseScaling(Constant):
    """learning_rate_init / (t + 1) ** power_t after t training samples.

    Changed at the end of each epoch, as scikit-learn does.
    """

    name = "invscaling"

    def end_epoch(self, n_samples_seen):
        self.learning_rate = (
            self.learning_rate_init / (n_samples_seen + 1) ** self.power_t
        )


class Adaptive(Constant):
    """A fifth of the learning rate at each standstill, down to 1e-6."""

    name = "adaptive"
    smallest = 1e-6

    def lower(self):
        if self.learning_rate <= self.smallest:
            return False
        self.learning_rate /= 5
        return True


SCHEDULES = {
    schedule.name: schedule for schedule in (Constant, InverseScaling, Adaptive)
}
