"""Threads of the standard library for tasks that run in parallel.

The kernels release the GIL, so that Python's own threads are enough: there is no OpenMP, and a
child process made by fork starts threads of its own. Workers spin shortly before they sleep,
since the next step of a training arrives sooner than a sleeping thread wakes up.
"""

import _thread
import os
import threading
import weakref
from array import array
from collections import deque

from .. import kernels

# longer than the pause between two training steps, too short to be noticed
SPIN_MICROSECONDS = 200

# how long to wait for a new thread to start, which takes a tenth of a millisecond: a late one
# takes part from the next call on
START_SECONDS = 0.01


def run(function, items, n_threads):
    """[function(item, slot) for item in items], in parallel.

    `slot` is below `n_threads` and differs between concurrent calls: the index of a thread's
    scratch memory. Which thread processes which item is not determined. If a call raises, no further
    item is started, and the error is raised when all have ended. If the system has no more
    threads, or no memory for them, fewer threads do the work.
    """
    if n_threads == 1 or len(items) == 1:
        return [function(item, 0) for item in items]
    task = _Task(function, items)
    try:
        _assign_workers(task, min(n_threads, len(items)) - 1)
        task.work(0)
    except BaseException as error:  # raised by a signal's handler; `work` handles errors of items
        task.stop(error)
    while not task.over:
        try:
            task.wait()
            task.over = True  # which releases the workers, in one step
        except BaseException as error:  # nothing may continue while other threads write to our arrays
            task.stop(error)
    raised, task.error = task.error, None
    if raised is not None:
        try:
            raise raised
        finally:
            del raised  # no reference cycle with its traceback, which would keep all that the task worked on
    return task.results


class _Task:
    """The items of one call of `run`, which its threads take one after the other.

    While threads are at work nothing may allocate, since there may be no memory left: an error is
    stored in an attribute that exists, and no thread that has failed is waited for.
    """

    def __init__(self, function, items):
        self.function = function
        self.todo = deque(enumerate(items))
        self.results = [None] * len(items)
        self.error = None
        self.workers = []
        self.over = False  # whether all threads have finished with it

    def work(self, slot):
        """Take items until none are left."""
        try:
            while self.todo:
                try:
                    i, item = self.todo.popleft()
                except IndexError:  # another thread was faster
                    return
                self.results[i] = self.function(item, slot)
        except BaseException as error:
            self.stop(error)

    def stop(self, error):
        """Start no further item; `run` raises the first of the errors."""
        self.todo.clear()
        if self.error is None:
            self.error = error

    def wait(self):
        """Wait until no worker is busy with it."""
        for worker in self.workers:
            worker.wait()
            if worker.busy:  # forever: its work will not be done
                self.stop(
                    RuntimeError(
                        "The process was forked while gruc worked on several threads, which are not there in "
                        "the child. Fork between calls, or set n_jobs=1."
                    )
                )


class _Worker:
    """A daemon thread that processes one task after the other.

    The counters are the state; the locks only wake sleeping threads, and releasing one too often
    costs an iteration of a loop. So a signal, whose handler may raise between any two lines of the
    thread that posts and waits, leaves a consistent state. Counters stay below 256, whose
    integers Python caches, so that counting does not allocate.
    """

    def __init__(self, owner):
        self.owner = owner  # a weak reference to the task it works for
        self.lost = False  # whether its thread exists in the parent process only
        self._posted, self._done = array("i", [0]), array("i", [0])  # tasks, modulo 256
        self._go, self._finished, self._ready = threading.Lock(), threading.Lock(), threading.Lock()
        for lock in (self._go, self._finished, self._ready):
            lock.acquire()
        self._task = self._slot = None
        _thread.start_new_thread(self._loop, ())  # threading.Thread.start can be interrupted half-way

    @property
    def idle(self):
        task = self.owner()
        return (task is None or task.over) and not self.busy

    @property
    def busy(self):
        return self._done[0] != self._posted[0]

    def has_started(self):
        """Whether its thread has started; waits for it for a short time."""
        return self._ready.acquire(timeout=START_SECONDS)

    def post(self, task, slot):
        self._slot = slot
        self._task = task
        self._posted[0] = _next(self._posted[0])
        _wake(self._go)

    def wait(self):
        """Wait until its task is done, or can never be."""
        while self.busy and not self.lost:
            if self._task is not None:
                _wake(self._go)
            kernels.inference.spin(self._done, self._posted[0], SPIN_MICROSECONDS)
            if self.busy and not self.lost:
                self._finished.acquire()

    def _loop(self):
        try:
            # the thread adds itself to the list: otherwise it could be lost, and a thread
            # without memory to start must never get a task
            _workers.append(self)
        except MemoryError:
            return
        self._ready.release()
        while True:
            try:  # noqa: SIM105  contextlib.suppress would need memory itself
                kernels.inference.spin(self._posted, _next(self._done[0]), SPIN_MICROSECONDS)
            except BaseException:  # without memory: sleep at once
                pass
            self._go.acquire()
            if self._done[0] == self._posted[0]:
                continue
            task = self._task
            self._task = None
            try:
                task.work(self._slot)
            except BaseException as error:  # `work` itself could not start
                task.todo.clear()
                task.error = error
            task = None
            self._done[0] = self._posted[0]
            if self._finished.locked():
                self._finished.release()


def _next(count):
    return (count + 1) & 0xFF


def _wake(lock):
    """Wake the thread that waits for this lock, or let the next one pass."""
    if lock.locked():
        lock.release()


_lock = threading.Lock()
_workers: list = []  # all workers of this process


def _assign_workers(task, n):
    """Let up to n workers start with the task."""
    owner = weakref.ref(task)
    with _lock:
        for slot in range(1, n + 1):
            worker = next((worker for worker in _workers if worker.idle), None)
            if worker is None:
                try:
                    worker = _Worker(owner)
                except (RuntimeError, MemoryError):  # a limit on threads, or the interpreter is shutting down
                    return
                if not worker.has_started():
                    return
            worker.owner = owner
            task.workers.append(worker)
            worker.post(task, slot)


def _forget():
    """Forget the threads of the parent process, which do not exist in a child made by fork."""
    global _lock, _workers
    lost, _lock, _workers = _workers, threading.Lock(), []
    for worker in lost:
        worker.lost = True
        _wake(worker._finished)  # wakes the thread that waited for it when its signal handler forked


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
