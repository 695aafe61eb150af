"""Weights in fewer bits: how matrices are stored, and what they are when they are read again.

=========  ============================================================================================
float16    11 bits, numbers from 6e-8 to 65504
bfloat16   8 bits, and the range of float32: the upper half of its bits
int8       a row's weights are integers from -127 to 127 times its scale, a float32 of 16 bits, so that
           each of these products, and what a row is when it is stored again, is exact
=========  ============================================================================================

A row is an output of a layer, or a token of a table. Biases, normalisations and scales of features are few
and stay as they are.
"""

import re
from typing import NamedTuple

import numpy as np

STORAGES = ("float32", "float16", "bfloat16", "int8")
# suffix of the name of a matrix's scales
SCALE = ".scale"
# bits of a scale: together with the 7 of an integer no more than the 24 of float32
BITS_OF_SCALE = 16
# rows that are all below this are stored as 0
LEAST = 2.0**-100


class Stored(NamedTuple):
    """A matrix as it is stored.

    Parameters
    ----------
    values : ndarray of shape (n_rows, ...)
        Of float32, float16 or int8; of bfloat16 their bits, uint16.
    scale : ndarray of shape (n_rows,) or None
        Of int8.
    """

    values: np.ndarray
    scale: np.ndarray | None = None

    @classmethod
    def of(cls, matrix, storage, name):
        """A matrix in this storage, one of `STORAGES`; `name` is its name in errors.

        Raises
        ------
        ValueError
            A weight is beyond the largest number of the type.
        """
        largest, limit = np.abs(matrix).max(initial=0), LIMITS[storage]
        if largest > limit:
            raise ValueError(
                f"{name} contains {largest:g}, above {limit:g}, the largest number of {storage}."
            )
        if storage == "int8":
            return cls(*_integers(matrix))
        if storage == "bfloat16":
            return cls(_bfloat16(np.asarray(matrix, np.float32)))
        return cls(matrix.astype(storage))

    def expanded(self, dtype):
        """The matrix in float32 or float64."""
        values = self.values
        if values.dtype == np.uint16:
            values = (values.astype(np.uint32) << 16).view(np.float32)
        values = values.astype(dtype)
        if self.scale is None:
            return values
        return values * self.scale.astype(dtype).reshape(-1, *[1] * (values.ndim - 1))


LIMITS = {name: np.finfo(np.float32).max for name in STORAGES} | {"float16": np.finfo(np.float16).max}


def check_storage(weights, name="weights", others=(None,)):
    """Refuse what is no storage of weights."""
    known = (*others, *STORAGES)
    if not any(weights is each or (isinstance(weights, str) and weights == each) for each in known):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {weights!r}.")


def is_matrix(name, array):
    """Whether an array of a model file is a matrix of weights."""
    last = name.rpartition(".")[2]
    is_weight = re.fullmatch(r"weight(_\w+)?|embedding_weights", last) is not None
    return is_weight and array.ndim > 1 and array.dtype.kind == "f"


def stored(arrays, storage):
    """Arrays of a file with the matrices among them stored so; scales have arrays of their own."""
    narrow = {}
    for name, array in arrays.items():
        if not is_matrix(name, array):
            narrow[name] = array
            continue
        narrow[name], scale = Stored.of(array, storage, name)
        if scale is not None:
            narrow[name + SCALE] = scale
    return narrow


def _integers(matrix):
    """Integers (n_rows, ...) and scales (n_rows,)."""
    rows = np.asarray(matrix, np.float64).reshape(len(matrix), -1)
    largest = np.abs(rows).max(axis=1, initial=0)
    mantissa, exponent = np.frexp(np.where(largest < LEAST, 0, largest) / 127)
    scale = np.ldexp(np.rint(np.ldexp(mantissa, BITS_OF_SCALE)), exponent - BITS_OF_SCALE)
    integers = np.rint(rows / np.where(scale > 0, scale, 1)[:, np.newaxis])
    integers = np.where(scale[:, np.newaxis] > 0, np.clip(integers, -127, 127), 0)
    return integers.astype(np.int8).reshape(matrix.shape), scale.astype(np.float32)


def _bfloat16(matrix):
    """Bits of the nearest bfloat16 of float32, to even."""
    bits = np.ascontiguousarray(matrix).view(np.uint32)
    upper = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    beyond = upper & 0x7FFF == 0x7F80  # what would become infinite is the largest there is
    return (upper - beyond).astype(np.uint16)
