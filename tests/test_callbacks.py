"""scikit-learn's callbacks: every epoch is a task."""

import copy
import pickle
import warnings
from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, BackpropClassifierCV, epoch_curve

pytest.importorskip("sklearn.callback", reason="this scikit-learn has no callbacks")
from sklearn.callback import ProgressBar, ScoringMonitor

pytestmark = [
    pytest.mark.usefixtures("each_engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
X, Y = load_iris(return_X_y=True)


class Recorder:
    """Notes what happens, keeps what it is given, and stops when it is told to."""

    def __init__(self, stop_after=np.inf):
        self.stop_after = stop_after
        self.calls = []
        self.fitted = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, fitted_estimator=None
    ):
        self.calls.append(f"end {context.task_name} {context.task_id}")
        self.fitted.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_each_epoch_is_a_task(solver):
    recorder = Recorder()
    model = BackpropClassifier(solver=solver, max_iter=3, random_state=0)
    model.set_callbacks(recorder).fit(X, Y)
    assert recorder.calls == [
        "setup",
        "begin fit 0",
        *(f"{end} epoch {i}" for i in range(3) for end in ("begin", "end")),
        "end fit 0",
        "teardown",
    ]
    # what a callback keeps stays as it was at its epoch
    for epoch, fitted in enumerate(recorder.fitted[:-1], start=1):
        expected = BackpropClassifier(solver=solver, max_iter=epoch, random_state=0)
        expected.fit(X, Y)
        np.testing.assert_array_equal(
            fitted.predict_proba(X), expected.predict_proba(X)
        )
        assert fitted.n_iter_ == epoch
    np.testing.assert_array_equal(
        recorder.fitted[-1].predict_proba(X), model.predict_proba(X)
    )


@pytest.mark.parametrize(
    "settings", [{}, {"max_fun": 10}, {"tol": 1e9}, {"tol": 1e-2}], ids=str
)
def test_lbfgs_ends_each_iteration_that_it_begins(settings):
    recorder = Recorder()
    model = BackpropClassifier(solver="lbfgs", alpha=1, **settings)
    model.set_callbacks(recorder).fit(X, Y)
    epochs = [call for call in recorder.calls if "epoch" in call]
    assert epochs == [
        f"{end} epoch {i}" for i in range(model.n_iter_) for end in ("begin", "end")
    ]


def test_what_the_estimator_shows_meanwhile():
    class Looker(Recorder):
        def on_fit_task_begin(self, estimator, context):
            assert list(estimator.classes_) == [0, 1, 2]
            assert estimator.n_outputs_ == 3
            self.calls.append(context.task_name)

        def on_fit_task_end(self, estimator, context, **_):
            assert hasattr(estimator, "coefs_") == (context.task_name == "fit")

    looker = Looker()
    BackpropClassifier(max_iter=2, random_state=0).set_callbacks(looker).fit(X, Y)
    assert looker.calls == ["setup", "fit", "epoch", "epoch", "teardown"]


def test_fitted_estimators_can_be_kept():
    recorder = Recorder()
    model = BackpropClassifier(max_iter=2, early_stopping=True, random_state=0)
    model.set_callbacks(recorder).fit(X, Y)
    for epoch, fitted in enumerate(recorder.fitted[:2], start=1):
        for kept in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
            np.testing.assert_array_equal(kept.predict(X), fitted.predict(X))
        assert fitted.loss_ == model.loss_curve_[epoch - 1]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_returned_stop_is_honoured(solver):
    model = BackpropClassifier(solver=solver, max_iter=50, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it has ended as it was told
        model.set_callbacks(Recorder(stop_after=4)).fit(X, Y)
    expected = BackpropClassifier(solver=solver, max_iter=4, random_state=0).fit(X, Y)
    assert model.n_iter_ == 4
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_in_the_middle_of_further_training():
    recorder = Recorder()
    model = BackpropClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, Y)
    model.set_callbacks(recorder).fit(X, Y)
    losses = [log_loss(Y, fitted.predict_proba(X)) for fitted in recorder.fitted]
    assert losses[0] > losses[1] == losses[2]
    recorder.calls.clear()
    model.partial_fit(X, Y)
    assert recorder.calls[1:-1] == [
        "begin fit 0",
        "begin epoch 0",
        "end epoch 0",
        "end fit 0",
    ]


def test_teardown_after_an_error():
    recorder = Recorder()
    model = BackpropClassifier(max_iter=3).set_callbacks(recorder)
    before = vars(model).copy()
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), Y)
    assert recorder.calls == ["setup", "teardown"]
    assert vars(model) == before


