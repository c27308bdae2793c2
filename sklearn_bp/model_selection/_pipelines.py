"""What pipelines, of whatever class, give to the network at their end."""

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from .._base import BaseBackprop
from ..utils import is_routing, routed

#: Steps of other libraries that change targets, too, have one of these methods.
METHODS_WITH_TARGETS = ("fit_resample", "transform_x_y")


def split_off(estimator):
    """The pipeline around a network, or None, and the network.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor or Pipeline
        The estimator. A pipeline may end in another one that ends in the network.

    Returns
    -------
    pipeline : Pipeline or None
        None if the network is given the data as they are.
    network : BackpropClassifier or BackpropRegressor
        The network itself.

    Raises
    ------
    TypeError
        If there is no network of this package at the end.
    """
    pipelines = _chain(estimator)
    network = pipelines[-1].steps[-1][1] if pipelines else estimator
    if not isinstance(network, BaseBackprop):
        raise TypeError(
            "estimator must be a BackpropClassifier, a BackpropRegressor, or a Pipeline"
            f" that ends in one, got {estimator!r}."
        )
    return None if all(map(_does_nothing, pipelines)) else estimator, network


def may_resample(pipeline):
    """Whether targets may change in a pipeline: its class, or that of one in which it
    ends, is not scikit-learn's own."""
    return any(type(part) is not Pipeline for part in _chain(pipeline))


class FollowedPipeline:
    """A copy of a pipeline that shows what it would give to its network.

    A witness takes the network's place, and the pipeline's own methods do the rest:
    so samplers, inner pipelines, caching and metadata routing are followed, whatever
    its class is.

    Parameters
    ----------
    pipeline : Pipeline
        The pipeline, which is not changed.
    """

    def __init__(self, pipeline):
        self._pipeline = clone(pipeline)
        self._chain = _chain(self._pipeline)
        *others, (name, network) = self._chain[-1].steps
        self._witness = Witness(network)
        self._name = "__".join(part.steps[-1][0] for part in self._chain)
        self._chain[-1].steps = [*others, (name, self._witness)]
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
            metadata = {f"{self._name}__sample_weight": sample_weight}
        self._pipeline.fit(X, y, **metadata)
        return self._checked(X, y, *self._noted("fit"))

    def transform(self, X, y, sample_weight=None, groups=None):
        """Transform data in the way that the pipeline's method `score` does.

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
        metadata = {}
        if is_routing():  # to steps whose `transform` requests them
            metadata = routed(
                self._pipeline, "score", sample_weight=sample_weight, groups=groups
            )
        self._pipeline.score(X, y, **metadata)
        own_X, own_y, _ = self._noted("score")
        return self._checked(X, y, own_X, own_y, sample_weight)

    def _noted(self, method):
        noted, self._witness.noted = self._witness.noted, None
        if noted is None:
            raise TypeError(
                f"{type(self._pipeline).__name__} cannot be followed, as its method"
                f" {method!r} does not call that of its last step, {self._name!r}."
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
        if sample_weight is not None and y is not given_y:
            raise ValueError(
                f"Sample weights cannot follow {self._steps_with_targets()}, where rows"
                " are drawn or dropped without their weights. Leave sample_weight out;"
                " classes can be weighted by class_weight."
            )
        return X, y, sample_weight

    def _step_that_changes_rows(self, X):
        for pipeline in self._chain:
            for name, step in pipeline.steps[:-1]:
                if hasattr(step, "transform"):
                    before, X = X, step.transform(X)
                    if _n_rows(X) != _n_rows(before):
                        return f"The step {name!r}"
        return f"{type(self._pipeline).__name__}"

    def _steps_with_targets(self):
        names = [
            repr(name)
            for pipeline in self._chain
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

    Attributes
    ----------
    noted : tuple of array-like or None
        X, y and weights of the last call.
    """

    def __init__(self, network):
        self.network = network
        self.noted = None

    def fit(self, X, y=None, sample_weight=None):
        self.noted = X, y, sample_weight
        return self

    def score(self, X, y=None, sample_weight=None):
        self.noted = X, y, sample_weight
        return 0.0

    def predict(self, X):
        raise TypeError(
            "A pipeline whose method 'score' does not call that of its last step, a"
            f" {type(self.network).__name__}, but predicts, cannot be followed."
        )

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


def _chain(estimator):
    """A pipeline, the one in which it ends, and so on; nothing for other estimators."""
    pipelines = []
    while isinstance(estimator, Pipeline) and estimator.steps:
        pipelines.append(estimator)
        estimator = estimator.steps[-1][1]
    return pipelines


def _does_nothing(pipeline):
    before = [step for _, step in pipeline.steps[:-1] if step is not None]
    return type(pipeline) is Pipeline and all(
        isinstance(step, str) and step == "passthrough" for step in before
    )


def _n_rows(array):
    return array.shape[0] if hasattr(array, "shape") else len(array)
