"""Optimizers: the settings, the state and the update rule of each.

`step` is the rule in NumPy, as the reference engine runs it. The compiled engine
has a twin of it and works on the same arrays, listed in `state`.
"""

import numpy as np


class SGD:
    """Gradient descent with momentum (Polyak, 1964) or Nesterov's (Nesterov, 1983).

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    momentum : float
        The share of the last update that is kept.
    nesterov : bool
        Whether the step looks ahead by one more momentum (Sutskever et al., 2013).
    """

    name = "sgd"

    def __init__(self, theta, *, momentum, nesterov):
        self.momentum = float(momentum)
        self.nesterov = bool(nesterov)
        self.n_steps = 0
        self.state = (np.zeros_like(theta),)

    @property
    def settings(self):
        return self.momentum, float(self.nesterov)

    def step(self, theta, gradient, learning_rate):
        (velocity,) = self.state
        self.n_steps += 1
        velocity *= self.momentum
        velocity -= learning_rate * gradient
        if self.nesterov:
            theta += self.momentum * velocity - learning_rate * gradient
        else:
            theta += velocity


class Adam:
    """Adaptive moment estimation (Kingma & Ba, 2015).

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    beta_1, beta_2 : float
        The decay rates of the first and the second moment.
    epsilon : float
        Keeps the division finite.
    """

    name = "adam"

    def __init__(self, theta, *, beta_1, beta_2, epsilon):
        self.beta_1 = float(beta_1)
        self.beta_2 = float(beta_2)
        self.epsilon = float(epsilon)
        self.n_steps = 0
        self.state = (np.zeros_like(theta), np.zeros_like(theta))

    @property
    def settings(self):
        return self.beta_1, self.beta_2, self.epsilon

    def step(self, theta, gradient, learning_rate):
        first, second = self.state
        self.n_steps += 1
        first *= self.beta_1
        first += (1 - self.beta_1) * gradient
        second *= self.beta_2
        second += (1 - self.beta_2) * gradient**2
        bias_correction = np.sqrt(1 - self.beta_2**self.n_steps) / (
            1 - self.beta_1**self.n_steps
        )
        learning_rate = float(learning_rate * bias_correction)
        theta -= learning_rate * first / (np.sqrt(second) + self.epsilon)


OPTIMIZERS = {optimizer.name: optimizer for optimizer in (SGD, Adam)}
