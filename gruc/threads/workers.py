"""Threads of the standard library for work that is done in parallel.

The kernels release the GIL, so that Python's own threads are enough: there is no OpenMP, and a
child process made by fork starts threads of its own. A thread waits for work in a mailbox, without the GIL;
tasks of the kernels it is given there and does there, without a line of Python. It waits for a moment without
sleep, since the next step of a training arrives sooner than a sleeping thread wakes up.
"""

import _thread
import os
import threading
import weakref
from collections import deque

from .. import kernels

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
        task.call(min(n_threads, len(items)) - 1)
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


class Crew:
    """Threads beside the caller's for tasks of the kernels: a context manager, whose they are within it.

    They are woken when it is entered, and wake up while the caller prepares the task. If the system
    has no more threads, or no memory for them, they are fewer.

    Parameters
    ----------
    n_threads : int
        With the caller's.
    """

    def __init__(self, n_threads):
        self.workers = []
        self.over = False
        self._n_threads = n_threads

    def __enter__(self):
        try:
            if self._n_threads > 1:
                _call(self, self._n_threads - 1)
        except BaseException:  # raised by a signal's handler
            self.over = True
            raise
        return self

    def __exit__(self, *error):
        self.over = True

    @property
    def n_threads(self):
        """How many there are, with the caller's."""
        return 1 + len(self.workers)

    def run(self, task):
        """Run a `kernels.inference.Task` that has as many slots."""
        task.run([worker.mailbox for worker in self.workers])


ALONE = Crew(1)  # the caller's thread, whoever calls


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

    def call(self, n):
        """Let up to n workers take part."""
        _call(self, n)
        for slot, worker in enumerate(self.workers, 1):
            worker.post(self, slot)

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

    What the threads know of each other is in the mailbox, whose methods are single steps for Python: so a
    signal, whose handler may raise between any two lines of the thread that posts and waits, leaves a
    consistent state.
    """

    def __init__(self, owner):
        self.owner = owner  # a weak reference to the task or crew it works for
        self.lost = False  # whether its thread exists in the parent process only
        self.mailbox = kernels.inference.Mailbox()
        self._ready = threading.Lock()
        self._ready.acquire()
        self._task = self._slot = None
        _thread.start_new_thread(self._loop, ())  # threading.Thread.start can be interrupted half-way

    @property
    def idle(self):
        owner = self.owner()
        return (owner is None or owner.over) and not self.busy

    @property
    def busy(self):
        return self.mailbox.busy

    def has_started(self):
        """Whether its thread has started; waits for it for a short time."""
        return self._ready.acquire(timeout=START_SECONDS)

    def post(self, task, slot):
        self._slot = slot
        self._task = task
        self.mailbox.post()

    def wait(self):
        """Wait until its task is done, or can never be; what it has not begun is taken back."""
        while self.busy and not self.lost:
            self.mailbox.wait()

    def _loop(self):
        try:
            # the thread adds itself to the list: otherwise it could be lost, and a thread
            # without memory to start must never get a task
            _workers.append(self)
        except MemoryError:
            return
        self._ready.release()
        while True:
            self.mailbox.serve()
            task = self._task
            self._task = None
            try:
                task.work(self._slot)
            except BaseException as error:  # `work` itself could not start
                task.todo.clear()
                task.error = error
            task = None
            self.mailbox.done()


_lock = threading.Lock()
_workers: list = []  # all workers of this process


def _call(owner, n):
    """Wake up to n workers, which are the owner's from now on: they are added to ``owner.workers``."""
    reference = weakref.ref(owner)
    with _lock:
        for _ in range(n):
            worker = next((worker for worker in _workers if worker.idle), None)
            if worker is None:
                try:
                    worker = _Worker(reference)
                except (RuntimeError, MemoryError):  # a limit on threads, or the interpreter is shutting down
                    return
                if not worker.has_started():
                    return
            worker.owner = reference
            owner.workers.append(worker)
            worker.mailbox.stir()


def _forget():
    """Forget the threads of the parent process, which do not exist in a child made by fork."""
    global _lock, _workers
    lost, _lock, _workers = _workers, threading.Lock(), []
    for worker in lost:
        worker.lost = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
