"""The same bits: whatever the number of threads, the backend, and who else trains."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sweeps import VECTOR_SETS, each_pair
from threadpoolctl import threadpool_limits

from sklearn_bp import BackpropClassifier, BackpropRegressor
from sklearn_bp.engine import _threads, get_engine
from sklearn_bp.network import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Batches that are shared by threads as a whole, and batches in shards.
NETWORKS = {
    "wide": {"hidden_layer_sizes": (100, 40), "batch_size": 50},
    "narrow": {"hidden_layer_sizes": (30,), "batch_size": 300},
    "dropout": {"hidden_layer_sizes": (30, 20), "batch_size": 90, "dropout": 0.3},
    "short": {"hidden_layer_sizes": (30,), "activation": "gelu", "max_grad_norm": 0.1},
    "lbfgs": {"hidden_layer_sizes": (30,), "solver": "lbfgs", "max_iter": 5},
}
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def data(dtype="float64"):
    rng = np.random.RandomState(0)
    return rng.normal(size=(600, 30)).astype(dtype), rng.randint(4, size=600)


def make(settings):
    return BackpropClassifier(**{"max_iter": 3, **settings}, random_state=0)


def parameters_of(model):
    """All in one array."""
    return np.concatenate([part.ravel() for part in model.coefs_ + model.intercepts_])


def train(settings, dtype="float64", n_threads=None):
    # BLAS is left alone: a limit that ends would set it free under others.
    limit = threadpool_limits(n_threads, "openmp") if n_threads else nullcontext()
    with limit:
        return parameters_of(make(settings).fit(*data(dtype)))


def assert_same_bits(array, expected):
    """Signs of zeros included."""
    assert array.tobytes() == expected.tobytes()


@pytest.fixture
def threads_for_everything(monkeypatch):
    """Eight processors, and no batch too small to be shared."""
    monkeypatch.setattr(_threads, "_cpu_count", lambda: 8)
    monkeypatch.setattr(_threads, "OPERATIONS_PER_THREAD", 1000)


@pytest.mark.usefixtures("threads_for_everything")
@DTYPES
@pytest.mark.parametrize("network", NETWORKS)
def test_number_of_threads(network, dtype):
    expected = train(NETWORKS[network], dtype, n_threads=1)
    for n_threads in (2, 3, 5):
        parameters = train(NETWORKS[network], dtype, n_threads)
        assert_same_bits(parameters, expected)


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_backends(backend):
    expected = [train(settings) for settings in NETWORKS.values()] * 3
    for n_jobs in (1, 2):
        models = joblib.Parallel(n_jobs=n_jobs, backend=backend)(
            joblib.delayed(BackpropClassifier.fit)(make(settings), *data())
            for settings in [*NETWORKS.values()] * 3
        )
        for model, parameters in zip(models, expected, strict=True):
            assert_same_bits(parameters_of(model), parameters)


@pytest.mark.usefixtures("threads_for_everything")
@DTYPES
def test_others_that_train_at_the_same_time(dtype, monkeypatch):
    expected = {name: train(NETWORKS[name], dtype) for name in NETWORKS}
    if get_engine().name == "compiled":
        # four fits side by side, and two threads for each
        monkeypatch.setattr("sklearn_bp.engine._compiled.get_max_threads", lambda: 8)
    names = [*NETWORKS] * 5
    with ThreadPoolExecutor(4) as pool:
        results = [*pool.map(lambda name: train(NETWORKS[name], dtype), names)]
    for name, parameters in zip(names, results):
        assert_same_bits(parameters, expected[name])
        assert_same_bits(train(NETWORKS[name], dtype), expected[name])


@pytest.mark.skipif(
    get_engine().products not in VECTOR_SETS,
    reason="BLAS or NumPy makes the products",
)
@each_pair(
    together=[("targets", "container", "dtype"), ("activation", "container", "dtype")],
    targets=["binary", "multiclass", "multilabel", "real"],
    activation=ACTIVATIONS,
    container=[np.asarray, sp.csr_array],
    dtype=["float32", "float64"],
)
def test_a_prediction_does_not_depend_on_the_other_rows(
    targets, activation, container, dtype
):
    X, y = data(dtype)
    cls = BackpropRegressor if targets == "real" else BackpropClassifier
    y = {
        "binary": y > 1,
        "multiclass": y,
        "multilabel": np.column_stack([y > 1, y % 2]),
        "real": np.column_stack([X[:, 0], X[:, 1] ** 2]),
    }[targets]
    model = cls(activation=activation, max_iter=3, random_state=0)
    model.fit(container(X), y)
    predict = model.predict if targets == "real" else model.predict_proba
    X = container(X)
    together = predict(X)
    for i in range(0, 600, 13):
        assert_same_bits(together[i], predict(X[i : i + 1])[0])
    assert_same_bits(together[100:333], predict(X[100:333]))
