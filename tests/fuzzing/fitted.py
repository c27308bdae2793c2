"""What holds of a fitted estimator and of its answers, whatever it was fitted on."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier

from .outcomes import Fault


def check_fitted(model):
    """Raise a Fault if the attributes of a fitted estimator are not as documented."""
    sizes = (model.n_features_in_, *_widths(model), model.n_outputs_)
    dtype = model.network_.dtype
    for arrays, shapes in (
        (model.coefs_, list(pairwise(sizes))),
        (model.intercepts_, [(size,) for size in sizes[1:]]),
    ):
        _require([array.shape for array in arrays] == shapes, "shapes of parameters")
        _require({array.dtype for array in arrays} == {dtype}, "dtype of parameters")
        _require(all(np.isfinite(a).all() for a in arrays), "finite parameters")
    _require(model.n_layers_ == len(sizes), "n_layers_")
    lengths = {name: len(column) for name, column in model.history_.items()}
    _require(len(set(lengths.values())) <= 1, f"columns of one length: {lengths}")
    if hasattr(model, "loss_curve_"):
        _require(np.isfinite(model.loss_curve_).all(), "finite losses")
        _require(len(model.loss_curve_) == lengths["loss"], "a loss for each epoch")
    if hasattr(model, "classes_"):
        _require(len(model.classes_) > 0, "classes")


def check_kept(model):
    """The same of one that has kept the networks of folds."""
    n_folds = len(model.networks_)
    _require(len(model.fold_epochs_) == len(model.n_iter_) == n_folds, "epochs")
    is_in_range = (model.fold_epochs_ >= 1) & (model.fold_epochs_ <= model.n_iter_)
    _require(is_in_range.all(), "epochs within those of the training")
    for network in model.networks_:
        _require(network.layer_sizes[0] == model.n_features_in_, "an input per feature")
        _require(len(network.layer_sizes) == model.n_layers_, "n_layers_")
        _require(np.isfinite(network.theta).all(), "finite parameters")


def _network(model):
    """Its network, or the first of several."""
    return model.networks_[0] if hasattr(model, "networks_") else model.network_


def _widths(model):
    return model.network_.layer_sizes[1:-1]


def check_answer(method, value, model, n_rows):
    """Raise a Fault if what a method has returned is not as documented."""
    if method == "score":
        _require(isinstance(value, float) and not np.isnan(value), "a number")
        return
    if method == "loss_and_gradients":
        loss, *gradients = value
        _require(not np.isnan(loss), "a loss")
        for arrays, own in zip(gradients, (model.coefs_, model.intercepts_)):
            shapes = [array.shape for array in own]
            _require([array.shape for array in arrays] == shapes, "shapes of gradients")
        return
    if method == "hidden_activations":
        shape = (n_rows, value.shape[1])
    elif method == "input_gradients":
        outputs = () if model.n_outputs_ == 1 else (model.n_outputs_,)
        shape = (n_rows, *outputs, model.n_features_in_)
    elif method in ("predict_proba", "predict_log_proba"):
        shape = (n_rows, len(model.classes_))
    elif method == "predict" and is_classifier(model):
        _check_labels(value, model, n_rows)
        return
    else:
        shape = (n_rows,) if model.n_outputs_ == 1 else (n_rows, model.n_outputs_)
    _require(value.shape == shape, f"shape {shape}, not {value.shape}")
    network = _network(model)
    is_unscaled = method == "predict" and network.scaling is not None
    is_float64 = is_unscaled or hasattr(model, "networks_")
    dtype = np.float64 if is_float64 else network.dtype
    _require(value.dtype == dtype, f"dtype {dtype}, not {value.dtype}")
    _require(not np.isnan(value).any(), "no NaN")
    if method == "predict_proba":
        _require(((value >= 0) & (value <= 1)).all(), "probabilities")
        if network.loss == "log_loss" or len(model.classes_) <= 2 < value.ndim:
            _require(np.allclose(value.sum(axis=1), 1, atol=1e-5), "a sum of 1")


def check_study(result):
    """Raise a Fault if a curve or a study is not as documented."""
    best_epoch = getattr(result, "best_epoch_", None) or result.best_epoch
    _require(isinstance(best_epoch, int) and best_epoch > 0, "a best epoch")
    _require(len(result.to_frame()) > 0, "a table")
    _require(str(result), "a text")
    for curve in getattr(result, "curves", [result]):
        if curve is not None:
            n_epochs = curve.n_epochs.max()
            _require(curve.train_losses.shape[0] == n_epochs, "a row for each epoch")


def _check_labels(value, model, n_rows):
    if _network(model).targets.is_multilabel:
        _require(value.shape == (n_rows, len(model.classes_)), "shape of indicators")
        values = value.data if sp.issparse(value) else value
        _require(np.isin(values, [0, 1]).all(), "indicators")
        return
    _require(value.shape == (n_rows,), "one label per row")
    _require(value.dtype == model.classes_.dtype, "the dtype of the classes")
    _require(np.isin(value, model.classes_).all(), "labels out of the classes")


def _require(is_so, what):
    if not is_so:
        raise Fault(f"there should be {what}")
