"""How many threads, and tasks side by side on them."""

from .limits import MOST_THREADS, n_threads
from .workers import run

__all__ = ["MOST_THREADS", "n_threads", "run"]
