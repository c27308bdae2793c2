"""What the two ensembles share: encode, divide, train, weigh."""

import math
from abc import abstractmethod
from contextlib import nullcontext
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse, vstack
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from .._callbacks import Task, data_of_callbacks
from .._holder import NetworkHolder
from ..fitting import AveragedNetworks, averaged, check_dtype
from ..model_selection import (
    CurveStore,
    StudyHolder,
    check_verbose,
    run_study,
    settings_of,
    watched_studies,
)
from ..preprocessing import TableEncoder
from ..utils import (
    CallbackSupportMixin,
    DocLinkMixin,
    Finite,
    HasMethods,
    Interval,
    StrOptions,
    check_parameters,
    check_sample_weight,
    fit_context,
    is_name,
    like,
    plain_number,
    take_rows,
    to_numpy,
    warn,
)
from ._folds import folds_of, group_numbers
from ._planning import first_plan, make_plan, stretched
from ._unseen import Unseen

#: The values that each parameter may have.
CONSTRAINTS = {
    "estimator": [HasMethods("fit"), None],
    "param_grid": [dict, list, None],
    "cv": ["cv_object"],
    "n_bins": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "relevance_power": [Interval(Real, 0, 10, closed="both")],
    "max_seconds": [Finite(0, closed="neither"), None],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

#: Columns of numbers are cut into so many segments; into fewer where the encoded table
#: would have too many columns.
MOST_BINS = 16
MOST_COLUMNS = 2000
#: The network that stands in for ``estimator=None``; its batches are a share of the
#: samples, in powers of two between these.
NETWORK = {
    "hidden_layer_sizes": (128,),
    "dropout": 0.1,
    "learning_rate_init": 0.005,
    "dtype": "float32",
}
BATCHES_OF_EPOCH = 32
BATCH_SIZES = 32, 256
#: How many encoded numbers networks are asked about at a time.
NUMBERS_AT_A_TIME = 2**24
#: Rounding of the mean loss.
TOLERANCE = 1e-5


class BaseEnsemble(
    StudyHolder,
    NetworkHolder,
    DocLinkMixin,
    CallbackSupportMixin,
    MetaEstimatorMixin,
    BaseEstimator,
):
    """Base class of the two estimators; not to be used directly."""

    _parameter_constraints = CONSTRAINTS

    @abstractmethod
    def __init__(self, **parameters):
        for name, value in parameters.items():
            setattr(self, name, value)

    # ---- training --------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the networks, and weigh them.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The training data: numbers and categories, with missing values, see
            :class:`sklearn_bp.preprocessing.TableEncoder`.
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
        TypeError
            If X is sparse, or `estimator` is no network of this package.

        Warns
        -----
        ConvergenceWarning
            If networks could have been trained for longer, as `max_iter` or
            `max_seconds` has ended their training; or if, on samples that its networks
            have not seen, the ensemble is no better than a constant.
        FitFailedWarning
            If a setting fails, and is left out.
        """
        verbose = check_verbose(self.verbose)
        X, y, groups = _as_table(X), to_numpy(y, "y"), to_numpy(groups, "groups")
        network, settings = self._network((*X.shape, 1)[0]), self._settings()
        encoder = self._encoder(X, network)
        encoded = encoder.fit_transform(X, sample_weight=sample_weight)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is"
                " None."
            )
        weight = check_sample_weight(sample_weight, len(encoded))
        groups = group_numbers(groups)
        random_state = check_random_state(self.random_state)
        cv, is_of_classes = plain_number(self.cv), is_classifier(self)
        folds = folds_of(cv, X, y, weight, groups, is_of_classes, random_state)
        plan, views = make_plan(
            network,
            settings,
            encoded,
            encoder.is_ramp_,
            y,
            folds,
            sample_weight=weight,
            groups=groups,
            max_seconds=self.max_seconds,
            random_state=random_state,
        )
        power, first = plain_number(self.relevance_power), None
        if power > 0:
            first = first_plan(plan, views, network)
        task = Task.of(self, max_subtasks=len(plan.candidates) * len(plan.folds))
        store, reported = CurveStore(), nullcontext()
        if task is not None:
            reported = task.reported(data_of_callbacks(X, y, sample_weight))
        n_jobs = plain_number(self.n_jobs)
        with reported, watched_studies([plan], math.inf, verbose, first) as progress:
            if first is not None:
                plan = stretched(plan, views, first, power, n_jobs, progress)
            study = run_study(
                plan,
                math.inf,
                n_jobs,
                verbose,
                task,
                store=store,
                progress=progress,
            )
            learned = self._weigh(plan, network, study, store.curves, encoder)
        # All at once, so that what fails before leaves the estimator as it was.
        for name in ("feature_names_in_", "_unseen_errors"):
            vars(self).pop(name, None)
        vars(self).update(learned)
        return self

    def _network(self, n_samples):
        """The network whose copies are trained, and stopped by their folds alone."""
        network = self._network_class(
            **NETWORK,
            n_iter_no_change=self._patience,
            batch_size=_batch_size(n_samples),
        )
        if self.estimator is not None:
            if not isinstance(self.estimator, type(network)):
                kind = type(network).__name__
                raise TypeError(
                    f"estimator must be an instance of {kind}, such as {kind}(), or"
                    f" None, got {self.estimator!r}."
                )
            network = clone(self.estimator)
        check_parameters(network)
        return network

    def _settings(self):
        if self.param_grid is not None:
            return settings_of(self.param_grid)
        return [{}]

    def _encoder(self, X, network):
        n_bins = self.n_bins
        if is_name(n_bins, "auto"):
            _, n_features = (*X.shape, 1, 1)[:2]
            most = MOST_COLUMNS // max(n_features, 1) - 1
            n_bins = min(max(most, 1), MOST_BINS)
        encoder = TableEncoder(
            n_bins=n_bins,
            categorical_features=self.categorical_features,
            dtype=str(check_dtype(network.dtype or np.float64)),
        )
        return encoder.set_output(transform="default")

    def _weigh(self, plan, network, study, curves, encoder):
        """Weigh the settings, by what their networks say of samples that these have not
        seen, and keep those that count. Returns the fitted attributes."""
        folds = range(len(plan.folds))
        members = [
            [curves[number, fold].kept for fold in folds]
            for number, error in enumerate(study.errors)
            if error is None
        ]
        candidate = replace(plan.candidates[0], network=network)
        tests = [test for _, test in plan.folds]
        unseen = Unseen(tests, members, candidate, plan.samples[0])
        counting = np.flatnonzero(unseen.weights)
        members = [members[number] for number in counting]
        weights = unseen.weights[counting]
        by_fold = [
            averaged(
                [_of_all_columns(m[fold].fitted, encoder.is_ramp_) for m in members],
                weights,
            )
            for fold in folds
        ]
        setting_weights = np.zeros(len(study.errors))
        setting_weights[[error is None for error in study.errors]] = unseen.weights
        epochs = [[member.epoch for member in of_setting] for of_setting in members]
        learned = {
            **candidate.targets.attributes,
            **self._learned_from(unseen, candidate.targets, plan.samples[0]),
            "_by_fold": by_fold,
            "setting_weights_": setting_weights,
            "best_epochs_": np.array(epochs),
            "oof_loss_": unseen.loss,
            "study_": study,
            "encoder_": encoder,
        }
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(encoder, name):
                learned[name] = getattr(encoder, name)
        self._warn_of_end(members)
        if unseen.loss - unseen.loss_of_constant > TOLERANCE * abs(unseen.loss):
            warn(
                "On samples that its networks have not seen, the loss of the ensemble,"
                f" {unseen.loss:.6g}, is above that of the best constant prediction,"
                f" {unseen.loss_of_constant:.6g}: the features seem to say nothing"
                " about the targets, or there are too few samples to tell.",
                ConvergenceWarning,
            )
        return learned

    def _warn_of_end(self, members):
        of_all = [member for of_setting in members for member in of_setting]
        n_cut = sum(not member.has_ended for member in of_all)
        if 2 * n_cut <= len(of_all):
            return
        remedy = "max_iter, or learning_rate_init, of `estimator`"
        if self.max_seconds is not None:
            remedy = f"max_seconds (it is {self.max_seconds}), or {remedy}"
        warn(
            f"The training of {n_cut} of {len(of_all)} networks has ended while their"
            " loss on the fold that they were trained without was still falling."
            f" Increase {remedy}.",
            ConvergenceWarning,
        )

    # ---- prediction ------------------------------------------------------------------

    @property
    def networks_(self):
        """The fitted networks that count, those of each fold one after the other."""
        return [network for fold in self._folds_of_fit() for network in fold.networks]

    @property
    def weights_(self):
        """Their weights, which sum to 1."""
        folds = self._folds_of_fit()
        return np.concatenate([fold.weights for fold in folds]) / len(folds)

    def _folds_of_fit(self):
        if "_by_fold" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted: it has no networks yet."
            )
        return self._by_fold

    def predict(self, X):
        """Predict with all networks.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The class of the largest mean probability, the labels whose mean probability
            is above one half, or the mean of the predicted numbers.
        """
        return self._respond("predict", X)

    def _respond(self, method, X):
        """What the method of that name returns."""
        check_is_fitted(self)
        whole = AveragedNetworks(self.networks_, self.weights_)
        parts = [whole.respond(method, part) for part in self._encoded(X)]
        if issparse(parts[0]):
            return vstack(parts, format="csr")
        return like(X, np.concatenate(parts))

    def _respond_by_fold(self, method, X):
        """The same of the networks of each fold, shape (n_folds, n_samples, ...)."""
        check_is_fitted(self)
        parts = [
            np.array([fold.respond(method, part) for fold in self._by_fold])
            for part in self._encoded(X)
        ]
        return np.concatenate(parts, axis=1)

    def _encoded(self, X):
        """Encoded data, some samples at a time."""
        n_columns = self.encoder_.n_features_out_
        X = _as_table(X)
        n_samples = (*X.shape, 1)[0]
        for rows in gen_batches(
            max(n_samples, 1), max(1, NUMBERS_AT_A_TIME // n_columns)
        ):
            is_all = rows == slice(0, max(n_samples, 1))
            yield self.encoder_.transform(X if is_all else take_rows(X, rows))

    def __getstate__(self):
        # Plain data: no private class is needed to load the networks.
        attributes = super().__getstate__()
        if "_by_fold" in attributes:
            attributes["_by_fold"] = [fold.to_plain() for fold in self._by_fold]
        return attributes

    def __setstate__(self, attributes):
        super().__setstate__(attributes)
        if "_by_fold" in vars(self):
            self._by_fold = list(map(AveragedNetworks.from_plain, self._by_fold))

    def __sklearn_is_fitted__(self):
        return "_by_fold" in vars(self)

    # ---- what the two differ in ------------------------------------------------------

    #: How many epochs in a row networks by default may pass without a smaller loss.
    _patience = None

    @abstractmethod
    def _learned_from(self, unseen, targets, samples):
        """The attributes that follow from predictions for samples that networks had not
        seen."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _batch_size(n_samples):
    exponent = round(math.log2(max(n_samples, 1) / BATCHES_OF_EPOCH))
    return int(np.clip(2.0**exponent, *BATCH_SIZES))


def _as_table(X):
    """Data frames, and whatever else has a shape, as they are; others as arrays."""
    return to_numpy(X, "X") if hasattr(X, "shape") else np.asarray(X, dtype=object)


def _of_all_columns(fitted, is_ramp):
    """The same network as one of all columns, of which it may have seen no ramps."""
    if fitted.layer_sizes[0] == len(is_ramp):
        return fitted
    return fitted.among(~is_ramp)
