# From the user's arrays to packed rows. Part of inference.pyx.

def widen_range(
    floating[::1] lowest not None,   # (D,) IN/OUT
    floating[::1] highest not None,  # (D,) IN/OUT
    const floating[::1] x not None,  # (m D,) rows end to end
):
    """Widen the range of each column to the numbers of x; False where they are not all finite."""
    cdef Py_ssize_t D = lowest.shape[0], size = x.shape[0]
    cdef bint finite
    require(D > 0 and highest.shape[0] == D and size > 0 and size % D == 0, "lowest, highest (D,), x (m D,)")
    with nogil:
        finite = _c.gruc_widen_range(&lowest[0], &highest[0], &x[0], size, D)
    return finite


cdef int look_at(Py_buffer *view, array, int least, int most, bint tokens) except -1:
    """The type of an array's elements and its buffer, which the caller releases.

    A reference to the array keeps the memory in place.
    """
    cdef int one = 1
    cdef const char *kind
    PyObject_GetBuffer(array, view, PyBUF_STRIDES | PyBUF_FORMAT)
    kind = view.format
    if kind[0] in b"@=" or kind[0] == (c"<" if (<char *> &one)[0] else c">"):  # the native order, said aloud
        kind += 1
    fits = kind[0] in b"ilq" if tokens else kind[0] in b"fd"
    if not least <= view.ndim <= most or not fits or kind[1] != 0:
        PyBuffer_Release(view)
        require(False, f"arrays of native {'int32 or int64' if tokens else 'float32 or float64'}")
    if tokens:
        return _c.GRUC_INT64 if view.itemsize == 8 else _c.GRUC_INT32  # a long is of either size
    return _c.GRUC_FLOAT64 if kind[0] == c"d" else _c.GRUC_FLOAT32


cdef class Source:
    """Sequences where the user's program keeps them, which is read and never copied.

    Parameters
    ----------
    arrays : ndarray of shape (n, T, D), or tuple or list of ndarray of shape (t_i, D) or (t_i,)
        All of native float32, or all of native float64; tokens all of int32, or all of int64.
    frame_length, hop_length : int
        So many steps make a row, and rows begin so many steps apart (source.h).
    tokens : bool
        Whether the elements are integer tokens, of one feature.
    """

    def __init__(self, arrays, Py_ssize_t frame_length=1, Py_ssize_t hop_length=1, bint tokens=False):
        cdef Py_buffer view
        cdef Py_ssize_t i
        cdef int type
        cdef Py_ssize_t *row
        require(self.arrays is None, "made once")
        require(frame_length > 0 and hop_length > 0, "frame_length and hop_length > 0")
        self.c.frame_length = frame_length
        self.c.hop_length = hop_length
        self.arrays = tuple(arrays) if isinstance(arrays, list) else arrays  # lists may change
        if not isinstance(self.arrays, tuple):
            self.c.type = look_at(&view, arrays, 3, 3, tokens)
            self.c.n = view.shape[0]
            self.c.D = view.shape[2]
            self.c.start = <const char *> view.buf
            self.c.T = view.shape[1]
            self.c.of_sequence = view.strides[0]
            self.c.of_step = view.strides[1]
            self.c.of_feature = view.strides[2]
            PyBuffer_Release(&view)
        else:
            require(len(arrays) > 0, "sequences")
            self.c.n = len(arrays)
            self.table = <Py_ssize_t *> PyMem_RawMalloc(4 * len(arrays) * sizeof(Py_ssize_t))
            if self.table == NULL:
                raise MemoryError()
            self.c.table = self.table
            for i in range(len(arrays)):
                type = look_at(&view, arrays[i], 1, 2, tokens)
                if i == 0:
                    self.c.D = view.shape[1] if view.ndim == 2 else 1
                    self.c.type = type
                row = self.table + 4 * i
                row[0] = <Py_ssize_t> view.buf
                row[1] = view.shape[0]
                row[2] = view.strides[0]
                row[3] = view.strides[1] if view.ndim == 2 else view.itemsize
                fits = (view.shape[1] if view.ndim == 2 else 1) == <Py_ssize_t> self.c.D
                fits = fits and type == self.c.type and view.shape[0] > 0
                PyBuffer_Release(&view)
                require(fits, "sequences (t_i, D) of one type")
        require(self.c.n > 0 and self.c.D > 0 and (self.c.table != NULL or self.c.T > 0), "n, T and D > 0")
        require(not tokens or (self.width == 1 and hop_length == 1), "tokens of one feature, step by step")

    def __dealloc__(self):
        PyMem_RawFree(self.table)

    @property
    def holds_tokens(self):
        """Whether its elements are integer tokens."""
        return self.c.type >= _c.GRUC_INT32

    @property
    def width(self):
        """Numbers in a row: frame_length * D."""
        return self.c.frame_length * self.c.D

    def extent(self, const Py_ssize_t[::1] indices not None):
        """Rows of the sequences at `indices` together, and of the longest."""
        cdef Py_ssize_t rows, n_steps
        self.check(indices, &rows, &n_steps)
        return rows, n_steps

    cdef int check(self, const Py_ssize_t[::1] indices, Py_ssize_t *rows, Py_ssize_t *n_steps) except -1:
        cdef Py_ssize_t b, length
        require(indices.shape[0] > 0, "indices of sequences")
        rows[0] = n_steps[0] = 0
        for b in range(indices.shape[0]):
            require(0 <= indices[b] < <Py_ssize_t> self.c.n, "indices of sequences")
            length = _c.gruc_sequence_at(&self.c, indices[b]).n_frames
            rows[0] += length
            if length > n_steps[0]:
                n_steps[0] = length
        return 0


