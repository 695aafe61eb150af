# The flat buffers: norms, penalties, optimisers. Part of training.pyx.

def norm(const floating[::1] g not None):
    """sqrt(sum(g ** 2)), added up in double."""
    cdef double result
    require(g.shape[0] > 0, "g not empty")
    with nogil:
        result = _c.gruc_norm(&g[0], g.shape[0])
    return result


def add(
    floating[::1] g not None,            # (size,) IN/OUT
    const floating[::1] other not None,  # (size,)
):
    """g += other"""
    require(g.shape[0] > 0 and g.shape[0] == other.shape[0], "g and other (size,)")
    with nogil:
        _c.gruc_add(&g[0], &other[0], g.shape[0])


def scale(
    floating[::1] g not None,  # (size,) IN/OUT
    double factor,
):
    """g *= factor"""
    require(g.shape[0] > 0, "g not empty")
    with nogil:
        _c.gruc_scale(&g[0], factor, g.shape[0])


def add_penalty(
    floating[::1] g not None,        # (size,) IN/OUT: gradient
    const floating[::1] p not None,  # (size,) weights
    double l2, double l1,
):
    """g += l2 p + l1 sign(p); returns l2/2 sum(p^2) + l1 sum(abs(p)), whose gradient that is."""
    cdef double result
    require(g.shape[0] > 0 and g.shape[0] == p.shape[0], "g and p (size,)")
    with nogil:
        result = _c.gruc_add_penalty(&g[0], &p[0], l2, l1, g.shape[0])
    return result


# Optimisers: the new arrays may be the old ones, or leave these as they are.

def adam(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_m not None,    # (size,) OUT: first moment
    floating[::1] new_v not None,    # (size,) OUT: second moment
    const floating[::1] p not None,  # (size,)
    const floating[::1] m not None,  # (size,)
    const floating[::1] v not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    Py_ssize_t t,           # step number, from 1
    double learning_rate, double beta_1, double beta_2, double epsilon,
    double weight_decay,    # decoupled: AdamW
):
    """One step of Adam (Kingma and Ba 2015), or of AdamW (Loshchilov and Hutter 2019)."""
    cdef Py_ssize_t size = p.shape[0]
    cdef double rate, unbias, keep = 1 - learning_rate * weight_decay
    require(size > 0 and t > 0, "p not empty, t > 0")
    require(m.shape[0] == size and v.shape[0] == size and g.shape[0] == size, "m, v, g (size,)")
    require(new_p.shape[0] == size and new_m.shape[0] == size and new_v.shape[0] == size, "new ones (size,)")
    with nogil:
        rate = learning_rate / (1 - beta_1 ** t)
        unbias = 1 / (1 - beta_2 ** t)
        _c.gruc_adam(&new_p[0], &new_m[0], &new_v[0], &p[0], &m[0], &v[0], &g[0], rate, unbias, keep, beta_1,
                     beta_2, epsilon, size)


def sgd(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_m not None,    # (size,) OUT: velocity
    const floating[::1] p not None,  # (size,)
    const floating[::1] m not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    double learning_rate, double momentum, bint nesterov,
):
    """One step of gradient descent with momentum (Sutskever et al. 2013)."""
    cdef Py_ssize_t size = p.shape[0]
    require_moment(new_p, new_m, p, m, g)
    with nogil:
        _c.gruc_sgd(&new_p[0], &new_m[0], &p[0], &m[0], &g[0], learning_rate, momentum, nesterov, size)


def rmsprop(
    floating[::1] new_p not None,    # (size,) OUT: parameters
    floating[::1] new_v not None,    # (size,) OUT: mean square of gradients
    const floating[::1] p not None,  # (size,)
    const floating[::1] v not None,  # (size,)
    const floating[::1] g not None,  # (size,) gradient
    double learning_rate, double rho, double epsilon,
):
    """One step of RMSprop (Tieleman and Hinton 2012)."""
    cdef Py_ssize_t size = p.shape[0]
    require_moment(new_p, new_v, p, v, g)
    with nogil:
        _c.gruc_rmsprop(&new_p[0], &new_v[0], &p[0], &v[0], &g[0], learning_rate, rho, epsilon, size)


cdef int require_moment(
    floating[::1] new_p, floating[::1] new_m, const floating[::1] p, const floating[::1] m,
    const floating[::1] g,
) except -1:
    cdef Py_ssize_t size = p.shape[0]
    require(size > 0 and m.shape[0] == size and g.shape[0] == size, "p, moment, g (size,)")
    require(new_p.shape[0] == size and new_m.shape[0] == size, "new ones (size,)")
    return 0
