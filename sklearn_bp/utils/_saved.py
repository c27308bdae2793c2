"""Versions of what is saved: older ones are read, newer ones refused by name."""

import inspect


class VersionedState:
    """Mixin of estimators: what is saved of them has the version of its format.

    Parameters that there were not yet when it was saved have their defaults.
    """

    #: To be increased whenever the format changes.
    _state_version = 1

    def __getstate__(self):
        return {**super().__getstate__(), "_state_version": self._state_version}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_state_version", 1)  # there was none at first
        check_version(type(self).__name__, version, self._state_version)
        missing = self._parameter_constraints.keys() - state.keys()
        if missing:
            parameters = inspect.signature(type(self)).parameters
            for name in missing & parameters.keys():
                state[name] = parameters[name].default
        super().__setstate__(state)


def check_version(what, version, newest):
    """Raise a ValueError unless what was saved can be read.

    Parameters
    ----------
    what : str
        What was saved.
    version : object
        The version of its format.
    newest : int
        The newest version that is known here; all from 1 on can be read.
    """
    if version not in range(1, newest + 1):
        known = "version 1" if newest == 1 else f"versions 1 to {newest}"
        raise ValueError(
            f"The {what} was saved in version {version} of its format, but this"
            f" release of sklearn_bp reads {known}. Load it with the release that saved"
            " it, or install a newer one."
        )
