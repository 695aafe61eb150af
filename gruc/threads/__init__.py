"""Number of threads, and tasks that run on them in parallel."""

from .limits import MOST_THREADS, n_threads
from .workers import Crew, run

__all__ = ["MOST_THREADS", "Crew", "n_threads", "run"]
