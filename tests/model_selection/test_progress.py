"""What is seen of many trainings while they run."""

import _thread
import builtins
import io
import itertools
import re
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold

from sklearn_bp import (
    BackpropClassifier,
    BackpropClassifierCV,
    epoch_curve,
    nested_study,
    overfitting_study,
)
from sklearn_bp.model_selection import _progress, _study, _trainings
from sklearn_bp.model_selection._checks import check_study
from sklearn_bp.model_selection._progress import Tally
from sklearn_bp.model_selection._trainings import jobs_of

rich = pytest.importorskip("rich")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
NETWORK = BackpropClassifier(
    hidden_layer_sizes=(4,), learning_rate_init=0.02, max_iter=8, random_state=0
)
GRID = {"alpha": [0.001, 0.1, 1, 30]}
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def study(verbose=2, **options):
    return overfitting_study(NETWORK, X, Y, GRID, cv=3, verbose=verbose, **options)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def _groups_of_one(monkeypatch):
    monkeypatch.setattr(_trainings, "OPERATIONS_OF_GROUP", 1)


@pytest.fixture
def no_terminal(monkeypatch):
    console = rich.console.Console(file=io.StringIO(), force_terminal=False)
    monkeypatch.setattr(rich, "get_console", lambda: console)


@pytest.fixture
def terminal(monkeypatch):
    """What is written to it."""
    file = io.StringIO()
    console = rich.console.Console(file=file, force_terminal=True, width=120)
    monkeypatch.setattr(rich, "get_console", lambda: console)
    # each change is shown
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_CHANGES", 0)
    return file


def assert_that_no_thread_refreshes_it():
    end = time.monotonic() + 10
    while any("Refresh" in type(t).__name__ for t in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.001)


# ---- the time that is left -----------------------------------------------------------


def test_time_goes_by_cost():
    clock = Clock()
    tally = Tally(4, 100, clock)
    assert tally.seconds_left is None
    assert tally.left == ""
    clock.now = 10
    tally.add(20)
    assert tally.seconds_left == 40
    clock.now = 13  # it is told to those who look meanwhile
    assert tally.seconds_left == 37
    clock.now = 30
    tally.add(40)
    assert tally.seconds_left == 20
    clock.now = 80  # longer than thought
    assert tally.seconds_left == 0
    tally.add(30)
    tally.add(10)
    assert tally.left == "0:00:00 left"
    assert tally.done == "4/4 trainings"


def test_what_comes_from_memory_takes_no_time():
    clock = Clock()
    tally = Tally(4, 100, clock)
    clock.now = 5
    tally.add(60, is_trained=False)
    assert tally.seconds_left is None
    clock.now = 7
    tally.add(10)
    assert tally.seconds_left == pytest.approx(6)
    assert tally.done == "2/4 trainings (1 from memory)"


@pytest.mark.parametrize("scoring", [None, lambda model, X, y: 0.5])
@pytest.mark.parametrize("halving_factor", [None, 2])
def test_costs_that_were_expected_are_those_that_come(
    scoring, halving_factor, monkeypatch
):
    tallies = []

    class Spy(Tally):
        def __init__(self, *args):
            super().__init__(*args)
            tallies.append(self)

    monkeypatch.setattr(_progress, "Tally", Spy)
    grid = {"alpha": [0.1, 1], "hidden_layer_sizes": [(2,), (20,)]}
    options = {"halving_factor": halving_factor, "train_sizes": [0.3, 1.0]}
    overfitting_study(NETWORK, X, Y, grid, scoring=scoring, verbose=2, **options)
    (tally,) = tallies
    assert tally.n_done == tally.n_trainings == (14 if halving_factor else 8) * 5
    assert tally.cost_done == pytest.approx(tally.cost)


