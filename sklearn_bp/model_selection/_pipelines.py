"""What pipelines, of whatever class, and transformers of targets give to the network
inside them."""

import copy
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from .._base import BaseBackprop
from ..fitting import NumberTargets
from ..utils import is_routing, routed

#: Steps of other libraries that change targets, too, have one of these methods.
METHODS_WITH_TARGETS = ("fit_resample", "transform_x_y")


def split_off(estimator):
    """What is around a network, or None, and the network.

    Parameters
    ----------
    estimator : estimator
        A network, or a Pipeline or a TransformedTargetRegressor that ends in a network
        or in another of these.

    Returns
    -------
    pipeline : Pipeline, TransformedTargetRegressor or None
        None if the network is given the data as they are.
    network : BackpropClassifier or BackpropRegressor
        The network itself.

    Raises
    ------
    TypeError
        If there is no network of this package at the end.
    """
    parts = _chain(estimator)
    network = _inner(parts[-1]) if parts else estimator
    if not isinstance(network, BaseBackprop):
        raise TypeError(
            "estimator must be a BackpropClassifier, a BackpropRegressor, or a Pipeline"
            " or a TransformedTargetRegressor that ends in one, got"
            f" {estimator!r}."
        )
    if is_classifier(network) and any(map(_transforms_targets, parts)):
        raise TypeError(
            "A TransformedTargetRegressor needs a regressor at its end, got"
            f" {network!r}."
        )
    return None if all(map(_does_nothing, parts)) else estimator, network


def transformations_of_targets(estimator):
    """A description of what is done to targets before they reach the network."""
    return [
        repr((part.transformer, part.func, part.inverse_func))
        for part in _chain(estimator)
        if _transforms_targets(part)
    ]


def may_resample(pipeline):
    """Whether rows may change in a pipeline: its class, or that of one in which it
    ends, is not scikit-learn's own."""
    known = (Pipeline, TransformedTargetRegressor)
    return any(type(part) not in known for part in _chain(pipeline))


