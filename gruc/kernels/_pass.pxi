# A packed batch on its way through a program. Part of training.pyx.

cdef class Pass:
    """A packed batch on its way through a program, and back; any value can be looked at on the way.

    Parameters
    ----------
    weights : Weights
    inputs : list of ndarray of shape (rows, width)
        Of each input of the program, in packed order.
    clocks : list of (lengths, offsets, order)
        Of each clock of the program: `gruc_clock`.
    seeds : ndarray of shape (B,), uint64, or None
        Of each sequence's masks of dropout, in the packed order of the first clock; None for no
        recurrent dropout, in a program without dropout.
    rate, rate_states, rate_tokens : float
        Of dropout, of recurrent dropout, and of whole tokens where they are looked up.
    """

    cdef Weights weights
    cdef Memory memory
    cdef _c.gruc_pass c
    cdef const void *inputs[MOST_INPUTS]
    cdef void *dinputs[MOST_INPUTS]
    cdef list arrays  # whose memory is used
    cdef object dtype
    cdef object doutputs
    cdef TableGradients tables
    cdef bint can_go_back  # backward uses up what forward has kept
    cdef readonly object outputs
    cdef readonly object gradients

    def __init__(self, Weights weights not None, inputs, clocks, const uint64_t[::1] seeds=None,
                 double rate=0, double rate_states=0, double rate_tokens=0):
        cdef Program program = weights.program
        cdef Py_ssize_t i
        self.weights = weights
        self.memory = Memory()
        self.dtype = np.dtype(np.float64 if weights.is_double else np.float32)
        self.arrays = []
        require(not is_sampled(program), "a program with outputs")
        require(len(clocks) == program.n_clocks, "a clock for each of the program's")
        for i in range(len(clocks)):
            lengths, offsets, order = clocks[i]
            self.set_clock(i, lengths, offsets, order)
        self.set_slower_clocks()
        require_rates(rate, rate_states, rate_tokens)
        require(seeds is not None or rate_tokens == 0, "seeds for dropout of tokens")
        self.c.rate_tokens = rate_tokens
        require(len(inputs) == <Py_ssize_t> program.c.n_inputs <= MOST_INPUTS, "an array for each input")
        for i in range(len(inputs)):
            self.set_input(i, inputs[i])
        self.tables = TableGradients(weights)
        begin(&self.c, weights, self.memory, seeds is not None and rate_states > 0)
        self.c.inputs = self.inputs
        self.c.dinputs = self.dinputs
        self.c.rate = rate
        self.c.rate_states = rate_states
        require(seeds is not None or not has_dropout(program), "seeds for a program with dropout")
        if seeds is not None:
            require(seeds.shape[0] == <Py_ssize_t> self.c.clocks[0].B, "seeds (B,)")
            with nogil:
                _c.gruc_program_masks(&self.c, &seeds[0])

    cdef int set_clock(self, Py_ssize_t i, const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets,
                       const Py_ssize_t[::1] order) except -1:
        cdef Py_ssize_t B, b
        cdef Py_ssize_t[::1] places
        require(lengths is not None and offsets is not None and order is not None, "clocks")
        B = lengths.shape[0]
        require(B > 0 and offsets.shape[0] > 1 and order.shape[0] == B, "lengths and order (B,)")
        require_packed(offsets, offsets[offsets.shape[0] - 1], B)
        require_lengths(lengths, offsets, B)
        require(i == 0 or B == <Py_ssize_t> self.c.clocks[0].B, "the same sequences under both clocks")
        places = np.full(B, -1, np.intp)
        for b in range(B):
            require(0 <= order[b] < B and places[order[b]] == -1, "order, each place once")
            places[order[b]] = b
        self.c.clocks[i] = _c.gruc_clock(offsets.shape[0] - 1, B, offsets[offsets.shape[0] - 1], &lengths[0],
                                         &offsets[0], &order[0], &places[0])
        self.arrays += [lengths, offsets, order, places]
        return 0

    cdef int set_slower_clocks(self) except -1:
        cdef Py_ssize_t i, T
        cdef Py_ssize_t[::1] lengths, offsets
        for i in range(MOST_CLOCKS):
            if self.weights.program.c.strides[i] > 0:
                T = _c.gruc_slower(self.c.clocks[0].T, self.weights.program.c.strides[i])
                lengths, offsets = np.empty(self.c.clocks[0].B, np.intp), np.empty(T + 1, np.intp)
                _c.gruc_lay_out_slower(&self.c.clocks[i], &lengths[0], &offsets[0], &self.c.clocks[0],
                                       self.weights.program.c.strides[i])
                self.arrays += [lengths, offsets]
        return 0

    cdef int set_input(self, Py_ssize_t i, array) except -1:
        cdef const _c.gruc_value *value = &self.weights.program.c.values[i]
        shape = <Py_ssize_t> _c.gruc_rows(value, self.c.clocks), <Py_ssize_t> value.width
        require(array.shape == shape and array.flags.c_contiguous, "inputs (rows, width)")
        require(array.dtype == (np.int32 if value.integers else self.dtype), "inputs of the weights' type")
        if value.integers:
            require(array.min() >= 0 and array.max() < n_tokens_of(self.weights.program, i), "tokens of the table")
        gradient = np.empty(shape, self.dtype) if value.gradient == i else None
        self.inputs[i] = <const void *> <size_t> array.ctypes.data
        self.dinputs[i] = <void *> <size_t> gradient.ctypes.data if gradient is not None else NULL
        self.arrays += [array, gradient]
        return 0

    def forward(self):
        """Outputs of the program; each call makes a new array."""
        cdef const _c.gruc_value *value = &self.weights.program.c.values[self.c.program.output]
        self.outputs = np.empty((_c.gruc_rows(value, self.c.clocks), value.width), self.dtype)
        self.c.outputs = <void *> <size_t> self.outputs.ctypes.data
        self.take_weights()
        with nogil:
            _c.gruc_program_forward(&self.c)
        self.can_go_back = True
        return self.outputs

    def backward(self, doutputs):
        """The flat gradient of the dense parameters from that of the outputs, once after each `forward`."""
        require(self.can_go_back, "forward before backward, and again for another")
        require(doutputs.shape == self.outputs.shape, "doutputs like outputs")
        self.doutputs = np.array(doutputs, self.dtype, order="C")  # used up
        self.c.doutputs = <void *> <size_t> self.doutputs.ctypes.data
        self.can_go_back = False
        self.prepare_backward()
        with nogil:
            _c.gruc_program_backward(&self.c)
        return self.gradients

    def loss(self, Targets targets not None, double total):
        """Weighted sum of the losses of all rows of outputs, forward and back in one way.

        Parameters
        ----------
        targets : Targets
            Of the rows of outputs, one for each, in packed order.
        total : float
            The gradients, which are then in `gradients`, are of the sum divided by it.
        """
        cdef const _c.gruc_value *value = &self.weights.program.c.values[self.c.program.output]
        cdef Py_ssize_t R = _c.gruc_rows(value, self.c.clocks), K = value.width
        cdef _c.gruc_loss loss
        cdef const double[::1] weights = np.ones(R) if targets.weights is None else targets.weights
        cdef double result
        require(total > 0, "total > 0")
        require_loss(self.weights.program)
        require(weights.shape[0] == R, "a weight for each row of outputs")
        require(targets.n_values == R and targets.starts is None, "a target for each row of outputs")
        targets.check_values(K, self.weights.is_double)
        targets.check_labels(0, R, K)
        loss = _c.gruc_loss(targets.loss, NULL, NULL, &weights[0], total, &targets.settings[0],
                            targets.settings.shape[0], NULL, NULL, 0)
        if targets.loss == SOFTMAX:
            loss.labels = &targets.labels[0]
        elif self.weights.is_double:
            require(targets.y_f64.is_c_contig(), "targets (rows, K)")
            loss.y = &targets.y_f64[0, 0]
        else:
            require(targets.y_f32.is_c_contig(), "targets (rows, K)")
            loss.y = &targets.y_f32[0, 0]
        self.can_go_back = False
        self.prepare_backward()
        with nogil:
            result = _c.gruc_program_loss(&self.c, &loss)
        return result

    cdef void take_weights(self) noexcept:
        """Those of now: `Weights.pack` may have taken others since."""
        self.c.parameters = self.weights.flat
        self.c.packed = self.weights.packed

    cdef int prepare_backward(self) except -1:
        self.take_weights()
        self.gradients = np.empty(self.weights.program.n_dense, self.dtype)
        self.c.gradients = <void *> <size_t> self.gradients.ctypes.data
        self.c.token_rows = self.tables.make_room(&self.c)
        return 0

    def rows(self, int value):
        """A copy of the rows of a value, after `forward`."""
        require(0 <= value < <int> self.c.program.n_values, "a value")
        require(_c.gruc_rows_of(&self.c, value) != NULL, "a value that `forward` has filled")
        return self.copy(_c.gruc_rows_of(&self.c, value), value)

    def gradient(self, int value):
        """A copy of the gradient of a value, after `backward`, where nothing else used its memory since."""
        require(0 <= value < <int> self.c.program.n_values, "a value")
        require(_c.gruc_gradient_of(&self.c, value) != NULL, "a value whose gradient is wanted")
        return self.copy(_c.gruc_gradient_of(&self.c, value), value)

    def table_gradients(self):
        """Copies of the gradients of tables, after `backward`: `TableGradients.arrays`."""
        return [(tokens.copy(), rows.copy()) for tokens, rows in self.tables.arrays()]

    def masks(self, Py_ssize_t op):
        """A copy of the masks of dropout of an operation, (rows, width), (B, H) or (N,); None for none."""
        cdef const _c.gruc_op *operation
        cdef _c.gruc_call call
        cdef const void *mask
        require(0 <= op < <Py_ssize_t> self.c.program.n_ops, "an operation")
        operation = &self.c.program.ops[op]
        call = _c.gruc_call_forward(&self.c, op)
        if operation.kind == _c.GRUC_DROPOUT:
            return self.copy(call.kept, operation.y)
        if operation.kind == _c.GRUC_EMBED or operation.kind == _c.GRUC_EMBED_SHARED:
            if self.c.rate_tokens == 0:
                return None
            array = np.empty(call.rows, self.dtype)
            memcpy(<void *> <size_t> array.ctypes.data, call.kept, array.nbytes)
            return array
        require(operation.last >= 0, "an operation with masks")
        mask = _c.gruc_gru_batch_of(&call).mask
        if mask == NULL:
            return None
        array = np.empty((call.clock.B, operation.H), self.dtype)
        memcpy(<void *> <size_t> array.ctypes.data, mask, array.nbytes)
        return array

    cdef copy(self, const void *memory, int value):
        cdef const _c.gruc_value *v = &self.c.program.values[value]
        array = np.empty((_c.gruc_rows(v, self.c.clocks), v.width), np.int32 if v.integers else self.dtype)
        memcpy(<void *> <size_t> array.ctypes.data, memory, array.nbytes)
        return array
