"""Studies that are interrupted, killed and called again: nothing is trained twice."""

import os
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    config_context,
    epoch_curve,
    nested_study,
    overfitting_study,
)
from sklearn_bp.engine import get_engine, one_blas_thread
from sklearn_bp.model_selection import _memory, _trainings
from sklearn_bp.model_selection._checks import check_study
from sklearn_bp.model_selection._fingerprint import digest, digest_of_data
from sklearn_bp.model_selection._memory import Shelf

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
NETWORK = BackpropClassifier(
    hidden_layer_sizes=(4,), learning_rate_init=0.02, max_iter=8, random_state=0
)
GRID = {"alpha": [0.001, 0.1, 1, 30]}
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def study(memory=None, network=NETWORK, data=(X, Y), grid=GRID, cv=FOLDS, **options):
    return overfitting_study(network, *data, grid, cv=cv, memory=memory, **options)


@pytest.fixture
def trained(monkeypatch):
    """The trainings that were run to their end: alpha, training rows and epochs."""
    train_fold, trained = _trainings.train_fold, []

    def noting(candidate, train, test, scorer, n_epochs, *others):
        curve = train_fold(candidate, train, test, scorer, n_epochs, *others)
        trained.append((candidate.network.alpha, train.tobytes(), n_epochs))
        return curve

    monkeypatch.setattr(_trainings, "train_fold", noting)
    monkeypatch.setattr(_trainings, "OPERATIONS_OF_GROUP", 1)  # groups of one
    return trained


# ---- interruptions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "n_trainings"),
    [
        ({}, 12),
        ({"halving_factor": 2}, 12 + 6 + 3),
        ({"train_sizes": [0.3, 0.6, 1.0]}, 36),
    ],
)
def test_a_study_that_is_interrupted_ten_times(
    options, n_trainings, trained, tmp_path, monkeypatch
):
    expected = study(**options)
    assert len(trained) == n_trainings
    trained.clear()
    noting = _trainings.train_fold
    random_state = np.random.RandomState(0)
    for _ in range(10):
        n_before, n_until = len(trained), random_state.randint(3)

        def interrupted(*args, until=n_before + n_until):
            if len(trained) == until:
                raise KeyboardInterrupt
            return noting(*args)

        monkeypatch.setattr(_trainings, "train_fold", interrupted)
        try:
            study(tmp_path, **options)
        except KeyboardInterrupt:
            assert len(trained) == n_before + n_until
    monkeypatch.setattr(_trainings, "train_fold", noting)
    assert study(tmp_path, **options) == expected
    assert len(trained) == len(set(trained)) == n_trainings
    assert study(tmp_path, **options) == expected
    assert len(trained) == n_trainings


@pytest.mark.skipif(
    get_engine().n_side_by_side == 0, reason="the reference engine has no groups"
)
@pytest.mark.parametrize("n_before", [0, 1, 2])
def test_members_of_groups_are_kept(n_before, tmp_path, monkeypatch):
    """An interruption loses the group that is being trained, and no other."""
    of_thread = 4 * plan_bytes() / get_engine().n_side_by_side
    monkeypatch.setattr(_trainings, "BYTES_OF_GROUP", of_thread)
    expected, train_folds, n_seen = study(), _trainings.train_folds, []

    def interrupted(members, *others):
        if len(n_seen) == n_before:
            raise KeyboardInterrupt
        n_seen.append(len(members))
        return train_folds(members, *others)

    with monkeypatch.context() as patch:
        patch.setattr(_trainings, "train_folds", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path)
    assert n_seen == [4] * n_before
    put, kept = Shelf.put, []
    monkeypatch.setattr(Shelf, "put", lambda *a: kept.append(a[1]) or put(*a))
    assert study(tmp_path) == expected
    assert len(kept) == 12 - sum(n_seen)


def plan_bytes():
    plan = check_study(NETWORK, [{"alpha": 1}], X, Y, cv=FOLDS, scoring=None)
    return plan.n_bytes(0)


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_in_threads(tmp_path, monkeypatch):
    expected, put, kept = study(), Shelf.put, []

    def press(shelf, job, curve):
        put(shelf, job, curve)
        kept.append(job)
        if len(kept) in (3, 7):
            raise KeyboardInterrupt

    monkeypatch.setattr(Shelf, "put", press)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt) as caught:
            study(tmp_path, n_jobs=2)
        # Nothing trains on, although the traceback holds all frames.
        assert caught.tb is not None
        assert one_blas_thread.n_at_work == 0
    assert study(tmp_path, n_jobs=2) == expected
    assert len(kept) == len(set(kept)) == 12


