"""Trainings that were saved in version 1 of the format, as they are saved now."""

import numpy as np

from ..training import COLUMNS, OPTIMIZERS


def of_version_1(training):
    """Turn a training of version 1, or of its first drafts, into one of version 2.

    Parameters
    ----------
    training : dict
        As it was saved.

    Returns
    -------
    training : dict
        As it is saved now. Which epoch was the best was not known, and is found in the
        history.
    """
    history = _history(training["history"])
    stopping, epoch = training["stopping"], history["n_rows"]
    if stopping is not None:
        stopping = {**stopping, "best_epoch": None}
        del stopping["is_score_of_start"]
        if stopping["keep_best"]:
            scores = history["columns"].get("validation_score", np.array([]))
            (epochs,) = np.nonzero(scores == stopping["best_score"])
            epoch = int(epochs[0]) + 1 if len(epochs) > 0 else epoch
            stopping["best_epoch"] = epoch
    return {
        **training,
        "optimizer": _optimizer(training["optimizer"]),
        "stopping": stopping,
        "history": history,
        "epoch": epoch,
        "seed_of_split": None,
    }


def _history(history):
    """A draft had a matrix of all columns."""
    if "rows" not in history:
        return history
    rows = history["rows"]
    return {
        "n_rows": len(rows),
        "columns": dict(zip(COLUMNS, rows.T)),
        "first_watched": history["first_watched"],
    }


def _optimizer(optimizer):
    """A draft had other settings of sgd and rprop."""
    optimizer = optimizer and dict(optimizer)
    if optimizer and "nesterov" in optimizer:
        optimizer["nesterovs_momentum"] = optimizer.pop("nesterov")
    if optimizer and "learning_rate_init" in optimizer:
        rate = optimizer.pop("learning_rate_init")
        rprop = OPTIMIZERS[optimizer["name"]]
        optimizer["shortest"] = rprop.shortest_step / rate
        optimizer["longest"] = rprop.longest_step / rate
    return optimizer
