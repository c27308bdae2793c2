"""Memory: beyond X and y a fit takes what network and batch need, and no copy of X;
a study, however many networks are trained side by side, hardly more."""

import os
import subprocess
import sys

import pytest

from sklearn_bp.engine import get_engine

# All that they are given is a quarter of what X takes, or in a study three tenths: of
# the address space, in which the mapped file is already, and of memory of the process's
# own.
PROGRAM = """
import resource, sys, warnings
import numpy as np
from sklearn_bp import BackpropClassifier, overfitting_study
from sklearn_bp.model_selection import _trainings

path, n_rows, kind, *of_study = sys.argv[1:]

def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))

def fit(X):
    y = np.arange(len(X)) % 3
    warnings.simplefilter("ignore")
    if kind == "study":
        model = BackpropClassifier((8,), batch_size=1000, max_iter=2)
        grid = {"alpha": [0.1, 1, 10, 100]}
        n_jobs, scoring = of_study
        scoring = {"accuracy": None}.get(scoring, scoring)
        overfitting_study(model, X, y, grid, cv=3, n_jobs=int(n_jobs), scoring=scoring)
        return y
    model = BackpropClassifier((8,), batch_size=1000, max_iter=1, solver=kind)
    return model.fit(X, y).predict(X)

X = np.memmap(path, dtype=np.float32, mode="r", shape=(int(n_rows), 128))
bound, _trainings.BYTES_OF_GROUP = _trainings.BYTES_OF_GROUP, 1
fit(X[:5000])  # modules, threads: those of trainings that are too large for groups
_trainings.BYTES_OF_GROUP = bound
extra = X.nbytes * 3 // 10 if kind == "study" else X.nbytes // 4
for limit, field in ((resource.RLIMIT_DATA, "VmData"), (resource.RLIMIT_AS, "VmSize")):
    allowed = 1024 * kilobytes(field) + extra
    resource.setrlimit(limit, (allowed, allowed))
try:
    X.copy()
except MemoryError:
    print("no room for a copy")
print(fit(X).shape)
"""


@pytest.mark.skipif(
    get_engine().name == "reference", reason="NumPy holds the outputs of all rows"
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
@pytest.mark.parametrize(
    ("n_rows", "arguments"),
    [
        (2**18, "adam"),
        (2**18, "lbfgs"),
        (2**18, "study 1 accuracy"),
        (2**18, "study 1 neg_log_loss"),
        (2**18, "study 1 roc_auc_ovr"),
        # Trainings side by side take some room however small the data are.
        (2**19, "study 2 accuracy"),
        (2**20, "study 4 loss"),
    ],
)
def test_data_larger_than_the_memory_allowed(n_rows, arguments, tmp_path):
    path = tmp_path / "X"
    with path.open("wb") as file:
        file.truncate(4 * 128 * n_rows)  # up to 512 MiB of zeros, which take no room
    result = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, path, str(n_rows), *arguments.split()],
        capture_output=True,
        text=True,
        # A thread's own arena and its stack reserve addresses that it will never use.
        env={**os.environ, "MALLOC_ARENA_MAX": "1", "OMP_STACKSIZE": "1M"},
    )
    assert result.stdout == f"no room for a copy\n({n_rows},)\n", result.stderr
