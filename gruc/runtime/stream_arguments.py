"""What streams of all kinds are given: which of them, and snapshots."""

import numpy as np


def chosen_rows(rows, n, what="stream", unique=False):
    """Which of n streams are meant, an array of intp.

    Parameters
    ----------
    rows : array of int of shape (m,)
    n : int
    what : str
        What each of them is called in errors.
    unique : bool
        Whether none may be there twice.

    Raises
    ------
    ValueError
    """
    array = np.asarray(rows)
    if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "iu":
        raise ValueError(f"rows must be a list of integers; got {rows!r}.")
    if array.min() < 0 or array.max() >= n:
        raise ValueError(f"rows must be from 0 to {n - 1}; got {rows!r}.")
    if unique and len(np.unique(array)) < len(array):
        steps = "steps" if what == "stream" else "values"
        raise ValueError(f"rows holds a {what} twice: {rows!r}. Give its {steps} as a block.")
    return array.astype(np.intp)


def snapshot_parts(snapshot, fingerprint):
    """The bytes "steps" and "numbers" of a snapshot, which must be of the model with this fingerprint.

    Raises
    ------
    ValueError
    """
    try:
        model, steps, numbers = (bytes(memoryview(snapshot[part])) for part in ("model", "steps", "numbers"))
    except (LookupError, TypeError, ValueError):
        raise ValueError("snapshot is not a dict of bytes as a stream's snapshot() returns it.") from None
    if model != fingerprint:
        raise ValueError("snapshot is of a stream of another model, or of this one with other weights.")
    return steps, numbers
