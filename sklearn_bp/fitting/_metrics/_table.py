"""The metrics that are computed in bulk, by the names of scikit-learn's functions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from ...utils import describe_scorer
from . import _counts, _numbers, _probabilities, _ranks
from ._outputs import LeftToScikitLearn

#: For each metric, the function that makes it, the methods of an estimator that it may
#: be given the outputs of, and whether it is one of class labels.
#:
#: The function takes the `Truth`, if there are several methods the name of one, and
#: scikit-learn's keywords. It raises LeftToScikitLearn for values of these that it does
#: not know, and where scikit-learn fails whatever the outputs are. It returns a
#: function from `Outputs` to scores, NaN where scikit-learn fails or returns NaN; or to
#: these and whether scikit-learn warns of each.
METRICS = {
    metric.__name__: (metric, methods, is_of_classes)
    for module, methods, is_of_classes in (
        (_counts, ("predict",), True),
        (_probabilities, ("predict_proba",), True),
        (_ranks, ("decision_function", "predict_proba"), True),
        (_numbers, ("predict",), False),
    )
    for metric in module.METRICS
}


@dataclass(frozen=True)
class Recipe:
    """How a scorer is computed in bulk.

    Parameters
    ----------
    make : callable
        The function of the table.
    is_of_classes : bool
        Whether it is a metric of class labels.
    methods : tuple of str
        The methods that the scorer may call, the first that the estimator has.
    sign : int
        What the metric is multiplied by.
    keywords : dict
        The metric's keywords.
    left_open : tuple of str
        Those of them that say what columns stand for, and that the user has not set.
    """

    make: Callable
    is_of_classes: bool
    methods: tuple
    sign: int
    keywords: dict
    left_open: tuple

    @classmethod
    def of(cls, scorer):
        """The recipe of a scorer, or None if it has to be called."""
        parts = describe_scorer(scorer)
        if parts is None or parts.name not in METRICS:
            return None
        make, methods, is_of_classes = METRICS[parts.name]
        known = inspect.signature(make).parameters
        if not (set(parts.given) <= set(known) and set(parts.methods) <= set(methods)):
            return None
        keywords = {**parts.defaults, **parts.given}
        keywords = {name: value for name, value in keywords.items() if name in known}
        left_open = tuple(
            name
            for name in ("labels", "pos_label")
            if methods != ("predict",)
            and name in keywords.keys() - parts.given.keys()
            and keywords[name] is None
        )
        return cls(make, is_of_classes, parts.methods, parts.sign, keywords, left_open)

    def metric(self, truth, estimator):
        """The function of outputs; raises LeftToScikitLearn if there is none."""
        if self.is_of_classes != truth.is_of_classes:
            raise LeftToScikitLearn
        method = next(m for m in self.methods if hasattr(estimator, m))
        if not _is_ours(estimator, method):
            raise LeftToScikitLearn
        keywords = dict(self.keywords)
        if "response" in inspect.signature(self.make).parameters:
            keywords["response"] = method
        if "labels" in self.left_open and not truth.is_multilabel:
            keywords["labels"] = truth.classes
        if "pos_label" in self.left_open and truth.is_binary:
            keywords["pos_label"] = truth.classes[1]
        return self.make(truth, **keywords)


#: The recipes of scorers that were asked for.
_recipes = WeakKeyDictionary()


def _recipe(scorer):
    try:
        if scorer not in _recipes:
            _recipes[scorer] = Recipe.of(scorer)
        return _recipes[scorer]
    except Exception:  # other people's callables need not be hashable
        return None


def is_in_bulk(scorer):
    """Whether a scorer is one whose scores are computed in bulk, as far as can be told
    without data."""
    return _recipe(scorer) is not None


def bulk_metric(scorer, truth, estimator):
    """The function from the outputs of networks to the scores that a scorer has for
    them.

    Parameters
    ----------
    scorer : callable
        The scorer.
    truth : Truth
        What is known of the rows.
    estimator : BackpropClassifier or BackpropRegressor
        The estimator that it is called with.

    Returns
    -------
    metric : callable or None
        From Outputs to scores of shape (n_networks,), NaN where scikit-learn fails or
        returns NaN; and in which cases it might warn or fail, of the same shape. None
        if it has to be called.
    """
    recipe = _recipe(scorer)
    if recipe is None:
        return None
    try:
        metric = recipe.metric(truth, estimator)
    except LeftToScikitLearn:
        return None

    def scores_and_doubts(outputs):
        with np.errstate(all="ignore"):
            result = metric(outputs)
        scores, warns = result if isinstance(result, tuple) else (result, False)
        return recipe.sign * scores, warns | ~np.isfinite(scores)

    return scores_and_doubts


def _is_ours(estimator, method):
    """Whether a method is this package's, and not that of a subclass elsewhere."""
    package = getattr(type(estimator), method).__module__.partition(".")[0]
    return package == __name__.partition(".")[0]
