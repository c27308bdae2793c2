"""Memory: beyond X and y a fit takes what network and batch need, and no copy of X."""

import subprocess
import sys

import pytest

from sklearn_bp.engine import get_engine

# All that a fit and a prediction are given is a quarter of what X takes: of the address
# space, in which the mapped file is already, and of memory of the process's own.
PROGRAM = """
import resource, sys, warnings
import numpy as np
from sklearn_bp import BackpropClassifier

def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))

def fit(X):
    y = np.arange(len(X)) % 3
    warnings.simplefilter("ignore")
    model = BackpropClassifier((8,), batch_size=1000, max_iter=1, solver=sys.argv[2])
    return model.fit(X, y).predict(X)

X = np.memmap(sys.argv[1], dtype=np.float32, mode="r", shape=(2**20, 128))
fit(X[:5000])  # modules, threads
extra = X.nbytes // 4
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
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_data_larger_than_the_memory_allowed(solver, tmp_path):
    path = tmp_path / "X"
    with path.open("wb") as file:
        file.truncate(4 * 128 * 2**20)  # 512 MiB of zeros, which take no room
    result = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(path), solver],
        capture_output=True,
        text=True,
    )
    assert result.stdout == "no room for a copy\n(1048576,)\n", result.stderr
