# States that cells start from, and leave. Part of training.pyx.

cdef void gather_states(
    char *to, const char *states, size_t column, size_t n_states, const _c.gruc_clock *clock, size_t width,
) noexcept nogil:
    """to (B, width) = columns of states (B, n_states) in packed order; zeros for NULL; sizes in bytes"""
    cdef size_t b
    for b in range(clock.B):
        if states == NULL:
            memset(to + b * width, 0, width)
        else:
            memcpy(to + b * width, states + clock.order[b] * n_states + column, width)


cdef void scatter_states(
    char *states, size_t column, size_t n_states, const char *rows, const _c.gruc_clock *clock, size_t width,
) noexcept nogil:
    """columns of states (B, n_states), in the caller's order, = rows (B, width); sizes in bytes"""
    cdef size_t b
    for b in range(clock.B):
        memcpy(states + clock.order[b] * n_states + column, rows + b * width, width)


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


cdef const char *given_states(const floating[:, ::1] states, Py_ssize_t B, Py_ssize_t n_states) except NULL:
    require(states.shape[0] == B and states.shape[1] == n_states, "state0 (B, S)")
    return <const char *> &states[0, 0]


cdef char *left_states(floating[:, ::1] states, Py_ssize_t B, Py_ssize_t n_states) except NULL:
    require(states.shape[0] == B and states.shape[1] == n_states, "last_state (B, S)")
    return <char *> &states[0, 0]
