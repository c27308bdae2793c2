"""Peers take turns, each in its own processes, one for each number of threads.

In its own process a peer does not share the thread pools of another, and its number of
threads is set as its makers intend: by the environment, before it is imported.
"""

import contextlib
import importlib.metadata
import importlib.util
import multiprocessing
import os
import platform
import time
from pathlib import Path

import numpy as np
import scipy.linalg.blas  # noqa: F401  for describe_machine
from _peers import PACKAGES, PEERS
from threadpoolctl import threadpool_info

# Threads keep spinning for a while after their work, on the processors that the next
# peer needs.
REST = 0.1


def thread_settings(n_threads):
    settings = {
        name: str(n_threads)
        for name in (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "LOKY_MAX_CPU_COUNT",  # of joblib
        )
    }
    eigen = "true" if n_threads > 1 else "false"
    settings["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen}"
    settings["NPROC"] = str(n_threads)
    settings["JAX_PLATFORMS"] = "cpu"
    return settings


@contextlib.contextmanager
def environment(**settings):
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _serve(connection):
    """In the process of a peer: prepare, and work when asked to."""
    work = None
    while (task := connection.recv()) is not None:
        if isinstance(task, int):
            start = time.perf_counter()
            work(task)
            connection.send(time.perf_counter() - start)
        else:
            make, workload, dtype = task
            work = make(workload, *workload.data(dtype))
            connection.send(None)


class Worker:
    """A peer in its own process, with its number of threads.

    `make(workload, X, y)` returns the function to be timed.
    """

    def __init__(self, peer, make, n_threads):
        self.peer, self.make, self.n_threads = peer, make, n_threads
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with environment(**thread_settings(n_threads)):
            self._process.start()

    def _ask(self, task):
        self._connection.send(task)
        while not self._connection.poll(1):
            if not self._process.is_alive():
                raise RuntimeError(f"the process of {self.peer} has died")
        return self._connection.recv()

    def prepare(self, workload, dtype):
        self._ask((self.make, workload, dtype))

    def seconds(self, n_epochs):
        time.sleep(REST)
        return self._ask(n_epochs)

    def stop(self):
        with contextlib.suppress(BrokenPipeError):  # the error has been raised already
            self._connection.send(None)
        self._process.join(10)


@contextlib.contextmanager
def workers(peers, threads):
    """A worker for each of `peers`, a dict of functions, and each number of threads."""
    started = [Worker(peer, peers[peer], n) for peer in peers for n in threads]
    try:
        yield started
    finally:
        for worker in started:
            worker.stop()


def alternating_times(workers, workload, dtype, n_repeats):
    """The seconds of each run, by peer and number of threads."""
    for worker in workers:
        worker.prepare(workload, dtype)
    times = {(worker.peer, worker.n_threads): [] for worker in workers}
    for repeat in range(n_repeats):
        # back and forth, so that no peer always follows the same one
        for worker in workers[:: 1 if repeat % 2 == 0 else -1]:
            elapsed = worker.seconds(workload.n_epochs)
            times[worker.peer, worker.n_threads].append(elapsed)
    return times


def microseconds_a_step(workers, workload, dtype, n_repeats):
    """Medians over alternating runs, by peer and number of threads."""
    times = alternating_times(workers, workload, dtype, n_repeats)
    return {
        run: 1e6 * float(np.median(elapsed)) / workload.n_steps
        for run, elapsed in times.items()
    }


def best(medians):
    """The time of each peer with its better number of threads."""
    return {
        peer: min(time for (other, _), time in medians.items() if other == peer)
        for peer in dict.fromkeys(peer for peer, _ in medians)
    }


def installed(packages):
    """Those names of a dict whose package, its value, is installed."""
    found = []
    for name, package in packages.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name} is left out: {package} is not installed")
        else:
            found.append(name)
    return found


def available_peers():
    """The functions of those peers whose packages are installed, by name."""
    return {peer: PEERS[peer] for peer in installed(PACKAGES)}


def describe_machine():
    """A line on the processor, and a line on the versions."""
    model, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    features = []
    if info.exists():
        fields = dict(
            line.split(":", 1) for line in info.read_text().splitlines() if ":" in line
        )
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        model = fields.get("model name", model)
        flags = fields.get("flags", "").split()
        features = [name for name in ("avx2", "avx512f") if name in flags]
    blas = {
        f"{library['internal_api']} {library['version']} ({library['architecture']})"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    versions = [f"Python {platform.python_version()}"]
    for package in (
        "numpy",
        "scikit-learn",
        "skorch",
        "torch",
        "jax",
        "optax",
        "pytabkit",
        "mapie",
    ):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    return (
        f"{os.cpu_count()} processors of {model} ({', '.join(features)}); BLAS:"
        f" {', '.join(sorted(blas))}.\n{', '.join(versions)}."
    )
