"""What a network is: its layers, activations, losses and initial weights."""

from ._activations import ACTIVATIONS
from ._architecture import Network
from ._initializers import INITIALIZERS, initialize
from ._losses import LOSSES, Loss

__all__ = ["ACTIVATIONS", "INITIALIZERS", "LOSSES", "Loss", "Network", "initialize"]
