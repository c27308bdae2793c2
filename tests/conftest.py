"""What all tests share: the engines, and problems of every kind to try them on."""

import os
import signal
from dataclasses import dataclass
from typing import Any

# Read when SciPy is imported: without it, check_estimator skips its array API checks.
os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import pytest
import scipy.sparse as sp
from joblib.externals.loky import get_reusable_executor
from sweeps import ALL_INSTRUCTION_SETS, EACH_LOSS, INSTRUCTION_SETS

import sklearn_bp
from sklearn_bp.engine import get_engine
from sklearn_bp.engine._selection import _compiled_engine, _reference_engine
from sklearn_bp.network import LOSSES, Network, initialize

ENGINES = [
    engine for engine in (_reference_engine, _compiled_engine) if engine is not None
]
# Where an engine is compared with the reference, the engine that the settings choose:
# with SKLEARN_BP_ENGINE=reference the reference engine must stand on its own.
if sklearn_bp.get_config()["engine"] == "reference":
    ENGINES = [_reference_engine]


def pytest_report_header():
    return f"sklearn_bp engine: {get_engine().name}"


def not_tested_here():
    """What it is, and why."""
    if _compiled_engine is None:
        return [("the compiled engine", "it was not built")]
    if _compiled_engine not in ENGINES:
        return [("the compiled engine", "the settings choose the reference engine")]
    missing = [name for name in ALL_INSTRUCTION_SETS if name not in INSTRUCTION_SETS]
    return [(name, "the processor lacks it") for name in missing]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    result = yield  # the summary, of which this is to be the end
    for what, why in not_tested_here():
        terminalreporter.write_line(f"not tested here: {what} ({why})")
    return result


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request):
    """Each engine that is there."""
    return request.param


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def each_engine(request):
    """Run the test on each engine that is there, whatever it calls."""
    with sklearn_bp.config_context(engine=request.param.name):
        yield request.param.name


@pytest.fixture
def fresh_workers(monkeypatch):
    """Worker processes that start within the test and end with it: joblib would use
    those of another test, with the environment of that one."""
    # They are to import what is installed, not the sources of the working directory.
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    get_reusable_executor().shutdown()
    yield
    get_reusable_executor().shutdown()


@pytest.fixture
def hears_ctrl_c():
    """As in the foreground; what a shell runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def deadly_accuracy(tmp_path):
    """A scorer, the accuracy, that after a hundred calls ends a worker process, once;
    it has a method that says whether it did."""
    parent = os.getpid()
    calls, killed = tmp_path / "calls", tmp_path / "killed"

    # A function within a function, which workers are sent whole: they do not have this
    # file.
    def scorer(model, X, y):
        import os
        import signal

        with calls.open("a") as file:
            file.write(".")
        is_worker = os.getpid() != parent
        if is_worker and calls.stat().st_size > 100 and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return model.score(X, y)

    scorer.has_killed = killed.exists
    return scorer


@pytest.fixture(params=EACH_LOSS, ids=repr)
def loss(request):
    """Each loss, also with settings that are not the defaults."""
    return request.param


@dataclass
class Problem:
    """The arguments of an engine's functions."""

    network: Network
    theta: np.ndarray
    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None


def _make_problem(
    loss="squared_error",
    activation="tanh",
    hidden=(5, 4),
    n_samples=23,
    n_features=6,
    n_outputs=3,
    dtype=np.float64,
    sparse=False,
    weighted=False,
    initializer="auto",
    seed=0,
):
    rng = np.random.RandomState(seed)
    if isinstance(loss, str):
        loss = LOSSES[loss]()
    network = Network(
        (n_features, *hidden, n_outputs), (activation,) * len(hidden), loss
    )
    theta = initialize(network, initializer, activation, rng, dtype)
    X = rng.normal(size=(n_samples, n_features))
    if sparse:
        X = sp.csr_matrix(np.where(rng.uniform(size=X.shape) < 0.3, X, 0))
    shape = n_samples, 1 if loss.name == "log_loss" else n_outputs
    y = {
        "poisson": lambda: rng.poisson(2, size=shape),
        "gamma": lambda: rng.gamma(2, size=shape),
        "log_loss": lambda: rng.randint(n_outputs, size=shape),
        "binary_log_loss": lambda: rng.randint(2, size=shape),
    }.get(loss.name, lambda: rng.normal(size=shape))()
    sample_weight = rng.randint(0, 4, size=n_samples) if weighted else None
    return Problem(
        network,
        theta,
        X.astype(dtype),
        y.astype(dtype),
        None if sample_weight is None else sample_weight.astype(dtype),
    )


@pytest.fixture
def make_problem():
    """A function that makes a small random problem of the kind that is asked for."""
    return _make_problem
