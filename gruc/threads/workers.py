"""Threads of the standard library for what can run side by side.

The kernels release the GIL, so that Python's own threads are enough: no OpenMP, and a
child process made by fork finds no thread missing and simply starts its own. Workers
wait for the next task in a short spin before they sleep, since the next step of a
training comes sooner than a sleeping thread wakes up.
"""

import _thread
import os
import threading
import weakref
from array import array
from collections import deque

from .. import kernels

# Longer than the pause between two steps of training, shorter than anybody would notice.
SPIN_MICROSECONDS = 200

# How long to wait for a new thread to begin, which takes a tenth of a millisecond: one that is late
# works from the next call on.
START_SECONDS = 0.01


def run(function, items, n_threads):
    """[function(item, slot) for item in items], some at the same time.

    `slot` is below `n_threads` and never the same in two calls at once: the place of a
    thread's own scratch memory. Which thread takes which item is a matter of chance.
    If one raises, no further item is begun, and the error is raised when all have ended. Where
    the system has no more threads, or no memory for them, the work is done by those there are.
    """
    if n_threads == 1 or len(items) == 1:
        return [function(item, 0) for item in items]
    task = _Task(function, items)
    try:
        _borrow(task, min(n_threads, len(items)) - 1)
        task.work(0)
    except BaseException as error:  # of a signal's handler; within its items, work has seen to it
        task.stop(error)
    while not task.over:
        try:
            task.wait()
            task.over = True  # which gives the workers back, in one step
        except BaseException as error:  # nobody may go on while others write to what is ours
            task.stop(error)
    raised, task.error = task.error, None
    if raised is not None:
        try:
            raise raised
        finally:
            del raised  # no circle with its traceback, which holds whatever the task worked on
    return task.results


class _Task:
    """The items of one call of `run`, which its threads take one after the other.

    What happens once threads are at work must not need memory, since there may be none:
    an error is kept in a place that is there, and nobody waits for a thread that has failed.
    """

    def __init__(self, function, items):
        self.function = function
        self.todo = deque(enumerate(items))
        self.results = [None] * len(items)
        self.error = None
        self.workers = []
        self.over = False  # whether no thread works on it any more

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
        """Begin no further item; `run` will raise the first of the errors."""
        self.todo.clear()
        if self.error is None:
            self.error = error

    def wait(self):
        """Until no worker is busy with it."""
        for worker in self.workers:
            worker.wait()
            if worker.busy:  # for ever: what it was at is not done
                self.stop(
                    RuntimeError(
                        "The process was forked while gruc worked on several threads, which are not there in "
                        "the child. Fork between calls, or set n_jobs=1."
                    )
                )


class _Worker:
    """A thread that does one task after the other, and dies with the process.

    The counters say what is so; the locks only wake who sleeps, and a lock released once too
    often costs a turn of a loop. So a signal, whose handler may raise between any two lines of
    the thread that posts and waits, leaves nothing half done. Counters stay below 256, whose
    integers Python has ready: to count needs no memory.
    """

    def __init__(self, owner):
        self.owner = owner  # a weak reference to the task it is borrowed for
        self.lost = False  # whether its thread stayed behind in a parent process
        self._posted, self._done = array("i", [0]), array("i", [0])  # tasks, modulo 256
        self._go, self._finished, self._ready = threading.Lock(), threading.Lock(), threading.Lock()
        for lock in (self._go, self._finished, self._ready):
            lock.acquire()
        self._task = self._slot = None
        _thread.start_new_thread(self._loop, ())  # threading.Thread.start can be broken off half-way

    @property
    def idle(self):
        task = self.owner()
        return (task is None or task.over) and not self.busy

    @property
    def busy(self):
        return self._done[0] != self._posted[0]

    def begins(self):
        """Whether its thread is there; waits for it, but not for long."""
        return self._ready.acquire(timeout=START_SECONDS)

    def post(self, task, slot):
        self._slot = slot
        self._task = task
        self._posted[0] = _next(self._posted[0])
        _wake(self._go)

    def wait(self):
        """Until its task is done, or never will be."""
        while self.busy and not self.lost:
            if self._task is not None:
                _wake(self._go)
            kernels.inference.spin(self._done, self._posted[0], SPIN_MICROSECONDS)
            if self.busy and not self.lost:
                self._finished.acquire()

    def _loop(self):
        try:
            # The thread enters itself into the list: one that nobody knows of would be lost,
            # and one that has no memory to begin must never be given a task.
            _workers.append(self)
        except MemoryError:
            return
        self._ready.release()
        while True:
            try:  # noqa: SIM105  contextlib.suppress would need memory itself
                kernels.inference.spin(self._posted, _next(self._done[0]), SPIN_MICROSECONDS)
            except BaseException:  # without memory it sleeps at once
                pass
            self._go.acquire()
            if self._done[0] == self._posted[0]:
                continue
            task = self._task
            self._task = None
            try:
                task.work(self._slot)
            except BaseException as error:  # work itself could not begin
                task.todo.clear()
                task.error = error
            task = None
            self._done[0] = self._posted[0]
            if self._finished.locked():
                self._finished.release()


def _next(count):
    return (count + 1) & 0xFF


def _wake(lock):
    """Let the one who sleeps at this lock, or comes to it next, go on."""
    if lock.locked():
        lock.release()


_lock = threading.Lock()
_workers: list = []  # all of this process


def _borrow(task, n):
    """Up to n workers, which begin with the task at once."""
    owner = weakref.ref(task)
    with _lock:
        for slot in range(1, n + 1):
            worker = next((worker for worker in _workers if worker.idle), None)
            if worker is None:
                try:
                    worker = _Worker(owner)
                except (RuntimeError, MemoryError):  # of a limit on threads, at the end of the interpreter
                    return
                if not worker.begins():
                    return
            worker.owner = owner
            task.workers.append(worker)
            worker.post(task, slot)


def _forget():
    """The threads of the parent are not in a child that fork made."""
    global _lock, _workers
    lost, _lock, _workers = _workers, threading.Lock(), []
    for worker in lost:
        worker.lost = True
        _wake(worker._finished)  # of the thread that waited for it when its signal handler forked


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
