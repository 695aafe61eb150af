"""Pickles that know the version of gruc that made them."""

import warnings

from .._version import __version__


def unpickled(kind, state):
    """An object of this class in a state that its ``__getstate__`` returned."""
    found = kind.__new__(kind)
    found.__setstate__(state)
    return found


class VersionedPickleMixin:
    """Mixin whose pickles know the version of gruc that made them, and warn in another."""

    def __getstate__(self):
        return {**super().__getstate__(), "_gruc_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_gruc_version", None)
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was pickled by gruc {version}, and this is {__version__}: it "
                "may not work, or not give the same numbers. For models that are to last use save() and "
                "gruc.load.",
                stacklevel=2,
            )
        super().__setstate__(state)
