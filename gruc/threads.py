"""Threads of the standard library for what can run side by side, and how many.

The kernels release the GIL, so that Python's own threads are enough: no OpenMP, and a
child process made by fork finds no thread missing and simply starts its own. Workers
wait for the next task in a short spin before they sleep, since the next step of a
training comes sooner than a sleeping thread wakes up.
"""

import _thread
import os
import sys
import threading
from array import array
from collections import deque

from . import kernels

# Longer than the pause between two steps of training, shorter than anybody would notice.
SPIN_MICROSECONDS = 200


def run(function, items, n_threads):
    """[function(item, slot) for item in items], some at the same time.

    `slot` is below `n_threads` and never the same in two calls at once: the place of a
    thread's own scratch memory. Which thread takes which item is a matter of chance.
    If one raises, no further item is begun, and the error is raised when all have ended.
    """
    if n_threads == 1 or len(items) == 1:
        return [function(item, 0) for item in items]
    results = [None] * len(items)
    errors = []
    todo = deque(enumerate(items))

    def work(slot):
        try:
            while todo:
                try:
                    i, item = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                results[i] = function(item, slot)
        except BaseException as error:
            todo.clear()
            errors.append(error)

    workers = _borrow(min(n_threads, len(items)) - 1)
    try:
        for slot, worker in enumerate(workers, start=1):
            worker.post(work, slot)
        work(0)
    except BaseException as error:  # of a signal in between; within its task, work has seen to it
        todo.clear()
        errors.append(error)
    while any(worker.busy for worker in workers):
        try:
            for worker in workers:
                worker.wait()
        except BaseException as error:  # nobody may go on while others write to what is ours
            errors.append(error)
    _give_back(workers)
    if errors:
        raise errors[0]
    return results


def n_threads(n_jobs=None):
    """How many threads `n_jobs` means here and now.

    Parameters
    ----------
    n_jobs : int or None
        A number of threads; negative: all processors but ``-n_jobs - 1``; None: as many as
        the processors this process may use, ``OMP_NUM_THREADS``, joblib (one in the
        threads of a joblib.Parallel; its processes set OMP_NUM_THREADS) and threadpoolctl
        allow.

    Returns
    -------
    int
    """
    if n_jobs is not None:
        return n_jobs if n_jobs > 0 else max(1, _n_processors() + 1 + n_jobs)
    limits = [_n_processors()]
    omp = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if omp.isdigit() and int(omp) > 0:
        limits.append(int(omp))
    # Who has not loaded them has set no limit with them.
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
    # joblib before 1.3 says 1 where nothing is set
    unset = (None,) if hasattr(sys.modules["joblib"], "parallel_config") else (None, 1)
    configured = n_jobs not in unset and not backend.nesting_level
    return max(1, backend.effective_n_jobs(n_jobs)) if configured else sys.maxsize


def _in_a_child_process():
    """Of multiprocessing, which limits nothing; loky's have OMP_NUM_THREADS."""
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


class _Worker:
    """A thread that does one task after the other, and dies with the process.

    The counters say what is so; the locks only wake who sleeps, and a lock released once too
    often costs a turn of a loop. So a signal, whose handler may raise between any two lines of
    the thread that posts and waits, leaves nothing half done.
    """

    def __init__(self):
        self._posted, self._done = array("i", [0]), array("i", [0])  # tasks, modulo 2^31
        self._go, self._finished = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._finished.acquire()
        self._task = None
        _thread.start_new_thread(self._loop, ())  # threading.Thread.start can be broken off half-way

    def post(self, function, *args):
        self._task = function, args
        self._posted[0] = _next(self._posted[0])
        _wake(self._go)

    @property
    def busy(self):
        return self._done[0] != self._posted[0]

    def wait(self):
        while self.busy:
            if self._task is not None:
                _wake(self._go)
            kernels.inference.spin(self._done, self._posted[0], SPIN_MICROSECONDS)
            if self.busy:
                self._finished.acquire()

    def _loop(self):
        while True:
            kernels.inference.spin(self._posted, _next(self._done[0]), SPIN_MICROSECONDS)
            self._go.acquire()
            if not self.busy:
                continue
            function, args = self._task
            self._task = None
            function(*args)
            del function, args
            self._done[0] = self._posted[0]
            _wake(self._finished)


def _next(count):
    return (count + 1) & 0x7FFFFFFF


def _wake(lock):
    """Let the one who sleeps at this lock, or comes to it next, go on."""
    if lock.locked():
        lock.release()


_lock = threading.Lock()
_idle: list = []


def _borrow(n):
    with _lock:
        workers = [_idle.pop() if _idle else None for _ in range(n)]
    return [worker or _Worker() for worker in workers]


def _give_back(workers):
    with _lock:
        _idle.extend(workers)


def _forget():
    """The threads of the parent are not in a child that fork made."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
