# Tasks that threads share, and mailboxes where they are given them. Part of inference.pyx.

# how long threads wait without sleep: longer than the pause between two training steps, too short to be noticed
cdef double SPIN_MICROSECONDS = 200


cdef class Mailbox:
    """Where a thread of Python's waits for tasks, without the GIL, and the one that posts them for their end.

    A task that its thread has not begun can be taken back, so that nobody waits for a thread to wake up that is
    no longer needed. Locks are acquired here only to sleep; each is released once for each time that someone
    sleeps, since whoever resets the flag of a sleeper, and nobody else, releases its lock.
    """

    def __cinit__(self):
        self.begin, self.end = PyThread_allocate_lock(), PyThread_allocate_lock()
        if self.begin == NULL or self.end == NULL:
            raise MemoryError()
        PyThread_acquire_lock(self.begin, WAIT_LOCK)
        PyThread_acquire_lock(self.end, WAIT_LOCK)

    def __dealloc__(self):
        if self.begin != NULL:
            PyThread_free_lock(self.begin)
        if self.end != NULL:
            PyThread_free_lock(self.end)

    @property
    def busy(self):
        """Whether a task is here that is not done."""
        return gruc_shared_read(&self.c.state) != GRUC_IDLE

    def stir(self):
        """Wake the thread, since there will be a task soon."""
        if gruc_shared_swap(&self.c.worker_sleeps, 0):
            PyThread_release_lock(self.begin)

    def post(self):
        """Let `serve` return, for work of the caller's."""
        self.put(NULL, 0)

    cdef void put(self, gruc_task *task, size_t slot) noexcept nogil:
        """Give the thread a task; there must be none."""
        self.c.task, self.c.slot = task, slot
        gruc_shared_swap(&self.c.state, GRUC_POSTED)
        if gruc_shared_swap(&self.c.worker_sleeps, 0):
            PyThread_release_lock(self.begin)

    def serve(self):
        """Work on tasks as they come, until one is posted that is the caller's, who says when it is `done`."""
        with nogil:
            while True:
                if not gruc_spin(&self.c.state, GRUC_POSTED, SPIN_MICROSECONDS):
                    gruc_shared_swap(&self.c.worker_sleeps, 1)
                    if (gruc_shared_read(&self.c.state) != GRUC_POSTED
                            or not gruc_shared_swap(&self.c.worker_sleeps, 0)):
                        PyThread_acquire_lock(self.begin, WAIT_LOCK)
                if not gruc_shared_change(&self.c.state, GRUC_POSTED, GRUC_WORKING):
                    continue
                if self.c.task == NULL:
                    break
                gruc_work_on(self.c.task, self.c.slot)
                self.finish()

    def done(self):
        """The work for which `serve` has returned is done."""
        self.finish()

    cdef void finish(self) noexcept nogil:
        gruc_shared_swap(&self.c.state, GRUC_IDLE)
        if gruc_shared_swap(&self.c.poster_sleeps, 0):
            PyThread_release_lock(self.end)

    def wait(self):
        """Take the task back, or wait until it is done, or for a signal, whose handler may raise."""
        cdef bint signal
        with nogil:
            signal = self.sleep_until_idle(True)
        if signal:
            PyErr_CheckSignals()

    cdef bint sleep_until_idle(self, bint by_signals) noexcept nogil:
        """Take the task back, or wait until it is done; returns whether a signal came first."""
        cdef bint signal
        if gruc_shared_change(&self.c.state, GRUC_POSTED, GRUC_IDLE):
            return False
        while not gruc_spin(&self.c.state, GRUC_IDLE, SPIN_MICROSECONDS):
            gruc_shared_swap(&self.c.poster_sleeps, 1)
            if gruc_shared_read(&self.c.state) == GRUC_IDLE and gruc_shared_swap(&self.c.poster_sleeps, 0):
                break
            signal = PyThread_acquire_lock_timed(self.end, -1, by_signals) == PY_LOCK_INTR
            if signal and gruc_shared_swap(&self.c.poster_sleeps, 0):
                return True
            if signal:  # the thread has just woken this one
                PyThread_acquire_lock(self.end, WAIT_LOCK)
        return False


cdef class Task:
    """Items that threads take one after the other, all of it without the GIL; what they are, a subclass says."""

    def run(self, list mailboxes not None):
        """Run all items, on this thread and those of the mailboxes, which have no other tasks."""
        cdef Mailbox mailbox
        cdef size_t slot = 1
        require(len(mailboxes) < self.n_slots, "a slot for each thread")
        for mailbox in mailboxes:
            require(not mailbox.busy, "threads without a task")
        self.c.next = 0
        for mailbox in mailboxes:
            mailbox.put(&self.c, slot)
            slot += 1
        with nogil:
            gruc_work_on(&self.c, 0)
        for mailbox in mailboxes:
            with nogil:
                mailbox.sleep_until_idle(False)
