"""What the networks that choose for themselves share."""

import os
from abc import abstractmethod
from contextlib import nullcontext
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ParameterGrid
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._callbacks import Task, data_of_callbacks, epoch_callbacks
from ..fitting import Training, check_samples, show, warn_if_useless
from ..utils import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    plain_number,
    takes_weight,
    warn,
)
from ._checks import check_study
from ._memory import Store
from ._results import RULES, check_rule
from ._study import check_factor, n_trainings, run_study, watched_studies


def _of_best(name):
    """The attribute of the network that was trained on all data."""
    return property(lambda self: getattr(self._best(), name))


class BaseBackpropCV(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Base class of the two estimators; not to be used directly."""

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's protocol)
        "estimator": [HasMethods("fit"), None],
        "alphas": ["array-like"],
        "hidden_layer_sizes": [list, tuple],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "scoring": "no_validation",  # the study validates it
        "refit": [str, None],
        "score_epochs": "no_validation",
        "rule": [StrOptions(set(RULES))],
        "scale": ["boolean"],
        "halving_factor": [Interval(Real, 2, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "memory": [str, os.PathLike, HasMethods("cache"), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        alphas=(0.0001, 0.1, 1.0, 10.0),
        hidden_layer_sizes=((10,), (30,), (100,)),
        max_iter=500,
        cv=5,
        scoring="loss",
        refit=None,
        score_epochs=None,
        rule="best",
        scale=True,
        halving_factor=3,
        n_jobs=None,
        random_state=None,
        memory=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.alphas = alphas
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_iter = max_iter
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.score_epochs = score_epochs
        self.rule = rule
        self.scale = scale
        self.halving_factor = halving_factor
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.memory = memory
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Choose by cross-validation, and train on all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for training and for everything that is measured.
        groups : array-like of shape (n_samples,), default=None
            The groups that some splitters, such as `GroupKFold`, keep together.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid, or if the rule needs a standard
            error and there is a single fold, before any training; or if all settings
            fail.

        Warns
        -----
        ConvergenceWarning
            If the last epoch that may be chosen is the best, or the network that was
            trained on all data is no better than the best constant prediction.
        FitFailedWarning, UndefinedMetricWarning, UserWarning
            As :func:`overfitting_study` does.
        """
        network = self._network()
        task = Task.of(self, max_subtasks=2)
        data = data_of_callbacks(X, y, sample_weight)
        with nullcontext() if task is None else task.reported(data):
            study = self._choose(network, X, y, sample_weight, groups, task)
            choice = study.select()
            network.set_params(**choice.params)
            self._train(network, choice.epoch, X, y, sample_weight, task)
            self.best_estimator_ = network
            self.study_ = study
            self.cv_results_ = study.cv_results_
            self.best_params_ = choice.params
            self.best_epoch_ = choice.epoch
            self.best_score_ = choice.score
            self.n_iter_ = network.n_iter_
            for name in ("n_features_in_", "feature_names_in_", "classes_"):
                vars(self).pop(name, None)
                if hasattr(network, name):
                    setattr(self, name, getattr(network, name))
        return self

    def _choose(self, network, X, y, sample_weight, groups, task):
        """Study the settings, by epochs."""
        grid = {
            "alpha": list(self.alphas),
            "hidden_layer_sizes": list(self.hidden_layer_sizes),
        }
        store = Store(self.memory)
        plan = check_study(
            network,
            list(ParameterGrid(grid)),
            X,
            y,
            cv=self.cv,
            scoring=self.scoring,
            refit=self.refit,
            score_epochs=self.score_epochs,
            sample_weight=sample_weight,
            groups=groups,
            scales=self.scale,
        )
        check_rule(self.rule, len(plan.folds))
        factor = check_factor(self.halving_factor)
        part, reported = None, nullcontext()
        if task is not None:
            part = task.subtask("search", max_subtasks=n_trainings(plan, factor))
            reported = part.reported(data_of_callbacks(X, y, sample_weight))
        verbose = plain_number(self.verbose)
        with reported, watched_studies([plan], factor, verbose) as progress:
            study = run_study(
                plan,
                factor,
                self.n_jobs,
                verbose,
                part,
                store=store,
                progress=progress,
            )
        return study.by(self.rule)

    def _train(self, network, n_epochs, X, y, sample_weight, task):
        """Train the network on all data."""
        if not takes_weight(network, "fit"):
            sample_weight = None
        targets, samples = check_samples(
            network, X, y, sample_weight, scales=self.scale
        )
        training = Training(network, targets, samples, is_alone=False)
        training.prepare()
        part = task and task.subtask("refit-with-best-params")
        with epoch_callbacks(network, part, n_epochs, X, y, sample_weight) as follower:
            training.run(n_epochs, follower)
            show(network, training.outcome)
            if follower is not None:
                follower.end_fit(training.state.theta)
        warn_if_useless(training)
        schedule = training.state.schedule
        ends_by_plan = schedule is not None and schedule.has_an_end
        is_known = training.targets.are_constant  # whatever the network says
        if training.n_iter == self.max_iter and not (ends_by_plan or is_known):
            warn(
                "The best number of epochs is the last one that the search has tried,"
                f" max_iter={self.max_iter}, so that more may be better. Increase"
                " max_iter, or learning_rate_init of `estimator`.",
                ConvergenceWarning,
            )

    def predict(self, X):
        """Predict with the network that was trained on all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions; numbers in float64 if targets are scaled.
        """
        return self._best().predict(X)

    def loss_and_gradients(self, X, y, sample_weight=None):
        """The objective of training on these data, and its derivatives.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data, taken as one batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative.

        Returns
        -------
        loss : float
            The loss, summed over outputs and averaged over samples, plus the penalty;
            like `coefs_`, for the scaled data.
        coef_gradients : list of ndarray of shape (n_units_below, n_units)
            The derivatives with respect to `coefs_`.
        intercept_gradients : list of ndarray of shape (n_units,)
            The derivatives with respect to `intercepts_`.
        """
        return self._best().loss_and_gradients(X, y, sample_weight)

    def input_gradients(self, X):
        """The derivatives of each raw output with respect to each feature.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_outputs, n_features)
            The derivatives of the single raw output, or of each of them, at each
            sample, in the units of the data. Raw outputs are those before
            `out_activation_`.
        """
        return self._best().input_gradients(X)

    def hidden_activations(self, X, layer=-1):
        """The outputs of the units of a hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        layer : int, default=-1
            The number of the hidden layer, from 0; -1 is the last one.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            The outputs of its units.
        """
        return self._best().hidden_activations(X, layer)

    coefs_ = _of_best("coefs_")
    intercepts_ = _of_best("intercepts_")
    network_ = _of_best("network_")
    n_layers_ = _of_best("n_layers_")
    n_outputs_ = _of_best("n_outputs_")
    out_activation_ = _of_best("out_activation_")
    history_ = _of_best("history_")
    loss_curve_ = _of_best("loss_curve_")
    loss_ = _of_best("loss_")

    def _network(self):
        """The network whose parameters are to be chosen."""
        network = self._default_network()
        if self.estimator is not None:
            if not isinstance(self.estimator, type(network)):
                raise TypeError(
                    f"estimator must be a {type(network).__name__} or None, got"
                    f" {self.estimator!r}. To study a pipeline, use overfitting_study;"
                    f" to choose the network at its end, use {type(self).__name__} as"
                    " its last step."
                )
            network = clone(self.estimator)
        network.set_params(max_iter=self.max_iter)
        if self.random_state is not None:
            # One seed: all settings begin with the same weights, as far as possible.
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            network.set_params(random_state=seed)
        return network

    def set_params(self, **params):
        """Set parameters of this estimator, or of the network that it holds.

        Parameters
        ----------
        **params : dict
            Parameters by name; those of the network as ``estimator__<name>``.

        Returns
        -------
        self : object
            The estimator.
        """
        nested = [name for name in params if name.startswith("estimator__")]
        if nested and params.get("estimator", self.estimator) is None:
            kind = type(self._default_network()).__name__
            names = ", ".join(f"{name.split('__')[1]}=..." for name in nested)
            raise ValueError(
                f"{nested} cannot be set, as estimator is None. Pass a network, such as"
                f" estimator={kind}({names})."
            )
        return super().set_params(**params)

    def _best(self):
        check_is_fitted(self)
        return self.best_estimator_

    @abstractmethod
    def _default_network(self):
        """The network that stands in for ``estimator=None``."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
