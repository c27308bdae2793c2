"""A fitted network and its training as plain data: arrays, numbers, strings and dicts.

This way a model can be saved and loaded without private classes of this package, and
the format of what is saved need not follow the code.
"""

from ..network import LOSSES, Network
from ..training import TrainingState
from ..utils import check_version
from ._fitted import FittedNetwork
from ._scaling import Scaling
from ._targets import ClassTargets, NumberTargets
from ._version_1 import of_version_1

#: The version of the format, to be increased whenever the format changes.
VERSION = 2

TARGETS = {"classes": ClassTargets, "numbers": NumberTargets}


def to_plain(fitted, state):
    """Turn a network and its training into a dict, without the weights and biases.

    Parameters
    ----------
    fitted : FittedNetwork
        The network.
    state : TrainingState
        Its training.

    Returns
    -------
    plain : dict
        Arrays, numbers, strings and dicts; also functions, if the user gave one as
        `learning_rate` or `scoring`.
    """
    return {**_description(fitted), "training": state.to_plain()}


def network_to_plain(fitted):
    """The same of a network that will not be trained further, with its parameters."""
    return {**_description(fitted), "theta": fitted.theta}


def _description(fitted):
    loss = fitted.network.loss
    kind = next(
        name for name, kind in TARGETS.items() if isinstance(fitted.targets, kind)
    )
    return {
        "version": VERSION,
        "layer_sizes": list(fitted.layer_sizes),
        "activations": list(fitted.activations),
        "loss": {"name": loss.name, **vars(loss)},
        "dtype": str(fitted.dtype),
        "targets": {"kind": kind, **vars(fitted.targets)},
        "scaling": fitted.scaling and vars(fitted.scaling).copy(),
    }


def from_plain(plain, coefs, intercepts):
    """The inverse of `to_plain`.

    Parameters
    ----------
    plain : dict
        What `to_plain` has returned.
    coefs, intercepts : list of ndarray
        The weights and biases of each layer.

    Returns
    -------
    fitted : FittedNetwork
        The network.
    state : TrainingState
        Its training.

    Raises
    ------
    ValueError
        If the version of the data is unknown.
    """
    network, targets, scaling = _parts(plain)
    training = plain["training"]
    if plain["version"] == 1:
        training = of_version_1(training)
    theta = network.flatten(coefs, intercepts, dtype=plain["dtype"])
    state = TrainingState.from_plain(network, theta, training)
    return FittedNetwork(network, theta, targets, scaling=scaling), state


def network_from_plain(plain):
    """The inverse of `network_to_plain`."""
    network, targets, scaling = _parts(plain)
    theta = plain["theta"].astype(plain["dtype"])
    return FittedNetwork(network, theta, targets, scaling=scaling)


def _parts(plain):
    """The network, its targets and its scaling."""
    check_version("model", plain.get("version"), VERSION)
    loss, targets = dict(plain["loss"]), dict(plain["targets"])
    network = Network(
        tuple(plain["layer_sizes"]),
        tuple(plain["activations"]),
        LOSSES[loss.pop("name")](**loss),
    )
    kind = TARGETS[targets.pop("kind")]
    revived = kind.__new__(kind)
    vars(revived).update(targets)
    scaling = plain.get("scaling")
    return network, revived, scaling and Scaling(**scaling)
