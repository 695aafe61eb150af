# A network over a batch, in one call. Part of inference.pyx.

cdef enum:
    CACHE_LINE = 64


cdef char *aligned(Py_ssize_t size, list held) except NULL:
    """Memory of `size` bytes that begins a cache line and that `held` keeps."""
    cdef Py_buffer view
    cdef char *start
    array = np.empty(size + CACHE_LINE, np.uint8)  # large arrays of NumPy's take few page faults
    held.append(array)
    PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
    start = <char *> view.buf
    PyBuffer_Release(&view)
    return start + (CACHE_LINE - <Py_ssize_t> start % CACHE_LINE) % CACHE_LINE


cdef class Weights:
    """A program with its parameters as inference reads them: packed once, for any number of batches.

    Parameters
    ----------
    program : Program
    parameters : ndarray of shape (program.n_parameters,)
        Of float32 or float64. Some are read where they are: they must not change.
    parts : {0, 1, 2}
        With 1 or 2, products of GRU cells are made on tiles, of numbers that so many of bfloat16 stand for: of
        parameters of float32, with the kernels that `use` was given.
    """

    def __init__(self, Program program not None, parameters, int parts=0):
        cdef Py_ssize_t i
        cdef const _c.gruc_infer_kind *kinds
        cdef const void *given
        cdef void *packed
        require(self.c == NULL, "made once")
        require(parameters.dtype == "f4" or parameters.dtype == "f8", "parameters of float32 or float64")
        self.program, self.held, self.is_double = program, [parameters], parameters.dtype == "f8"
        require(parts == 0 or (parts in (1, 2) and tiles != NULL and not self.is_double), "tiles, and float32")
        self.parts = parts
        self.element = sizeof(double) if self.is_double else sizeof(float)
        self.code = c"d" if self.is_double else c"f"
        given = array_pointer(parameters, self.code, program.n_parameters, 1, False)
        self.c = <_c.gruc_op_weights *> PyMem_RawCalloc(program.c.n_ops, sizeof(_c.gruc_op_weights))
        if self.c == NULL:
            raise MemoryError()
        kinds = self.kinds()
        for i in range(<Py_ssize_t> program.c.n_ops):
            require(kinds[program.c.ops[i].kind].infer != NULL, "operations that inference has kernels for")
        packed = aligned(_c.gruc_infer_packed_size(&program.c, kinds) * self.element, self.held)
        _c.gruc_infer_pack(self.c, packed, given, &program.c, kinds, self.element)

    def __dealloc__(self):
        PyMem_RawFree(self.c)

    @property
    def dtype(self):
        """Of the parameters, and of all rows but tokens."""
        return self.held[0].dtype

    cdef const _c.gruc_infer_kind *kinds(self) noexcept:
        if self.is_double:
            return _c.gruc_infer_kinds(<double *> NULL)
        if self.parts > 0:
            return &on_tiles[self.parts - 1][0]
        return _c.gruc_infer_kinds(<float *> NULL)

    def infer(
        self,
        list inputs not None,     # an array for each input value, or None for states of zeros
        list wanted not None,     # (value, array OUT)
        list kept not None,       # (operation, array OUT): gates (N, 4H), weights of attention (N,)
        const Py_ssize_t[::1] lengths not None,  # (B,)
        const Py_ssize_t[::1] offsets not None,  # (T + 1,)
        order=None,               # of a program with two clocks (B,), the caller's order
        second=None,              # (lengths, offsets, order) of its second clock
    ):
        """Run the operations, up to the last that is needed, over a packed batch.

        Arrays are C-contiguous, of the weights' type, tokens of int32, with a row for each step (N,)
        or each sequence (B,), as the program has it. Tokens must be rows of their table.
        """
        cdef _c.gruc_infer_batch batch
        cdef list held = []
        require((second is not None) == (self.program.n_clocks == 2), "a clock for each of the program's")
        memset(&batch, 0, sizeof(batch))
        set_clock(&batch.clocks[0], lengths, offsets, order, held)
        if second is not None:
            set_clock(&batch.clocks[1], second[0], second[1], second[2], held)
            require(batch.clocks[1].B == batch.clocks[0].B, "the same sequences under both clocks")
        self.run(&batch, inputs, wanted, kept, held)

    cdef int run(
        self, _c.gruc_infer_batch *batch, list inputs, list wanted, list kept, list held
    ) except -1:
        """Run the operations over a batch whose clocks are set; the other arguments are those of `infer`."""
        cdef const _c.gruc_program *program = &self.program.c
        cdef Py_ssize_t i
        cdef Py_ssize_t n_values = program.n_values, n_ops = program.n_ops, width, n_rows
        cdef char *memory
        require(len(inputs) == <Py_ssize_t> program.n_inputs, "an array for each input")
        batch.kinds, batch.element = self.kinds(), self.element
        batch.program, batch.weights = program, self.c
        for i in range(N_CLOCKS):
            if program.strides[i] > 0:
                self.set_slower_clock(batch, i, held)
        memory = <char *> PyMem_RawCalloc(n_values + n_ops, sizeof(void *) + sizeof(_c.gruc_span))
        if memory == NULL:
            raise MemoryError()
        batch.spans = <_c.gruc_span *> memory
        batch.values = <void **> (batch.spans + n_values + n_ops)
        batch.kept = batch.values + n_values
        try:
            for i in range(len(inputs)):
                if inputs[i] is not None:
                    batch.values[i] = self.rows_of(batch, i, inputs[i], False)
            for i, array in wanted:
                require(<Py_ssize_t> program.n_inputs <= i < n_values, "values of the program")
                batch.values[i] = self.rows_of(batch, i, array, True)
            for i, array in kept:
                width = _c.gruc_infer_kept_width(batch, &program.ops[i]) if 0 <= i < n_ops else 0
                require(width > 0, "operations that keep something")
                n_rows = batch.clocks[program.values[program.ops[i].x].clock].N
                batch.kept[i] = array_pointer(array, self.code, n_rows, width, True)
            batch.workspace = aligned(_c.gruc_infer_memory(batch) * self.element, held)
            with nogil:
                _c.gruc_infer(batch)
        finally:
            PyMem_RawFree(memory)
        return 0

    cdef int set_slower_clock(self, _c.gruc_infer_batch *batch, Py_ssize_t i, list held) except -1:
        cdef size_t stride = batch.program.strides[i]
        cdef Py_ssize_t[::1] lengths = np.empty(batch.clocks[0].B, np.intp)
        cdef Py_ssize_t[::1] offsets = np.empty(_c.gruc_slower(batch.clocks[0].T, stride) + 1, np.intp)
        held += [lengths, offsets]
        _c.gruc_lay_out_slower(&batch.clocks[i], &lengths[0], &offsets[0], &batch.clocks[0], stride)
        return 0

    cdef void *rows_of(self, const _c.gruc_infer_batch *batch, Py_ssize_t value, array, bint writable) except NULL:
        cdef const _c.gruc_value *rows = batch.program.values + value
        cdef char code = c"i" if rows.integers else self.code
        return array_pointer(array, code, _c.gruc_rows(rows, batch.clocks), rows.width, writable)