def test_a_process_that_is_killed(tmp_path):
    lines = tmp_path / "lines"
    script = f"""
    import os, signal
    from sklearn_bp.model_selection import _trainings
    from sklearn.datasets import load_iris
    from sklearn_bp import BackpropClassifier, overfitting_study

    train_fold = _trainings.train_fold

    def deadly(*args):
        if os.environ["DIES"] == "1" and os.path.getsize({str(lines)!r}) == 10:
            os.kill(os.getpid(), signal.SIGKILL)
        curve = train_fold(*args)
        with open({str(lines)!r}, "a") as file:
            file.write(".\\n")
        return curve

    _trainings.train_fold = deadly
    _trainings.OPERATIONS_OF_GROUP = 1
    network = BackpropClassifier(max_iter=5, random_state=0)
    study = overfitting_study(
        network, *load_iris(return_X_y=True), {GRID!r}, cv=3, memory={str(tmp_path)!r}
    )
    print(study.best_index_, study.best_score_)
    """
    lines.touch()

    def run(dies):
        return subprocess.run(
            [sys.executable, "-P", "-c", textwrap.dedent(script)],
            env={**os.environ, "DIES": dies},
            capture_output=True,
            text=True,
        )

    assert run("1").returncode == -9
    assert lines.read_text() == ".\n" * 5
    again = run("0")
    assert lines.read_text() == ".\n" * 12, again.stderr
    expected = study(network=BackpropClassifier(max_iter=5, random_state=0), cv=3)
    assert again.stdout.split() == [
        str(expected.best_index_),
        str(expected.best_score_),
    ]


@pytest.mark.usefixtures("fresh_workers")
def test_worker_processes(tmp_path, trained):
    with parallel_config(backend="loky"):
        first = study(tmp_path, n_jobs=2)
    trained.clear()
    assert study(tmp_path) == first == study()
    assert len(trained) == 12  # those of the last one alone


