"""The packed batch: rows of sequences of different lengths without padding.

`values` has the rows of step 0 of every sequence, longest sequence first,
then those of step 1, and so on. A step therefore occupies the contiguous rows
``offsets[t]:offsets[t + 1]``, and row ``b`` of every step is the same sequence::

    lengths 3, 1, 2   ->   order [0, 2, 1]      offsets [0, 3, 5, 6]
    rows                   a0 c0 b0 | a1 c1 | a2
"""

from typing import NamedTuple

import numpy as np

from .. import kernels


class Framing(NamedTuple):
    """Division of sequences into rows of `length` steps.

    Rows begin at step 0 and every `hop` steps after it. A last row that extends beyond the end of the
    sequence is completed by repeating the last step.
    """

    length: int = 1
    hop: int = 1

    def count(self, lengths):
        """Number of rows of sequences of these lengths (n,)."""
        if self == (1, 1):  # nothing to count
            return lengths
        to_cover = -(-(lengths - self.length) // self.hop)
        to_begin = (lengths - 1) // self.hop
        return 1 + np.clip(to_cover, 0, to_begin)

    def steps(self, n_steps):
        """Which steps of a sequence of `n_steps` its rows consist of, (n_rows, length)."""
        first = np.arange(self.count(np.asarray(n_steps))) * self.hop
        return np.minimum(first[:, np.newaxis] + np.arange(self.length), n_steps - 1)


ONE_STEP = Framing()


class PackedBatch(NamedTuple):
    """Sequences side by side; T steps, B sequences, D features, N rows in all."""

    values: np.ndarray  # (N, D) rows, step-major
    offsets: np.ndarray  # (T + 1,) intp: step t has rows offsets[t] to offsets[t + 1]
    lengths: np.ndarray  # (B,) intp, in descending order
    order: np.ndarray  # (B,) intp: the caller's index of each sequence


FIRST = np.zeros(1, np.intp)


def packed_alone(tokens):
    """The `PackedBatch` of one sequence of tokens, (t,) int32."""
    n = len(tokens)
    return PackedBatch(tokens[:, np.newaxis], np.arange(n + 1, dtype=np.intp), np.array([n], np.intp), FIRST)


def pack(source, indices, scaling, dtype):
    """The sequences at `indices` of a source, scaled, cast and packed.

    Parameters
    ----------
    source : kernels.inference.Source
    indices : ndarray of shape (B,), intp
    scaling : Scaling or None
    dtype : dtype

    Returns
    -------
    PackedBatch
    """
    n_rows, n_steps = source.extent(indices)
    values = np.empty((n_rows, source.width), dtype)
    order, lengths = np.empty_like(indices), np.empty_like(indices)
    offsets = np.empty(n_steps + 1, np.intp)
    kernels.inference.gather(values, order, lengths, offsets, source, indices, *(scaling or (None, None)))
    return PackedBatch(values, offsets, lengths, order)
