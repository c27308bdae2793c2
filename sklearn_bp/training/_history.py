"""What each epoch recorded."""

from dataclasses import dataclass, field


@dataclass
class History:
    """One entry an epoch.

    Parameters
    ----------
    losses : list of float
        The training loss, averaged over the epoch's steps.
    validation_scores : list of float
        What early stopping watched; empty without it.
    """

    losses: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)

    def copy(self):
        return History(self.losses.copy(), self.validation_scores.copy())
