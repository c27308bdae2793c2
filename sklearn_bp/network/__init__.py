"""What a network is: its layers, activations, losses and first weights."""

from ._activations import ACTIVATIONS
from ._architecture import Network
from ._initializers import glorot_uniform
from ._losses import LOSSES

__all__ = ["ACTIVATIONS", "LOSSES", "Network", "glorot_uniform"]
