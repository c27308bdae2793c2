"""What each epoch recorded."""

from dataclasses import dataclass, field, fields

import numpy as np


@dataclass
class History:
    """One entry an epoch.

    Parameters
    ----------
    losses : list of float
        The training loss, averaged over the epoch's steps.
    learning_rates : list of float
        The learning rate of the epoch's last step.
    gradient_norms : list of float
        The length of the objective's gradient, averaged over the steps.
    seconds : list of float
        How long training and validation took.
    validation_losses : list of float
        The loss on the validation data; empty without these.
    validation_scores : list of float
        What early stopping watched; empty without it.
    """

    losses: list = field(default_factory=list)
    learning_rates: list = field(default_factory=list)
    gradient_norms: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)

    def copy(self):
        return History(*(getattr(self, column.name).copy() for column in fields(self)))

    def as_arrays(self):
        """As a dict of arrays of one length, named in the singular. An epoch without
        validation data counts as NaN; what no epoch has is left out."""
        n_epochs, arrays = len(self.losses), {}
        for column in fields(self):
            values = getattr(self, column.name)
            if values:
                name = SINGULAR.get(column.name, column.name)
                arrays[name] = np.array([np.nan] * (n_epochs - len(values)) + values)
        return arrays


SINGULAR = {
    "losses": "loss",
    "learning_rates": "learning_rate",
    "gradient_norms": "gradient_norm",
    "validation_losses": "validation_loss",
    "validation_scores": "validation_score",
}
