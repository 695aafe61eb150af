# Sequences that come step by step. Part of inference.pyx.

LINKS = {  # what becomes of the network's output: model.h
    "values": _c.GRUC_VALUES,
    "exp": _c.GRUC_EXP,
    "two": _c.GRUC_TWO,
    "classes": _c.GRUC_CLASSES,
    "labels": _c.GRUC_LABELS,
}


cpdef enum:  # marks of tokens in Streams.draw
    SEEN = _c.GRUC_SEEN
    NEVER = _c.GRUC_NEVER


cdef enum:
    ALONE = 64  # steps that take less time than others might wait for the GIL


cdef class Streams:
    """n sequences that come step by step: stream.body.h.

    Parameters
    ----------
    n : int
    weights : Weights
        Of a program that reads sequences forwards only.
    inputs : object with n_features, scaling (mean, scale) or None, and framing (length, hop)
        Of a program that reads tokens, a step is one of them, of int32.
    outputs : object with link (of LINKS), n_quantiles, and scaling (mean, scale) or None
    largest : float
        That a scaled element may be.
    """

    cdef _c.gruc_model c
    cdef readonly Py_ssize_t n
    cdef bint is_double
    cdef gruc_shared busy  # 1 while a thread is in a method, perhaps without the GIL
    cdef Weights weights
    cdef list held
    cdef const _c.gruc_row_kind **kinds  # of each operation
    cdef size_t *places
    cdef uint64_t *steps
    cdef char *memory
    cdef char *scratch
    cdef double *told
    cdef readonly size_t size  # bytes of one stream's memory
    cdef readonly Py_ssize_t n_tokens  # that the program reads; 0 where it reads numbers

    def __init__(self, Py_ssize_t n, Weights weights not None, inputs, outputs, double largest):
        cdef Py_ssize_t i, D = inputs.n_features
        cdef _c.gruc_program *program = &weights.program.c
        require(self.places == NULL and n > 0, "n > 0")
        for i in range(<Py_ssize_t> program.n_ops):
            require(not program.ops[i].reverse, "a program that reads forwards")
        self.n, self.weights, self.held, self.is_double = n, weights, [], weights.is_double
        self.c.program, self.c.weights, self.c.kinds = program[0], weights.c, self.kinds_of(program)
        self.c.inputs.n_features, self.c.inputs.largest = D, largest
        self.c.inputs.frame_length, self.c.inputs.hop_length = inputs.framing
        if inputs.scaling is not None:
            self.c.inputs.mean = self.pointer(inputs.scaling[0], D)
            self.c.inputs.scale = self.pointer(inputs.scaling[1], D)
        self.c.outputs.link, self.c.outputs.n_quantiles = LINKS[outputs.link], outputs.n_quantiles
        self.c.outputs.n_outputs = program.values[program.output].width
        if outputs.scaling is not None:
            i = self.c.outputs.n_outputs // self.c.outputs.n_quantiles
            self.c.outputs.target_mean = self.pointer(outputs.scaling[0], i)
            self.c.outputs.target_scale = self.pointer(outputs.scaling[1], i)
        D *= self.c.inputs.frame_length
        require(D == <Py_ssize_t> program.values[0].width, "frames that the program reads")
        self.places = <size_t *> PyMem_RawMalloc((program.n_ops + program.n_values) * sizeof(size_t))
        if self.places == NULL:
            raise MemoryError()
        _c.gruc_stream_memory(&self.c.memory, self.places, self.places + program.n_ops, program)
        for i in range(<Py_ssize_t> program.n_ops):
            if looks_up(&program.ops[i]):
                self.n_tokens = program.ops[i].D
        self.size = (self.c.memory.states_size + (0 if self.n_tokens else D)) * weights.element
        self.steps = <uint64_t *> PyMem_RawCalloc(n, sizeof(uint64_t))
        self.memory = <char *> PyMem_RawCalloc(n, self.size)
        self.scratch = <char *> PyMem_RawCalloc(self.c.memory.scratch_size + self.more_scratch(), weights.element)
        self.told = <double *> PyMem_RawMalloc(self.width * sizeof(double))
        if self.steps == NULL or self.memory == NULL or self.scratch == NULL or self.told == NULL:
            raise MemoryError()

    cdef const _c.gruc_row_kind *const *kinds_of(self, const _c.gruc_program *program) except NULL:
        """The kernels of each of the operations."""
        cdef const _c.gruc_row_kind *const *table
        cdef Py_ssize_t i
        require(self.weights.parts == 0 or tiles != NULL, "tiles")
        table = _c.gruc_row_kinds(<double *> NULL) if self.is_double else _c.gruc_row_kinds(<float *> NULL)
        self.kinds = <const _c.gruc_row_kind **> PyMem_RawMalloc(program.n_ops * sizeof(void *))
        if self.kinds == NULL:
            raise MemoryError()
        for i in range(<Py_ssize_t> program.n_ops):
            self.kinds[i] = table[program.ops[i].kind]
            if self.weights.parts > 0 and program.ops[i].kind in (_c.GRUC_GRU, _c.GRUC_GRU_RESET_BEFORE):
                self.kinds[i] = &tiles.rows[self.weights.parts - 1][program.ops[i].kind == _c.GRUC_GRU_RESET_BEFORE]
            require(self.kinds[i] != NULL, "operations that streams have kernels for")
        return self.kinds

    cdef size_t more_scratch(self) noexcept:
        """Elements that cells on tiles need beyond those of others: at most what one of them needs."""
        cdef size_t size = 0, i
        if self.weights.parts > 0:
            for i in range(self.c.program.n_ops):
                if self.c.program.ops[i].kind in (_c.GRUC_GRU, _c.GRUC_GRU_RESET_BEFORE):
                    size = max(size, tiles.row_scratch(&self.c.program.ops[i]))
        return size

    cdef const void *pointer(self, array, Py_ssize_t size) except NULL:
        self.held.append(array)
        return array_pointer(array, c"d", size, 1, False)

    def __dealloc__(self):
        PyMem_RawFree(self.kinds)
        PyMem_RawFree(self.places)
        PyMem_RawFree(self.steps)
        PyMem_RawFree(self.memory)
        PyMem_RawFree(self.scratch)
        PyMem_RawFree(self.told)

    @property
    def width(self):
        """Numbers of a result."""
        return 2 if self.c.outputs.link == _c.GRUC_TWO else self.c.outputs.n_outputs

    def step(self, x not None, double[:, :, ::1] out not None, const Py_ssize_t[::1] rows=None):
        """Take in x (m, k, D), k steps of each of m streams: float64, or (m, k, 1) tokens of int32.

        Fills out (m, 1, width) with the result after the last of the k steps, or out
        (m, k, width) with the result after each. `rows` (m,) says of which streams, None of all
        in their order. Returns -1, or the place in x of the first number that cannot be computed
        with, or token that is not the program's; nothing is taken in then.
        """
        cdef const double[:, :, ::1] numbers = None if self.n_tokens else x
        cdef const int32_t[:, :, ::1] tokens = x if self.n_tokens else None
        cdef Py_ssize_t m = x.shape[0], k = x.shape[1], i, row, place
        require(x.shape[2] == <Py_ssize_t> self.c.inputs.n_features and m > 0 and k > 0, "x (m, k, D)")
        require(out.shape[0] == m and out.shape[2] == <Py_ssize_t> self.width, "out (m, 1 or k, width)")
        require(out.shape[1] == 1 or out.shape[1] == k, "out (m, 1 or k, width)")
        require(m == self.n if rows is None else rows.shape[0] == m, "rows (m,)")
        for i in range(m):
            row = i if rows is None else rows[i]
            require(0 <= row < self.n, "rows of streams")
        cdef const char *start = <const char *> &tokens[0, 0, 0] if self.n_tokens else <const char *> &numbers[0, 0, 0]
        self.enter()
        try:
            if m * k < ALONE:
                return self.step_all(start, k, out, rows)
            with nogil:
                place = self.step_all(start, k, out, rows)
            return place
        finally:
            gruc_shared_swap(&self.busy, 0)

    cdef Py_ssize_t step_all(self, const char *start, Py_ssize_t k, double[:, :, ::1] out,
                             const Py_ssize_t[::1] rows) noexcept nogil:
        """What `step` does, and returns."""
        cdef Py_ssize_t i, t, j, row, m = out.shape[0], D = self.c.inputs.n_features
        cdef Py_ssize_t of_step = D * <Py_ssize_t> (sizeof(int32_t) if self.n_tokens else sizeof(double))
        for i in range(m * k):
            j = self.misfit(start + i * of_step)
            if j < D:
                return i * D + j
        for i in range(m):
            row = i if rows is None else rows[i]
            for t in range(k):
                self.take(row, start + (i * k + t) * of_step)
                if out.shape[1] > 1:
                    self.tell(row, &out[i, t, 0])
            if out.shape[1] == 1:
                self.tell(row, &out[i, 0, 0])
        return -1

    cdef int enter(self) except -1:
        """Keep other threads out, until `busy` is 0 again."""
        if gruc_shared_swap(&self.busy, 1):
            raise RuntimeError("A stream is for one thread at a time, and another is in it.")
        return 0

    def one_step(self, x, out):
        """One step x (D,) of the only stream, into `out`; False where they are not plain arrays that fit.

        What `step` does, without its checks: arrays of float64 (x) and float32 or float64 (out).
        """
        cdef Py_buffer given
        cdef Py_ssize_t D = self.c.inputs.n_features
        cdef bint fits
        try:
            PyObject_GetBuffer(x, &given, PyBUF_STRIDES | PyBUF_FORMAT)
        except ValueError:  # dtypes that no buffer has
            return False
        try:
            fits = given.ndim == 1 and given.shape[0] == D and given.strides[0] == sizeof(double)
            fits = fits and given.format[0] == c"d" and given.format[1] == 0 and self.n_tokens == 0
            return fits and self.take_and_tell(<const char *> given.buf, out)
        finally:
            PyBuffer_Release(&given)

    def one_token(self, Py_ssize_t token, out):
        """The same of one token."""
        cdef int32_t x = <int32_t> token
        return 0 <= token < self.n_tokens and self.take_and_tell(<const char *> &x, out)

    cdef bint take_and_tell(self, const char *x, out) except -1:
        """One step of the only stream, and its result; False for several, or a step that does not fit."""
        cdef Py_buffer to
        cdef Py_ssize_t j
        if self.n > 1 or self.misfit(x) < <Py_ssize_t> self.c.inputs.n_features:
            return False
        PyObject_GetBuffer(out, &to, PyBUF_WRITABLE | PyBUF_FORMAT)
        try:
            require(to.len == self.width * to.itemsize, "out (width,)")
            self.enter()
            self.take(0, x)
            self.tell(0, self.told)
            for j in range(self.width):
                if to.itemsize == sizeof(double):
                    (<double *> to.buf)[j] = self.told[j]
                else:
                    (<float *> to.buf)[j] = <float> self.told[j]
            gruc_shared_swap(&self.busy, 0)
            return True
        finally:
            PyBuffer_Release(&to)

    # steps x: numbers (D,) of double, or a token of int32

    cdef Py_ssize_t misfit(self, const char *x) noexcept nogil:
        """The first feature of a step that cannot be computed with, or D."""
        cdef int32_t token
        if self.n_tokens:
            token = (<const int32_t *> x)[0]
            return 1 if 0 <= token < self.n_tokens else 0
        if self.is_double:
            return _c.gruc_misfit(<double *> NULL, <const double *> x, &self.c.inputs)
        return _c.gruc_misfit(<float *> NULL, <const double *> x, &self.c.inputs)

    cdef void take(self, Py_ssize_t row, const char *x) noexcept nogil:
        cdef char *memory = self.memory + row * self.size
        cdef uint64_t *steps = self.steps + row
        if self.n_tokens:
            if self.is_double:
                _c.gruc_stream_token(<double *> NULL, steps, <double *> memory, <double *> self.scratch,
                                     (<const int32_t *> x)[0], &self.c)
            else:
                _c.gruc_stream_token(<float *> NULL, steps, <float *> memory, <float *> self.scratch,
                                     (<const int32_t *> x)[0], &self.c)
        elif self.is_double:
            _c.gruc_stream_step(<double *> NULL, steps, <double *> memory, <double *> self.scratch,
                                <const double *> x, &self.c)
        else:
            _c.gruc_stream_step(<float *> NULL, steps, <float *> memory, <float *> self.scratch,
                                <const double *> x, &self.c)

    cdef void tell(self, Py_ssize_t row, double *out) noexcept nogil:
        cdef char *memory = self.memory + row * self.size
        if self.is_double:
            _c.gruc_stream_result(<double *> NULL, out, self.steps[row], <double *> memory,
                                  <double *> self.scratch, &self.c)
        else:
            _c.gruc_stream_result(<float *> NULL, out, self.steps[row], <float *> memory,
                                  <float *> self.scratch, &self.c)

    def draw(
        self,
        int32_t[::1] tokens not None,            # (n,) OUT
        const double[::1] uniforms not None,     # (n,) from 0 to 1, 1 excluded
        unsigned char[::1] marks not None,       # (n_tokens,) SEEN, NEVER or 0; tokens drawn become SEEN
        Py_ssize_t end,                          # the token after which nothing is drawn; -1 for none
        double temperature, Py_ssize_t top_k, double top_p, double repetition,
    ):
        """Draw tokens one after the other from the logits of the only stream, which reads each of them.

        The stream must have read a token before. Returns how many were drawn, `end` not counted. It is draw.h
        that says what the numbers mean.
        """
        cdef Py_ssize_t K = self.n_tokens, i, n = 0, token
        cdef _c.gruc_drawing drawing = _c.gruc_drawing(temperature, top_k, top_p, repetition)
        cdef size_t *heap
        cdef int32_t x
        require(self.n == 1 and self.steps[0] > 0, "a single stream that has begun")
        require(self.c.outputs.link == _c.GRUC_VALUES and self.width == K > 0, "a logit for each token")
        require(uniforms.shape[0] == tokens.shape[0] and marks.shape[0] == K, "a number a draw, a mark a token")
        require(temperature >= 0 and 0 <= top_k and top_p > 0 and repetition > 0, "settings of draw.h")
        for i in range(K):
            if not marks[i] & _c.GRUC_NEVER:
                break
        else:
            require(False, "a token that may be drawn")
        heap = <size_t *> PyMem_RawMalloc(K * sizeof(size_t))
        if heap == NULL:
            raise MemoryError()
        try:
            self.enter()
            with nogil:
                while n < tokens.shape[0]:
                    self.tell(0, self.told)
                    token = _c.gruc_draw(self.told, heap, &marks[0], uniforms[n], &drawing, K)
                    if token == end:
                        break
                    tokens[n] = x = <int32_t> token
                    n += 1
                    marks[token] |= _c.GRUC_SEEN
                    self.take(0, <const char *> &x)
            gruc_shared_swap(&self.busy, 0)
            return n
        finally:
            PyMem_RawFree(heap)

    def reset(self, const Py_ssize_t[::1] rows=None, const unsigned char[:, ::1] states=None):
        """Begin anew, all of them or the m of `rows`, from `states`: (m, numbers of all layers) as bytes."""
        cdef Py_ssize_t i, row, m = self.n if rows is None else rows.shape[0]
        if states is not None:
            require(states.shape[0] == m and states.shape[1] <= <Py_ssize_t> self.size, "states (m, H)")
        for i in range(m):
            require(rows is None or 0 <= rows[i] < self.n, "rows of streams")
        self.enter()
        for i in range(m):
            row = i if rows is None else rows[i]
            self.steps[row] = 0
            memset(self.memory + row * self.size, 0, self.size)
            if states is not None:
                memcpy(self.memory + row * self.size, &states[i, 0], states.shape[1])
        gruc_shared_swap(&self.busy, 0)

    def snapshot(self):
        """Counts of steps and numbers of all streams, for `restore`."""
        self.enter()
        try:
            return (
                PyBytes_FromStringAndSize(<char *> self.steps, self.n * sizeof(uint64_t)),
                PyBytes_FromStringAndSize(self.memory, self.n * self.size),
            )
        finally:
            gruc_shared_swap(&self.busy, 0)

    def restore(self, bytes steps, bytes numbers):
        """Go on from what `snapshot` returned."""
        require(len(steps) == self.n * <Py_ssize_t> sizeof(uint64_t), "steps of n streams")
        require(len(numbers) == self.n * <Py_ssize_t> self.size, "numbers of n streams")
        self.enter()
        memcpy(self.steps, <char *> steps, len(steps))
        memcpy(self.memory, <char *> numbers, len(numbers))
        gruc_shared_swap(&self.busy, 0)
