"""Lines of Python run on each engine, and held against the rules."""

import copy
import functools
import pickle
import re
import traceback
import warnings
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd
import scipy.sparse as sp
import sklearn.base
import sklearn.model_selection
from scipy.sparse import issparse
from sklearn.exceptions import UndefinedMetricWarning

import sklearn_bp

from . import forms
from .fitted import check_answer, check_fitted, check_kept, check_study
from .known import reason_of
from .outcomes import Fault, check, fingerprint, outcome_of

FROM_SKLEARN = (
    *(
        "GroupKFold",
        "KFold",
        "ParameterGrid",
        "ParameterSampler",
        "LeaveOneOut",
        "PredefinedSplit",
        "RepeatedKFold",
    ),
    *("ShuffleSplit", "StratifiedKFold", "TimeSeriesSplit"),
)
NAMES = {
    "copy": copy,
    "functools": functools,
    "pickle": pickle,
    "Decimal": Decimal,
    "Fraction": Fraction,
    "np": np,
    "pd": pd,
    "sp": sp,
    "clone": sklearn.base.clone,
    **{name: getattr(forms, name) for name in vars(forms) if not name.startswith("_")},
    **{name: getattr(sklearn.model_selection, name) for name in FROM_SKLEARN},
    **{name: getattr(sklearn_bp, name) for name in sklearn_bp.__all__},
}
HEADER = f"""\
import copy, functools, pickle
from decimal import Decimal
from fractions import Fraction
import numpy as np, pandas as pd, scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import {", ".join(FROM_SKLEARN)}
from sklearn_bp import *
from fuzzing.forms import *  # in the folder of the tests
"""
STUDIES = ("epoch_curve", "overfitting_study")
TRAINING = ("fit", "partial_fit", "initialize")
#: What lets engines differ by more than rounding: large and tiny numbers, other seeds.
EXTREME = re.compile(
    r"scaled\(|with_value\(|1e-?\d\d|5e-324|uint64|10 ?\*\*|10\.0 \*\*|2\*\*63"
    r"|random_state=(None|np\.random\b(?!\.))"
)
#: Sums are taken in another order, over a few dozen terms and steps. In float32, a
#: gradient that cancels out may be off by as much as the `epsilon` that adam adds to
#: it, and a step then by as much as the learning rate.
TOLERANCES = {"float64": (1e-6, 1e-7), "float32": (2e-2, 2e-2)}

compiled = functools.cache(lambda source: compile(source, "<fuzzed>", "eval"))


