# Inputs and targets of a training step. Part of training.pyx.

cdef class Inputs:
    """Where the inputs of a program come from: n sequences.

    Parameters
    ----------
    source : Source
        Rows of the first clock.
    scaling : (mean, scale) or None
        Of their features, (D,) each.
    second : Source or None
        Rows of the second clock, of as many sequences.
    state0 : ndarray of shape (B, S) or None
        What the inputs for each sequence hold, side by side in the order of the program: states before
        the first row of each sequence that is taken. None for zeros.
    last_state : ndarray of shape (B, S) or None
        Filled with the states after the last row, in the same order.
    """

    cdef Source source
    cdef Source second
    cdef const double[::1] mean
    cdef const double[::1] scale
    cdef object state0
    cdef object last_state

    def __init__(self, Source source not None, scaling=None, Source second=None, state0=None, last_state=None):
        self.source = source
        self.mean, self.scale = (None, None) if scaling is None else scaling
        require_scaling(self.mean, self.scale, source.c.D)
        require(second is None or second.c.n == source.c.n, "sources of as many sequences")
        self.second = second
        self.state0 = state0
        self.last_state = last_state

    cdef Source of_clock(self, Py_ssize_t clock):
        return self.second if clock else self.source


cdef class Targets:
    """What sequences are to be answered with, and how answers are judged.

    Parameters
    ----------
    loss : int
        SOFTMAX, SIGMOID, SQUARED_ERROR, ...
    settings : tuple of float
        Of the loss, one or more (loss.body.h); 0 for those without.
    values : ndarray of shape (m,), intp, or (m, K)
        Labels for SOFTMAX; elements of the weights' type for the others. One for each sequence, or
        for each of its rows, sequence after sequence.
    weights : ndarray of shape (m,), float64, or None
        One for each of `values`; None for ones.
    starts : ndarray of shape (n,), intp, or None
        Where each sequence's begin in `values`, for a program that answers each row; None for one each.
    """

    cdef int loss
    cdef double[::1] settings
    cdef const Py_ssize_t[::1] labels
    cdef const float[:, ::1] y_f32
    cdef const double[:, ::1] y_f64
    cdef const double[::1] weights
    cdef const Py_ssize_t[::1] starts
    cdef Py_ssize_t n_values

    def __init__(self, int loss, settings, values not None, const double[::1] weights=None,
                 const Py_ssize_t[::1] starts=None):
        require(SOFTMAX <= loss <= POISSON, "loss one of SOFTMAX, ..., POISSON")
        self.loss = loss
        self.settings = np.array(settings, np.float64)
        require(self.settings.shape[0] > 0, "settings, one or more")
        self.labels = self.y_f32 = self.y_f64 = None
        if loss == SOFTMAX:
            self.labels = values
        elif values.dtype == np.float64:
            self.y_f64 = values
        else:
            self.y_f32 = values
        self.n_values = len(values)
        self.weights = weights
        self.starts = starts

    cdef int check(self, Source source, const Py_ssize_t[::1] indices, Py_ssize_t K, bint per_step,
                   bint is_double) except -1:
        """Targets of the sequences of a source, or of their rows, for K outputs."""
        cdef Py_ssize_t n = source.c.n, b, n_rows
        require(self.weights is None or self.weights.shape[0] == self.n_values, "weights (m,), as many as values")
        require((self.starts is not None) == per_step, "starts where each row is answered")
        self.check_values(K, is_double)
        if not per_step:
            require(self.n_values == n, "targets of as many sequences as the source has")
            for b in range(indices.shape[0]):
                self.check_labels(indices[b], 1, K)
            return 0
        require(self.starts.shape[0] == n, "starts (n,)")
        for b in range(indices.shape[0]):
            n_rows = _c.gruc_sequence_at(&source.c, indices[b]).n_frames
            require(0 <= self.starts[indices[b]] <= self.n_values - n_rows, "targets of every row")
            self.check_labels(self.starts[indices[b]], n_rows, K)
        return 0

    cdef int check_values(self, Py_ssize_t K, bint is_double) except -1:
        """Values of K outputs, where they are not labels."""
        if self.loss == SOFTMAX:
            return 0
        if is_double:
            require(self.y_f64 is not None and self.y_f64.shape[1] == K, "targets (m, K) of the weights' type")
        else:
            require(self.y_f32 is not None and self.y_f32.shape[1] == K, "targets (m, K) of the weights' type")
        return 0

    cdef int check_labels(self, Py_ssize_t first, Py_ssize_t n, Py_ssize_t K) except -1:
        """Labels, where they are labels, of K classes."""
        cdef Py_ssize_t i
        if self.loss == SOFTMAX:
            for i in range(first, first + n):
                require(0 <= self.labels[i] < K, "0 <= labels < K")
        return 0
