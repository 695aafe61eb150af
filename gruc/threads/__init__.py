"""Number of threads, and tasks that run on them in parallel."""

from .limits import MOST_THREADS, n_threads
from .workers import ALONE, Crew, run

__all__ = ["ALONE", "MOST_THREADS", "Crew", "n_threads", "run"]
