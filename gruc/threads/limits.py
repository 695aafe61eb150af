"""Number of threads: limits of processors, OMP_NUM_THREADS, joblib and threadpoolctl."""

import os
import sys
import threading

# more threads than processors are slower: n_jobs is limited to this, or to the number of processors if larger
MOST_THREADS = 16


def n_threads(n_jobs=None):
    """Number of threads for `n_jobs`.

    Parameters
    ----------
    n_jobs : int or None
        Number of threads, at most the larger of the number of processors and `MOST_THREADS`;
        negative: all processors except ``-n_jobs - 1``; None: the smallest of the number of
        processors this process may use, ``OMP_NUM_THREADS`` and the limits of joblib (one in the
        threads of a joblib.Parallel; its processes set OMP_NUM_THREADS) and threadpoolctl.

    Returns
    -------
    int
    """
    if n_jobs is not None:
        n_processors = _n_processors()
        if n_jobs < 0:
            return max(1, n_processors + 1 + n_jobs)
        return min(n_jobs, max(n_processors, MOST_THREADS))
    limits = [_n_processors()]
    omp = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if omp.isdigit() and int(omp) > 0:
        limits.append(int(omp))
    # without their modules there is no limit of theirs
    if "joblib" in sys.modules:
        limits.append(_joblib_limit())
    if "threadpoolctl" in sys.modules:
        limits.append(_threadpoolctl_limit())
    return min(limits)


def _n_processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _joblib_limit():
    from joblib.parallel import get_active_backend

    backend, n_jobs = get_active_backend()
    in_a_worker_thread = backend.nesting_level and threading.current_thread() is not threading.main_thread()
    if in_a_worker_thread or (backend.nesting_level and _in_a_child_process()):
        return 1
    # joblib before 1.3 returns 1 if nothing is set
    unset = (None,) if hasattr(sys.modules["joblib"], "parallel_config") else (None, 1)
    configured = n_jobs not in unset and not backend.nesting_level
    return max(1, backend.effective_n_jobs(n_jobs)) if configured else sys.maxsize


def _in_a_child_process():
    """Whether multiprocessing started this process, without a limit; loky sets OMP_NUM_THREADS."""
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing is not None and multiprocessing.parent_process() is not None


_pools: list = []  # threadpoolctl's controller, which takes a millisecond to make


def _threadpoolctl_limit():
    from threadpoolctl import ThreadpoolController

    if not _pools:
        _pools.append(ThreadpoolController())
    return min(
        (library.num_threads or sys.maxsize for library in _pools[0].lib_controllers), default=sys.maxsize
    )
