"""What is compared: how each peer trains the same network on the same data.

A peer is a function that takes a `Workload`, X and y and returns `train(n_epochs)`,
prepared and warmed up as far as the peer allows. All minimise the log loss and the L2
penalty with Adam, shuffle in each epoch, and start from random weights. What is timed
is a call of `train`: for the three with an estimator this is a whole `fit`, including
checks of the data; for PyTorch and JAX it is the bare loop over prepared arrays.
"""

import warnings
from dataclasses import dataclass

import numpy as np

ALPHA = 1e-4
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """The shape of a data set, and the network and the batches it is trained with."""

    n_samples: int
    n_features: int
    n_classes: int
    hidden: tuple
    batch_size: int
    n_epochs: int

    @property
    def layer_sizes(self):
        return (self.n_features, *self.hidden, self.n_classes)

    @property
    def n_steps(self):
        return self.n_epochs * -(-self.n_samples // self.batch_size)

    @property
    def operations(self):
        """Multiplications and additions in the products of an average step: forward,
        gradient, and, for all layers but the first, the deltas of the layer below."""
        first, *others = (
            i * o for i, o in zip(self.layer_sizes[:-1], self.layer_sizes[1:])
        )
        rows = self.n_samples * self.n_epochs / self.n_steps
        return rows * (4 * first + 6 * sum(others))

    def data(self, dtype):
        rng = np.random.RandomState(0)
        X = rng.uniform(size=(self.n_samples, self.n_features)).astype(dtype)
        return X, rng.randint(self.n_classes, size=self.n_samples)

    def __str__(self):
        return (
            f"{self.n_samples:,} x {self.n_features} | {self.n_classes} |"
            f" {', '.join(map(str, self.hidden))} | {self.batch_size}"
        )


@dataclass(frozen=True)
class SquareProduct:
    """The product of two square matrices, to measure a machine's limit."""

    size: int = 2048
    n_epochs: int = 3

    @property
    def n_steps(self):
        return self.n_epochs

    @property
    def operations(self):
        return 2 * self.size**3

    def data(self, dtype):
        rng = np.random.RandomState(0)
        return rng.uniform(size=(2, self.size, self.size)).astype(dtype)


def _estimator(cls, workload, X, y):
    def train(n_epochs):
        model = cls(
            hidden_layer_sizes=workload.hidden,
            batch_size=workload.batch_size,
            alpha=ALPHA,
            learning_rate_init=LEARNING_RATE,
            max_iter=n_epochs,
            n_iter_no_change=n_epochs,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # none converges, on purpose
            model.fit(X, y)

    train(1)
    return train


def backprop_classifier(workload, X, y):
    from sklearn_bp import BackpropClassifier

    return _estimator(BackpropClassifier, workload, X, y)


def mlp_classifier(workload, X, y):
    from sklearn.neural_network import MLPClassifier

    return _estimator(MLPClassifier, workload, X, y)


def _module(workload, dtype):
    import torch

    torch.manual_seed(0)
    layers = []
    for n_inputs, n_units in zip(workload.layer_sizes[:-1], workload.layer_sizes[1:]):
        layers += [torch.nn.Linear(n_inputs, n_units, dtype=dtype), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def pytorch(workload, X, y):
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    module = _module(workload, X.dtype)
    optimizer = torch.optim.Adam(
        module.parameters(),
        lr=LEARNING_RATE,
        weight_decay=ALPHA / workload.batch_size,
        fused=True,
    )
    criterion = torch.nn.CrossEntropyLoss()

    def train(n_epochs):
        for _ in range(n_epochs):
            for rows in torch.randperm(len(X)).split(workload.batch_size):
                optimizer.zero_grad()
                criterion(module(X[rows]), y[rows]).backward()
                optimizer.step()

    train(1)
    return train


def skorch(workload, X, y):
    import torch
    from skorch import NeuralNetClassifier

    dtype = torch.from_numpy(X).dtype

    def train(n_epochs):
        NeuralNetClassifier(
            _module(workload, dtype),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            optimizer__fused=True,
            optimizer__weight_decay=ALPHA / workload.batch_size,
            lr=LEARNING_RATE,
            max_epochs=n_epochs,
            batch_size=workload.batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        ).fit(X, y)

    train(1)
    return train


def jax(workload, X, y):
    """One compiled function runs an epoch."""
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", X.dtype == np.float64)
    X, y = jnp.asarray(X), jnp.asarray(y)
    batch_size = workload.batch_size
    n_batches, n_left = divmod(len(X), batch_size)
    optimizer = optax.chain(
        optax.add_decayed_weights(ALPHA / batch_size), optax.adam(LEARNING_RATE)
    )

    def loss(parameters, X, y):
        for coef, intercept in parameters[:-1]:
            X = jax.nn.relu(X @ coef + intercept)
        coef, intercept = parameters[-1]
        raw = X @ coef + intercept
        return optax.softmax_cross_entropy_with_integer_labels(raw, y).mean()

    def step(state, rows):
        parameters, moments = state
        value, gradient = jax.value_and_grad(loss)(parameters, X[rows], y[rows])
        updates, moments = optimizer.update(gradient, moments, parameters)
        return (optax.apply_updates(parameters, updates), moments), value

    @jax.jit
    def run_epoch(state, key):
        order = jax.random.permutation(key, len(X))
        batches = order[: n_batches * batch_size].reshape(n_batches, batch_size)
        state, values = jax.lax.scan(step, state, batches)
        if n_left:
            state, _ = step(state, order[-n_left:])
        return state, values

    rng = np.random.RandomState(0)
    parameters = [
        (
            jnp.asarray(rng.normal(0, (2 / i) ** 0.5, (i, o)), X.dtype),
            jnp.zeros(o, X.dtype),
        )
        for i, o in zip(workload.layer_sizes[:-1], workload.layer_sizes[1:])
    ]
    state = parameters, optimizer.init(parameters)
    key = jax.random.key(0)

    def train(n_epochs):
        nonlocal state, key
        for _ in range(n_epochs):
            key, now = jax.random.split(key)
            state, values = run_epoch(state, now)
        values.block_until_ready()

    train(1)
    return train


def blas_product(_, A, B):
    from scipy.linalg.blas import get_blas_funcs

    gemm, C = get_blas_funcs("gemm", (A, B)), np.empty_like(A)

    def multiply(n_times):
        for _ in range(n_times):
            # in the column order of BLAS: no copies
            gemm(1, A.T, B.T, c=C.T, overwrite_c=True)

    multiply(1)
    return multiply


def engine_product(workload, A, B):
    """The forward pass of a single layer of linear units."""
    from sklearn_bp.engine import get_engine
    from sklearn_bp.network import LOSSES, Network

    loss = LOSSES["squared_error"]()
    network = Network((workload.size, workload.size), (), loss)
    theta = np.concatenate([B.ravel(), np.zeros(workload.size, B.dtype)])
    engine = get_engine()

    def multiply(n_times):
        for _ in range(n_times):
            engine.forward(network, theta, A)

    multiply(1)
    return multiply


PRODUCTS = {"BLAS product": blas_product, "engine product": engine_product}
PEERS = {
    "BackpropClassifier": backprop_classifier,
    "MLPClassifier": mlp_classifier,
    "skorch": skorch,
    "PyTorch": pytorch,
    "JAX": jax,
}
PACKAGES = {
    "BackpropClassifier": "sklearn_bp",
    "MLPClassifier": "sklearn",
    "skorch": "skorch",
    "PyTorch": "torch",
    "JAX": "optax",
}