def test_two_at_once(tmp_path):
    expected, studies = study(), []
    threads = [
        threading.Thread(target=lambda: studies.append(study(tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert studies == [expected, expected]


# ---- what is found again, and what is not -------------------------------------------


def changed(array):
    array = array.copy()
    array[0] += 1
    return array


def score(model, X, y):
    return model.score(X, y)


def other_score(model, X, y):
    return model.score(X, y) / 2


other_score.__name__ = other_score.__qualname__ = "score"  # after an edit

WEIGHT = np.ones(len(X))
PIPELINE = make_pipeline(StandardScaler(), NETWORK)
CHANGES = {
    "nothing": ({}, {}, 0),
    "n_jobs and verbose": ({}, {"n_jobs": 2, "verbose": 2}, 0),
    "X": ({}, {"data": (changed(X), Y)}, 12),
    "y": ({}, {"data": (X, Y[::-1])}, 12),
    "a frame": ({}, {"data": (pd.DataFrame(X, columns=list("abcd")), Y)}, 12),
    "the type": ({}, {"data": (X.astype(np.float32), Y)}, 12),
    "weights": ({"sample_weight": WEIGHT}, {"sample_weight": changed(WEIGHT)}, 12),
    "no weights": ({"sample_weight": WEIGHT}, {}, 12),
    "folds": ({}, {"cv": KFold(3)}, 12),
    "one fold": (
        {"cv": list(FOLDS.split(X, Y))},
        {"cv": [*list(FOLDS.split(X, Y))[:2], (np.arange(75), np.arange(75, 150))]},
        4,
    ),
    "a setting": ({}, {"grid": {"alpha": [0.001, 0.1, 1, 20]}}, 3),
    "the order": ({}, {"grid": {"alpha": [30, 1, 0.1, 0.001]}}, 0),
    "the seed": ({}, {"network": BackpropClassifier(random_state=1)}, 12),
    "epochs": ({}, {"network": BackpropClassifier(max_iter=9, random_state=0)}, 12),
    "the scorer": ({}, {"scoring": "neg_log_loss"}, 12),
    "code": ({"scoring": score}, {"scoring": other_score}, 12),
    "the same code": ({"scoring": score}, {"scoring": score}, 0),
    "a pipeline": ({}, {"network": PIPELINE, "grid": {}}, 3),
    "the same pipeline": (
        {"network": PIPELINE, "grid": {}},
        {"network": PIPELINE, "grid": {}},
        0,
    ),
    "a function in a pipeline": (
        {"network": make_pipeline(FunctionTransformer(abs), NETWORK), "grid": {}},
        {"network": make_pipeline(FunctionTransformer(np.abs), NETWORK), "grid": {}},
        3,
    ),
    "what a lambda does": (
        {"scoring": lambda model, X, y: 1},
        {"scoring": lambda model, X, y: 2},
        12,
    ),
}


@pytest.mark.filterwarnings("ignore:In some folds of cv, networks are trained without")
@pytest.mark.parametrize(
    ("first", "then", "n_trainings"), CHANGES.values(), ids=CHANGES
)
def test_changes_are_noticed(first, then, n_trainings, trained, tmp_path):
    study(tmp_path, **first)
    trained.clear()
    found = study(tmp_path, **then)
    assert len(trained) == n_trainings
    assert found == study(**then)


def test_times_are_those_of_the_training(tmp_path):
    first, again = study(tmp_path), study(tmp_path)
    for curve, other in zip(first.curves, again.curves, strict=True):
        assert curve.fit_times.tolist() == other.fit_times.tolist()
        assert curve.score_times.tolist() == other.score_times.tolist()


@pytest.mark.parametrize("name", ["sklearn_bp", "sklearn"])
def test_another_version(name, trained, tmp_path, monkeypatch):
    study(tmp_path)
    if name == "sklearn":
        monkeypatch.setattr("sklearn.__version__", "0.1")
    else:
        monkeypatch.setattr(_memory, "__version__", "0.0")
    study(tmp_path)
    assert len(trained) == 24


@pytest.mark.skipif(get_engine().name == "reference", reason="needs two engines")
def test_another_engine(trained, tmp_path):
    for name in ("reference", "compiled", "auto"):
        with config_context(engine=name):
            study(tmp_path)
    assert len(trained) == 24


def test_curves_and_searches_share_trainings(trained, tmp_path):
    study(str(tmp_path))
    trained.clear()
    network = BackpropClassifier(**{**NETWORK.get_params(), "alpha": 1})
    curve = epoch_curve(network, X, Y, cv=FOLDS, memory=joblib.Memory(str(tmp_path)))
    assert trained == []
    assert curve == study().curves[2]


def test_a_search(trained, tmp_path):
    search = BackpropClassifierCV(max_iter=9, random_state=0, memory=tmp_path, cv=3)
    first = search.fit(X, Y)
    n_trained = len(trained)
    trained.clear()
    again = BackpropClassifierCV(**search.get_params(deep=False)).fit(X, Y)
    assert trained == []
    assert n_trained == 3 * (12 + 4 + 2)
    assert again.study_ == first.study_
    np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))


def test_sparse_data_and_frames_are_taken_by_what_they_hold(tmp_path):
    matrix = sp.coo_array(X)
    frame = pd.DataFrame({"a": ["x", "y", None], "b": [1.0, np.nan, 2]})
    frame["c"] = pd.Categorical(["u", "v", "u"])
    for data in (matrix, matrix.tocsr(), matrix.tocsc(), frame):
        before = digest_of_data(data)
        if sp.issparse(data):
            repr(data.sum())
        assert digest_of_data(data) == before == digest_of_data(data.copy())
    other = frame.copy()
    other["c"] = pd.Categorical(["u", "v", "u"], categories=["v", "u"])
    assert digest_of_data(other) != digest_of_data(frame)


def test_digests_are_the_same_in_all_processes():
    script = """
    from sklearn.metrics import get_scorer, get_scorer_names
    from sklearn_bp import BackpropClassifier
    from sklearn_bp.model_selection._fingerprint import digest

    def score(model, X, y, names=frozenset("abc")):
        return [name for name in X if name in {"a", "b", "c"}]

    scorers = [get_scorer(name) for name in get_scorer_names()]
    print(digest((scorers, score, BackpropClassifier(scoring=score))))
    """
    digests = {
        subprocess.run(
            [sys.executable, "-P", "-c", textwrap.dedent(script)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 32


def test_a_function_that_holds_itself():
    def make(n):
        def function():
            return function, n

        return function

    assert digest(make(1)) == digest(make(1)) != digest(make(2))


def test_data_are_read_once(tmp_path, monkeypatch):
    read, whole = [], _memory.digest_of_data
    monkeypatch.setattr(
        _memory, "digest_of_data", lambda data: read.append(id(data)) or whole(data)
    )
    study(tmp_path, train_sizes=[0.5], halving_factor=2)
    assert len(read) == len(set(read)) == 4  # X, y, encoded y and None
    read.clear()
    pipeline = make_pipeline(StandardScaler(), NETWORK)
    study(tmp_path, network=pipeline, grid={"backpropclassifier__alpha": [1, 2, 3]})
    assert len(read) == len(set(read)) == 3  # X, y and None


# ---- what cannot be kept -----------------------------------------------------------


@pytest.mark.parametrize("run", ["study", "curve", "search"])
def test_a_seed_is_needed(run, trained, tmp_path):
    network = BackpropClassifier()
    calls = {
        "study": lambda: study(tmp_path, network=network),
        "curve": lambda: epoch_curve(network, X, Y, memory=tmp_path),
        "search": lambda: BackpropClassifierCV(memory=tmp_path).fit(X, Y),
    }
    with pytest.raises(ValueError, match="With memory, the network needs a random_st"):
        calls[run]()
    assert trained == []


@pytest.mark.parametrize("cv", [KFold(3, shuffle=True), ShuffleSplit(3)], ids=str)
def test_folds_need_a_seed(cv, trained, tmp_path):
    with pytest.raises(ValueError, match=r"With memory, cv=.* needs a random_state"):
        study(tmp_path, cv=cv)
    assert trained == []


def test_splitters_within_need_a_seed(trained, tmp_path):
    network = clone(NETWORK).set_params(early_stopping=True)
    network.set_params(validation_fraction=ShuffleSplit(1, test_size=0.2))
    with pytest.raises(ValueError, match="With memory, validation_fraction=ShuffleSp"):
        study(tmp_path, network=network)
    with pytest.raises(
        ValueError, match=r"With memory, cv=KFold.* needs a random_stat"
    ):
        nested_study(
            NETWORK, X, Y, GRID, cv=KFold(3, shuffle=True), memory=tmp_path, outer_cv=2
        )
    assert trained == []


@pytest.mark.parametrize("memory", [3, object(), type("Own", (), {"cache": print})()])
def test_what_is_no_memory(memory):
    with pytest.raises(ValueError, match="memory"):
        study(memory)


def test_a_memory_that_keeps_nothing(trained):
    assert study(joblib.Memory(None)) == study(joblib.Memory(None))
    assert len(trained) == 24


def test_what_cannot_be_pickled(trained, tmp_path):
    lock = threading.Lock()

    def scorer(model, X, y):
        with lock:
            return model.score(X, y)

    for _ in range(2):
        with pytest.warns(UserWarning, match="4 of 4 settings are not kept .*lock"):
            found = study(tmp_path, scoring=scorer)
    assert len(trained) == 24
    for curve, expected in zip(found.curves, study().curves, strict=True):
        np.testing.assert_array_equal(curve.test_losses, expected.test_losses)


def test_callbacks_hear_of_all_trainings(trained, tmp_path):
    class Callback:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, **_):
            pass

    if not hasattr(NETWORK, "set_callbacks"):
        pytest.skip("this scikit-learn has no callbacks")
    heard = BackpropClassifier(**NETWORK.get_params()).set_callbacks(Callback())
    search = BackpropClassifierCV(
        alphas=[1], hidden_layer_sizes=[2], max_iter=2, random_state=0, memory=tmp_path
    )
    for run in (
        lambda: study(tmp_path, network=heard, grid={}),
        lambda: search.set_callbacks(Callback()).fit(X, Y),
    ):
        counts = []
        for _ in range(2):
            trained.clear()
            with pytest.warns(UserWarning, match="not kept in memory: callbacks"):
                run()
            counts.append(len(trained))
        assert counts[0] == counts[1] > 0


def test_what_fails_is_not_kept(trained, tmp_path):
    grid = [{"alpha": [1]}, {"solver": ["sgd"], "learning_rate_init": [1e300]}]
    for _ in range(2):
        with pytest.warns(FitFailedWarning):
            study(tmp_path, grid=grid)
    assert len(trained) == 6 + 3


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_damaged_files_are_trained_anew(damage, trained, tmp_path, capsys):
    expected = study(tmp_path)
    files = sorted(Path(tmp_path).rglob("output.pkl"))
    assert len(files) == 12
    for file in files[:5]:
        file.write_bytes(file.read_bytes()[:-20] if damage is None else damage)
    joblib.dump({"of": "something else"}, files[5])
    trained.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study(tmp_path) == expected
        assert len(trained) == 6
        assert study(tmp_path) == expected
    assert len(trained) == 6
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_what_is_kept_is_plain(tmp_path):
    study(tmp_path)
    for file in Path(tmp_path).rglob("output.pkl"):
        kept = joblib.load(file)
        assert type(kept) is dict
        for value in kept.values():
            parts = value if type(value) is tuple else (value,)
            assert {*map(type, parts)} <= {np.ndarray, float, str, type(None)}
