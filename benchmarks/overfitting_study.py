"""The time of a study with curves, compared with that of a grid search without.

Six values of alpha, five folds, 100 epochs, two jobs: `overfitting_study` in threads,
and `GridSearchCV` with `MLPClassifier` in processes that are already running, without
the refit. Features are standardised.

    python benchmarks/overfitting_study.py --update-doc
"""

import time
import warnings

import numpy as np
from _report import DOC, argument_parser, replace_section, table
from _timing import describe_machine
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, overfitting_study

DATA = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "iris": load_iris,
}
GRID = {"alpha": [0.0001, 0.001, 0.01, 0.1, 1, 10]}
SETTINGS = {"max_iter": 100, "random_state": 0}
REST = 0.3  # seconds, until threads have stopped spinning


def study(X, y):
    overfitting_study(BackpropClassifier(**SETTINGS), X, y, GRID, n_jobs=2)


def grid_search(X, y):
    network = MLPClassifier(**SETTINGS)
    GridSearchCV(network, GRID, n_jobs=2, refit=False).fit(X, y)


def medians(X, y, n_repeats):
    """Seconds for the study and for the grid search, which take turns."""
    times = {study: [], grid_search: []}
    for function in times:
        function(X, y)
    for repeat in range(n_repeats):
        for function in list(times)[:: 1 if repeat % 2 == 0 else -1]:
            time.sleep(REST)
            start = time.perf_counter()
            function(X, y)
            times[function].append(time.perf_counter() - start)
    return [np.median(of_one) for of_one in times.values()]


def rows(n_repeats):
    for name, load in DATA.items():
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        for dtype in ("float32", "float64"):
            ours, theirs = medians(X.astype(dtype), y, n_repeats)
            ratio = f"{theirs / ours:.1f}"
            yield [name, dtype, f"{ours:.3f}", f"{theirs:.3f}", ratio]


def main():
    parser = argument_parser(__doc__, repeats=7)
    arguments = parser.parse_args()
    # ConvergenceWarnings, also in the processes of the grid search.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = ["data", "computing type", "study", "grid search", "ratio"]
        text = table(head, list(rows(arguments.repeats)))
    text = f"{describe_machine()}\n\n{text}"
    print(text)
    if arguments.update_doc:
        replace_section(DOC / "benchmarks.md", "studies", text)


if __name__ == "__main__":
    main()