def gather(
    floating[:, ::1] values not None,        # (N, source.width) OUT
    Py_ssize_t[::1] order not None,          # (B,) OUT: places in `indices`, longest first
    Py_ssize_t[::1] lengths not None,        # (B,) OUT, in that order
    Py_ssize_t[::1] offsets not None,        # (T + 1,) OUT
    Source source not None,
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of `source`
    const double[::1] mean, const double[::1] scale,  # (D,) or None
):
    """Pack sequences, (x - mean) / scale in float64: sequences/packing.py."""
    cdef Py_ssize_t B = indices.shape[0], N, T
    cdef const double *mean_ptr = NULL
    cdef const double *scale_ptr = NULL
    require(not source.holds_tokens, "a source of numbers")
    source.check(indices, &N, &T)
    require(values.shape[0] == N and values.shape[1] == source.width, "values (N, source.width)")
    require(order.shape[0] == B and lengths.shape[0] == B, "order, lengths (B,)")
    require(offsets.shape[0] == T + 1, "offsets (T + 1,)")
    require_scaling(mean, scale, source.c.D)
    if mean is not None:
        mean_ptr = &mean[0]
        scale_ptr = &scale[0]
    with nogil:  # the sequences may have to be read from a disk
        _c.gruc_layout(&order[0], &lengths[0], &offsets[0], &source.c, &indices[0], B, T)
        _c.gruc_gather(&values[0, 0], &source.c, &indices[0], &order[0], &offsets[0], mean_ptr, scale_ptr, B)


def gather_tokens(
    int32_t[::1] tokens not None,            # (N,) OUT
    Py_ssize_t[::1] order not None,          # as in `gather`
    Py_ssize_t[::1] lengths not None,
    Py_ssize_t[::1] offsets not None,
    Source source not None,                  # of int32 or int64
    const Py_ssize_t[::1] indices not None,  # (B,) which sequences of `source`
    Py_ssize_t n_tokens,
):
    """Pack sequences of tokens.

    Raises
    ------
    ValueError
        A token is negative, or `n_tokens` or more.
    """
    cdef Py_ssize_t B = indices.shape[0], N, T
    cdef _c.gruc_wrong_token wrong
    require(source.holds_tokens, "a source of tokens")
    require(0 < n_tokens <= INT32_MAX, "0 < n_tokens < 2^31")
    source.check(indices, &N, &T)
    require(tokens.shape[0] == N, "tokens (N,)")
    require(order.shape[0] == B and lengths.shape[0] == B, "order, lengths (B,)")
    require(offsets.shape[0] == T + 1, "offsets (T + 1,)")
    with nogil:
        _c.gruc_layout(&order[0], &lengths[0], &offsets[0], &source.c, &indices[0], B, T)
        wrong = _c.gruc_gather_tokens(&tokens[0], &source.c, &indices[0], &order[0], &offsets[0], B, n_tokens)
    require_tokens(wrong, n_tokens)


cdef int require_tokens(_c.gruc_wrong_token wrong, Py_ssize_t n_tokens) except -1:
    if wrong.sequence >= 0:
        raise ValueError(
            f"sequence {wrong.sequence} has token {wrong.token} at step {wrong.step}; "
            f"tokens are integers from 0 to {n_tokens - 1} here"
        )
    return 0


cdef int require_scaling(const double[::1] mean, const double[::1] scale, Py_ssize_t D) except -1:
    require((mean is None) == (scale is None), "mean and scale, or neither")
    if mean is not None:
        require(mean.shape[0] == D and scale.shape[0] == D, "mean and scale (D,)")
    return 0