cdef int set_clock(
    _c.gruc_clock *clock, const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets, order, list held,
) except -1:
    """Lengths of packed sequences; with the caller's order of them for a program with two clocks."""
    cdef Py_ssize_t B = lengths.shape[0], T = offsets.shape[0] - 1, b
    cdef const Py_ssize_t[::1] places_of
    cdef Py_ssize_t[::1] places
    require(B > 0 and T > 0, "lengths (B,), offsets (T + 1,)")
    require_packed(offsets, offsets[T], B)
    require_lengths(lengths, offsets, B)
    clock[0] = _c.gruc_clock(T, B, offsets[T], &lengths[0], &offsets[0], NULL, NULL)
    if order is None:
        return 0
    places_of, places = order, np.full(B, -1, np.intp)
    require(places_of.shape[0] == B, "order (B,)")
    for b in range(B):
        require(0 <= places_of[b] < B and places[places_of[b]] == -1, "order, each place once")
        places[places_of[b]] = b
    clock.order, clock.places = &places_of[0], &places[0]
    held += [order, places]
    return 0


cdef void *array_pointer(array, char code, Py_ssize_t n_rows, Py_ssize_t width, bint writable) except NULL:
    """Where a C-contiguous array of this size begins, its type `code` in the buffer protocol; the caller keeps it."""
    cdef Py_buffer view
    cdef bint fits
    PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
    fits = view.ndim == 1 or (view.ndim == 2 and view.shape[1] == width)
    fits = fits and view.shape[0] * (width if view.ndim == 2 else 1) == n_rows * width
    fits = fits and view.format[0] == code and view.format[1] == 0
    PyBuffer_Release(&view)
    require(fits, f"arrays of {n_rows} rows of {width} elements of their type")
    return view.buf


def memory_of(Program program not None, bint whole_sequences):
    """Where a model that runs row by row keeps what it works with (memory.h), for streams or whole sequences.

    Returns
    -------
    dict
        The members of `gruc_memory`; of `rows`, None is GRUC_NOWHERE.
    """
    cdef _c.gruc_memory made
    cdef Py_ssize_t n_values = program.c.n_values, n_ops = program.c.n_ops
    cdef size_t *states
    cdef _c.gruc_span *spans = <_c.gruc_span *> PyMem_RawMalloc(
        n_values * sizeof(_c.gruc_span) + (n_values + n_ops) * sizeof(size_t))
    if spans == NULL:
        raise MemoryError()
    states = <size_t *> (spans + n_values)
    try:
        if whole_sequences:
            _c.gruc_sequence_memory(&made, states, states + n_ops, spans, &program.c)
        else:
            _c.gruc_stream_memory(&made, states, states + n_ops, &program.c)
        return {
            "states_size": made.states_size,
            "scratch_size": made.scratch_size,
            "frame_rows": made.frame_rows,
            "states": [made.states[i] for i in range(n_ops)],
            "rows": [None if made.rows[i] == _c.GRUC_NOWHERE else made.rows[i] for i in range(n_values)],
        }
    finally:
        PyMem_RawFree(spans)
