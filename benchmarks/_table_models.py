"""What is compared on tables: estimators with their defaults that take a DataFrame.

Each function makes an estimator from whether it classifies, a seed and the number of
threads; what few models need is imported there.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

COVERAGE = 0.9
NUMBERS = make_column_selector(dtype_include="number")
CATEGORIES = make_column_selector(dtype_exclude="number")


def _behind_scalers(classifier, regressor, is_classification):
    """A network behind what it needs, for features and for targets."""
    preprocessing = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
    )
    if is_classification:
        return make_pipeline(preprocessing, classifier)
    scaled = TransformedTargetRegressor(regressor, transformer=StandardScaler())
    return make_pipeline(preprocessing, scaled)


def mlp(is_classification, seed, n_threads):
    networks = MLPClassifier(random_state=seed), MLPRegressor(random_state=seed)
    return _behind_scalers(*networks, is_classification)


def backprop(is_classification, seed, n_threads):
    from sklearn_bp import BackpropClassifier, BackpropRegressor

    settings = {"early_stopping": True, "random_state": seed}
    networks = BackpropClassifier(**settings), BackpropRegressor(**settings)
    return _behind_scalers(*networks, is_classification)


def backprop_ensemble(is_classification, seed, n_threads):
    from sklearn_bp.ensemble import (
        BackpropEnsembleClassifier,
        BackpropEnsembleRegressor,
    )

    if is_classification:
        return BackpropEnsembleClassifier(random_state=seed)
    return BackpropEnsembleRegressor(random_state=seed)


def with_category_dtype(X):
    return X.astype(dict.fromkeys(CATEGORIES(X), "category"))


def _boosting(cls, seed, **settings):
    boosting = cls(categorical_features="from_dtype", random_state=seed, **settings)
    return make_pipeline(FunctionTransformer(with_category_dtype), boosting)


def boosting(is_classification, seed, n_threads):
    if is_classification:
        return _boosting(HistGradientBoostingClassifier, seed)
    return _boosting(HistGradientBoostingRegressor, seed)


def _pytabkit(names, is_classification, seed, n_threads):
    """Its networks take text as categories, but no missing numbers."""
    import pytabkit
    import torch

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(n_threads)
    cls = getattr(pytabkit, names[0] if is_classification else names[1])
    imputer = make_column_transformer(
        (SimpleImputer(), NUMBERS), remainder="passthrough"
    ).set_output(transform="pandas")
    network = cls(device="cpu", random_state=seed, n_threads=n_threads)
    return make_pipeline(imputer, network)


def realmlp(*settings):
    return _pytabkit(("RealMLP_TD_S_Classifier", "RealMLP_TD_S_Regressor"), *settings)


def tabm(*settings):
    return _pytabkit(("TabM_D_Classifier", "TabM_D_Regressor"), *settings)


class CrossConformal(RegressorMixin, BaseEstimator):
    """CV+ around a regressor (Barber et al., 2021), by MAPIE."""

    def __init__(self, regressor):
        self.regressor = regressor

    def fit(self, X, y):
        from mapie.regression import CrossConformalRegressor

        self.conformal_ = CrossConformalRegressor(
            self.regressor, confidence_level=COVERAGE
        ).fit_conformalize(X, y)
        return self

    def predict(self, X):
        return self.conformal_.predict(X)

    def predict_interval(self, X):
        return self.conformal_.predict_interval(X)[1][:, :, 0]


class ConformalisedQuantiles(RegressorMixin, BaseEstimator):
    """Conformalised quantile regression (Romano, Patterson & Candès, 2019).

    A quarter of the samples calibrates the quantiles.
    """

    def __init__(self, low, high, random_state):
        self.low = low
        self.high = high
        self.random_state = random_state

    def fit(self, X, y):
        X, X_calibration, y, y_calibration = train_test_split(
            X, y, test_size=0.25, random_state=self.random_state
        )
        self.quantiles_ = [clone(one).fit(X, y) for one in (self.low, self.high)]
        low, high = self._quantiles(X_calibration)
        outside = np.sort(
            np.maximum(low - y_calibration, y_calibration - high).to_numpy()
        )
        rank = math.ceil(COVERAGE * (len(outside) + 1))
        self.margin_ = outside[rank - 1] if rank <= len(outside) else math.inf
        return self

    def _quantiles(self, X):
        return [quantile.predict(X) for quantile in self.quantiles_]

    def predict(self, X):
        """The middle of the interval."""
        return np.mean(self._quantiles(X), axis=0)

    def predict_interval(self, X):
        low, high = self._quantiles(X)
        return np.column_stack([low - self.margin_, high + self.margin_])


def mlp_cross_conformal(is_classification, seed, n_threads):
    return CrossConformal(mlp(False, seed, n_threads))


def boosting_conformalised(is_classification, seed, n_threads):
    low, high = (
        _boosting(HistGradientBoostingRegressor, seed, loss="quantile", quantile=level)
        for level in ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    )
    return ConformalisedQuantiles(low, high, seed)


@dataclass(frozen=True)
class Model:
    make: Callable
    package: str
    only_intervals: bool = False  # only for regression, and left out of the errors
    tries_one_blas_thread: bool = False  # the quicker number of threads counts


MODELS = {
    "MLP": Model(mlp, "sklearn", tries_one_blas_thread=True),
    "HistGradientBoosting": Model(boosting, "sklearn"),
    "RealMLP-TD-S": Model(realmlp, "pytabkit"),
    "TabM-D": Model(tabm, "pytabkit"),
    "Backprop": Model(backprop, "sklearn_bp"),
    "BackpropEnsemble": Model(backprop_ensemble, "sklearn_bp.ensemble"),
    "MLP-CV+": Model(mlp_cross_conformal, "mapie", True, tries_one_blas_thread=True),
    "HistGradientBoosting-CQR": Model(boosting_conformalised, "sklearn", True),
}
DEFAULT = [
    name for name, model in MODELS.items() if model.package not in ("pytabkit", "mapie")
]