@pytest.mark.filterwarnings("ignore:In some folds of cv, networks are trained without")
def test_cost_of_trainings():
    grid = [{"max_iter": n, "hidden_layer_sizes": (w,)} for n, w in [(5, 2), (10, 20)]]
    folds = list(StratifiedKFold(3).split(X, Y))
    folds[0] = (folds[0][0][:50], folds[0][1])
    plan = check_study(NETWORK, grid, X, Y, cv=folds, scoring=None)
    costs = [plan.cost(*job) for job in jobs_of(plan, [0, 1])]
    assert costs[1] == costs[2] == pytest.approx(2 * costs[0])
    assert costs[3] / costs[0] > 2  # wider, and twice as many epochs
    by_user = check_study(NETWORK, grid, X, Y, cv=folds, scoring=lambda m, X, y: 0)
    costs = [by_user.cost(*job) for job in jobs_of(by_user, [0, 1])]
    assert [cost / costs[0] for cost in costs] == [1, 2, 2, 2, 4, 4]


# ---- lines ---------------------------------------------------------------------------


@pytest.mark.usefixtures("no_terminal")
def test_lines(monkeypatch, capsys):
    study()
    (line,) = capsys.readouterr().out.splitlines()  # it took no five seconds
    found = study(verbose=0)
    assert line == (
        f"12/12 trainings, 0:00:00 left, best so far: {found.line(found.best_index_)}"
    )
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0)
    study(n_jobs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *(f"{n}/12" for n in range(1, 13)),
        "12/12",
    ]
    assert "best" not in lines[0]
    assert re.fullmatch(r"1/12 trainings, \d:\d\d:\d\d left", lines[0])