class FollowedPipeline:
    """A copy of a pipeline that shows what it would give to its network.

    A witness takes the network's place, and the pipeline's own methods do the rest:
    so samplers, inner pipelines, caching and metadata routing are followed, whatever
    its class is.

    Parameters
    ----------
    pipeline : Pipeline or TransformedTargetRegressor
        The pipeline, which is not changed.
    """

    def __init__(self, pipeline):
        self._pipeline = clone(pipeline)
        self._chain = _chain(self._pipeline)
        self._transforms_targets = any(map(_transforms_targets, self._chain))
        network = _inner(self._chain[-1])
        self._witness = Witness(network, predicts=self._transforms_targets)
        # that of a TransformedTargetRegressor is passed on by its own name
        names = [part.steps[-1][0] for part in self._chain if _has_steps(part)]
        self._weight_name = "__".join([*names, "sample_weight"])
        _put_inside(self._chain[-1], self._witness)
        for part in self._chain:
            if hasattr(part, "set_callbacks"):
                part.set_callbacks()  # they are for the user's own fits

    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the steps before the network.

        Parameters
        ----------
        X, y, sample_weight, groups : array-like
            The training data. Without metadata routing, the network alone is given
            weights; with it, weights and groups go where they are requested.

        Returns
        -------
        X, y, sample_weight : array-like
            What the network is to be fitted on.

        Raises
        ------
        TypeError
            If the pipeline does not fit its last step.
        ValueError
            If targets or weights do not follow the rows.
        """
        if is_routing():
            metadata = routed(
                self._pipeline, "fit", sample_weight=sample_weight, groups=groups
            )
        elif sample_weight is None:
            metadata = {}
        else:
            metadata = {self._weight_name: sample_weight}
        self._pipeline.fit(X, y, **metadata)
        return self._checked(X, y, *self._noted("fit"))

    def targets(self, targets):
        """What the network's targets are, given what the transformed ones are."""
        if not self._transforms_targets:
            return targets
        return TransformedTargets(targets.n_outputs, restore=self._restore)

    def transform(self, X, y, sample_weight=None, groups=None):
        """Transform data in the way that the pipeline's method `score` does, or where
        targets are transformed its method `predict`.

        Parameters
        ----------
        X, y, sample_weight, groups : array-like
            The data.

        Returns
        -------
        X, y, sample_weight : array-like
            What the network is to be measured on.

        Raises
        ------
        TypeError
            If the pipeline does not score its last step.
        ValueError
            If targets or weights do not follow the rows.
        """
        metadata, method = {}, "predict" if self._transforms_targets else "score"
        if is_routing():  # to steps whose `transform` requests them
            metadata = routed(
                self._pipeline, method, sample_weight=sample_weight, groups=groups
            )
        if self._transforms_targets:
            self._pipeline.predict(X, **metadata)
            own_X, _, _ = self._noted(method)
            own_y = self._transformed(y)
        else:
            self._pipeline.score(X, y, **metadata)
            own_X, own_y, _ = self._noted(method)
        return self._checked(X, y, own_X, own_y, sample_weight)

    def _transformers_of_targets(self):
        """The fitted ones, from the outermost."""
        return [
            part for part in _fitted_chain(self._pipeline) if _transforms_targets(part)
        ]

    def _transformed(self, y):
        y = np.asarray(y)
        for regressor in self._transformers_of_targets():
            is_column = y.ndim == 1
            y = regressor.transformer_.transform(y.reshape(-1, 1) if is_column else y)
            if is_column and y.ndim == 2 and y.shape[1] == 1:
                y = y[:, 0]
        return y

    def _restore(self, predictions):
        """The network's predictions in the units of the user."""
        for regressor in reversed(self._transformers_of_targets()):
            knowing = copy.copy(regressor)
            knowing.regressor_ = KnownPredictions(predictions)
            predictions = knowing.predict(None)
        return predictions

    def _noted(self, method):
        noted, self._witness.noted = self._witness.noted, None
        if noted is None:
            raise TypeError(
                f"{type(self._pipeline).__name__} cannot be followed, as its method"
                f" {method!r} does not call that of its last step,"
                f" {type(self._witness.network).__name__}."
            )
        return noted

    def _checked(self, given_X, given_y, X, y, sample_weight):
        if _n_rows(X) != _n_rows(y):
            raise ValueError(
                f"{self._step_that_changes_rows(given_X)} changes the number of rows"
                f" and the targets do not follow: {_n_rows(X)} rows, {_n_rows(y)}"
                " targets. Choose the rows beforehand, or use a pipeline of a class"
                " that lets the targets follow."
            )
        is_followed = y is given_y or (
            self._transforms_targets and not may_resample(self._pipeline)
        )
        if sample_weight is not None and not is_followed:
            raise ValueError(
                f"Sample weights cannot follow {self._steps_with_targets()}, where rows"
                " are drawn or dropped without their weights. Leave sample_weight out;"
                " classes can be weighted by class_weight."
            )
        return X, y, sample_weight

    def _step_that_changes_rows(self, X):
        for pipeline in filter(_has_steps, _fitted_chain(self._pipeline)):
            for name, step in pipeline.steps[:-1]:
                if hasattr(step, "transform"):
                    before, X = X, step.transform(X)
                    if _n_rows(X) != _n_rows(before):
                        return f"The step {name!r}"
        return f"{type(self._pipeline).__name__}"

    def _steps_with_targets(self):
        names = [
            repr(name)
            for pipeline in filter(_has_steps, self._chain)
            for name, step in pipeline.steps[:-1]
            if any(hasattr(step, method) for method in METHODS_WITH_TARGETS)
        ]
        if names:
            return f"the step(s) {', '.join(names)}"
        return f"the targets in {type(self._pipeline).__name__}"


