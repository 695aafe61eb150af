"""The packed batch: rows of sequences of different lengths without padding.

`values` holds the rows of step 0 of every sequence, longest sequence first,
then those of step 1, and so on. A step therefore occupies the neighbouring rows
``offsets[t]:offsets[t + 1]``, and row ``b`` of every step is the same sequence::

    lengths 3, 1, 2   ->   order [0, 2, 1]      offsets [0, 3, 5, 6]
    rows                   a0 c0 b0 | a1 c1 | a2
"""

from typing import NamedTuple

import numpy as np

from .. import kernels


class PackedBatch(NamedTuple):
    """Sequences side by side; T steps, B sequences, D features, N rows in all."""

    values: np.ndarray  # (N, D) rows, step-major
    offsets: np.ndarray  # (T + 1,) intp: step t has rows offsets[t] to offsets[t + 1]
    lengths: np.ndarray  # (B,) intp, never rising
    order: np.ndarray  # (B,) intp: the caller's index of each sequence


def pack_layout(lengths, indices):
    """Where the steps of some sequences go, longest first.

    Parameters
    ----------
    lengths : ndarray of shape (n,), intp
        Of all sequences, all at least 1.
    indices : ndarray of shape (B,), intp
        Which of them.

    Returns
    -------
    order : ndarray of shape (B,)
        Places in `indices`, longest first, equal lengths in the caller's order.
    sorted_lengths : ndarray of shape (B,)
        In that order.
    offsets : ndarray of shape (T + 1,)
        First row of each step, then the number of rows.
    """
    n_steps = lengths[indices].max()
    order, sorted_lengths = np.empty_like(indices), np.empty_like(indices)
    offsets = np.empty(n_steps + 1, np.intp)
    kernels.inference.layout(order, sorted_lengths, offsets, lengths, indices)
    return order, sorted_lengths, offsets
