"""BLAS held to one thread while shards run side by side over it (GRUC_KERNEL=blas)."""

import os
import threading
from contextlib import contextmanager

_lock = threading.Lock()
_fits = 0
_limiter = None


@contextmanager
def one_blas_thread():
    """BLAS, which is one for the whole process, held to one thread until the last fit has left.

    threadpoolctl's own limit, used by two overlapping fits, would be undone by the first to
    leave, or left behind for good by the last: each restores what it found.
    """
    global _fits, _limiter
    counted = False
    try:
        with _lock:
            if _fits == 0:
                from threadpoolctl import ThreadpoolController

                _limiter = ThreadpoolController().limit(limits=1, user_api="blas")
            _fits += 1
            counted = True
        yield
    finally:
        if counted:
            with _lock:
                _fits -= 1
                if _fits == 0:
                    _limiter.restore_original_limits()
                    _limiter = None


def _forget():
    """Fits of other threads do not continue in a child that fork made."""
    global _lock, _fits, _limiter
    _lock, _fits, _limiter = threading.Lock(), 0, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
