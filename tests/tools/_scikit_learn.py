"""All meta-estimators of scikit-learn, whatever the release has."""

import inspect

import numpy as np
from sklearn.base import is_regressor
from sklearn.experimental import (  # noqa: F401  # they are then found
    enable_halving_search_cv,
    enable_iterative_imputer,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

from sklearn_bp import gradient_importances
from sklearn_bp.preprocessing import PiecewiseLinearEncoder

from . import _data
from ._trial import trial

#: Parameters by which an estimator holds others.
HOLDS = {
    "estimator": lambda network: network,
    "regressor": lambda network: network,
    "estimators": lambda network: [("first", network), ("second", network)],
    "steps": lambda network: [("scaler", StandardScaler()), ("network", network)],
    "transformers": lambda _: [("encoder", PiecewiseLinearEncoder(), [0, 1])],
    "transformer_list": lambda _: [("encoder", PiecewiseLinearEncoder())],
}
GRID = {"alpha": [0.01, 1.0]}
GIVEN = {
    "param_grid": GRID,
    "param_distributions": GRID,
    "importance_getter": gradient_importances,
    "n_iter": 2,
    "n_estimators": 3,
    "cv": 2,
    "max_iter": 2,
    "n_features_to_select": 2,
    "random_state": 0,
}
OF_TWO_CLASSES = "FixedThresholdClassifier", "TunedThresholdClassifierCV"
OF_NUMBERS = "IterativeImputer", "TransformedTargetRegressor", "RANSACRegressor"
OF_SEVERAL = "ClassifierChain", "MultiOutputClassifier"
OF_SEVERAL_NUMBERS = "MultiOutputRegressor", "RegressorChain"


def data_for(name, kind):
    """The network and the data that a meta-estimator is tried with."""
    if name in OF_TWO_CLASSES:
        return _data.classifier(), _data.X, _data.y > 0
    if name in OF_SEVERAL:
        indicators = (_data.X[:, :2] > 0).astype(int)
        return _data.classifier(), _data.X, indicators
    if name in OF_SEVERAL_NUMBERS:
        return _data.regressor(), _data.X_numbers, _data.X_numbers[:, :2]
    if name == "SelfTrainingClassifier":
        return _data.classifier(), _data.X, np.where(_data.y % 3 == 1, -1, _data.y)
    if name in OF_NUMBERS or kind.__name__.endswith("Regressor"):
        X = _data.X_numbers
        if name == "IterativeImputer":
            X = np.where(np.arange(X.size).reshape(X.shape) % 11 == 0, np.nan, X)[:, :4]
        return _data.regressor(), X, _data.numbers
    return _data.classifier(), _data.X, _data.y


def try_out(name, kind):
    """Fit a meta-estimator, and use it."""
    network, X, y = data_for(name, kind)
    parameters = inspect.signature(kind).parameters
    chosen = {key: hold(network) for key, hold in HOLDS.items() if key in parameters}
    chosen |= {key: GIVEN[key] for key in GIVEN if key in parameters}
    if name == "FrozenEstimator":
        chosen["estimator"] = network.fit(X, y)
    remark = ""
    if name == "RANSACRegressor":  # it can only count the weights of linear models
        chosen["min_samples"], remark = 0.5, "set `min_samples`; "
    model = kind(**chosen).fit(X, y)
    if not hasattr(model, "predict"):
        shape = model.transform(X).shape
        return f"{shape[1]} columns"
    predictions = model.predict(X)
    if len(predictions) != len(X) or not np.isfinite(predictions).all():
        raise AssertionError("there are no finite predictions for all samples")
    if np.ndim(y) == 2 or name == "SelfTrainingClassifier":
        return ""
    return remark + _data.good(model.score(X, y), 0.3 if is_regressor(model) else 0.8)


def meta_estimators():
    for name, kind in all_estimators():
        if HOLDS.keys() & inspect.signature(kind).parameters.keys():
            yield name, kind


for name, kind in meta_estimators():
    module = ".".join(kind.__module__.split(".")[:2])

    def run(name=name, kind=kind):
        return try_out(name, kind)

    trial("scikit-learn", f"`{module}.{name}`")(run)
