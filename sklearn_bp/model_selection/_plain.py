"""Studies as plain data: arrays, numbers, strings, lists and dicts, and whatever the
user's settings hold. So no private class is needed to load them."""

from ..utils import check_version

#: The version of the format, to be increased whenever the format changes.
VERSION = 1


class PlainState:
    """Mixin of what studies return: dataclasses, whose pickles and copies are made of
    plain data and a version."""

    def __getstate__(self):
        return {**vars(self), **self._plain_parts(), "version": VERSION}

    def __setstate__(self, state):
        state = dict(state)
        if "version" in state:  # otherwise it was saved as it is, as at first
            check_version(type(self).__name__, state.pop("version"), VERSION)
            state |= self._revived_parts(state)
        vars(self).update(state)

    def _plain_parts(self):
        """The fields that are not plain, as plain data."""
        return {}

    def _revived_parts(self, plain):
        """The inverse of `_plain_parts`, for one that has no fields yet."""
        return {}


def revive(kind, plain):
    """The object of this class that had this state."""
    revived = kind.__new__(kind)
    revived.__setstate__(plain)
    return revived
