# Losses over some tokens only. Part of training.pyx.

cdef bint is_sampled(Program program) noexcept:
    """Whether the loss of a program is over some tokens only."""
    return program.c.ops[program.c.n_ops - 1].kind == _c.GRUC_DENSE_SAMPLED


cdef int require_candidates(
    const int32_t[::1] tokens, const double[::1] log_shares, Program program, Targets targets, Source source,
    const Py_ssize_t[::1] indices,
) except -1:
    """Tokens of the table, rising, with the labels of all rows among them."""
    cdef const _c.gruc_value *output = &program.c.values[program.c.output]
    cdef Py_ssize_t i, b, n_rows, first, last = -1
    require(tokens is not None and log_shares is not None and tokens.shape[0] > 0, "candidates (C,)")
    require(log_shares.shape[0] == tokens.shape[0], "log_shares (C,)")
    require(targets.loss == SOFTMAX and output.per_step and targets.starts is not None, "labels of rows")
    for i in range(tokens.shape[0]):
        require(last < tokens[i] < <Py_ssize_t> output.width, "candidates that are tokens, rising")
        last = tokens[i]
    among = np.zeros(output.width, np.uint8)
    among[np.asarray(tokens)] = 1
    cdef const unsigned char[::1] is_candidate = among
    for b in range(indices.shape[0]):
        n_rows = _c.gruc_sequence_at(&source.c, indices[b]).n_frames
        first = targets.starts[indices[b]]
        for i in range(first, first + n_rows):
            require(is_candidate[targets.labels[i]], "labels among the candidates")
    return 0
