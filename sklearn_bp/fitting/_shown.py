"""What an estimator shows of its training."""

# Attributes that exist or not, depending on how the network was trained.
OPTIONAL = ("best_loss_", "best_validation_score_", "loss_")


def show(estimator, training):
    """Make the network of a training the estimator's own.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        The estimator; its fitted attributes, except those of its data, are replaced.
    training : Training
        The training.
    """
    for name in OPTIONAL:
        vars(estimator).pop(name, None)
    vars(estimator).update(fitted_attributes(training))


def shown_copy(training, theta, n_iter):
    """Another estimator, as if training had ended with these parameters.

    Parameters
    ----------
    training : Training
        A training in progress.
    theta : ndarray of shape (n_parameters,)
        The parameters; changing them changes what the copy predicts.
    n_iter : int
        The number of epochs.

    Returns
    -------
    estimator : BackpropClassifier or BackpropRegressor
        A copy of the training's estimator.
    """
    kind = type(training.estimator)
    estimator = kind.__new__(kind)
    vars(estimator).update(vars(training.estimator))
    show(estimator, training.at(theta, n_iter))
    return estimator


def fitted_attributes(training):
    """The fitted attributes of an estimator, and what it keeps of the training.

    Parameters
    ----------
    training : Training
        The training.

    Returns
    -------
    attributes : dict
        The attributes by name.
    """
    state = training.state
    fitted = training.fitted
    attributes = {
        **training.targets.attributes,
        "coefs_": list(fitted.coefs),
        "intercepts_": list(fitted.intercepts),
        "n_layers_": len(fitted.layer_sizes),
        "out_activation_": fitted.link,
        "t_": state.n_samples_seen,
        "n_iter_": training.n_iter,
        "_fitted": fitted,
        "_state": state,
    }
    if training.loss is not None:
        attributes["loss_"] = training.loss
    best = training.best_score
    if best is not None:
        stops_early = training.estimator.early_stopping
        attributes["best_loss_"] = None if stops_early else -best
        attributes["best_validation_score_"] = best if stops_early else None
    return attributes