def test_lines_where_there_is_no_rich(monkeypatch, capsys):
    whole = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "rich":
            raise ImportError(name)
        return whole(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    study()
    assert capsys.readouterr().out.startswith("12/12 trainings, 0:00:00 left")


@pytest.mark.usefixtures("no_terminal")
def test_lines_of_a_search_with_memory(tmp_path, capsys):
    search = BackpropClassifierCV(
        max_iter=9, cv=3, random_state=0, memory=tmp_path, verbose=2
    )
    search.fit(X, Y)
    assert capsys.readouterr().out.startswith("54/54 trainings, 0:00:00 left, best")
    search.fit(X, Y)
    line = capsys.readouterr().out
    assert line.startswith("54/54 trainings (54 from memory), 0:00:00 left, best")
    assert "loss" in line


@pytest.mark.usefixtures("no_terminal")
def test_the_best_of_each_size(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0)
    study(train_sizes=[20])
    lines = capsys.readouterr().out.splitlines()
    assert "best so far: alpha" in lines[11]
    assert "best so far: 20 rows: alpha" in lines[-2]
    assert "best so far: alpha" in lines[-1]


@pytest.mark.usefixtures("no_terminal")
def test_lines_of_a_curve(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0)
    curve = epoch_curve(NETWORK, X, Y, cv=3, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["1/3", "2/3", "3/3", "3/3"]
    epoch_curve(NETWORK, X, Y, cv=3, verbose=1)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"best after epoch {curve.best_epoch}: mean test")


@pytest.mark.usefixtures("no_terminal")
def test_the_outer_folds_count(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0)
    nested_study(NETWORK, X, Y, GRID, outer_cv=3, cv=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    n_trainings = 3 * 2 * len(GRID["alpha"]) + 3
    assert lines[-1].startswith(f"{n_trainings}/{n_trainings} trainings, 0:00:00 left")
    # a line for each, and one at the end
    assert len(lines) == n_trainings + 1


def test_nothing_is_printed_by_default(terminal, capsys):
    study(verbose=0)
    study(verbose=1)
    assert terminal.getvalue() == ""
    assert len(capsys.readouterr().out.splitlines()) == 4


@pytest.mark.parametrize("verbose", [-1, None, "yes", 1.5, [1]])
def test_no_verbosity(verbose):
    with pytest.raises(ValueError, match="verbose must be 0, 1 for a line"):
        study(verbose)


# ---- a notebook ----------------------------------------------------------------------


def put_into_ipython(monkeypatch, **shell):
    """Stand in for IPython; return what its notebook, if any, shows, one by one."""
    shown = []
    handle = SimpleNamespace(update=shown.append)

    def display(first, display_id):
        assert display_id
        shown.append(first)
        return handle

    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(**shell))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    displays = SimpleNamespace(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", displays)
    return shown


def test_a_bar_in_a_notebook(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_CHANGES", 0)
    shown = put_into_ipython(monkeypatch, kernel=object())
    found = study(n_jobs=2)
    shares = [float(re.search(r'value="(.*?)"', each)[1]) for each in shown]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1], len(shares)) == (0, 1, 14)
    assert "0/12 trainings" in shown[0]
    assert "best" not in shown[0]
    assert shown[-1].endswith(f"best so far: {found.line(found.best_index_)}")
    assert capsys.readouterr().out == ""


def test_what_is_best_is_text_in_a_notebook(monkeypatch):
    shown = put_into_ipython(monkeypatch, kernel=object())
    with _progress.watched(2, 1, 1) as progress:
        progress.tell(lambda: "a < b")
    assert shown[-1].endswith("a &lt; b")


@pytest.mark.usefixtures("no_terminal")
def test_ipython_in_a_terminal_is_no_notebook(monkeypatch, capsys):
    shown = put_into_ipython(monkeypatch)
    study()
    assert capsys.readouterr().out.startswith("12/12 trainings")
    assert not shown


# ---- a bar ---------------------------------------------------------------------------


def test_a_bar(terminal, monkeypatch, capsys):
    monkeypatch.setattr(_progress, "LOOKS_PER_SECOND", 200)
    train_fold, n_seen = _trainings.train_fold, itertools.count()

    def waiting(*args):  # until the last training is seen
        words, end = f"{next(n_seen)}/12 trainings", time.monotonic() + 10
        while words not in terminal.getvalue():
            assert time.monotonic() < end
            time.sleep(0.001)
        return train_fold(*args)

    monkeypatch.setattr(_trainings, "train_fold", waiting)
    found = study()
    text = terminal.getvalue()
    assert text.count(HIDE_CURSOR) == text.count(SHOW_CURSOR) == 1
    assert "━" in text
    assert "12/12 trainings 0:00:00 left" in text
    assert f"best so far: {found.line(found.best_index_)}" in text
    assert capsys.readouterr().out == ""
    assert_that_no_thread_refreshes_it()


def test_settings_with_brackets_are_shown_as_they_are(terminal):
    grid = {"hidden_layer_sizes": [[3, 2], [4]]}
    overfitting_study(NETWORK, X, Y, grid, cv=3, verbose=2)
    assert "hidden_layer_sizes=[" in terminal.getvalue()


def test_all_sizes_and_rungs_are_one_bar(terminal):
    study(train_sizes=[20, 40], halving_factor=2)
    text = terminal.getvalue()
    assert text.count(HIDE_CURSOR) == 1
    assert "63/63 trainings" in text


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_leaves_a_clean_terminal(n_jobs, terminal, monkeypatch):
    train, told = _study.train, []

    def press(*args):
        for result in train(*args):
            yield result
            told.append(result)
            if len(told) == 4:
                _thread.interrupt_main()

    monkeypatch.setattr(_study, "train", press)
    with pytest.raises(KeyboardInterrupt):
        study(n_jobs=n_jobs)
    text = terminal.getvalue()
    assert text.count(HIDE_CURSOR) == text.count(SHOW_CURSOR) == 1
    assert text.rindex(SHOW_CURSOR) > text.rindex("trainings")
    assert "12/12" not in text
    assert_that_no_thread_refreshes_it()


def test_an_error_leaves_a_clean_terminal(terminal):
    with pytest.raises(ValueError, match="n_jobs"):
        study(n_jobs=0)
    assert terminal.getvalue().count(SHOW_CURSOR) == 1
    assert_that_no_thread_refreshes_it()
