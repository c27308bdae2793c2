"""Where pictures are drawn: checked before anything is computed for them."""

import numpy as np


def check_axes(ax, n, which):
    """Return the Axes to draw on, if there are any.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of these, or None
        Where to draw.
    n : int
        How many are needed.
    which : str
        These in words, for error messages.

    Returns
    -------
    axes : ndarray of shape (n,) of matplotlib Axes, or None
        None if a figure is to be made.

    Raises
    ------
    ImportError
        If there is no matplotlib.
    TypeError, ValueError
        If these are not Axes of a figure, or not as many.
    """
    try:
        import matplotlib.pyplot  # noqa: F401 (made use of for a new figure)
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError(
            f"A picture needs matplotlib, which cannot be imported ({error}). Install"
            " it: pip install matplotlib."
        ) from error
    if ax is None:
        return None
    axes = np.ravel(np.array(ax, dtype=object))
    wrong = [one for one in axes if not isinstance(one, Axes)]
    if wrong:
        raise TypeError(
            f"ax must be {which}, or None to make a figure, got {wrong[0]!r}."
        )
    if len(axes) != n:
        raise ValueError(f"ax must be {which}, got {len(axes)}.")
    if any(one.figure is None for one in axes):
        raise ValueError("ax must be Axes of a figure, but some were removed from it.")
    return axes
