"""What `training` takes of `inference`."""

from gruc.kernels cimport _c
from gruc.kernels._task cimport PyThread_type_lock, gruc_mailbox, gruc_task


cdef inline bint has_rows(const _c.gruc_program *program, const _c.gruc_op *op) noexcept nogil:
    """Whether an operation's gradient is of some rows of a table only."""
    cdef const _c.gruc_op *last = &program.ops[program.n_ops - 1]
    if op.kind == _c.GRUC_EMBED_SHARED:
        return last.kind == _c.GRUC_DENSE_SAMPLED and last.weights == op.weights
    return op.kind == _c.GRUC_EMBED or op.kind == _c.GRUC_DENSE_SAMPLED


cdef class Program:
    cdef _c.gruc_program c
    cdef _c.gruc_value *value_table
    cdef _c.gruc_op *op_table
    cdef readonly tuple values      # as they were given
    cdef readonly tuple operations
    cdef readonly tuple strides
    cdef list written               # of each value, whether an operation so far writes it
    cdef readonly Py_ssize_t n_dense
    cdef readonly Py_ssize_t n_parameters
    cdef readonly int n_clocks

    cdef int check(self, const _c.gruc_op *op) except -1
    cdef int check_state(self, int place, const _c.gruc_value *y, int kind) except -1


cdef class Source:
    cdef _c.gruc_source c
    cdef object arrays            # whose memory it is
    cdef Py_ssize_t *table        # of a list

    cdef int check(self, const Py_ssize_t[::1] indices, Py_ssize_t *rows, Py_ssize_t *n_steps) except -1


cdef int require_tokens(_c.gruc_wrong_token wrong, Py_ssize_t n_tokens) except -1
cdef int require_scaling(const double[::1] mean, const double[::1] scale, Py_ssize_t D) except -1


cdef class Weights:
    cdef _c.gruc_op_weights *c    # of each operation
    cdef Program program
    cdef list held                # whose memory they point to
    cdef bint is_double
    cdef char code                # of its type in the buffer protocol
    cdef readonly int parts       # bfloat16 numbers for one in products of cells on tiles, 1 or 2; else 0
    cdef size_t element           # bytes

    cdef const _c.gruc_infer_kind *kinds(self) noexcept
    cdef int run(self, _c.gruc_infer_batch *batch, list inputs, list wanted, list kept, list held) except -1
    cdef int set_slower_clock(self, _c.gruc_infer_batch *batch, Py_ssize_t i, list held) except -1
    cdef void *rows_of(self, const _c.gruc_infer_batch *batch, Py_ssize_t value, array,
                       bint writable) except NULL


cdef class Mailbox:
    cdef gruc_mailbox c
    cdef PyThread_type_lock begin
    cdef PyThread_type_lock end

    cdef void put(self, gruc_task *task, size_t slot) noexcept nogil
    cdef void finish(self) noexcept nogil
    cdef bint sleep_until_idle(self, bint by_signals) noexcept nogil


cdef class Task:
    cdef gruc_task c
    cdef Py_ssize_t n_slots  # most threads at once
