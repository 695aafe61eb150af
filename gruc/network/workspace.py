"""Memory that vectors read."""

import numpy as np

CACHE_LINE = 64


def aligned_empty(size, dtype):
    """np.empty(size, dtype) that begins a cache line: vectors then never lie across two."""
    dtype = np.dtype(dtype)
    buffer = np.empty(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + size * dtype.itemsize].view(dtype)