class Session:
    """A sequence of calls to one estimator, on each of several engines.

    Parameters
    ----------
    engines : sequence of str
        Their names.
    counts : Counter
        Counts what comes of the calls, by method and outcome.

    Attributes
    ----------
    is_over : bool
        Whether it has met a known fault, after which nothing more can be said.
    """

    def __init__(self, engines, counts=None):
        self.engines = engines
        self.models = {}
        self.counts = Counter() if counts is None else counts
        self.is_over = False
        self._lines = []
        self._wrong = ()
        self._is_extreme = False

    # ---- making the estimator ------------------------------------------------------

    def create(self, source, wrong=()):
        """Make the estimator; `wrong` names its parameters that must be refused."""
        self._note(f"model = {source}", source)
        self._wrong = wrong
        self.models = {engine: self._value(source) for engine in self.engines}

    def set_params(self, settings, wrong=()):
        """Set parameters, given by the source of their values."""
        arguments = ", ".join(f"{name}={value}" for name, value in settings.items())
        self._note(f"model.set_params({arguments})", arguments)
        left = [name for name in self._wrong if name not in settings]
        self._wrong = (*left, *wrong)
        for model in self.models.values():
            model.set_params(**{n: self._value(v) for n, v in settings.items()})

    def replace(self, source):
        """Replace the estimator by a copy, given by its source."""
        if self.is_over:
            return
        self._note(f"model = {source}")
        for engine, model in self.models.items():
            self._guarded("a copy", partial(self._replaced, engine, source, model))

    def _replaced(self, engine, source, model):
        outcome = outcome_of(lambda: eval(compiled(source), NAMES | {"model": model}))
        check(outcome)
        if outcome.error is not None:
            return
        if not source.startswith("clone") and _state(outcome.value) != _state(model):
            raise Fault(f"{source} is not equal to the model")
        self.models[engine] = outcome.value

    # ---- calling it ----------------------------------------------------------------

    def has(self, method):
        """Whether the estimator has that method."""
        return all(hasattr(model, method) for model in self.models.values())

    def call(self, method, **arguments):
        """Call a method with arguments that are given by their source."""
        if self.is_over:
            return
        try:
            values = {
                name: self._value(value)
                for name, value in arguments.items()
                if value != "model"
            }
        except Exception:  # such as rows of a scalar: there is nothing to call with
            return
        shown = ", ".join(f"{name}={value}" for name, value in arguments.items())
        owner = "" if method in STUDIES else "model."
        self._note(f"{owner}{method}({shown})", shown)
        outcomes = {
            engine: self._called(engine, method, values) for engine in self.engines
        }
        if not self.is_over and len(outcomes) > 1:
            self._guarded(method, lambda: self._compare(method, *outcomes.values()))

    def _called(self, engine, method, values):
        model = self.models[engine]
        marks = {name: fingerprint(value) for name, value in values.items()}
        before = _state(model)
        with sklearn_bp.config_context(engine=engine):
            outcome = outcome_of(lambda: _function(method, model)(**values))
            self.counts[method, outcome.kind] += 1

            def hold_against_the_rules():
                check(outcome, may_print=bool(values.get("verbose") or model.verbose))
                for name, value in values.items():
                    if fingerprint(value) != marks[name]:
                        raise Fault(f"{name} was changed")
                may_change = outcome.error is None and method in TRAINING
                if not may_change and _state(model) != before:
                    raise Fault("the estimator was changed")
                if method in TRAINING:
                    self._check_refusal(outcome, model)
                if outcome.error is None:
                    _check_value(method, outcome, model, values)

            self._guarded(method, hold_against_the_rules)
        return outcome

    def _check_refusal(self, outcome, model):
        """Wrong parameters are to be refused by name."""
        if not self._wrong:
            return
        if outcome.error is None:
            raise Fault(f"wrong values were accepted: {self._wrong}")
        message = str(outcome.error)
        is_of_own_parameter = f"of {type(model).__name__} must" in message
        names = (*self._wrong, "'cv'")  # which is drawn with the data
        if is_of_own_parameter and not any(name in message for name in names):
            raise Fault(f"{self._wrong} should be named by: {outcome.error!r}")

    def _compare(self, method, one, other):
        """Hold two engines against each other."""
        if self._is_extreme:
            return
        if type(one.error) is not type(other.error):
            raise Fault(f"engines differ: {one.error!r} and {other.error!r}")
        if one.error is not None:
            return
        first, second = self.models.values()
        if method in STUDIES or hasattr(first, "study_"):
            return  # choices jump where scores are close
        if method in TRAINING:
            _compare_numbers("coefs_", first.coefs_, second.coefs_)
            _compare_numbers("intercepts_", first.intercepts_, second.intercepts_)
        elif method not in ("predict", "score"):  # which jump where outputs are close
            _compare_numbers(method, one.value, other.value)

    # ---- faults --------------------------------------------------------------------

    @property
    def script(self):
        """What was called, to be pasted."""
        return HEADER + "\n" + "\n".join(self._lines)

    def _guarded(self, what, function):
        """Call a function that may find a fault; show it, unless it is known."""
        try:
            function()
        except Exception as error:
            fault = error
            if not isinstance(error, Fault):
                fault = f"cannot be checked: {traceback.format_exc()}"
            reason = reason_of(str(fault), self._lines)
            if reason is None:
                self._fault(fault)
            if not self.is_over:  # by the other engine
                self.counts[what, f"known: {reason}"] += 1
            self.is_over = True

    def _fault(self, fault):
        raise Fault(f"{fault}\n\n{self.script}") from None

    def _note(self, line, source=""):
        self._lines.append(line)
        self._is_extreme = self._is_extreme or bool(EXTREME.search(source))

    def _value(self, source):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(compiled(source), NAMES)


def _state(model):
    """All that tells whether an estimator has been changed."""
    return fingerprint(model.__getstate__())


def _function(name, model):
    """A method of an estimator, or a function of it."""
    if name in STUDIES:
        return functools.partial(NAMES[name], model)
    return getattr(model, name)


def _check_value(method, outcome, model, values):
    value = outcome.value
    network = getattr(model, "best_estimator_", model)  # of a search
    if method in TRAINING:
        if value is not model:
            raise Fault(f"{method} should return the estimator")
        check = check_kept if hasattr(model, "networks_") else check_fitted
        check(network)
        return
    if method in STUDIES:
        check_study(value)
        return
    if method == "score" and any(
        issubclass(warning.category, UndefinedMetricWarning)
        for warning in outcome.warnings
    ):
        return  # of a single sample
    X = values["X"]
    n_rows = X.shape[0] if issparse(X) else len(X)
    check_answer(method, value, network, n_rows)


def _compare_numbers(what, one, other):
    arrays = [[np.asarray(x) for x in _flat(value)] for value in (one, other)]
    for first, second in zip(*arrays, strict=True):
        rtol, atol = TOLERANCES.get(str(first.dtype), (1e-6, 1e-7))
        if not np.allclose(first, second, rtol=rtol, atol=atol, equal_nan=True):
            raise Fault(f"engines differ in {what}: {first} and {second}")


def _flat(value):
    if isinstance(value, list | tuple):
        return [item for part in value for item in _flat(part)]
    return [value]
