"""What a network is: its layers, activations, losses and initial weights."""

from ._activations import ACTIVATIONS, LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE
from ._architecture import Network
from ._initializers import INITIALIZERS, initialize
from ._losses import LOSSES, Loss

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LEAKY_SLOPE",
    "LOSSES",
    "SELU_ALPHA",
    "SELU_SCALE",
    "Loss",
    "Network",
    "initialize",
]
