"""Numeric arrays from the user's data, with advice where that is impossible."""

from numbers import Integral, Number

import numpy as np


def is_list_of_arrays(X):
    """Whether X is a list, tuple or object array whose elements are arrays."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and X.size > 0 and _is_array(X[0])
    return isinstance(X, (list, tuple)) and len(X) > 0 and _is_array(X[0])


def _is_array(element):
    return (hasattr(element, "__array__") and getattr(element, "ndim", 1) > 0) or is_lazy(element)


# attributes of arrays and tables whose elements are in memory
IN_MEMORY = ("__array_interface__", "__dlpack__", "detach", "toarray", "iloc", "columns")


def is_lazy(X):
    """Whether X is a numeric array that is not in memory and is read by slices.

    Datasets of HDF5 (h5py) and arrays of zarr and of dask are: their shape and dtype are known
    without reading them. An `np.memmap` is an ndarray, which the kernels read directly.
    """
    if isinstance(X, np.ndarray) or not isinstance(getattr(X, "dtype", None), np.dtype):
        return False
    shape = getattr(X, "shape", None)
    return (
        X.dtype.kind in "fiub"
        and isinstance(shape, tuple)
        and len(shape) > 0
        and all(isinstance(n, Integral) for n in shape)  # unknown sizes in dask are NaN
        and hasattr(X, "__getitem__")
        and not any(hasattr(X, name) for name in IN_MEMORY)
    )


def in_memory(array):
    """An array as an ndarray; a lazy one is read."""
    return array if isinstance(array, np.ndarray) else np.asarray(array[:])


def columns_of(frame):
    """Names of the columns of a frame of any library, as a list; None for anything else."""
    names = getattr(frame, "column_names", None)  # pyarrow, whose `columns` are the data
    if not isinstance(names, list):
        names = getattr(frame, "columns", None)
    return None if names is None else list(names)


def refuse_masked(X, name):
    """Raise a ValueError for a masked array, whose mask NumPy would drop silently."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"{name} is a masked array with masked values. Give X.filled(...), or, if the mask marks "
            "padding, gruc.sequences.from_padded(X)."
        )


def is_missing(value):
    """Whether a value stands for a missing one: None, NaN or NaT of any type, or pandas' NA."""
    if isinstance(value, (str, int)):
        return False
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (Number, np.generic)) and bool(value != value)


def shown_missing(value):
    """A missing value in a message."""
    return "NaN" if isinstance(value, (Number, np.floating)) else repr(value)


def numeric_array(X, name):
    """X as an array of real numbers; X itself if it is one."""
    if type(X) is np.ndarray and X.dtype.char in "fd":
        return X
    refuse_masked(X, name)
    _refuse_sparse(X, name)
    if isinstance(X, dict):
        raise TypeError(
            f"{name} is a dict. Expected an array of numbers or a list of arrays, one for each "
            f"sequence, as list({name}.values()) of a dict of sequences."
        )
    if X is None or isinstance(X, (str, bytes, set)) or (np.isscalar(X) and np.ndim(X) == 0):
        raise TypeError(
            f"{name} is a {type(X).__name__}. Expected an array of numbers or a list of arrays, one for "
            "each sequence."
        )
    if hasattr(X, "__iter__") and not (hasattr(X, "__getitem__") or hasattr(X, "__array__")):
        raise TypeError(
            f"{name} is a {type(X).__name__}, which can only be iterated over. Give list({name})."
        )
    if isinstance(X, list) and X and isinstance(X[0], tuple) and X[0] and columns_of(X[0][-1]) is not None:
        raise TypeError(
            f"{name} is a list of tuples with a DataFrame, as list(frame.groupby(...)) gives. Leave the keys "
            f"out: [frame for _, frame in {name}]; or give the groupby itself."
        )
    array = _array(X, name)
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(_not_numbers(X, array, name, error)) from None
    kind = array.dtype.kind
    if kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} is {array.dtype}. Give real and imaginary parts as features."
        )
    if kind not in "fiub":
        advice = TIMES_AS_NUMBERS if kind in "mM" else "Encode it as numbers first."
        raise ValueError(f"{name} holds {array.dtype}, not numbers. {advice}")
    return array


def _array(X, name):
    """X as an array of any dtype."""
    try:
        return in_memory(X) if is_lazy(X) else np.asarray(X)
    except ValueError as error:  # nested lists of unequal lengths
        raise ValueError(
            f"{name} is not a rectangular array of numbers ({error}). For sequences of different lengths "
            f"make each element an array: [np.asarray(s) for s in {name}]."
        ) from None
    except (TypeError, RuntimeError) as error:  # such as a tensor on another device
        kind = type(X).__name__
        advice = f" Use {name}.detach().cpu().float().numpy()." if hasattr(X, "detach") else ""
        raise TypeError(f"{name} is a {kind} that NumPy cannot read ({error}).{advice}") from None


TIMES_AS_NUMBERS = (
    "Give times as numbers, for instance the seconds since the first, (t - t[0]) / np.timedelta64(1, 's'), "
    "or leave them out."
)


def _refuse_sparse(X, name):
    if hasattr(X, "toarray"):
        raise TypeError(f"{name} is sparse; sequences are dense. Use {name}.toarray().")
    is_list = isinstance(X, (list, tuple)) or (
        isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    )
    if is_list and len(X) and hasattr(X[0], "toarray"):
        raise TypeError(f"{name}[0] is sparse; sequences are dense. Use [x.toarray() for x in {name}].")


def _not_numbers(X, array, name, error):
    """The message for an array of objects that cannot be converted to numbers."""
    message = f"{name} holds elements that are not numbers ({error})"
    place, element = next((item for item in np.ndenumerate(array) if not _is_number(item[1])), (None, None))
    if not place:  # or an object that is not a collection
        return f"{message}."
    if hasattr(element, "__len__") and not isinstance(element, (str, bytes, dict)):
        return (
            f"{message}: its cells are sequences, the first a {type(element).__name__}. Use "
            f"gruc.sequences.from_nested({name}), or give a list of arrays, one for each sequence."
        )
    names = columns_of(X)
    column = names[place[1]] if names and len(place) == 2 else None
    message += f": {element!r} " + (f"in row {place[0]}." if column is None else f"in column {column!r}.")
    if is_missing(element):
        return f"{message} Impute or remove missing values."
    if column is not None and name == "X":
        message += (
            " Leave this column out, or encode it as numbers; or, if rows are steps and a column "
            f"identifies the sequence, use gruc.sequences.from_long(X, by={column!r})."
        )
    elif column is not None:
        message += " Leave this column out, or encode it as numbers."
    if _is_time(element):
        return f"{message} {TIMES_AS_NUMBERS}"
    if column is not None:
        return message
    return f"{message} For sequences of different lengths give a list whose elements are all arrays."


def _is_number(element):
    try:
        float(element)
    except (TypeError, ValueError):
        return False
    return True


def _is_time(element):
    is_numpys = isinstance(element, (np.datetime64, np.timedelta64))
    return is_numpys or hasattr(element, "year") or hasattr(element, "total_seconds")
