"""An ensemble of networks that classify."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from .._classifier import BackpropClassifier
from ..fitting import scaled_weights
from ..utils import StrOptions, like
from ._base_ensemble import CONSTRAINTS, BaseEnsemble
from ._conformal import are_plausible, check_coverage, sorted_errors


def _has_sets(estimator):
    if hasattr(estimator, "classes_") and not hasattr(estimator, "_unseen_errors"):
        raise AttributeError(
            "predict_set is not available in multilabel problems: a set of classes"
            " belongs to a sample that has one class."
        )
    return True


class BackpropEnsembleClassifier(ClassifierMixin, BaseEnsemble):
    """Classify tables by the mean of many networks.

    The table is encoded: numbers by their place between quantiles, categories by
    indicators. It is divided into folds, and for each of them networks are trained on
    the rest, and stopped when their loss on the fold no longer falls. Their
    probabilities are averaged. If there are several settings, they are weighed by
    greedy selection [1]_, by how well the networks predict the folds that they were
    trained without.

    Parameters
    ----------
    estimator : BackpropClassifier, default=None
        The network of which copies are trained, each until its loss on the fold that it
        is trained without has not fallen by more than `tol` for `n_iter_no_change`
        epochs, or for `max_iter` epochs. It is kept as it was after the best epoch.
        `early_stopping` and `validation_fraction` have no effect, and `random_state` is
        drawn for each copy. None is a network chosen for tables, see Notes.

    param_grid : dict or list, default=None
        Settings of the network, as :func:`overfitting_study` takes them: each is
        trained on all folds. None stands for a single one.

    cv : int, cross-validation generator or iterable, default=8
        The folds. An int is the largest number of folds, of at least two samples: these
        are dealt out at random, so that all folds have about as many of each class, or
        of small and large targets.

    n_bins : int or 'auto', default='auto'
        The largest number of segments that a column of numbers is cut into, see
        :class:`sklearn_bp.preprocessing.PiecewiseLinearEncoder`. 'auto' is 16, or fewer
        where the encoded table would have more than 2,000 columns.

    categorical_features : 'from_dtype', array-like of {bool, int, str} or None, \
            default='from_dtype'
        Which columns hold categories: those of text, of truth values and of a
        categorical type of pandas or polars; or those that a mask, numbers or names
        say; or none.

    relevance_power : float, default=1.0
        Columns are scaled by their relevance, see Notes, to this power, or to half of
        it for networks that see all values and no ramps. 0 leaves them as they are.

    class_weight : dict, list of dict, 'balanced' or None, default=None
        The weight of each class in training, in stopping and in weighing; see
        :class:`BackpropClassifier`. None leaves it to `estimator`.

    max_seconds : float, default=None
        After about so many seconds of training, networks stay as they were after their
        best epoch so far. Each is trained for one epoch at least. Results then depend
        on how fast the machine is.

    n_jobs : int, default=None
        How many networks are trained side by side, in threads unless another backend is
        chosen with :func:`joblib.parallel_config`. Most are trained in groups, on the
        threads of the engine, whatever it is. It has no influence on the results.

    random_state : int, RandomState instance or None, default=None
        Draws the order of the samples and the seed of each network.

    verbose : int, default=0
        1 prints a line for each setting when its folds are done; 2 shows the progress,
        as :func:`overfitting_study` does.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; in a multilabel problem, the numbers of the columns.

    n_outputs_ : int
        The number of outputs of each network.

    oof_predictions_ : ndarray of shape (n_samples, n_classes)
        The probabilities of the classes, from networks
        that were neither trained on the sample nor stopped by it, with weights that it
        had no say in: each half of a fold is predicted after the epoch that is best for
        the other half, with weights chosen on the other folds. NaN for samples that are
        in no fold; of several folds, the mean.

    oof_score_ : float
        The accuracy of these predictions: what to expect of `score` on new
        data.

    oof_loss_ : float
        Their mean loss.

    networks_ : list of object
        The fitted networks that count, with a description for programs that read it;
        those of each fold one after the other. They take encoded data.

    weights_ : ndarray of shape (n_networks,)
        Their weights, which sum to 1.

    setting_weights_ : ndarray of shape (n_settings,)
        The weight of each setting of `study_`, of which each view of the columns is a
        part.

    best_epochs_ : ndarray of shape (n_settings_that_count, n_folds)
        The number of epochs after which each network is kept.

    study_ : OverfittingStudy
        The learning curves of all networks: the losses in training, with penalty and
        dropout, averaged over an epoch's steps; and those on the fold left out after
        each epoch.

    encoder_ : TableEncoder
        The fitted encoder.

    n_features_in_ : int
        The number of columns seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names. Defined only if all of them are strings.

    See Also
    --------
    BackpropEnsembleRegressor : For numbers.
    BackpropClassifier : The network.

    Notes
    -----
    Half of the networks see all encoded columns, the other half no ramps, in which
    networks of small and wide tables overfit. Where there are no ramps and more than
    300 columns, the first half sees hardly more than the most relevant ones. Each
    setting has networks of both kinds.

    Columns are scaled by their relevance: in each fold a first network of 64 units,
    which the fold has no part in, tells by how much its outputs change with each column
    in a standard deviation of it. This is a step of the recursive feature machines of
    [2]_, with the diagonal of their matrix alone.

    By default, networks have one hidden layer of 128 units, ``dropout=0.1``,
    ``learning_rate_init=0.005``, ``n_iter_no_change=5``, batches of about a
    thirty-second of the samples, from 32 to 256, and compute in float32.

    The encoder learns quantiles and categories from all samples, without their targets;
    the scale of the targets is learned anew without each fold.

    References
    ----------
    .. [1] Caruana, R., Niculescu-Mizil, A., Crew, G. & Ksikes, A. (2004). "Ensemble
       selection from libraries of models." ICML.

    .. [2] Radhakrishnan, A., Beaglehole, D., Pandit, P. & Belkin, M. (2024). "Mechanism
       for feature learning in neural networks and backpropagation-free machine learning
       models." Science 383.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bp import BackpropEnsembleClassifier
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> model = BackpropEnsembleClassifier(random_state=0).fit(X, y)
    >>> model.oof_score_ > 0.95
    True
    """

    _network_class = BackpropClassifier
    _patience = 5

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's protocol)
        **CONSTRAINTS,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        estimator=None,
        *,
        param_grid=None,
        cv=8,
        n_bins="auto",
        categorical_features="from_dtype",
        relevance_power=1.0,
        class_weight=None,
        max_seconds=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            estimator=estimator,
            param_grid=param_grid,
            cv=cv,
            n_bins=n_bins,
            categorical_features=categorical_features,
            relevance_power=relevance_power,
            class_weight=class_weight,
            max_seconds=max_seconds,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )

    def predict_proba(self, X):
        """The probability of each class: the mean over the networks.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; in a multilabel problem, of each label.
        """
        return self._respond("predict_proba", X)

    def predict_log_proba(self, X):
        """The logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithms of what `predict_proba` returns.
        """
        return self._respond("predict_log_proba", X)

    def decision_function(self, X):
        """The raw outputs that stand for the mean probabilities.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        decisions : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The logarithm of the odds of the second of two classes, or of each label;
            the logarithm of the probability of each of several classes.
        """
        return self._respond("decision_function", X)

    @available_if(_has_sets)
    def predict_set(self, X, coverage=0.9):
        """Predict sets of classes that hold the true one, mostly.

        A class is in the set unless the networks of each fold find it less probable
        than they found the true classes of most samples that they had not seen [1]_.
        The guarantee that holds for networks which have not seen a fold in any way, a
        coverage of ``2 * coverage - 1`` at least, does not quite hold here, where a
        fold has stopped them: the coverage is empirical, as far as new samples are like
        those of `fit`. It is an average over samples, not a promise for each class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.
        coverage : float, default=0.9
            The share of samples whose class is to be in its set, between 0 and 1.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            Which of `classes_` are in the set of each sample; the most probable one
            always is.

        Raises
        ------
        ValueError
            If `coverage` is not valid.

        References
        ----------
        .. [1] Romano, Y., Sesia, M. & Candès, E. (2020). "Classification with valid and
           adaptive coverage." NeurIPS.
        """
        check_coverage(coverage)
        by_fold = self._respond_by_fold("predict_proba", X)
        sets = are_plausible(1 - by_fold, self._unseen_errors, coverage)
        most_probable = np.asarray(self.predict_proba(X)).argmax(axis=1)
        sets[np.arange(len(sets)), most_probable] = True
        return like(X, sets)

    def _network(self, n_samples):
        network = super()._network(n_samples)
        if self.class_weight is not None:
            network.set_params(class_weight=self.class_weight)
        return network

    def _learned_from(self, unseen, targets, samples):
        rows, weight = unseen.rows, scaled_weights(samples.sample_weight)
        raw = targets.raw_of_probabilities(unseen.predictions[rows])
        learned = {
            "oof_predictions_": unseen.predictions,
            "oof_score_": accuracy_score(
                samples.y[rows],
                targets.decode(raw),
                sample_weight=None if weight is None else weight[rows],
            ),
        }
        if not targets.is_multilabel:
            numbers = np.searchsorted(targets.classes, samples.y)
            errors = [
                1 - of_fold[np.arange(len(of_fold)), numbers[test]]
                for test, of_fold in zip(unseen.folds, unseen.by_fold, strict=True)
            ]
            learned["_unseen_errors"] = sorted_errors(errors, *unseen.shares)
        return learned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
