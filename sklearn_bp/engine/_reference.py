"""The reference engine: backpropagation in NumPy, as written on a blackboard.

It is the specification of the compiled engine, the oracle in its tests, and the
engine that runs where nothing could be compiled. Shapes: m rows in the batch, s_l
units in layer l.
"""

import math

import numpy as np

from ..network import ACTIVATIONS
from ._contract import Engine, Evaluation
from ._interrupts import listen

#: As in C, what overflows becomes infinite or NaN; the floors above look for these.
_QUIET = np.errstate(all="ignore")


class ReferenceEngine(Engine):
    """The algorithm in plain NumPy."""

    name = "reference"
    products = "BLAS, by NumPy"

    @_QUIET
    def forward(self, network, theta, X, rows=None):
        listen()
        return forward_pass(network, theta, X if rows is None else X[rows])[-1]

    @_QUIET
    def evaluate(self, network, thetas, X, y, rows=None, with_winners=False):
        y = y if rows is None else y[rows]
        raw = np.stack([self.forward(network, theta, X, rows) for theta in thetas])
        losses = [network.loss.value(of_one, y) for of_one in raw]
        winners = raw.argmax(axis=-1).astype(np.int64) if with_winners else None
        return Evaluation(raw, np.array(losses, dtype=np.float64), winners)

    @_QUIET
    def loss_and_gradients(self, network, theta, X, y, sample_weight, objective):
        listen()
        data_loss, gradient = _data_term(
            network, theta, X, y, sample_weight, objective.size(X.shape[0])
        )
        decay, coefs = objective.decay(X.shape[0]), theta[: network.n_coefs]
        gradient[: network.n_coefs] += decay * coefs
        return data_loss, _penalty(decay, coefs), gradient

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
        coefs = theta[: network.n_coefs]

        def run_epoch(order, learning_rates):
            data_loss_sum = penalty_sum = norm_sum = 0.0
            for step, learning_rate in enumerate(learning_rates.tolist()):
                listen()
                batch = order[step * batch_size : (step + 1) * batch_size]
                masks = None
                if dropout is not None:
                    shapes = [(len(batch), size) for size in network.layer_sizes[1:-1]]
                    masks = dropout.masks(optimizer.n_steps + 1, shapes, theta.dtype)
                data_loss, gradient = _data_term(
                    network,
                    theta,
                    X[batch],
                    y[batch],
                    None if sample_weight is None else sample_weight[batch],
                    objective.size(len(batch)),
                    masks,
                )
                decay = objective.decay(len(batch))
                data_loss_sum += data_loss * len(batch)
                penalty_sum += _penalty(decay, coefs) * len(batch)

                if not optimizer.decouples_penalty:
                    gradient[: network.n_coefs] += decay * coefs
                norm = _length(gradient)
                norm_sum += norm
                if norm > max_grad_norm:
                    # in float64, as the factor may be too small for float32
                    gradient[:] = gradient.astype(np.float64) * (max_grad_norm / norm)
                if optimizer.decouples_penalty:
                    np.multiply(coefs, 1 - learning_rate * decay, out=coefs)
                optimizer.step(theta, gradient, learning_rate)
            return data_loss_sum, penalty_sum, norm_sum

        @_QUIET
        def run_steps(orders, learning_rates, thetas=None):
            sums = np.empty((len(orders), 3))
            for epoch, order in enumerate(orders):
                sums[epoch] = run_epoch(order, learning_rates[epoch])
                if thetas is not None:
                    thetas[epoch] = theta
            return sums

        return run_steps


def _penalty(decay, coefs):
    return float(0.5 * decay * np.dot(coefs, coefs))


def _length(gradient):
    """The Euclidean norm, whose squares neither overflow nor vanish."""
    largest = float(np.abs(gradient).max())
    if not 0 < largest < math.inf:
        return largest
    return largest * float(np.linalg.norm(gradient / largest))


def _data_term(network, theta, X, y, sample_weight, m, masks=None):
    """The first term of the objective, and its gradient."""
    net_inputs, activations, raw = forward_pass(network, theta, X, masks)
    losses = network.loss.value(raw, y)  # (m,)
    delta = network.loss.gradient(raw, y)  # (m, s_L)
    if sample_weight is not None:
        losses = losses * sample_weight
        delta = delta * sample_weight[:, np.newaxis]
    gradient = _backward(network, theta, net_inputs, activations, delta / m, masks)
    return float(losses.sum(dtype=np.float64) / m), gradient


def forward_pass(network, theta, X, masks=None):
    """Net inputs z and outputs a = g(z) of the hidden layers, and the raw outputs.

    The first of the outputs is X. `masks` are the dropout masks.
    """
    coefs, intercepts = network.views(theta)
    net_inputs, activations = [], [X]  # a(0): (m, s_0)
    below = X
    for layer, name in enumerate(network.activations):
        z = below @ coefs[layer] + intercepts[layer]  # (m, s_l)
        net_inputs.append(z)
        activations.append(ACTIVATIONS[name].function(z))
        below = _dropped(activations, masks, layer + 1)
    raw = below @ coefs[-1] + intercepts[-1]  # (m, s_L)
    return net_inputs, activations, raw


def _dropped(activations, masks, layer):
    """What is passed to the layer above."""
    if masks is None or layer == 0:
        return activations[layer]
    return activations[layer] * masks[layer - 1]


def _backward(network, theta, net_inputs, activations, delta, masks=None):
    """The gradient of the objective's first term, from the output layer's delta."""
    coefs, _ = network.views(theta)
    gradient = np.empty_like(theta)
    coef_gradients, intercept_gradients = network.views(gradient)
    for layer in reversed(range(len(coefs))):
        coef_gradients[layer][:] = _dropped(activations, masks, layer).T @ delta
        intercept_gradients[layer][:] = delta.sum(axis=0)
        if layer > 0:
            derivative = ACTIVATIONS[network.activations[layer - 1]].derivative
            slope = derivative(net_inputs[layer - 1], activations[layer])
            if masks is not None:
                slope = slope * masks[layer - 1]
            delta = delta @ coefs[layer].T * slope
    return gradient
