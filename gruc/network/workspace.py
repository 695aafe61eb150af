"""Memory of one training pass, kept from batch to batch."""

import numpy as np

CACHE_LINE = 64


def aligned_empty(size, dtype):
    """np.empty(size, dtype) that begins a cache line: vectors then never lie across two."""
    dtype = np.dtype(dtype)
    buffer = np.empty(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + size * dtype.itemsize].view(dtype)


class Workspace:
    """Named buffers that grow with the largest batch so far. For one thread at a time.

    Parameters
    ----------
    dtype : dtype
        Of all buffers.
    """

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self._buffers = {}
        self._views = {}

    def array(self, name, *shape):
        """Array of this shape; contents undefined. A later one of the same name takes its memory."""
        view = self._views.get(name)
        if view is None or view.shape != shape:
            size = shape[0] if len(shape) == 1 else shape[0] * shape[1]
            buffer = self._buffers.get(name)
            if buffer is None or len(buffer) < size:
                buffer = self._buffers[name] = aligned_empty(size, self.dtype)
            view = self._views[name] = buffer[:size].reshape(shape)
        return view
