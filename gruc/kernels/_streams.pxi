# Sequences that come step by step. Part of inference.pyx.

# what becomes of the head's outputs
cpdef enum:
    VALUES = _c.GRUC_VALUES
    EXP = _c.GRUC_EXP
    TWO = _c.GRUC_TWO
    CLASSES = _c.GRUC_CLASSES
    LABELS = _c.GRUC_LABELS


cdef const void *numbers_of(array, dtype, Py_ssize_t size, list held) except? NULL:
    """Where the numbers of an array lie, which `held` keeps alive."""
    cdef const unsigned char[::1] raw
    require(array.dtype == dtype and array.flags.c_contiguous and array.size == size, "weights that fit")
    raw = array.reshape(-1).view("u1")
    held.append(array)
    return &raw[0]


cdef enum:
    ALONE = 64  # steps that take less time than others might wait for the GIL


cdef class Streams:
    """n sequences that come step by step: stream.body.h.

    Parameters
    ----------
    n : int
    units : ndarray of shape (n_layers,), intp
    layers : list of ndarray
        By `gru_pack`; of float32 or float64, as all weights.
    attention : (panels, b, v), or None with another readout
    head : (panels, bias)
    readout, link : int
        0, 1, 2, 3 for last, mean, max, attention; VALUES, EXP, TWO, CLASSES or LABELS.
    scaling, target_scaling : (mean, scale) of float64, or None
    largest : float
        That a scaled number may be.
    """

    cdef _c.gruc_model c
    cdef readonly Py_ssize_t n
    cdef bint is_double
    cdef bint busy  # a thread is in `step`, perhaps without the GIL
    cdef Py_ssize_t[::1] units
    cdef list held
    cdef _c.gruc_layer *layers
    cdef uint64_t *steps
    cdef char *numbers
    cdef char *scratch
    cdef double *told
    cdef readonly size_t size  # bytes of one stream's numbers

    def __init__(self, Py_ssize_t n, Py_ssize_t n_features, Py_ssize_t[::1] units not None, list layers,
                 attention, head, int readout, int link, bint reset_after, Py_ssize_t n_outputs,
                 Py_ssize_t frame_length, Py_ssize_t hop_length, scaling, target_scaling,
                 Py_ssize_t n_quantiles, double largest):
        cdef Py_ssize_t i, size, D = n_features * frame_length, F = units[units.shape[0] - 1]
        cdef const void *packed
        require(self.steps == NULL and n > 0 and len(layers) == units.shape[0], "n > 0, a layer for each")
        dtype = head[1].dtype
        self.is_double = dtype == "f8"
        self.n, self.units, self.held = n, units.copy(), []
        self.c.n_features, self.c.n_outputs, self.c.n_layers = n_features, n_outputs, units.shape[0]
        self.c.units = &self.units[0]
        self.c.reset_after, self.c.readout, self.c.link = reset_after, readout, link
        self.c.frame_length, self.c.hop_length = frame_length, hop_length
        self.c.n_quantiles, self.c.largest = n_quantiles, largest
        self.layers = <_c.gruc_layer *> PyMem_RawMalloc(len(layers) * sizeof(_c.gruc_layer))
        if self.layers == NULL:
            raise MemoryError()
        self.c.layers = self.layers
        for i in range(units.shape[0]):
            size = gru_packed_size(D, units[i], self.is_double)
            packed = numbers_of(layers[i], dtype, size, self.held)
            if self.is_double:
                self.layers[i] = _c.gruc_gru_layer(<const double *> packed, D, units[i], reset_after)
            else:
                self.layers[i] = _c.gruc_gru_layer(<const float *> packed, D, units[i], reset_after)
            D = units[i]
        if attention is not None:
            self.c.attention = numbers_of(attention[0], dtype, panel_size(F, F, self.is_double), self.held)
            self.c.attention_b = numbers_of(attention[1], dtype, F, self.held)
            self.c.attention_v = numbers_of(attention[2], dtype, F, self.held)
        self.c.head = numbers_of(head[0], dtype, panel_size(n_outputs, F, self.is_double), self.held)
        self.c.head_b = numbers_of(head[1], dtype, n_outputs, self.held)
        if scaling is not None:
            self.c.mean = numbers_of(scaling[0], "f8", n_features, self.held)
            self.c.scale = numbers_of(scaling[1], "f8", n_features, self.held)
        if target_scaling is not None:
            i = n_outputs // n_quantiles
            self.c.target_mean = numbers_of(target_scaling[0], "f8", i, self.held)
            self.c.target_scale = numbers_of(target_scaling[1], "f8", i, self.held)
        if self.is_double:
            self.size = _c.gruc_stream_size(<double *> NULL, &self.c) * sizeof(double)
            i = _c.gruc_stream_scratch(<double *> NULL, &self.c) * sizeof(double)
        else:
            self.size = _c.gruc_stream_size(<float *> NULL, &self.c) * sizeof(float)
            i = _c.gruc_stream_scratch(<float *> NULL, &self.c) * sizeof(float)
        self.steps = <uint64_t *> PyMem_RawCalloc(n, sizeof(uint64_t))
        self.numbers = <char *> PyMem_RawCalloc(n, self.size)
        self.scratch = <char *> PyMem_RawMalloc(i)
        self.told = <double *> PyMem_RawMalloc(self.width * sizeof(double))
        if self.steps == NULL or self.numbers == NULL or self.scratch == NULL or self.told == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_RawFree(self.layers)
        PyMem_RawFree(self.steps)
        PyMem_RawFree(self.numbers)
        PyMem_RawFree(self.scratch)
        PyMem_RawFree(self.told)

    @property
    def width(self):
        """Numbers of a result."""
        return 2 if self.c.link == TWO else self.c.n_outputs

    def step(self, x not None, double[:, :, ::1] out not None, const Py_ssize_t[::1] rows=None):
        """Take in x (m, k, D), k steps of each of m streams.

        Fills out (m, 1, width) with the result after the last of the k steps, or out
        (m, k, width) with the result after each. `rows` (m,) says of which streams, None of all
        in their order. Returns -1, or the place in x of the first number that cannot be computed
        with; nothing is taken in then.
        """
        cdef const double[:, :, ::1] steps = x
        cdef Py_ssize_t m = steps.shape[0], k = steps.shape[1], D = self.c.n_features, i, row, place
        require(steps.shape[2] == D and k > 0, "x (m, k, D)")
        require(out.shape[0] == m and out.shape[2] == <Py_ssize_t> self.width, "out (m, 1 or k, width)")
        require(out.shape[1] == 1 or out.shape[1] == k, "out (m, 1 or k, width)")
        require(m == self.n if rows is None else rows.shape[0] == m, "rows (m,)")
        for i in range(m):
            row = i if rows is None else rows[i]
            require(0 <= row < self.n, "rows of streams")
        self.require_free()
        self.busy = True
        try:
            if m * k < ALONE:
                return self.step_all(steps, out, rows)
            with nogil:
                place = self.step_all(steps, out, rows)
            return place
        finally:
            self.busy = False

    cdef Py_ssize_t step_all(self, const double[:, :, ::1] steps, double[:, :, ::1] out,
                             const Py_ssize_t[::1] rows) noexcept nogil:
        """What `step` does, and returns."""
        cdef Py_ssize_t i, t, j, row, k = steps.shape[1], D = self.c.n_features
        for i in range(steps.shape[0]):
            for t in range(k):
                j = self.misfit(&steps[i, t, 0])
                if j < D:
                    return (i * k + t) * D + j
        for i in range(steps.shape[0]):
            row = i if rows is None else rows[i]
            for t in range(k):
                self.take(row, &steps[i, t, 0])
                if out.shape[1] > 1:
                    self.tell(row, &out[i, t, 0])
            if out.shape[1] == 1:
                self.tell(row, &out[i, 0, 0])
        return -1

    cdef int require_free(self) except -1:
        if self.busy:
            raise RuntimeError("A stream is for one thread at a time, and another is in it.")
        return 0

    def one_step(self, x, out):
        """One step x (D,) of the only stream, into `out`; False where they are not plain arrays that fit.

        What `step` does, without its checks: arrays of float64 (x) and float32 or float64 (out).
        """
        cdef Py_buffer given, to
        cdef Py_ssize_t j, D = self.c.n_features
        cdef bint fits = self.n == 1
        self.require_free()
        try:
            PyObject_GetBuffer(x, &given, PyBUF_STRIDES | PyBUF_FORMAT)
        except ValueError:  # dtypes that no buffer has
            return False
        fits = fits and given.ndim == 1 and given.shape[0] == D
        fits = fits and given.format[0] == c"d" and given.format[1] == 0
        fits = fits and given.strides[0] == sizeof(double) and self.misfit(<double *> given.buf) == D
        if fits:
            self.take(0, <double *> given.buf)
            self.tell(0, self.told)
        PyBuffer_Release(&given)
        if not fits:
            return False
        PyObject_GetBuffer(out, &to, PyBUF_WRITABLE | PyBUF_FORMAT)
        fits = to.len == self.width * to.itemsize
        for j in range(self.width if fits else 0):
            if to.itemsize == sizeof(double):
                (<double *> to.buf)[j] = self.told[j]
            else:
                (<float *> to.buf)[j] = <float> self.told[j]
        PyBuffer_Release(&to)
        require(fits, "out (width,)")
        return True

    cdef Py_ssize_t misfit(self, const double *x) noexcept nogil:
        """The first feature of a step that cannot be computed with, or D."""
        if self.is_double:
            return _c.gruc_misfit(<double *> NULL, x, &self.c)
        return _c.gruc_misfit(<float *> NULL, x, &self.c)

    cdef void take(self, Py_ssize_t row, const double *x) noexcept nogil:
        cdef char *numbers = self.numbers + row * self.size
        if self.is_double:
            _c.gruc_stream_step(<double *> NULL, &self.steps[row], <double *> numbers,
                                <double *> self.scratch, x, &self.c)
        else:
            _c.gruc_stream_step(<float *> NULL, &self.steps[row], <float *> numbers, <float *> self.scratch,
                                x, &self.c)

    cdef void tell(self, Py_ssize_t row, double *out) noexcept nogil:
        cdef char *numbers = self.numbers + row * self.size
        if self.is_double:
            _c.gruc_stream_result(<double *> NULL, out, self.steps[row], <double *> numbers,
                                  <double *> self.scratch, &self.c)
        else:
            _c.gruc_stream_result(<float *> NULL, out, self.steps[row], <float *> numbers,
                                  <float *> self.scratch, &self.c)

    def reset(self, const Py_ssize_t[::1] rows=None, const unsigned char[:, ::1] states=None):
        """Begin anew, all of them or the m of `rows`, from `states`: (m, numbers of all layers) as bytes."""
        cdef Py_ssize_t i, row, m = self.n if rows is None else rows.shape[0]
        self.require_free()
        if states is not None:
            require(states.shape[0] == m and states.shape[1] <= <Py_ssize_t> self.size, "states (m, H)")
        for i in range(m):
            row = i if rows is None else rows[i]
            require(0 <= row < self.n, "rows of streams")
            self.steps[row] = 0
            memset(self.numbers + row * self.size, 0, self.size)
            if states is not None:
                memcpy(self.numbers + row * self.size, &states[i, 0], states.shape[1])

    def snapshot(self):
        """Counts of steps and numbers of all streams, for `restore`."""
        self.require_free()
        return (
            PyBytes_FromStringAndSize(<char *> self.steps, self.n * sizeof(uint64_t)),
            PyBytes_FromStringAndSize(self.numbers, self.n * self.size),
        )

    def restore(self, bytes steps, bytes numbers):
        """Go on from what `snapshot` returned."""
        self.require_free()
        require(len(steps) == self.n * <Py_ssize_t> sizeof(uint64_t), "steps of n streams")
        require(len(numbers) == self.n * <Py_ssize_t> self.size, "numbers of n streams")
        memcpy(self.steps, <char *> steps, len(steps))
        memcpy(self.numbers, <char *> numbers, len(numbers))
