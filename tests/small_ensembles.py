"""Ensembles that are trained in a moment, and data for them."""

from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import KFold

from sklearn_bp import (
    BackpropClassifier,
    BackpropEnsembleClassifier,
    BackpropEnsembleRegressor,
    BackpropRegressor,
)

X, Y = load_diabetes(return_X_y=True)
X_CLASSES, CLASSES = load_iris(return_X_y=True)
SMALL = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.02,
    "max_iter": 25,
    "n_iter_no_change": 4,
}
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(X))


def regressor(cv=FOLDS, params=(), **options):
    options = {"cv": cv, "random_state": 0, "n_bins": 1, **options}
    return BackpropEnsembleRegressor(
        BackpropRegressor(**{**SMALL, **dict(params)}), **options
    )


def classifier(cv=3, params=(), **options):
    options = {"cv": cv, "random_state": 0, "n_bins": 1, **options}
    network = BackpropClassifier(**{**SMALL, **dict(params)})
    return BackpropEnsembleClassifier(network, **options)
