"""The packed batch: rows of sequences of different lengths without padding.

`values` holds the rows of step 0 of every sequence, longest sequence first,
then those of step 1, and so on. A step therefore occupies the neighbouring rows
``offsets[t]:offsets[t + 1]``, and row ``b`` of every step is the same sequence::

    lengths 3, 1, 2   ->   order [0, 2, 1]      offsets [0, 3, 5, 6]
    rows                   a0 c0 b0 | a1 c1 | a2
"""

from typing import NamedTuple

import numpy as np


class PackedBatch(NamedTuple):
    """Sequences side by side; T steps, B sequences, D features, N rows in all."""

    values: np.ndarray  # (N, D) rows, step-major
    offsets: np.ndarray  # (T + 1,) intp: step t has rows offsets[t] to offsets[t + 1]
    lengths: np.ndarray  # (B,) intp, never rising
    order: np.ndarray  # (B,) intp: the caller's index of each sequence

    @property
    def last_rows(self):
        """Row of each sequence's last step, (B,)."""
        return self.offsets[self.lengths - 1] + np.arange(len(self.lengths))


def pack_layout(lengths):
    """Where the steps of sequences of these lengths go, longest first.

    Parameters
    ----------
    lengths : ndarray of shape (B,), intp
        In the caller's order, all at least 1.

    Returns
    -------
    order : ndarray of shape (B,)
        Indices into `lengths`, longest first, equal lengths in the caller's order.
    offsets : ndarray of shape (T + 1,)
        First row of each step, then the number of rows.
    rows : ndarray of shape (N,)
        For each packed row its row in the sequences laid end to end in `order`.
    """
    order = np.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    steps = np.arange(lengths[0])
    alive = len(lengths) - np.searchsorted(lengths[::-1], steps, side="right")
    offsets = np.concatenate([[0], np.cumsum(alive)])
    starts = np.cumsum(lengths) - lengths
    t = np.repeat(steps, alive)
    b = np.arange(offsets[-1]) - offsets[t]
    return order, offsets, starts[b] + t
