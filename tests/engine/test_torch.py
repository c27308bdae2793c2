"""Losses, gradients and optimizers against PyTorch: the same starting weights, the same
batches, in float64."""

import numpy as np
import pytest

from sklearn_bp.engine import Objective
from sklearn_bp.network import ACTIVATIONS, LOSSES
from sklearn_bp.training import OPTIMIZERS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn.functional

TORCH_ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": nn.relu,
    "leaky_relu": nn.leaky_relu,
    "elu": nn.elu,
    "selu": nn.selu,
    "gelu": nn.gelu,
    "silu": nn.silu,
    "mish": nn.mish,
    "softplus": nn.softplus,
}
# From raw outputs and targets to the sum over samples.
TORCH_LOSSES = {
    "squared_error": lambda z, y: 0.5 * nn.mse_loss(z, y, reduction="sum"),
    "absolute_error": lambda z, y: nn.l1_loss(z, y, reduction="sum"),
    "huber": lambda z, y: nn.huber_loss(z, y, reduction="sum", delta=0.7),
    "quantile": lambda z, y: torch.maximum(0.8 * (y - z), -0.2 * (y - z)).sum(),
    # torch leaves the constants out, Stirling's formula aside
    "poisson": lambda z, y: (
        nn.poisson_nll_loss(z, y, log_input=True, reduction="sum")
        + (torch.xlogy(y, y) - y).sum()
    ),
    "gamma": lambda z, y: (
        -torch.distributions.Gamma(1.0, torch.exp(-z)).log_prob(y) - torch.log(y) - 1
    ).sum(),
    "log_loss": lambda z, y: nn.cross_entropy(
        z, y[:, 0].long(), reduction="sum", label_smoothing=0.15
    ),
    "binary_log_loss": lambda z, y: nn.binary_cross_entropy_with_logits(
        z, 0.85 * y + 0.075, reduction="sum"
    ),
}
SETTINGS = {"huber": 0.7, "quantile": 0.8, "log_loss": 0.15, "binary_log_loss": 0.15}
ALPHA = 0.3


def make_loss(name):
    return LOSSES[name](*([SETTINGS[name]] if name in SETTINGS else []))


def test_every_activation_and_loss_is_compared():
    assert TORCH_ACTIVATIONS.keys() == ACTIVATIONS.keys()
    assert TORCH_LOSSES.keys() == LOSSES.keys()


def as_tensors(network, theta):
    """Weights and biases as leaves, from the input layer on."""
    coefs, intercepts = network.views(theta)
    return [torch.tensor(part, requires_grad=True) for part in (*coefs, *intercepts)]


def forward(network, parameters, X):
    n_layers = len(parameters) // 2
    a = torch.tensor(X)
    for layer in range(n_layers):
        a = a @ parameters[layer] + parameters[n_layers + layer]
        if layer < n_layers - 1:
            a = TORCH_ACTIVATIONS[network.activations[layer]](a)
    return a


def flat(tensors):
    return torch.cat([tensor.detach().ravel() for tensor in tensors]).numpy()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient(name, activation, engine, make_problem):
    problem = make_problem(loss=make_loss(name), activation=activation)
    network, n = problem.network, problem.X.shape[0]
    parameters = as_tensors(network, problem.theta)
    loss = TORCH_LOSSES[name](
        forward(network, parameters, problem.X), torch.tensor(problem.y)
    )
    (loss / n).backward()
    data_loss, _, gradient = engine.loss_and_gradients(
        network, problem.theta, problem.X, problem.y, None, Objective()
    )
    np.testing.assert_allclose(data_loss, loss.item() / n, rtol=1e-6)
    expected = flat([parameter.grad for parameter in parameters])
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-10)


# ours, with its settings; torch's, which has alpha / m as its weight_decay
PAIRS = {
    "sgd": (
        {"momentum": 0.0, "nesterovs_momentum": False},
        lambda groups: torch.optim.SGD(groups, lr=0.05),
    ),
    "sgd, momentum": (
        {"momentum": 0.9, "nesterovs_momentum": False},
        lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9),
    ),
    "sgd, nesterov": (
        {"momentum": 0.9, "nesterovs_momentum": True},
        lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True),
    ),
    # epsilon, which torch adds after the bias correction, is made too small to show
    "adam": (
        {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-15},
        lambda groups: torch.optim.Adam(groups, lr=0.05, eps=1e-15),
    ),
    "adamw": (
        {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-15},
        lambda groups: torch.optim.AdamW(groups, lr=0.05, betas=(0.8, 0.99), eps=1e-15),
    ),
    "rmsprop": (
        {"rho": 0.9, "epsilon": 1e-8},
        lambda groups: torch.optim.RMSprop(groups, lr=0.05, alpha=0.9, eps=1e-8),
    ),
    "rprop": (
        {"learning_rate_init": 0.05},
        lambda groups: torch.optim.Rprop(groups, lr=0.05),
    ),
}


def test_every_optimizer_is_compared():
    assert {name.split(",")[0] for name in PAIRS} == OPTIMIZERS.keys()


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_optimizer(name, clipped, engine, make_problem):
    """30 steps in batches of 8 (of all, for rprop), the last one of each epoch of 7."""
    problem = make_problem(loss="squared_error", activation="tanh")
    network, X, y = problem.network, problem.X, problem.y
    settings, make_theirs = PAIRS[name]
    alpha, batch_size = ALPHA, 8
    if name == "rprop":
        alpha, batch_size = 0.0, 23  # torch's has no weight_decay
    max_grad_norm = 0.5 if clipped else np.inf
    rng = np.random.RandomState(0)
    orders = np.array([rng.permutation(23) for _ in range(10)])

    theta = problem.theta.copy()
    optimizer = OPTIMIZERS[name.split(",")[0]](theta, **settings)
    # one penalty for all batches: torch's weight_decay is constant
    run_steps = engine.prepare_steps(
        network,
        theta,
        X,
        y,
        None,
        Objective(alpha, penalty_size=8.0),
        batch_size,
        optimizer,
        None,
        max_grad_norm,
    )
    run_steps(orders, np.full((len(orders), -(-23 // batch_size)), 0.05))

    parameters = as_tensors(network, problem.theta)
    n_layers = len(parameters) // 2
    # The penalty is a part of the gradient that is clipped, but with adamw: so it is
    # added to the loss there.
    decoupled = name == "adamw"
    groups = [
        {"params": parameters[:n_layers], "weight_decay": alpha / 8 * decoupled},
        {"params": parameters[n_layers:], "weight_decay": 0.0},
    ]
    if name == "rprop":
        groups = parameters
    theirs = make_theirs(groups)
    for order in orders:
        for start in range(0, 23, batch_size):
            batch = order[start : start + batch_size]
            raw = forward(network, parameters, X[batch])
            loss = TORCH_LOSSES["squared_error"](raw, torch.tensor(y[batch]))
            loss = loss / len(batch)
            if not decoupled:
                squares = sum((coef**2).sum() for coef in parameters[:n_layers])
                loss = loss + alpha / 16 * squares
            theirs.zero_grad()
            loss.backward()
            if clipped:  # clip_grad_norm_ would divide by the norm plus 1e-6
                norm = torch.cat([p.grad.ravel() for p in parameters]).norm()
                for parameter in parameters:
                    parameter.grad *= min(1.0, max_grad_norm / norm.item())
            theirs.step()
    np.testing.assert_allclose(theta, flat(parameters), rtol=1e-6, atol=1e-8)
