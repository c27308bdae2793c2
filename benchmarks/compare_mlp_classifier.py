"""BackpropClassifier beside scikit-learn's MLPClassifier, workload by workload.

Both estimators train on the same data, from the same weights, for the same steps. They
take turns within one run, and what is compared is the median time of a training step:
that of a whole call of fit, checks of the data included, over the number of its steps.
Each is given one thread and, unless ``--threads 1`` says otherwise, two, of which the
better counts.

    python benchmarks/compare_mlp_classifier.py --threads 1 2 --output speed.png
"""

import argparse
import os
import platform
import time
import warnings
from dataclasses import dataclass

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import sklearn_bp
from sklearn_bp import BackpropClassifier


@dataclass(frozen=True)
class Workload:
    """One data set's shape, and the network and the batches it is trained with."""

    n_samples: int
    n_features: int
    n_classes: int
    hidden: tuple
    batch_size: int
    n_epochs: int

    @property
    def n_steps(self):
        return self.n_epochs * -(-self.n_samples // self.batch_size)

    def __str__(self):
        return (
            f"{self.n_samples} x {self.n_features}, {self.n_classes} classes,"
            f" {self.hidden}, {self.batch_size}"
        )


WORKLOADS = [
    Workload(150, 4, 3, (100,), 150, n_epochs=1000),
    Workload(1797, 64, 10, (100,), 200, n_epochs=40),
    Workload(1797, 64, 10, (100,), 1, n_epochs=3),
    Workload(1797, 64, 10, (64,), 32, n_epochs=20),
    Workload(50_000, 30, 3, (128, 64), 256, n_epochs=2),
    Workload(30_000, 784, 10, (256,), 200, n_epochs=1),
    Workload(5_000, 200, 10, (512, 512), 256, n_epochs=3),
]
PEERS = {"MLPClassifier": MLPClassifier, "BackpropClassifier": BackpropClassifier}


def make_data(workload, dtype):
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(workload.n_samples, workload.n_features)).astype(dtype)
    y = rng.randint(workload.n_classes, size=workload.n_samples)
    return X, y


def seconds_per_step(peer, workload, X, y, n_threads):
    model = PEERS[peer](
        hidden_layer_sizes=workload.hidden,
        batch_size=workload.batch_size,
        max_iter=workload.n_epochs,
        n_iter_no_change=workload.n_epochs,
        random_state=0,
    )
    # The threads of a BLAS or an OpenMP go on spinning for a while after their work, on
    # the processors that the next one needs.
    time.sleep(0.1)
    with threadpool_limits(n_threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        model.fit(X, y)
        return (time.perf_counter() - start) / workload.n_steps


def compare(workload, dtype, threads, n_repeats):
    """The median time of a step of each peer, with the better number of threads."""
    X, y = make_data(workload, dtype)
    runs = [(peer, n_threads) for n_threads in threads for peer in PEERS]
    times = {run: [] for run in runs}
    for repeat in range(n_repeats + 1):
        for peer, n_threads in runs:
            elapsed = seconds_per_step(peer, workload, X, y, n_threads)
            if repeat > 0:  # the first round warms up
                times[peer, n_threads].append(elapsed)
    medians = {run: float(np.median(times[run])) for run in runs}
    return {peer: min(medians[peer, n] for n in threads) for peer in PEERS}


def draw(results, threads, path):
    """Bars of the speed-up, one pair a workload."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(9, 5), layout="constrained")
    positions = np.arange(len(WORKLOADS))
    for offset, (dtype, color) in enumerate(
        [("float32", "#0072B2"), ("float64", "#E69F00")]
    ):
        speedups = [results[workload, dtype] for workload in WORKLOADS]
        bars = ax.barh(
            positions + 0.4 * offset, speedups, height=0.38, color=color, label=dtype
        )
        ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.axvline(1, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.set_yticks(positions + 0.2, [str(workload) for workload in WORKLOADS])
    ax.invert_yaxis()
    ax.margins(x=0.1)
    ax.set_xlabel("times the speed of MLPClassifier (log scale)")
    ax.set_ylabel("data, classes, hidden layers, batch size")
    ax.set_title(f"Training step, the better of {threads} threads for each")
    ax.legend(frameon=False)
    figure.savefig(path, dpi=120)
    print(f"\nwritten: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", help="where to write the bar chart")
    arguments = parser.parse_args()

    print(
        f"sklearn_bp {sklearn_bp.__version__}, scikit-learn {sklearn.__version__},"
        f" NumPy {np.__version__}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores, threads tried: {arguments.threads}\n"
    )
    print(
        "| data, classes, hidden layers, batch size | type | MLPClassifier, µs a step"
        " | BackpropClassifier | ratio |"
    )
    print("|---|---|---:|---:|---:|")
    results = {}
    for dtype in ("float32", "float64"):
        for workload in WORKLOADS:
            medians = compare(workload, dtype, arguments.threads, arguments.repeats)
            theirs, ours = medians["MLPClassifier"], medians["BackpropClassifier"]
            results[workload, dtype] = theirs / ours
            print(
                f"| {workload} | {dtype} | {1e6 * theirs:.0f} | {1e6 * ours:.1f} |"
                f" {theirs / ours:.1f} |",
                flush=True,
            )
    if arguments.output:
        draw(results, arguments.threads, arguments.output)


if __name__ == "__main__":
    main()
