"""What the networks that choose for themselves share."""

import os
from abc import abstractmethod
from contextlib import nullcontext
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ParameterGrid
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._callbacks import Task, data_of_callbacks, epoch_callbacks
from .._holder import NetworkHolder
from ..fitting import (
    AveragedNetworks,
    Training,
    check_samples,
    show,
    warn_if_useless,
)
from ..utils import (
    CallbackSupportMixin,
    DocLinkMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    like,
    plain_number,
    takes_weight,
    warn,
)
from ._checks import check_study
from ._holder import StudyHolder
from ._kept import BestKeeper
from ._memory import CurveStore, Store
from ._results import RULES, check_rule
from ._study import check_factor, n_trainings, run_study, watched_studies
from ._summary import count

#: What a network knows of its data, and of its form.
OF_DATA = ("n_features_in_", "feature_names_in_")
OF_NETWORK = (*OF_DATA, "classes_", "n_outputs_", "n_layers_", "out_activation_")


def _of_best(name):
    """The attribute of the network that was trained on all data."""
    return property(lambda self: getattr(self._best(), name))


def _of_one_network(method):
    """A method that there is unless several networks are averaged."""
    return available_if(lambda self: self._has_one_network())(method)


class BaseBackpropCV(
    StudyHolder,
    NetworkHolder,
    DocLinkMixin,
    CallbackSupportMixin,
    MetaEstimatorMixin,
    BaseEstimator,
):
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
        "keep": [StrOptions({"folds"}), None],
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
        keep=None,
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
        self.keep = keep
        self.halving_factor = halving_factor
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.memory = memory
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Choose by cross-validation, and train on all data or keep what was trained.

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
            trained on all data is no better than the best constant prediction; or, with
            ``keep="folds"``, if this holds of most of the networks.
        FitFailedWarning, UndefinedMetricWarning, UserWarning
            As :func:`overfitting_study` does.
        """
        network = self._network()
        store = Store(self.memory) if self.keep is None else CurveStore(self.memory)
        task = Task.of(self, max_subtasks=2 if self.keep is None else 1)
        data = data_of_callbacks(X, y, sample_weight)
        with nullcontext() if task is None else task.reported(data):
            plan = self._plan(network, X, y, sample_weight, groups)
            study = self._search(plan, store, task, data)
            choice = study.select()
            if self.keep is None:
                network.set_params(**choice.params)
                self._train(network, choice.epoch, X, y, sample_weight, task)
                shown = _shown_of_best(network)
            else:
                shown = self._averaged_folds(plan, choice.index, store.curves, y)
            for name in (*OF_NETWORK, "_best_network", "_averaged", "fold_epochs_"):
                vars(self).pop(name, None)
            vars(self).update(shown)
            self.study_ = study
            self.cv_results_ = study.cv_results_
            self.best_params_ = choice.params
            self.best_epoch_ = choice.epoch
            self.best_score_ = choice.score
        return self

    def _plan(self, network, X, y, sample_weight, groups):
        """The study of the settings, ready to begin."""
        grid = {
            "alpha": list(self.alphas),
            "hidden_layer_sizes": list(self.hidden_layer_sizes),
        }
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
        if self.keep is None:
            return plan
        candidates = [replace(each, follows=BestKeeper) for each in plan.candidates]
        return replace(plan, candidates=candidates)

    def _search(self, plan, store, task, data):
        """Study the settings, by epochs."""
        factor = check_factor(self.halving_factor)
        part, reported = None, nullcontext()
        if task is not None:
            part = task.subtask("search", max_subtasks=n_trainings(plan, factor))
            reported = part.reported(data)
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
        if training.n_iter == self.max_iter and training.is_open_ended:
            self._warn_of_last_epoch()

    def _averaged_folds(self, plan, number, curves, y):
        """The attributes of the average of the networks that a setting has kept."""
        folds = [curves[number, fold] for fold in range(len(plan.folds))]
        kept = [fold.kept for fold in folds]
        averaged = AveragedNetworks.from_plain(
            {
                "networks": [each["network"] for each in kept],
                "weights": np.full(len(kept), 1 / len(kept)),
            }
        )
        if issparse(y):  # indicators, which the study has taken as an array
            averaged.targets.is_sparse = True
        self._warn_of_folds(kept)
        network = averaged.networks[0]
        return {
            **_attributes(plan.candidates[number].network, OF_DATA),
            **averaged.targets.attributes,
            "n_layers_": len(network.layer_sizes),
            "out_activation_": network.link,
            "n_iter_": np.array([len(fold.losses) for fold in folds]),
            "fold_epochs_": np.array([each["epoch"] for each in kept]),
            "_averaged": averaged,
        }

    def _warn_of_folds(self, kept):
        """Warn of what holds of most of the networks that were kept."""
        n_folds = len(kept)
        reasons = [each["why_useless"] for each in kept if each["why_useless"]]
        if 2 * len(reasons) > n_folds:
            where = f"{len(reasons)} of {count(n_folds, 'fold')}"
            warn(f"In {where}: {reasons[0]}", ConvergenceWarning)
        n_last = sum(each["is_last"] for each in kept)
        if 2 * n_last > n_folds:
            self._warn_of_last_epoch(f", in {n_last} of {count(n_folds, 'fold')},")

    def _warn_of_last_epoch(self, where=""):
        warn(
            f"The best number of epochs is{where} the last one that the search has"
            f" tried, max_iter={self.max_iter}, so that more may be better. Increase"
            " max_iter, or learning_rate_init of `estimator`.",
            ConvergenceWarning,
        )

    # ---- asking the networks ---------------------------------------------------------

    def predict(self, X):
        """Predict with the network that was trained on all data, or those of the folds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions; numbers in float64 if targets are scaled, or networks
            averaged.
        """
        return self._respond("predict", X)

    def _respond(self, method, X):
        """What the method of that name returns."""
        check_is_fitted(self)
        if "_averaged" not in vars(self):
            return getattr(self._best_network, method)(X)
        averaged = self._averaged
        return like(X, averaged.respond(method, averaged.check_X(self, X)))

    @_of_one_network
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

    @_of_one_network
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

    @_of_one_network
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
    history_ = _of_best("history_")
    loss_curve_ = _of_best("loss_curve_")
    loss_ = _of_best("loss_")

    @property
    def best_estimator_(self):
        return self._best()

    @property
    def networks_(self):
        check_is_fitted(self)
        if "_averaged" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} has no networks_: it has trained one on"
                " all data, see best_estimator_. With keep='folds', it keeps and"
                " averages those of the folds instead."
            )
        return list(self._averaged.networks)

    def _best(self):
        check_is_fitted(self)
        self._has_one_network()
        return self._best_network

    def _has_one_network(self):
        """Whether there may be what belongs to a single network; the error says why
        there is not."""
        if "_averaged" in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} has no network that was trained on all"
                " data, nor what belongs to it: with keep='folds', it averages those of"
                " the folds, see networks_. Set keep=None to train one on all data."
            )
        return True

    def __getstate__(self):
        # Plain data: no private class is needed to load the networks.
        attributes = super().__getstate__()
        if "_averaged" in attributes:
            attributes["_averaged"] = self._averaged.to_plain()
        return attributes

    def __setstate__(self, attributes):
        attributes = dict(attributes)
        network = attributes.pop("best_estimator_", None)
        super().__setstate__(attributes)
        if network is not None:  # as it was at first
            vars(self).update(_shown_of_best(network))
        if "_averaged" in vars(self):
            self._averaged = AveragedNetworks.from_plain(self._averaged)

    # ---- the network that is studied -------------------------------------------------

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

    @abstractmethod
    def _default_network(self):
        """The network that stands in for ``estimator=None``."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _attributes(network, names):
    """Those of the named attributes that a network has."""
    return {name: getattr(network, name) for name in names if hasattr(network, name)}


def _shown_of_best(network):
    """The attributes of a single network that was trained on all data."""
    return {
        **_attributes(network, OF_NETWORK),
        "n_iter_": network.n_iter_,
        "_best_network": network,
    }