def test_scoring_monitor_scores_each_epoch():
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = BackpropClassifier(max_iter=4, random_state=0).set_callbacks(monitor)
    model.fit(X, Y, sample_weight=np.ones(len(Y)))
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data]
    expected = []
    for epoch in (4, 1, 2, 3, 4):  # the whole fit stands first
        model = BackpropClassifier(max_iter=epoch, random_state=0).fit(X, Y)
        expected.append(-log_loss(Y, model.predict_proba(X)))
    np.testing.assert_allclose(scores, expected, rtol=1e-9)


def test_progress_bar_in_a_grid_search(capsys):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(max_iter=3))
    search = GridSearchCV(pipeline, {"backpropclassifier__alpha": [1e-4, 1]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, Y)
    assert "100%" in capsys.readouterr().out


class PropagatedRecorder(Recorder):
    """Notes which estimators and tasks it meets, and where in the tree they are."""

    max_propagation_depth = None

    def __init__(self):
        super().__init__()
        self.met = []

    def on_fit_task_begin(self, estimator, context):
        depth = 1
        while context.parent is not None:
            context, depth = context.parent, depth + 1
        self.met.append((type(estimator).__name__, depth))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_reach_the_trainings_of_a_cv_estimator(n_jobs):
    recorder = PropagatedRecorder()
    model = BackpropClassifierCV(
        alphas=[0.01, 1], hidden_layer_sizes=[3], max_iter=4, cv=2, n_jobs=n_jobs
    ).set_callbacks(recorder)
    model.fit(X, Y)
    assert Counter(recorder.met) == {
        ("BackpropClassifierCV", 1): 1,  # the fit
        ("BackpropClassifierCV", 2): 1,  # the search; the refit is the network's
        ("BackpropClassifier", 2): 1,
        ("BackpropClassifier", 3): 4 + model.best_epoch_,  # folds, and the last epochs
        ("BackpropClassifier", 4): 4 * 4,  # epochs of folds
    }
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 1
    ends = [call for call in recorder.calls if call.startswith("end")]
    assert len(ends) == len(recorder.met)
    assert not hasattr(model.best_estimator_, "_skl_callbacks")
    # They change nothing.
    model.set_params(random_state=0).fit(X, Y)
    expected = clone(model).set_callbacks().fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])


def test_callbacks_of_a_cv_estimator_that_keeps_networks():
    recorder = PropagatedRecorder()
    settings = {"alphas": [0.01, 1], "hidden_layer_sizes": [3], "max_iter": 4, "cv": 2}
    model = BackpropClassifierCV(keep="folds", random_state=0, **settings)
    expected = clone(model).fit(X, Y)
    model.set_callbacks(recorder).fit(X, Y)
    assert Counter(recorder.met) == {
        ("BackpropClassifierCV", 1): 1,  # the fit
        ("BackpropClassifierCV", 2): 1,  # the search, after which nothing is trained
        ("BackpropClassifier", 3): 4,
        ("BackpropClassifier", 4): 4 * 4,
    }
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_callbacks_of_a_network_reach_a_study():
    recorder = Recorder()
    network = BackpropClassifier(max_iter=2).set_callbacks(recorder)
    epoch_curve(network, X, Y, cv=2)
    assert recorder.calls.count("begin epoch 1") == 2
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 2


def test_progress_bar_of_a_cv_estimator(capsys):
    model = BackpropClassifierCV(hidden_layer_sizes=[3], max_iter=2, cv=2)
    model.set_callbacks(ProgressBar()).fit(X, Y)
    printed = capsys.readouterr().out
    for task in ("fit", "search", "refit-with-best-params"):
        assert f"BackpropClassifierCV - {task}" in printed


def test_clones_take_callbacks_as_those_of_scikit_learn_do():
    model = BackpropClassifier().set_callbacks(Recorder())
    theirs = LogisticRegression().set_callbacks(Recorder())
    assert hasattr(clone(model), "_skl_callbacks") == hasattr(
        clone(theirs), "_skl_callbacks"
    )


def test_studies_leave_the_callbacks_of_pipelines_to_the_users_own_fits():
    recorder = Recorder()
    inner = make_pipeline(StandardScaler(), BackpropClassifier(max_iter=3))
    pipeline = make_pipeline(StandardScaler(), inner.set_callbacks(recorder))
    epoch_curve(pipeline.set_callbacks(recorder), X, Y, cv=2)
    assert recorder.calls == []
