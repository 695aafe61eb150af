# Sequences of equal length in an array, which are gathered and run in one call. Part of inference.pyx.

# What a thread runs a chunk of them with
cdef struct ArraySlot:
    _c.gruc_infer_batch batch
    Py_ssize_t *layout  # places in X, places in the chunk, lengths, offsets; lengths, offsets of each slower clock
    void *x
    Py_ssize_t first    # the sequences it is set for, first to first + B; B = 0 for none
    Py_ssize_t B
    size_t size         # elements of its workspace for so many


cdef struct ArrayJob:
    const _c.gruc_source *source
    const double *mean
    const double *scale
    Py_ssize_t B
    Py_ssize_t T
    Py_ssize_t n_chunks
    Py_ssize_t value
    char *out
    size_t out_width  # bytes
    ArraySlot *slots


cdef size_t set_chunk(const ArrayJob *job, ArraySlot *slot, Py_ssize_t first, Py_ssize_t B) noexcept nogil:
    """Sequences `first` to first + B: clocks, places of values and of what is worked with, whose size is returned."""
    cdef const _c.gruc_program *program = slot.batch.program
    cdef Py_ssize_t *places = slot.layout
    cdef Py_ssize_t *lengths = places + 2 * B
    cdef Py_ssize_t *offsets = places + 3 * B
    cdef Py_ssize_t b, t
    cdef size_t i
    if slot.B == B and slot.first == first:
        return slot.size
    for b in range(B):
        places[b], places[B + b], lengths[b] = first + b, b, job.T
    for t in range(job.T + 1):
        offsets[t] = t * B
    slot.batch.clocks[0] = _c.gruc_clock(job.T, B, job.T * B, lengths, offsets, NULL, NULL)
    lengths = offsets + job.T + 1
    for i in range(N_CLOCKS):
        if program.strides[i] > 0:
            offsets = lengths + B
            _c.gruc_lay_out_slower(&slot.batch.clocks[i], lengths, offsets, &slot.batch.clocks[0], program.strides[i])
            lengths = offsets + _c.gruc_slower(job.T, program.strides[i]) + 1
    memset(slot.batch.values, 0, program.n_values * sizeof(void *))
    slot.batch.values[0] = slot.x
    slot.batch.values[job.value] = job.out + first * job.out_width
    if slot.B != B:
        slot.size = _c.gruc_infer_memory(&slot.batch)
    slot.first, slot.B = first, B
    return slot.size


cdef void run_chunk(void *items, size_t item, size_t slot_number) noexcept nogil:
    cdef const ArrayJob *job = <const ArrayJob *> items
    cdef ArraySlot *slot = &job.slots[slot_number]
    cdef Py_ssize_t first = <Py_ssize_t> item * job.B // job.n_chunks
    cdef Py_ssize_t B = (<Py_ssize_t> item + 1) * job.B // job.n_chunks - first
    cdef Py_ssize_t *places = slot.layout
    set_chunk(job, slot, first, B)
    if slot.batch.element == sizeof(double):
        _c.gruc_gather(<double *> slot.x, job.source, places, places + B, places + 3 * B, job.mean, job.scale, B)
    else:
        _c.gruc_gather(<float *> slot.x, job.source, places, places + B, places + 3 * B, job.mean, job.scale, B)
    _c.gruc_infer(&slot.batch)


