"""Memory of one training pass, allocated once and used for every batch."""

import numpy as np


class Workspace:
    """Named buffers for the largest batch to come, viewed at each batch's size.

    Parameters
    ----------
    dtype : dtype
        Of all buffers.
    max_rows, max_sequences : int
        Steps in all, and sequences, of the largest batch.
    """

    def __init__(self, dtype, max_rows, max_sequences):
        self.dtype = np.dtype(dtype)
        self.max_rows = max_rows
        self.max_sequences = max_sequences
        self._buffers = {}

    def fits(self, dtype, max_rows, max_sequences):
        """Whether batches of this kind find room here."""
        return self.dtype == dtype and self.max_rows >= max_rows and self.max_sequences >= max_sequences

    def rows(self, name, n, width):
        """Array (n, width), n the rows of this batch; contents undefined."""
        return self._buffer(name, self.max_rows, width)[:n]

    def sequences(self, name, n, width):
        """Array (n, width), n the sequences of this batch; contents undefined."""
        return self._buffer(name, self.max_sequences, width)[:n]

    def _buffer(self, name, height, width):
        buffer = self._buffers.get(name)
        if buffer is None:
            buffer = self._buffers[name] = np.empty((height, width), self.dtype)
        return buffer
