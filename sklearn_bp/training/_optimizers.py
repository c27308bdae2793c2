"""Optimizers: the settings, the state and the update rule of each.

`step` is the rule in NumPy, as the reference engine runs it. The compiled engine
has a twin of it, is given the same `settings` and works on the same arrays, listed in
`state`. `parameters` names the estimator parameters that an optimizer takes.
"""

import numpy as np

from ..engine import check_twins


class Optimizer:
    """What all optimizers have in common.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    """

    #: The attributes that hold the numbers of the rule, in the order of its twin.
    setting_names = ()
    #: How many arrays like theta the state consists of.
    n_arrays = 0
    #: Whether the L2 penalty shrinks the weights directly, instead of being part of the
    #: gradient; the caller of `step` takes care of it.
    decouples_penalty = False
    #: Whether the rule only makes sense for the gradient over all rows.
    needs_full_batch = False

    def __init__(self, theta):
        self.n_steps = 0
        self.state = tuple(np.zeros_like(theta) for _ in range(self.n_arrays))

    @property
    def settings(self):
        return tuple(float(getattr(self, name)) for name in self.setting_names)

    @property
    def is_finite(self):
        """Whether its state is: a square that has overflowed ends all progress."""
        return all(np.isfinite(array).all() for array in self.state)


class SGD(Optimizer):
    """Gradient descent with momentum (Polyak, 1964) or Nesterov's (Nesterov, 1983).

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    momentum : float
        The share of the last update that is kept.
    nesterovs_momentum : bool
        Whether the step looks ahead by another momentum step (Sutskever et al., 2013).
    """

    name = "sgd"
    parameters = setting_names = ("momentum", "nesterovs_momentum")
    n_arrays = 1

    def __init__(self, theta, *, momentum, nesterovs_momentum):
        super().__init__(theta)
        self.momentum = float(momentum)
        self.nesterovs_momentum = bool(nesterovs_momentum)

    def step(self, theta, gradient, learning_rate):
        (velocity,) = self.state
        self.n_steps += 1
        velocity *= self.momentum
        velocity -= learning_rate * gradient
        if self.nesterovs_momentum:
            theta += self.momentum * velocity - learning_rate * gradient
        else:
            theta += velocity


class Adam(Optimizer):
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
    parameters = setting_names = ("beta_1", "beta_2", "epsilon")
    n_arrays = 2

    def __init__(self, theta, *, beta_1, beta_2, epsilon):
        super().__init__(theta)
        self.beta_1 = float(beta_1)
        self.beta_2 = float(beta_2)
        self.epsilon = float(epsilon)

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


class AdamW(Adam):
    """Adam with a decoupled penalty (Loshchilov & Hutter, 2019): weights are
    multiplied by 1 - learning rate * alpha / M, whatever their moments."""

    name = "adamw"
    decouples_penalty = True


class RMSProp(Optimizer):
    """The gradient over its root mean square (Tieleman & Hinton, 2012).

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    rho : float
        The decay rate of the mean square.
    epsilon : float
        Keeps the division finite.
    """

    name = "rmsprop"
    parameters = setting_names = ("rho", "epsilon")
    n_arrays = 1

    def __init__(self, theta, *, rho, epsilon):
        super().__init__(theta)
        self.rho = float(rho)
        self.epsilon = float(epsilon)

    def step(self, theta, gradient, learning_rate):
        (mean_square,) = self.state
        self.n_steps += 1
        mean_square *= self.rho
        mean_square += (1 - self.rho) * gradient**2
        theta -= learning_rate * gradient / (np.sqrt(mean_square) + self.epsilon)


class Rprop(Optimizer):
    """Resilient backpropagation: steps by sign only (Riedmiller & Braun, 1993).

    A step grows while the sign of the derivative stays the same and shrinks when it
    changes; in this variant, iRprop- (Igel & Huesken, 2000), there is no step where it
    has changed. Steps start at the learning rate and are multiples of it.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters to be trained.
    learning_rate_init : float
        The length of the first step.
    """

    name = "rprop"
    parameters = ("learning_rate_init",)
    setting_names = ("shrinks_by", "grows_by", "shortest", "longest")
    n_arrays = 2
    needs_full_batch = True
    shrinks_by, grows_by = 0.5, 1.2
    shortest_step, longest_step = 1e-6, 50.0

    def __init__(self, theta, *, learning_rate_init):
        super().__init__(theta)
        # lengths are measured in learning rates
        self.shortest = self.shortest_step / float(learning_rate_init)
        self.longest = self.longest_step / float(learning_rate_init)
        self.state[1].fill(1)

    def step(self, theta, gradient, learning_rate):
        before, length = self.state
        self.n_steps += 1
        turn = np.sign(gradient) * np.sign(before)
        length *= np.where(turn > 0, self.grows_by, 1)
        length *= np.where(turn < 0, self.shrinks_by, 1)
        np.clip(length, self.shortest, self.longest, out=length)
        before[:] = np.where(turn < 0, 0, gradient)
        theta -= learning_rate * length * np.sign(before)


OPTIMIZERS = {
    optimizer.name: optimizer for optimizer in (SGD, Adam, AdamW, RMSProp, Rprop)
}

check_twins(
    "optimizer",
    {name: (len(o.setting_names), o.n_arrays) for name, o in OPTIMIZERS.items()},
)
