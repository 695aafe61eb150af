"""What threads share (include/gruc/extensions/task.h), and Python's locks, which need no GIL."""


cdef extern from "gruc/extensions/task.h" nogil:
    enum:
        GRUC_IDLE, GRUC_POSTED, GRUC_WORKING

    ctypedef long gruc_shared

    ctypedef struct gruc_task:
        void (*run)(void *items, size_t item, size_t slot) noexcept nogil
        void *items
        size_t n_items
        gruc_shared next

    ctypedef struct gruc_mailbox:
        gruc_shared state, worker_sleeps, poster_sleeps
        gruc_task *task
        size_t slot

    void gruc_work_on(gruc_task *task, size_t slot) noexcept
    bint gruc_spin(gruc_shared *at, long value, double microseconds) noexcept
    long gruc_shared_read(gruc_shared *at) noexcept
    long gruc_shared_swap(gruc_shared *at, long value) noexcept
    bint gruc_shared_change(gruc_shared *at, long before, long after) noexcept


cdef extern from "pythread.h":
    ctypedef void *PyThread_type_lock
    ctypedef enum PyLockStatus:
        PY_LOCK_FAILURE, PY_LOCK_ACQUIRED, PY_LOCK_INTR
    enum:
        WAIT_LOCK

    PyThread_type_lock PyThread_allocate_lock()
    void PyThread_free_lock(PyThread_type_lock lock)
    int PyThread_acquire_lock(PyThread_type_lock lock, int wait) noexcept nogil
    PyLockStatus PyThread_acquire_lock_timed(
        PyThread_type_lock lock, long long microseconds, int by_signals) noexcept nogil
    void PyThread_release_lock(PyThread_type_lock lock) noexcept nogil
