"""A short run of the fuzzer, always the same, and tests of the fuzzer itself."""

import os
import warnings

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from sklearn.exceptions import ConvergenceWarning

import sklearn_bp
from fuzzing import known
from fuzzing.forms import csr
from fuzzing.machine import SETTINGS, Calls, Studies
from fuzzing.outcomes import Fault, check, fingerprint, outcome_of
from fuzzing.parameters import PARAMETERS
from fuzzing.session import NAMES, Session
from sklearn_bp.engine import get_engine

#: Those that there are, or the one that the settings choose.
ENGINES = ("reference",) if get_engine().name == "reference" else Calls.engines


@pytest.mark.parametrize(
    ("machine", "n_examples", "n_steps"), [(Calls, 40, 15), (Studies, 8, 3)]
)
def test_no_call_has_an_undocumented_outcome(machine, n_examples, n_steps):
    here = type(machine.__name__, (machine,), {"engines": ENGINES})
    bounds = settings(
        SETTINGS,
        derandomize=True,
        max_examples=n_examples,
        stateful_step_count=n_steps,
    )
    run_state_machine_as_test(here, settings=bounds)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_fuzzed(name):
    own = {"cv"} if name.endswith("CV") else set()  # drawn with the data
    assert (
        PARAMETERS[name].keys() | own == getattr(sklearn_bp, name)().get_params().keys()
    )


def test_sources_of_parameters_are_python():
    for table in PARAMETERS.values():
        for sources in table.values():
            for source in (source for group in sources for source in group):
                eval(source, NAMES)


# ---- what the fuzzer must see ------------------------------------------------------


def leak():
    return {}["no such key"]


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (leak, "undocumented error .* KeyError"),
        (lambda: sklearn_bp.network.ACTIVATIONS[0], "undocumented error"),
        (lambda: np.float64(1e300) * 1e300, "RuntimeWarning at .*overflow"),
        (lambda: print("seen"), "output: 'seen"),
        (lambda: os.write(1, b"seen by C"), "output: 'seen by C"),
        (lambda: os.write(2, b"seen by C"), "output: 'seen by C"),
        (lambda: warnings.warn("old", FutureWarning, stacklevel=1), "FutureWarning"),
    ],
)
def test_a_fault_is_seen(function, fault):
    with pytest.raises(Fault, match=fault):
        check(outcome_of(function))


def test_what_is_documented_is_no_fault():
    check(outcome_of(lambda: warnings.warn("late", ConvergenceWarning, stacklevel=1)))
    model = sklearn_bp.BackpropClassifier()
    check(outcome_of(lambda: model.predict([[1.0]])))
    check(outcome_of(lambda: model.fit([[1.0]], [None])))


@pytest.mark.parametrize("form", [np.asarray, csr, list, lambda values: [*values, {}]])
def test_a_change_is_seen(form):
    values = np.arange(6.0).reshape(3, 2)
    changed = values.copy()
    changed[2, 1] = 4
    assert fingerprint(form(values)) == fingerprint(form(values.copy()))
    assert fingerprint(form(values)) != fingerprint(form(changed))


def spoilt(method):
    """A method that does its work and spoils something else."""

    def spoiling(self, X, *args, **kwargs):
        result = method(self, X, *args, **kwargs)
        X[0] = 7
        return result

    return spoiling


def test_an_argument_that_is_changed_is_seen(monkeypatch):
    kind = sklearn_bp.BackpropClassifier
    monkeypatch.setattr(kind, "predict", spoilt(kind.predict))
    session = Session(ENGINES)
    session.create("BackpropClassifier(max_iter=2, random_state=0)")
    session.call("fit", X="normal(9, 2)", y="labels([0, 1], 9)")
    with pytest.raises(Fault, match="X was changed") as fault:
        session.call("predict", X="normal(9, 2)")
    assert "model.predict(X=normal(9, 2))" in str(fault.value)


def test_an_estimator_that_is_changed_by_a_failure_is_seen(monkeypatch):
    def failing(self, X, y):
        self.coefs_ = [X]
        raise ValueError("X is not liked")

    monkeypatch.setattr(sklearn_bp.BackpropClassifier, "fit", failing)
    session = Session(ENGINES)
    session.create("BackpropClassifier()")
    with pytest.raises(Fault, match="the estimator was changed"):
        session.call("fit", X="normal(9, 2)", y="labels([0, 1], 9)")


def test_engines_that_differ_are_seen(monkeypatch):
    if len(ENGINES) == 1:
        pytest.skip("there is only one engine to test")
    kind = sklearn_bp.BackpropClassifier
    initialize = kind.initialize

    def differing(self, X, y):
        initialize(self, X, y)
        self.coefs_[0][0] += 1e-3 * (get_engine().name == "reference")
        return self

    monkeypatch.setattr(kind, "initialize", differing)
    session = Session(ENGINES)
    session.create("BackpropClassifier(random_state=0)")
    with pytest.raises(Fault, match="engines differ in coefs_"):
        session.call("initialize", X="normal(9, 2)", y="labels([0, 1], 9)")


def test_a_known_fault_ends_the_sequence(monkeypatch):
    monkeypatch.setattr(known, "KNOWN", [("wrong values", "alpha=2", "a test")])
    session = Session(ENGINES)
    session.create("BackpropClassifier(max_iter=2, alpha=2)", wrong=["alpha"])
    session.call("fit", X="normal(9, 2)", y="labels([0, 1], 9)")
    assert session.is_over
    assert session.counts["fit", "known: a test"] == 1
    session.call("predict", X="normal(9, 2)")
    assert ("predict", "a value") not in session.counts
