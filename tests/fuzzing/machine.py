"""Sequences of calls, drawn and made shorter by hypothesis."""

import functools
from collections import Counter
from typing import ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sklearn_bp import BackpropClassifier

from .data import OTHER_CLASSES, PROBLEMS, data, mostly
from .parameters import PARAMETERS, sources
from .session import Session

#: For tests and for long runs: nothing is remembered, and no time is measured.
SETTINGS = settings(
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],  # explaining a fault traces every line
    print_blob=False,
    verbosity=Verbosity.quiet,
)
QUERIES = (
    *("predict", "score", "predict_proba", "predict_log_proba", "decision_function"),
    *("input_gradients", "hidden_activations", "loss_and_gradients"),
)
COPIES = mostly(
    ["pickle.loads(pickle.dumps(model))", "copy.deepcopy(model)"],
    ["clone(model)"]
    + [f"with_own_coefs(model, {how})" for how in ("halved", "without_first")]
    + ["model.set_callbacks(StopAfter(1))"]
    * hasattr(BackpropClassifier, "set_callbacks"),
    weight=6,
)
COPIES_OF_SEARCH = st.sampled_from(["copy.deepcopy(model)", "clone(model)"])
SOME_MORE = {"hidden_layer_sizes": "(2,)", "max_iter": "2", "random_state": "0"}


#: Of studies; searches have them as parameters.
OPTIONS_OF_CURVE = ("scoring", "refit", "score_epochs", "n_jobs", "memory")
OPTIONS = {
    name: mostly(good, odd + wrong)
    for name, (good, odd, wrong) in PARAMETERS["BackpropClassifierCV"].items()
    if name in (*OPTIONS_OF_CURVE, "halving_factor", "verbose")
}
OPTIONS["train_sizes"] = mostly(
    *sources(
        "None | [0.5] | [0.2, 0.7, 1.0] | [3, 5] | np.array([0.5])",
        "[] | 0.5 | ['a'] | [0] | [10**6] | [np.nan] | [1] | [True] | [[2]] | {1: 2}",
    )
)


def _choices(table):
    """How each parameter may be set: name, source and whether it must be refused."""
    return st.one_of(
        mostly(
            [(name, value, False) for value in good],
            [(name, value, False) for value in odd]
            + [(name, value, True) for value in wrong],
            weight=8,
        )
        for name, (good, odd, wrong) in table.items()
    )


CHOICES = {name: _choices(table) for name, table in PARAMETERS.items()}


LAYERS = mostly(["-1", "0"], ["1", "-2", "0.5", "None", "np.int64(0)", "'a'"])
NAMES_OF_STUDY = ("X", "y", "sample_weight", "groups", "cv")
SMALL_SEARCH = {
    "alphas": "[1e-4, 1.0]",
    "hidden_layer_sizes": "[(2,)]",
    "max_iter": "3",
    "random_state": "0",
}
HAS_OPTION = mostly([False], [True], weight=4)
HAS_VALIDATION = mostly([False], [True], weight=6)
CLASSES = {problem: mostly([problem.classes], OTHER_CLASSES) for problem in PROBLEMS}


GRIDS = mostly(
    *sources(
        "{'alpha': [1e-4, 1.0]} | {'hidden_layer_sizes': [(2,), ()]} | {}"
        " | {'random_state': [0, 1]} | [{'alpha': [1]}, {'solver': ['sgd', 'lbfgs']}]",
        "None | [] | 0 | 'a' | {'alpha': 1} | {'alpha': []} | {'no_such': [1]}"
        " | {'alpha': [-1, 1]} | {'alpha': ['a']} | {1: [2]} | [{}] | [None] | [[]]"
        " | {'learning_rate_init': [1e-3, 1e300]} | {'dropout': [0.5, [0.5, 0.5]]}"
        " | {'max_iter': [1, 3]} | {'dtype': ['float32', 'int32']} | {'alpha': 'ab'}"
        " | ParameterGrid({'alpha': [1]}) | {'alpha': np.array([0.1, 1])} | object()"
        " | ParameterSampler({'alpha': [1, 2]}, 2, random_state=0) | [{'alpha': 1}]"
        " | list(ParameterSampler({'alpha': [1, 2]}, 2, random_state=0))",
    )
)