cdef class ArrayTask(Task):
    """A value of a program for sequences of equal length, some of them at a time.

    Parameters
    ----------
    weights : Weights
    X : ndarray of shape (B, T, D)
        C-contiguous, of float32 or float64.
    value : int
        Of the program, a row for each sequence.
    frame_length, hop_length : int
    mean, scale : ndarray of shape (D,) or None
    n_chunks : int
        Into how many parts the sequences are divided, at most B: the items of the task.
    n_threads : int
        How many of them may run at once.

    Attributes
    ----------
    out : ndarray of shape (B, width)
        Filled when the task is run.
    """

    cdef readonly object out
    cdef Source source
    cdef Weights weights
    cdef const double[::1] mean
    cdef const double[::1] scale
    cdef ArrayJob job
    cdef object columns
    cdef list held

    def __init__(
        self, Weights weights not None, X not None, Py_ssize_t value, Py_ssize_t frame_length, Py_ssize_t hop_length,
        const double[::1] mean, const double[::1] scale, Py_ssize_t n_chunks=1, Py_ssize_t n_threads=1,
    ):
        cdef const _c.gruc_program *program = &weights.program.c
        cdef Source source = Source(X, frame_length, hop_length)
        cdef Py_ssize_t B = source.c.n, T = _c.gruc_sequence_at(&source.c, 0).n_frames
        require(weights.program.n_clocks == 1 and 0 <= value < <Py_ssize_t> program.n_values, "a value of it")
        require(not program.values[value].per_step and not program.values[0].integers, "rows of sequences of numbers")
        require(X.flags.c_contiguous and X.flags.aligned, "a C-contiguous array")
        require_scaling(mean, scale, source.c.D)
        require(0 < n_chunks <= B and n_threads > 0, "0 < n_chunks <= B, 0 < n_threads")
        self.weights, self.source, self.mean, self.scale, self.held = weights, source, mean, scale, []
        self.columns = np.empty(2 * source.c.D, X.dtype)
        self.out = np.empty((B, program.values[value].width), weights.dtype)
        self.job.source, self.job.B, self.job.T = &source.c, B, T
        self.job.n_chunks, self.job.value = n_chunks, value
        self.job.out = <char *> array_pointer(self.out, weights.code, B, program.values[value].width, True)
        self.job.out_width = program.values[value].width * weights.element
        if mean is not None:
            self.job.mean, self.job.scale = &mean[0], &scale[0]
        self.place(program, n_threads)
        self.c.run, self.c.items, self.c.n_items, self.n_slots = run_chunk, &self.job, n_chunks, n_threads

    cdef int place(self, const _c.gruc_program *program, Py_ssize_t n_threads) except -1:
        """Memory for as many threads."""
        cdef Py_ssize_t most = (self.job.B + self.job.n_chunks - 1) // self.job.n_chunks, i
        cdef Py_ssize_t n_layout = 3 * most + self.job.T + 1
        cdef size_t n_parts = program.n_values + program.n_ops, element = self.weights.element
        cdef size_t tables, x_size, size
        cdef char *memory
        cdef ArraySlot *slot
        for i in range(N_CLOCKS):
            if program.strides[i] > 0:
                n_layout += most + _c.gruc_slower(self.job.T, program.strides[i]) + 1
        tables = lines(n_layout * sizeof(Py_ssize_t)) + lines(n_parts * sizeof(void *)) + (
            lines(n_parts * sizeof(_c.gruc_span)))
        memory = aligned(n_threads * (tables + lines(sizeof(ArraySlot))), self.held)
        self.job.slots = <ArraySlot *> (memory + n_threads * tables)
        for i in range(n_threads):
            slot = &self.job.slots[i]
            memset(slot, 0, sizeof(ArraySlot))
            slot.batch.kinds, slot.batch.element = self.weights.kinds(), element
            slot.batch.program, slot.batch.weights = program, self.weights.c
            slot.batch.values = <void **> memory
            slot.batch.kept = slot.batch.values + program.n_values
            memset(slot.batch.values, 0, n_parts * sizeof(void *))
            memory += lines(n_parts * sizeof(void *))
            slot.batch.spans = <_c.gruc_span *> memory
            memory += lines(n_parts * sizeof(_c.gruc_span))
            slot.layout = <Py_ssize_t *> memory
            memory += lines(n_layout * sizeof(Py_ssize_t))
        size = set_chunk(&self.job, &self.job.slots[0], 0, most)
        if self.job.B % self.job.n_chunks:  # then some have one sequence less
            size = max(size, set_chunk(&self.job, &self.job.slots[0], 0, most - 1))
        x_size = lines(most * self.job.T * self.source.width * element)
        size = lines(size * element)
        memory = aligned(n_threads * (x_size + size), self.held)
        for i in range(n_threads):
            slot = &self.job.slots[i]
            slot.x = memory + i * (x_size + size)
            slot.batch.workspace = <char *> slot.x + x_size
            slot.batch.values[0] = slot.x
        return 0

    def fits(self, double limit):
        """Whether all numbers are finite and, scaled, within the limit."""
        if self.source.c.type == _c.GRUC_FLOAT64:
            return fits_range[double](self.columns, &self.source.c, self.job.mean, self.job.scale, limit)
        return fits_range[float](self.columns, &self.source.c, self.job.mean, self.job.scale, limit)


cdef bint fits_range(
    floating[::1] columns, const _c.gruc_source *source, const double *mean, const double *scale, double limit,
) except -1:
    """Whether all numbers of a contiguous array are finite and, scaled, within the limit; columns (2D,) is scratch."""
    cdef Py_ssize_t D = source.D, j
    cdef double largest
    for j in range(D):
        columns[j], columns[D + j] = INFINITY, -INFINITY
    with nogil:
        if not _c.gruc_widen_range(&columns[0], &columns[D], <const floating *> source.start,
                                   source.n * source.T * D, D):
            return False
    for j in range(D):
        largest = max(-<double> columns[j], <double> columns[D + j])
        if mean != NULL:
            largest = (largest + fabs(mean[j])) / scale[j]
        if not largest <= limit:
            return False
    return True
