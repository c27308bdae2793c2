"""Networks that choose their penalty, their width and their number of epochs."""

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._classifier import BackpropClassifier
from .._regressor import BackpropRegressor
from ..fitting import Training, check_samples, show
from ..utils import HasMethods, Interval, StrOptions, fit_context
from ._results import RULES
from ._study import overfitting_study


class _BaseBackpropCV(MetaEstimatorMixin, BaseEstimator):
    """What the two estimators share."""

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's protocol)
        "estimator": [HasMethods("fit"), None],
        "alphas": ["array-like"],
        "hidden_layer_sizes": [list, tuple],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "rule": [StrOptions(set(RULES))],
        "halving_factor": [Interval(Real, 2, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
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
        rule="best",
        halving_factor=3,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.alphas = alphas
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_iter = max_iter
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.halving_factor = halving_factor
        self.n_jobs = n_jobs
        self.random_state = random_state
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
            If an argument or a parameter is not valid, before any training; or if all
            settings fail.

        Warns
        -----
        FitFailedWarning, UndefinedMetricWarning
            As :func:`overfitting_study` does.
        """
        network = self._network()
        grid = {
            "alpha": list(self.alphas),
            "hidden_layer_sizes": list(self.hidden_layer_sizes),
        }
        study = overfitting_study(
            network,
            X,
            y,
            grid,
            cv=self.cv,
            scoring=self.scoring,
            n_jobs=self.n_jobs,
            sample_weight=sample_weight,
            groups=groups,
            halving_factor=self.halving_factor,
            verbose=self.verbose,
        ).by(self.rule)
        choice = study.select()
        network.set_params(**choice.params)
        targets, samples = check_samples(network, X, y, sample_weight)
        training = Training(network, targets, samples, is_alone=False)
        training.prepare()
        training.run(choice.epoch)
        show(network, training.outcome)
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

    def predict(self, X):
        """Predict with the network that was trained on all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions.
        """
        return self._best().predict(X)

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


class BackpropClassifierCV(ClassifierMixin, _BaseBackpropCV):
    """Network classifier with cross-validated penalty, width and number of epochs.

    Each combination of `alphas` and `hidden_layer_sizes` is trained on the folds of a
    cross-validation, and measured after each epoch. Settings that look hopeless are
    given up early, by successive halving [1]_. A network is then trained on all data,
    with the best setting and number of epochs.

    Parameters
    ----------
    estimator : BackpropClassifier, default=None
        The network whose other parameters are used. None is one with
        ``learning_rate_init=0.002`` and, so that training does not end before
        `max_iter`, ``n_iter_no_change=inf``.

    alphas : array-like of float, default=(0.0001, 0.1, 1.0, 10.0)
        The penalties to choose from.

    hidden_layer_sizes : list or tuple, default=((10,), (30,), (100,))
        The networks to choose from, each an int or array-like with the numbers of units
        in its hidden layers.

    max_iter : int, default=500
        The largest number of epochs to choose from.

    cv : int, cross-validation generator or iterable, default=5
        The folds; an int makes them stratified.

    scoring : str, callable or None, default='loss'
        What to choose by: 'loss', the loss of the network; a scorer, by name or as a
        function of estimator, X and y; or None, the accuracy.

    rule : {'best', 'one_standard_error'}, default='best'
        The best mean over the folds, or the simplest network that is not worse by more
        than its standard error, see :meth:`OverfittingStudy.select`.

    halving_factor : float, default=3
        The factor, 2 or more, by which each round of successive halving reduces the
        number of settings and extends their training. None trains all of them to the
        end.

    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`.

    random_state : int, RandomState instance or None, default=None
        Draws one `random_state` for all networks; None keeps that of `estimator`.

    verbose : int, default=0
        Whether to print a line for each setting when its folds are done.

    Attributes
    ----------
    best_estimator_ : BackpropClassifier
        The network that was trained on all data.

    best_params_ : dict
        Its `alpha` and `hidden_layer_sizes`.

    best_epoch_ : int
        The number of epochs that it was trained for, unless its own `n_iter_no_change`
        or early stopping ended training earlier, as they may in the folds; see
        `n_iter_`.

    best_score_ : float
        The mean score of the choice over the folds; for 'loss', the negated loss.

    study_ : OverfittingStudy
        The curves of all settings.

    cv_results_ : dict of ndarray
        The results of all settings at their best epoch, as in `GridSearchCV`. Those
        that were given up only have results up to then; see the column 'n_epochs'.

    n_iter_ : int
        The number of epochs that it was actually trained for.

    classes_ : ndarray of shape (n_classes,)
        The class labels in sorted order; in a multilabel problem, the column numbers.

    n_features_in_ : int
        The number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features seen during :term:`fit`. Defined only if all of
        them are strings.

    See Also
    --------
    overfitting_study : Any grid of settings, and pipelines.
    BackpropClassifier : The network.

    References
    ----------
    .. [1] Jamieson, K. & Talwalkar, A. (2016). "Non-stochastic best arm identification
       and hyperparameter optimization." AISTATS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifierCV(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    def _default_network(self):
        return BackpropClassifier(learning_rate_init=0.002, n_iter_no_change=np.inf)

    def decision_function(self, X):
        """Raw outputs of the network, see :meth:`BackpropClassifier.decision_function`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        raw : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The raw outputs.
        """
        return self._best().decision_function(X)

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            The probability of each class, in the order of `classes_`.
        """
        return self._best().predict_proba(X)

    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithm of what `predict_proba` returns.
        """
        return self._best().predict_log_proba(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class BackpropRegressorCV(RegressorMixin, _BaseBackpropCV):
    """Network regressor with cross-validated penalty, width and number of epochs.

    Each combination of `alphas` and `hidden_layer_sizes` is trained on the folds of a
    cross-validation, and measured after each epoch. Settings that look hopeless are
    given up early, by successive halving [1]_. A network is then trained on all data,
    with the best setting and number of epochs.

    Parameters
    ----------
    estimator : BackpropRegressor, default=None
        The network whose other parameters are used. None is one with
        ``learning_rate_init=0.002`` and, so that training does not end before
        `max_iter`, ``n_iter_no_change=inf``.

    alphas : array-like of float, default=(0.0001, 0.1, 1.0, 10.0)
        The penalties to choose from.

    hidden_layer_sizes : list or tuple, default=((10,), (30,), (100,))
        The networks to choose from, each an int or array-like with the numbers of units
        in its hidden layers.

    max_iter : int, default=500
        The largest number of epochs to choose from.

    cv : int, cross-validation generator or iterable, default=5
        The folds.

    scoring : str, callable or None, default='loss'
        What to choose by: 'loss', the loss of the network; a scorer, by name or as a
        function of estimator, X and y; or None, the coefficient of determination.

    rule : {'best', 'one_standard_error'}, default='best'
        The best mean over the folds, or the simplest network that is not worse by more
        than its standard error, see :meth:`OverfittingStudy.select`.

    halving_factor : float, default=3
        The factor, 2 or more, by which each round of successive halving reduces the
        number of settings and extends their training. None trains all of them to the
        end.

    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`.

    random_state : int, RandomState instance or None, default=None
        Draws one `random_state` for all networks; None keeps that of `estimator`.

    verbose : int, default=0
        Whether to print a line for each setting when its folds are done.

    Attributes
    ----------
    best_estimator_ : BackpropRegressor
        The network that was trained on all data.

    best_params_ : dict
        Its `alpha` and `hidden_layer_sizes`.

    best_epoch_ : int
        The number of epochs that it was trained for, unless its own `n_iter_no_change`
        or early stopping ended training earlier, as they may in the folds; see
        `n_iter_`.

    best_score_ : float
        The mean score of the choice over the folds; for 'loss', the negated loss.

    study_ : OverfittingStudy
        The curves of all settings.

    cv_results_ : dict of ndarray
        The results of all settings at their best epoch, as in `GridSearchCV`. Those
        that were given up only have results up to then; see the column 'n_epochs'.

    n_iter_ : int
        The number of epochs that it was actually trained for.

    n_features_in_ : int
        The number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features seen during :term:`fit`. Defined only if all of
        them are strings.

    See Also
    --------
    overfitting_study : Any grid of settings, and pipelines.
    BackpropRegressor : The network.

    References
    ----------
    .. [1] Jamieson, K. & Talwalkar, A. (2016). "Non-stochastic best arm identification
       and hyperparameter optimization." AISTATS.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_bp import BackpropRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = BackpropRegressorCV(random_state=0).fit(scale(X), scale(y))
    >>> model.score(scale(X), scale(y)) > 0.5
    True
    """

    def _default_network(self):
        return BackpropRegressor(learning_rate_init=0.002, n_iter_no_change=np.inf)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
