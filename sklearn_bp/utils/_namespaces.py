"""Arrays of other libraries than NumPy, by the array API standard."""

import numpy as np

from ._sklearn import foreign_namespace


def to_numpy(array, name):
    """An array of another library as NumPy's, which shares its memory, if
    scikit-learn's dispatch to the array API is enabled; anything else as it is.

    Parameters
    ----------
    array : object
        What a user has passed.
    name : str
        Its name in error messages.

    Returns
    -------
    array : object
        What NumPy and scikit-learn can check.

    Raises
    ------
    ValueError
        If NumPy cannot read it, as where it lies on a GPU.
    """
    namespace, device = foreign_namespace(array)
    if namespace is None:
        return array
    try:
        return np.asarray(array)
    except (TypeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{name} is an array on the device {device!s} that NumPy cannot read:"
            f" {str(error).rstrip('.')}. Networks compute on the CPU. Pass a dense"
            " array that lies there, of a type that NumPy has, such as float32, and"
            " that no gradients are recorded for."
        ) from error


def like(given, result):
    """What was computed from an array, in the namespace of that array and on its
    device, if scikit-learn's dispatch to the array API is enabled.

    Parameters
    ----------
    given : object
        What a user has passed.
    result : object
        What was computed.

    Returns
    -------
    result : object
        Text, which other libraries have no arrays of, and sparse matrices as they are.
    """
    namespace, device = foreign_namespace(given)
    is_array = isinstance(result, np.ndarray) and result.dtype.kind in "fiub"
    if namespace is None or not is_array:
        return result
    return namespace.asarray(result, device=device)
