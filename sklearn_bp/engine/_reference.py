"""The reference engine: backpropagation in NumPy as one writes it on a blackboard.

It is the specification of the compiled engine, the oracle in its tests, and what
runs where nothing could be compiled. Shapes: m rows in the batch, s_l units in
layer l.
"""

import numpy as np

from ..network import ACTIVATIONS, LOSSES
from ._contract import Engine


class ReferenceEngine(Engine):
    """The algorithm in plain NumPy."""

    name = "reference"
    products = "BLAS, by NumPy"

    def forward(self, network, theta, X, rows=None):
        _, raw = _forward(network, theta, X if rows is None else X[rows])
        return raw

    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        m = objective.size(X.shape[0])
        decay = objective.decay(X.shape[0])
        loss = LOSSES[network.loss]

        activations, raw = _forward(network, theta, X)
        losses = loss.value(raw, y)  # (m,)
        delta = loss.gradient(raw, y)  # (m, s_L)
        if sample_weight is not None:
            losses = losses * sample_weight
            delta = delta * sample_weight[:, np.newaxis]
        gradient = _backward(network, theta, activations, delta)

        coefs = theta[: network.n_coefs]
        gradient /= m
        gradient[: network.n_coefs] += decay * coefs
        data_loss = losses.sum(dtype=np.float64) / m
        penalty = 0.5 * decay * np.dot(coefs, coefs)
        return float(data_loss), float(penalty), gradient

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
    ):
        def run_steps(order, learning_rates):
            data_loss_sum = penalty_sum = 0.0
            for step, learning_rate in enumerate(learning_rates.tolist()):
                batch = order[step * batch_size : (step + 1) * batch_size]
                data_loss, penalty, gradient = self.loss_and_gradients(
                    network,
                    theta,
                    X[batch],
                    y[batch],
                    None if sample_weight is None else sample_weight[batch],
                    objective,
                )
                optimizer.step(theta, gradient, learning_rate)
                data_loss_sum += data_loss * len(batch)
                penalty_sum += penalty * len(batch)
            return data_loss_sum, penalty_sum

        return run_steps


def _forward(network, theta, X):
    """The outputs of every layer up to the last hidden one, and the raw outputs."""
    coefs, intercepts = network.views(theta)
    activations = [X]  # a(0): (m, s_0)
    for name, coef, intercept in zip(network.activations, coefs, intercepts):
        z = activations[-1] @ coef + intercept  # (m, s_l)
        activations.append(ACTIVATIONS[name].function(z))
    raw = activations[-1] @ coefs[-1] + intercepts[-1]  # (m, s_L)
    return activations, raw


def _backward(network, theta, activations, delta):
    """Sum over the rows of the loss's gradient, from the output layer's delta."""
    coefs, _ = network.views(theta)
    gradient = np.empty_like(theta)
    coef_gradients, intercept_gradients = network.views(gradient)
    for layer in reversed(range(len(coefs))):
        coef_gradients[layer][:] = activations[layer].T @ delta
        intercept_gradients[layer][:] = delta.sum(axis=0)
        if layer > 0:
            derivative = ACTIVATIONS[network.activations[layer - 1]].derivative
            delta = delta @ coefs[layer].T * derivative(activations[layer])
    return gradient
