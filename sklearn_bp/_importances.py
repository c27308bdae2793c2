"""Importances of features, for scikit-learn's selectors of features."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .fitting import mean_gradients
from .utils import feature_names_in


def gradient_importances(estimator, X=None):
    """How much the outputs of a network change with each feature.

    The mean absolute derivative of the raw outputs with respect to a feature, times the
    standard deviation of this feature. For linear networks, these are the absolute
    weights of standardised features. To be passed as `importance_getter` to
    :class:`sklearn.feature_selection.RFE`,
    :class:`sklearn.feature_selection.SelectFromModel` and their like.

    Parameters
    ----------
    estimator : estimator
        A fitted network: a `BackpropClassifier` or `BackpropRegressor`, their
        counterparts with cross-validation, or a pipeline that ends in one of these,
        whose other steps keep the features in their places, such as a scaler.
    X : array-like of shape (n_samples, n_features), default=None
        The samples at which derivatives are taken. None takes them at 1000 draws from
        the standard normal distribution, always the same ones, since selectors show no
        data to an importance getter. This supposes that the network, or its part behind
        the scaler, was trained on standardised features.

    Returns
    -------
    importances : ndarray of shape (n_features,)
        One number for each feature, not negative: the mean over samples and outputs.
        Of a softmax, what all outputs have in common does not count, as it has no
        effect.

    Raises
    ------
    TypeError
        If there is no such network.
    ValueError
        If the steps before the network do not keep the features in their places, or X
        has a single sample.

    See Also
    --------
    sklearn.inspection.permutation_importance : By how much a score gets worse without a
        feature, for any estimator.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.feature_selection import RFE
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_bp import BackpropRegressor, gradient_importances
    >>> X, y = make_friedman1(n_features=8, random_state=0)
    >>> network = BackpropRegressor(solver="lbfgs", alpha=1.0, random_state=0)
    >>> model = make_pipeline(StandardScaler(), network)
    >>> selector = RFE(
    ...     model, n_features_to_select=5, importance_getter=gradient_importances
    ... )
    >>> selector.fit(X, y).get_support(indices=True)
    array([0, 1, 2, 3, 4])
    """
    check_is_fitted(estimator)
    network = estimator
    if hasattr(estimator, "steps"):
        network, n_features = estimator[-1], _n_features_of_pipeline(estimator)
        if network.n_features_in_ != n_features:
            raise ValueError(
                f"The network at the end of the pipeline has {network.n_features_in_}"
                f" features, but the pipeline has {n_features}: its other"
                " steps must keep the features in their places. Use"
                " sklearn.inspection.permutation_importance instead."
            )
        _check_places(estimator)
        if X is not None:
            for _, step in estimator.steps[:-1]:
                # Samplers of imbalanced-learn, for one, do nothing to new data.
                X = step.transform(X) if hasattr(step, "transform") else X
    networks = _networks_of(network)
    if X is not None:
        X = networks[0].check_X(network, X)
        if X.shape[0] < 2:
            raise ValueError(
                "X has a single sample, of which the features have no standard"
                " deviations: at least two are needed."
            )
    return np.mean([mean_gradients(fitted, X) for fitted in networks], axis=0)


def _check_places(pipeline):
    """Refuse steps whose names of features tell that these are others behind them."""
    for _, step in pipeline.steps[:-1]:
        try:
            names, before = step.get_feature_names_out(), feature_names_in(step, None)
        except (AttributeError, ValueError):
            continue  # nothing is known, or nothing done
        # A ColumnTransformer puts the name of a transformer before that of a feature.
        if len(names) != len(before) or not all(
            name == old or name.endswith(f"__{old}") for name, old in zip(names, before)
        ):
            raise ValueError(
                f"The features behind the step {type(step).__name__} of the pipeline"
                f" are {list(names)}, and {list(before)} before it: the steps before"
                " the network must keep the features in their places. Use"
                " sklearn.inspection.permutation_importance instead."
            )


def _n_features_of_pipeline(pipeline):
    """That of the first step that has it; "passthrough" has none."""
    numbers = (getattr(step, "n_features_in_", None) for _, step in pipeline.steps)
    return next(number for number in numbers if number is not None)


def _networks_of(estimator):
    """The fitted networks of an estimator, which are given its features."""
    if not hasattr(estimator, "encoder_"):
        if hasattr(estimator, "networks_"):
            return estimator.networks_
        if hasattr(estimator, "network_"):
            return [estimator.network_]
    raise TypeError(
        f"estimator must be, or end in, a BackpropClassifier, BackpropRegressor,"
        f" BackpropClassifierCV or BackpropRegressorCV, got"
        f" {type(estimator).__name__}. Use sklearn.inspection.permutation_importance"
        " instead."
    )
