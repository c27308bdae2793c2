"""Networks that choose their penalty, their width and their number of epochs."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from .._classifier import BackpropClassifier
from .._regressor import BackpropRegressor
from ._base_cv import BaseBackpropCV


class BackpropClassifierCV(ClassifierMixin, BaseBackpropCV):
    """Network classifier with cross-validated penalty, width and number of epochs.

    Each combination of `alphas` and `hidden_layer_sizes` is trained on the folds of a
    cross-validation, and measured after each epoch. Settings that look hopeless are
    given up early, by successive halving [1]_. A network is then trained on all data,
    with the best setting and number of epochs; or the networks of the folds are kept
    and averaged, see `keep`.

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

    scoring : str, callable, None, list, tuple, set or dict, default='loss'
        What to choose by: 'loss', the loss of the network; a scorer, by name or as a
        function of estimator, X and y; or None, the accuracy. Names of several, or a
        dict from names to any of these, measure all of them.

    refit : str, default=None
        The name of the metric to choose by, if there are several.

    score_epochs : int or array-like of int, default=None
        After which epochs scorers are called that are not scikit-learn's own metrics,
        see :func:`overfitting_study`; None is all epochs.

    rule : {'best', 'one_standard_error'}, default='best'
        The best mean over the folds, or the simplest network that is not worse by more
        than its standard error, which needs more than one fold; see
        :meth:`OverfittingStudy.select`.

    scale : bool, default=True
        Whether features are standardised, by the mean and the standard deviation of
        each fold's training part and, at the end, of all data. Sparse features are not
        centered, so that zeros stay zeros. Data are taken, and `input_gradients`
        returned, in your units; `coefs_` are those of the network for the standardised
        data.

    keep : {'folds'}, default=None
        What to predict with. None trains once more, on all data. 'folds' keeps, from
        the search itself, the networks that the chosen setting had in the folds, and
        averages their probabilities or, in your units, their numbers [2]_. Each is as
        it was after the epoch with the best score on the part of the data that it was
        trained without, whatever the `rule` says of epochs; with the smallest loss
        there, if that part has no score. Until the setting is chosen, the networks of
        all of them are in memory.

    halving_factor : float, default=3
        The factor, 2 or more, by which each round of successive halving reduces the
        number of settings and extends their training. None trains all of them to the
        end.

    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`. Those that do nothing but compute
        are trained in groups, on the threads of the engine, whatever it is.

    random_state : int, RandomState instance or None, default=None
        Draws one `random_state` for all networks; None keeps that of `estimator`.

    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep each training of the folds as soon as it is done, so that the same
        fit, after an interruption or a crash, goes on from there; see
        :func:`overfitting_study`. It needs a `random_state`, here or of `estimator`.
        ``keep='folds'`` does not find trainings that were done without it.

    verbose : int, default=0
        1 prints a line for each setting when its folds are done; 2 shows how many
        trainings are done, the best setting so far and the time that is left: as a bar
        in notebooks, and in terminals if rich is installed, in lines otherwise.

    Attributes
    ----------
    best_estimator_ : BackpropClassifier
        The network that was trained on all data. It scales what it is given; a clone of
        it is a plain network, which does not. With ``keep='folds'`` there is none.

    networks_ : list
        With ``keep='folds'``, the network of each fold, as `network_` describes it.

    fold_epochs_ : ndarray of shape (n_folds,)
        With ``keep='folds'``, the epoch after which each of them was kept.

    best_params_ : dict
        The chosen `alpha` and `hidden_layer_sizes`.

    best_epoch_ : int
        The chosen number of epochs. `best_estimator_` was trained for as many, unless
        its own `n_iter_no_change` or early stopping ended training earlier, as they may
        in the folds; see `n_iter_`.

    best_score_ : float
        The mean score of the choice over the folds; for 'loss', the negated loss.

    study_ : OverfittingStudy
        The curves of all settings.

    cv_results_ : dict of ndarray
        The results of all settings at their best epoch, as in `GridSearchCV`. Those
        that were given up only have results up to then; see the column 'n_epochs'.

    n_iter_ : int or ndarray of shape (n_folds,)
        The number of epochs that training actually took; with ``keep='folds'``, that of
        each fold.

    n_layers_ : int
        The number of layers, counting the inputs.

    n_outputs_ : int
        The number of outputs.

    out_activation_ : str
        The name of the function that turns raw outputs into predictions.

    coefs_ : list of ndarray of shape (n_units_below, n_units)
        The weights of each layer of `best_estimator_`, of which these are the
        attributes, too, and which there are only with it:

    intercepts_ : list of ndarray of shape (n_units,)
        The biases of each layer.

    network_ : object
        The network, with a description for programs that read it.

    history_ : dict of ndarray
        What was recorded at each epoch.

    loss_curve_ : list of float
        The training loss of each epoch.

    loss_ : float
        The training loss of the last epoch.

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

    .. [2] Krogh, A. & Vedelsby, J. (1995). "Neural network ensembles, cross validation,
       and active learning." NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bp import BackpropClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BackpropClassifierCV(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    _network_class = BackpropClassifier

    def _default_network(self):
        return BackpropClassifier(learning_rate_init=0.002, n_iter_no_change=np.inf)

    def decision_function(self, X):
        """Raw outputs of the network, see :meth:`BackpropClassifier.decision_function`.

        With ``keep='folds'``, those of a network whose probabilities would be the mean:
        logarithms of probabilities or, where one output stands for two classes or a
        label, of the odds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        raw : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The raw outputs.
        """
        return self._respond("decision_function", X)

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
        return self._respond("predict_proba", X)

    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithm of what `predict_proba` returns, precise also where that is
            all but 0 or 1.
        """
        return self._respond("predict_log_proba", X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class BackpropRegressorCV(RegressorMixin, BaseBackpropCV):
    """Network regressor with cross-validated penalty, width and number of epochs.

    Each combination of `alphas` and `hidden_layer_sizes` is trained on the folds of a
    cross-validation, and measured after each epoch. Settings that look hopeless are
    given up early, by successive halving [1]_. A network is then trained on all data,
    with the best setting and number of epochs; or the networks of the folds are kept
    and averaged, see `keep`.

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

    scoring : str, callable, None, list, tuple, set or dict, default='loss'
        What to choose by: 'loss', the loss of the network; a scorer, by name or as a
        function of estimator, X and y; or None, the coefficient of determination. Names
        of several, or a dict from names to any of these, measure all of them.

    refit : str, default=None
        The name of the metric to choose by, if there are several.

    score_epochs : int or array-like of int, default=None
        After which epochs scorers are called that are not scikit-learn's own metrics,
        see :func:`overfitting_study`; None is all epochs.

    rule : {'best', 'one_standard_error'}, default='best'
        The best mean over the folds, or the simplest network that is not worse by more
        than its standard error, which needs more than one fold; see
        :meth:`OverfittingStudy.select`.

    scale : bool, default=True
        Whether features and targets are standardised, by the mean and the standard
        deviation of each fold's training part and, at the end, of all data. Sparse
        features are not centered, so that zeros stay zeros; targets of the losses of
        positive numbers, 'poisson' and 'gamma', are divided by their mean. Data are
        taken, and predictions and `input_gradients` returned, in your units; losses,
        `huber_delta` and `coefs_` are those of the network for the standardised data.

    keep : {'folds'}, default=None
        What to predict with. None trains once more, on all data. 'folds' keeps, from
        the search itself, the networks that the chosen setting had in the folds, and
        averages their probabilities or, in your units, their numbers [2]_. Each is as
        it was after the epoch with the best score on the part of the data that it was
        trained without, whatever the `rule` says of epochs; with the smallest loss
        there, if that part has no score. Until the setting is chosen, the networks of
        all of them are in memory.

    halving_factor : float, default=3
        The factor, 2 or more, by which each round of successive halving reduces the
        number of settings and extends their training. None trains all of them to the
        end.

    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`. Those that do nothing but compute
        are trained in groups, on the threads of the engine, whatever it is.

    random_state : int, RandomState instance or None, default=None
        Draws one `random_state` for all networks; None keeps that of `estimator`.

    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep each training of the folds as soon as it is done, so that the same
        fit, after an interruption or a crash, goes on from there; see
        :func:`overfitting_study`. It needs a `random_state`, here or of `estimator`.
        ``keep='folds'`` does not find trainings that were done without it.

    verbose : int, default=0
        1 prints a line for each setting when its folds are done; 2 shows how many
        trainings are done, the best setting so far and the time that is left: as a bar
        in notebooks, and in terminals if rich is installed, in lines otherwise.

    Attributes
    ----------
    best_estimator_ : BackpropRegressor
        The network that was trained on all data. It scales what it is given; a clone of
        it is a plain network, which does not. With ``keep='folds'`` there is none.

    networks_ : list
        With ``keep='folds'``, the network of each fold, as `network_` describes it.

    fold_epochs_ : ndarray of shape (n_folds,)
        With ``keep='folds'``, the epoch after which each of them was kept.

    best_params_ : dict
        The chosen `alpha` and `hidden_layer_sizes`.

    best_epoch_ : int
        The chosen number of epochs. `best_estimator_` was trained for as many, unless
        its own `n_iter_no_change` or early stopping ended training earlier, as they may
        in the folds; see `n_iter_`.

    best_score_ : float
        The mean score of the choice over the folds; for 'loss', the negated loss.

    study_ : OverfittingStudy
        The curves of all settings.

    cv_results_ : dict of ndarray
        The results of all settings at their best epoch, as in `GridSearchCV`. Those
        that were given up only have results up to then; see the column 'n_epochs'.

    n_iter_ : int or ndarray of shape (n_folds,)
        The number of epochs that training actually took; with ``keep='folds'``, that of
        each fold.

    n_layers_ : int
        The number of layers, counting the inputs.

    n_outputs_ : int
        The number of outputs.

    out_activation_ : str
        The name of the function that turns raw outputs into predictions.

    coefs_ : list of ndarray of shape (n_units_below, n_units)
        The weights of each layer of `best_estimator_`, of which these are the
        attributes, too, and which there are only with it:

    intercepts_ : list of ndarray of shape (n_units,)
        The biases of each layer.

    network_ : object
        The network, with a description for programs that read it.

    history_ : dict of ndarray
        What was recorded at each epoch.

    loss_curve_ : list of float
        The training loss of each epoch.

    loss_ : float
        The training loss of the last epoch.

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

    .. [2] Krogh, A. & Vedelsby, J. (1995). "Neural network ensembles, cross validation,
       and active learning." NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_bp import BackpropRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = BackpropRegressorCV(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.5
    True
    """

    _network_class = BackpropRegressor

    def _default_network(self):
        return BackpropRegressor(learning_rate_init=0.002, n_iter_no_change=np.inf)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
