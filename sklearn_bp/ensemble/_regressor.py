"""An ensemble of networks that predict numbers."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from .._regressor import BackpropRegressor
from ..fitting import scaled_weights
from ..utils import like
from ._base_ensemble import BaseEnsemble
from ._conformal import check_coverage, sorted_errors, upper_bounds


class BackpropEnsembleRegressor(RegressorMixin, BaseEnsemble):
    """Predict numbers from tables by the mean of many networks.

    The table is encoded: numbers by their place between quantiles, categories by
    indicators. It is divided into folds, and for each of them networks are trained on
    the rest, and stopped when their loss on the fold no longer falls. Their predictions
    are averaged. If there are several settings, they are weighed by greedy selection
    [1]_, by how well the networks predict the folds that they were trained without.

    Parameters
    ----------
    estimator : BackpropRegressor, default=None
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
    n_outputs_ : int
        The number of targets.

    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The prediction for each sample, from networks
        that were neither trained on the sample nor stopped by it, with weights that it
        had no say in: each half of a fold is predicted after the epoch that is best for
        the other half, with weights chosen on the other folds. NaN for samples that are
        in no fold; of several folds, the mean.

    oof_score_ : float
        The coefficient of determination of these predictions: what to expect of `score`
        on new data.

    oof_loss_ : float
        Their mean loss, with the targets standardised, as networks are trained on them.

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
    BackpropEnsembleClassifier : For classes.
    BackpropRegressor : The network.

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
    ``learning_rate_init=0.005``, ``n_iter_no_change=10``, batches of about a
    thirty-second of the samples, from 32 to 256, and compute in float32. Targets and
    outputs are in float64.

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
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_bp import BackpropEnsembleRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = BackpropEnsembleRegressor(random_state=0).fit(X, y)
    >>> model.oof_score_ > 0.4
    True
    >>> model.predict_interval(X, coverage=0.9).shape
    (442, 2)
    """

    _network_class = BackpropRegressor
    _patience = 10

    def __init__(
        self,
        estimator=None,
        *,
        param_grid=None,
        cv=8,
        n_bins="auto",
        categorical_features="from_dtype",
        relevance_power=1.0,
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
            max_seconds=max_seconds,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )

    def predict_interval(self, X, coverage=0.9):
        """Predict intervals that hold the targets, mostly.

        Each sample of `fit` tells by how much the networks that had not seen it were
        wrong, and these errors are laid around what the same networks predict for X:
        the CV+ of [1]_. The guarantee that holds for networks which have not seen a
        fold in any way, a coverage of ``2 * coverage - 1`` at least, does not quite
        hold here, where a fold has stopped them: the coverage is empirical, as far as
        new samples are like those of `fit`. It is an average over samples; all
        intervals are about equally wide, wherever the targets vary more or less.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.
        coverage : float, default=0.9
            The share of samples whose target is to be in its interval, between 0 and 1.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper bounds. Infinite if there are too few samples for that
            coverage: with 0.9, fewer than nine.

        Raises
        ------
        ValueError
            If `coverage` is not valid.

        References
        ----------
        .. [1] Barber, R. F., Candès, E., Ramdas, A. & Tibshirani, R. (2021).
           "Predictive inference with the jackknife+." Annals of Statistics.
        """
        check_coverage(coverage)
        by_fold = self._respond_by_fold("predict", X)
        by_target = by_fold.reshape(*by_fold.shape[:2], -1)
        intervals = np.empty((*by_target.shape[1:], 2))
        for target, errors in enumerate(self._unseen_errors):
            centers = by_target[:, :, target]
            intervals[:, target, 0] = -upper_bounds(-centers, errors, coverage)
            intervals[:, target, 1] = upper_bounds(centers, errors, coverage)
        intervals.sort(axis=-1)  # of a small coverage, bounds may cross
        return like(X, intervals[:, 0] if by_fold.ndim == 2 else intervals)

    def _learned_from(self, unseen, targets, samples):
        rows, weight = unseen.rows, scaled_weights(samples.sample_weight)
        y = samples.y
        predictions = unseen.predictions.reshape(y.shape)
        score = r2_score(
            y[rows],
            predictions[rows],
            sample_weight=None if weight is None else weight[rows],
        )
        y = y.reshape(len(y), -1)
        errors = [
            [
                np.abs(y[test, target] - of_fold[:, target])
                for test, of_fold in zip(unseen.folds, unseen.by_fold, strict=True)
            ]
            for target in range(y.shape[1])
        ]
        return {
            "oof_predictions_": predictions,
            "oof_score_": score,
            "_unseen_errors": [sorted_errors(e, *unseen.shares) for e in errors],
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
