# The rows of a table that a batch has seen: penalty and steps, in place. Part of training.pyx.

cdef int require_rows(
    const floating[:, ::1] table, const int32_t[::1] tokens, const floating[:, ::1] g,
) except -1:
    """Tokens are rows of the table, distinct and in rising order."""
    cdef Py_ssize_t i, n = tokens.shape[0], before = -1
    require(g.shape[0] == n and g.shape[1] == table.shape[1], "g (n, D), table (n_tokens, D)")
    for i in range(n):
        require(before < tokens[i] < table.shape[0], "tokens in rising order, below n_tokens")
        before = tokens[i]
    return 0


cdef int require_moments(
    const floating[:, ::1] table, const floating[:, ::1] m, const floating[:, ::1] v,
) except -1:
    require(m.shape[0] == table.shape[0] and m.shape[1] == table.shape[1], "moments like the table")
    require(v.shape[0] == table.shape[0] and v.shape[1] == table.shape[1], "moments like the table")
    return 0


def add_penalty_rows(
    floating[:, ::1] g not None,        # (n, D) IN/OUT: gradient
    const floating[:, ::1] table not None,  # (n_tokens, D)
    const int32_t[::1] tokens not None,  # (n,) rows of the table, in rising order
    double l2, double l1,
):
    """`add_penalty` of these rows."""
    cdef double result = 0
    require_rows(table, tokens, g)
    if tokens.shape[0] > 0:
        with nogil:
            result = _c.gruc_add_penalty_rows(&g[0, 0], &table[0, 0], &tokens[0], l2, l1, g.shape[0],
                                              g.shape[1])
    return result


def adam_rows(
    floating[:, ::1] table not None,     # (n_tokens, D) IN/OUT
    floating[:, ::1] m not None,         # (n_tokens, D) IN/OUT: first moment
    floating[:, ::1] v not None,         # (n_tokens, D) IN/OUT: second moment
    const int32_t[::1] tokens not None,  # (n,) rows of the table, in rising order
    const floating[:, ::1] g not None,   # (n, D) their gradients
    Py_ssize_t t,                        # step number, from 1: of all steps, whatever rows they saw
    double learning_rate, double beta_1, double beta_2, double epsilon, double weight_decay,
):
    """`adam` of these rows."""
    cdef double rate, unbias, keep = 1 - learning_rate * weight_decay
    require(t > 0, "t > 0")
    require_rows(table, tokens, g)
    require_moments(table, m, v)
    if tokens.shape[0] == 0:
        return
    with nogil:
        rate = learning_rate / (1 - beta_1 ** t)
        unbias = 1 / (1 - beta_2 ** t)
        _c.gruc_adam_rows(&table[0, 0], &m[0, 0], &v[0, 0], &tokens[0], &g[0, 0], rate, unbias, keep, beta_1,
                          beta_2, epsilon, g.shape[0], g.shape[1])


def sgd_rows(
    floating[:, ::1] table not None,     # (n_tokens, D) IN/OUT
    floating[:, ::1] m not None,         # (n_tokens, D) IN/OUT: velocity
    const int32_t[::1] tokens not None,  # (n,) rows of the table, in rising order
    const floating[:, ::1] g not None,   # (n, D) their gradients
    double learning_rate, double momentum, bint nesterov,
):
    """`sgd` of these rows."""
    require_rows(table, tokens, g)
    require_moments(table, m, m)
    if tokens.shape[0] > 0:
        with nogil:
            _c.gruc_sgd_rows(&table[0, 0], &m[0, 0], &tokens[0], &g[0, 0], learning_rate, momentum, nesterov,
                             g.shape[0], g.shape[1])


def rmsprop_rows(
    floating[:, ::1] table not None,     # (n_tokens, D) IN/OUT
    floating[:, ::1] v not None,         # (n_tokens, D) IN/OUT: mean square of gradients
    const int32_t[::1] tokens not None,  # (n,) rows of the table, in rising order
    const floating[:, ::1] g not None,   # (n, D) their gradients
    double learning_rate, double rho, double epsilon,
):
    """`rmsprop` of these rows."""
    require_rows(table, tokens, g)
    require_moments(table, v, v)
    if tokens.shape[0] > 0:
        with nogil:
            _c.gruc_rmsprop_rows(&table[0, 0], &v[0, 0], &tokens[0], &g[0, 0], learning_rate, rho, epsilon,
                                 g.shape[0], g.shape[1])