class Witness:
    """Stands in for a network in a pipeline, and notes what its methods are given.

    Parameters
    ----------
    network : BackpropClassifier or BackpropRegressor
        The network.
    predicts : bool
        Whether it is to be asked for predictions.

    Attributes
    ----------
    noted : tuple of array-like or None
        X, y and weights of the last call.
    """

    def __init__(self, network, predicts):
        self.network = network
        self.noted = None
        self._predicts = predicts
        self._a_target = None

    def fit(self, X, y=None, sample_weight=None):
        self.noted = X, y, sample_weight
        self._a_target = None if y is None else np.asarray(y)[:1]
        return self

    def score(self, X, y=None, sample_weight=None):
        self.noted = X, y, sample_weight
        return 0.0

    def predict(self, X):
        if not self._predicts:
            raise TypeError(
                "A pipeline whose method 'score' does not call that of its last step, a"
                f" {type(self.network).__name__}, but predicts, cannot be followed."
            )
        self.noted = X, None, None
        return np.repeat(self._a_target, _n_rows(X), axis=0)

    def get_metadata_routing(self):
        """The network's requests, but for a study's weights: these are meant for the
        network, so that `fit` may refuse but need not request them, and they are given
        to `score` or not by the study."""
        routing = self.network.get_metadata_routing()
        if routing.fit.requests.get("sample_weight") is None:
            routing.fit.add_request(param="sample_weight", alias=True)
        routing.score.add_request(param="sample_weight", alias=True)
        return routing

    def __sklearn_clone__(self):
        return self  # for pipelines that fit clones of their steps

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        return get_tags(self.network)

    def __repr__(self):
        return repr(self.network)


class KnownPredictions:
    """Stands in for a fitted regressor whose predictions are known.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The predictions.
    """

    def __init__(self, predictions):
        self._predictions = predictions

    def predict(self, X):
        return self._predictions


@dataclass(eq=False)
class TransformedTargets(NumberTargets):
    """Numbers that are transformed before a network is trained on them.

    Parameters
    ----------
    restore : callable
        Turns the network's predictions into those that the user is given.
    """

    own_scorer: ClassVar[str] = "r2"

    restore: Any = None

    def responses(self, loss):
        """Functions that turn raw outputs into what the estimators' methods return."""
        predict = super().responses(loss)["predict"]
        return {"predict": lambda raw: self.restore(predict(raw))}

    def predictions(self, raw, loss):
        """The raw outputs of several networks as predictions in the units of the user;
        NaN where they cannot be transformed back."""
        predict = self.responses(loss)["predict"]
        predictions = np.full(raw.shape, np.nan)
        for own_raw, own in zip(raw, predictions):
            with suppress(Exception):  # for a scorer to find
                own[:] = np.reshape(predict(own_raw), own.shape)
        return predictions


def _chain(estimator):
    """A pipeline or transformer of targets, the one in which it ends, and so on;
    nothing for other estimators."""
    parts = []
    while _has_steps(estimator) or _transforms_targets(estimator):
        parts.append(estimator)
        estimator = _inner(estimator)
    return parts


def _fitted_chain(estimator):
    """The same of a fitted one, which may have fitted a copy of the next."""
    parts = []
    while _has_steps(estimator) or _transforms_targets(estimator):
        parts.append(estimator)
        fitted = getattr(estimator, "regressor_", None)
        estimator = _inner(estimator) if fitted is None else fitted
    return parts


def _has_steps(estimator):
    return isinstance(estimator, Pipeline) and bool(estimator.steps)


def _transforms_targets(estimator):
    return isinstance(estimator, TransformedTargetRegressor)


def _inner(part):
    return part.regressor if _transforms_targets(part) else part.steps[-1][1]


def _put_inside(part, estimator):
    if _transforms_targets(part):
        part.regressor = estimator
    else:
        part.steps = [*part.steps[:-1], (part.steps[-1][0], estimator)]


def _does_nothing(pipeline):
    if _transforms_targets(pipeline):
        return False
    before = [step for _, step in pipeline.steps[:-1] if step is not None]
    return type(pipeline) is Pipeline and all(
        isinstance(step, str) and step == "passthrough" for step in before
    )


def _n_rows(array):
    return array.shape[0] if hasattr(array, "shape") else len(array)
