"""What streams of all kinds have in common: how many they are, which of them are meant, and snapshots."""

import zlib
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np


class SnapshotMixin:
    """Mixin of streams over a predictor, which they share with their copies."""

    _predictor: Any

    @cached_property
    def _fingerprint(self):
        return self._predictor.fingerprint()  # reads all weights, so once for each stream

    def __deepcopy__(self, memo):
        return self.__copy__()  # the predictor never changes


def fingerprint_of(description, arrays):
    """Checksum by which a snapshot is known to be of a model, of what describes it in a file."""
    checksum = zlib.crc32(repr(sorted(description.items(), key=str)).encode())
    for name in sorted(arrays):
        checksum = zlib.crc32(np.ascontiguousarray(arrays[name]), checksum)
    return checksum.to_bytes(4, "little")


def check_n(n):
    """Refuse what is no number of streams; None is one, without an axis for it."""
    if n is not None and (not isinstance(n, Integral) or isinstance(n, bool) or n < 1):
        raise ValueError(f"n must be a positive integer or None; got {n!r}.")


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
