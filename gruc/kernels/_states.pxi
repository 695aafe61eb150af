# States that cells start from, and leave. Part of training.pyx.

cdef void gather_states(
    floating *to, const floating[:, ::1] states, Py_ssize_t column, const _c.gruc_clock *clock, size_t width,
) noexcept nogil:
    """to (B, width) = columns of states in packed order; zeros for None"""
    cdef size_t b
    for b in range(clock.B):
        if states is None:
            memset(to + b * width, 0, width * sizeof(floating))
        else:
            memcpy(to + b * width, &states[clock.order[b], column], width * sizeof(floating))


cdef void scatter_states(
    floating[:, ::1] states, Py_ssize_t column, const floating *rows, const _c.gruc_clock *clock, size_t width,
) noexcept nogil:
    """columns of states, in the caller's order, = rows (B, width)"""
    cdef size_t b
    for b in range(clock.B):
        memcpy(&states[clock.order[b], column], rows + b * width, width * sizeof(floating))


cdef Py_ssize_t states_width(const _c.gruc_program *program) noexcept nogil:
    """Elements that all inputs for a sequence have together."""
    cdef size_t i
    cdef Py_ssize_t width = 0
    for i in range(program.n_inputs):
        if not program.values[i].per_step:
            width += program.values[i].width
    return width


cdef int last_of(const _c.gruc_program *program, int state0) noexcept nogil:
    """The value in which a cell that starts from this one leaves its states; -1 for none."""
    cdef size_t i
    for i in range(program.n_ops):
        if program.ops[i].x2 == state0:
            return program.ops[i].last
    return -1