@functools.cache
def settings_of(estimator, max_size):
    """Parameters by name, as source, and the names of those to be refused."""

    def split(chosen):
        by_name = {name: (value, is_wrong) for name, value, is_wrong in chosen}
        wrong = tuple(name for name, (_, is_wrong) in by_name.items() if is_wrong)
        return {name: value for name, (value, _) in by_name.items()}, wrong

    return st.lists(CHOICES[estimator], max_size=max_size).map(split)


class Calls(RuleBasedStateMachine):
    """Calls of one estimator in any order."""

    engines: ClassVar = ("compiled", "reference")
    counts: ClassVar = Counter()

    @initialize(problem=st.sampled_from(PROBLEMS), drawn=st.data())
    def create(self, problem, drawn):
        self.problem = problem
        self.session = Session(self.engines, self.counts)
        chosen, wrong = drawn.draw(settings_of(problem.estimator, 6))
        self.session.create(_made(problem.estimator, SOME_MORE | chosen), wrong)

    @rule(drawn=st.data())
    def set_params(self, drawn):
        self.session.set_params(*drawn.draw(settings_of(self.problem.estimator, 2)))

    @rule(drawn=st.data(), has_validation=HAS_VALIDATION)
    def fit(self, drawn, has_validation):
        self._train("fit", drawn, has_validation)

    @rule(drawn=st.data(), has_validation=HAS_VALIDATION)
    def partial_fit(self, drawn, has_validation):
        others = {}
        if self.problem.estimator == "BackpropClassifier":
            others["classes"] = drawn.draw(CLASSES[self.problem])
        self._train("partial_fit", drawn, has_validation, **others)

    @rule(drawn=st.data())
    def initialize_network(self, drawn):
        self._train("initialize", drawn, False)

    @rule(drawn=st.data(), method=st.sampled_from(QUERIES))
    def ask(self, drawn, method):
        if not self.session.has(method):
            return
        with_targets = method in ("score", "loss_and_gradients")
        names = ("X", "y", "sample_weight") if with_targets else ("X",)
        arguments = drawn.draw(data(self.problem, *names))
        if method == "hidden_activations":
            arguments["layer"] = drawn.draw(LAYERS)
        self.session.call(method, **arguments)

    @rule(source=COPIES)
    def copy(self, source):
        self.session.replace(source)

    def _train(self, method, drawn, has_validation, **others):
        of_training = data(self.problem, "X", "y", "sample_weight")
        arguments = drawn.draw(of_training)
        if has_validation:
            validation = drawn.draw(of_training)
            others |= {f"{name}_val": value for name, value in validation.items()}
        self.session.call(method, **arguments, **others)


class Studies(RuleBasedStateMachine):
    """Searches and studies of networks, which are far slower."""

    engines: ClassVar = Calls.engines
    counts: ClassVar = Counter()

    @initialize(problem=st.sampled_from(PROBLEMS))
    def choose(self, problem):
        self.problem = problem

    @rule(drawn=st.data())
    def search(self, drawn):
        name = f"{self.problem.estimator}CV"
        chosen, wrong = drawn.draw(settings_of(name, 3))
        arguments = drawn.draw(data(self.problem, *NAMES_OF_STUDY))
        settings = {**SMALL_SEARCH, "cv": arguments.pop("cv"), **chosen}
        session = Session(self.engines, self.counts)
        session.create(_made(name, settings), wrong)
        session.call("fit", **arguments)
        for method in ("predict", "predict_proba", "score"):
            if session.has(method):
                names = ("X", "y") if method == "score" else ("X",)
                session.call(method, **drawn.draw(data(self.problem, *names)))
        session.replace(drawn.draw(COPIES_OF_SEARCH))

    @rule(drawn=st.data(), grid=GRIDS)
    def overfitting_study(self, drawn, grid):
        self._study("overfitting_study", drawn, OPTIONS, param_grid=grid)

    @rule(drawn=st.data())
    def epoch_curve(self, drawn):
        self._study("epoch_curve", drawn, OPTIONS_OF_CURVE)

    def _study(self, function, drawn, names, **others):
        chosen, _ = drawn.draw(settings_of(self.problem.estimator, 3))
        session = Session(self.engines, self.counts)
        session.create(_made(self.problem.estimator, SOME_MORE | chosen))
        for name in names:
            if drawn.draw(HAS_OPTION):
                others[name] = drawn.draw(OPTIONS[name])
        arguments = drawn.draw(data(self.problem, *NAMES_OF_STUDY))
        session.call(function, estimator="model", **arguments, **others)


def _made(name, settings):
    """The source of an estimator."""
    return f"{name}({', '.join(f'{n}={value}' for n, value in settings.items())})"
