"""Arrays of numbers from what the user gives, and what to say where there are none."""

from numbers import Integral

import numpy as np


def is_list_of_arrays(X):
    """Whether X is a list, tuple or object array whose elements are arrays."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and X.size > 0 and _is_array(X[0])
    return isinstance(X, (list, tuple)) and len(X) > 0 and _is_array(X[0])


def _is_array(element):
    return (hasattr(element, "__array__") and getattr(element, "ndim", 1) > 0) or is_lazy(element)


# What arrays and tables have whose numbers are in memory.
IN_MEMORY = ("__array_interface__", "__dlpack__", "detach", "toarray", "iloc", "columns")


def is_lazy(X):
    """Whether X is an array of numbers that lies elsewhere and is read by slices.

    Such are datasets of HDF5 (h5py), arrays of zarr and of dask: they tell shape and dtype
    without being read. An `np.memmap` is an ndarray, which the kernels read where it lies.
    """
    if isinstance(X, np.ndarray) or not isinstance(getattr(X, "dtype", None), np.dtype):
        return False
    shape = getattr(X, "shape", None)
    return (
        X.dtype.kind in "fiub"
        and isinstance(shape, tuple)
        and len(shape) > 0
        and all(isinstance(n, Integral) for n in shape)  # dask may not know
        and hasattr(X, "__getitem__")
        and not any(hasattr(X, name) for name in IN_MEMORY)
    )


def in_memory(array):
    """An array, read where it is lazy."""
    return array if isinstance(array, np.ndarray) else np.asarray(array[:])


def columns_of(frame):
    """Names of the columns of a frame of any library, as a list; None of anything else."""
    names = getattr(frame, "column_names", None)  # of pyarrow, whose `columns` are the data
    if not isinstance(names, list):
        names = getattr(frame, "columns", None)
    return None if names is None else list(names)


def refuse_masked(X, name):
    """Refuse a masked array, whose mask NumPy drops without a word."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"{name} is a masked array with masked values. Give X.filled(...), or, where the mask marks "
            "padding, gruc.sequences.from_padded(X)."
        )


def numeric_array(X, name):
    """X as an array of real numbers, itself where it is one."""
    if type(X) is np.ndarray and X.dtype.char in "fd":
        return X
    refuse_masked(X, name)
    _refuse_sparse(X, name)
    if isinstance(X, dict):
        raise TypeError(
            f"{name} is a dict. Expected an array of numbers or a list of arrays, one a sequence, as "
            f"list({name}.values()) of a dict of sequences."
        )
    if X is None or isinstance(X, (str, bytes, set)) or (np.isscalar(X) and np.ndim(X) == 0):
        raise TypeError(
            f"{name} is a {type(X).__name__}. Expected an array of numbers or a list of arrays, one a "
            "sequence."
        )
    if hasattr(X, "__iter__") and not (hasattr(X, "__getitem__") or hasattr(X, "__array__")):
        raise TypeError(f"{name} is a {type(X).__name__}, which can only be gone through. Give list({name}).")
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
            f"{name} is no rectangular array of numbers ({error}). For sequences of different lengths "
            f"make each element an array: [np.asarray(s) for s in {name}]."
        ) from None
    except (TypeError, RuntimeError) as error:  # of a tensor on another device, say
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
    """What to say of an array of objects that do not become numbers."""
    said = f"{name} holds elements that are not numbers ({error})"
    place, element = next((item for item in np.ndenumerate(array) if not _is_number(item[1])), (None, None))
    if not place:  # an object that is no collection, too
        return f"{said}."
    if hasattr(element, "__len__") and not isinstance(element, (str, bytes, dict)):
        return (
            f"{said}: its cells are sequences, the first a {type(element).__name__}. Give "
            f"gruc.sequences.from_nested({name}), a list whose elements are all arrays, one a sequence."
        )
    names = columns_of(X)
    column = names[place[1]] if names and len(place) == 2 else None
    said += f": {element!r} " + (f"in row {place[0]}." if column is None else f"in column {column!r}.")
    if type(element).__name__ in ("NAType", "NaTType"):
        return f"{said} Impute or remove what is missing."
    if column is not None and name == "X":
        said += (
            " Leave this column out, or encode it as numbers; or, if rows are steps and a column says of "
            f"which sequence, give gruc.sequences.from_long(X, by={column!r})."
        )
    elif column is not None:
        said += " Leave this column out, or encode it as numbers."
    if _is_time(element):
        return f"{said} {TIMES_AS_NUMBERS}"
    if column is not None:
        return said
    return f"{said} For sequences of different lengths give a list whose elements are all arrays."


def _is_number(element):
    try:
        float(element)
    except (TypeError, ValueError):
        return False
    return True


def _is_time(element):
    is_numpys = isinstance(element, (np.datetime64, np.timedelta64))
    return is_numpys or hasattr(element, "year") or hasattr(element, "total_seconds")
