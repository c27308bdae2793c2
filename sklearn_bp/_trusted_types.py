"""What saved models are made of, besides plain data."""

_STUDIES = "sklearn_bp.model_selection"
TRUSTED_TYPES = (
    "sklearn_bp._classifier.BackpropClassifier",
    "sklearn_bp._regressor.BackpropRegressor",
    "sklearn_bp.ensemble._classifier.BackpropEnsembleClassifier",
    "sklearn_bp.ensemble._regressor.BackpropEnsembleRegressor",
    f"{_STUDIES}._search.BackpropClassifierCV",
    f"{_STUDIES}._search.BackpropRegressorCV",
    "sklearn_bp.preprocessing._piecewise.PiecewiseLinearEncoder",
    "sklearn_bp.preprocessing._table.TableEncoder",
    f"{_STUDIES}._comparison.SettingsComparison",
    f"{_STUDIES}._epoch_curve.EpochCurve",
    f"{_STUDIES}._nested.NestedStudy",
    f"{_STUDIES}._results.OverfittingStudy",
)


def trusted_types():
    """The classes of this package that a saved model or study may consist of.

    :func:`skops.io.load` makes objects of no other classes than those that it is told
    to trust. Everything else in these files is arrays, numbers, strings, lists and
    dicts, and whatever parameters were set to.

    Returns
    -------
    names : list of str
        The names of the estimators, the encoders and the results of studies, to be
        passed to :func:`skops.io.load` as `trusted`, or to
        ``mlflow.sklearn.log_model`` as `skops_trusted_types`.

    Examples
    --------
    >>> from sklearn_bp import trusted_types
    >>> trusted_types()[0]
    'sklearn_bp._classifier.BackpropClassifier'
    """
    return list(TRUSTED_TYPES)
