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

def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))

def fit(X):
    y = np.arange(len(X)) % 3
    warnings.simplefilter("ignore")
    if sys.argv[2] == "study":
        model = BackpropClassifier((8,), batch_size=1000, max_iter=2)
        grid = {"alpha": [0.1, 1, 10, 100]}
        scoring = {"accuracy": None}.get(sys.argv[4], sys.argv[4])
        n_jobs = int(sys.argv[3])
        overfitting_study(model, X, y, grid, cv=3, n_jobs=n_jobs, scoring=scoring)
        return y
    model = BackpropClassifier((8,), batch_size=1000, max_iter=1, solver=sys.argv[2])
    return model.fit(X, y).predict(X)

X = np.memmap(sys.argv[1], dtype=np.float32, mode="r", shape=(2**20, 128))
fit(X[:5000])  # modules, threads
extra = X.nbytes * 3 // 10 if sys.argv[2] == "study" else X.nbytes // 4
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
    "arguments",
    [
        ["adam"],
        ["lbfgs"],
        ["study", "1", "accuracy"],
        ["study", "2", "accuracy"],
        ["study", "4", "loss"],
        ["study", "1", "neg_log_loss"],
    ],
    ids=" ".join,
)
def test_data_larger_than_the_memory_allowed(arguments, tmp_path):
    path = tmp_path / "X"
    with path.open("wb") as file:
        file.truncate(4 * 128 * 2**20)  # 512 MiB of zeros, which take no room
    result = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(path), *arguments],
        capture_output=True,
        text=True,
        # A thread's own arena reserves addresses that it will never use.
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    assert result.stdout == "no room for a copy\n(1048576,)\n", result.stderr
