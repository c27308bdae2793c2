"""Costs besides the training step, compared with those of MLPClassifier.

Predictions, sparse data, a short fit, an import, memory.

    python benchmarks/other_costs.py --update-doc
"""

import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from _peers import PEERS, Workload
from _report import DOC, OURS, argument_parser, number, replace_section, table
from _timing import best, describe_machine, microseconds_a_step, workers

DTYPES = ("float32", "float64")
THEIRS = "MLPClassifier"
LARGE = Workload(100_000, 64, 10, (100,), 200, n_epochs=1)
SMALL = Workload(150, 4, 3, (100,), 150, n_epochs=1)


@dataclass(frozen=True)
class SparseWorkload(Workload):
    density: float = 0.005

    def data(self, dtype):
        X = sp.random(
            self.n_samples,
            self.n_features,
            self.density,
            format="csr",
            dtype=dtype,
            random_state=0,
        )
        return X, np.arange(self.n_samples) % self.n_classes


def _fitted(peer, workload, X, y):
    """A model, whose training is not timed."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    from sklearn_bp import BackpropClassifier

    cls = {OURS: BackpropClassifier, THEIRS: MLPClassifier}[peer]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cls(workload.hidden, max_iter=1, random_state=0)
        return model.fit(X[:1000], np.arange(1000) % workload.n_classes)


def _predict_all(peer, workload, X, y):
    model = _fitted(peer, workload, X, y)
    model.predict(X)

    def work(n_times):
        for _ in range(n_times):
            model.predict(X)

    return work


def _predict_one(peer, workload, X, y):
    model = _fitted(peer, workload, X, y)

    def work(n_times):
        for i in range(1000 * n_times):
            model.predict(X[i : i + 1])

    return work


def our_predict_all(*arguments):
    return _predict_all(OURS, *arguments)


def their_predict_all(*arguments):
    return _predict_all(THEIRS, *arguments)


def our_predict_one(*arguments):
    return _predict_one(OURS, *arguments)


def their_predict_one(*arguments):
    return _predict_one(THEIRS, *arguments)


def our_short_fits(workload, X, y):
    return _many_fits(PEERS[OURS](workload, X, y))


def their_short_fits(workload, X, y):
    return _many_fits(PEERS[THEIRS](workload, X, y))


def _many_fits(train):
    def work(n_times):
        for _ in range(100 * n_times):
            train(1)

    return work


#: What is timed and in which unit, the two functions, the workload, and the factor from
#: seconds per run to that unit.
COSTS = [
    (
        "predict, 100,000 x 64, ms",
        {OURS: our_predict_all, THEIRS: their_predict_all},
        LARGE,
        1e3,
    ),
    (
        "predict, one row of 64, µs",
        {OURS: our_predict_one, THEIRS: their_predict_one},
        LARGE,
        1e3,
    ),
    (
        "fit, 3 epochs, 5,000 x 20,000 sparse (0.5 %), hidden 100, ms",
        {OURS: PEERS[OURS], THEIRS: PEERS[THEIRS]},
        SparseWorkload(5_000, 20_000, 10, (100,), 200, n_epochs=3),
        1e3,
    ),
    (
        "fit, 1 epoch, 150 x 4, µs",
        {OURS: our_short_fits, THEIRS: their_short_fits},
        SMALL,
        1e4,
    ),
]


def measure_costs(threads, n_repeats):
    rows = []
    for what, peers, workload, factor in COSTS:
        for dtype in DTYPES:
            with workers(peers, threads) as started:
                medians = microseconds_a_step(started, workload, dtype, n_repeats)
            figures = best(medians)
            seconds = {p: 1e-6 * t * workload.n_steps for p, t in figures.items()}
            rows.append(
                _row(what, dtype, *(factor * seconds[p] for p in (OURS, THEIRS)))
            )
            print(rows[-1], flush=True)
    return rows


def _row(what, dtype, ours, theirs):
    return [what, dtype, number(ours), number(theirs), f"{theirs / ours:.2f}"]


def measure_imports(n_repeats):
    times = {"import sklearn_bp": [], "import sklearn.neural_network": []}
    for _ in range(n_repeats + 1):
        for statement, measured in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            measured.append(time.perf_counter() - start)
    ours, theirs = (1e3 * np.median(measured[1:]) for measured in times.values())
    return _row("import, ms", "", ours, theirs)


PEAK = """
import resource, sys, warnings
import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn_bp import BackpropClassifier

warnings.simplefilter("ignore")
dtype, cls = sys.argv[1], {"MLPClassifier": MLPClassifier}.get(sys.argv[2])
cls = cls or BackpropClassifier

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def data(n):
    rng = np.random.default_rng(0)
    return rng.random((n, 100), dtype=dtype), np.arange(n) % 5

cls(max_iter=1).fit(*data(1000))  # modules, threads
before = peak()
X, y = data(200_000)
held = peak() - before
cls(max_iter=1).fit(X, y)
print(held, peak() - before)
"""


def measure_memory():
    """Peak resident memory of a fit in MB, and as a multiple of what X and y take."""
    rows = []
    for dtype in DTYPES:
        ratios = []
        for peer in (OURS, THEIRS):
            output = subprocess.run(
                [sys.executable, "-c", PEAK, dtype, peer],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            held, peak = map(float, output.split())
            ratios.append(f"{peak:.0f} ({peak / held:.2f}x)")
        rows.append([dtype, *ratios])
    return rows


def main():
    arguments = argument_parser(__doc__, repeats=7).parse_args()
    memory = measure_memory()
    costs = [measure_imports(arguments.repeats)]
    costs += measure_costs(arguments.threads, arguments.repeats)
    sections = {
        "other costs": "\n\n".join(
            [
                describe_machine(),
                table(["what", "type", OURS, THEIRS, "ratio"], costs),
            ]
        ),
        "memory": table(["type", f"{OURS}, MB", f"{THEIRS}, MB"], memory),
    }
    for name, text in sections.items():
        print(f"\n{name}\n\n{text}")
        if arguments.update_doc:
            replace_section(DOC / "benchmarks.md", name, text)


if __name__ == "__main__":
    main()
