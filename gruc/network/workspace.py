"""Memory of one training pass, allocated once and used for every batch."""

import numpy as np

CACHE_LINE = 64


def aligned_empty(size, dtype):
    """np.empty(size, dtype) that begins a cache line: vectors then never lie across two."""
    dtype = np.dtype(dtype)
    buffer = np.empty(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + size * dtype.itemsize].view(dtype)


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

    def scratch(self, name, size):
        """Array (size,) at least, for the length of a call; contents undefined."""
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = aligned_empty(size, self.dtype)
        return buffer

    def _buffer(self, name, height, width):
        buffer = self._buffers.get(name)
        if buffer is None:
            buffer = self._buffers[name] = aligned_empty(height * width, self.dtype).reshape(height, width)
        return buffer
