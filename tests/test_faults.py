"""What comes from outside: a full disk, no memory left, a fork at a bad time, more
threads than processors. Nothing is lost or half changed, and nothing hangs."""

import _thread
import errno
import io
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from interruptions import interrupted, wait_for_a_look

from sklearn_bp import BackpropClassifier, BackpropRegressor, epoch_curve
from sklearn_bp.engine import get_engine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits and devices of Linux"
)

RNG = np.random.RandomState(0)
X = RNG.normal(size=(200, 10))
Y = np.sin(X[:, 0])


# ---- a full disk ---------------------------------------------------------------------


class FullDisk(io.BytesIO):
    """A file on a disk with room for so many bytes."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def write(self, data):
        n_bytes = memoryview(data).nbytes
        if self.tell() + n_bytes > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def fitted_model():
    return BackpropRegressor(early_stopping=True, max_iter=9, random_state=0).fit(X, Y)


def study():
    return epoch_curve(BackpropRegressor(max_iter=9, random_state=0), X, Y, cv=2)


@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
@pytest.mark.parametrize("make", [fitted_model, study])
def test_a_dump_that_the_disk_has_no_room_for(make, dump):
    thing, whole = make(), io.BytesIO()
    dump(thing, whole)
    for room in np.linspace(0, whole.tell() - 1, 12, dtype=int):
        with pytest.raises(OSError, match="No space left"):
            dump(thing, FullDisk(room))
    again = io.BytesIO()
    dump(thing, again)
    assert again.getvalue() == whole.getvalue()


@on_linux
def test_a_dump_to_a_full_device():
    model = fitted_model()
    expected = model.predict(X)
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb") as disk:
        pickle.dump(model, disk)
    with pytest.raises(OSError, match="No space left"):
        joblib.dump(model, "/dev/full")
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.fit(X, Y).n_iter_ == 9


# ---- no memory left ------------------------------------------------------------------

# With ever more of the address space, until all of it succeeds.
PROGRAM = """
import pickle, resource, sys, warnings
import numpy as np
from sklearn_bp import BackpropRegressor

def kilobytes_in_use():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if "VmSize" in line)

warnings.simplefilter("ignore")
solver, step = sys.argv[1], int(sys.argv[2])
X = np.random.RandomState(0).normal(size=(4000, 60)).astype(np.float32)
y = X[:, 0]
settings = dict(hidden_layer_sizes=(500, 400), solver=solver, max_iter=2)
settings |= dict(random_state=0, warm_start=True, batch_size=1000)
model = BackpropRegressor(**settings).fit(X, y)  # modules, threads
model = pickle.loads(pickle.dumps(model))
before = pickle.dumps(model)
unlimited = resource.getrlimit(resource.RLIMIT_AS)
n_errors, is_done = 0, False
while not is_done:
    allowed = 1024 * (kilobytes_in_use() + n_errors * step)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, unlimited[1]))
    try:
        model.fit(X, y)
        is_done = True
    except MemoryError:
        n_errors += 1
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    if not is_done:
        assert pickle.dumps(model) == before
expected = pickle.loads(before).fit(X, y)
for coef, value in zip(model.coefs_, expected.coefs_, strict=True):
    np.testing.assert_array_equal(coef, value)
print(n_errors, "errors")
"""


@on_linux
@pytest.mark.parametrize(("solver", "step"), [("adam", "600"), ("lbfgs", "4000")])
def test_memory_that_runs_out_in_a_fit(solver, step):
    result = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, solver, step],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[0]) > 5
    assert result.stderr == ""


# ---- a fork --------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.skipif(get_engine().name == "reference", reason="it has no threads")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Training interrupted by user")
@pytest.mark.usefixtures("hears_ctrl_c")
def test_a_fork_during_a_fit():
    """By another thread, of which the child alone consists."""
    large = np.random.RandomState(0).uniform(size=(20000, 300)).astype(np.float32)
    expected = BackpropRegressor(max_iter=3, random_state=0).fit(X, Y).predict(X)
    statuses = []

    def fit_in_child():
        status = 1
        try:
            model = BackpropRegressor(max_iter=3, random_state=0).fit(X, Y)
            if np.array_equal(model.predict(X), expected):
                long = BackpropRegressor(
                    hidden_layer_sizes=(1000, 1000), batch_size="full", max_iter=1
                )
                with interrupted(_thread.interrupt_main):  # heard in its main thread
                    long.fit(large, large[:, 0])
                status = long.n_iter_
        finally:
            os._exit(status)

    def fork():
        for _ in range(3):
            wait_for_a_look()
            child = os.fork()
            if child == 0:
                fit_in_child()
            deadline = time.monotonic() + 120
            pid = 0
            while pid == 0 and time.monotonic() < deadline:
                pid, status = os.waitpid(child, os.WNOHANG)
                time.sleep(0.01)
            if pid == 0:
                os.kill(child, 9)
                _, status = os.waitpid(child, 0)
            statuses.append(os.waitstatus_to_exitcode(status))

    thread = threading.Thread(target=fork)
    thread.start()
    model = BackpropRegressor(hidden_layer_sizes=(500,), max_iter=1, random_state=0)
    while thread.is_alive():
        model.fit(large, large[:, 0])
    thread.join()
    assert statuses == [0, 0, 0]


# ---- many threads --------------------------------------------------------------------


def fit_number(number):
    classes = np.digitize(Y, [-0.5, 0.5])
    settings = {
        "hidden_layer_sizes": [(), (20,), (100, 30)][number % 3],
        "solver": ["adam", "sgd", "lbfgs", "rprop"][number % 4],
        "dtype": ["float32", "float64"][number // 4 % 2],
        "early_stopping": number % 5 == 0 and number % 4 != 2,
        "max_iter": 5,
        "random_state": number,
    }
    if number % 2:
        return BackpropClassifier(**settings).fit(X, classes).predict_proba(X)
    return BackpropRegressor(**settings).fit(X, Y).predict(X)


def test_many_fits_in_many_threads(capfd):
    expected = [fit_number(number) for number in range(200)]
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(fit_number, range(200)))
    for ours, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(ours, value)
    assert capfd.readouterr() == ("", "")
